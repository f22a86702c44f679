"""Columns that say the same words many times over ↔ their numbers, the same in every batch.

Promises 4 bytes a row in memory and on the disk, whatever the words are; and one copy of each word beside names that
are held anyway. Refuses nulls.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.graph.collapse.scan import ids_of, of_codes
from linkgraph.graph.intern import Interner


class Words:
    """The words of one column, numbered as they come.

    Args:
        known: names that are held anyway; it is not added to, and nobody adds to it meanwhile.
    """

    def __init__(self, known: Interner | None = None) -> None:
        self._known, self._others = known or Interner(), Interner()

    def codes(self, column: pa.Array) -> NDArray[np.int32]:
        """Return the number of each word of a column, dictionary-coded or not; shape (n,)."""
        if not len(self._known):
            return ids_of(self._others.add, column)
        found = ids_of(self._known.find, column)
        strange = np.flatnonzero(found < 0)
        if len(strange):
            found[strange] = len(self._known) + ids_of(self._others.add, column.take(pa.array(strange)))
        return found

    def column(self, codes: NDArray[np.int32]) -> pa.DictionaryArray:
        """Return the words of some numbers, coded; every word of the dictionary is used."""
        split = len(self._known)
        held = np.zeros(split + len(self._others), bool)
        held[codes] = True
        place = np.cumsum(held, dtype=np.int32) - np.int32(1)
        words = [
            _array(self._known).filter(pa.array(held[:split])),
            _array(self._others).filter(pa.array(held[split:])),
        ]
        return pa.DictionaryArray.from_arrays(pa.array(of_codes(place, codes)), pa.concat_arrays(words))


def _array(names: Interner) -> pa.LargeStringArray:
    return pa.LargeStringArray.from_buffers(len(names), pa.py_buffer(names.offsets), pa.py_buffer(names.data))
