"""Pages and links in memory → one immutable segment, published by one log entry: the commit.

Promises that a reader sees a segment whole or not at all, and that it is durable when `commit` returns: Parquet with
page checksums, fsync, rename, fsync of the folder, then the log entry. Refuses to leave half a file behind.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from linkgraph.edges.log import REMEDY, Entry, LiveFile, append, entry_path, sync_folder, write_durably
from linkgraph.edges.run import Run
from linkgraph.edges.schema import EDGES, PAGES, SCHEMA_VERSION
from linkgraph.errors import StorageError
from linkgraph.model import LINK_COLUMNS, PAGE_COLUMNS, Links, Page

_PLAIN_COLUMNS = ("dom_path", "text_before", "text_after")
"""Strings that seldom repeat within a segment: a dictionary would be built and thrown away."""

_OWN_NAME = re.compile(r"[0-9]{8}-[0-9a-f]{12}\.parquet|\.[0-9]{8}-[0-9a-f]{12}\.tmp")

COMMIT_STEPS = ("edges-written", "pages-written", "files-renamed", "entry-linked", "ledger-updated")
"""The named points between which a crash may fall; the crash tests stop the process at each."""


def reached(step: str) -> None:
    """Mark that a named step of the commit is done; crash tests replace this function."""


@dataclass(slots=True)
class Segment:
    """Pages and their links, gathered until the commit."""

    pages: list[Page] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    """Links of each page."""
    gathered: Links = field(default_factory=Links)
    waiting: list[tuple[tuple[Any, ...], ...]] = field(default_factory=list)
    """Columns of each page that is not in `gathered` yet. Python looks for no garbage in tuples of text; in lists of
    200,000 links that took 0.1 s of the event loop each time."""
    kept: pa.Table = field(default_factory=EDGES.empty_table)
    """Rows of the edges table, of pages whose links are known from an earlier run; no row of `links`."""

    def __len__(self) -> int:
        return len(self.pages)

    def add(self, page: Page, links: Links) -> None:
        """Take in one page and its links."""
        self.pages.append(page)
        self.counts.append(len(links))
        if len(links):
            self.waiting.append(tuple(tuple(getattr(links, name)) for name in LINK_COLUMNS))

    @property
    def links(self) -> Links:
        """The links of all pages, in their order."""
        for columns in self.waiting:
            for name, values in zip(LINK_COLUMNS, columns, strict=True):
                getattr(self.gathered, name).extend(values)
        self.waiting.clear()
        return self.gathered

    def by_page(self) -> Iterator[tuple[Page, slice]]:
        """Yield each page with the range of its links in `links`."""
        start = 0
        for page, number in zip(self.pages, self.counts, strict=True):
            yield page, slice(start, start + number)
            start += number

    def pages_table(self) -> pa.Table:
        """Return the rows of the pages table."""
        columns = {name: [getattr(page, name) for page in self.pages] for name in PAGE_COLUMNS}
        return pa.Table.from_arrays([_array(columns[name], PAGES.field(name)) for name in PAGES.names], schema=PAGES)

    def edges_table(self) -> pa.Table:
        """Return the rows of the edges table: in the order of the pages, and after them those that are kept."""
        of_page = pa.array(np.repeat(np.arange(len(self.pages), dtype=np.int32), self.counts))
        arrays = []
        for column in EDGES:
            if column.name in _FROM_PAGE:
                per_page = [getattr(page, _FROM_PAGE[column.name]) for page in self.pages]
                arrays.append(_array(per_page, column).take(of_page))
            else:
                arrays.append(_array(getattr(self.links, column.name), column))
        fresh = pa.Table.from_arrays(arrays, schema=EDGES)
        return pa.concat_tables([fresh, self.kept]) if self.kept.num_rows else fresh


_FROM_PAGE = {
    "observed_at": "fetched_at",
    "src_url": "url",
    "src_host": "host",
    "src_domain": "domain",
    "page_nofollow": "nofollow",
}


def _array(values: Sequence[Any], column: pa.Field) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return _plain(values, pa.string()).dictionary_encode()
    if pa.types.is_list(column.type) and pa.types.is_dictionary(column.type.value_type):
        lists = _plain(values, pa.list_(pa.string()))
        return pa.ListArray.from_arrays(lists.offsets, lists.values.dictionary_encode()).cast(column.type)
    return _plain(values, column.type)


def _plain(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type=kind)
    except UnicodeEncodeError:
        # One lone surrogate must not cost the segment, nor, by being fetched again at each start, the run.
        return pa.array([_encodable(value) for value in values], type=kind)


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return tuple(map(_encodable, value)) if isinstance(value, tuple | list) else value


def encode(table: pa.Table) -> pa.Buffer:
    """Return *table* as the bytes of a Parquet file (zstd, page checksums)."""
    sink = pa.BufferOutputStream()
    dictionary = [name for name in table.column_names if name not in _PLAIN_COLUMNS]
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=1,
        use_dictionary=dictionary,
        write_page_checksum=True,
        row_group_size=131072,
    )
    return sink.getvalue()


def commit(run: Run, sequence: int, segment: Segment, settings_digest: str) -> Entry:
    """Write *segment* as files of *run* and publish them as log entry *sequence*; return that entry.

    Raises:
        StorageError: the disk refused a write; nothing of the segment is visible, temporary files are gone.
    """
    try:
        written = [_write(run, sequence, segment.edges_table(), "edges")]
        reached("edges-written")
        written.append(_write(run, sequence, segment.pages_table(), "pages"))
        reached("pages-written")
        files = tuple(_publish(run, temporary, file) for temporary, file in written)
        for table in ("edges", "pages"):
            sync_folder(run.table(table))
        reached("files-renamed")
        entry = Entry(
            sequence=sequence,
            kind="segment",
            written_at=now(),
            files=files,
            pages=tuple((page.url, page.host) for page in segment.pages),
            schema_version=SCHEMA_VERSION,
            settings_digest=settings_digest,
        )
        append(run.log, entry)
    except (OSError, StorageError) as error:
        if not entry_path(run.log, sequence).exists():  # else it is published, whatever failed afterwards
            remove_unlisted(run, keep=set(), sequence=sequence)
        if isinstance(error, StorageError):
            raise
        problem = error.strerror or error
        raise StorageError(f"{run.root}: {problem} while writing segment {sequence}; {REMEDY}") from error
    reached("entry-linked")
    return entry


def now() -> str:
    """Return the present as an ISO 8601 string in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _write(run: Run, sequence: int, table: pa.Table, name: str) -> tuple[str, LiveFile]:
    data = encode(table)
    digest = hashlib.sha256(data).hexdigest()
    final = f"{name}/run={run.name}/{sequence:08d}-{digest[:12]}.parquet"
    temporary = f"{name}/run={run.name}/.{sequence:08d}-{digest[:12]}.tmp"
    (run.root / temporary).unlink(missing_ok=True)
    write_durably(run.root / temporary, data)
    return temporary, LiveFile(final, name, table.num_rows, data.size, digest)


def _publish(run: Run, temporary: str, file: LiveFile) -> LiveFile:
    (run.root / temporary).rename(run.root / file.path)
    return file


def is_segment(path: Path) -> bool:
    """Tell whether a file is named as this module names its own, finished or not: all others are somebody else's."""
    return _OWN_NAME.fullmatch(path.name) is not None


def remove_unlisted(run: Run, keep: Collection[str], sequence: int | None = None) -> list[str]:
    """Remove files of *run* that no log entry names: what a crash left; return their paths.

    Args:
        run: the run; the caller holds its lock.
        keep: relative paths of the live files.
        sequence: remove only what this commit wrote.
    """
    removed = []
    pattern = "*" if sequence is None else f"*{sequence:08d}-*"
    for table in ("edges", "pages"):
        for path in run.table(table).glob(pattern):
            relative = f"{table}/run={run.name}/{path.name}"
            if is_segment(path) and relative not in keep:
                path.unlink(missing_ok=True)
                removed.append(relative)
    return removed
