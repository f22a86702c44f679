"""`linkgraph backlinks`: every link to a domain, a host or a page from other domains, and what kind of link it is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from linkgraph.cli.answers import Data, Form, Out

_LIMIT = 50
"""Rows of a table for people without --limit; programs get all."""

_SHOWN = ("src_authority", "src_url", "dst_url", "anchor", "rel", "placement", "acquisition")


def backlinks(
    domain: Annotated[
        str, typer.Argument(metavar="DOMAIN", help="example.org, www.example.org or https://example.org/page")
    ],
    limit: Annotated[
        int | None, typer.Option(min=0, help=f"Rows at most; default: all, or {_LIMIT} as a table")
    ] = None,
    placement: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="Only links that stand there: content, footer …; repeatable"),
    ] = None,
    acquisition: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="Only links that came about so: editorial, paid, ugc …; repeatable"),
    ] = None,
    form: Form = None,
    out: Out = None,
    data: Data = Path("data"),
) -> None:
    """List the backlinks of DOMAIN, those from the strongest domains first.

    Examples:
      linkgraph backlinks example.org

      linkgraph backlinks www.example.org --limit 1000 --format csv

      linkgraph backlinks https://example.org/report.html -o links.parquet

      linkgraph backlinks example.org --placement content --acquisition editorial --acquisition placed
    """
    from linkgraph.cli.answers import opened
    from linkgraph.reports.formats import choose_format, write_answer

    if limit is None and choose_format(form, out) == "table":
        limit = _LIMIT
    table = opened(data).backlinks(domain, limit, placement=placement, acquisition=acquisition)
    write_answer(table, form, out, shown=_SHOWN, title=f"backlinks of {domain}")
