"""Links of whole pages → on how many pages of a site each other site is linked, and from where on them.

Promises exact counts whatever the batches, and memory of the distinct pairs of sites. Refuses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import PairValues, packed, places, starts_of_runs, unpacked


@dataclass(frozen=True, slots=True)
class Pairs:
    """Who links to whom, ascending by source and target; every array has shape (m,)."""

    src: NDArray[np.int32]
    dst: NDArray[np.int32]
    pages: NDArray[np.int32]
    """Pages of the source with a hyperlink to the target."""
    frame: NDArray[np.int32]
    """Those on which one stands in what surrounds the content: menu, header, footer."""
    listed: NDArray[np.int32]
    """Those on which one stands in a list, beside the content or around it."""

    def reverse(self) -> NDArray[np.int64]:
        """Return the place of each pair's reverse; -1 where the target does not link back."""
        return places(packed(self.src, self.dst), packed(self.dst, self.src))


class PairCounts:
    """Counts in the making."""

    def __init__(self) -> None:
        self._counts = PairValues(np.add, np.empty((0, 3), np.int32))

    def add(
        self, page: NDArray[np.int64], src: NDArray[np.int32], dst: NDArray[np.int32], *on: NDArray[np.bool_]
    ) -> None:
        """Take in the links of whole pages.

        Args:
            page: a number for the page of each link, equal for links of one page only; shape (n,).
            src: the site of the page.
            dst: another site, that is linked.
            on: whether the link stands in the frame, and whether it is listed.
        """
        if not len(page):
            return
        order = np.lexsort((dst, page))
        page, dst = page[order], dst[order]
        starts = starts_of_runs(page, dst)
        once = np.maximum.reduceat(np.stack(on, axis=1)[order].astype(np.int32), starts)
        counts = np.concatenate([np.ones((len(starts), 1), np.int32), once], axis=1)
        self._counts.add(src[order][starts], dst[starts], counts)

    def found(self) -> Pairs:
        """Return what was counted."""
        pairs, counts = self._counts.found()
        return Pairs(*unpacked(pairs), *counts.T)
