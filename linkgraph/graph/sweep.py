"""The votes between nodes that vote → shares near the fixed point, by Gauss-Seidel sweeps with extrapolation.

A sweep over the equations of `system` uses what it has just computed (Gauss-Seidel), a node solves for its own
self-loop, and every few sweeps the last differences are combined so that the residual is least (reduced rank
extrapolation, Eddy 1979; for PageRank, Kamvar et al. 2003). On cnr-2000 that takes 35 sweeps where the
power method takes 99 steps.

Promises the same bits whatever the number of threads: blocks are cut by the graph alone, and a block reads what other
blocks had before the sweep. What the last sweep changed, and where that was read before, certifies (`certificate`).
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.certificate import error_of
from linkgraph.graph.system import System
from linkgraph.graph.threads import Workers
from linkgraph.jit import kernel, product_of

EVERY = 8
"""Sweeps between two extrapolations."""

ORDER = 6
"""Modes that an extrapolation removes. cnr-2000 takes 35 sweeps to 1e-8 and 46 to 1e-10, with four modes 39 and 49,
with eight every ten sweeps 35 and 45, at two vectors more; random graphs take the same 10 to 20 with any of them."""

_RIDGE = 1e-14
"""Added to the scalar products, which sum to 1 on their diagonal: differences that nearly repeat others, as the last
ones before the end do, must not be mixed with huge factors of either sign."""

PATIENCE = 2 * EVERY
"""Sweeps without a new best after which rounding is all that is left to win."""

_UNSURE = 2.0**-20
"""More than three sums of 2^31 weights may be off by, in units of the largest."""

_FALL = 10.0
"""What a sweep divides the error by at most, as far as was seen: what changed, a seventh of a sweep to sum up, is not
asked before it may be little enough."""

_ONE, _TWO, _THREE, _FOUR = (np.uint64(step) for step in (1, 2, 3, 4))

_RUN = 256
"""Rows of all vectors that a core's nearest cache holds at once."""


@kernel
def sweep(  # noqa: C901, PLR0912 - one loop over the votes; a call a row would count references
    ends: Any, columns: Any, back: Any, weights: Any, gain: Any, offset: Any, sums: Any, stale: Any, shares: Any,
    fresh: int, begin: int, end: int, first: int,
) -> Any:  # fmt: skip
    """One sweep of a block: the share of row i stood at `shares[i]`, and the new one is left at `shares[fresh + i]`.

    Returns (sum of |change| times `stale`, sum of change times `stale`, sum of share times `sums`, each 0 where there
    are none, and what the sums that were carried on may be off by, in units of rounding). Numbers of edges and rows are
    unsigned, and four votes are read at a time: a signed one costs a test for counting from the end. Together that is a
    quarter to a third of a sweep whose shares fit a cache.
    """
    uniform, edge, new = len(offset) == 1, np.uint64(first), np.uint64(fresh)
    change, drift, mass, outside = 0.0, 0.0, 0.0, offset[0] if uniform else 0.0
    gathered, most, origin, slip = 0.0, 0.0, edge, 0.0
    for signed in range(begin, end):
        row = np.uint64(signed)
        even, odd, last = 0.0, 0.0, np.uint64(ends[row])
        added = last
        if back is not None:
            if back[row] < 0:
                most, origin = 0.0, edge
            else:
                even, added = gathered, last - np.uint64(back[row])
        while edge + _THREE < added:
            if weights is None:
                even += shares[columns[edge]] + shares[columns[edge + _TWO]]
                odd += shares[columns[edge + _ONE]] + shares[columns[edge + _THREE]]
            else:
                even += shares[columns[edge]] * weights[edge]
                odd += shares[columns[edge + _ONE]] * weights[edge + _ONE]
                even += shares[columns[edge + _TWO]] * weights[edge + _TWO]
                odd += shares[columns[edge + _THREE]] * weights[edge + _THREE]
            edge += _FOUR
        if edge + _ONE < added:
            even += shares[columns[edge]] * (1.0 if weights is None else weights[edge])
            odd += shares[columns[edge + _ONE]] * (1.0 if weights is None else weights[edge + _ONE])
            edge += _TWO
        if edge < added:
            even += shares[columns[edge]] * (1.0 if weights is None else weights[edge])
            edge += _ONE
        gathered = even + odd
        if back is not None:
            most = max(most, gathered)
            while edge < last:
                gathered -= shares[columns[edge]]
                edge += _ONE
            gathered = max(gathered, 0.0)
            if back[row] >= 0:
                slip += most * (last - origin)
        if not uniform:
            outside = offset[row]
        share = gain[row] * (gathered + outside)
        if stale is not None:
            moved = (share - shares[row]) * stale[row]
            change += abs(moved)
            drift += moved
        if sums is not None:
            mass += share * sums[row]
        shares[new + row] = share
    return change, drift, mass, slip


@kernel
def gram(history: Any, sums: Any, begin: int, end: int) -> Any:
    """Return the scalar products of the differences between neighbouring vectors of `history`, in rank, (d, d).

    Rows are taken `_RUN` at a time: 15 products of 12,305 voters take 50 us.
    """
    depth = len(history) - 1
    products, steps = np.zeros((depth, depth)), np.zeros((depth, _RUN))
    for first in range(begin, end, _RUN):
        count = min(_RUN, end - first)
        weights = sums[first : first + count]
        for one in range(depth):
            before, after = history[one][first : first + count], history[one + 1][first : first + count]
            mine = steps[one]
            for row in range(count):
                mine[row] = (after[row] - before[row]) * weights[row]
            mine[count:] = 0.0
            for other in range(one + 1):
                products[one, other] += product_of(mine, steps[other])
    return products


@kernel
def combine(history: Any, factors: Any, shares: Any, begin: int, end: int) -> None:
    """Replace `shares` by the sum of the later vectors of `history`, each times its factor; none falls below 0."""
    for first in range(begin, end, _RUN):
        last = min(first + _RUN, end)
        mixed = shares[first:last]
        mixed[:] = 0.0
        for one in range(len(factors)):
            vector, factor = history[one + 1][first:last], factors[one]
            for row in range(last - first):
                mixed[row] += factor * vector[row]
        for row in range(last - first):
            mixed[row] = max(mixed[row], 0.0)


@kernel
def mix(lower: Any) -> Any:
    """Return the factors, which sum to 1, that make the mix of the differences least; none where there is no such mix.

    Args:
        lower: scalar products as `gram` returns them.
    """
    count, scale = len(lower), 0.0
    for one in range(count):
        scale += lower[one, one]
    factors = np.ones(count)
    if not scale > 0.0:
        return factors[:0]
    system = np.empty((count, count))
    for one in range(count):
        for other in range(one + 1):
            system[one, other] = system[other, one] = lower[one, other] / scale
        system[one, one] += _RIDGE
    for pivot in range(count):
        for row in range(pivot + 1, count):
            factor = system[row, pivot] / system[pivot, pivot]
            factors[row] -= factor * factors[pivot]
            for column in range(pivot, count):
                system[row, column] -= factor * system[pivot, column]
    total = 0.0
    for row in range(count - 1, -1, -1):
        for column in range(row + 1, count):
            factors[row] -= system[row, column] * factors[column]
        factors[row] /= system[row, row]
        total += factors[row]
    return factors / total if abs(total) > 0.0 else factors[:0]


class Sweeps:
    """Sweeps over one system, from what teleports bring.

    Args:
        system: the equations.
        arriving: shape (k,), the weight of each row's votes after discounts.
        stale: shape (k,), of those that a sweep reads before it changes them; see `certificate`.
        workers: what the blocks run on.
    """

    def __init__(
        self, system: System, arriving: NDArray[np.float64], stale: NDArray[np.float64], workers: Workers
    ) -> None:
        self._system, self._arriving, self._stale, self._workers = system, arriving, stale, workers
        # A sweep reads one of these vectors and leaves the next; each ends with the share of a vote of no weight.
        self._history = np.empty((EVERY + 1, len(system.nodes) + 1))
        self._history[:, -1] = 0.0
        np.multiply(system.gain, system.offset, out=self._history[0, :-1])
        self.taken, self.change, self.drift, self.slip, self._mass = 0, np.inf, np.inf, 0.0, 0.0

    @property
    def shares(self) -> NDArray[np.float64]:
        """What each vote of weight 1 brings, and 0: shape (k + 1,)."""
        newest: NDArray[np.float64] = self._history[(self.taken - 1) % EVERY + 1]
        return newest

    def left(self, total: float, alpha: float) -> float:
        """Return the most that the error is after the last sweep, but for rounding; *total* is the sum of all ranks.

        Numbers of stale votes are exact. Their weights are differences of three sums, each off by 2^-22 of itself at
        most; all together by `_UNSURE` of the voter's sum, once for the change and once for the drift.
        """
        unsure = 0.0
        if self._system.weights is not None:
            old = self._history[(self.taken - 1) % EVERY]
            unsure = 2.0 * _UNSURE * float(np.abs(self.shares - old)[:-1] @ self._system.sums)
        return error_of(self.change + unsure, self.drift, total, alpha)

    def run(self, alpha: float, tol: float, most: int) -> int:
        """Sweep until the L1 error of the ranks is *tol*, but for rounding, or sweeps help no more; return how many.

        Args:
            alpha: damping factor.
            tol: what the error is to come to.
            most: sweeps at most, with those before.
        """
        best, since, error, before, unasked = np.inf, 0, np.inf, self.taken, 0
        while self.taken < most and error > tol and since <= PATIENCE:
            if self.taken and self.taken % EVERY == 0:
                self._extrapolate()
            if unasked and self.taken + 1 < most:
                self._sweep(None)
                unasked -= 1
                continue
            self._sweep(self._stale)
            error = error_of(self.change, self.drift, alpha * self._mass + 1.0 - alpha, alpha)
            since = 0 if error < best else since + 1
            best, unasked = min(best, error), int(math.log(min(max(error / tol, 1.0), 1e9), _FALL))
        return self.taken - before

    def _sweep(self, stale: NDArray[np.float64] | None) -> None:
        """Sweep once; what changed is summed up where the weight of stale votes is given."""
        system, at = self._system, self.taken % EVERY
        rows = (system.ends, system.columns, system.back, system.weights, system.gain, system.offset)
        both = self._history[at : at + 2].reshape(-1)
        call = partial(sweep, *rows, None, stale, both, self._history.shape[1])
        done = self._workers.each(call, system.blocks)
        self.change, self.drift, _, self.slip = (sum(part) for part in zip(*done, strict=True))
        self.taken += 1
        if at == 0:  # it changes little from one extrapolation to the next
            self._mass = float(self.shares[:-1] @ self._arriving)

    def _extrapolate(self) -> None:
        """Replace the shares by the mix of the last ones whose differences cancel best."""
        history, blocks = self._history[EVERY - ORDER - 1 :], [block[:2] for block in self._system.blocks]
        found = self._workers.each(partial(gram, history, self._arriving), blocks)
        factors = mix(np.sum(found, axis=0))
        if len(factors):
            self._workers.each(partial(combine, history, factors, self._history[0]), blocks)
        else:
            self._history[0] = self._history[EVERY]
