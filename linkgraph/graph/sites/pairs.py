"""Links of whole pages → on how many pages of a site each other site is linked, and from where on them.

Promises exact counts whatever the batches, and memory of the distinct pairs of sites. Refuses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import packed, unpacked

_MERGE_AT = 1 << 20
"""Pairs kept unmerged at least: 28 MiB."""


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
        key, turned = packed(self.src, self.dst), packed(self.dst, self.src)
        if not len(key):
            return np.empty(0, np.int64)
        place = np.minimum(np.searchsorted(key, turned), len(key) - 1)
        return np.where(key[place] == turned, place, -1)


class PairCounts:
    """Counts in the making."""

    def __init__(self) -> None:
        self._key, self._counts = np.empty(0, np.int64), np.empty((0, 3), np.int32)
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.int32]]] = []
        self._rows = 0

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
        starts = np.flatnonzero(np.r_[True, (page[1:] != page[:-1]) | (dst[1:] != dst[:-1])])
        once = np.maximum.reduceat(np.stack(on, axis=1)[order].astype(np.int32), starts)
        counts = np.concatenate([np.ones((len(starts), 1), np.int32), once], axis=1)
        self._waiting.append(_summed(packed(src[order][starts], dst[starts]), counts))
        self._rows += len(self._waiting[-1][0])
        if self._rows > max(_MERGE_AT, len(self._key) // 2):
            self._merge()

    def _merge(self) -> None:
        keys, counts = zip((self._key, self._counts), *self._waiting, strict=True)
        self._key, self._counts = _summed(np.concatenate(keys), np.concatenate(counts))
        self._waiting, self._rows = [], 0

    def found(self) -> Pairs:
        """Return what was counted."""
        if self._waiting:
            self._merge()
        src, dst = unpacked(self._key)
        return Pairs(src, dst, *self._counts.T)


def _summed(key: NDArray[np.int64], counts: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    if not len(key):
        return key, counts
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
    return key[starts], np.add.reduceat(counts[order], starts)
