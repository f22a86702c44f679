"""`linkgraph backlinks`: every link to a domain, a host or a page from other domains, and what kind of link it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from linkgraph.cli.answers import Data, Form, Out

_LIMIT = 50
"""Rows of a table for people without --limit; programs get all."""

_SHOWN = ("quality", "src_authority", "src_url", "dst_url", "anchor", "rel", "placement", "acquisition")


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
    sort: Annotated[
        str, typer.Option(help="authority of the source, quality of the link, or its referral value")
    ] = "authority",
    collapse: Annotated[bool, typer.Option("--collapse", help="One row for each site-wide link")] = False,
    views: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV of url,views: your own page views, for referral values")
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

      linkgraph backlinks example.org --sort quality --collapse

      linkgraph backlinks example.org --sort referral --views pageviews.csv
    """
    from linkgraph.cli.answers import opened
    from linkgraph.insights.views import read_views
    from linkgraph.reports.formats import choose_format, write_answer

    if limit is None and choose_format(form, out) == "table":
        limit = _LIMIT
    known, problems = read_views(views) if views else (None, [])
    for problem in problems:
        sys.stderr.write(f"linkgraph: {problem}\n")
    kinds = {"placement": placement, "acquisition": acquisition}
    table = opened(data).backlinks(domain, limit, **kinds, sort=sort, collapse=collapse, views=known)
    shown = (*(("referral_value",) if sort == "referral" else ()), *_SHOWN)
    write_answer(table, form, out, shown=shown, title=f"backlinks of {domain}")
