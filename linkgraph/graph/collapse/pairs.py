"""Many (source, target) pairs of ids, with repeats → the distinct ones, sorted.

Promises memory of the distinct pairs times a small constant, however many are added: 8 bytes a pair, sorted and
merged whenever the unsorted ones outgrow half of the sorted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MERGE_AT = 1 << 22
"""Pairs kept unsorted at least: 32 MiB, sorted in a third of a second."""

_LOW = np.int64(0xFFFFFFFF)


def packed(src: NDArray[np.int32], dst: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return pairs as one int64 each, the source in the high half, so that they sort by source and target."""
    return (src.astype(np.int64) << 32) | dst.astype(np.int64)


def unpacked(pairs: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the sources and the targets of packed pairs."""
    return (pairs >> 32).astype(np.int32), (pairs & _LOW).astype(np.int32)


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct values, ascending; sorts in place. `numpy.unique` hashes, which is slower here."""
    values.sort()
    fresh = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=fresh[1:])
    return values[fresh]


class PairSet:
    """A set of packed pairs that grows batch by batch."""

    def __init__(self) -> None:
        self._sorted = np.empty(0, np.int64)
        self._waiting: list[NDArray[np.int64]] = []
        self._count = 0

    def add(self, src: NDArray[np.int32], dst: NDArray[np.int32]) -> None:
        """Take in the pairs of one batch."""
        fresh = distinct(packed(src, dst))
        self._waiting.append(fresh)
        self._count += len(fresh)
        if self._count > max(_MERGE_AT, len(self._sorted) // 2):
            self._merge()

    def _merge(self) -> None:
        self._sorted = distinct(np.concatenate([self._sorted, *self._waiting]))
        self._waiting, self._count = [], 0

    def pairs(self) -> NDArray[np.int64]:
        """Return the distinct pairs, ascending."""
        if self._waiting:
            self._merge()
        return self._sorted
