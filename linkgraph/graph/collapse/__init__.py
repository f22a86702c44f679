"""Links → one weighted graph a level (domain, host, page) under a vote policy.

Promises one edge of weight 1 a pair of nodes, whatever the number of links behind it; every node that a link or page
names, voted for or not; and the same graph for the same rows in any order. Reads the edges batch by batch: memory
grows with distinct names and pairs, not with rows. Refuses an unknown level.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.errors import UsageError
from linkgraph.graph.collapse.fold import Folds, read_folds
from linkgraph.graph.collapse.pairs import PairSet, packed, unpacked
from linkgraph.graph.collapse.scan import Scan, among, mask, utf8
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.intern import Interner
from linkgraph.graph.names import Names
from linkgraph.graph.policy import LEVELS, VotePolicy


def votes(batch: pa.RecordBatch, policy: VotePolicy) -> NDArray[np.bool_]:
    """Return which rows of the edges table are votes under *policy*, before folding; shape (n,).

    Args:
        batch: with the columns kind and those that the policy refuses.
        policy: what counts.
    """
    counted = among(batch.column("kind"), policy.kinds)
    for column in policy.refuses:
        counted &= ~mask(batch.column(column))
    return counted


class _Level:
    """One graph in the making."""

    def __init__(self, column: str, folds: Folds) -> None:
        self.column = column
        self._names = Interner()
        self._pairs = PairSet()
        landing = folds.targets.column(column).combine_chunks()
        self._landing = self._names.add(*utf8(landing))

    def see(self, names: pa.Array) -> NDArray[np.int32]:
        return self._names.add(*utf8(names))

    def vote(self, src: NDArray[np.int32], dst: NDArray[np.int32], landed: NDArray[np.int32]) -> None:
        """Take in votes; `landed` is the fold that a vote's target falls under, -1 for none."""
        folded = landed >= 0
        dst = dst.copy()
        dst[folded] = self._landing[landed[folded]]
        apart = src != dst
        self._pairs.add(src[apart], dst[apart])

    def graph(self) -> LinkGraph:
        """Return the graph with its nodes in the byte order of their names: neighbours in the web are near in it."""
        offsets, data = self._names.offsets, self._names.data
        names = pa.LargeStringArray.from_buffers(len(self._names), pa.py_buffer(offsets), pa.py_buffer(data))
        order = pc.sort_indices(names).to_numpy()
        node = np.empty(len(order), np.int32)
        node[order] = np.arange(len(order), dtype=np.int32)
        src, dst = unpacked(self._pairs.pairs())
        src, dst = unpacked(np.sort(packed(node[src], node[dst])))
        in_order = Names(*utf8(names.take(pa.array(order))))
        return LinkGraph.from_arrays(src, dst, len(order), names=in_order)


def collapse(edges: Scan, pages: Scan, policy: VotePolicy, levels: Sequence[str] = ("domain",)) -> dict[str, LinkGraph]:
    """Return the graph of each level.

    A node is every domain, host or page that is the source or target of any link, vote or not, or stands in the
    pages table. There is an edge where at least one link is a vote and its target, folded, is another node.

    Args:
        edges: rows of the edges table.
        pages: rows of the pages table.
        policy: what counts as a vote.
        levels: keys of `LEVELS`.

    Raises:
        UsageError: a level that is not in `LEVELS`.
        CorruptFileError: a file cannot be read.
    """
    if unknown := set(levels) - set(LEVELS):
        raise UsageError(f"level {min(unknown)!r} is unknown; choose one of {', '.join(LEVELS)}")
    folds = read_folds(edges, pages, policy)
    made = {level: _Level(LEVELS[level], folds) for level in levels}
    sides = [f"{side}_{level.column}" for level in made.values() for side in ("src", "dst")]
    for batch in edges.batches(list(dict.fromkeys([*sides, "dst_url", "kind", *policy.refuses]))):
        voting = votes(batch, policy)
        landed = folds.land(batch.column("dst_url").filter(pa.array(voting)))
        for level in made.values():
            src, dst = (level.see(batch.column(f"{side}_{level.column}")) for side in ("src", "dst"))
            level.vote(src[voting], dst[voting], landed)
    for batch in pages.batches([level.column for level in made.values()]):
        for level in made.values():
            level.see(batch.column(level.column))
    return {name: level.graph() for name, level in made.items()}
