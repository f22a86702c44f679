"""Votes with their places on pages → the weight of each pair of nodes under a policy.

Promises the same weights for the same rows in any order: a pair has the weight of its best link, times discounts that
depend on sets. Holds 8 bytes a distinct (page, target) to know which links are site-wide.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import PairSet, counted, packed, places, sharing, turned, unpacked
from linkgraph.graph.collapse.scan import filled, looked_up
from linkgraph.graph.policy import Weighing

LINK_COLUMNS = ("src_url", "zone", "link_density", "ordinal", "anchor", "alt")
"""Columns of the edges table that a weighing reads."""

_OWNER_DOMAINS = 50
"""Domains that share an id at most: beyond that it is the id of a service and not of an owner."""


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
    """What holds between nodes of one level: how often they link, and who owns them."""

    def __init__(self, weighing: Weighing) -> None:
        self._weighing = weighing
        self._pages, self._targets, self._framed, self._owners = PairSet(), PairSet(), PairSet(), PairSet()

    def see(self, page: NDArray[np.int32], src: NDArray[np.int32]) -> None:
        """Take in which page lies on which node."""
        self._pages.add(page, src)

    def vote(self, page: NDArray[np.int32], dst: NDArray[np.int32], framed: NDArray[np.bool_]) -> None:
        """Take in which page votes for which node, and whether from its frame."""
        self._targets.add(page, dst)
        self._framed.add(page[framed], dst[framed])

    def own(self, node: NDArray[np.int32], owner: NDArray[np.int32]) -> None:
        """Take in which node carries which owner's id."""
        self._owners.add(owner, node)

    def discounts(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the factor of each of the distinct, ascending pairs (source, target)."""
        weighing, factor = self._weighing, np.ones(len(pairs))
        sitewide, framed = self._sitewide(pairs, self._targets), self._sitewide(pairs, self._framed)
        back = places(pairs, turned(pairs))
        returned = back >= 0
        owned = np.isin(pairs, sharing(self._owners.pairs(), _OWNER_DOMAINS)) | (returned & framed & framed[back])
        factor[sitewide] *= weighing.sitewide
        factor[returned & ~owned] *= weighing.reciprocal
        factor[owned] *= weighing.same_owner
        return factor

    def _sitewide(self, pairs: NDArray[np.int64], targets: PairSet) -> NDArray[np.bool_]:
        """Return which pairs stand on most pages of their source, going by the votes in *targets*."""
        page, node = unpacked(self._pages.pairs())
        if not len(targets.pairs()) or not len(pairs):
            return np.zeros(len(pairs), bool)
        node_of = np.zeros(page.max() + 1, np.int32)
        node_of[page] = node
        pages_of = np.bincount(node)
        voting, target = unpacked(targets.pairs())
        seen, pages = counted(packed(node_of[voting], target))
        place = places(seen, pairs)
        on = np.where(place >= 0, pages[place], 0)
        least = np.maximum(self._weighing.sitewide_pages, self._weighing.sitewide_share * pages_of[unpacked(pairs)[0]])
        often: NDArray[np.bool_] = on >= least
        return often
