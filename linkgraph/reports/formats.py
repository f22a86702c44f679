"""Arrow tables → CSV, JSON, Parquet and terminal tables, on stdout or in a file.

Promises RFC 4180 CSV whose text cells no spreadsheet runs as a formula (OWASP ASVS 5.0, 1.2.10), one JSON array of
objects, and files that appear whole or not at all. Refuses an unknown format, and Parquet on a terminal.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from linkgraph.errors import StorageError, UsageError
from linkgraph.reports.terminal import VISIBLE, print_table

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that a spreadsheet takes for a formula: ASVS 1.2.10, with the full-width forms of = + - @."""

_JSON_ESCAPES = {code: f"\\u{code:04x}" for code in VISIBLE if code >= 0x7F}
"""`json` escapes the controls below U+0020 itself; these are the others that a terminal obeys."""

_BATCH_ROWS = 8192
"""Rows held as Python objects at a time; larger batches were no faster."""


def unformula(text: str) -> str:
    """Return *text* with a `'` before it where a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _csv_cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case datetime():
            return _moment(value)
        case list() | tuple():
            return unformula(" ".join(map(str, value)))
        case _:
            return unformula(str(value))


def _json_value(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case datetime():
            return _moment(value)
        case _:
            return value


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    for batch in table.to_batches(max_chunksize=_BATCH_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _write_csv(table: pa.Table, out: IO[bytes]) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(unformula(name) for name in table.column_names)
    writer.writerows([_csv_cell(value) for value in row] for row in _rows(table))
    text.detach()


def _write_json(table: pa.Table, out: IO[bytes]) -> None:
    separator = b"[\n"
    for row in _rows(table):
        record = {name: _json_value(value) for name, value in zip(table.column_names, row, strict=True)}
        line = json.dumps(record, ensure_ascii=False, allow_nan=False).translate(_JSON_ESCAPES)
        out.write(separator + line.encode())
        separator = b",\n"
    out.write(b"\n]\n" if separator == b",\n" else b"[]\n")


def _write_parquet(table: pa.Table, out: IO[bytes]) -> None:
    if out.isatty():
        raise UsageError("Parquet is binary and stdout is a terminal: name a file with -o, or redirect")
    whole = io.BytesIO()  # the writer asks for positions, which a pipe does not have
    pq.write_table(table, whole, compression="zstd", write_page_checksum=True)
    out.write(whole.getbuffer())


def _write_terminal(table: pa.Table, out: IO[bytes], *, title: str) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8")
    print_table(table, title=title, console=Console(file=text, highlight=False))
    text.detach()


_WRITERS: dict[str, Callable[[pa.Table, IO[bytes]], None]] = {
    "csv": _write_csv,
    "json": _write_json,
    "parquet": _write_parquet,
}

FORMATS = ("table", *_WRITERS)


def choose_format(wanted: str | None, out: Path | None) -> str:
    """Return the format that was asked for, else the one of the file's suffix, else `table`.

    Raises:
        UsageError: the format is none of `FORMATS`.
    """
    if wanted is None:
        suffix = out.suffix.lstrip(".").lower() if out else ""
        return suffix if suffix in _WRITERS else "table"
    if wanted not in FORMATS:
        raise UsageError(f"format {wanted!r} is unknown; choose one of {', '.join(FORMATS)}")
    return wanted


def _cannot_write(path: Path, reason: OSError) -> StorageError | UsageError:
    kind = StorageError if reason.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO} else UsageError
    return kind(f"cannot write {path}: {reason.strerror}; free space there or name another file")


def write_whole(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Let *write* fill a file that replaces *path* only when it is complete and on the disk.

    Raises:
        StorageError: the disk is full, read-only or failing.
        UsageError: the path cannot be written for another reason.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    except OSError as reason:
        raise _cannot_write(path, reason) from reason
    finally:
        temporary.unlink(missing_ok=True)


def write_table(table: pa.Table, format: str, out: Path | None, *, title: str) -> None:  # noqa: A002 (the option's own name)
    """Write *table* in one of `FORMATS`.

    Args:
        table: any columns of numbers, strings, booleans, UTC timestamps, or lists of strings.
        format: `table` for people; `csv`, `json`, `parquet` for programs.
        out: the file to write; None means stdout.
        title: stands above a `table`; the other formats hold nothing but the data.

    Raises:
        UsageError: unknown format, Parquet on a terminal, or a file that cannot be written.
        StorageError: the disk is full.
    """
    choose_format(format, out)
    write = _WRITERS.get(format)
    if write is None and out is None:
        print_table(table, title=title)
        return
    fill: Callable[[IO[bytes]], None] = (
        partial(_write_terminal, table, title=title) if write is None else partial(write, table)
    )
    if out is not None:
        write_whole(out, fill)
        return
    fill(sys.stdout.buffer)
    sys.stdout.buffer.flush()


def write_answer(
    table: pa.Table,
    wanted: str | None,
    out: Path | None,
    *,
    shown: tuple[str, ...],
    title: str,
) -> None:
    """Write every column for programs, the *shown* ones for people; the format as `choose_format` finds it.

    Raises:
        UsageError: as `write_table`.
        StorageError: as `write_table`.
    """
    chosen = choose_format(wanted, out)
    write_table(table.select(list(shown)) if chosen == "table" else table, chosen, out, title=title)
