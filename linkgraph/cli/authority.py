"""`linkgraph authority`: how much the votes for a domain are worth, 0 to 100."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkgraph.cli.answers import Data, Form, Out

_TOP = 20
"""Rows without --top: a screen."""

_SHOWN = (
    "rank",
    "domain",
    "authority",
    "referring_domains",
    "referring_domains_followed",
    "backlinks",
    "backlinks_followed",
)


def authority(
    domains: Annotated[list[str] | None, typer.Argument(metavar="[DOMAIN]...", help="Default: the best")] = None,
    top: Annotated[int | None, typer.Option(min=0, help=f"Rows at most; default {_TOP} without domains")] = None,
    form: Form = None,
    out: Out = None,
    data: Data = Path("data"),
) -> None:
    """Show the authority of domains with what it rests on. docs/authority.md tells how it is computed.

    Examples:
      linkgraph authority

      linkgraph authority example.org example.com --format json

      linkgraph authority --top 1000 -o top.csv
    """
    from linkgraph.cli.answers import opened
    from linkgraph.reports.formats import choose_format, write_answer

    choose_format(form, out)
    dataset = opened(data)
    limit = _TOP if top is None and not domains else top
    table = dataset.authority(domains or None, limit)
    title = f"authority of {dataset.build.nodes['domain']:,} domains, policy {dataset.build.policy}"
    write_answer(table, form, out, shown=_SHOWN, title=title)
