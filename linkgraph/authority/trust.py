"""A vote graph, trusted seeds and known spam → trust, distrust, spam mass, and ranks without the suspicious part.

TrustRank restarts the surfer at reviewed seeds (Gyöngyi, Garcia-Molina and Pedersen 2004), anti-trust walks against the
votes from known spam (Krishnan and Raj 2006), spam mass is the share of a rank that a good core does not account for
(Gyöngyi, Berkhin, Garcia-Molina and Pedersen 2006). Promises certified errors, as the ranks they are made of have.
Refuses a seed that is no node, and no seeds at all.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import NDArray

from linkgraph.authority.pagerank import DAMPING, TOLERANCE, PageRank, pagerank
from linkgraph.authority.reasons import WhatIf, votes_of, what_if
from linkgraph.errors import GraphError
from linkgraph.graph.csr import LinkGraph, checked_ids

GOOD_SHARE = 0.85
"""The share of the web that is taken to be good: 15 % of the hosts of the paper's sample were spam."""


def seeds_of(graph: LinkGraph, labels: Iterable[Hashable]) -> NDArray[np.int64]:
    """Return the ids of seeds, each once.

    Raises:
        GraphError: a label that is no node, or no label at all.
    """
    nodes = sorted({graph.node(label) for label in labels})
    if not nodes:
        raise GraphError("no seed is given; name at least one node of the graph")
    return np.array(nodes)


def seed_candidates(graph: LinkGraph, count: int) -> NDArray[np.int64]:
    """Return the nodes that are worth reviewing as seeds: those from which most of the graph is reached.

    They lead in PageRank against the votes, as the TrustRank paper picks them; equals by id. Whether they are good is
    for a person to say.
    """
    return np.argsort(-pagerank(graph.transpose).scores, kind="stable")[:count]


def _restarts(graph: LinkGraph, seeds: NDArray[np.int64]) -> NDArray[np.float64]:
    restarts = np.zeros(len(graph))
    restarts[checked_ids(seeds, "seeds", len(graph))] = 1.0
    return restarts


def trust(graph: LinkGraph, seeds: NDArray[np.int64], *, alpha: float = DAMPING, tol: float = TOLERANCE) -> PageRank:
    """Return TrustRank: the rank of a surfer who always starts again at one of *seeds*. Sums to 1.

    Raises:
        GraphError: a seed that is no node.
    """
    return pagerank(graph, alpha=alpha, tol=tol, teleport=_restarts(graph, seeds))


def distrust(graph: LinkGraph, spam: NDArray[np.int64], *, alpha: float = DAMPING, tol: float = TOLERANCE) -> PageRank:
    """Return anti-trust: who leads to known *spam*, and to those who lead there; against the votes. Sums to 1.

    Raises:
        GraphError: an id that is no node.
    """
    return pagerank(graph.transpose, alpha=alpha, tol=tol, teleport=_restarts(graph, spam))


def spam_mass(graph: LinkGraph, ranks: PageRank, core: PageRank) -> NDArray[np.float64]:
    """Return the share of each node's rank that does not come from a good core, shape (n,), at most 1.

    It is 1 - p' / p, with p the rank and p' the rank that restarts at the core alone bring, both before they are scaled
    to sum to 1; the core stands for `GOOD_SHARE` of the web. Below 0 where the core gives more than its share: good
    by association. Judge it where the rank is high: of a node with few votes it says little.

    Args:
        graph: what was ranked.
        ranks: its ranks, with a uniform teleport vector.
        core: the trust that the core alone brings, `trust(graph, good)`, of the same damping factor.
    """
    strength = graph.links.sums() if graph.strength is None else np.asarray(graph.strength)
    arrives = np.divide(graph.links.sums(), strength, out=np.zeros(len(graph)), where=strength > 0)
    # Summing y = a P^T y + (1 - a) v gives the sum of y from the share of its rank that votes pass on.
    total = (1.0 - ranks.alpha) / (1.0 - ranks.alpha * float(core.scores @ arrives))
    given = GOOD_SHARE * total * core.scores
    whole = ranks.scores * (1.0 - ranks.alpha) / (len(graph) * ranks.unit)
    mass: NDArray[np.float64] = 1.0 - given / whole
    return mass


def without(graph: LinkGraph, ranks: PageRank, suspicious: NDArray[np.int64]) -> WhatIf:
    """Return the ranks if *suspicious* nodes cast no votes and got none: authority without the suspicious part."""
    return what_if(
        graph, ranks, removed=sorted({vote for node in suspicious.tolist() for vote in votes_of(graph, node)})
    )
