"""Rows in any order → the rows of one bucket after the other, with memory that does not grow with the rows.

Promises that at most `budget` bytes wait in memory; the rest lies in temporary Arrow files, each holding every bucket
in turn, so that reading a bucket is one seek a file. A small table never touches the disk.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

BUDGET = 128 << 20
"""Bytes waiting in memory: large enough that a bucket's part of a file is worth a seek."""


class Spill:
    """Rows that are gathered by bucket.

    Args:
        folder: where the temporary files go; the caller removes it.
        name: tells the files of two spills in one folder apart.
        schema: of the rows; without dictionaries, which differ from batch to batch.
        buckets: rows go to bucket 0 to buckets - 1.
        budget: bytes that wait in memory.
    """

    def __init__(self, folder: Path, name: str, schema: pa.Schema, buckets: int, budget: int = BUDGET) -> None:
        self.schema = schema
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
        self._waiting.append(rows.cast(self.schema))
        self._waiting_buckets.append(bucket)
        self._bytes += rows.nbytes
        if self._bytes > self._budget:
            self._write()

    def _sorted(self) -> list[pa.Table]:
        """Return what waits, one table a bucket, and forget it."""
        rows = pa.concat_tables([self.schema.empty_table(), *self._waiting])
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
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, self.schema, options=options) as writer:
            for part in self._sorted():
                writer.write_batch(_one_batch(part))
        self._files.append(path)

    def bucket(self, number: int) -> pa.Table:
        """Return the rows of one bucket, in the order in which they came; no row can be added after."""
        if self._files and self._waiting:
            self._write()  # what waits would lie in memory until the last bucket
        if not self._files:
            self._in_memory = self._in_memory or self._sorted()
            return self._in_memory[number]
        parts = []
        for path in self._files:
            with pa.OSFile(str(path), "rb") as source, pa.ipc.open_file(source) as reader:
                parts.append(reader.get_batch(number))
        return pa.Table.from_batches(parts, self.schema).combine_chunks()

    def remove(self) -> None:
        """Forget the rows and remove the files."""
        for path in self._files:
            path.unlink()
        self._files, self._in_memory = [], None


def _one_batch(rows: pa.Table) -> pa.RecordBatch:
    whole = rows.combine_chunks().to_batches()
    return whole[0] if whole else pa.RecordBatch.from_pylist([], schema=rows.schema)
