"""`linkgraph authority`: how much the votes for a domain are worth, 0 to 100."""

from __future__ import annotations

from dataclasses import dataclass
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
    named, gone = tuple(domains or ()), tuple(without or ())
    asked = _Asked(named, top, policy, level, why, pages, gone, compare, farms, candidates)
    asked.refuse_two()
    title, table, shown = asked.answer(opened(data))
    write_answer(table, form, out, shown=shown or table.column_names, title=title)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question about authority: the plain one, or one of the five that an option asks."""

    domains: tuple[str, ...]
    top: int | None
    policy: str | None
    level: str
    why: bool
    pages: bool
    without: tuple[str, ...]
    compare: str | None
    farms: bool
    candidates: bool

    def refuse_two(self) -> None:
        """Refuse what is more than one question, or none that can be answered.

        Raises:
            UsageError: two options that exclude each other, or one that needs another.
        """
        if self.compare is not None and self.policy is not None:
            raise UsageError("--compare names its two policies itself; leave --policy out")
        if sum(map(bool, (self.why, self.without, self.compare is not None, self.farms, self.candidates))) > 1:
            raise UsageError(
                "--why, --without, --compare, --farms and --candidates are five questions; ask one at a time"
            )
        if self.pages and not self.why:
            raise UsageError(
                "--pages tells which pages carry a score; ask it with --why, e.g. example.org --why --pages"
            )
        if self.level != "domain" and (self.pages or self.candidates):
            raise UsageError(f"--pages and --candidates are about domains; leave --level {self.level} out")
        if self.why and len(self.domains) != 1:
            raise UsageError(f"--why explains one domain, not {len(self.domains)}; name one, e.g. example.org --why")

    @property
    def screen(self) -> int:
        """Rows of an answer that has no natural end."""
        return _TOP if self.top is None else self.top

    def answer(self, dataset: Dataset) -> tuple[str, Any, tuple[str, ...]]:
        """Return the title, the Arrow table and the columns that a terminal shows, all for none."""
        if self.why or self.without or self.compare is not None:
            return *self._votes(dataset), ()
        if self.farms or self.candidates:
            return *self._suspicion(dataset), ()
        lists = [column for word in dataset.build.lists for column in _FROM_LISTS[word]]
        limit = _TOP if self.top is None and not self.domains else self.top
        table = dataset.authority(self.domains or None, limit, self.policy, self.level)
        title = f"authority of {dataset.build.nodes[self.level]:,} {_MANY[self.level]}, {self._under(dataset)}"
        return title, table, ("rank", self.level, "authority", *_SHOWN[self.level], *lists)

    def _under(self, dataset: Dataset) -> str:
        return f"policy {dataset.build.ranking(self.policy).policy}"

    def _suspicion(self, dataset: Dataset) -> tuple[str, Any]:
        from linkgraph.insights import suspicion

        if self.farms:
            title = f"what looks like a link farm, and scores without its votes, {self._under(dataset)}"
            return title, suspicion.farms(dataset, self.domains, self.top, self.policy, self.level)
        title = f"domains to review as trusted seeds, {self._under(dataset)}"
        return title, suspicion.candidates(dataset, self.screen, self.policy)

    def _votes(self, dataset: Dataset) -> tuple[str, Any]:
        from linkgraph.insights import carriers, votes

        if self.compare is not None:
            policies = [name.strip() for name in self.compare.split(",")]
            title = f"who moves from {' to '.join(policies)}"
            return title, votes.compare(dataset, policies, self.domains, self.screen, self.level)
        if self.without:
            title = f"authority without {', '.join(self.without)}, {self._under(dataset)}"
            return title, votes.without(dataset, self.without, self.domains, self.screen, self.policy, self.level)
        domain, under = self.domains[0], self._under(dataset)
        if self.pages:
            table = carriers.why_pages(dataset, domain, self.policy)
            return f"what each page gives to {domain}, {under}; last, what every domain has", table.slice(0, self.top)
        table = votes.why(dataset, domain, self.policy, self.level)
        title = f"what each voter gives to {domain}, {under}; last, what every {self.level} has"
        return title, table.slice(0, self.top)
