"""NetworkX's components, cores, HITS and distance centralities → the kernels of this package.

Promises the arguments, defaults, results and errors of the NetworkX functions of the same names. `backend` says which
calls come here; arguments that it turns away (a distance attribute, sources) are not looked at.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from linkgraph.errors import GraphError
from linkgraph.graph import components as kernels
from linkgraph.graph import hits as kleinberg
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.distances import distances_to

# NetworkX passes graphs by the name G.
# ruff: noqa: N803


def _groups(graph: LinkGraph, found: NDArray[np.int32], count: int) -> Iterator[set[Hashable]]:
    order = np.argsort(found, kind="stable")
    for members in np.split(order, np.searchsorted(found[order], np.arange(1, count))) if count else ():
        yield {graph.names[node] for node in members.tolist()}


def _not_empty(graph: LinkGraph) -> None:
    if not len(graph):
        raise nx.NetworkXPointlessConcept("Connectivity is undefined for the null graph.")


def strongly_connected_components(G: LinkGraph) -> Iterator[set[Hashable]]:
    """Yield the set of labels of each strongly connected component, one that is linked to before its linkers."""
    yield from _groups(G, *kernels.strong_components(G))


def number_strongly_connected_components(G: LinkGraph) -> int:
    """Return how many strongly connected components there are."""
    return kernels.strong_components(G)[1]


def is_strongly_connected(G: LinkGraph) -> bool:
    """Return whether each node reaches each other one.

    Raises:
        networkx.NetworkXPointlessConcept: there is no node.
    """
    _not_empty(G)
    return kernels.strong_components(G)[1] == 1


def weakly_connected_components(G: LinkGraph) -> Iterator[set[Hashable]]:
    """Yield the set of labels of each weakly connected component."""
    yield from _groups(G, *kernels.weak_components(G))


def number_weakly_connected_components(G: LinkGraph) -> int:
    """Return how many weakly connected components there are."""
    return kernels.weak_components(G)[1]


def is_weakly_connected(G: LinkGraph) -> bool:
    """Return whether all nodes hang together when directions do not count.

    Raises:
        networkx.NetworkXPointlessConcept: there is no node.
    """
    _not_empty(G)
    return kernels.weak_components(G)[1] == 1


def node_connected_component(G: LinkGraph, n: Hashable) -> set[Hashable]:
    """Return the labels of the component of node *n* of an undirected graph.

    Raises:
        KeyError: there is no such node.
    """
    if (node := G.names.find(n)) < 0:
        raise KeyError(n)
    found, _ = kernels.weak_components(G)
    return {G.names[other] for other in np.flatnonzero(found == found[node]).tolist()}


def core_number(G: LinkGraph) -> dict[Hashable, int]:
    """Return the core number of each node of a directed graph; links in and out count alike.

    Raises:
        networkx.NetworkXNotImplemented: a self-loop.
    """
    rows = G.links
    if (np.repeat(np.arange(len(G)), rows.counts()) == rows.indices).any():
        raise nx.NetworkXNotImplemented(
            "Input graph has self loops which is not permitted; "
            "Consider using G.remove_edges_from(nx.selfloop_edges(G))."
        )
    return dict(zip(G.names, kernels.core_numbers(G).tolist(), strict=True))


def hits(
    G: LinkGraph,
    max_iter: int = 100,
    tol: float = 1.0e-8,
    nstart: Mapping[Hashable, float] | None = None,
    normalized: bool = True,
) -> tuple[dict[Hashable, float], dict[Hashable, float]]:
    """Return (hubs, authorities).

    Raises:
        networkx.PowerIterationFailedConvergence: *max_iter* restarts of the Lanczos iteration do not reach *tol*.
    """
    if not len(G):
        return {}, {}
    if max_iter <= 0:
        raise nx.PowerIterationFailedConvergence(max_iter)
    start = None if nstart is None else np.array(list(nstart.values()), np.float64)
    try:
        found = kleinberg.hits(G, tol=max(tol, 1e-13), max_products=max_iter * kleinberg.DEPTH, start=start)
    except GraphError as reason:
        raise nx.PowerIterationFailedConvergence(max_iter) from reason
    scale = 1.0 if normalized or not found.products else 1.0 / float(np.linalg.norm(found.authorities))
    hub_scale = 1.0 if normalized else scale * found.strength
    labels = list(G.names)
    return (
        dict(zip(labels, (found.hubs * hub_scale).tolist(), strict=True)),
        dict(zip(labels, (found.authorities * scale).tolist(), strict=True)),
    )


def _asked(graph: LinkGraph, labels: Iterable[Hashable] | Hashable | None) -> tuple[list[Hashable], NDArray[np.int32]]:
    """Return the labels and ids of an nbunch: None, one label, or several of which strangers do not count."""
    if labels is None:
        return list(graph.names), np.arange(len(graph), dtype=np.int32)
    wanted: Iterable[Any] = [labels] if isinstance(labels, Hashable) and labels in graph else labels  # type: ignore[assignment]  # as NetworkX reads it
    known = {label: node for label in wanted if (node := graph.names.find(label)) >= 0}
    return list(known), np.fromiter(known.values(), np.int32, len(known))


def harmonic_centrality(
    G: LinkGraph, nbunch: Any = None, distance: None = None, sources: None = None
) -> dict[Hashable, float]:
    """Return for each node the sum of 1 / distance over the nodes that reach it."""
    del distance, sources
    labels, nodes = _asked(G, nbunch)
    return dict(zip(labels, distances_to(G, nodes).harmonic.tolist(), strict=True))


def closeness_centrality(
    G: LinkGraph, u: Hashable | None = None, distance: None = None, wf_improved: bool = True
) -> dict[Hashable, float] | float:
    """Return closeness by incoming distance, of every node or of *u* (Wasserman and Faust where *wf_improved*).

    Raises:
        networkx.NodeNotFound: *u* is no node.
    """
    del distance
    if u is not None and u not in G:
        raise nx.NodeNotFound(f"Source {u} is not in G")
    labels, nodes = _asked(G, None if u is None else [u])
    found = distances_to(G, nodes)
    closeness = np.divide(found.reached, found.total, out=np.zeros(len(nodes)), where=found.total > 0)
    if wf_improved and len(G) > 1:
        closeness *= found.reached / (len(G) - 1)
    return float(closeness[0]) if u is not None else dict(zip(labels, closeness.tolist(), strict=True))
