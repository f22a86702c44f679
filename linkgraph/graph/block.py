"""Several right-hand sides of one vote graph → their ranks, in one pass over the edges for all.

A pass reads an edge once and adds a row of numbers, one a vector, so that what an edge costs to find is shared. The
sweeps are those of `sweep` without its extrapolation, whose mixes differ from vector to vector. Promises a certified
error of each vector and the same bits whatever the number of threads. Holds two numbers a voter
and vector beside the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.power import ROUNDING, Walk
from linkgraph.graph.system import System, system_of
from linkgraph.graph.threads import Workers, parts
from linkgraph.jit import kernel


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
def _sweep(
    ends: Any, columns: Any, back: Any, weights: Any, gain: Any, offset: Any, sums: Any, voting: Any, old: Any,
    new: Any, begin: int, end: int, edge: int,
) -> Any:  # fmt: skip
    """One sweep of a block of rows into `new`; returns the sum of |change| in rank, vector by vector.

    A voter of the same block that stands before the row has its new share already, any other has its old one.
    """
    votes, width = len(gain), old.shape[1]
    change, gathered = np.zeros(width), np.empty(width)
    for row in range(begin, end):
        turned = ends[row]
        if back is not None and back[row] >= 0:
            turned -= back[row]  # what is gathered goes on from the row before
        else:
            gathered[:] = 0.0
        while edge < ends[row]:
            column = np.int64(columns[edge])
            weight = 1.0 if weights is None else weights[edge]
            if edge >= turned:
                weight = -1.0
            edge += 1
            if column > votes:
                column -= votes + 1
                for vector in range(width):
                    gathered[vector] += new[column, vector] * weight
            elif column < votes:
                for vector in range(width):
                    gathered[vector] += old[column, vector] * weight
        counted, factor, scale = row if len(voting) > 1 else 0, gain[row], sums[row]
        first = row if len(offset) > 1 else 0
        for vector in range(width):
            share_now = factor * (gathered[vector] + offset[first, vector]) if voting[counted, vector] else 0.0
            change[vector] += abs(share_now - old[row, vector]) * scale
            new[row, vector] = share_now
    return change


@kernel
def _finish(
    indptr: Any, indices: Any, weights: Any, place: Any, shares: Any, sums: Any, voting: Any, base: Any, alpha: float,
    ranks: Any, begin: int, end: int,
) -> Any:  # fmt: skip
    """Compute the solution of all rows from the shares; returns how far the voters were from it, and its sum."""
    votes, width = shares.shape
    change, total, gathered = np.zeros(width), np.zeros(width), np.empty(width)
    for node in range(begin, end):
        gathered[:] = 0.0
        for edge in range(indptr[node], indptr[node + 1]):
            voter = place[indices[edge]]
            if voter < votes:
                weight = 1.0 if weights is None else weights[edge]
                for vector in range(width):
                    gathered[vector] += shares[voter, vector] * weight
        row = place[node]
        for vector in range(width):
            rank = alpha * gathered[vector] + base[node if len(base) > 1 else 0, vector]
            ranks[node, vector] = rank
            total[vector] += rank
            if row < votes and voting[row if len(voting) > 1 else 0, vector]:
                change[vector] += abs(rank - shares[row, vector] * sums[row])
    return change, total


class _Solver:
    """The equations of one graph and several vectors."""

    def __init__(self, walk: Walk, alpha: float, teleports: NDArray[np.float64], voting: NDArray[np.bool_]) -> None:
        self._walk, self._alpha, self._base = walk, alpha, (1.0 - alpha) * teleports
        with Workers() as workers:
            self._system: System = system_of(walk.rows, walk.sums, alpha, None, workers)
        nodes = self._system.nodes
        self._offset = self._base[nodes] / alpha if len(teleports) > 1 else self._base / alpha
        self._voting = voting[nodes] if len(voting) > 1 else voting
        self._shares, self._next = (np.zeros((len(nodes), teleports.shape[1])) for _ in range(2))

    def sweep(self, workers: Workers) -> NDArray[np.float64]:
        """Sweep once; return the L1 change of each vector's voters."""
        system = self._system
        rows = (system.ends, system.columns, system.back, system.weights)
        fixed = (*rows, system.gain, self._offset, system.sums, self._voting)
        done = workers.each(partial(_sweep, *fixed, self._shares, self._next), system.blocks)
        self._shares, self._next = self._next, self._shares
        return np.sum(done, axis=0) if done else np.zeros(self._shares.shape[1])

    def finish(self, workers: Workers, sweeps: int) -> Block:
        """Return all ranks, and the error that they have."""
        rows, system = self._walk.rows, self._system
        ranks = np.empty((len(self._walk.sums), self._shares.shape[1]))
        fixed = (rows.indptr, rows.indices, rows.weights, system.place, self._shares, system.sums, self._voting)
        done = workers.each(partial(_finish, *fixed, self._base, self._alpha, ranks), parts(rows.indptr))
        change, totals = (np.sum(part, axis=0) for part in zip(*done, strict=True))
        ranks /= totals
        # A step contracts the distance to the solution by alpha; scaling both to sum to 1 doubles what is left.
        left = (self._alpha * change + ROUNDING * totals) / (1.0 - self._alpha)
        return Block(ranks, 2.0 * left / totals, totals, sweeps)


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
    solver = _Solver(walk, alpha, teleports, voting)
    # The sum of the solution, by which the change is divided, is at least 1 - alpha and most often several times that.
    sweeps, wanted = 0, 4.0 * tol
    with Workers() as workers:
        while True:
            change = np.inf
            while sweeps < max_sweeps and 2.0 * alpha * change > wanted * (1.0 - alpha):
                change = float(solver.sweep(workers).max()) / (1.0 - alpha)
                sweeps += 1
            block = solver.finish(workers, sweeps)
            if (block.bounds <= tol).all() or sweeps >= max_sweeps:
                return block
            wanted /= 4.0
