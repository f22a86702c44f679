"""`linkgraph authority`: how much the votes for a domain are worth, 0 to 100."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkgraph.cli.answers import Data, Form, Out
from linkgraph.errors import UsageError

if TYPE_CHECKING:
    from linkgraph.insights.dataset import Dataset

_TOP = 20
"""Rows without --top: a screen."""

_MANY = {"domain": "domains", "host": "hosts", "entity": "entities"}

_COUNTS = ("referring_domains", "referring_domains_followed", "backlinks", "backlinks_followed")

_SHOWN = {"domain": _COUNTS, "host": _COUNTS, "entity": ("votes", "votes_cast")}
"""What is shown beside rank, name and authority."""

_FROM_LISTS = {"trusted": ("trust", "spam_mass"), "spam": ("distrust",)}
"""What is shown of a build that was given a list."""


def authority(
    domains: Annotated[list[str] | None, typer.Argument(metavar="[DOMAIN]...", help="Default: the best")] = None,
    top: Annotated[int | None, typer.Option(min=0, help=f"Rows at most; default {_TOP} without domains")] = None,
    why: Annotated[bool, typer.Option("--why", help="What each referring domain gives to one DOMAIN")] = False,
    without: Annotated[list[str] | None, typer.Option(metavar="DOMAIN", help="What if this domain were gone")] = None,
    compare: Annotated[str | None, typer.Option(metavar="POLICY,POLICY", help="Who moves between two, and why")] = None,
    pages: Annotated[bool, typer.Option("--pages", help="With --why: which pages carry it")] = False,
    farms: Annotated[bool, typer.Option("--farms", help="What looks like a link farm, and scores without it")] = False,
    candidates: Annotated[bool, typer.Option("--candidates", help="Domains to review as trusted seeds")] = False,
    policy: Annotated[str | None, typer.Option(help="What counts as a vote; default: the first of the build")] = None,
    level: Annotated[str, typer.Option(help="What is ranked: domain, host, or entity of the build's file")] = "domain",
    form: Form = None,
    out: Out = None,
    data: Data = Path("data"),
) -> None:
    """Show the authority of domains with what it rests on. docs/authority.md tells how it is computed.

    Examples:
      linkgraph authority

      linkgraph authority example.org --why

      linkgraph authority example.org --why --pages

      linkgraph authority --without example.org

      linkgraph authority --compare followed,editorial

      linkgraph authority --farms

      linkgraph authority --level entity "Example Group" --why

      linkgraph authority --candidates --top 200 -o to-review.csv

      linkgraph authority example.org example.com --policy followed --format json

      linkgraph authority --top 1000 -o top.csv
    """
    from linkgraph.cli.answers import opened
    from linkgraph.reports.formats import choose_format, write_answer

    choose_format(form, out)
    if compare is not None and policy is not None:
        raise UsageError("--compare names its two policies itself; leave --policy out")
    if sum((why, without is not None, compare is not None, farms, candidates)) > 1:
        raise UsageError("--why, --without, --compare, --farms and --candidates are five questions; ask one at a time")
    if pages and not why:
        raise UsageError("--pages tells which pages carry a score; ask it with --why, e.g. example.org --why --pages")
    if level != "domain" and (pages or candidates):
        raise UsageError(f"--pages and --candidates are about domains; leave --level {level} out")
    dataset = opened(data)
    if farms or candidates:
        title, table = _suspicion(dataset, domains or [], farms=farms, top=top, policy=policy, level=level)
        write_answer(table, form, out, shown=table.column_names, title=title)
        return
    if pages and domains and len(domains) == 1:
        from linkgraph.insights.carriers import why_pages

        table = why_pages(dataset, domains[0], policy).slice(0, top)
        title = f"what each page gives to {domains[0]}, {_under(dataset, policy)}; last, what every domain has"
        write_answer(table, form, out, shown=table.column_names, title=title)
        return
    if why or without or compare:
        title, table = _votes(
            dataset, domains or [], why=why, without=without, compare=compare, top=top, policy=policy, level=level
        )
        write_answer(table, form, out, shown=table.column_names, title=title)
        return
    lists = [column for word in dataset.build.lists for column in _FROM_LISTS[word]]
    limit = _TOP if top is None and not domains else top
    table = dataset.authority(domains or None, limit, policy, level)
    title = f"authority of {dataset.build.nodes[level]:,} {_MANY[level]}, {_under(dataset, policy)}"
    write_answer(table, form, out, shown=("rank", level, "authority", *_SHOWN[level], *lists), title=title)


def _suspicion(
    dataset: Dataset, domains: list[str], *, farms: bool, top: int | None, policy: str | None, level: str
) -> tuple[str, Any]:
    """Return the title and the Arrow table of one of the two questions."""
    from linkgraph.insights import suspicion

    if farms:
        title = f"what looks like a link farm, and scores without its votes, {_under(dataset, policy)}"
        return title, suspicion.farms(dataset, domains, top, policy, level)
    title = f"domains to review as trusted seeds, {_under(dataset, policy)}"
    return title, suspicion.candidates(dataset, _TOP if top is None else top, policy)


def _under(dataset: Dataset, policy: str | None) -> str:
    return f"policy {dataset.build.ranking(policy).policy}"


def _votes(
    dataset: Dataset,
    domains: list[str],
    *,
    why: bool,
    without: list[str] | None,
    compare: str | None,
    top: int | None,
    policy: str | None,
    level: str,
) -> tuple[str, Any]:
    """Return the title and the Arrow table of one of the three questions."""
    from linkgraph.insights import votes

    limit = _TOP if top is None else top
    if compare is not None:
        policies = [name.strip() for name in compare.split(",")]
        return f"who moves from {' to '.join(policies)}", votes.compare(dataset, policies, domains, limit, level)
    if without:
        title = f"authority without {', '.join(without)}, {_under(dataset, policy)}"
        return title, votes.without(dataset, without, domains, limit, policy, level)
    if not why or len(domains) != 1:
        raise UsageError(f"--why explains one domain, not {len(domains)}; name one, e.g. example.org --why")
    table = votes.why(dataset, domains[0], policy, level)
    title = f"what each voter gives to {domains[0]}, {_under(dataset, policy)}; last, what every domain has"
    return title, table if top is None else table.slice(0, top)
