"""Rows of backlinks → the stationary vector of the damped random surfer, by power iteration.

One step is x' = a (P^T x + d(x) w) + (1 - a) v: P is the row-stochastic link matrix, v the teleport vector, d(x) the
mass on dangling nodes (no out-link, or out-links of weight 0 only), which the surfer leaves by w. Because each step
contracts the L1 distance to the fixed point by a, the error after it is at most a / (1 - a) times the L1 change of
the step (Banach's a posteriori estimate), and r / (1 - a) more where a step is rounded by r: that bound, and not the
change, is what the iteration stops at.

Promises the same bits on every run: each sum has one order. Refuses nothing; `authority.pagerank` checks arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph import small
from linkgraph.graph.certificate import ranks_of, rounding_of
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.rows import Rows
from linkgraph.graph.sweep import Sweeps
from linkgraph.graph.system import system_of, unread
from linkgraph.graph.threads import Workers, parts
from linkgraph.jit import kernel

_ROW_BLOCK = 128
"""Votes added up plainly, 64 in each of two sums; blocks are added with compensation (Kahan 1965), so that the
rounding of a row does not grow with its length. A hub of a million equal votes would lose 11 digits otherwise."""

_NODE_BLOCK = 4096
"""Nodes whose changes are added up before they join the total."""

ROUNDING = 80 * 2.0**-53
"""L1 rounding error of one step at most: 64 + 2 additions and a few products of numbers that sum to 1."""


@dataclass(frozen=True, slots=True)
class Surfer:
    """Where the random surfer goes when no link is followed."""

    alpha: float
    """Damping factor: the chance that a link is followed, in [0, 1)."""
    teleport: NDArray[np.float64] | None = None
    """v, shape (n,), sums to 1; None is uniform."""
    dangling: NDArray[np.float64] | None = None
    """w, shape (n,), sums to 1; None is the teleport vector."""

    def starts(self, nodes: int) -> NDArray[np.float64]:
        """v, shape (nodes,), or (1,) where it is the same for all."""
        return np.full(1, 1.0 / nodes) if self.teleport is None else self.teleport


@dataclass(frozen=True, slots=True)
class Iterate:
    """Where a power iteration stopped."""

    ranks: NDArray[np.float64]
    """Shape (n,)."""
    change: float
    """L1 norm of the last step."""
    bound: float
    """No smaller than the L1 distance to the fixed point, the rounding of the steps included."""
    steps: int
    unit: float
    """The least that the last step gave a node: without backlinks, where the surfer seldom starts."""


@kernel
def _step(
    indptr: Any, columns: Any, weights: Any, floor: Any, alpha: float, per_weight: Any, share: Any, ranks: Any,
    passed: Any, fading: Any, begin: int, end: int,
) -> Any:  # fmt: skip
    """One step of rows begin to end: gather `share` into `ranks`, leave the next shares in `passed`.

    Returns (L1 change of the nodes that vote, rank of those that do not, rank that discounts keep from arriving;
    `fading` is the share of each node's rank that they do). A block is gathered in two running sums,
    which hides the latency of the addition, and in this loop, because a call a row would count references: 5.4 ms a
    step on cnr-2000 against 6.7 with one sum and 17 with a call.
    """
    uniform = len(floor) == 1
    change, leaked, evaporated = 0.0, 0.0, 0.0
    block_change, block_leaked, block_evaporated = 0.0, 0.0, 0.0
    edge = indptr[begin]
    for node in range(begin, end):
        row_end = indptr[node + 1]
        gathered, lost = 0.0, 0.0
        while edge < row_end:
            last = min(edge + _ROW_BLOCK, row_end)
            even, odd = 0.0, 0.0
            while edge + 1 < last:
                if weights is None:
                    even += share[columns[edge]]
                    odd += share[columns[edge + 1]]
                else:
                    even += share[columns[edge]] * weights[edge]
                    odd += share[columns[edge + 1]] * weights[edge + 1]
                edge += 2
            if edge < last:
                even += share[columns[edge]] * (1.0 if weights is None else weights[edge])
                edge += 1
            added = even + odd - lost
            larger = gathered + added
            lost = (larger - gathered) - added
            gathered = larger
        rank = alpha * gathered + floor[0 if uniform else node]
        if per_weight[node] == 0.0:
            block_leaked += rank
        else:
            block_change += abs(rank - ranks[node])
            if fading is not None:
                block_evaporated += rank * fading[node]
        ranks[node] = rank
        passed[node] = rank * per_weight[node]
        if node % _NODE_BLOCK == _NODE_BLOCK - 1:
            change += block_change
            leaked += block_leaked
            evaporated += block_evaporated
            block_change, block_leaked, block_evaporated = 0.0, 0.0, 0.0
    return change + block_change, leaked + block_leaked, evaporated + block_evaporated


def smallest_tolerance(alpha: float) -> float:
    """Return the bound that is always reached: once steps change no more than rounding makes them."""
    return ROUNDING * (1.0 + alpha) / (1.0 - alpha) ** 2


def _floor(surfer: Surfer, leaked: float, nodes: int) -> NDArray[np.float64]:
    teleport = surfer.starts(nodes)
    dangling = teleport if surfer.dangling is None else surfer.dangling
    floor: NDArray[np.float64] = (1.0 - surfer.alpha) * teleport + surfer.alpha * leaked * dangling
    return floor


@dataclass(frozen=True, slots=True)
class Walk:
    """The matrix of the random surfer, both ways to read it."""

    rows: Rows
    """Row i: who votes for node i."""
    sums: NDArray[np.float64]
    """Shape (n,): the weight of each node's votes before discounts."""
    fading: NDArray[np.float64] | None = None
    """Shape (n,): the share of it that discounts take; from there the surfer goes on as from a dangling node."""

    @property
    def per_weight(self) -> NDArray[np.float64]:
        """Shape (n,): the share of a node's rank that a vote of weight 1 takes along; 0 where it has no votes."""
        return np.divide(1.0, self.sums, out=np.zeros(len(self.sums)), where=self.sums > 0)

    @property
    def arriving(self) -> NDArray[np.float64]:
        """Shape (n,): the weight of each node's votes after discounts."""
        return self.sums if self.fading is None else self.sums * (1.0 - self.fading)

    @classmethod
    def of(cls, graph: LinkGraph, *, weighted: bool = True) -> Walk:
        """Read *graph*; without *weighted* every edge weighs 1 and nothing is discounted."""
        rows = graph.backlinks
        if weighted and graph.strength is not None:
            sums, full = graph.links.sums(), np.asarray(graph.strength)
            return cls(rows, full, 1.0 - np.divide(sums, full, out=np.ones(len(full)), where=full > 0))
        if weighted:
            return cls(rows, graph.links.sums())
        return cls(Rows(rows.indptr, rows.indices), graph.links.counts().astype(np.float64))


def power_iteration(
    walk: Walk, surfer: Surfer, *, tol: float, max_steps: int, start: NDArray[np.float64] | None = None
) -> Iterate:
    """Iterate until the certified L1 error is at most *tol*, or *max_steps* steps are done.

    Args:
        walk: at least one node.
        surfer: damping factor, teleport and dangling vectors.
        tol: L1 error to stop at; below `smallest_tolerance` it may never be reached.
        max_steps: steps at most; the caller judges the bound that was reached.
        start: shape (n,), sums to 1; None is the teleport vector. Of dangling nodes only the sum counts.
    """
    rows, nodes = walk.rows, len(walk.sums)
    columns = rows.indices.view(np.uint32)  # unsigned: numba need not ask whether an index counts from the end
    per_weight = walk.per_weight
    first = start if start is not None else surfer.teleport
    ranks = np.full(nodes, 1.0 / nodes) if first is None else first.astype(np.float64)
    share, passed = ranks * per_weight, np.empty(nodes)
    idle = float(ranks[per_weight == 0].sum())
    leaked = idle if walk.fading is None else idle + float(ranks @ walk.fading)
    floor, change, bound = _floor(surfer, leaked, nodes), np.inf, np.inf
    steps, runs = 0, parts(rows.indptr)
    with Workers() as workers:
        while steps < max_steps and bound > tol:
            floor = _floor(surfer, leaked, nodes)
            fixed = (
                rows.indptr,
                columns,
                rows.weights,
                floor,
                surfer.alpha,
                per_weight,
                share,
                ranks,
                passed,
                walk.fading,
            )
            done = workers.each(partial(_step, *fixed), runs)
            moved, arrived, evaporated = (sum(part) for part in zip(*done, strict=True))
            # A step asks of dangling nodes only what they hold together. Had they held it in the proportions that
            # they have now, the step would have been the same, and their change this difference.
            change = moved + abs(arrived - idle)
            idle, leaked = arrived, arrived + evaporated
            share, passed = passed, share
            bound = (surfer.alpha * change + ROUNDING) / (1.0 - surfer.alpha)
            steps += 1
    return Iterate(ranks, float(change), float(bound), steps, float(floor.min()))


def _small(walk: Walk, surfer: Surfer, *, tol: float, max_steps: int) -> Iterate:
    rows, strength = walk.rows, walk.sums
    fixed = (rows.indptr, rows.indices, rows.weights, strength, walk.arriving, surfer.starts(len(strength)))
    return Iterate(*small.solve(*fixed, surfer.alpha, tol, max_steps))


def _swept(walk: Walk, surfer: Surfer, *, tol: float, max_steps: int) -> Iterate:
    """Sweep in several blocks until the last sweep certifies the error, if rounding lets it."""
    alpha, rows, ranks, starts = surfer.alpha, walk.rows, np.empty(len(walk.sums)), surfer.starts(len(walk.sums))
    with Workers() as workers:
        system = system_of(rows, walk.sums, alpha, surfer.teleport, workers)
        arriving = system.sums if walk.fading is None else walk.arriving[system.nodes]
        elsewhere = unread(rows.indptr, rows.indices, rows.weights, system.place, len(system.nodes))
        sweeps = Sweeps(system, arriving, np.maximum(arriving - system.settled - elsewhere, 0.0), workers)
        bound, rounding = np.inf, 0.0
        for _ in range(2):  # what rounding adds is known afterwards
            if bound <= tol or tol <= 2.0 * rounding or not sweeps.run(alpha, tol - rounding, max_steps):
                break
            read = (rows.indptr, rows.indices, rows.weights, system.place, sweeps.shares, walk.sums, starts, alpha)
            done = workers.each(partial(ranks_of, *read, ranks), parts(rows.indptr))
            total, long = (sum(part) for part in zip(*done, strict=True))
            rounding = rounding_of(long / total, sweeps.slip / total, alpha)
            bound = sweeps.left(total, alpha) + rounding
    ranks /= total
    return Iterate(ranks, bound * (1.0 - alpha), bound, sweeps.taken, float(starts.min()) * (1.0 - alpha) / total)


def stationary(
    walk: Walk, surfer: Surfer, *, tol: float, max_steps: int, start: NDArray[np.float64] | None = None
) -> Iterate:
    """Solve for the ranks: sweeps while they help, then steps of the power method until the error is certified.

    Arguments and result are those of `power_iteration`; `steps` counts both. Sweeps are left out where a start is
    given or the dangling vector is not the teleport vector; the last one mostly certifies.
    """
    sweeps = 0
    alone = len(walk.sums) + len(walk.rows.indices) < small.MOST_WORK
    swept = start is None and surfer.dangling is None and surfer.alpha > 0 and max_steps > 1
    if swept and (alone or (walk.sums > 0).any()):
        near = (_small if alone else _swept)(walk, surfer, tol=tol, max_steps=max_steps)
        if near.bound <= tol or near.steps == max_steps:
            return near
        start, sweeps = near.ranks, near.steps
    last = power_iteration(walk, surfer, tol=tol, max_steps=max_steps - sweeps, start=start)
    return Iterate(last.ranks, last.change, last.bound, last.steps + sweeps, last.unit)
