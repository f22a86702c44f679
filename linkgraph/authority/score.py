"""PageRank → authority, 0 to 100 on a logarithmic scale, and positions.

Promises numbers that can be compared between builds: 0 is a domain without votes, each factor of 10 in rank is worth
100 / 7 points, and neither the size of the data set nor its best domain moves the scale. `docs/authority.md` derives
the formula.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linkgraph.authority.pagerank import PageRank

DECADES = 7
"""Factors of 10 between 0 and 100: on a web of 120 million domains, 10^7 units are 5 % of all rank."""


def authority(ranks: PageRank) -> NDArray[np.float64]:
    """Return the authority of each node: 100 / 7 * log10(score / unit), held within 0 to 100; shape (n,).

    A node without votes has exactly 0. Where the teleport vector is not uniform the unit is its smallest floor; where
    that is 0 no scale is defined, and every node has 0.
    """
    if ranks.unit <= 0:
        return np.zeros(len(ranks.scores))
    votes = np.maximum(ranks.scores / ranks.unit, 1.0)
    scaled: NDArray[np.float64] = np.minimum(100.0 / DECADES * np.log10(votes), 100.0)
    return scaled


def positions(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return 1 + the number of nodes with a strictly higher score, shape (n,): equals share the better position."""
    ascending = np.sort(scores)
    return len(scores) - np.searchsorted(ascending, scores, side="right") + 1
