"""A vote graph and its ranks → link farms: targets that live on voters whom nobody else votes for, and those voters.

A voter is *captive* of a target where, beyond chance, `CAPTIVE` of what it receives itself comes from the target and
its voters: the shared neighbours of Wu and Davison (WWW 2005), weighed by what they give; or where as much of it comes
from voters whom nobody votes for and who vote for few: these *prop* it. A target is suspicious where `CAPTIVE` of what
it receives comes from captives that are propped or reinforce each other (Carvalho et al., WWW 2006): it votes for them,
or they vote for one another. Its captives are captives of whomever they vote for, and the search is repeated, so that
a pyramid is found from its base up. Promises the same farms for the same graph. Judges structure alone: a template
network of one owner looks like a farm; a farm that buys honest votes, or of one storey whose members nobody votes for,
does not: in a crawl of few sites most honest voters are such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.authority.pagerank import PageRank
from linkgraph.graph.components import weak_components
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.rows import Rows
from linkgraph.graph.threads import MAX_PARTS, Workers
from linkgraph.jit import kernel

MEMBERS = 8
"""Captives of a target at least: fewer lift it by a few points only, and small groups of friends look like this."""

CAPTIVE = 0.8
"""Share of the units received, beyond chance as Cohen's kappa counts it (1960): a target whose voters cast the share f
of all votes has captives from f + 0.8 (1 - f) on. Of the 2,417 domains of the .uk web of 1996 that have ten voters, 3
pass 0.8 and are reinforced without regard to chance, none with it; at 0.7, 36 do."""

LARGEST = 0.9
"""Share of all votes that a target and its voters cast at most: who casts nearly all is the web, and no farm in it."""

REINFORCED = 0.5
"""The target votes for this share of its captives; or each captive has so many votes of others, on average, twice."""

COMMITTED = 0.1
"""A captive that is not reinforced belongs to the farm where the target gets this share of its votes: a page that
nobody votes for and that links to hundreds may have a farm's comment on it."""

PROPS = 5
"""Unvoted voters that prop a voter at least. In the .uk web of 1996, 1,679 of 5,797 voters are unvoted; they prop 2
honest domains with 5 and 12 with 3, and no target has eight of these among its voters."""

_MOST_VOTES = 4096
"""Voters with more votes are not looked into, and are captives of nobody."""

_ROUNDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Farm:
    """One farm: targets that share captives are one."""

    targets: NDArray[np.int64]
    """Nodes that are lifted, ascending."""
    members: NDArray[np.int64]
    """Nodes that lift them and are no targets, ascending."""

    @property
    def nodes(self) -> NDArray[np.int64]:
        """All of them, ascending."""
        return np.union1d(self.targets, self.members)


@kernel
def _is_captive(
    voter: int, mark: int, marks: Any, indptr: Any, indices: Any, weights: Any, per_weight: Any, suspects: Any,
    propped: Any, least: float, most: int,
) -> bool:  # fmt: skip
    """Return whether what a voter receives comes from nodes that carry the mark, are suspects, or prop it."""
    if suspects[voter] or propped[voter]:
        return True
    begin, end = indptr[voter], indptr[voter + 1]
    if end - begin > most:
        return False
    inside, total = 0.0, 0.0
    for edge in range(begin, end):
        source = indices[edge]
        units = per_weight[source] * (1.0 if weights is None else weights[edge])
        total += units
        if marks[source] == mark or suspects[source]:
            inside += units
    return total > 0.0 and inside >= least * total


@kernel
def _captives(
    target: int, captive: Any, marks: Any, indptr: Any, indices: Any, weights: Any, per_weight: Any, suspects: Any,
    propped: Any, cast: Any, least: float, most: int,
) -> Any:  # fmt: skip
    """Judge the voters of one target, in the order of its row; returns (captives, share of units given).

    The share is beyond chance too: captives who cast most of all votes give most to anybody.
    """
    begin, end, mark = indptr[target], indptr[target + 1], 3 * target
    marks[indices[begin:end]] = mark
    marks[target] = mark
    chance = cast[-1] + (0.0 if suspects[target] else cast[target])
    for edge in range(begin, end):
        if not suspects[indices[edge]]:
            chance += cast[indices[edge]]
    if chance > LARGEST:
        captive[: end - begin] = False
        return 0, 0.0
    beyond = chance + least * (1.0 - chance)
    count, given, total, expected = 0, 0.0, 0.0, 0.0
    for edge in range(begin, end):
        voter = indices[edge]
        units = per_weight[voter] * (1.0 if weights is None else weights[edge])
        total += units
        judged = _is_captive(voter, mark, marks, indptr, indices, weights, per_weight, suspects, propped, beyond, most)
        captive[edge - begin] = judged
        if judged:
            count += 1
            given += units
            expected += cast[voter]
    return count, (given / total - expected) / (1.0 - expected) if total > 0 and expected < 1.0 else 0.0


@kernel
def _reinforced(
    target: int, captive: Any, reinforced: Any, marks: Any, indptr: Any, indices: Any, links: Any, targets: Any,
    suspects: Any, propped: Any, most: int,
) -> Any:  # fmt: skip
    """Tell which captives have a vote of the target or of another one, or props.

    Returns (share of them that the target votes for or that are propped, votes that each has from others, on average;
    those of suspects do not count: they vote for one another, and for honest domains to hide).
    """
    begin, end, mark = indptr[target], indptr[target + 1], 3 * target + 1
    count, returned, inner = 0, 0, 0
    for edge in range(begin, end):
        if captive[edge - begin]:
            marks[indices[edge]] = mark
            count += 1
    for edge in range(links[target], links[target + 1]):
        if marks[targets[edge]] == mark:
            returned += 1
            marks[targets[edge]] = mark + 1
    for edge in range(begin, end):
        voter = indices[edge]
        reinforced[edge - begin] = marks[voter] == mark + 1
        if captive[edge - begin] and propped[voter] and marks[voter] == mark:
            returned += 1
            reinforced[edge - begin] = True
        if captive[edge - begin] and not suspects[voter] and indptr[voter + 1] - indptr[voter] <= most:
            for vote in range(indptr[voter], indptr[voter + 1]):
                if mark <= marks[indices[vote]] <= mark + 1:
                    inner += 1
                    reinforced[edge - begin] = True
    return returned / max(count, 1), inner / max(count, 1)


@kernel
def _judge(nodes: Any, found: Any, begin: int, end: int, captive: Any, reinforced: Any, marks: Any, graph: Any) -> None:
    """Judge some nodes; a row of `found` is what `_captives` and `_reinforced` return of each."""
    indptr, indices, weights, links, targets, per_weight, suspects, propped, cast, least, most = graph
    for place in range(begin, end):
        node = nodes[place]
        found[place, 0], found[place, 1] = _captives(
            node, captive, marks, indptr, indices, weights, per_weight, suspects, propped, cast, least, most
        )
        found[place, 2], found[place, 3] = _reinforced(
            node, captive, reinforced, marks, indptr, indices, links, targets, suspects, propped, most
        )


class _Search:
    """The search in one graph."""

    def __init__(self, graph: LinkGraph, ranks: PageRank) -> None:
        rows = graph.backlinks
        strength = graph.links.sums() if graph.strength is None else np.asarray(graph.strength)
        scores = np.zeros(len(graph))
        np.divide(ranks.scores, strength, out=scores, where=strength > 0)
        self.suspects = np.zeros(len(graph), np.bool_)
        self._voting = np.append(np.where(strength > 0, ranks.scores, 0.0), 0.0)
        """The share of all votes that each node casts, and last what the suspects cast together."""
        self._voting /= max(self._voting.sum(), 1e-300)
        self._votes = rows.counts()
        self._cast = graph.links.counts()
        self._committed = self._cast * COMMITTED <= 1.0
        self._propped = self._live_on_props(rows, scores)
        self._graph = (
            rows.indptr, rows.indices, rows.weights, graph.links.indptr, graph.links.indices, scores, self.suspects,
            self._propped, self._voting, CAPTIVE, _MOST_VOTES,
        )  # fmt: skip
        self._rows = rows
        self._candidates = np.flatnonzero(self._votes >= MEMBERS)

    def _live_on_props(self, rows: Rows, scores: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return the nodes that get `CAPTIVE` of what they receive from unvoted voters who vote for few."""
        props = ((self._votes == 0) & self._committed)[rows.indices]
        units = scores[rows.indices] if rows.weights is None else scores[rows.indices] * rows.weights
        heads = np.repeat(np.arange(len(self._votes)), self._votes)
        whole, given = (np.bincount(heads, part, len(self._votes)) for part in (units, units * props))
        enough = np.bincount(heads, props, len(self._votes)) >= PROPS
        found: NDArray[np.bool_] = enough & (given >= CAPTIVE * whole)
        return found

    def _room(self, longest: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.int64]]:
        return np.zeros(longest, np.bool_), np.zeros(longest, np.bool_), np.full(len(self._votes), -1, np.int64)

    def suspect(self, nodes: list[int]) -> None:
        """Count nodes as supported by nobody from now on."""
        self.suspects[nodes] = True
        self._voting[-1] = self._voting[:-1][self.suspects].sum()

    def suspicious(self) -> NDArray[np.int64]:
        """Return the targets that the suspects so far make suspicious."""
        nodes = self._candidates
        found = np.zeros((len(nodes), 4))
        size = max(1, -(-len(nodes) // MAX_PARTS))
        runs = [(begin, min(begin + size, len(nodes))) for begin in range(0, len(nodes), size)]
        longest = int(self._votes.max(initial=0))
        with Workers() as workers:
            workers.each(lambda begin, end: _judge(nodes, found, begin, end, *self._room(longest), self._graph), runs)
        count, share, returned, inner = found.T
        reinforced = (returned >= REINFORCED) | (inner >= 2 * REINFORCED)
        chosen: NDArray[np.int64] = nodes[(count >= MEMBERS) & (share >= CAPTIVE) & reinforced]
        return chosen

    def members(self, target: int) -> NDArray[np.int64]:
        """Return the captives of a suspicious target that belong to its farm."""
        row = self._rows.row(target)
        captive, reinforced, marks = self._room(len(row))
        _judge(np.array([target]), np.zeros((1, 4)), 0, 1, captive, reinforced, marks, self._graph)
        mine: NDArray[np.int64] = row[captive & (reinforced | self._committed[row])].astype(np.int64)
        return mine

    def props(self, members: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the voters that prop members. They lift nobody else: what they vote for to hide is no suspect's."""
        voters = [self._rows.row(node) for node in members[self._propped[members]].tolist()]
        found = np.unique(np.concatenate(voters)).astype(np.int64) if voters else np.empty(0, np.int64)
        lowest: NDArray[np.int64] = found[(self._votes[found] == 0) & self._committed[found]]
        return lowest


def find_farms(graph: LinkGraph, ranks: PageRank) -> list[Farm]:
    """Return the farms of a graph, the one with most nodes first.

    Args:
        graph: votes, weighted or not.
        ranks: of this graph, with a uniform teleport vector.
    """
    search = _Search(graph, ranks)
    groups: dict[int, NDArray[np.int64]] = {}
    for _ in range(_ROUNDS):
        fresh = [target for target in search.suspicious().tolist() if target not in groups]
        if not fresh:
            break
        groups |= {target: search.members(target) for target in fresh}
        search.suspect([node for target in fresh for node in (target, *groups[target].tolist())])
    groups = {target: np.union1d(members, search.props(members)) for target, members in groups.items()}
    return sorted(_joined(groups, len(graph)), key=lambda farm: (-len(farm.nodes), farm.nodes[0]))


def _joined(groups: dict[int, NDArray[np.int64]], count: int) -> Iterator[Farm]:
    """Put together the targets that are one another's members or share members, in a graph of *count* nodes."""
    targets = np.repeat(np.array([*groups], np.int64), [len(members) for members in groups.values()])
    members = np.concatenate([np.empty(0, np.int64), *groups.values()])
    nodes = np.union1d(members, [*groups]).astype(np.int64)
    together, _ = weak_components(LinkGraph.from_arrays(targets, members, count))
    order = np.argsort(together[nodes], kind="stable")
    ends = np.flatnonzero(np.diff(together[nodes][order])) + 1
    for farm in np.split(nodes[order], ends) if len(nodes) else ():
        is_target = np.isin(farm, [*groups])
        yield Farm(farm[is_target], farm[~is_target])


def votes_cast(graph: LinkGraph, farms: list[Farm]) -> list[tuple[int, int]]:
    """Return every vote that a node of a farm casts, as (source, target): what is suspicious."""
    nodes = sorted({node for farm in farms for node in farm.nodes.tolist()})
    return [(node, target) for node in nodes for target in graph.links.row(node).tolist()]
