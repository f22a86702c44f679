"""Columns of strings → dense ids, one batch after the other, in compiled loops over their bytes.

Promises exact ids (bytes are compared, not hashes alone), about 30 bytes a name beside its bytes, and no Python
object a name, so that a hundred million names fit. Ids count up in the order of first sight. Refuses more names than
an int32 can number.
"""

from __future__ import annotations

import secrets
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.errors import GraphError
from linkgraph.graph.csr import MAX_NODES
from linkgraph.graph.names import Names
from linkgraph.jit import inlined, kernel

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 / golden ratio, odd: each word spreads over the high bits."""


# Positions are unsigned: a signed index costs a test for counting from the end, and keeps eight byte loads from
# becoming one. Hashing a URL of 58 bytes takes 12 ns so, 90 ns otherwise.
_BYTE = np.uint64(8)


@inlined
def _word(data: Any, place: Any) -> Any:
    """Return the eight bytes from *place* on as one number."""
    word = np.uint64(0)
    for at in range(8):
        word |= np.uint64(data[place + np.uint64(at)]) << np.uint64(8 * at)
    return word


@inlined
def _hash(data: Any, begin: int, end: int, seed: Any) -> Any:
    """Mix eight bytes at a time; the seed keeps crafted URLs from meeting in one slot."""
    place, stop = np.uint64(begin), np.uint64(end)
    mixed = seed ^ (stop - place)
    while place + _BYTE <= stop:
        mixed = (mixed ^ _word(data, place)) * _MULTIPLIER
        mixed ^= mixed >> np.uint64(32)
        place += _BYTE
    rest = np.uint64(0)
    while place < stop:
        rest = (rest << _BYTE) | np.uint64(data[place])
        place += np.uint64(1)
    mixed = (mixed ^ rest) * _MULTIPLIER
    return mixed ^ (mixed >> np.uint64(32))


@inlined
def _same(left: Any, left_begin: int, right: Any, right_begin: int, length: int) -> bool:
    one, other, left_over = np.uint64(left_begin), np.uint64(right_begin), np.uint64(length)
    same = True
    while same and left_over >= _BYTE:
        same = _word(left, one) == _word(right, other)
        one, other, left_over = one + _BYTE, other + _BYTE, left_over - _BYTE
    while same and left_over > np.uint64(0):
        same = left[one] == right[other]
        one, other, left_over = one + np.uint64(1), other + np.uint64(1), left_over - np.uint64(1)
    return same


@inlined
def _slot(data: Any, begin: int, end: int, mixed: Any, table: Any, hashes: Any, offsets: Any, pool: Any) -> Any:
    """Return where the name's id stands in the table, or the free slot where it belongs."""
    mask = np.uint64(len(table) - 1)
    slot = mixed & mask
    searching = True
    while searching and table[slot] >= 0:
        name = table[slot]
        length = offsets[name + 1] - offsets[name]
        if hashes[name] == mixed and length == end - begin and _same(pool, offsets[name], data, begin, length):
            searching = False
        else:
            slot = (slot + np.uint64(1)) & mask
    return slot


@kernel
def _add(starts: Any, data: Any, seed: Any, table: Any, hashes: Any, offsets: Any, pool: Any, count: int) -> Any:
    """Look every name up, appending the new ones; the caller has made room for all of them."""
    ids = np.empty(len(starts) - 1, np.int32)
    before, length_before = starts[0], -1
    for row in range(len(ids)):
        begin, end = starts[row], starts[row + 1]
        length = end - begin
        # Rows of one page stand together: the name before is often this one.
        if length == length_before and _same(data, before, data, begin, length):
            ids[row] = ids[row - 1]
        else:
            mixed = _hash(data, begin, end, seed)
            slot = _slot(data, begin, end, mixed, table, hashes, offsets, pool)
            if table[slot] < 0:
                table[slot] = count
                hashes[count] = mixed
                offsets[count + 1] = offsets[count] + length
                for at in range(length):
                    pool[offsets[count] + at] = data[begin + at]
                count += 1
            ids[row] = table[slot]
        before, length_before = begin, length
    return ids, count


@kernel
def _find(starts: Any, data: Any, seed: Any, table: Any, hashes: Any, offsets: Any, pool: Any) -> Any:
    ids = np.empty(len(starts) - 1, np.int32)
    for row in range(len(ids)):
        begin, end = starts[row], starts[row + 1]
        mixed = _hash(data, begin, end, seed)
        ids[row] = table[_slot(data, begin, end, mixed, table, hashes, offsets, pool)]
    return ids


@kernel
def _fill(table: Any, hashes: Any, count: int) -> None:
    mask = np.uint64(len(table) - 1)
    for name in range(count):
        slot = hashes[name] & mask
        while table[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        table[slot] = name


def _grown(array: NDArray[Any], needed: int) -> NDArray[Any]:
    if needed <= len(array):
        return array
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


class Interner:
    """A growing dictionary of strings: name ↔ id.

    Columns come in as Arrow lays them out: `starts`, int64 of length n + 1, and the UTF-8 bytes that they cut.
    """

    def __init__(self) -> None:
        self._seed = np.uint64(secrets.randbits(64))
        self._count = 0
        self._table = np.full(1024, -1, np.int32)
        self._hashes = np.empty(512, np.uint64)
        self._offsets = np.zeros(513, np.int64)
        self._pool = np.empty(1 << 14, np.uint8)

    @classmethod
    def of(cls, names: Names) -> Interner:
        """Return an interner whose ids are the nodes of *names*."""
        interner = cls()
        interner.add(np.asarray(names.offsets), np.asarray(names.data))
        return interner

    def __len__(self) -> int:
        return self._count

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each name begins in `data`; length n + 1."""
        return self._offsets[: self._count + 1]

    @property
    def data(self) -> NDArray[np.uint8]:
        """The bytes of all names, in the order of their ids."""
        return self._pool[: self._offsets[self._count]]

    def _make_room(self, names: int, size: int) -> None:
        if names > MAX_NODES:
            raise GraphError(f"more than {MAX_NODES} names; a graph cannot number them")
        self._hashes = _grown(self._hashes, names)
        self._offsets = _grown(self._offsets, names + 1)
        self._pool = _grown(self._pool, size)
        if 2 * names > len(self._table):
            self._table = np.full(1 << (2 * names - 1).bit_length(), -1, np.int32)
            _fill(self._table, self._hashes, self._count)

    def add(self, starts: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the id of each name, giving the next ids to new ones; shape (n,).

        Raises:
            GraphError: more names than an int32 can number.
        """
        self._make_room(self._count + len(starts) - 1, int(self._offsets[self._count] + starts[-1] - starts[0]))
        ids, self._count = _add(
            starts, data, self._seed, self._table, self._hashes, self._offsets, self._pool, self._count
        )
        found: NDArray[np.int32] = ids
        return found

    def find(self, starts: NDArray[np.int64], data: NDArray[np.uint8]) -> NDArray[np.int32]:
        """Return the id of each name, -1 for a name that was never added; shape (n,)."""
        found: NDArray[np.int32] = _find(starts, data, self._seed, self._table, self._hashes, self._offsets, self._pool)
        return found
