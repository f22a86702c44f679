"""A column of texts → its bytes, and where each text begins and ends in them, as compiled loops read them.

Promises the column's own memory, not a copy of it. A text that is null is empty. Refuses columns that hold no texts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.int64]


class Texts(NamedTuple):
    """Texts in UTF-8."""

    source: npt.NDArray[np.uint8]
    begins: Numbers
    ends: Numbers

    @property
    def size(self) -> int:
        """The bytes of all."""
        return int((self.ends - self.begins).sum())

    @property
    def longest(self) -> int:
        """The bytes of the longest."""
        return int((self.ends - self.begins).max(initial=0))


def texts_of(column: pa.Array | pa.ChunkedArray) -> Texts:
    """Return the texts of a column of strings, large strings, or numbers of such."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    _, places, letters = array.buffers()
    width = np.int64 if pa.types.is_large_string(array.type) else np.int32
    offsets = np.frombuffer(places, width)[array.offset : array.offset + len(array) + 1].astype(np.int64)
    ends = offsets[1:]
    if array.null_count:
        ends = np.where(array.is_valid().to_numpy(zero_copy_only=False), ends, offsets[:-1])
    return Texts(np.frombuffer(letters if letters is not None else b"", np.uint8), offsets[:-1], ends)
