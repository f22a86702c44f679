"""The votes of a build → why a domain stands where it stands, where it would stand, and where under another policy.

Promises reasons that add up to the score, what-if scores that a full computation would find, and one row a domain.
Refuses what no build knows: an unknown domain, a policy that there is none of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.authority.pagerank import PageRank, pagerank
from linkgraph.authority.reasons import reasons, votes_of, what_if
from linkgraph.authority.score import authority, positions
from linkgraph.errors import UsageError
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.policy import policies_named
from linkgraph.insights.dataset import Dataset

if TYPE_CHECKING:
    from collections.abc import Iterable

WHY = pa.schema(
    [
        pa.field("src_domain", pa.string()),
        pa.field("share", pa.float64()),
        pa.field("cumulative", pa.float64()),
        pa.field("units", pa.float64()),
        pa.field("weight", pa.float64()),
        pa.field("src_authority", pa.float64()),
    ]
)
"""One row a voter, the one that gives most first, and last, with a null source, what every domain has for being there:
the column `share` adds up to 1. At another level the first column is `src_host` or `src_entity`."""


def ranks_of(dataset: Dataset, graph: LinkGraph, policy: str | None = None, level: str = "domain") -> PageRank:
    """Return the ranks that the current build computed for its graph of one level under *policy*."""
    record = dataset.build
    ranking = record.ranking(policy)
    scores = dataset.values(level, "pagerank", policy)
    if not len(scores):
        return PageRank(scores, 0.0, 0, 0.0, record.alpha)
    sums = graph.links.sums()
    full = sums if graph.strength is None else np.asarray(graph.strength)
    stays = 1.0 - np.divide(sums, full, out=np.zeros(len(full)), where=full > 0)
    unit = (record.alpha * float(scores @ stays) + 1.0 - record.alpha) / len(scores)
    return PageRank(scores, ranking.errors[level], ranking.iterations[level], unit, record.alpha)


def why(dataset: Dataset, domain: str, policy: str | None = None, level: str = "domain") -> pa.Table:
    """Return what each referring domain, host or entity gives to the score of *domain*; see `WHY`.

    Raises:
        UnknownDomainError: a domain that no page or link names.
        StateError: no build yet, none under *policy*, or one without entities.
    """
    (node,) = dataset.nodes([domain], level)
    graph = dataset.graph(level, dataset.build.ranking(policy).policy)
    ranks = ranks_of(dataset, graph, policy, level)
    found = reasons(graph, ranks, node)
    units = np.append(found.given, found.base)
    rows, begin = graph.backlinks, int(graph.backlinks.indptr[node])
    place = begin + np.searchsorted(rows.row(node), found.voters)
    weights = np.ones(len(place)) if rows.weights is None else rows.weights[place]
    columns = [
        pa.array([graph.names[voter] for voter in found.voters.tolist()] + [None], pa.string()),
        units / found.total,
        np.cumsum(units) / found.total,
        units,
        pa.array([*weights.tolist(), None], pa.float64()),
        pa.array([*authority(ranks)[found.voters].tolist(), None], pa.float64()),
    ]
    return pa.table(columns, schema=WHY.set(0, pa.field(f"src_{level}", pa.string())))


def without(
    dataset: Dataset,
    gone: Sequence[str],
    shown: Sequence[str] | None = None,
    top: int = 20,
    policy: str | None = None,
    level: str = "domain",
) -> pa.Table:
    """Return what the scores were if some domains neither voted nor were voted for.

    Args:
        dataset: with a build.
        gone: the domains that are gone.
        shown: the domains to tell of; None for those that change most.
        top: rows at most.
        policy: under which policy of the build; by default its first.
        level: `domain`, `host` or `entity`.

    Returns:
        domain (or host, or entity), authority, authority_without, change, rank, rank_without.

    Raises:
        UnknownDomainError: a domain that no page or link names.
        StateError: no build yet, or none under *policy*.
    """
    graph = dataset.graph(level, dataset.build.ranking(policy).policy)
    ranks = ranks_of(dataset, graph, policy, level)
    votes = {vote for node in dataset.nodes(gone, level) for vote in votes_of(graph, node)}
    changed = what_if(graph, ranks, removed=sorted(votes)).ranks
    before, after = authority(ranks), authority(changed)
    asked = (np.array(dataset.nodes(shown, level), np.int64) if shown else _moved(before, after))[:top]
    positions_before, positions_after = positions(ranks.scores), positions(changed.scores)
    return pa.table(
        {
            level: pa.array([graph.names[node] for node in asked.tolist()], pa.string()),
            "authority": before[asked],
            "authority_without": after[asked],
            "change": after[asked] - before[asked],
            "rank": positions_before[asked],
            "rank_without": positions_after[asked],
        }
    )


def _moved(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.int64]:
    moved = np.abs(after - before)
    order = np.argsort(-moved, kind="stable")
    return order[moved[order] > 1e-9]  # the certified error, and no change, are no change


def compare(
    dataset: Dataset,
    policies: Sequence[str],
    shown: Sequence[str] | None = None,
    top: int = 20,
    level: str = "domain",
) -> pa.Table:
    """Return who moves between two policies, most first, and the vote that moves them most.

    Args:
        dataset: with a build; where it lacks one of the policies, both graphs are made from the edges now.
        policies: two names.
        shown: the domains to tell of; None for those that move most.
        top: rows at most.
        level: `domain`, `host` or `entity`.

    Returns:
        domain (or host, or entity), then authority, rank and votes under each (`authority_<policy>` …), moved, why.

    Raises:
        UsageError: not two policies, or an unknown one.
        UnknownDomainError: a domain that no page or link names.
        StateError: no build yet.
    """
    if len(policies) != 2:
        raise UsageError(f"--compare takes two policies, not {len(policies)}, e.g. followed,editorial")
    chosen = [policy.name for policy in policies_named(policies)]
    built = set(chosen) <= set(dataset.build.policies)
    sides = [
        _Side(graph, ranks_of(dataset, graph, name, level) if built else pagerank(graph))
        for name, graph in zip(chosen, dataset.graphs(level, chosen), strict=True)
    ]
    moved, graph = sides[1].authority - sides[0].authority, sides[0].graph
    if shown:
        asked = dataset.nodes(shown, level)[:top]  # the nodes are the same under every policy
    else:
        asked = _moved(sides[0].authority, sides[1].authority)[:top].tolist()
    columns: dict[str, object] = {level: pa.array([graph.names[node] for node in asked], pa.string())}
    for name, side in zip(policies, sides, strict=True):
        columns[f"authority_{name}"] = side.authority[asked]
        columns[f"rank_{name}"] = side.rank[asked]
        columns[f"votes_{name}"] = side.graph.backlinks.counts()[asked]
    columns["moved"] = moved[asked]
    columns["why"] = pa.array([_why_moved(sides, node) for node in asked], pa.string())
    return pa.table(columns)


class _Side:
    """One policy's graph, ranked."""

    def __init__(self, graph: LinkGraph, ranks: PageRank) -> None:
        self.graph, self.ranks = graph, ranks
        self.authority, self.rank = authority(self.ranks), positions(self.ranks.scores)

    def given(self, node: int) -> dict[int, float]:
        """Return what each voter gives to *node*, in units."""
        found = reasons(self.graph, self.ranks, node)
        return dict(zip(found.voters.tolist(), found.given.tolist(), strict=True))


def _why_moved(sides: Sequence[_Side], node: int) -> str:
    before, after = (side.given(node) for side in sides)
    voters: Iterable[int] = sorted(before.keys() | after.keys())
    most = max(voters, key=lambda voter: abs(after.get(voter, 0.0) - before.get(voter, 0.0)), default=None)
    if most is None:
        return "no votes"
    name, (gave, gives) = sides[0].graph.names[most], (side.get(most, 0.0) for side in (before, after))
    return f"{name} gave {gave:.3g}, gives {gives:.3g} of {sum(after.values()):.3g} units"
