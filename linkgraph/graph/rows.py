"""An edge list → sorted rows of neighbours, and their transpose, in compiled loops.

Promises O(n + m) time and no memory beyond the rows themselves: counting sorts, never a comparison sort. Trusts its
input; `csr` checks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.jit import kernel


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
        """Return the rows of the other direction, in O(n + m)."""
        return Rows(*_scatter(self.indptr, self.indices, self.weights))


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
def _scatter(indptr: Any, indices: Any, weights: Any) -> Any:
    """Counting sort of the edges by their column: rows come out ascending because they are read ascending."""
    num_nodes = len(indptr) - 1
    turned = _offsets(indices, num_nodes)
    fill = turned[:-1].copy()
    columns = np.empty(len(indices), np.int32)
    moved: Any = None if weights is None else np.empty(len(indices), np.float64)
    for node in range(num_nodes):
        for edge in range(indptr[node], indptr[node + 1]):
            place = fill[indices[edge]]
            fill[indices[edge]] = place + 1
            columns[place] = node
            if weights is not None:
                moved[place] = weights[edge]
    return turned, columns, moved


@kernel
def _group(src: Any, dst: Any, weights: Any, num_nodes: int) -> Any:
    """Counting sort of an edge list by source, in input order within a row."""
    indptr = _offsets(src, num_nodes)
    fill = indptr[:-1].copy()
    columns = np.empty(len(src), np.int32)
    moved: Any = None if weights is None else np.empty(len(src), np.float64)
    for edge in range(len(src)):
        place = fill[src[edge]]
        fill[src[edge]] = place + 1
        columns[place] = dst[edge]
        if weights is not None:
            moved[place] = weights[edge]
    return indptr, columns, moved


@kernel
def _merge_duplicates(indptr: Any, indices: Any, weights: Any) -> Any:
    """Squeeze equal neighbours of sorted rows into one, in place; returns the new offsets."""
    merged = np.zeros(len(indptr), np.int64)
    kept = 0
    for node in range(len(indptr) - 1):
        begin = kept
        for edge in range(indptr[node], indptr[node + 1]):
            if kept > begin and indices[kept - 1] == indices[edge]:
                if weights is not None:
                    weights[kept - 1] += weights[edge]
                continue
            indices[kept] = indices[edge]
            if weights is not None:
                weights[kept] = weights[edge]
            kept += 1
        merged[node + 1] = kept
    return merged


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
        src: shape (m,), ids in 0 to num_nodes - 1, checked before.
        dst: shape (m,), the same.
        weights: shape (m,), or None.
        num_nodes: n.
    """
    if _ascends(src, dst):
        return Rows(_offsets(src, num_nodes), dst.copy(), weights)
    # Grouped by target and then turned round, the rows come out grouped by source with ascending targets.
    rows = Rows(*_group(dst, src, weights, num_nodes)).transpose()
    indptr = _merge_duplicates(rows.indptr, rows.indices, rows.weights)
    kept = int(indptr[-1])
    if kept == len(rows.indices):
        return rows
    return Rows(indptr, rows.indices[:kept].copy(), None if rows.weights is None else rows.weights[:kept].copy())
