"""Votes with their places on pages → the weight of each pair of nodes under a policy.

Promises the same weights for the same rows in any order: a pair has the weight of its best link, times discounts that
depend on sets. Holds 8 bytes a distinct (page, target) to know which links are site-wide.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse.owned import NOBODY
from linkgraph.graph.collapse.pairs import PairSet, counted, packed, places, starts_of_runs, turned, unpacked
from linkgraph.graph.collapse.scan import filled, looked_up
from linkgraph.graph.policy import Weighing
from linkgraph.jit import kernel

LINK_COLUMNS = ("src_url", "zone", "link_density", "ordinal", "anchor", "alt")
"""Columns of the edges table that a weighing reads."""


def link_weights(batch: pa.RecordBatch, weighing: Weighing) -> NDArray[np.float64]:
    """Return how likely each link is followed, by its place alone; in 0 to 1, shape (n,)."""
    weights = looked_up(batch.column("zone"), dict(weighing.zones), 1.0)
    density = pc.fill_null(batch.column("link_density"), 0.0).to_numpy(zero_copy_only=False)
    ordinal = pc.fill_null(batch.column("ordinal"), 0).to_numpy(zero_copy_only=False)
    worded = filled(batch.column("anchor")) | filled(batch.column("alt"))
    _weigh(weights, density, ordinal, worded, 1.0 - weighing.crowded, weighing.halfway, weighing.wordless)
    return weights


@kernel
def _weigh(
    weights: Any, density: Any, ordinal: Any, worded: Any, crowding: float, halfway: int, wordless: float
) -> None:
    for row in range(len(weights)):
        crowd: Any = 2.0 * np.float64(density[row]) - 1.0
        if crowd < 0.0:
            crowd = 0.0
        elif crowd > 1.0:
            crowd = 1.0
        weight = weights[row] * (1.0 - crowding * crowd) / (1.0 + max(ordinal[row], 0) / halfway)
        weights[row] = weight if worded[row] else weight * wordless


class Relations:
    """What holds between nodes of one level: on how many pages they link."""

    def __init__(self, weighing: Weighing) -> None:
        self._weighing = weighing
        self._pages, self._targets = PairSet(), PairSet()

    def see(self, page: NDArray[np.int32], src: NDArray[np.int32]) -> None:
        """Take in which page lies on which node."""
        first = starts_of_runs(page, src)  # links of one page stand together
        self._pages.add(page[first], src[first])

    def vote(self, targets: NDArray[np.int64]) -> None:
        """Take in which page votes for which node, as packed pairs."""
        self._targets.take(targets)

    def discounts(self, pairs: NDArray[np.int64], owner: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the factor of each of the distinct, ascending pairs (source, target).

        Args:
            pairs: of nodes.
            owner: a number for the owner of each node, `NOBODY` for none; shape (n,).
        """
        weighing, factor = self._weighing, np.ones(len(pairs))
        src, dst = unpacked(pairs)
        owned = (owner[src] == owner[dst]) & (owner[src] != NOBODY)
        factor[self._sitewide(pairs)] *= weighing.sitewide
        # Pairs that are returned are those among the turned ones, which are sorted since that is the faster search.
        factor[(places(np.sort(turned(pairs)), pairs) >= 0) & ~owned] *= weighing.reciprocal
        factor[owned] *= weighing.same_owner
        return factor

    def _sitewide(self, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which pairs stand on most pages of their source."""
        page, node = unpacked(self._pages.pairs())
        node_of = np.zeros(page.max() + 1, np.int32)
        node_of[page] = node
        pages_of = np.bincount(node)
        voting, target = unpacked(self._targets.pairs())
        seen, pages = counted(packed(node_of[voting], target))
        place = places(seen, pairs)
        on = np.where(place >= 0, pages[place], 0)
        least = np.maximum(self._weighing.sitewide_pages, self._weighing.sitewide_share * pages_of[unpacked(pairs)[0]])
        often: NDArray[np.bool_] = on >= least
        return often
