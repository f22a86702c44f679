"""Links → one weighted graph a level (domain, host, page, entity) under each of some vote policies.

Promises one edge a pair of nodes, whatever the number of links behind it, of weight 1 or what the policy weighs; every
node that a link or page names, voted for or not, with the same id under every policy; and the same graph for the same
rows in any order. Reads the edges once for all policies, batch by batch: memory grows with distinct names and pairs,
not with rows. Refuses an unknown level.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.errors import UsageError
from linkgraph.graph.collapse.entities import Entities
from linkgraph.graph.collapse.fold import Folds, folds_of
from linkgraph.graph.collapse.owned import owners_of
from linkgraph.graph.collapse.pairs import PairSet, PairValues, cast, packed, places, unpacked
from linkgraph.graph.collapse.scan import Scan, Where, among, decoded, ids_of, mask, utf8
from linkgraph.graph.collapse.weigh import LINK_COLUMNS, Relations, link_weights
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


class _Nodes:
    """The nodes of one level: whatever counts as a vote, they are the same."""

    def __init__(self, level: str, entities: Entities) -> None:
        self.level, self.columns, self._entities = level, LEVELS[level], entities
        self._names = Interner()

    def __len__(self) -> int:
        return len(self._names)

    def see(self, rows: pa.RecordBatch, side: str = "") -> NDArray[np.int32]:
        """Return the node of each row; *side* is what its columns begin with."""
        columns = [rows.column(f"{side}{name}") for name in self.columns]
        named = self._entities.of(*map(decoded, columns)) if self.level == "entity" else columns[0]
        return ids_of(self._names.add, named)

    def in_order(self) -> tuple[Names, NDArray[np.int32]]:
        """Return the names in byte order, where neighbours in the web are near, and the place of each node in it."""
        offsets, data = self._names.offsets, self._names.data
        names = pa.LargeStringArray.from_buffers(len(self._names), pa.py_buffer(offsets), pa.py_buffer(data))
        order = pc.sort_indices(names).to_numpy()
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        return Names(*utf8(names.take(pa.array(order)))), place


def _columns_of(nodes: Iterable[_Nodes]) -> list[str]:
    """Return the columns that tell what a node is at these levels, without `src_` or `dst_`."""
    return list(dict.fromkeys(name for level in nodes for name in level.columns))


class _Level:
    """One graph in the making."""

    def __init__(self, nodes: _Nodes, folds: Folds, policy: VotePolicy) -> None:
        self._pairs, self._lost = PairSet(), PairSet()
        self._best = PairValues(np.maximum, np.empty(0))
        # A page is no site: nothing on it is site-wide, and what it links to says nothing of its owner.
        self.relations = Relations(policy.weighing) if policy.weighing and nodes.level != "page" else None
        self._policy = policy
        self._landing = nodes.see(folds.targets)

    def vote(self, links: _Landed, voting: NDArray[np.bool_], weights: NDArray[np.float64] | None) -> None:
        """Take in which links are votes."""
        pairs, targets, worth = self._cast(links, voting, weights)
        if weights is None:
            self._pairs.take(pairs)
            return
        self._best.take(pairs, worth)
        if self.relations:
            self.relations.see(links.pages, links.src)
            self.relations.vote(targets)

    def lose(self, links: _Landed, lost: NDArray[np.bool_]) -> None:
        """Take in which links use up a voter's weight and are no votes."""
        self._lost.take(self._cast(links, lost, None)[0])

    def _cast(
        self, links: _Landed, counted: NDArray[np.bool_], weights: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        pages = links.pages if self.relations and weights is not None else None
        found: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]] = cast(
            links.src, links.dst, links.landed, self._landing, counted, pages, weights
        )
        return found

    def _weighed(self, owner: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
        if not self._policy.weighing:
            return self._pairs.pairs(), None
        pairs, weights = self._best.found()
        return pairs, weights * self.relations.discounts(pairs, owner) if self.relations and len(pairs) else weights

    def graph(self, names: Names, place: NDArray[np.int32], owner: NDArray[np.int32]) -> LinkGraph:
        """Return the graph with its nodes in the order of *names*; *place* says where each stands there.

        Args:
            names: byte by byte in order.
            place: shape (n,).
            owner: of each name, a number; shape (n,), or empty for a level without owners.
        """
        found, weights = self._weighed(owner[place] if len(owner) else owner)
        src, dst = unpacked(found)
        ranked = np.argsort(packed(place[src], place[dst]))
        src, dst = place[src][ranked], place[dst][ranked]
        if weights is None and self._policy.nofollow != "evaporate":
            return LinkGraph.from_arrays(src, dst, len(place), names=names)
        evaporating = self._lost.pairs()
        lost = place[unpacked(evaporating[places(found, evaporating) < 0])[0]]
        strength = np.bincount(src, minlength=len(place)) + np.bincount(lost, minlength=len(place))
        weights = np.ones(len(src)) if weights is None else weights[ranked]
        kept = weights > 0
        return LinkGraph.from_arrays(src[kept], dst[kept], len(place), weights[kept], names, strength)


@dataclass(frozen=True, slots=True)
class _Landed:
    """The links of one batch at one level."""

    src: NDArray[np.int32]
    dst: NDArray[np.int32]
    landed: NDArray[np.int32]
    """The fold that each target falls under, -1 for none."""
    pages: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Rows:
    """One batch of links, read as every policy needs it."""

    batch: pa.RecordBatch
    ends: dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]]
    """Level → the nodes that link and are linked to."""
    pages: NDArray[np.int32]


class _Count:
    """The votes of all levels under one policy."""

    def __init__(self, nodes: dict[str, _Nodes], folds: Folds, policy: VotePolicy) -> None:
        self._policy = policy
        self.folds = folds
        self.levels = {level: _Level(of_level, folds, policy) for level, of_level in nodes.items()}

    def edges(self, rows: _Rows, landed: NDArray[np.int32]) -> None:
        """Take in links; `landed` is the fold that each target falls under."""
        policy, batch = self._policy, rows.batch
        voting = votes(batch, policy)
        lost = among(batch.column("kind"), policy.kinds) & ~voting if policy.nofollow == "evaporate" else None
        weights = link_weights(batch, policy.weighing) if policy.weighing else None
        for name, level in self.levels.items():
            links = _Landed(*rows.ends[name], landed, rows.pages)
            level.vote(links, voting, weights)
            if lost is not None:
                level.lose(links, lost)


class _Counts:
    """The votes under all policies, batch by batch."""

    def __init__(
        self, policies: Sequence[VotePolicy], folds: Mapping[str, Folds], nodes: dict[str, _Nodes], entities: Entities
    ) -> None:
        self.nodes = nodes
        self._weighs = any(policy.weighing for policy in policies)
        self._refuses = [column for policy in policies for column in policy.refuses]
        self._pages, self._entities = Interner(), entities
        self.each = {policy.name: _Count(self.nodes, folds[policy.name], policy) for policy in policies}

    @property
    def edge_columns(self) -> list[str]:
        sides = [f"{side}_{name}" for name in _columns_of(self.nodes.values()) for side in ("src", "dst")]
        landing = ["dst_url"] if any(len(count.folds.keys) for count in self.each.values()) else []
        weighed = LINK_COLUMNS if self._weighs else ()
        return list(dict.fromkeys([*sides, *landing, "kind", *self._refuses, *weighed]))

    def edges(self, batch: pa.RecordBatch) -> None:
        """Take in rows of the edges table."""
        ends = {name: (level.see(batch, "src_"), level.see(batch, "dst_")) for name, level in self.nodes.items()}
        pages = ids_of(self._pages.add, batch.column("src_url")) if self._weighs else np.zeros(len(batch), np.int32)
        rows = _Rows(batch, ends, pages)
        landed: dict[int, NDArray[np.int32]] = {}
        for count in self.each.values():
            which = id(count.folds)
            if which not in landed:
                landed[which] = count.folds.land(batch)
            count.edges(rows, landed[which])

    def graphs(self, owners: OwnersOf) -> dict[str, dict[str, LinkGraph]]:
        """Return the graphs by policy and level."""
        order = {name: level.in_order() for name, level in self.nodes.items()}
        owner = owners({name: names for name, (names, _) in order.items()})
        of_nodes = {name: self._owners(name, names, owner) for name, (names, _) in order.items()}
        return {
            policy: {name: level.graph(*order[name], of_nodes[name]) for name, level in count.levels.items()}
            for policy, count in self.each.items()
        }

    def _owners(self, level: str, names: Names, owner: Mapping[str, str]) -> NDArray[np.int32]:
        if level == "page" or not self._weighs:
            return np.empty(0, np.int32)
        return owners_of(level, names, owner, self._entities)


class _Pages:
    """The pages table. Its rows become nodes when it is first read, for whatever it is: opening many files is slow."""

    def __init__(self, scan: Scan, nodes: Collection[_Nodes]) -> None:
        self._scan, self._nodes, self._seen = scan, nodes, False

    def batches(self, columns: Sequence[str], where: Where | None = None) -> Iterator[pa.RecordBatch]:
        """Yield its rows; see `Scan`."""
        if where or self._seen:
            yield from self._scan.batches(columns, where)
            return
        for batch in self._scan.batches(list(dict.fromkeys([*columns, *_columns_of(self._nodes)]))):
            for level in self._nodes:
                level.see(batch)
            yield batch.select(list(columns))
        self._seen = True

    def see(self) -> None:
        """Read it unless it has been."""
        if not self._seen:
            deque(self.batches(()), maxlen=0)


OwnersOf = Callable[[Mapping[str, Names]], Mapping[str, str]]
"""The names of the nodes by level, in byte order → the owner's name for each domain that shares one with another."""


def collapse(edges: Scan, pages: Scan, policy: VotePolicy, levels: Sequence[str] = ("domain",)) -> dict[str, LinkGraph]:
    """Return the graph of each level under one policy; see `collapse_each`."""
    return collapse_each(edges, pages, [policy], levels)[policy.name]


def collapse_each(
    edges: Scan,
    pages: Scan,
    policies: Sequence[VotePolicy],
    levels: Sequence[str] = ("domain",),
    entities: Entities | None = None,
    folds: Mapping[str, Folds] | None = None,
    owners: OwnersOf = lambda _: {},
) -> dict[str, dict[str, LinkGraph]]:
    """Return the graph of each level under each policy, by the policy's name and the level.

    A node is every domain, host, page or entity that is the source or target of any link, vote or not, or stands in the
    pages table. There is an edge where at least one link is a vote and its target, folded, is another node. Where the
    policy weighs votes or lets nofollow evaporate, the strength of a node is the number of its votes and of what
    evaporates: a discounted vote does not make the voter's other votes weigh more.

    Args:
        edges: rows of the edges table.
        pages: rows of the pages table.
        policies: what counts as a vote, and what it weighs.
        levels: keys of `LEVELS`.
        entities: what the nodes of the level `entity` are; None where it is not asked for.
        folds: where votes land under each policy; None to read that from *edges* and *pages* first.
        owners: asked once, when all links are counted and before any vote is weighed, who owns the domains. Without
            it, each domain has an owner of its own.

    Raises:
        UsageError: a level that is not in `LEVELS`, or `entity` without entities.
        CorruptFileError: a file cannot be read.
    """
    if unknown := set(levels) - set(LEVELS):
        raise UsageError(f"level {min(unknown)!r} is unknown; choose one of {', '.join(LEVELS)}")
    if "entity" in levels and entities is None:
        raise UsageError("level 'entity' needs the entities; read them from a file with Entities.read")
    entities = entities or Entities()
    nodes = {level: _Nodes(level, entities) for level in levels}
    seen = _Pages(pages, nodes.values())
    folds = folds_of(edges, seen, policies) if folds is None else folds
    counts = _Counts(policies, folds, nodes, entities)
    for batch in edges.batches(counts.edge_columns):
        counts.edges(batch)
    seen.see()
    return counts.graphs(owners)
