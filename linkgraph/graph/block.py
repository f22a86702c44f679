"""Several right-hand sides of one vote graph → their ranks, in one pass over the edges for `LANES` of them at a time.

A pass reads an edge once and adds a row of numbers, one a vector, so that what an edge costs to find is shared. Passes
are sweeps (Gauss-Seidel, in place) in float32; what they leave is computed in float64, and further sweeps solve for
that (iterative refinement, Wilkinson 1963). Promises a certified error of each vector, from a last pass in float64, and
the same bits whatever the number of threads: a thread takes vectors of its own. Holds 16 bytes a voter and vector at
most beside the result, the number of vectors rounded up to `LANES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.lanes import LANES, add_rows, settle, take_rows, zeros
from linkgraph.graph.power import ROUNDING, Walk
from linkgraph.graph.system import system_of
from linkgraph.graph.threads import Workers
from linkgraph.jit import kernel

FALL = 2.0**-16
"""What sweeps in float32 may bring the change down to before what is left is computed anew: on cnr-2000 they come to
2^-23 before rounding stops them."""

PATIENCE = 16
"""Sweeps without a new least change after which it is computed anew at once."""

_RUN = 64
"""Numbers that are added up plainly; sums of so many are added with compensation (Kahan 1965)."""

_LONG = np.uint64(_RUN)
"""The same for rows. On cnr-2000, plain sums of long rows in float32 left up to a hundred times as much behind."""

_ROWS = 4096
"""Rows whose changes are added up in float32."""

_NONE = np.uint64(0)
"""The only row, or the first entry."""

_LEAST, _MOST = 2.0**-40, 2.0**60
"""What the votes of nodes must weigh for the shares of 2^31 nodes to be float32; elsewhere they are float64."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The ranks of several vectors."""

    ranks: NDArray[np.float64]
    """Shape (n, k): column j is vector j, and sums to 1."""
    bounds: NDArray[np.float64]
    """Shape (k,): no smaller than the L1 error of each."""
    totals: NDArray[np.float64]
    """Shape (k,): what the unscaled solution sums to: (1 - a) v / total is the rank of a node without votes."""
    sweeps: int


@kernel
def _add(shares: Any, columns: Any, weights: Any, first: Any, last: Any, parts: Any, out: Any) -> None:
    """Add what the votes of a long row bring to `out[0]`; `parts` is scratch."""
    parts[1] = 0.0
    while first < last:
        end = min(first + _LONG, last)
        parts[0] = 0.0
        add_rows(shares, columns, weights, first, end, parts, _NONE)
        first = end
        for vector in range(LANES):
            added = parts[0, vector] - parts[1, vector]
            larger = out[0, vector] + added
            parts[1, vector] = (larger - out[0, vector]) - added
            out[0, vector] = larger


@kernel
def _sweep(
    ends: Any, columns: Any, back: Any, weights: Any, gain: Any, sums: Any, voting: Any, offset: Any, shares: Any,
    scratch: Any, total: Any, begin: int, end: int, first: int,
) -> None:  # fmt: skip
    """Sweep the rows of a block in place; add the sum of |change| in rank to `total`, vector by vector.

    A row that is a difference to the row before goes on from what was gathered there: nothing that it shares with that
    has changed since.
    """
    edge, gathered, change, parts = np.uint64(first), scratch[:1], scratch[1:2], scratch[2:]
    for signed in range(begin, end):
        row = np.uint64(signed)
        last = np.uint64(ends[row])
        added = last
        if back is not None and back[row] >= 0:
            added -= np.uint64(back[row])
        else:
            gathered[0] = 0.0
        if added - edge > _LONG:
            _add(shares, columns, weights, edge, added, parts, gathered)
        else:
            add_rows(shares, columns, weights, edge, added, gathered, _NONE)
        if added < last:
            take_rows(shares, columns, None, added, last, gathered, _NONE)
        edge = last
        outside = row if len(offset) > 1 else _NONE
        counts = voting[row if len(voting) > 1 else _NONE]
        settle(gathered, _NONE, offset, outside, counts, gain[row], sums[row], shares, row, change)
        if signed % _ROWS == _ROWS - 1 or signed == end - 1:
            for vector in range(LANES):
                total[vector] += change[0, vector]
            change[0] = 0.0


@kernel
def _joined(step: Any, sums: Any, shares: Any, total: Any) -> None:
    """Add `step` to `shares` and forget it; none falls below 0, and the sum of all in rank joins `total`."""
    for row in range(len(sums)):
        for vector in range(LANES):
            share = max(shares[row, vector] + step[row, vector], 0.0)
            shares[row, vector] = share
            step[row, vector] = 0.0
            total[vector] += share * sums[row]


@kernel
def _residual(
    ends: Any, columns: Any, back: Any, weights: Any, gain: Any, nodes: Any, starts: Any, factor: float, shares: Any,
    scratch: Any, left: Any, begin: int, end: int, first: int,
) -> None:  # fmt: skip
    """Write what the shares of a block miss, so that a sweep with that as `offset` computes what to add to them."""
    edge, gathered, parts = np.uint64(first), scratch[:1], scratch[1:]
    for signed in range(begin, end):
        row = np.uint64(signed)
        last = np.uint64(ends[row])
        added = last
        if back is not None and back[row] >= 0:
            added -= np.uint64(back[row])
        else:
            gathered[0] = 0.0
        if added - edge > _LONG:
            _add(shares, columns, weights, edge, added, parts, gathered)
        else:
            add_rows(shares, columns, weights, edge, added, gathered, _NONE)
        if added < last:
            take_rows(shares, columns, None, added, last, gathered, _NONE)
        edge = last
        outside = nodes[row] if len(starts) > 1 else 0
        for vector in range(starts.shape[1]):
            due = gathered[0, vector] + factor * starts[outside, vector]
            left[row, vector] = due - shares[row, vector] / gain[row]


@kernel
def _finish(  # noqa: C901, PLR0912 - one loop over the nodes; a call with arrays costs as much as a node
    indptr: Any, indices: Any, weights: Any, place: Any, shares: Any, sums: Any, voting: Any, starts: Any,
    factor: float, alpha: float, scratch: Any, ranks: Any, left: int, change: Any, total: Any,
) -> None:  # fmt: skip
    """Compute the solution of all rows from the shares, into the columns of `ranks` from *left* on.

    The shares of voters follow at once, which adds what they change by, in rank, to `change[0]`. Sums join `total[0]`.
    """
    votes, width, order = np.uint32(len(sums)), starts.shape[1], np.arange(_RUN, dtype=np.uint32)
    columns = np.empty(np.max(indptr[1:] - indptr[:-1]), np.uint32)
    base, whole, parts = scratch[:_RUN], scratch[_RUN : 2 * _RUN], scratch[2 * _RUN :]
    flat, outside = whole.reshape(-1), base.reshape(-1)
    for begin in range(0, len(place), _RUN):
        some = min(len(place) - begin, _RUN)
        flat[:] = 0.0
        for at in range(some):
            node = begin + at
            first, last, row = indptr[node], indptr[node + 1], place[node]
            if len(starts) > 1 or begin == 0:
                for vector in range(width):
                    base[at, vector] = factor * starts[node if len(starts) > 1 else 0, vector]
            for entry in range(last - first):
                columns[entry] = place[indices[first + entry]]
            count = np.uint64(last - first)
            if count > _LONG:
                mine = whole[at : at + 1]
                if weights is None:
                    _add(shares, columns, None, _NONE, count, parts, mine)
                else:
                    _add(shares, columns, weights[first:last], _NONE, count, parts, mine)
            elif weights is None:
                add_rows(shares, columns, None, _NONE, count, whole, np.uint64(at))
            else:
                add_rows(shares, columns, weights[first:last], _NONE, count, whole, np.uint64(at))
            if row < votes:
                counts, scale = voting[row if len(voting) > 1 else 0], sums[row]
                at_once, held = np.uint64(at), np.uint64(row)
                settle(whole, at_once, base, at_once, counts, alpha / scale, scale, shares, held, change)
        for number in range(some * LANES):
            flat[number] = alpha * (flat[number] + outside[number])
        for at in range(some):
            for vector in range(width):
                ranks[begin + at, left + vector] = whole[at, vector]
        parts[0] = 0.0
        add_rows(whole, order, None, _NONE, np.uint64(some), parts, _NONE)
        for vector in range(LANES):
            added = parts[0, vector] - total[1, vector]
            larger = total[0, vector] + added
            total[1, vector] = (larger - total[0, vector]) - added
            total[0, vector] = larger


@kernel
def _placed(columns: Any, votes: int) -> None:
    """Make places of rows of what `System` tells apart: sweeps in place hold one number, new or old."""
    fresh = np.uint32(votes + 1)
    for entry in range(len(columns)):
        if columns[entry] >= fresh:
            columns[entry] -= fresh


class _Solved(NamedTuple):
    """What is known of some vectors whose ranks are written: see `Block`."""

    bounds: NDArray[np.float64]
    totals: NDArray[np.float64]
    sweeps: int


class _Equations:
    """The equations of one graph."""

    def __init__(self, walk: Walk, alpha: float) -> None:
        with Workers() as workers:
            self.system = system_of(walk.rows, walk.sums, alpha, None, workers)
        system = self.system
        self.rows, self.alpha, self.nodes, self.votes = walk.rows, alpha, len(walk.sums), len(system.nodes)
        self.blocks = sorted(system.blocks)
        # The solution sums to n at most, so that float32 holds the share of every voter that counts.
        self.factor = (1.0 - alpha) / alpha * self.nodes
        _placed(system.columns, self.votes)
        self.entries = (system.ends, system.columns, system.back, system.weights)
        narrow = not self.votes or (system.sums.min() > _LEAST and system.sums.max() < _MOST)
        self.dtype = np.dtype(np.float32 if narrow else np.float64)
        self.scales = (system.gain.astype(self.dtype), system.sums.astype(self.dtype))


class _Solver:
    """The equations and some vectors, `LANES` at most."""

    def __init__(self, equations: _Equations, starts: NDArray[np.float64], voting: NDArray[np.bool_]) -> None:
        votes, width = equations.votes, starts.shape[1]
        counted = np.zeros((votes if len(voting) > 1 else 1, LANES), np.bool_)
        counted[:, :width] = voting[equations.system.nodes] if len(voting) > 1 else voting
        self._voting = np.packbits(counted, axis=1, bitorder="little").view(np.uint16)[:, 0]
        self._equations, self._starts, self._width = equations, starts, width
        self._shares, self._step = zeros(votes + 1, np.float64), zeros(votes + 1, equations.dtype)
        self._offset, self._scratch = zeros(1, equations.dtype), zeros(4, equations.dtype)
        self._totals = np.full(width, (1.0 - equations.alpha) * equations.nodes)
        self._sweeps = 0
        if len(starts) > 1:
            self._refine()
        else:
            self._offset[:, :width] = equations.factor * starts

    def solve(self, ranks: NDArray[np.float64], left: int, tol: float, most: int) -> _Solved:
        """Write the ranks into the columns from *left* on; say how near they are."""
        wanted = tol
        while True:
            while not self._descend(wanted, most):
                self._refine()
            bounds = self._finish(ranks, left)
            if (bounds <= tol).all() or self._sweeps >= most:
                ranks[:, left : left + self._width] /= self._totals
                return _Solved(bounds, self._totals / self._equations.nodes, self._sweeps)
            wanted /= 4.0
            self._refine()

    def _descend(self, tol: float, most: int) -> bool:
        """Sweep until the error is about *tol*, or float32 helps no more; return whether it is, or *most* are done."""
        equations, alpha = self._equations, self._equations.alpha
        enough = tol * (1.0 - alpha) / (2.0 * alpha) * self._totals
        since, first, least, done = 0, 0.0, np.inf, False
        while not done and least > FALL * first and since < PATIENCE:
            change = self._sweep()
            largest = float((change / self._totals).max())
            first = first or largest
            since = 0 if largest < least else since + 1
            least = min(least, largest)
            done = bool((change <= enough).all()) or self._sweeps >= most
        ranked = np.zeros(LANES)
        _joined(self._step, equations.system.sums, self._shares, ranked)
        self._totals = (1.0 - alpha) * equations.nodes + alpha * ranked[: self._width]
        return done

    def _sweep(self) -> NDArray[np.float64]:
        """Sweep once; return the L1 change of each vector's voters."""
        equations, change = self._equations, np.zeros(LANES)
        fixed = (*equations.entries, *equations.scales, self._voting, self._offset, self._step, self._scratch)
        for block in equations.blocks:
            _sweep(*fixed, change, *block)
        self._sweeps += 1
        return change[: self._width]

    def _refine(self) -> None:
        """Compute what the shares miss: what sweeps are to solve for."""
        equations, scratch = self._equations, zeros(3, np.float64)
        if len(self._offset) < equations.votes:
            self._offset = zeros(equations.votes, equations.dtype)
        base = (equations.system.gain, equations.system.nodes, self._starts, equations.factor)
        for block in equations.blocks:
            _residual(*equations.entries, *base, self._shares, scratch, self._offset, *block)

    def _finish(self, ranks: NDArray[np.float64], left: int) -> NDArray[np.float64]:
        """Write the solution, not scaled, and take note of its sums; return the error that it will have."""
        equations, rows, alpha = self._equations, self._equations.rows, self._equations.alpha
        change, totals, scratch = (zeros(lines, np.float64) for lines in (1, 2, 2 * _RUN + 2))
        fixed = (rows.indptr, rows.indices, rows.weights, equations.system.place, self._shares, equations.system.sums)
        base = (self._voting, self._starts, equations.factor, alpha)
        _finish(*fixed, *base, scratch, ranks, left, change, totals)
        self._totals = totals[0, : self._width]
        # A step contracts the distance to the solution by alpha; scaling both to sum to 1 doubles what is left.
        missed = (alpha * change[0, : self._width] + ROUNDING * self._totals) / (1.0 - alpha)
        bounds: NDArray[np.float64] = 2.0 * missed / self._totals
        return bounds


def solve(
    walk: Walk,
    alpha: float,
    teleports: NDArray[np.float64],
    voting: NDArray[np.bool_],
    *,
    tol: float,
    max_sweeps: int,
) -> Block:
    """Sweep until the L1 error of every vector is at most *tol*, or *max_sweeps* are done.

    Args:
        walk: at least one node.
        alpha: damping factor, above 0.
        teleports: shape (n, k), or (1, k) where it is 1 / n for all; columns sum to 1.
        voting: shape (n, k), or (1, k): where a node votes in a vector; elsewhere its votes are hidden.
        tol: L1 error to stop at.
        max_sweeps: sweeps at most; the caller judges the bounds that were reached.
    """
    equations, width = _Equations(walk, alpha), teleports.shape[1]
    ranks = np.empty((len(walk.sums), width))

    def some(first: int, last: int) -> _Solved:
        solver = _Solver(equations, teleports[:, first:last], voting[:, first:last])
        return solver.solve(ranks, first, tol, max_sweeps)

    runs = [(first, min(first + LANES, width)) for first in range(0, width, LANES)]
    with Workers() as workers:
        bounds, totals, sweeps = zip(*workers.each(some, runs), strict=True)
    return Block(ranks, np.concatenate(bounds), np.concatenate(totals), max(sweeps))
