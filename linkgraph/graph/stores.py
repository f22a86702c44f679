"""Sorted edges, round after round → the columns and weights of rows, in memory or in `.npy` files.

Promises that rows in memory are sorted where they will stay, and that rows in files are written once, front to back,
from a buffer of `ROUND_BYTES`, however many edges there are. Refuses nothing: a full disk is an OSError.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.names import array_path, load_array

ROUND_BYTES = 1 << 31
"""Bytes of edges that a round holds before they are written; where more are needed, the input is read once a round."""

Columns = tuple[NDArray[np.int32], NDArray[np.float64] | None]
"""Neighbours, and their weights where there are any; both of one length."""


class Store(Protocol):
    """Where rows go as they are made."""

    def limit(self) -> int:
        """Return how many edges the next round holds at most."""

    def room(self, edges: int) -> Columns:
        """Return where the edges of a round are put and sorted."""

    def tags(self, edges: int) -> NDArray[np.uint16]:
        """Return two bytes of work space for each of them."""

    def keep(self, edges: int) -> None:
        """Take the first *edges* of the room for the next ones of the rows."""

    def columns(self) -> Columns:
        """Return all that was kept."""


class Memory:
    """Arrays in memory.

    Args:
        edges: how many there will be at most.
        weighted: whether they have weights.
        spare: edges whose tags may stand beside the arrays; those of more stand behind them, where later rounds will.
    """

    def __init__(self, edges: int, *, weighted: bool, spare: int | None = None) -> None:
        self._columns = np.empty(edges, np.int32)
        self._weights = np.empty(edges) if weighted else None
        self._spare = edges if spare is None else spare
        self._kept = 0

    def limit(self) -> int:
        """Return all that is left, or two thirds: their tags fit into the last third."""
        return max(self._spare, (len(self._columns) - self._kept) * 2 // 3)

    def room(self, edges: int) -> Columns:
        """Return the arrays behind what was kept."""
        stay = slice(self._kept, self._kept + edges)
        return self._columns[stay], None if self._weights is None else self._weights[stay]

    def tags(self, edges: int) -> NDArray[np.uint16]:
        """Return the end of the columns where that is free, otherwise an array of its own."""
        words = (edges + 1) // 2
        if edges <= self._spare or self._kept + edges + words > len(self._columns):
            return np.empty(edges, np.uint16)
        return self._columns[len(self._columns) - words :].view(np.uint16)[:edges]

    def keep(self, edges: int) -> None:
        """Leave the first *edges* of the room where they are."""
        self._kept += edges

    def columns(self) -> Columns:
        """Return what was kept, without a copy."""
        return self._columns[: self._kept], None if self._weights is None else self._weights[: self._kept]


class _ArrayFile:
    """A one-dimensional `.npy` file whose length is known when it is closed."""

    def __init__(self, path: Path, dtype: type) -> None:
        self._dtype, self._length = np.dtype(dtype), 0
        path.unlink(missing_ok=True)  # who has mapped an older one keeps it
        self._file = path.open("w+b")
        self._header()

    def _header(self) -> None:
        """Write the header; NumPy leaves room in it for the length to grow."""
        self._file.seek(0)
        facts = {"descr": self._dtype.str, "fortran_order": False, "shape": (self._length,)}
        np.lib.format.write_array_header_1_0(self._file, facts)

    def append(self, values: NDArray[np.generic]) -> None:
        self._file.write(np.ascontiguousarray(values).data)
        self._length += len(values)

    def close(self) -> None:
        self._header()
        self._file.close()


class Files:
    """The files `<stem>.<side>.indices.npy` and, for weights, `<stem>.<side>.weights.npy`, mapped once written.

    Args:
        stem: of the graph.
        side: `links` or `backlinks`.
        weighted: whether the edges have weights.
    """

    def __init__(self, stem: Path, side: str, *, weighted: bool) -> None:
        self._width = 14 if weighted else 6
        self._stem, self._side = stem, side
        self._indices = _ArrayFile(array_path(stem, f"{side}.indices"), np.int32)
        self._weights = _ArrayFile(array_path(stem, f"{side}.weights"), np.float64) if weighted else None
        self._room: Columns = np.empty(0, np.int32), np.empty(0) if weighted else None

    def limit(self) -> int:
        """Return how many edges make `ROUND_BYTES`, their tags among them."""
        return ROUND_BYTES // self._width

    def tags(self, edges: int) -> NDArray[np.uint16]:
        """Return an array of its own."""
        return np.empty(edges, np.uint16)

    def room(self, edges: int) -> Columns:
        """Return a buffer."""
        columns, weights = self._room
        if len(columns) < edges:
            columns, weights = np.empty(edges, np.int32), None if weights is None else np.empty(edges)
            self._room = columns, weights
        return columns[:edges], None if weights is None else weights[:edges]

    def keep(self, edges: int) -> None:
        """Write the first *edges* of the buffer."""
        columns, weights = self._room
        self._indices.append(columns[:edges])
        if self._weights is not None and weights is not None:
            self._weights.append(weights[:edges])

    def columns(self) -> Columns:
        """Close the files and map them."""
        self._indices.close()
        indices = load_array(self._stem, f"{self._side}.indices", np.int32)
        if self._weights is None:
            return indices, None
        self._weights.close()
        return indices, load_array(self._stem, f"{self._side}.weights", np.float64)
