"""Components, cores, HITS and distances against closed forms and NetworkX; HyperBall against exact distances."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.errors import GraphError
from linkgraph.graph import backend, threads
from linkgraph.graph import hyperball as hyperballs
from linkgraph.graph.components import core_numbers, strong_components, weak_components
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.distances import distances_to
from linkgraph.graph.hits import hits
from linkgraph.graph.hyperball import hyperball

graphs = st.integers(1, 30).flatmap(
    lambda nodes: st.tuples(
        st.just(nodes), st.lists(st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)), max_size=90)
    )
)


def both(nodes, edges):
    src, dst = zip(*edges, strict=True) if edges else ((), ())
    theirs = nx.DiGraph()
    theirs.add_nodes_from(range(nodes))
    theirs.add_edges_from(edges)
    return LinkGraph.from_arrays(src, dst, nodes), theirs


def groups(found, count):
    return sorted(np.flatnonzero(found == number).tolist() for number in range(count))


@settings(max_examples=150)
@given(graphs)
def test_components_and_cores_are_those_of_networkx(case):
    ours, theirs = both(*case)
    strong, count = strong_components(ours)

    assert groups(strong, count) == sorted(map(sorted, nx.strongly_connected_components(theirs)))
    assert all(strong[tail] >= strong[head] for tail, head in case[1])
    assert groups(*weak_components(ours)) == sorted(map(sorted, nx.weakly_connected_components(theirs)))
    simple, plain = both(case[0], [(tail, head) for tail, head in case[1] if tail != head])
    assert dict(enumerate(core_numbers(simple).tolist())) == nx.core_number(plain)


def test_a_path_of_a_million_nodes_needs_no_deep_stack():
    nodes = 1_000_000
    graph = LinkGraph.from_arrays(np.arange(nodes - 1), np.arange(1, nodes), nodes)

    assert strong_components(graph)[1] == nodes
    assert weak_components(graph)[1] == 1
    assert set(core_numbers(graph).tolist()) == {1}


@settings(max_examples=100)
@given(graphs)
def test_exact_distances_are_those_of_networkx(case):
    ours, theirs = both(*case)
    found = distances_to(ours)

    assert found.harmonic == pytest.approx(list(nx.harmonic_centrality(theirs, backend="networkx").values()))
    lengths = [nx.single_target_shortest_path_length(theirs, node) for node in theirs]
    assert found.total.tolist() == [sum(dict(each).values()) for each in lengths]
    assert found.reached.tolist() == [len(dict(each)) - 1 for each in lengths]


@settings(max_examples=60)
@given(graphs, st.integers(0, 9))
def test_hubs_and_authorities_are_the_leading_singular_vectors(case, seed):
    nodes, edges = case
    src, dst = np.array(edges, int).reshape(-1, 2).T
    graph = LinkGraph.from_arrays(src, dst, nodes, np.random.default_rng(seed).random(len(src)) + 0.1)
    found = hits(graph)
    matrix = nx.to_numpy_array(graph.to_networkx(), nodelist=range(nodes))

    _, values, rows = np.linalg.svd(matrix)
    gap = values[0] - values[1] if nodes > 1 else values[0]
    if not edges:
        assert not found.authorities.any()
    elif gap > 1e-2 * values[0]:
        assert found.authorities == pytest.approx(np.abs(rows[0]) / np.abs(rows[0]).sum(), abs=1e-7)
    assert found.hubs * found.strength == pytest.approx(matrix @ found.authorities)


def test_in_a_star_the_centre_is_the_one_authority_and_the_leaves_share_the_hub():
    graph = LinkGraph.from_arrays([1, 2, 3, 4], [0, 0, 0, 0], 5)
    found = hits(graph)

    assert found.authorities == pytest.approx([1, 0, 0, 0, 0])
    assert found.hubs == pytest.approx([0, 0.25, 0.25, 0.25, 0.25])


def test_hits_says_when_it_does_not_converge():
    graph = LinkGraph.from_arrays(*np.random.default_rng(1).integers(0, 500, (2, 3000)), 500)

    with pytest.raises(GraphError, match="after 12 products"):
        hits(graph, tol=1e-15, max_products=1)


def test_on_a_small_path_hyperball_is_exact_enough_to_tell_every_distance():
    graph = LinkGraph.from_arrays(range(9), range(1, 10), 10)
    found = hyperball(graph, registers=512)

    assert found.supporters[0].tolist() == [0] + [1] * 9
    assert found.supporters[3] == pytest.approx([0] * 4 + [1] * 6, abs=0.1)
    assert found.reached == pytest.approx(np.arange(1, 11), rel=0.02)
    assert found.harmonic == pytest.approx([sum(1 / hop for hop in range(1, node + 1)) for node in range(10)], abs=0.1)
    assert found.rounds == 9


def test_hyperball_is_within_its_deviation_of_exact_distances():
    dice = np.random.default_rng(3)
    graph = LinkGraph.from_arrays(dice.integers(0, 4000, 20_000), (4000 * dice.random(20_000) ** 2).astype(int), 4000)
    exact = distances_to(graph).harmonic
    known = exact > 0

    median = np.median(
        [np.abs(hyperball(graph, seed=seed).harmonic - exact)[known] / exact[known] for seed in range(5)]
    )

    assert median <= 0.05


def test_hyperball_gives_the_same_bits_whatever_the_number_of_threads(monkeypatch):
    graph = LinkGraph.from_arrays(*np.random.default_rng(5).integers(0, 60_000, (2, 300_000)), 60_000)
    answers = []
    for count in (1, 3):
        monkeypatch.setattr(threads, "thread_count", lambda count=count: count)
        answers.append(hyperball(graph, registers=16, max_rounds=4).harmonic.tobytes())

    assert answers[0] == answers[1]


@settings(max_examples=30)
@given(graphs)
def test_marking_whom_the_last_round_can_reach_changes_no_bit(case):
    answers = set()
    for few in (1e-9, 3, np.inf):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(hyperballs, "_FEW", few)
            found = hyperball(both(*case)[0], registers=16)
        answers.add((found.rounds, found.harmonic.tobytes(), found.supporters.tobytes(), found.reached.tobytes()))

    assert len(answers) == 1


def test_a_self_loop_is_no_supporter():
    found = hyperball(LinkGraph.from_arrays([0, 1], [0, 0], 2))

    assert found.supporters[0].tolist() == [1, 0]


def test_the_empty_graph_has_no_kernel_results():
    empty = LinkGraph.from_arrays([], [], 0)

    assert (strong_components(empty)[1], weak_components(empty)[1], len(core_numbers(empty))) == (0, 0, 0)
    assert len(hits(empty).hubs) == len(distances_to(empty).harmonic) == len(hyperball(empty).harmonic) == 0


def test_counters_come_in_powers_of_two():
    with pytest.raises(GraphError, match="100 registers"):
        hyperball(LinkGraph.from_arrays([0], [1], 2), registers=100)


def test_networkx_functions_of_the_backend_answer_as_networkx_does():
    theirs = nx.gnp_random_graph(60, 0.04, seed=2, directed=True)
    ours = backend.convert_from_nx(theirs)
    interface = backend.interface

    assert interface.hits(ours)[0] == pytest.approx(nx.hits(theirs, backend="networkx")[0], abs=1e-7)
    raw = [interface.hits(ours, normalized=False), nx.hits(theirs, normalized=False, backend="networkx")]
    for mine, reference in zip(*raw, strict=True):
        assert mine == pytest.approx({node: abs(value) for node, value in reference.items()}, abs=1e-6)
    assert interface.closeness_centrality(ours) == pytest.approx(nx.closeness_centrality(theirs, backend="networkx"))
    assert interface.closeness_centrality(ours, 3, wf_improved=False) == pytest.approx(
        nx.closeness_centrality(theirs, 3, wf_improved=False, backend="networkx")
    )
    assert interface.harmonic_centrality(ours, [1, 5, 99]) == pytest.approx(
        nx.harmonic_centrality(theirs, [1, 5], backend="networkx")
    )
    assert interface.number_strongly_connected_components(ours) == nx.number_strongly_connected_components(theirs)
    assert interface.is_weakly_connected(ours) == nx.is_weakly_connected(theirs)
    with pytest.raises(nx.NodeNotFound):
        interface.closeness_centrality(ours, "nobody")
    with pytest.raises(nx.NetworkXPointlessConcept):
        interface.is_strongly_connected(LinkGraph.from_arrays([], [], 0))
    with pytest.raises(nx.NetworkXNotImplemented, match="self loops"):
        interface.core_number(LinkGraph.from_arrays([0], [0], 1))
    with pytest.raises(nx.PowerIterationFailedConvergence):
        interface.hits(ours, max_iter=0)


def test_what_the_distance_kernels_cannot_do_is_left_to_networkx():
    can_run, graph = backend.interface.can_run, nx.DiGraph([(0, 1)])

    assert can_run("harmonic_centrality", (graph,), {}) is True
    assert "links" in can_run("harmonic_centrality", (graph, None, "length"), {})
    assert "links" in can_run("harmonic_centrality", (graph,), {"sources": [0]})
    assert "links" in can_run("closeness_centrality", (graph,), {"distance": "length"})
    assert "directed" in can_run("core_number", (nx.path_graph(3),), {})
    assert can_run("hits", (graph,), {}) is True
