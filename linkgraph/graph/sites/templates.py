"""The paths to the links around a site's content → a signature by which templates of two sites are compared.

Promises an estimate of the Jaccard similarity of two sets of paths, ids and classes included, that does not depend on
order or batches: MinHash (Broder 1997, On the resemblance and containment of documents). Memory grows with the sites
whose pages were read.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import starts_of_runs

FUNCTIONS = 64
"""Hash functions; the standard error of a similarity of 0.8 is 0.05."""

_RANDOM = np.random.default_rng(64)
_FACTORS = _RANDOM.integers(1, 1 << 32, FUNCTIONS, dtype=np.uint64) | np.uint64(1)
_TERMS = _RANDOM.integers(0, 1 << 32, FUNCTIONS, dtype=np.uint64)


class Templates:
    """The signatures of the sites seen so far.

    Args:
        sites: how many there are.
    """

    def __init__(self, sites: int) -> None:
        self._row = np.full(sites, -1, np.int32)
        self._signatures = np.empty((0, FUNCTIONS), np.uint32)

    def add(self, site: NDArray[np.int32], path: NDArray[np.uint32]) -> None:
        """Take in which site has a link at which path, given by the CRC-32 of its text; shape (n,)."""
        if not len(site):
            return
        pairs = np.unique(site.astype(np.uint64) << np.uint64(32) | path)
        site, path = (pairs >> np.uint64(32)).astype(np.int32), pairs & np.uint64(0xFFFFFFFF)
        starts = starts_of_runs(site)
        hashed = ((path[:, None] * _FACTORS + _TERMS) >> np.uint64(16)).astype(np.uint32)
        self._keep(site[starts], np.minimum.reduceat(hashed, starts))

    def _keep(self, site: NDArray[np.int32], least: NDArray[np.uint32]) -> None:
        fresh = site[self._row[site] < 0]
        self._row[fresh] = np.arange(len(self._signatures), len(self._signatures) + len(fresh))
        unseen = np.full((len(fresh), FUNCTIONS), np.iinfo(np.uint32).max, np.uint32)
        self._signatures = np.concatenate([self._signatures, unseen])
        row = self._row[site]
        self._signatures[row] = np.minimum(self._signatures[row], least)

    def likeness(self, one: NDArray[np.int32], other: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the estimated share of paths that two sites have in common, 0 where no page of one was read."""
        left, right = self._row[one], self._row[other]
        if not len(self._signatures):
            return np.zeros(len(one))
        same: NDArray[np.float64] = (self._signatures[left] == self._signatures[right]).mean(axis=1)
        return np.where((left < 0) | (right < 0), 0.0, same)
