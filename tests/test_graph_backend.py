"""NetworkX functions take a LinkGraph, and take it for what it is."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.errors import GraphError
from linkgraph.graph import backend
from linkgraph.graph.backend_info import get_info
from linkgraph.graph.csr import LinkGraph

needs_entry_points = pytest.mark.skipif(
    "linkgraph" not in nx.utils.backends.backends, reason="linkgraph is not installed: NetworkX finds backends so"
)


@pytest.fixture
def graph():
    return LinkGraph.from_arrays([0, 1, 2, 2], [1, 2, 0, 1], 4, names=["a", "b", "c", "d"])


def converted(original, weight="weight"):
    return backend.convert_from_nx(original, edge_attrs={weight: 1} if weight else None)


def test_a_networkx_copy_has_the_names_and_weights():
    copy = LinkGraph.from_arrays([0, 1], [1, 0], 3, [2.0, 0.5], ["a", "b", "c"]).to_networkx()

    assert type(copy) is nx.DiGraph
    assert list(copy) == ["a", "b", "c"]
    assert dict(copy.edges) == {("a", "b"): {"weight": 2.0}, ("b", "a"): {"weight": 0.5}}


def test_every_networkx_copy_is_ones_own(graph):
    graph.to_networkx().add_edge("a", "d")

    assert ("a", "d") not in graph.to_networkx().edges


nodes = st.sampled_from(["a", ("b", 2), 3, "d"])


@settings(max_examples=100)
@given(st.lists(st.tuples(nodes, nodes, st.integers(0, 5))), st.sampled_from([nx.DiGraph, nx.Graph, nx.MultiDiGraph]))
def test_there_and_back_is_the_same_graph(edges, kind):
    original = kind()
    original.add_nodes_from(["a", 3])
    original.add_weighted_edges_from(edges)
    there = converted(original)
    expected = nx.DiGraph() if kind is not nx.Graph else original.to_directed()
    expected.add_nodes_from(original)
    if kind is not nx.Graph:
        for tail, head, weight in original.edges(data="weight"):
            before = expected.get_edge_data(tail, head, {"weight": 0})["weight"]
            expected.add_edge(tail, head, weight=before + weight)

    assert nx.utils.graphs_equal(backend.copy_to_networkx(there), expected)


def test_parallel_edges_without_a_weight_add_up():
    original = nx.MultiDiGraph([("a", "b"), ("a", "b"), ("a", "c")])

    assert converted(original, None).links.weights.tolist() == [2.0, 1.0]
    assert converted(nx.DiGraph(original), None).links.weights is None


def test_two_attributes_do_not_fit():
    with pytest.raises(NotImplementedError, match="one weight"):
        backend.convert_from_nx(nx.DiGraph(), edge_attrs={"a": 1, "b": 1})
    with pytest.raises(NotImplementedError, match="one weight"):
        backend.convert_from_nx(nx.DiGraph(), preserve_edge_attrs=True)


def test_a_bad_weight_is_refused():
    with pytest.raises(GraphError, match="nan"):
        converted(nx.DiGraph([("a", "b", {"weight": float("nan")})]))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"alpha": 0.5},
        {"alpha": 0.0},
        {"weight": None},
        {"personalization": {"a": 1, "c": 3, "stranger": 9}},
        {"dangling": {"a": 1}},
        {"personalization": {"b": 1}, "dangling": {"a": 2, "c": 1}},
        {"nstart": {"a": 1, "b": 1, "c": 1, "d": 5}},
    ],
)
def test_pagerank_means_what_networkx_means(arguments):
    original = nx.DiGraph()
    original.add_weighted_edges_from([("a", "b", 2), ("b", "c", 1), ("c", "a", 1), ("c", "b", 3), ("c", "c", 1)])
    original.add_edge("a", "d", weight=0.5)
    theirs = nx.pagerank(original, tol=1e-14, max_iter=500, backend="networkx", **arguments)

    ours = backend.pagerank(converted(original), tol=1e-12, max_iter=500, **arguments)

    assert ours == pytest.approx(theirs, abs=1e-11)


def test_pagerank_stops_where_its_error_is_below_the_tolerance():
    original = nx.gnp_random_graph(200, 0.02, seed=3, directed=True)
    exact = np.array(list(backend.pagerank(converted(original), tol=1e-12, max_iter=1000).values()))

    for tol in (1e-3, 1e-6, 1e-9):
        ranks = np.array(list(backend.pagerank(converted(original), tol=tol, max_iter=1000).values()))
        assert np.abs(ranks - exact).sum() <= tol + 1e-12


def test_pagerank_says_when_it_does_not_converge(graph):
    with pytest.raises(nx.PowerIterationFailedConvergence):
        backend.pagerank(graph, max_iter=0)
    with pytest.raises(ZeroDivisionError):
        backend.pagerank(graph, personalization={"a": 0})
    assert backend.pagerank(LinkGraph.from_arrays([], [], 0)) == {}


def test_the_metadata_names_what_is_implemented():
    assert all(callable(getattr(backend.interface, name)) for name in get_info()["functions"])


def test_what_cannot_be_computed_here_is_left_to_networkx():
    undirected, parallel, directed = nx.path_graph(3), nx.MultiDiGraph([(0, 1)]), nx.DiGraph([(0, 1)])
    can_run = backend.interface.can_run

    assert can_run("pagerank", (undirected,), {}) is True
    assert "alpha" in can_run("pagerank", (directed,), {"alpha": 1})
    assert "alpha" in can_run("pagerank", (directed, 1.0), {})
    assert can_run("degree_centrality", (directed,), {}) is True
    assert "directed" in can_run("degree_centrality", (undirected,), {})
    assert "parallel" in can_run("in_degree_centrality", (parallel,), {})
    assert can_run("betweenness_centrality", (directed,), {}) is False
    assert not hasattr(backend.interface, "no_such_function")


def test_a_function_that_changes_its_input_gets_no_copy(graph):
    can_run = backend.interface.can_run

    assert can_run("betweenness_centrality", (graph,), {}) is True
    assert can_run("set_node_attributes", (graph, 1, "x"), {}) is False
    assert can_run("relabel_nodes", (graph, {}), {}) is True
    assert can_run("relabel_nodes", (graph, {}, False), {}) is False
    assert can_run("relabel_nodes", (graph, {}), {"copy": False}) is False
    assert can_run("min_edge_cover", (graph,), {}) is True


def test_the_copy_is_made_once_and_not_beyond_its_limit(graph, monkeypatch):
    assert backend.convert_to_nx(graph) is backend.convert_to_nx(graph)
    monkeypatch.setattr(backend, "COPY_LIMIT", 3)
    if "linkgraph" in nx.utils.backends.backends:
        monkeypatch.setattr(nx.config.backends.linkgraph, "copy_limit", 3)
    other = LinkGraph.from_arrays([0, 1, 2, 2], [1, 2, 0, 1], 4)
    with pytest.raises(GraphError, match=r"closeness.*4 edges.*limit is 3.*copy_limit"):
        backend.convert_to_nx(other, name="closeness")


def test_a_large_copy_is_announced(monkeypatch):
    monkeypatch.setattr(backend, "_LOUD_COPY", 1)
    with pytest.warns(UserWarning, match="on a copy of the graph"):
        backend.convert_to_nx(LinkGraph.from_arrays([0, 1], [1, 0], 2))


@needs_entry_points
def test_networkx_functions_accept_a_link_graph(graph):
    copy = graph.to_networkx()

    assert nx.pagerank(graph) == nx.pagerank(copy, backend="linkgraph")
    assert nx.in_degree_centrality(graph) == nx.in_degree_centrality(copy)
    assert nx.out_degree_centrality(graph) == nx.out_degree_centrality(copy)
    assert nx.degree_centrality(graph) == nx.degree_centrality(copy)
    assert nx.betweenness_centrality(graph) == nx.betweenness_centrality(copy)
    assert sorted(map(sorted, nx.strongly_connected_components(graph))) == [["a", "b", "c"], ["d"]]
    assert nx.shortest_path(graph, "a", "c") == ["a", "b", "c"]
    assert nx.density(graph) == nx.density(copy)


@needs_entry_points
def test_networkx_refuses_to_change_a_link_graph(graph):
    with pytest.raises(NotImplementedError, match="mutate"):
        nx.set_node_attributes(graph, 1, "x")
