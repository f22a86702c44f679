"""An edge list → sorted rows of neighbours, and their transpose, in compiled loops.

Promises edges spread over buckets that fit a core's cache and sorted there, so that no access is random beyond it: 14
million random edges a second where counting sorts over all rows took 0.3. Beside the input and the rows it holds
`ROUND_BYTES`, however many edges there are: a round takes some of the buckets. Trusts its input; `csr` checks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.threads import Workers
from linkgraph.jit import kernel

ROUND_BYTES = 1 << 29
"""Bytes of packed edges in a round; where more are needed, the input is read once a round."""

_BUCKETS = 512
"""Buckets at most: as many pages as a core translates without a walk, and a bucket of 100 million edges is 1.6 MB."""

_CHUNKS = 8
"""Parts that the input is read in at once, each with its own places in every bucket."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """One direction of a graph: for each node its neighbours, ascending.

    Row i is `indices[indptr[i]:indptr[i + 1]]`, its weights `weights[indptr[i]:indptr[i + 1]]`.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float64] | None = None
    """None where every edge weighs 1."""

    def row(self, node: int) -> NDArray[np.int32]:
        """Return the neighbours of one node, without a copy."""
        return self.indices[self.indptr[node] : self.indptr[node + 1]]

    def counts(self) -> NDArray[np.int64]:
        """Return the number of neighbours of each node, shape (n,)."""
        return np.diff(self.indptr)

    def sums(self) -> NDArray[np.float64]:
        """Return the weight of each node's row, shape (n,)."""
        if self.weights is None:
            return self.counts().astype(np.float64)
        sums: NDArray[np.float64] = _row_sums(self.indptr, self.weights)
        return sums

    def transpose(self) -> Rows:
        """Return the rows of the other direction."""
        return _sorted_rows(_Turned(self.indptr, self.indices), self.weights, len(self.indptr) - 1)


@kernel
def _row_sums(indptr: Any, weights: Any) -> Any:
    """Add up each row with compensation (Kahan 1965): the rounding does not grow with its length."""
    sums = np.zeros(len(indptr) - 1)
    for node in range(len(sums)):
        lost = 0.0
        for edge in range(indptr[node], indptr[node + 1]):
            added = weights[edge] - lost
            larger = sums[node] + added
            lost = (larger - sums[node]) - added
            sums[node] = larger
    return sums


@kernel
def _offsets(keys: Any, num_nodes: int) -> Any:
    indptr = np.zeros(num_nodes + 1, np.int64)
    for key in keys:
        indptr[key + 1] += 1
    for node in range(num_nodes):
        indptr[node + 1] += indptr[node]
    return indptr


@kernel
def _count(keys: Any, shift: int, buckets: int, begin: int, end: int) -> Any:
    counts = np.zeros(buckets, np.int64)
    for edge in range(begin, end):
        counts[keys[edge] >> shift] += 1
    return counts


@kernel
def _collect(
    src: Any, dst: Any, shift: int, low: int, high: int, fill: Any, packed: Any, spots: Any, begin: int, end: int
) -> None:
    """Put the edges of the buckets low to high where `fill` says, the source in the high half."""
    for edge in range(begin, end):
        bucket = src[edge] >> shift
        if low <= bucket < high:
            place = fill[bucket]
            fill[bucket] = place + 1
            packed[place] = (np.int64(src[edge]) << 32) | dst[edge]
            if spots is not None:
                spots[place] = edge


@kernel
def _collect_turned(
    indptr: Any, columns: Any, shift: int, low: int, high: int, fill: Any, packed: Any, spots: Any, begin: int, end: int
) -> None:
    """The same for rows read the other way: the column is the source, the row the target."""
    row = np.searchsorted(indptr, begin, side="right") - 1
    for edge in range(begin, end):
        while indptr[row + 1] <= edge:
            row += 1
        bucket = columns[edge] >> shift
        if low <= bucket < high:
            place = fill[bucket]
            fill[bucket] = place + 1
            packed[place] = (np.int64(columns[edge]) << 32) | row
            if spots is not None:
                spots[place] = edge


@kernel
def _emit(packed: Any, spots: Any, weights: Any, columns: Any, moved: Any, counts: Any, kept: int) -> int:
    """Write sorted edges behind the first `kept`, equal ones as one; returns how many there are then."""
    last = np.int64(-1)
    for place in range(len(packed)):
        if packed[place] == last:
            if weights is not None:
                moved[kept - 1] += weights[spots[place]]
            continue
        last = packed[place]
        columns[kept] = np.int32(last & 0xFFFFFFFF)
        counts[(last >> 32) + 1] += 1
        if weights is not None:
            moved[kept] = weights[spots[place]]
        kept += 1
    return kept


class _Edges(Protocol):
    """Where edges are read from."""

    @property
    def keys(self) -> NDArray[np.int32]:
        """The source of each edge."""

    def collect(self, *bucket: Any) -> None:
        """Collect the edges of some buckets."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """An edge list."""

    keys: NDArray[np.int32]
    dst: NDArray[np.int32]

    def collect(self, *bucket: Any) -> None:
        _collect(self.keys, self.dst, *bucket)


@dataclass(frozen=True, slots=True)
class _Turned:
    """Rows, read against the links."""

    indptr: NDArray[np.int64]
    keys: NDArray[np.int32]

    def collect(self, *bucket: Any) -> None:
        _collect_turned(self.indptr, self.keys, *bucket)


def _chunks(count: int) -> list[tuple[int, int]]:
    cuts = [count * part // _CHUNKS for part in range(_CHUNKS + 1)]
    return [(begin, end) for begin, end in pairwise(cuts) if begin < end]


def _rounds(sizes: NDArray[np.int64], limit: int) -> Iterator[tuple[int, int]]:
    """Cut buckets into runs of at most *limit* edges, one bucket at least."""
    begin, held = 0, 0
    for bucket, size in enumerate(sizes.tolist()):
        if bucket > begin and held + size > limit:
            yield begin, bucket
            begin, held = bucket, 0
        held += size
    yield begin, len(sizes)


def _sorted_rows(edges: _Edges, weights: NDArray[np.float64] | None, num_nodes: int) -> Rows:
    count = len(edges.keys)
    shift = max(0, (max(num_nodes - 1, 1) // _BUCKETS).bit_length())
    buckets = (max(num_nodes - 1, 0) >> shift) + 1
    chunks = _chunks(count)
    columns, counts = np.empty(count, np.int32), np.zeros(num_nodes + 1, np.int64)
    moved = None if weights is None else np.empty(count)
    if not count:
        return Rows(counts, columns, moved)
    kept, width = 0, 8 if weights is None else 16
    with Workers() as workers:
        sizes = np.array(workers.each(lambda begin, end: _count(edges.keys, shift, buckets, begin, end), chunks))
        for low, high in _rounds(sizes.sum(axis=0), ROUND_BYTES // width):
            packed, spots = _collected(edges, sizes, (shift, low, high), weights is not None, workers)
            kept = _emit(packed, spots, weights, columns, moved, counts, kept)
    indptr = np.cumsum(counts)
    return Rows(indptr, columns[:kept], None if moved is None else moved[:kept])


def _collected(
    edges: _Edges, sizes: NDArray[np.int64], bucket: tuple[int, int, int], weighted: bool, workers: Workers
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """Return the edges of some buckets, sorted, and where each stands in the input if that is asked for."""
    _, low, high = bucket
    mine = sizes[:, low:high]
    starts = np.concatenate([[0], np.cumsum(mine.sum(axis=0))])
    fill = np.zeros_like(sizes)
    fill[:, low:high] = starts[:-1] + np.cumsum(mine, axis=0) - mine
    packed = np.empty(starts[-1], np.int64)
    spots = np.empty(starts[-1], np.int64) if weighted else None
    places = {begin: fill[part] for part, (begin, _) in enumerate(_chunks(len(edges.keys)))}
    workers.each(
        lambda begin, end: edges.collect(*bucket, places[begin], packed, spots, begin, end), _chunks(len(edges.keys))
    )
    workers.each(lambda begin, end: _sort(packed, spots, begin, end), list(pairwise(starts.tolist())))
    return packed, spots


def _sort(packed: NDArray[np.int64], spots: NDArray[np.int64] | None, begin: int, end: int) -> None:
    if spots is None:
        packed[begin:end].sort()
        return
    order = np.argsort(packed[begin:end], kind="stable")  # weights of equal edges are added in the order of the input
    packed[begin:end] = packed[begin:end][order]
    spots[begin:end] = spots[begin:end][order]


@kernel
def _ascends(src: Any, dst: Any) -> bool:
    for edge in range(1, len(src)):
        if src[edge] < src[edge - 1] or (src[edge] == src[edge - 1] and dst[edge] <= dst[edge - 1]):
            return False
    return True


def rows_of(
    src: NDArray[np.int32], dst: NDArray[np.int32], weights: NDArray[np.float64] | None, num_nodes: int
) -> Rows:
    """Return the rows of an edge list in any order; edges that stand twice are merged, their weights added.

    Args:
        src: shape (m,), ids in 0 to num_nodes - 1, checked before. May be mapped from disk.
        dst: shape (m,), the same.
        weights: shape (m,), or None.
        num_nodes: n.
    """
    if _ascends(src, dst):
        return Rows(_offsets(src, num_nodes), dst.copy(), weights)
    return _sorted_rows(_Listed(src, dst), weights, num_nodes)
