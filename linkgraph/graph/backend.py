"""NetworkX calls → the kernels of this package, or NetworkX itself on a copy.

Promises that every NetworkX function takes a LinkGraph: the ones below run on its arrays, the others on a
`networkx.DiGraph` that is made once a graph and kept with it. Refuses a copy of more than
`nx.config.backends.linkgraph.copy_limit` edges, and functions that would change the graph.
"""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import networkx as nx
import numpy as np
from networkx.utils import backends as dispatch
from numpy.typing import NDArray

from linkgraph.errors import GraphError
from linkgraph.graph import backend_functions as functions
from linkgraph.graph.backend_info import COPY_LIMIT
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.power import Surfer, Walk, stationary

_log = logging.getLogger(__name__)

_BYTES_AN_EDGE = 450
"""Measured on a DiGraph of 500,000 edges with many nodes."""

_LOUD_COPY = 100_000
"""Edges from which a copy is worth a warning: about half a second."""

_copies: WeakKeyDictionary[LinkGraph, nx.DiGraph[Any]] = WeakKeyDictionary()


def convert_from_nx(
    graph: nx.Graph[Any], *, edge_attrs: Mapping[str, Any] | None = None, preserve_edge_attrs: bool = False, **_: Any
) -> LinkGraph:
    """Return the LinkGraph of a NetworkX graph; an undirected edge becomes two, parallel edges add up.

    Args:
        graph: any NetworkX graph.
        edge_attrs: at most one attribute that holds weights, with its default.
        preserve_edge_attrs: NetworkX asks for it where a function reads any attribute; only weights can be had.

    Raises:
        NotImplementedError: more attributes are asked for than one weight.
        GraphError: a weight is NaN, infinite or negative.
    """
    if preserve_edge_attrs or len(edge_attrs or ()) > 1:
        raise NotImplementedError("a LinkGraph holds one weight an edge and no other attribute")
    labels = list(graph)
    numbers = {label: node for node, label in enumerate(labels)}
    directed = graph if graph.is_directed() else graph.to_directed(as_view=True)
    name, default = next(iter((edge_attrs or {}).items()), (None, 1))
    triples = ((*edge, 1) for edge in directed.edges()) if name is None else directed.edges(data=name, default=default)
    edges = [(numbers[tail], numbers[head], weight) for tail, head, weight in triples]
    src, dst, weights = zip(*edges, strict=True) if edges else ((), (), ())
    weighted = name is not None or graph.is_multigraph()
    return LinkGraph.from_arrays(src, dst, len(labels), weights if weighted else None, labels)


def copy_to_networkx(graph: LinkGraph) -> nx.DiGraph[Any]:
    """Return a new networkx.DiGraph with the labels of *graph* as nodes and its weights as the attribute `weight`."""
    copy: nx.DiGraph[Any] = nx.DiGraph()
    labels = list(graph.names)
    copy.add_nodes_from(labels)
    rows = graph.links
    tails = np.repeat(np.arange(len(labels)), rows.counts()).tolist()
    pairs = ((labels[tail], labels[head]) for tail, head in zip(tails, rows.indices.tolist(), strict=True))
    if rows.weights is None:
        copy.add_edges_from(pairs)
    else:
        weights = rows.weights.tolist()
        copy.add_weighted_edges_from((*pair, weight) for pair, weight in zip(pairs, weights, strict=True))
    return copy


def convert_to_nx(result: Any, *, name: str | None = None) -> Any:
    """Return the copy that NetworkX works on, the same one for the same graph; anything else as it is.

    Raises:
        GraphError: the copy would hold more edges than the configured limit.
    """
    if not isinstance(result, LinkGraph):
        return result
    if result not in _copies:
        _weigh_copy(result, name or "this function")
        _copies[result] = copy_to_networkx(result)
    return _copies[result]


def _weigh_copy(graph: LinkGraph, name: str) -> None:
    edges = graph.number_of_edges()
    ours = getattr(nx.config.backends, "linkgraph", None)
    limit = getattr(ours, "copy_limit", COPY_LIMIT)
    size = f"{edges:,} edges, about {edges * _BYTES_AN_EDGE / 1e6:,.0f} MB"
    hint = f"NetworkX itself computes {name}, on a copy of the graph ({size})"
    if edges > limit:
        raise GraphError(
            f"{hint}; the limit is {limit:,} edges. Rank with nx.pagerank, take a part of the graph, or raise "
            "nx.config.backends.linkgraph.copy_limit"
        )
    _log.info(hint)
    if edges > _LOUD_COPY:
        warnings.warn(hint, UserWarning, stacklevel=2)


def _vector(values: Mapping[Hashable, float] | None, graph: LinkGraph) -> NDArray[np.float64] | None:
    """Return the normalised vector of a NetworkX dictionary; labels that are no node do not count."""
    if values is None:
        return None
    vector = np.fromiter((values.get(label, 0) for label in graph.names), np.float64, len(graph))
    if vector.sum() == 0:
        raise ZeroDivisionError("every node of the graph has the value 0 in this dictionary")
    normalised: NDArray[np.float64] = vector / vector.sum()
    return normalised


def pagerank(
    G: LinkGraph,  # noqa: N803 (NetworkX passes G by name)
    alpha: float = 0.85,
    personalization: Mapping[Hashable, float] | None = None,
    max_iter: int = 100,
    tol: float = 1.0e-6,
    nstart: Mapping[Hashable, float] | None = None,
    weight: str | None = "weight",
    dangling: Mapping[Hashable, float] | None = None,
) -> dict[Hashable, float]:
    """Return the PageRank of each node, with the arguments of `networkx.pagerank`.

    The L1 error is at most *tol*. Where *max_iter* steps do not reach that, the answer of NetworkX is good enough:
    a last step smaller than `n * tol`.

    Raises:
        networkx.PowerIterationFailedConvergence: *max_iter* steps reach neither.
        ZeroDivisionError: a dictionary that is 0 on every node.
    """
    if not len(G):
        return {}
    surfer = Surfer(alpha, _vector(personalization, G), _vector(dangling, G))
    walk = Walk.of(G, weighted=weight is not None)
    last = stationary(walk, surfer, tol=tol, max_steps=max_iter, start=_vector(nstart, G))
    if last.bound > tol and not last.change < len(G) * tol:
        raise nx.PowerIterationFailedConvergence(max_iter)
    return dict(zip(G.names, last.ranks.tolist(), strict=True))


def _centrality(graph: LinkGraph, degrees: NDArray[np.int64]) -> dict[Hashable, float]:
    if len(graph) <= 1:
        return dict.fromkeys(graph.names, 1)
    return dict(zip(graph.names, (degrees * (1.0 / (len(graph) - 1))).tolist(), strict=True))


def in_degree_centrality(G: LinkGraph) -> dict[Hashable, float]:  # noqa: N803 (NetworkX passes G by name)
    """Return the share of the other nodes that link to each node."""
    return _centrality(G, G.backlinks.counts())


def out_degree_centrality(G: LinkGraph) -> dict[Hashable, float]:  # noqa: N803 (NetworkX passes G by name)
    """Return the share of the other nodes that each node links to."""
    return _centrality(G, G.links.counts())


def degree_centrality(G: LinkGraph) -> dict[Hashable, float]:  # noqa: N803 (NetworkX passes G by name)
    """Return the sum of in-degree and out-degree centrality of each node."""
    return _centrality(G, G.backlinks.counts() + G.links.counts())


def _registered() -> dict[str, Callable[..., Any]]:
    """Return every function that NetworkX can dispatch, by its dispatch name."""
    functions: dict[str, Callable[..., Any]] = vars(dispatch)["_registered_algorithms"]  # there is no public list
    return functions


def _graphs(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, LinkGraph | nx.Graph)]


class Backend:
    """The object that the entry point `networkx.backends` names.

    It has an attribute for every function that NetworkX can dispatch: one of this module, or one that lets NetworkX
    compute on a copy.
    """

    convert_from_nx = staticmethod(convert_from_nx)
    convert_to_nx = staticmethod(convert_to_nx)
    pagerank = staticmethod(pagerank)
    degree_centrality = staticmethod(degree_centrality)
    in_degree_centrality = staticmethod(in_degree_centrality)
    out_degree_centrality = staticmethod(out_degree_centrality)
    hits = staticmethod(functions.hits)
    harmonic_centrality = staticmethod(functions.harmonic_centrality)
    closeness_centrality = staticmethod(functions.closeness_centrality)
    core_number = staticmethod(functions.core_number)
    strongly_connected_components = staticmethod(functions.strongly_connected_components)
    number_strongly_connected_components = staticmethod(functions.number_strongly_connected_components)
    is_strongly_connected = staticmethod(functions.is_strongly_connected)
    weakly_connected_components = staticmethod(functions.weakly_connected_components)
    number_weakly_connected_components = staticmethod(functions.number_weakly_connected_components)
    is_weakly_connected = staticmethod(functions.is_weakly_connected)
    # NetworkX lets only undirected graphs in here; converted, each edge stands both ways.
    connected_components = staticmethod(functions.weakly_connected_components)
    number_connected_components = staticmethod(functions.number_weakly_connected_components)
    is_connected = staticmethod(functions.is_weakly_connected)
    node_connected_component = staticmethod(functions.node_connected_component)

    def can_run(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool | str:
        """Return whether the call can be computed here, or the reason why not."""
        graphs = _graphs((*args, *kwargs.values()))
        if name == "pagerank":
            alpha = args[1] if len(args) > 1 else kwargs.get("alpha", 0.85)
            return alpha < 1 or "alpha must be below 1 for an error to be certified"
        if name.endswith("degree_centrality"):
            simple = all(graph.is_directed() and not graph.is_multigraph() for graph in graphs)
            return simple or "only directed graphs without parallel edges"
        if name in ("harmonic_centrality", "closeness_centrality"):
            hops = all(value is None for value in _given(name, args, kwargs, "distance", "sources"))
            return hops or "only distances in links, from every node"
        if name == "core_number":
            simple = all(graph.is_directed() and not graph.is_multigraph() for graph in graphs)
            return simple or "only directed graphs without parallel edges"
        if name in vars(Backend):
            return True
        ours = any(isinstance(graph, LinkGraph) for graph in graphs)
        return ours and not _changes_graph(_registered()[name], args, kwargs)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        try:
            function = _registered()[name]
        except KeyError:
            raise AttributeError(f"NetworkX has no function {name!r}") from None

        def on_a_copy(*args: Any, **kwargs: Any) -> Any:
            return function(*args, backend="networkx", **kwargs)

        return on_a_copy


def _given(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], *wanted: str) -> list[Any]:
    """Return the values of some arguments of a call, None for those that it leaves out or does not have."""
    given = inspect.signature(getattr(functions, name)).bind(*args, **kwargs).arguments
    return [given.get(argument) for argument in wanted]


def _changes_graph(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Return whether NetworkX says that this call changes its input: always, never, or by an argument's value."""
    changes: bool | dict[str, int] = function.mutates_input
    if isinstance(changes, bool):
        return changes
    for argument, place in changes.items():
        name = argument.removeprefix("not ")
        value = args[place] if place < len(args) else kwargs.get(name, True if name != argument else None)
        if (not value) if name != argument else (value is not None):
            return True
    return False


interface = Backend()
"""What NetworkX loads."""
