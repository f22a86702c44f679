"""Parquet files, or a table in memory → record batches of the asked-for columns, one after the other.

Promises a fixed order, page checksums verified, and no more in memory than a few batches: the next one of a file and
the first ones after it, of one large file or several small ones, are read while one is worked on. Refuses a file that
cannot be read, by name.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from linkgraph.errors import CorruptFileError
from linkgraph.jit import kernel

BATCH_ROWS = 131_072
"""One row group of our own files; smaller batches cost calls, larger ones memory."""

READERS = 2
"""Threads that read at once. A small file keeps one core busy: opening it and setting up its columns cost as much as
the reading of 2,000 links."""

WHOLE_BYTES = 1 << 20
"""Size up to which a file is read in one piece. Otherwise each column is fetched by another thread that is waited for,
which takes a third of the time that a file of 7,000 links takes."""

SHARE_BYTES = 2 << 20
"""What one thread reads at a time: small files of half a batch, which it joins itself."""

_OPENING_BYTES = 1 << 16
"""What opening a file costs, as a size of it."""

MOMENTS = ("observed_at", "fetched_at")
"""The columns that a clock wrote."""


NAMES = ("src_url", "src_host", "src_domain", "dst_host", "dst_domain", "dst_url")
"""Columns of the edges table that say the same many times over: a batch of 131,072 links names a few thousand."""

_MANY = ("dst_url",)
"""Those of them that name one in three. A large file's dictionary does not hold them all, and to make one while it is
read takes three times as long as the strings."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which rows are asked for, where few are: the other columns of a row group without any are not read."""

    columns: tuple[str, ...]
    """What tells."""
    holds: Callable[[pa.RecordBatch], NDArray[np.bool_]]
    """Given these columns, says which rows; shape (n,)."""

    def among(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows of a batch that are asked for."""
        return batch.filter(pa.array(self.holds(batch)))


class Scan(Protocol):
    """A table that can be read again and again, batch by batch."""

    def batches(self, columns: Sequence[str], where: Where | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows, or those asked for, in the same order each time, with these columns in this order."""


@dataclass(frozen=True, slots=True)
class TableScan:
    """A table in memory."""

    table: pa.Table

    def batches(self, columns: Sequence[str], where: Where | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the table, or those asked for."""
        told = where.columns if where else ()
        for batch in self.table.select(list(dict.fromkeys([*columns, *told]))).to_batches(max_chunksize=BATCH_ROWS):
            yield (where.among(batch) if where else batch).select(list(columns))


@dataclass(frozen=True, slots=True)
class FileScan:
    """Parquet files; the column `run` is read from a folder `run=<run>` in the path."""

    files: tuple[Path, ...]
    lifts: Mapping[str, int] = field(default_factory=dict)
    """Milliseconds to add to the moments of a run whose clock had gone back (`linkgraph.edges.clock`)."""
    coded: tuple[str, ...] = ()
    """Columns of strings that are left dictionary-coded: a seventh of the work where they say the same many times. A
    dictionary of several files may hold a word more than once. Rows that are asked for by `Where` are strings."""

    def batches(self, columns: Sequence[str], where: Where | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of each file, file after file; rows of small files stand together in one batch.

        Raises:
            CorruptFileError: a file cannot be opened or decoded, or lacks a column.
        """
        yield from _ahead(self._share(paths, columns, where) for paths in _shares(self.files))

    def _share(self, paths: Sequence[Path], columns: Sequence[str], where: Where | None) -> Iterator[pa.RecordBatch]:
        batches = chain.from_iterable(self._checked(path, columns, where) for path in paths)
        return _gathered(batches, () if where else self.coded)

    def _checked(self, path: Path, columns: Sequence[str], where: Where | None) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._read(path, columns, where)
        except (OSError, pa.ArrowException, KeyError) as reason:
            raise CorruptFileError(
                f"{path} cannot be read ({reason}); `linkgraph doctor` sets it aside, the next crawl fetches "
                "its pages again"
            ) from reason

    def _read(self, path: Path, columns: Sequence[str], where: Where | None) -> Iterator[pa.RecordBatch]:
        stored = [name for name in columns if name != "run"]
        whole = path.stat().st_size <= WHOLE_BYTES
        words = [name for name in stored if name in self.coded and (whole or name not in _MANY)]
        source = pa.BufferReader(path.read_bytes()) if whole else path
        run = next((part.removeprefix("run=") for part in path.parts if part.startswith("run=")), "")
        lift = self.lifts.get(run, 0)
        checked = {"page_checksum_verification": True, "pre_buffer": not whole}
        with pq.ParquetFile(source, read_dictionary=words, **checked) as file:
            for batch in _rows_where(file, stored, where) if where else _row_groups(file, stored):
                told = {name: _lifted(batch.column(name), name, lift) for name in stored}
                if where:
                    told |= {name: decoded(told[name]) for name in words}
                if "run" in columns:
                    told["run"] = _repeated(run, len(batch))
                yield pa.RecordBatch.from_arrays([told[name] for name in columns], names=list(columns))


_Batches = Iterator[pa.RecordBatch]


def _ahead(files: Iterator[_Batches]) -> _Batches:
    """Yield the batches of each file; the next one, and the first ones of the next files, are read meanwhile."""
    with ThreadPoolExecutor(READERS, "linkgraph-scan") as pool:
        begun: deque[tuple[_Batches, Future[pa.RecordBatch | None]]] = deque()
        for file in files:
            begun.append((file, pool.submit(next, file, None)))
            if len(begun) > READERS:
                yield from _drained(pool, *begun.popleft())
        while begun:
            yield from _drained(pool, *begun.popleft())


def _drained(pool: ThreadPoolExecutor, file: _Batches, coming: Future[pa.RecordBatch | None]) -> _Batches:
    while (batch := coming.result()) is not None:
        coming = pool.submit(next, file, None)
        yield batch


def _shares(files: Sequence[Path]) -> Iterator[list[Path]]:
    """Yield the files by as many as one thread reads at a time."""
    share: list[Path] = []
    left = SHARE_BYTES
    for path in files:
        cost = _size(path) + _OPENING_BYTES
        if share and cost > left:
            yield share
            share, left = [], SHARE_BYTES
        share.append(path)
        left -= cost
    if share:
        yield share


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # whoever reads it says so
        return 0


def _gathered(batches: _Batches, coded: Sequence[str]) -> _Batches:
    """Yield the same rows in batches of at most `BATCH_ROWS`, small ones joined: each costs what it holds in words."""
    waiting: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        if waiting and (rows + len(batch) > BATCH_ROWS or not batch.schema.equals(waiting[0].schema)):
            yield _joined(waiting, coded)
            waiting, rows = [], 0
        waiting.append(batch)
        rows += len(batch)
    if waiting:
        yield _joined(waiting, coded)


def _joined(batches: list[pa.RecordBatch], coded: Sequence[str]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    names = batches[0].schema.names
    columns = ([batch.column(name) for batch in batches] for name in names)
    joined = [
        (_end_to_end if name in coded and pa.types.is_dictionary(parts[0].type) else pa.concat_arrays)(parts)
        for name, parts in zip(names, columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(joined, names=names)


def _end_to_end(columns: list[pa.DictionaryArray]) -> pa.DictionaryArray:
    """Return the rows of all columns under their dictionaries end to end: a word of two stands there twice.

    To look each word of each up for one dictionary of all, as Arrow would, takes as long as whoever reads it needs.
    """
    dictionaries = [column.dictionary for column in columns]
    before = accumulate((len(words) for words in dictionaries[:-1]), initial=0)
    codes = [
        pc.add(column.indices, pa.scalar(words, pa.int32())) for column, words in zip(columns, before, strict=True)
    ]
    return pa.DictionaryArray.from_arrays(pa.concat_arrays(codes), pa.concat_arrays(dictionaries), safe=False)


def _row_groups(file: pq.ParquetFile, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    if file.num_row_groups > 1:
        yield from file.iter_batches(batch_size=BATCH_ROWS, columns=columns)
    else:
        # A small file's columns are read one after the other: its neighbours keep the other cores busy.
        yield from file.read(columns, use_threads=False).to_batches(BATCH_ROWS)


def _rows_where(file: pq.ParquetFile, columns: Sequence[str], where: Where) -> Iterator[pa.RecordBatch]:
    threads = file.num_row_groups > 1
    others = [name for name in columns if name not in where.columns]
    for group in range(file.num_row_groups):
        told = file.read_row_group(group, where.columns, use_threads=threads)
        asked = [pa.array(where.holds(batch)) for batch in told.to_batches()]
        if any(rows.true_count for rows in asked):
            rest = file.read_row_group(group, others, use_threads=threads)
            for name in where.columns:
                rest = rest.append_column(name, told.column(name))
            yield from rest.filter(pa.chunked_array(asked)).combine_chunks().to_batches()


def _lifted(column: pa.Array, name: str, lift: int) -> pa.Array:
    if not lift or name not in MOMENTS:
        return column
    return pc.add(column.cast(pa.int64()), lift).cast(column.type)


def _repeated(text: str, rows: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([text]))


def decoded(column: pa.Array) -> pa.Array:
    """Return a column of strings without its dictionary."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def utf8(column: pa.Array) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return a column of strings as (starts, bytes) without copying the bytes; a null is the empty string.

    Args:
        column: string or large_string, sliced or not.
    """
    large = pa.types.is_large_string(column.type)
    _, offsets, data = column.buffers()
    starts: NDArray[Any] = np.frombuffer(offsets, np.int64 if large else np.int32) if offsets else np.zeros(1, np.int32)
    starts = starts[column.offset : column.offset + len(column) + 1]
    if not len(starts):
        starts = np.zeros(1, np.int64)
    return starts.astype(np.int64), np.frombuffer(data, np.uint8) if data else np.empty(0, np.uint8)


@kernel
def of_codes(values: Any, codes: Any) -> Any:
    """Return the value of each code. NumPy would widen the codes first, which takes three times as long."""
    found = np.empty(len(codes), values.dtype)
    for row in range(len(codes)):
        found[row] = values[codes[row]]
    return found


@kernel
def _mark(used: Any, codes: Any) -> None:
    for code in codes:
        used[code] = True


Look = Callable[[NDArray[np.int64], NDArray[np.uint8]], NDArray[np.int32]]
"""`Interner.add` or `Interner.find`."""


def ids_of(look: Look, column: pa.Array) -> NDArray[np.int32]:
    """Return the id of each string of a column, dictionary-coded or not; each word of a dictionary is looked up once.

    Args:
        look: tells the ids of strings; a null is the empty string.
        column: may be sliced. Words of its dictionary that no row has are not looked up.
    """
    if not pa.types.is_dictionary(column.type) or column.null_count:
        return look(*utf8(decoded(column)))
    codes, used = column.indices.to_numpy(), np.zeros(len(column.dictionary), bool)
    _mark(used, codes)
    if used.all():
        ids = look(*utf8(column.dictionary))
    else:
        ids = np.full(len(used), -1, np.int32)
        ids[used] = look(*utf8(column.dictionary.filter(pa.array(used))))
    of_rows: NDArray[np.int32] = of_codes(ids, codes)
    return of_rows


def filled(column: pa.Array) -> NDArray[np.bool_]:
    """Return where a column of strings, dictionary-coded or not, holds one that is not empty; null is False."""
    if not pa.types.is_dictionary(column.type):
        starts, _ = utf8(column)
        return starts[1:] > starts[:-1]
    if column.null_count or not len(column.dictionary):
        return filled(decoded(column))
    found: NDArray[np.bool_] = of_codes(filled(column.dictionary), column.indices.to_numpy())
    return found


def mask(values: pa.Array) -> NDArray[np.bool_]:
    """Return a boolean column as a NumPy array; null is False."""
    known = pc.fill_null(values, False) if values.null_count else values
    flags: NDArray[np.bool_] = known.to_numpy(zero_copy_only=False).astype(bool, copy=False)
    return flags


def looked_up(column: pa.Array, values: Mapping[str, float], otherwise: float) -> NDArray[np.float64]:
    """Return the value of each row of a column of words, dictionary-coded or not; *otherwise* where there is none."""
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    table = np.array([*(values.get(word, otherwise) for word in coded.dictionary.to_pylist()), otherwise])
    codes = pc.fill_null(coded.indices, len(table) - 1) if coded.null_count else coded.indices
    found: NDArray[np.float64] = of_codes(table, codes.to_numpy())
    return found


def among(column: pa.Array, words: Sequence[str]) -> NDArray[np.bool_]:
    """Return where a column of strings, dictionary-coded or not, holds one of *words*."""
    if not pa.types.is_dictionary(column.type):
        return mask(pc.is_in(column, value_set=pa.array(words, column.type)))
    # Dictionaries are of a few words: a set in Python is faster than to call Arrow.
    hit = np.array([word in words for word in column.dictionary.to_pylist()], bool)
    if column.null_count or not len(hit):
        codes = pc.fill_null(column.indices, -1).to_numpy()
        return np.where(codes >= 0, hit[codes], False) if len(hit) else np.zeros(len(column), bool)
    found: NDArray[np.bool_] = of_codes(hit, column.indices.to_numpy())
    return found
