"""Mentions that a crawl met ↔ `data/runs/<run>/mentions.jsonl`, and their table.

Promises that a page that was committed has its mentions on the disk of a process that was killed: they are written when
the page is read, before the commit. A page that is read again has them twice in the file, and once in the table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from linkgraph.edges.run import Run, runs
from linkgraph.errors import StorageError
from linkgraph.extract.mentions import Mention

MENTIONS: pa.Schema = pa.schema(
    [
        pa.field("url", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("domain", pa.string()),
        pa.field("before", pa.string()),
        pa.field("text", pa.string()),
        pa.field("after", pa.string()),
        pa.field("page_links", pa.bool_()),
    ]
)
"""One row a mention."""


def table_of(found: Iterable[Mention]) -> pa.Table:
    """Return mentions as `MENTIONS`, each once."""
    return pa.Table.from_pylist([asdict(one) for one in dict.fromkeys(found)], schema=MENTIONS)


def write_mentions(run: Run, found: Iterable[Mention]) -> None:
    """Append mentions to the file of *run*.

    Raises:
        StorageError: the disk refused.
    """
    lines = "".join(f"{json.dumps(asdict(one))}\n" for one in found)
    if not lines:
        return
    try:
        with _path(run).open("a", encoding="utf-8") as file:
            file.write(lines)
    except OSError as error:
        raise StorageError(
            f"{_path(run)}: {error.strerror or error}; free space, then run the command again"
        ) from error


def read_mentions(root: Path) -> pa.Table:
    """Return the mentions that all crawls of a data folder met; a line that a crash cut is left out."""
    found: dict[Mention, None] = {}
    for run in runs(root):
        if _path(run).exists():
            for line in _path(run).read_text(encoding="utf-8").splitlines():
                if line.endswith("}"):
                    found.setdefault(Mention(**json.loads(line)))
    return table_of(found)


def _path(run: Run) -> Path:
    return run.folder / "mentions.jsonl"
