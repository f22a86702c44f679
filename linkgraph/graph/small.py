"""The walk over a small graph → its stationary vector with a certified error, in one compiled call.

Does what `power.stationary` does for graphs whose sweeps take less than returns to Python would. One core sweeps all
rows in place, so that it is known of each vote whether a sweep reads it before or after it changes: that certifies
the ranks without a step of the power method. Promises the same bits on every run. Trusts its input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.graph.certificate import error_of, ranks_of, rounding_of
from linkgraph.graph.sweep import PATIENCE, combine, gram, mix, sweep
from linkgraph.graph.threads import PART_WORK
from linkgraph.jit import kernel

MOST_WORK = 2 * PART_WORK
"""Edges and nodes of a small graph, less than that: what `threads.parts` leaves in one part."""

_EVERY = 6
"""Sweeps between two extrapolations, as many as there are vectors in one, of four modes: four graphs of 600 to 12,000
nodes take 19 to 23 sweeps to 1e-8, and with every eight of them 20 to 24. To 1e-10 it is the same."""

_ONE = np.uint64(1)


@kernel
def _order(indptr: Any, strength: Any) -> Any:
    """Return the nodes whose votes weigh anything in the order of a sweep, the row of each, k for others, and a length.

    Those of few voters come first: what a short row costs is to find out where it ends, and rows of one length in a row
    take a sweep of 12,000 nodes two thirds of the time. Among them every other node waits: the next one by URL is often
    a voter, and a row that needs what was just computed waits longer than it takes. The length is that of the longest
    row.
    """
    count, longest, votes = np.uint64(len(strength)), 0, 0
    for node in range(count):
        longest = max(longest, indptr[node + _ONE] - indptr[node])
    begins = np.zeros(longest + 2, np.uint64)
    for node in range(count):
        if strength[node] > 0.0:
            begins[np.uint64(indptr[node + _ONE] - indptr[node]) + _ONE] += _ONE
            votes += 1
    for shorter in range(longest):
        begins[shorter + 1] += begins[shorter]
    nodes, place = np.empty(votes, np.uint32), np.full(len(strength), votes, np.uint32)
    for first in range(2):
        for node in range(np.uint64(first), count, np.uint64(2)):
            if strength[node] > 0.0:
                length = np.uint64(indptr[node + _ONE] - indptr[node])
                row = begins[length]
                begins[length] += _ONE
                nodes[row] = node
                place[node] = row
    return nodes, place, longest


@kernel
def _equations(indptr: Any, indices: Any, weights: Any, nodes: Any, place: Any, strength: Any, alpha: float) -> Any:
    """Return (indptr, columns, weights, gain) as `System` names them, and `stale`; row k stands for a share of 0.

    `stale` is what each node's votes weigh that are read before the sweep changes it: those for rows before its own.
    """
    votes, none, at = np.uint64(len(nodes)), np.uint32(len(nodes)), np.uint64(0)
    starts, columns = np.zeros(len(nodes) + 1, np.int64), np.empty(len(indices), np.uint32)
    moved: Any = None if weights is None else np.empty(len(indices))
    gain, stale, read = np.empty(len(nodes)), np.empty(len(nodes)), np.zeros(len(nodes) + 1)
    for row in range(votes):
        node, own, loop = np.uint64(nodes[row]), np.uint32(row), 0.0
        stale[row] = read[row]
        edge, last = np.uint64(indptr[node]), np.uint64(indptr[node + _ONE])
        while edge < last:
            voter, weight = place[indices[edge]], 1.0 if weights is None else weights[edge]
            if voter == own:
                voter, loop = none, loop + weight
            read[voter] += weight
            columns[at] = voter
            if weights is not None:
                moved[at] = weight
            at, edge = at + _ONE, edge + _ONE
        starts[row + _ONE] = at
        gain[row] = alpha / (strength[node] - alpha * loop)
    return starts, columns, moved, gain, stale


@kernel
def _start(nodes: Any, gain: Any, arriving: Any, teleport: Any, alpha: float) -> Any:
    """Return what each row's votes weigh that arrive, its offset as `System` names it, and the shares to begin with."""
    votes, uniform = len(nodes), len(teleport) == 1
    sums, offset, shares = np.empty(votes), np.empty(1 if uniform else votes), np.zeros(votes + 1)
    for row in range(len(offset)):
        offset[row] = teleport[0 if uniform else nodes[row]] * (1.0 - alpha) / alpha
    for row in range(votes):
        sums[row] = arriving[nodes[row]]
        shares[row] = gain[row] * offset[0 if uniform else row]
    return sums, offset, shares


@kernel
def solve(
    indptr: Any, indices: Any, weights: Any, strength: Any, arriving: Any, teleport: Any, alpha: float, tol: float,
    most: int,
) -> Any:  # fmt: skip
    """Return what an `Iterate` is made of: ranks, change, bound, sweeps, unit.

    Args:
        indptr: backlinks, n rows.
        indices: see there.
        weights: see there; or None.
        strength: shape (n,), the weight of each node's votes before discounts.
        arriving: shape (n,), their weight after discounts.
        teleport: shape (n,), or (1,) where it is the same for all.
        alpha: damping factor, above 0.
        tol: L1 error to stop at.
        most: sweeps at most; the caller judges the bound that was reached.
    """
    nodes, place, longest = _order(indptr, strength)
    voters = indices.view(np.uint32)  # from Python that takes as long as two sweeps
    starts, columns, moved, gain, stale = _equations(indptr, voters, weights, nodes, place, strength, alpha)
    system = (starts[1:], columns, None, moved)
    sums, offset, shares = _start(nodes, gain, arriving, teleport, alpha)
    votes, history = len(nodes), np.empty((_EVERY, len(nodes)))
    rounding = rounding_of(longest, 0.0, alpha)
    best, since, taken, sweeping, change, drift = np.inf, 0, 0, True, 0.0, 0.0
    while sweeping:
        change, drift, mass, _ = sweep(*system, gain, offset, sums, stale, shares, 0, 0, votes, 0)
        history[taken % _EVERY] = shares[:votes]
        taken += 1
        error = error_of(change, drift, alpha * (mass - drift) + 1.0 - alpha, alpha)
        since = 0 if error < best else since + 1
        best = min(best, error)
        sweeping = error > max(tol - rounding, 0.5 * tol) and taken < most and since <= PATIENCE
        if sweeping and taken % _EVERY == 0:
            factors = mix(gram(history, sums, 0, votes))
            if len(factors):
                combine(history, factors, shares, 0, votes)
    ranks = np.empty(len(strength))
    rows = (indptr, voters, weights, place, shares, strength, teleport, alpha)
    total, _ = ranks_of(*rows, ranks, 0, len(ranks))
    bound = error_of(change, drift, total, alpha) + rounding
    least = teleport[0]
    for node in range(len(ranks)):
        ranks[node] /= total
        least = min(least, teleport[node if len(teleport) > 1 else 0])
    return ranks, bound * (1.0 - alpha), bound, taken, least * (1.0 - alpha) / total
