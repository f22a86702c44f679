"""The rows of a vote graph → the equations of the nodes that vote, renumbered and shortened for sweeps.

With a dangling rule that is the teleport vector, PageRank is the solution of y = a P^T y + (1 - a) v, scaled to sum
to 1 (Del Corso, Gulli and Romani 2005): the rank-one term is gone, and nodes without out-links need no solving.
Pages of one template have nearly the same voters as the page before them, in the order of URLs (what Boldi and Vigna
2004 compress webs by): for several vectors, such a row is kept as its difference to the row before. For one, neighbours
are put in order of the length of their rows. Promises the same sums, and the same equations for the same graph whatever
the number of threads. Trusts its input.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.rows import Rows
from linkgraph.graph.threads import Workers, parts
from linkgraph.jit import kernel, leaf

BLOCKS = 4
"""Blocks of a sweep: each reads its own new values and the old ones of the others. cnr-2000 takes 40 sweeps with one
block or two and 53 with eight."""

_ROW = 6
"""What a row costs beside its entries, in entries."""

WINDOW = 512
"""Neighbouring rows that are put in order of length. To find out where a row ends costs more than a short row itself,
and so does it to wait for what the row before has just computed: ordered, a sweep of cnr-2000 takes three quarters of
the time, on a busy machine half, and as many sweeps are needed; with all rows in one order 65 instead of 40."""

_LONG = 16
"""Voters of a row from which on its length no longer counts for its place, and it may be kept as a difference: what a
shorter one costs is not its votes."""

_ASIDE = 7
"""More places, less one, for what is not to be counted: to ask costs more than to count; one place waits for itself."""

_NO_NODE = np.int32(2**31 - 1)
"""More than any node."""

LONGEST = 16
"""Rows in a chain of differences: each step may round the sum of the row before once more. Chains of 64 would save
another fiftieth of the entries."""


@dataclass(frozen=True, slots=True)
class System:
    """The equations of the nodes that vote, renumbered 0 to k - 1."""

    nodes: NDArray[np.int32]
    """Shape (k,): their ids in the graph, row by row."""
    place: NDArray[np.uint32]
    """Shape (n,): the row of each node, k for those that do not vote."""
    ends: NDArray[np.int64]
    """Shape (k,): where the entries of each row end in `columns`; there those of the next row of its block begin."""
    columns: NDArray[np.uint32]
    """Where each voter's share stands: j in what was before the sweep, and k there is 0, for a vote of no weight;
    k + 1 + j in what the sweep has computed already, for a voter of the same block that comes before the row."""
    back: NDArray[np.int32] | None
    """Shape (k,): how many of a row's entries, the last ones, are taken away from the sum of the row before and its
    other entries; -1 for a row of its own. None where all are. A row never holds its own node, so whatever a chain
    carries on is as fresh as if it were read again."""
    weights: NDArray[np.float64] | None
    gain: NDArray[np.float64]
    """Shape (k,): new share = gain * (gathered + offset)."""
    offset: NDArray[np.float64]
    """(1 - a) v / a: shape (k,), or (1,) where it is the same for all."""
    sums: NDArray[np.float64]
    """Shape (k,): the weight of each node's votes; its rank is share times sum."""
    settled: NDArray[np.float64]
    """Shape (k,): the weight of those that a sweep reads after it changed them: fresh ones, and all for itself."""
    blocks: list[tuple[int, int, int]]
    """First row, the row after the last, and the place of the first entry."""


@kernel
def _voters(indptr: Any, sums: Any) -> Any:
    """Return the nodes whose votes weigh anything, ascending, and where each row would begin, shape (k + 1,)."""
    votes = 0
    for node in range(len(sums)):
        votes += sums[node] > 0.0
    nodes, begins, row = np.empty(votes, np.int32), np.zeros(votes + 1, np.int64), 0
    for node in range(len(sums)):
        if sums[node] > 0.0:
            nodes[row] = node
            begins[row + 1] = begins[row] + indptr[node + 1] - indptr[node]
            row += 1
    return nodes, begins


@kernel
def _by_length(indptr: Any, nodes: Any, place: Any, begin: int, end: int) -> None:
    """Put the nodes of one block in order of the length of their rows, longest first, `WINDOW` at a time; note it."""
    before = np.empty(min(WINDOW, end - begin), nodes.dtype)
    for first in range(begin, end, WINDOW):
        count = min(WINDOW, end - first)
        at = np.zeros(_LONG + 2, np.int64)
        for row in range(count):
            node = nodes[first + row]
            before[row] = node
            at[_LONG + 1 - min(indptr[node + 1] - indptr[node], _LONG)] += 1
        for shorter in range(_LONG + 1):
            at[shorter + 1] += at[shorter]
        for row in range(count):
            node = before[row]
            length = _LONG - min(indptr[node + 1] - indptr[node], _LONG)
            nodes[first + at[length]] = node
            place[node] = first + at[length]
            at[length] += 1


@leaf
def _count(indptr: Any, indices: Any, node: int, place: Any, low: int, last: int, times: int, read: Any) -> None:
    """Add to `read` of each voter of a node that stands from row *low* to row *last*."""
    for edge in range(indptr[node], indptr[node + 1]):
        voter = place[indices[edge]]
        if low <= voter <= last:
            read[voter - low] += times


@leaf
def _column(voter: int, low: int, row: int, votes: Any) -> int:
    """Return where the share of another voter stands for a row of the block that begins with *low*, see `System`."""
    return voter + votes + 1 if low <= voter < row else voter


@leaf
def _difference(  # noqa: C901 - one merge of two rows, a branch for each way in which they go on
    indptr: Any, indices: Any, nodes: Any, place: Any, low: int, row: int, limit: int, columns: Any, at: int, read: Any
) -> Any:
    """Write a row from entry *at* on as what it adds to the row before, and what it lacks.

    Returns (how many it adds, how many it lacks, the votes for itself); where that makes *limit* entries, the row is to
    be written whole. What becomes fresh or is no longer is noted in `read`, by row. There is room for the whole row:
    what is lacking waits at its end.
    """
    before, node, votes = nodes[row - 1], nodes[row], np.uint32(len(nodes))
    one, one_end = indptr[before], indptr[before + 1]
    edge, last = indptr[node], indptr[node + 1]
    end, more, less, loop = at + last - edge, 0, 0, 0
    while more + less < limit:
        while one < one_end and edge < last:
            both = indices[one]
            if both != indices[edge] or both in (before, node):
                break
            one, edge = one + 1, edge + 1
        if one >= one_end and edge >= last:
            break
        theirs = indices[one] if one < one_end else _NO_NODE
        mine = indices[edge] if edge < last else _NO_NODE
        if theirs == before:
            one += 1
        elif mine == node:
            edge, loop = edge + 1, 1
        elif mine < theirs:
            columns[at + more] = _column(place[mine], low, row, votes)
            edge, more = edge + 1, more + 1
        else:
            less += 1
            columns[end - less] = _column(place[theirs], low, row, votes)
            one += 1
    if more + less < limit:
        for entry in range(at, at + more + less):
            if entry >= at + more:
                columns[entry] = columns[end - less + entry - at - more]
            if columns[entry] > votes:
                read[columns[entry] - votes - 1 - low] += row if entry >= at + more else -row
        read[row - low] += loop
    return more, less, loop


@kernel
def _renumber(
    indptr: Any, indices: Any, weights: Any, nodes: Any, place: Any, sums: Any, alpha: float, ends: Any, back: Any,
    columns: Any, moved: Any, gain: Any, settled: Any, begin: int, end: int, at: int,
) -> int:  # fmt: skip
    """Write the rows of one block from entry *at* on; return the entry after the last.

    Which voters a chain of differences carries from row to row is counted where that begins and where it ends.
    """
    votes, fresh, none = np.uint32(len(nodes)), np.uint32(len(nodes) + 1), end - begin
    read, chain = np.zeros(none + _ASIDE + 1), 0
    for row in range(begin, end):
        node, limit, more, less, loop = nodes[row], 0, 0, 0, 0.0
        first, last = indptr[node], indptr[node + 1]
        if weights is None and row > begin and chain < LONGEST and last - first >= _LONG:
            limit = (last - first) // 2
            more, less, loop = _difference(indptr, indices, nodes, place, begin, row, limit, columns, at, read)
        shorter = more + less < limit
        if shorter != (chain > 0):
            _count(indptr, indices, nodes[row - 1], place, begin, row - 2, -row if shorter else row, read)
        chain = chain + 1 if shorter else 0
        back[row] = less if shorter else -1
        if shorter:
            at += more + less
            first = last
        else:
            loop = 0.0
        for edge in range(first, last):
            voter, weight = place[indices[edge]], 1.0 if weights is None else weights[edge]
            known = (begin <= voter) & (voter <= row)
            columns[at] = voter + fresh if known else voter
            read[voter - begin if known else none + (edge & _ASIDE)] += weight
            if voter == row:
                loop, columns[at] = weight, votes
            if weights is not None:
                moved[at] = weight
            at += 1
        ends[row], gain[row] = at, alpha / (sums[node] - alpha * loop)
    if chain:
        _count(indptr, indices, nodes[end - 1], place, begin, end - 2, end, read)
    settled[begin:end] = read[:none]
    return at


@kernel
def unread(indptr: Any, indices: Any, weights: Any, place: Any, votes: int) -> Any:
    """Return what the votes of each row weigh for nodes that do not vote, which no sweep reads; shape (k,)."""
    weighed = np.zeros(votes + 1)
    for node in range(len(place)):
        if place[node] == votes:
            for edge in range(indptr[node], indptr[node + 1]):
                weighed[place[indices[edge]]] += 1.0 if weights is None else weights[edge]
    return weighed[:votes]


def system_of(
    rows: Rows,
    sums: NDArray[np.float64],
    alpha: float,
    teleport: NDArray[np.float64] | None,
    workers: Workers,
) -> System:
    """Return the equations of the nodes whose votes weigh anything.

    Args:
        rows: backlinks, n rows.
        sums: shape (n,), the weight of each node's votes; 0 for dangling.
        alpha: damping factor, above 0.
        teleport: shape (n,), or None for uniform.
        workers: what the renumbering runs on.
    """
    nodes, begins = _voters(rows.indptr, sums)
    cuts = parts(begins, BLOCKS, _ROW)
    place = np.full(len(sums), len(nodes), np.uint32)
    workers.each(partial(_by_length, rows.indptr, nodes, place), cuts)
    ends, back = np.empty(len(nodes), np.int64), np.empty(len(nodes), np.int32)
    columns = np.empty(begins[-1], np.uint32)
    weights = None if rows.weights is None else np.empty(len(columns))
    gain, settled = np.empty((2, len(nodes)))
    read = (rows.indptr, rows.indices, rows.weights, nodes, place, sums, alpha)
    written = (ends, back, columns, weights, gain, settled)
    blocks = [(begin, end, int(begins[begin])) for begin, end in cuts]
    filled = workers.each(partial(_renumber, *read, *written), blocks)
    entries = [last - first for last, (_, _, first) in zip(filled, blocks, strict=True)]
    shorter = back if sum(entries) < len(columns) else None
    # Those that cost most come first, so that no core waits for another that has begun late.
    costs = [held + _ROW * (end - begin) for held, (begin, end, _) in zip(entries, blocks, strict=True)]
    blocks = [block for _, block in sorted(zip(costs, blocks, strict=True), reverse=True)]
    offset = (np.full(1, 1.0 / len(sums)) if teleport is None else teleport[nodes]) * ((1.0 - alpha) / alpha)
    return System(nodes, place, ends, columns, shorter, weights, gain, offset, sums[nodes], settled, blocks)
