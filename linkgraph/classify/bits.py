"""Words of bits → columns of yes and no.

Promises one pass over a matrix that is there already. Refuses more than 64 columns at once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from linkgraph.jit import kernel


class Bits(NamedTuple):
    """Columns of yes and no, as the lowest bits of a word a row."""

    words: npt.NDArray[np.uint64]
    width: int


def joined(parts: list[Bits | npt.NDArray[np.bool_]], out: npt.NDArray[np.bool_]) -> int:
    """Write columns beside each other into a matrix that is contiguous; return how many they are."""
    begin = 0
    for part in parts:
        if isinstance(part, Bits):
            end = begin + part.width
            _unpack(part.words, begin, end, out)
        else:
            end = begin + part.shape[1]
            out[:, begin:end] = part
        begin = end
    return begin


@kernel
def _unpack(words: Any, begin: Any, end: Any, out: Any) -> None:
    for row in range(out.shape[0]):
        word = words[row]
        for column in range(begin, end):
            out[row, column] = word >> np.uint64(column - begin) & np.uint64(1) != 0
