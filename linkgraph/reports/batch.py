"""Summary rows → the batch report in the format that a file's name asks for.

Promises the same rows in each: Parquet and JSON with their lists, CSV with each list joined into one cell, HTML as a
page. Refuses a format that it does not know before anything is computed.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from linkgraph.errors import UsageError
from linkgraph.reports.formats import FORMATS, choose_format, write_table, write_whole
from linkgraph.reports.html import Facts, page

SEPARATOR = " | "
"""Between the entries of a list in one CSV cell."""

_TERMINAL = [
    "domain",
    "status",
    "authority",
    "rank",
    "referring_domains",
    "backlinks",
    "followed_share",
    "quality_median",
]
_SUFFIXES = {".html": "html", ".htm": "html", ".csv": "csv", ".json": "json", ".parquet": "parquet"}


def report_format(wanted: str | None, out: Path | None) -> str:
    """Return the format of a report: the one asked for, else the file's suffix, else `table`.

    Raises:
        UsageError: unknown, or HTML without a file to write it to.
    """
    if wanted is None and out is not None and out.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{out}: the suffix names no format; give {', '.join(_SUFFIXES)}, or --format")
    chosen = wanted or (_SUFFIXES[out.suffix.lower()] if out else "table")
    if chosen == "html" and out is None:
        raise UsageError("a page needs a file: give -o FILE.html")
    if chosen not in ("html", *FORMATS):
        raise UsageError(f"format {chosen!r} is unknown; choose one of html, {', '.join(FORMATS)}")
    return chosen if chosen == "html" else choose_format(chosen, out)


def write_report(table: pa.Table, chosen: str, out: Path | None, facts: Facts) -> None:
    """Write summary rows.

    Args:
        table: rows of `linkgraph.insights.summary.SUMMARY`.
        chosen: what `report_format` returned.
        out: the file; None is stdout.
        facts: for the head of a page.

    Raises:
        UsageError: the file cannot be written.
        StorageError: the disk is full or read-only.
    """
    if chosen == "html" and out is not None:
        write_whole(out, partial(_write_page, table, facts))
        return
    shown = {"csv": flat(table), "table": table.select(_TERMINAL)}.get(chosen, table)
    write_table(shown, chosen, out, title="Domain authority")


def _write_page(table: pa.Table, facts: Facts, out: IO[bytes]) -> None:
    # A lone surrogate cannot be in a URL, but a table may come from anywhere.
    out.write(page(table, facts).encode("utf-8", "replace"))


def flat(table: pa.Table) -> pa.Table:
    """Return *table* with each list as one string, its entries `SEPARATOR` apart; null stays null."""
    columns = []
    for name in table.column_names:
        column = table.column(name)
        if pa.types.is_list(column.type):
            column = pa.chunked_array([pa.array([_joined(cell) for cell in column.to_pylist()], pa.string())])
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def _joined(cell: list[Any] | None) -> str | None:
    return None if cell is None else SEPARATOR.join(map(_entry, cell))


def _entry(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
