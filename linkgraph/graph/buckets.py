"""Edges spread over buckets of rows that fit a core's cache → each bucket's rows in order, in compiled loops.

Within a bucket two bytes, the *tag*, tell an edge's row: an edge is 6 bytes in the making. Promises results that
depend on the order of the edges alone. Trusts its input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.stores import Columns
from linkgraph.jit import kernel

_TAG_BITS = 16

_MOST = 1024
"""Buckets at most, where two bytes a tag allow it: about as many pages as a core translates without a walk."""

_EDGES = 1 << 16
"""Edges that a bucket should hold: their sort keys, 8 bytes each, stay in a core's own cache."""

_KEY_BITS = 63
"""Bits of a sort key."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How rows are cut into buckets: 2^shift rows each."""

    shift: int
    buckets: int

    @classmethod
    def of(cls, rows: int, edges: int) -> Cut:
        """Return the cut for a graph of some size."""
        wanted = min(max(edges // _EDGES, 1), _MOST)
        last = max(rows - 1, 0)
        shift = min(_TAG_BITS, max((last // wanted).bit_length(), 0))
        return cls(shift, (last >> shift) + 1)


@kernel
def count(keys: Any, shift: int, counts: Any) -> None:
    """Add to `counts` how many keys fall into each bucket."""
    for edge in range(len(keys)):
        counts[np.uint64(keys[edge]) >> np.uint64(shift)] += 1


@kernel
def spread(
    keys: Any, values: Any, weights: Any, shift: int, low: int, fill: Any, tags: Any, columns: Any, moved: Any
) -> None:
    """Put the edges of the buckets from `low` on, `len(fill)` of them, where `fill` says, and move it on."""
    mask = (np.uint64(1) << np.uint64(shift)) - np.uint64(1)
    for edge in range(len(keys)):
        key = np.uint64(keys[edge])
        bucket = (key >> np.uint64(shift)) - np.uint64(low)  # below `low` it wraps round to a large number
        if bucket < np.uint64(len(fill)):
            place = np.uint64(fill[bucket])
            fill[bucket] += 1
            tags[place] = key & mask
            columns[place] = values[edge]
            if weights is not None:
                moved[place] = weights[edge]


@kernel
def spread_rows(
    indptr: Any, keys: Any, weights: Any, begin: int, end: int, shift: int, low: int, fill: Any, tags: Any,
    columns: Any, moved: Any,
) -> None:  # fmt: skip
    """The same for the edges `begin` to `end` of rows that are read the other way: the value is the row."""
    mask = (np.uint64(1) << np.uint64(shift)) - np.uint64(1)
    row = np.searchsorted(indptr, begin, side="right") - 1
    for edge in range(begin, end):
        while indptr[row + 1] <= edge:
            row += 1
        key = np.uint64(keys[edge])
        bucket = (key >> np.uint64(shift)) - np.uint64(low)
        if bucket < np.uint64(len(fill)):
            place = np.uint64(fill[bucket])
            fill[bucket] += 1
            tags[place] = key & mask
            columns[place] = row
            if weights is not None:
                moved[place] = weights[edge]


@kernel
def _emit(packed: Any, weights: Any, bits: int, columns: Any, moved: Any, counts: Any) -> int:
    """Write sorted edges to the front of the bucket, equal ones as one; returns how many there are then."""
    mask = (np.int64(1) << bits) - 1
    last, kept = np.int64(-1), 0
    for edge in range(len(packed)):
        if packed[edge] == last:
            if weights is not None:
                moved[kept - 1] += weights[edge]
            continue
        last = packed[edge]
        columns[kept] = last & mask
        counts[last >> bits] += 1
        if weights is not None:
            moved[kept] = weights[edge]
        kept += 1
    return kept


def merged(tags: NDArray[np.uint16], edges: Columns, nodes: int, counts: NDArray[np.int64]) -> int:
    """Sort one bucket by row and neighbour in place, equal edges as one whose weights are added in their order.

    Args:
        tags: shape (m,), the row of each edge within the bucket.
        edges: shape (m,), neighbours and weights.
        nodes: n; neighbours are below it.
        counts: where the edges of each row are counted.

    Returns:
        How many edges are left; they stand at the front.
    """
    columns, moved = edges
    bits = max(nodes - 1, 1).bit_length()
    packed = tags.astype(np.int64)
    packed <<= bits
    packed |= columns
    if moved is None:
        packed.sort()
        return int(_emit(packed, None, bits, columns, None, counts))
    packed, weights = _sorted(packed, moved, bits + _TAG_BITS)
    return int(_emit(packed, weights, bits, columns, moved, counts))


def _sorted(
    packed: NDArray[np.int64], weights: NDArray[np.float64], bits: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Sort edges and their weights, stably; `bits` tells how large `packed` may be.

    With its place in the lowest bits an edge is a number that a plain sort orders stably: 10 ns an edge, where a
    stable sort of places takes 150.
    """
    place = max(len(packed) - 1, 1).bit_length()
    if bits + place > _KEY_BITS:
        order = np.argsort(packed, kind="stable")
        return packed[order], weights[order]
    packed <<= place
    packed |= np.arange(len(packed))
    packed.sort()
    order = packed & ((1 << place) - 1)
    packed >>= place
    return packed, weights[order]


@kernel
def placed(tags: Any, columns: Any, moved: Any, counts: Any) -> None:
    """Put the edges of one bucket in the order of their rows, in place; within a row they stay as they are."""
    for edge in range(len(tags)):
        counts[tags[edge]] += 1
    starts = np.empty(len(counts), np.int64)
    start = 0
    for row in range(len(counts)):
        starts[row] = start
        start += counts[row]
    ordered = np.empty(len(tags), np.int32)
    weights = np.empty(len(tags) if moved is not None else 0)
    for edge in range(len(tags)):
        row = tags[edge]
        place = np.uint64(starts[row])
        starts[row] += 1
        ordered[place] = columns[edge]
        if moved is not None:
            weights[place] = moved[edge]
    columns[:] = ordered
    if moved is not None:
        moved[:] = weights
