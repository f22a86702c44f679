"""The rows of a vote graph → the equations of the nodes that vote, renumbered and shortened for sweeps.

With a dangling rule that is the teleport vector, PageRank is the solution of y = a P^T y + (1 - a) v, scaled to sum
to 1 (Del Corso, Gulli and Romani 2005): the rank-one term is gone, and nodes without out-links need no solving.
Pages of one template have nearly the same voters as the page before them, in the order of URLs (what Boldi and Vigna
2004 compress webs by): such a row is kept as its difference to the row before. Promises the same sums, and the same
equations for the same graph whatever the number of threads. Trusts its input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.rows import Rows
from linkgraph.graph.threads import Workers, parts
from linkgraph.jit import kernel

BLOCKS = 4
"""Blocks of a sweep: each reads its own new values and the old ones of the others. cnr-2000 takes 40 sweeps with one
block or two and 53 with eight."""

LONGEST = 64
"""Rows in a chain of differences: each step may round the sum of the row before once more."""

WORTHWHILE = 0.9
"""Entries left of all at most, for differences to be kept: cnr-2000 is left with 0.41, the .uk web of 1996 with 1."""


@dataclass(frozen=True, slots=True)
class System:
    """The equations of the nodes that vote, renumbered 0 to k - 1."""

    nodes: NDArray[np.int32]
    """Shape (k,): their ids in the graph, ascending."""
    indptr: NDArray[np.int64]
    columns: NDArray[np.uint32]
    """Place of each voter's share in `shares`: j, k + j for a voter of the same block, 2 k for a vote of no weight."""
    turn: NDArray[np.int64] | None
    """Shape (k,): ~t for a row that is the row before, its entries up to t added and those from t on taken away; not
    negative for any other. None where no row is. A row never holds its own node, so whatever a chain carries on is as
    fresh as if it were read again."""
    weights: NDArray[np.float64] | None
    gain: NDArray[np.float64]
    """Shape (k,): new share = gain * (gathered + offset)."""
    offset: NDArray[np.float64]
    """(1 - a) v / a: shape (k,), or (1,) where it is the same for all."""
    sums: NDArray[np.float64]
    """Shape (k,): the weight of each node's votes; its rank is share times sum."""
    blocks: list[tuple[int, int]]


@kernel
def _shorten(indptr: Any, indices: Any, nodes: Any, kept: Any, begin: int, end: int) -> None:
    """Count what is kept of each row of a block: its votes, or ~d where the row before and d differences are fewer."""
    chain = 0
    for row in range(begin, end):
        node, before = nodes[row], nodes[max(row - 1, begin)]
        one, one_end = indptr[before], indptr[before + 1]
        other, other_end = indptr[node], indptr[node + 1]
        votes = other_end - other
        chain, differ = chain + 1, 0
        if row == begin or chain > LONGEST or one_end - one >= 2 * votes:
            differ = votes
        while differ < votes:
            if one < one_end and indices[one] == before:
                one += 1
            if other < other_end and indices[other] == node:
                other += 1
            if one < one_end and other < other_end and indices[one] == indices[other]:
                one, other = one + 1, other + 1
            elif other < other_end and (one >= one_end or indices[other] < indices[one]):
                other, differ = other + 1, differ + 1
            elif one < one_end:
                one, differ = one + 1, differ + 1
            else:
                break
        if differ < votes:
            kept[row] = ~differ
        else:
            kept[row], chain = votes, 0


@kernel
def _differences(
    indptr: Any, indices: Any, nodes: Any, place: Any, low: int, turned: Any, turn: Any, columns: Any, begin: int,
    end: int,
) -> None:  # fmt: skip
    """Write the rows of one block that are kept as differences; its first row is none."""
    votes = len(nodes)
    for row in range(begin, end):
        if turn[row] >= 0:
            continue
        node, before = nodes[row], nodes[row - 1]
        one, one_end = indptr[before], indptr[before + 1]
        other, other_end = indptr[node], indptr[node + 1]
        front, back = turned[row], turned[row + 1]
        while True:
            if one < one_end and indices[one] == before:
                one += 1
            if other < other_end and indices[other] == node:
                other += 1
            if one >= one_end and other >= other_end:
                break
            if one < one_end and other < other_end and indices[one] == indices[other]:
                one, other = one + 1, other + 1
                continue
            added = other < other_end and (one >= one_end or indices[other] < indices[one])
            voter = place[indices[other if added else one]]
            column = voter + votes if low <= voter < end else voter
            if added:
                columns[front] = column
                front, other = front + 1, other + 1
            else:
                back, one = back - 1, one + 1
                columns[back] = column
        turn[row] = ~front


@kernel
def _renumber(
    indptr: Any, indices: Any, weights: Any, nodes: Any, place: Any, turned: Any, turn: Any, columns: Any, moved: Any,
    loops: Any, begin: int, end: int,
) -> None:  # fmt: skip
    """Copy the rows of one block that are kept whole; a self-loop leaves its row and is noted in `loops`."""
    zero = 2 * len(nodes)
    for row in range(begin, end):
        at = turned[row]
        whole = turn is None or turn[row] >= 0
        for edge in range(indptr[nodes[row]], indptr[nodes[row] + 1]):
            voter = place[indices[edge]]
            if voter == row:
                loops[row] = 1.0 if weights is None else weights[edge]
            if not whole:
                continue
            if voter < 0 or voter == row:
                columns[at] = zero
            elif begin <= voter < end:
                columns[at] = len(nodes) + voter
            else:
                columns[at] = voter
            if weights is not None:
                moved[at] = weights[edge]
            at += 1


def _shortened(
    rows: Rows, nodes: NDArray[np.int32], blocks: list[tuple[int, int]], workers: Workers
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return where each row begins, and `turn` with -1 for differences; None where they do not pay."""
    kept = np.empty(len(nodes), np.int64)
    compare = (rows.indptr, rows.indices, nodes, kept)
    workers.each(lambda begin, end: _shorten(*compare, begin, end), blocks)
    turned = _starts(np.where(kept < 0, ~kept, kept))
    if turned[-1] > WORTHWHILE * rows.counts()[nodes].sum():
        return None
    return turned, np.where(kept < 0, np.int64(-1), np.int64(0))


def _starts(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


def system_of(
    rows: Rows,
    sums: NDArray[np.float64],
    alpha: float,
    teleport: NDArray[np.float64] | None,
    workers: Workers,
    *,
    shorten: bool = False,
) -> System:
    """Return the equations of the nodes whose votes weigh anything.

    Args:
        rows: backlinks, n rows.
        sums: shape (n,), the weight of each node's votes; 0 for dangling.
        alpha: damping factor, above 0.
        teleport: shape (n,), or None for uniform.
        workers: what the renumbering runs on.
        shorten: keep rows as differences where that pays. It does for several vectors at once; for one, a row costs
            what its beginning costs, 15 of 22 ns on cnr-2000, and fewer votes in it save nothing.
    """
    nodes = np.flatnonzero(sums > 0).astype(np.int32)
    counts = rows.counts()[nodes]
    # Where a sweep is cut decides how many it takes: the same cuts, however rows are kept.
    blocks = parts(_starts(counts), BLOCKS)
    place = np.full(len(sums), -1, np.int32)
    place[nodes] = np.arange(len(nodes), dtype=np.int32)
    turned, turn = _starts(counts), None
    if shorten and rows.weights is None and (shorter := _shortened(rows, nodes, blocks, workers)):
        turned, turn = shorter
    columns = np.empty(turned[-1], np.uint32)
    weights = None if rows.weights is None else np.empty(len(columns))
    loops = np.zeros(len(nodes))
    copied = (rows.indptr, rows.indices, rows.weights, nodes, place, turned, turn, columns, weights, loops)
    workers.each(lambda begin, end: _renumber(*copied, begin, end), blocks)
    if turn is not None:
        shortened = (rows.indptr, rows.indices, nodes, place)
        workers.each(lambda begin, end: _differences(*shortened, begin, turned, turn, columns, begin, end), blocks)
    strength = sums[nodes]
    offset = np.full(1, 1.0 / len(sums)) if teleport is None else teleport[nodes]
    gain = alpha / (strength - alpha * loops)
    return System(nodes, turned, columns, turn, weights, gain, offset * ((1.0 - alpha) / alpha), strength, blocks)
