"""Rows in any order → the rows of one bucket after the other, with memory that does not grow with the rows.

Promises that at most `budget` bytes wait in memory; the rest lies in temporary Arrow files, each holding every bucket
in turn, so that reading a bucket is one seek a file. A small table never touches the disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.graph.intern import Interner
from linkgraph.index.words import Words

BUDGET = 64 << 20
"""Bytes waiting in memory: large enough that a bucket's part of a file is worth a seek."""


class Spill:
    """Rows that are gathered by bucket.

    Args:
        folder: where the temporary files go; the caller removes it.
        name: tells the files of two spills in one folder apart.
        schema: of the rows; dictionaries, which differ from batch to batch, are of words and have no nulls.
        buckets: rows go to bucket 0 to buckets - 1.
        budget: bytes that wait in memory.
        named: the names that words of some columns are, where they are held anyway.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        schema: pa.Schema,
        buckets: int,
        budget: int = BUDGET,
        *,
        named: Mapping[str, Interner] | None = None,
    ) -> None:
        self.schema = schema
        coded = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        self._words = {column: Words((named or {}).get(column)) for column in coded}
        self._moved = pa.schema([field.with_type(pa.int32()) if field.name in coded else field for field in schema])
        self._folder, self._name = folder, name
        self.buckets, self._budget = buckets, budget
        self._waiting: list[pa.Table] = []
        self._waiting_buckets: list[NDArray[np.int32]] = []
        self._bytes = 0
        self._files: list[Path] = []
        self._in_memory: list[pa.Table] | None = None

    def add(self, rows: pa.Table, bucket: NDArray[np.int32]) -> None:
        """Take in rows and the bucket of each, shape (n,)."""
        if not rows.num_rows:
            return
        moved = [self._coded(rows[name].combine_chunks(), name) for name in self.schema.names]
        self._waiting.append(pa.Table.from_arrays(moved, schema=self._moved))
        self._waiting_buckets.append(bucket)
        self._bytes += self._waiting[-1].nbytes
        if self._bytes > self._budget:
            self._write()

    def _coded(self, column: pa.Array, name: str) -> pa.Array:
        words = self._words.get(name)
        return pa.array(words.codes(column)) if words else column.cast(self._moved.field(name).type)

    def _worded(self, rows: pa.Table) -> pa.Table:
        columns = [
            words.column(column.combine_chunks().to_numpy()) if (words := self._words.get(name)) else column
            for name, column in zip(rows.column_names, rows.columns, strict=True)
        ]
        return pa.Table.from_arrays(columns, schema=self.schema)

    def _sorted(self) -> list[pa.Table]:
        """Return what waits, one table a bucket, and forget it."""
        rows = pa.concat_tables([self._moved.empty_table(), *self._waiting])
        bucket = np.concatenate([np.empty(0, np.int32), *self._waiting_buckets])
        self._waiting, self._waiting_buckets, self._bytes = [], [], 0
        order = np.argsort(bucket, kind="stable")
        ends = np.searchsorted(bucket[order], np.arange(self.buckets + 1))
        if self.buckets > 1:
            rows = rows.take(pa.array(order))
        return [rows.slice(begin, end - begin) for begin, end in pairwise(ends)]

    def _write(self) -> None:
        path = self._folder / f"{self._name}-{len(self._files):06d}.arrow"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, self._moved, options=options) as writer:
            for part in self._sorted():
                writer.write_batch(_one_batch(part))
        self._files.append(path)

    def bucket(self, number: int) -> pa.Table:
        """Return the rows of one bucket, in the order in which they came; no row can be added after."""
        if self._files and self._waiting:
            self._write()  # what waits would lie in memory until the last bucket
        if not self._files:
            self._in_memory = self._in_memory or self._sorted()
            return self._worded(self._in_memory[number])
        parts = []
        for path in self._files:
            with pa.OSFile(str(path), "rb") as source, pa.ipc.open_file(source) as reader:
                parts.append(reader.get_batch(number))
        return self._worded(pa.Table.from_batches(parts, self._moved).combine_chunks())

    def remove(self) -> None:
        """Forget the rows and remove the files."""
        for path in self._files:
            path.unlink()
        self._files, self._in_memory = [], None


def _one_batch(rows: pa.Table) -> pa.RecordBatch:
    whole = rows.combine_chunks().to_batches()
    return whole[0] if whole else pa.RecordBatch.from_pylist([], schema=rows.schema)
