"""Shares that a sweep left → the ranks of all nodes, and how far from the stationary vector they are at most.

What a sweep leaves misses the equations by just the votes that it read before they changed. That bounds the error
without a step of the power method, for one block that is swept in place and for several alike. Promises a bound that
covers rounding too, and the same bits on every run. Trusts that no share is below zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.jit import kernel

BLOCK = 64
"""Ranks that are added up plainly; blocks of them are added with compensation (Kahan 1965)."""


@kernel
def error_of(change: float, drift: float, total: float, alpha: float) -> float:
    """Return the most that the L1 error of y / sum y is, if a sweep left y.

    y misses the solution of y = a P^T y + (1 - a) v by r, what the votes would add that the sweep read before they
    changed: |r| <= a * change, sum r = a * drift. Each link that the surfer follows shrinks r - (sum r) v by a, and
    neither it nor what becomes of it has a sum; (sum r) v moves y along the solution, which scaling takes back. So
    (|r| + |sum r|) / ((1 - a) sum y) is no less than the error.

    Args:
        change: sum of what the share of each voter changed by, without sign, times the weight of its votes that were
            read before.
        drift: the same with signs.
        total: sum y, or an estimate.
        alpha: damping factor.
    """
    return alpha * (change + abs(drift)) / ((1.0 - alpha) * total) if total > 0.0 else np.inf


@kernel
def rounding_of(length: float, slip: float, alpha: float) -> float:
    """Return what rounding adds to that.

    Of a row, half is added up in each of two sums, and counts once for |r| and once for sum r; a row of dangling rank
    in one, but from there nothing goes on.

    Args:
        length: votes of the longest row, or of the mean row, each weighed by its rank.
        slip: for rows whose sum was carried on from others, the entries read since times the largest sum; over sum y.
        alpha: damping factor.
    """
    return ((length + 2.0 * alpha * slip + 16) / (1.0 - alpha) + BLOCK + 16) * 2.0**-53


@kernel
def ranks_of(
    indptr: Any, indices: Any, weights: Any, place: Any, shares: Any, strength: Any, teleport: Any, alpha: float,
    ranks: Any, begin: int, end: int,
) -> Any:  # fmt: skip
    """Write y of the nodes from begin to end; return its sum, and the sum of each times the length of its row.

    Args:
        indptr: backlinks, n rows.
        indices: see there.
        weights: see there; or None.
        place: shape (n,), the row of each node in *shares*, k for those that do not vote.
        shares: shape (k + 1,), the last is 0.
        strength: shape (n,), the weight of each node's votes before discounts.
        teleport: shape (n,), or (1,) where it is the same for all.
        alpha: damping factor.
        ranks: shape (n,), what is written.
        begin: first node.
        end: the one after the last.
    """
    total, lost, long, votes = 0.0, 0.0, 0.0, len(shares) - 1
    for first in range(begin, end, BLOCK):
        block = 0.0
        for node in range(first, min(first + BLOCK, end)):
            row, edge, last = place[node], np.uint64(indptr[node]), np.uint64(indptr[node + 1])
            length = last - edge
            if row < votes:
                rank = shares[row] * strength[node]
            else:
                gathered = 0.0
                while edge < last:
                    gathered += shares[place[indices[edge]]] * (1.0 if weights is None else weights[edge])
                    edge += np.uint64(1)
                rank = alpha * gathered + (1.0 - alpha) * teleport[node if len(teleport) > 1 else 0]
            ranks[node] = rank
            block += rank
            long += rank * length
        added = block - lost
        larger = total + added
        lost = (larger - total) - added
        total = larger
    return total, long
