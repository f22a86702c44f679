"""The votes of a build → whom to review as a trusted seed, which domains look like link farms, and scores without them.

Promises candidates in the order in which a review reaches most of the web, and one row a suspicious domain with what
makes it so. Refuses what no build knows: an unknown domain, a policy that the build has not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from linkgraph.authority.farms import find_farms, votes_cast
from linkgraph.authority.reasons import what_if
from linkgraph.authority.score import authority, positions
from linkgraph.authority.trust import seed_candidates
from linkgraph.insights.dataset import Dataset
from linkgraph.insights.votes import ranks_of


def candidates(dataset: Dataset, top: int = 200, policy: str | None = None) -> pa.Table:
    """Return the domains to review as trusted seeds, those first from which most of the web is reached.

    Args:
        dataset: with a build.
        top: rows at most; the TrustRank paper reviewed 1,250 and kept 178.
        policy: under which policy of the build; by default its first.

    Returns:
        domain, authority, rank, referring_domains, linked_domains.

    Raises:
        StateError: no build yet, or none under *policy*.
    """
    graph = dataset.graph("domain", dataset.build.ranking(policy).policy)
    names = [str(graph.names[node]) for node in seed_candidates(graph, top).tolist()]
    return dataset.authority(names, None, policy).select(
        ["domain", "authority", "rank", "referring_domains", "linked_domains"]
    )


def farms(
    dataset: Dataset,
    shown: Sequence[str] | None = None,
    top: int | None = None,
    policy: str | None = None,
    level: str = "domain",
) -> pa.Table:
    """Return the domains that look like link farms, and scores without the votes that farms cast.

    Args:
        dataset: with a build.
        shown: the domains to tell of, suspicious or not; None for all that are suspicious.
        top: rows at most.
        policy: under which policy of the build; by default its first.
        level: `domain`, `host` or `entity`.

    Returns:
        farm (its number, the largest is 1; null for a domain of none), role (`target` or `member`), domain (or host, or
        entity), authority, authority_without, rank, rank_without, votes; a farm's targets come first, the best
        first.

    Raises:
        UnknownDomainError: a domain that no page or link names.
        StateError: no build yet, or none under *policy*.
    """
    graph = dataset.graph(level, dataset.build.ranking(policy).policy)
    ranks = ranks_of(dataset, graph, policy, level)
    found = find_farms(graph, ranks)
    clean = what_if(graph, ranks, removed=votes_cast(graph, found)).ranks
    before, after = authority(ranks), authority(clean)
    role, farm = np.zeros(len(graph), np.int8), np.zeros(len(graph), np.int64)
    for number, each in enumerate(found, 1):
        farm[each.nodes] = number
        role[each.targets], role[each.members] = 1, 2
    asked = np.array(dataset.nodes(shown, level), np.int64) if shown else np.flatnonzero(farm)
    if not shown:
        asked = asked[np.lexsort((-before[asked], role[asked], farm[asked]))]
    asked = asked[:top]
    return pa.table(
        {
            "farm": pa.array(farm[asked], mask=farm[asked] == 0),
            "role": pa.array([(None, "target", "member")[each] for each in role[asked].tolist()], pa.string()),
            level: pa.array([graph.names[node] for node in asked.tolist()], pa.string()),
            "authority": before[asked],
            "authority_without": after[asked],
            "rank": positions(ranks.scores)[asked],
            "rank_without": positions(clean.scores)[asked],
            "votes": graph.backlinks.counts()[asked],
        }
    )
