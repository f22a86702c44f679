"""Links → one weighted graph a level (domain, host, page) under a vote policy.

Promises one edge a pair of nodes, whatever the number of links behind it, of weight 1 or what the policy weighs; every
node that a link or page names, voted for or not; and the same graph for the same rows in any order. Reads the edges
batch by batch: memory grows with distinct names and pairs, not with rows. Refuses an unknown level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.errors import UsageError
from linkgraph.graph.collapse.fold import Folds, read_folds
from linkgraph.graph.collapse.pairs import PairSet, packed, unpacked
from linkgraph.graph.collapse.scan import Scan, among, mask, utf8
from linkgraph.graph.collapse.weigh import LINK_COLUMNS, BestWeights, Relations, link_weights
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
    return counted if policy.nofollow == "keep" else counted & ~_disowned(batch, policy)


def _disowned(batch: pa.RecordBatch, policy: VotePolicy) -> NDArray[np.bool_]:
    refused = np.zeros(len(batch), bool)
    for column in policy.refuses:
        refused |= mask(batch.column(column))
    return refused


class _Level:
    """One graph in the making."""

    def __init__(self, column: str, folds: Folds, policy: VotePolicy) -> None:
        self.column = column
        self._names = Interner()
        self._pairs, self._lost = PairSet(), PairSet()
        self._best = BestWeights()
        # A page is no site: nothing on it is site-wide, and it has no owner of its own.
        self.relations = Relations(policy.weighing) if policy.weighing and column != "url" else None
        self._policy = policy
        landing = folds.targets.column(column).combine_chunks()
        self._landing = self._names.add(*utf8(landing))

    def see(self, names: pa.Array) -> NDArray[np.int32]:
        return self._names.add(*utf8(names))

    def lands(self, dst: NDArray[np.int32], landed: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return where votes land; `landed` is the fold that a vote's target falls under, -1 for none."""
        folded = landed >= 0
        dst = dst.copy()
        dst[folded] = self._landing[landed[folded]]
        return dst

    def vote(self, src: NDArray[np.int32], dst: NDArray[np.int32], ballot: _Ballot) -> None:
        """Take in votes that have landed."""
        apart = src != dst
        src, dst = src[apart], dst[apart]
        if ballot.weights is None:
            self._pairs.add(src, dst)
            return
        self._best.add(src, dst, ballot.weights[apart])
        if self.relations:
            self.relations.vote(ballot.pages[apart], dst)

    def lose(self, src: NDArray[np.int32], dst: NDArray[np.int32]) -> None:
        """Take in links that use up a voter's weight and are no votes."""
        self._lost.add(src[src != dst], dst[src != dst])

    def _weighed(self) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
        if not self._policy.weighing:
            return self._pairs.pairs(), None
        pairs, weights = self._best.found()
        return pairs, weights * self.relations.discounts(pairs) if self.relations and len(pairs) else weights

    def graph(self) -> LinkGraph:
        """Return the graph with its nodes in the byte order of their names: neighbours in the web are near in it."""
        offsets, data = self._names.offsets, self._names.data
        names = pa.LargeStringArray.from_buffers(len(self._names), pa.py_buffer(offsets), pa.py_buffer(data))
        order = pc.sort_indices(names).to_numpy()
        node = np.empty(len(order), np.int32)
        node[order] = np.arange(len(order), dtype=np.int32)
        found, weights = self._weighed()
        src, dst = unpacked(found)
        ranked = np.argsort(packed(node[src], node[dst]))
        src, dst = node[src][ranked], node[dst][ranked]
        in_order = Names(*utf8(names.take(pa.array(order))))
        if weights is None and self._policy.nofollow != "evaporate":
            return LinkGraph.from_arrays(src, dst, len(order), names=in_order)
        lost = node[unpacked(np.setdiff1d(self._lost.pairs(), found))[0]]
        strength = np.bincount(src, minlength=len(order)) + np.bincount(lost, minlength=len(order))
        weights = np.ones(len(src)) if weights is None else weights[ranked]
        kept = weights > 0
        return LinkGraph.from_arrays(src[kept], dst[kept], len(order), weights[kept], in_order, strength)


@dataclass(frozen=True, slots=True)
class _Ballot:
    """What is known of the votes of one batch beside who votes for whom."""

    pages: NDArray[np.int32]
    weights: NDArray[np.float64] | None


class _Count:
    """The votes of all levels, batch by batch."""

    def __init__(self, levels: Sequence[str], folds: Folds, policy: VotePolicy) -> None:
        self._policy, self._folds = policy, folds
        self.levels = {level: _Level(LEVELS[level], folds, policy) for level in levels}
        self._pages, self._owners = Interner(), Interner()

    @property
    def edge_columns(self) -> list[str]:
        sides = [f"{side}_{level.column}" for level in self.levels.values() for side in ("src", "dst")]
        weighed = LINK_COLUMNS if self._policy.weighing else ()
        return list(dict.fromkeys([*sides, "dst_url", "kind", *self._policy.refuses, *weighed]))

    @property
    def page_columns(self) -> list[str]:
        columns = [level.column for level in self.levels.values()]
        return [*columns, "owner_ids"] if self._policy.weighing else columns

    def edges(self, batch: pa.RecordBatch) -> None:
        """Take in rows of the edges table."""
        policy, voting = self._policy, votes(batch, self._policy)
        lost = among(batch.column("kind"), policy.kinds) & ~voting if policy.nofollow == "evaporate" else None
        pages = self._pages.add(*utf8(batch.column("src_url"))) if policy.weighing else np.zeros(len(batch), np.int32)
        weights = link_weights(batch, policy.weighing)[voting] if policy.weighing else None
        landed = self._folds.land(batch.column("dst_url"))
        for level in self.levels.values():
            src, dst = (level.see(batch.column(f"{side}_{level.column}")) for side in ("src", "dst"))
            target = level.lands(dst, landed)
            if level.relations:
                level.relations.see(pages, src)
            level.vote(src[voting], target[voting], _Ballot(pages[voting], weights))
            if lost is not None:
                level.lose(src[lost], target[lost])

    def pages(self, batch: pa.RecordBatch) -> None:
        """Take in rows of the pages table."""
        for level in self.levels.values():
            node = level.see(batch.column(level.column))
            if level.relations:
                ids = batch.column("owner_ids")
                owner = self._owners.add(*utf8(ids.flatten()))
                level.relations.own(node[ids.value_parent_indices().to_numpy()], owner)


def collapse(edges: Scan, pages: Scan, policy: VotePolicy, levels: Sequence[str] = ("domain",)) -> dict[str, LinkGraph]:
    """Return the graph of each level.

    A node is every domain, host or page that is the source or target of any link, vote or not, or stands in the
    pages table. There is an edge where at least one link is a vote and its target, folded, is another node. Where the
    policy weighs votes or lets nofollow evaporate, the strength of a node is the number of its votes and of what
    evaporates: a discounted vote does not make the voter's other votes weigh more.

    Args:
        edges: rows of the edges table.
        pages: rows of the pages table.
        policy: what counts as a vote, and what it weighs.
        levels: keys of `LEVELS`.

    Raises:
        UsageError: a level that is not in `LEVELS`.
        CorruptFileError: a file cannot be read.
    """
    if unknown := set(levels) - set(LEVELS):
        raise UsageError(f"level {min(unknown)!r} is unknown; choose one of {', '.join(LEVELS)}")
    count = _Count(levels, read_folds(edges, pages, policy), policy)
    for batch in edges.batches(count.edge_columns):
        count.edges(batch)
    for batch in pages.batches(count.page_columns):
        count.pages(batch)
    return {name: level.graph() for name, level in count.levels.items()}
