"""An edge list → sorted rows of neighbours, and their transpose, in compiled loops.

Promises edges spread over buckets that fit a core's cache and sorted there, so that no access is random beyond it, and
rows that depend on the edges alone, not on the number of threads. A round takes some of the buckets and reads the input
once: in memory, both directions of unweighted edges peak at 8 bytes an edge and 24 a node. Trusts its input; `csr`
checks it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph import buckets
from linkgraph.graph.buckets import Cut
from linkgraph.graph.stores import Columns, Memory, Store
from linkgraph.graph.threads import Workers
from linkgraph.jit import kernel

_CHUNKS = 512
"""Parts at most that the input is read in, each with its own places in every bucket."""

_CHUNK_EDGES = 1 << 20
"""Edges in such a part at least."""

_TURN_EDGES = 1 << 20
"""Edges of a round at least when rows in memory are turned round."""

_TURN_BYTES_A_NODE = 7
"""Bytes of tags in such a round for each node: both directions and their tags peak at 8 bytes an edge and 23 a node."""


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
            return np.subtract(self.indptr[1:], self.indptr[:-1], dtype=np.float64)
        sums: NDArray[np.float64] = _row_sums(self.indptr, self.weights)
        return sums

    def transpose(self, store: Store | None = None) -> Rows:
        """Return the rows of the other direction; they come out sorted, because these are read in order.

        Args:
            store: where the rows go; None is memory.
        """
        nodes = len(self.indptr) - 1
        spare = max(_TURN_EDGES, _TURN_BYTES_A_NODE * nodes // 2)
        store = store or Memory(len(self.indices), weighted=self.weights is not None, spare=spare)
        return _made(_Turned(self), nodes, store)


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


class _Edges(Protocol):
    """Where edges are read from."""

    def __len__(self) -> int: ...

    def keys(self, begin: int, end: int) -> NDArray[np.int32]:
        """Return the rows that some edges belong to."""

    def spread(self, begin: int, end: int, *into: Any) -> None:
        """Spread some edges over buckets."""

    def settle(self, tags: NDArray[np.uint16], edges: Columns, counts: NDArray[np.int64]) -> int:
        """Bring one bucket in order; returns how many edges are left of it."""


@dataclass(frozen=True, slots=True)
class _Listed:
    """An edge list in any order and of any integers, read part by part."""

    src: NDArray[Any]
    dst: NDArray[Any]
    weights: NDArray[np.float64] | None
    nodes: int

    def __len__(self) -> int:
        return len(self.src)

    def keys(self, begin: int, end: int) -> NDArray[np.int32]:
        return np.ascontiguousarray(self.src[begin:end], np.int32)

    def values(self, begin: int, end: int) -> NDArray[np.int32]:
        return np.ascontiguousarray(self.dst[begin:end], np.int32)

    def spread(self, begin: int, end: int, *into: Any) -> None:
        weights = None if self.weights is None else self.weights[begin:end]
        buckets.spread(self.keys(begin, end), self.values(begin, end), weights, *into)

    def settle(self, tags: NDArray[np.uint16], edges: Columns, counts: NDArray[np.int64]) -> int:
        return buckets.merged(tags, edges, self.nodes, counts)


@dataclass(frozen=True, slots=True)
class _Turned:
    """Rows, read against the links: their order is what the rows of the other direction need."""

    rows: Rows

    def __len__(self) -> int:
        return len(self.rows.indices)

    def keys(self, begin: int, end: int) -> NDArray[np.int32]:
        return self.rows.indices[begin:end]

    def spread(self, begin: int, end: int, *into: Any) -> None:
        buckets.spread_rows(self.rows.indptr, self.rows.indices, self.rows.weights, begin, end, *into)

    def settle(self, tags: NDArray[np.uint16], edges: Columns, counts: NDArray[np.int64]) -> int:
        buckets.placed(tags, *edges, counts)
        return len(tags)


def _chunks(edges: int) -> list[tuple[int, int, int]]:
    step = max(_CHUNK_EDGES, -(-edges // _CHUNKS))
    return [(chunk, begin, min(begin + step, edges)) for chunk, begin in enumerate(range(0, edges, step))]


def _rounds(sizes: NDArray[np.int64], limit: Callable[[], int]) -> Iterator[tuple[int, int]]:
    """Cut buckets into runs of at most `limit()` edges, as it is at the begin of the run; one bucket at least."""
    ends, begin = np.cumsum(sizes), 0
    while begin < len(sizes):
        before = int(ends[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(ends, before + limit(), side="right")), begin + 1)
        yield begin, end
        begin = end


def _made(edges: _Edges, nodes: int, store: Store) -> Rows:
    """Return the rows of the edges, made round after round."""
    cut, indptr = Cut.of(nodes, len(edges)), np.zeros(nodes + 1, np.int64)
    chunks = _chunks(len(edges))
    sizes = np.zeros((len(chunks), cut.buckets), np.int64)
    with Workers() as workers:
        workers.each(lambda chunk, begin, end: buckets.count(edges.keys(begin, end), cut.shift, sizes[chunk]), chunks)
        for low, high in _rounds(sizes.sum(axis=0), store.limit):
            counts = indptr[1:][low << cut.shift : high << cut.shift]
            store.keep(_round(edges, (cut.shift, low), sizes[:, low:high], store, counts, workers))
    return Rows(np.cumsum(indptr, out=indptr), *store.columns())


def _round(
    edges: _Edges, place: tuple[int, int], sizes: NDArray[np.int64], store: Store, counts: NDArray[np.int64],
    workers: Workers,
) -> int:  # fmt: skip
    """Sort some buckets into the store's room; returns how many edges are left of them."""
    shift, _ = place
    starts = np.concatenate([[0], np.cumsum(sizes.sum(axis=0))]).tolist()
    fill = starts[:-1] + np.cumsum(sizes, axis=0) - sizes
    columns, weights = store.room(starts[-1])
    tags = store.tags(starts[-1])
    workers.each(
        lambda chunk, begin, end: edges.spread(begin, end, *place, fill[chunk], tags, columns, weights),
        _chunks(len(edges)),
    )

    def settle(bucket: int, begin: int, end: int) -> int:
        mine = columns[begin:end], None if weights is None else weights[begin:end]
        return edges.settle(tags[begin:end], mine, counts[bucket << shift : (bucket + 1) << shift])

    runs = [(bucket, begin, end) for bucket, (begin, end) in enumerate(pairwise(starts)) if begin < end]
    kept = 0
    for (_, begin, _), left in zip(runs, workers.each(settle, runs), strict=True):
        if kept < begin:
            _move(columns, weights, begin, kept, left)
        kept += left
    return kept


def _move(columns: NDArray[np.int32], weights: NDArray[np.float64] | None, begin: int, to: int, count: int) -> None:
    columns[to : to + count] = columns[begin : begin + count]
    if weights is not None:
        weights[to : to + count] = weights[begin : begin + count]


@kernel
def _ascends(src: Any, dst: Any) -> bool:
    for edge in range(1, len(src)):
        if src[edge] < src[edge - 1] or (src[edge] == src[edge - 1] and dst[edge] <= dst[edge - 1]):
            return False
    return True


def _in_order(edges: _Listed) -> bool:
    """Return whether the edges ascend and none stands twice."""
    parts = ((max(begin - 1, 0), end) for _, begin, end in _chunks(len(edges)))
    return all(_ascends(edges.keys(*part), edges.values(*part)) for part in parts)


def _copied(edges: _Listed, store: Store) -> Rows:
    """Return the rows of edges that are in order."""
    indptr = np.zeros(edges.nodes + 1, np.int64)
    for _, begin, end in _chunks(len(edges)):
        columns, weights = store.room(end - begin)
        columns[:] = edges.dst[begin:end]
        if weights is not None and edges.weights is not None:
            weights[:] = edges.weights[begin:end]
        buckets.count(edges.keys(begin, end), 0, indptr[1:])
        store.keep(end - begin)
    return Rows(np.cumsum(indptr, out=indptr), *store.columns())


def rows_of(
    src: NDArray[Any], dst: NDArray[Any], weights: NDArray[np.float64] | None, num_nodes: int,
    store: Store | None = None,
) -> Rows:  # fmt: skip
    """Return the rows of an edge list in any order; edges that stand twice are merged, their weights added.

    Args:
        src: shape (m,), ids in 0 to num_nodes - 1, checked before; any type of integer. May be mapped from disk.
        dst: shape (m,), the same.
        weights: shape (m,), or None.
        num_nodes: n.
        store: where the rows go; None is memory.
    """
    edges = _Listed(src, dst, weights, num_nodes)
    store = store or Memory(len(src), weighted=weights is not None)
    return _copied(edges, store) if _in_order(edges) else _made(edges, num_nodes, store)
