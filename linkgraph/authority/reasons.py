"""The ranks of a graph → what each voter gives to a node, and what the ranks were if some votes were gone or added.

Both follow from the linear system y = a P^T y + (1 - a) v, of which the ranks are the scaled solution: a row of it is
the sum of what each voter gives, and a change of some votes is a residual in a few rows, which is pushed along the
links until what is left is below the tolerance (Gauss-Southwell; for PageRank, Andersen, Chung and Lang 2006). Promises
reasons that add up to the rank, and a certified error of what-if ranks. Refuses ranks of another graph or of a
teleport vector that is not uniform.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.authority.pagerank import PageRank
from linkgraph.errors import GraphError
from linkgraph.graph.csr import LinkGraph, checked_ids
from linkgraph.jit import kernel

_MAX_PUSHES = 2_000
"""Pushes a node on average at most: far beyond what any tolerance above rounding needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Reasons:
    """Where the rank of one node comes from; all in units, the rank of a node without votes."""

    voters: NDArray[np.int32]
    """Shape (k,): nodes that vote for it, the one that gives most first."""
    given: NDArray[np.float64]
    """Shape (k,): what each gives."""
    base: float
    """What it has without any vote: 1."""
    total: float
    """Its rank. `base + given.sum()` is within the error of the ranks of it."""

    def carrying(self, share: float) -> int:
        """Return how many voters, the strongest first, give at least *share* of what all voters give."""
        if not len(self.given):
            return 0
        return int(np.searchsorted(np.cumsum(self.given), share * self.given.sum() * (1 - 1e-12)) + 1)


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """The ranks of a graph some of whose votes changed."""

    ranks: PageRank
    """Of all nodes; `error` bounds the L1 distance to a full computation of exact ranks."""
    pushes: int
    """Rows of the system that were worked on: a full computation does n a sweep."""


def _strength(graph: LinkGraph) -> NDArray[np.float64]:
    return graph.links.sums() if graph.strength is None else np.asarray(graph.strength)


def reasons(graph: LinkGraph, ranks: PageRank, node: int) -> Reasons:
    """Return what each voter gives to *node*: a * rank of the voter * weight of the vote / strength of the voter.

    Args:
        graph: what was ranked.
        ranks: its ranks, with a uniform teleport vector.
        node: an id.

    Raises:
        GraphError: *ranks* are not of this graph, or *node* is none of its nodes.
    """
    _check(graph, ranks)
    checked_ids([node], "node", len(graph))
    rows = graph.backlinks
    begin, end = int(rows.indptr[node]), int(rows.indptr[node + 1])
    voters = rows.indices[begin:end]
    weights = np.ones(end - begin) if rows.weights is None else rows.weights[begin:end]
    given = ranks.alpha * ranks.scores[voters] * weights / (_strength(graph)[voters] * ranks.unit)
    order = np.argsort(-given, kind="stable")
    return Reasons(voters[order], given[order], 1.0, float(ranks.scores[node] / ranks.unit))


def _check(graph: LinkGraph, ranks: PageRank) -> None:
    if len(ranks.scores) != len(graph):
        raise GraphError(f"{len(ranks.scores)} ranks for {len(graph)} nodes; rank this graph first")
    if len(graph) and not ranks.unit > 0:
        raise GraphError("the ranks have no unit: their teleport vector is not uniform; rank with a uniform one")


@kernel
def _push(
    indptr: Any, indices: Any, weights: Any, strength: Any, special: Any, new_ptr: Any, new_to: Any, new_weights: Any,
    alpha: float, least: float, left: Any, change: Any, most: int,
) -> Any:  # fmt: skip
    """Move every residual above `least` into the solution and on along the links; first in, first out."""
    nodes = len(left)
    queue, waiting = np.empty(nodes, np.int32), np.zeros(nodes, np.bool_)
    first, size, pushes = 0, 0, 0
    for node in range(nodes):
        if abs(left[node]) > least:
            queue[size] = node
            waiting[node] = True
            size += 1
    while size > 0 and pushes < most:
        node = queue[first]
        first = (first + 1) % nodes
        size -= 1
        waiting[node] = False
        amount = left[node]
        left[node] = 0.0
        change[node] += amount
        pushes += 1
        row = special[node]
        begin, end = (indptr[node], indptr[node + 1]) if row < 0 else (new_ptr[row], new_ptr[row + 1])
        if begin == end:
            continue
        part = alpha * amount / strength[node]
        for edge in range(begin, end):
            target = indices[edge] if row < 0 else new_to[edge]
            if row >= 0:
                left[target] += part * new_weights[edge]
            else:
                left[target] += part * (1.0 if weights is None else weights[edge])
            if abs(left[target]) > least and not waiting[target]:
                queue[(first + size) % nodes] = target
                waiting[target] = True
                size += 1
    return pushes


@dataclass(frozen=True, slots=True)
class _Row:
    """The votes of one node: weight by target, and what they weigh before discounts."""

    votes: Mapping[int, float]
    strength: float


def _row(graph: LinkGraph, node: int) -> dict[int, float]:
    rows = graph.links
    begin, end = int(rows.indptr[node]), int(rows.indptr[node + 1])
    weights = [1.0] * (end - begin) if rows.weights is None else rows.weights[begin:end].tolist()
    return dict(zip(rows.row(node).tolist(), weights, strict=True))


def _changed(
    graph: LinkGraph, removed: Iterable[tuple[int, int]], added: Iterable[tuple[int, int, float]]
) -> dict[int, _Row]:
    """Return the new rows of the nodes whose votes change."""
    new: dict[int, dict[int, float]] = {}
    strength: dict[int, float] = {}
    full = None if graph.strength is None else np.asarray(graph.strength)

    def votes(node: int) -> dict[int, float]:
        if node not in new:
            new[node] = _row(graph, node)
            strength[node] = 0.0 if full is None else float(full[node])
        return new[node]

    for source, target in removed:
        if target not in votes(source):
            raise GraphError(f"{graph.names[source]!r} does not vote for {graph.names[target]!r}; nothing to remove")
        del new[source][target]
        strength[source] -= 1.0
    for source, target, weight in added:
        if target in votes(source):
            raise GraphError(f"{graph.names[source]!r} votes for {graph.names[target]!r} already; remove that first")
        if not 0 < weight < np.inf or (full is not None and weight > 1):
            raise GraphError(
                f"an added vote weighs {weight}; give a finite weight above 0, at most 1 in a weighed graph"
            )
        new[source][target] = weight
        strength[source] += 1.0
    return {
        node: _Row(row, sum(row.values()) if full is None else max(strength[node], sum(row.values())))
        for node, row in new.items()
    }


def votes_of(graph: LinkGraph, node: int) -> list[tuple[int, int]]:
    """Return every vote of *node* and for it, as (source, target): what `what_if` removes where the node is gone."""
    cast = [(node, target) for target in graph.links.row(node).tolist()]
    return cast + [(source, node) for source in graph.backlinks.row(node).tolist() if source != node]


def what_if(
    graph: LinkGraph,
    ranks: PageRank,
    *,
    removed: Iterable[tuple[int, int]] = (),
    added: Iterable[tuple[int, int, float]] = (),
    tol: float = 1e-10,
) -> WhatIf:
    """Return the ranks of *graph* without some votes and with others, from its ranks and not from the start.

    The nodes stay, also those that lose every vote. Where the graph knows strengths, a removed vote takes 1 from its
    voter's strength and an added one adds 1, as if a link had gone or come.

    Args:
        graph: what was ranked.
        ranks: its ranks, with a uniform teleport vector.
        removed: (source, target) of votes that stand in the graph.
        added: (source, target, weight) of votes that do not.
        tol: L1 error of the change; that of *ranks* adds to it.

    Raises:
        GraphError: a vote to remove that is not there, one to add that is, an id that is no node, a bad weight, or
            ranks of another graph.
    """
    _check(graph, ranks)
    removed, added = list(removed), list(added)
    checked_ids([node for vote in (*removed, *added) for node in vote[:2]], "votes", len(graph))
    nodes, alpha = len(graph), ranks.alpha
    rows = _changed(graph, removed, added)
    if not rows:
        return WhatIf(ranks, 0)
    strength, left = _strength(graph).copy(), np.zeros(nodes)
    scale = (1.0 - alpha) / (nodes * ranks.unit)  # the sum of y, whose smallest entry is (1 - alpha) / n
    solution = ranks.scores * scale
    for node, row in rows.items():
        _exchange(left, alpha * solution[node], _row(graph, node), float(strength[node]), row)
        strength[node] = row.strength
    special = np.full(nodes, -1, np.int32)
    special[list(rows)] = np.arange(len(rows))
    pointers = np.cumsum([0, *(len(row.votes) for row in rows.values())])
    targets = np.array([target for row in rows.values() for target in row.votes], np.int32)
    weights = np.array([weight for row in rows.values() for weight in row.votes.values()])
    change, least = np.zeros(nodes), tol * (1.0 - alpha) * (1.0 - alpha) / (2.0 * nodes)
    links = graph.links
    pushes = int(
        _push(
            links.indptr, links.indices, links.weights, strength, special, pointers, targets, weights, alpha, least,
            left, change, _MAX_PUSHES * nodes,
        )
    )  # fmt: skip
    return WhatIf(_scaled(solution + change, ranks, scale, float(np.abs(left).sum())), pushes)


def _exchange(left: NDArray[np.float64], amount: float, before: dict[int, float], strength: float, after: _Row) -> None:
    """Take back what a voter gave, and give what it gives now."""
    for target, weight in before.items():
        left[target] -= amount * weight / strength
    for target, weight in after.votes.items():
        left[target] += amount * weight / after.strength


def _scaled(solution: NDArray[np.float64], before: PageRank, scale: float, left: float) -> PageRank:
    total = float(solution.sum())
    # Each of what is left and what the ranks before were off by moves the solution by 1 / (1 - alpha) at most, and
    # scaling it to sum to 1 doubles that.
    error = 2.0 * (left + before.error * scale * (1.0 + before.alpha)) / ((1.0 - before.alpha) * total)
    unit = (1.0 - before.alpha) / (len(solution) * total)
    return PageRank(np.maximum(solution, 0.0) / total, error, 0, unit, before.alpha)
