"""Votes with their places on pages → the weight of each pair of nodes under a policy.

Promises the same weights for the same rows in any order: a pair has the weight of its best link, times discounts that
depend on sets. Holds 8 bytes a distinct (page, target) to know which links are site-wide.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse.owned import NOBODY
from linkgraph.graph.collapse.pairs import PairSet, counted, packed, places, turned, unpacked
from linkgraph.graph.collapse.scan import filled, looked_up
from linkgraph.graph.policy import Weighing

LINK_COLUMNS = ("src_url", "zone", "link_density", "ordinal", "anchor", "alt")
"""Columns of the edges table that a weighing reads."""


def link_weights(batch: pa.RecordBatch, weighing: Weighing) -> NDArray[np.float64]:
    """Return how likely each link is followed, by its place alone; in 0 to 1, shape (n,)."""
    weights = looked_up(batch.column("zone"), dict(weighing.zones), 1.0)
    density = pc.fill_null(batch.column("link_density"), 0.0).to_numpy(zero_copy_only=False).astype(np.float64)
    weights *= 1.0 - (1.0 - weighing.crowded) * np.clip(2.0 * density - 1.0, 0.0, 1.0)
    ordinal = pc.fill_null(batch.column("ordinal"), 0).to_numpy(zero_copy_only=False)
    weights /= 1.0 + np.maximum(ordinal, 0) / weighing.halfway
    weights[~(filled(batch.column("anchor")) | filled(batch.column("alt")))] *= weighing.wordless
    return weights


class Relations:
    """What holds between nodes of one level: on how many pages they link."""

    def __init__(self, weighing: Weighing) -> None:
        self._weighing = weighing
        self._pages, self._targets = PairSet(), PairSet()

    def see(self, page: NDArray[np.int32], src: NDArray[np.int32]) -> None:
        """Take in which page lies on which node."""
        self._pages.add(page, src)

    def vote(self, page: NDArray[np.int32], dst: NDArray[np.int32]) -> None:
        """Take in which page votes for which node."""
        self._targets.add(page, dst)

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
        factor[(places(pairs, turned(pairs)) >= 0) & ~owned] *= weighing.reciprocal
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
