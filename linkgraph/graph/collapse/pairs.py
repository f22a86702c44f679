"""Many (source, target) pairs of ids, with repeats → the distinct ones, sorted, and what was said of each.

Promises memory of the distinct pairs times a small constant, however many are added: 8 bytes a pair and its values,
sorted and merged whenever the unsorted ones outgrow half of the sorted.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from linkgraph.jit import kernel

_MERGE_AT = 1 << 22
"""Pairs kept unsorted at least: 32 MiB, sorted in a third of a second."""
_MERGE_VALUES_AT = 1 << 20
"""The same of pairs with values: they are sorted by way of an order, which takes four times as long."""

_LOW = np.int64(0xFFFFFFFF)


def packed(src: NDArray[np.int32], dst: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return pairs as one int64 each, the source in the high half, so that they sort by source and target."""
    return (src.astype(np.int64) << 32) | dst.astype(np.int64)


def unpacked(pairs: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the sources and the targets of packed pairs."""
    return (pairs >> 32).astype(np.int32), (pairs & _LOW).astype(np.int32)


@kernel
def cast(src: Any, dst: Any, landed: Any, landing: Any, counted: Any, pages: Any, weights: Any) -> Any:
    """Return what the counted links of a batch say of two different nodes, in one pass.

    Args:
        src: node that each link stands on.
        dst: node that it leads to.
        landed: the fold that its target falls under, -1 for none.
        landing: node that each fold leads to.
        counted: which links count.
        pages: page that each link stands on; or None.
        weights: what each link weighs; or None.

    Returns:
        packed pairs of source and target; of page and target; weights; the last two empty where there are none.
    """
    most, size = 0, 0
    for row in range(len(counted)):
        most += counted[row]
    pairs = np.empty(most, np.int64)
    on, worth = np.empty(0 if pages is None else most, np.int64), np.empty(0 if weights is None else most)
    for row in range(len(counted)):
        if counted[row]:
            node = dst[row] if landed[row] < 0 else landing[landed[row]]
            if src[row] != node:
                pairs[size] = (np.int64(src[row]) << np.int64(32)) | np.int64(node)
                if pages is not None:
                    on[size] = (np.int64(pages[row]) << np.int64(32)) | np.int64(node)
                if weights is not None:
                    worth[size] = weights[row]
                size += 1
    return pairs[:size], on[:size], worth[:size]


def turned(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each packed pair with its source and target exchanged."""
    src, dst = unpacked(pairs)
    return packed(dst, src)


def places(pairs: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where each wanted pair stands among distinct, ascending ones; -1 where it does not."""
    if not len(pairs):
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    return np.where(pairs[place] == wanted, place, -1)


def starts_of_runs(*keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return where a run of equal keys begins in sorted arrays of equal length."""
    fresh = np.ones(len(keys[0]), bool)
    fresh[1:] = False
    for key in keys:
        fresh[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(fresh)


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the distinct values, ascending; sorts in place. `numpy.unique` hashes, which is slower here."""
    values.sort()
    fresh = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=fresh[1:])
    return values[fresh]


def counted(values: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct values, ascending, and how often each stands there; sorts in place."""
    values.sort()
    starts = starts_of_runs(values)
    return values[starts], np.diff(starts, append=len(values))


def sharing(held: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return the pairs of nodes, both ways and each with itself, that have a thing in common; a pair once a thing.

    Args:
        held: distinct (thing, node) pairs, ascending.
        most: nodes that have a thing at most: beyond that it says nothing.
    """
    thing, node = unpacked(held)
    groups = (group for group in np.split(node, starts_of_runs(thing)[1:]) if 1 < len(group) <= most)
    found = [packed(np.repeat(group, len(group)), np.tile(group, len(group))) for group in groups]
    return np.concatenate([np.empty(0, np.int64), *found])


class PairSet:
    """A set of packed pairs that grows batch by batch."""

    def __init__(self) -> None:
        self._sorted = np.empty(0, np.int64)
        self._waiting: list[NDArray[np.int64]] = []
        self._count = 0

    def add(self, src: NDArray[np.int32], dst: NDArray[np.int32]) -> None:
        """Take in the pairs of one batch."""
        self.take(packed(src, dst))

    def take(self, pairs: NDArray[np.int64]) -> None:
        """Take in packed pairs, which are sorted in place."""
        fresh = distinct(pairs)
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


_Value = TypeVar("_Value", bound=np.generic)


class PairValues(Generic[_Value]):
    """A value, or a row of values, of each pair; what is said of one pair more than once is joined.

    Args:
        join: how, whatever the order: `numpy.maximum`, `numpy.add`.
        none: the values of no pairs, for their dtype and shape; shape (0, …).
    """

    def __init__(self, join: np.ufunc, none: NDArray[_Value]) -> None:
        self._join = join
        self._pairs, self._values = np.empty(0, np.int64), none
        self._waiting: list[tuple[NDArray[np.int64], NDArray[_Value]]] = []
        self._count = 0

    def add(self, src: NDArray[np.int32], dst: NDArray[np.int32], values: NDArray[_Value]) -> None:
        """Take in what one batch says of its pairs."""
        self.take(packed(src, dst), values)

    def take(self, pairs: NDArray[np.int64], values: NDArray[_Value]) -> None:
        """Take in what is said of packed pairs."""
        self._waiting.append(self._joined(pairs, values))
        self._count += len(self._waiting[-1][0])
        if self._count > max(_MERGE_VALUES_AT, len(self._pairs) // 2):
            self._merge()

    def _joined(self, pairs: NDArray[np.int64], values: NDArray[_Value]) -> tuple[NDArray[np.int64], NDArray[_Value]]:
        if not len(pairs):
            return pairs, values
        order = np.argsort(pairs)  # in whatever order equal ones come: joining does not mind
        pairs = pairs[order]
        starts = starts_of_runs(pairs)
        return pairs[starts], self._join.reduceat(values[order], starts)

    def _merge(self) -> None:
        pairs, values = zip((self._pairs, self._values), *self._waiting, strict=True)
        self._pairs, self._values = self._joined(np.concatenate(pairs), np.concatenate(values))
        self._waiting, self._count = [], 0

    def found(self) -> tuple[NDArray[np.int64], NDArray[_Value]]:
        """Return the distinct pairs, ascending, and the value of each."""
        if self._waiting:
            self._merge()
        return self._pairs, self._values
