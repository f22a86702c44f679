"""A graph, its ranks and the user's lists → what the tables say of each node beside its rank.

Promises one number a node and measure, or none at all where it needs a list that was not given: trust without reviewed
seeds would be a guess. Refuses a list of which the data know nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from linkgraph.authority.interval import interval
from linkgraph.authority.pagerank import PageRank
from linkgraph.authority.trust import distrust, spam_mass, trust
from linkgraph.errors import UsageError
from linkgraph.graph.collapse.entities import Entities
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.hyperball import REGISTERS, SUPPORTERS, hyperball
from linkgraph.graph.names import Names
from linkgraph.urls import registrable_domain

MEASURES = (
    "authority_low",
    "authority_high",
    "harmonic",
    "trust",
    "distrust",
    "spam_mass",
    *(f"supporters_d{d}" for d in range(1, SUPPORTERS + 1)),
)
"""Columns of the domains and hosts tables, in their order; the three of trust are null without a list, and the
interval where too few domains calibrate it."""

_COUNTER_BYTES = 1 << 31
"""Memory for the counters of harmonic centrality: beyond it they are smaller, and the estimate coarser."""


@dataclass(frozen=True, slots=True)
class Lists:
    """Registrable domains that the user has judged."""

    trusted: Sequence[str] = ()
    spam: Sequence[str] = ()

    def nodes(self, names: Names, entities: Entities | None = None) -> Seeds:
        """Return the nodes of the domains on each list: of a graph of hosts, all hosts of such a domain.

        Args:
            names: of domains or hosts, or of entities where these are given: then the entity of the domain's home page.
            entities: what the nodes are, if they are entities.

        Raises:
            UsageError: a list is given, and none of its domains is in the data.
        """
        keys = list(names) if self.trusted or self.spam else []
        keys = keys if entities else [registrable_domain(name) for name in keys]
        found = {}
        for word, listed in (("trusted", self.trusted), ("spam", self.spam)):
            wanted = frozenset(entities.of_url(f"http://{each}/") if entities else each for each in listed)
            found[word] = np.array([node for node, key in enumerate(keys) if key in wanted], np.int64)
            if wanted and not len(found[word]):
                raise UsageError(
                    f"none of the {len(wanted)} domains of --{word} is in the data, e.g. {min(wanted)}; "
                    "`linkgraph authority --candidates` lists domains that are"
                )
        return Seeds(**found)

    def record(self, names: Names) -> dict[str, dict[str, int | str]]:
        """Return what a build writes down of each list that was given: how many it names, how many are in the data."""
        return {
            word: {
                "named": len(set(listed)),
                "found": sum(names.find(name) >= 0 for name in set(listed)),
                "sha256": hashlib.sha256("\n".join(sorted(set(listed))).encode()).hexdigest(),
            }
            for word, listed in (("trusted", self.trusted), ("spam", self.spam))
            if listed
        }


@dataclass(frozen=True, slots=True)
class Seeds:
    """The nodes of the lists."""

    trusted: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    spam: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


def _registers(nodes: int) -> int:
    registers = REGISTERS
    while registers > 16 and 2 * nodes * registers > _COUNTER_BYTES:
        registers //= 2
    return registers


def measures(graph: LinkGraph, ranks: PageRank, seeds: Seeds) -> dict[str, NDArray[np.float64] | None]:
    """Return the columns `MEASURES`, each of shape (n,), None where the list that it needs is empty.

    Args:
        graph: the votes under one policy.
        ranks: of this graph, with a uniform teleport vector.
        seeds: nodes of this graph.
    """
    balls = hyperball(graph, registers=_registers(len(graph)))
    found: dict[str, NDArray[np.float64] | None] = dict.fromkeys(MEASURES)
    bounds = interval(graph, ranks)
    for side, values in (("low", bounds.low), ("high", bounds.high)):
        found[f"authority_{side}"] = None if np.isnan(values).any() else values
    found |= {"harmonic": balls.harmonic}
    found |= {f"supporters_d{d}": of_distance for d, of_distance in enumerate(balls.supporters, 1)}
    if len(seeds.trusted):
        core = trust(graph, seeds.trusted, alpha=ranks.alpha)
        found |= {"trust": core.scores, "spam_mass": spam_mass(graph, ranks, core)}
    if len(seeds.spam):
        found |= {"distrust": distrust(graph, seeds.spam, alpha=ranks.alpha).scores}
    return found
