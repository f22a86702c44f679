"""Arrow tables → tables on a terminal.

Promises that no string from the web can move the cursor, change a colour or reverse the reading direction: control
and bidirectional formatting characters become visible pictures. Refuses nothing; a cell that is too long is folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_C1 = dict.fromkeys(range(0x80, 0xA0), 0xFFFD)
_BIDI = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)
_LINES = {0x2028: 0x2424, 0x2029: 0x2424}
VISIBLE: dict[int, int] = _PICTURES | _C1 | _BIDI | _LINES
"""Code point → the visible one that stands for it: C0 as control pictures, the rest as U+FFFD or U+2424."""

_UNBROKEN = 1_000
"""Columns of an output that is no terminal."""


def safe(text: str) -> str:
    """Return *text* with every character that a terminal would obey replaced by one that it shows."""
    return text.translate(VISIBLE)


def _readable_number(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if abs(value) >= 1 or value == 0 else f"{value:.3g}"


def readable(value: Any) -> str:
    """Return a cell as a person reads it: thousands apart, three significant digits below 1, `-` for no value."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return _readable_number(value)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M")
        case list() | tuple():
            return safe(" ".join(map(str, value)))
    return safe(str(value))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def terminal_table(table: pa.Table, *, title: str) -> Table:
    """Return the rich table of an Arrow table, numbers to the right, every string made safe.

    Args:
        table: any columns; the column names are the headings, underscores shown as spaces.
        title: stands above it; it may hold strings from the web.
    """
    # Text objects: rich would read "[bold]" in a plain string as markup.
    shown = Table(
        title=Text(safe(title)), box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False
    )
    for field in table.schema:
        heading = Text(field.name.replace("_", " "))
        if _is_number(field.type):
            longest = max(map(len, heading.plain.split()), default=1)
            shown.add_column(heading, justify="right", min_width=longest)
        else:
            shown.add_column(heading, justify="left", overflow="fold")
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        shown.add_row(*(Text(readable(value)) for value in row))
    return shown


def print_table(table: pa.Table, *, title: str, console: Console | None = None) -> None:
    """Print an Arrow table on *console* (stdout if none); says so when there is no row."""
    console = console or Console(highlight=False)
    if not console.is_terminal:
        console.width = _UNBROKEN  # who pipes a table looks for whole lines
    console.print(terminal_table(table, title=title))
    if table.num_rows == 0:
        console.print(Text("no rows"))


def print_rows(names: Sequence[str], rows: Sequence[Sequence[Any]], *, title: str) -> None:
    """Print rows of plain values under the column *names* on stdout."""
    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    arrays = [pa.array(values) if values else pa.array([], pa.string()) for values in columns]
    print_table(pa.table(dict(zip(names, arrays, strict=True))), title=title)
