"""`linkgraph report`: the batch report, a row a domain, as a page or as data."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from linkgraph import __version__
from linkgraph.cli.answers import Data, opened
from linkgraph.errors import UnknownDomainError, UsageError


def report(
    more: Annotated[list[str] | None, typer.Argument(metavar="[DOMAIN]...", help="Further domains")] = None,
    domains: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE|DOMAIN...", help="A file with a domain a line (# begins a comment), or domains"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--output", help="FILE.html, .csv, .json or .parquet; default: the terminal")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="html, table, csv, json or parquet; default: the file's suffix")
    ] = None,
    data: Data = Path("data"),
) -> None:
    """Report on domains: authority, referring domains, backlinks and their quality, top anchors, best backlinks.

    Exit code 1 if a domain is unknown or a line of the file is junk; the others are reported all the same. Examples:

      linkgraph report --domains clients.txt -o clients.html

      linkgraph report --domains example.org example.com -o clients.csv
    """
    from linkgraph.insights.asked import read_domains
    from linkgraph.insights.summary import summarise
    from linkgraph.reports.batch import report_format, write_report
    from linkgraph.reports.html import Facts

    asked = [*(domains or []), *(more or [])]
    if not asked:
        raise UsageError("no domains: give --domains FILE, or --domains example.org example.com")
    chosen = report_format(form, out)
    names, problems = read_domains(asked)
    for problem in problems:
        _tell(problem)
    table = summarise(opened(data), names)
    write_report(table, chosen, out, Facts(str(data), datetime.now(UTC), __version__))
    unknown = [row for row in table.to_pylist() if row["status"] == "unknown"]
    for row in unknown:
        _tell(UnknownDomainError(row["domain"], row["near_names"]))
    if problems or unknown:
        raise typer.Exit(1)


def _tell(message: object) -> None:
    sys.stderr.write(f"linkgraph: {message}\n")
