"""The graph object: what it holds, what it refuses, and that saving changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph import jit
from linkgraph.errors import CorruptFileError, GraphError
from linkgraph.graph.csr import MAX_NODES, LinkGraph
from linkgraph.graph.names import Names

NODES = 8
edge_lists = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.floats(0, 10, allow_subnormal=False)),
    max_size=40,
)


def matrix(rows):
    dense = np.zeros((len(rows.indptr) - 1,) * 2)
    for node in range(len(dense)):
        weights = 1.0 if rows.weights is None else rows.weights[rows.indptr[node] : rows.indptr[node + 1]]
        dense[node, rows.row(node)] = weights
    return dense


@settings(max_examples=70)
@given(edge_lists, st.booleans())
def test_a_graph_is_the_matrix_of_its_edges(edges, weighted):
    src, dst, weights = (list(column) for column in zip(*edges, strict=True)) if edges else ([], [], [])
    expected = np.zeros((NODES, NODES))
    np.add.at(expected, (np.array(src, int), np.array(dst, int)), weights)
    present = np.zeros((NODES, NODES))
    present[np.array(src, int), np.array(dst, int)] = 1

    graph = LinkGraph.from_arrays(src, dst, NODES, weights if weighted else None)

    expected = expected if weighted else present
    np.testing.assert_allclose(matrix(graph.links), expected, rtol=1e-14)
    np.testing.assert_array_equal(matrix(graph.backlinks), matrix(graph.links).T)
    np.testing.assert_allclose(graph.links.sums(), expected.sum(axis=1), rtol=1e-13)
    assert graph.number_of_edges() == int(present.sum())
    for rows in (graph.links, graph.backlinks):
        assert all((np.diff(rows.row(node)) > 0).all() for node in range(NODES))
        assert (rows.indptr.dtype, rows.indices.dtype) == (np.int64, np.int32)


def test_edges_that_stand_twice_become_one():
    assert LinkGraph.from_arrays([0, 0], [1, 1], 2).number_of_edges() == 1
    assert LinkGraph.from_arrays([0, 0], [1, 1], 2, [1.0, 2.5]).links.weights.tolist() == [3.5]


def test_self_loops_stay():
    assert LinkGraph.from_arrays([1], [1], 2).has_edge(1, 1)


def test_turning_round_is_free_and_its_own_inverse():
    graph = LinkGraph.from_arrays([0, 0, 1], [1, 2, 2], 3)

    assert graph.transpose.links is graph.backlinks
    assert graph.transpose.transpose.links is graph.links


@pytest.mark.parametrize(
    ("src", "dst", "nodes", "message"),
    [
        ([0, 3], [0, 1], 3, "src holds the ids 0 to 3.*must lie in 0 to 2"),
        ([0], [-1], 3, "dst holds the ids -1 to -1"),
        ([0], [1, 2], 3, "1 sources and 2 targets"),
        ([0.5], [1], 3, "integers"),
        ([[0]], [1], 3, "one-dimensional"),
        ([0], [0], 0, "with 0 nodes"),
        ([], [], MAX_NODES + 1, str(MAX_NODES)),
        ([], [], -1, "-1 nodes"),
    ],
)
def test_arrays_that_are_no_graph_are_refused(src, dst, nodes, message):
    with pytest.raises(GraphError, match=message):
        LinkGraph.from_arrays(src, dst, nodes)


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -0.5])
def test_a_weight_that_is_no_vote_is_refused(weight):
    with pytest.raises(GraphError, match="edge 1 weighs"):
        LinkGraph.from_arrays([0, 1], [1, 0], 2, [1.0, weight])


def test_a_weight_an_edge_is_required():
    with pytest.raises(GraphError, match="3 weights for 2 edges"):
        LinkGraph.from_arrays([0, 1], [1, 0], 2, [1.0, 1.0, 1.0])


@pytest.mark.parametrize(
    ("names", "message"), [(["a"], "1 names for 2"), (["a", "a"], "'a'"), ([(1,), (1,)], "same name")]
)
def test_names_must_tell_nodes_apart(names, message):
    with pytest.raises(GraphError, match=message):
        LinkGraph.from_arrays([0], [1], 2, names=names)


@pytest.mark.parametrize("names", [None, ["a", "b", "c"], ["z", "é", "b"], [1.5, ("x",), frozenset()]])
def test_nodes_are_called_by_their_labels(names):
    graph = LinkGraph.from_arrays([0, 0], [2, 1], 3, names=names)
    labels = names or [0, 1, 2]

    assert list(graph) == labels
    assert [label in graph for label in labels] == [True] * 3
    assert "nobody" not in graph
    assert list(graph.successors(labels[0])) == list(graph.neighbors(labels[0])) == labels[1:]
    assert list(graph.predecessors(labels[2])) == [labels[0]]
    assert graph.has_edge(labels[0], labels[1])
    assert not graph.has_edge(labels[1], labels[0])
    assert not graph.has_edge("nobody", labels[0])
    with pytest.raises(GraphError, match="'nobody'"):
        list(graph.successors("nobody"))


@settings(max_examples=70)
@given(st.lists(st.text(max_size=8), unique=True, max_size=20), st.text(max_size=8))
def test_names_are_found_wherever_they_stand(names, stranger):
    column = Names.of(names)

    assert list(column) == column[:] == names
    assert [column.find(name) for name in names] == list(range(len(names)))
    assert column.find(stranger) == (names.index(stranger) if stranger in names else -1)
    by_bytes = sorted(names, key=str.encode)
    place = sum(name.encode() < stranger.encode() for name in names)
    assert column.place(stranger) == place
    assert column.around(stranger, 2) == by_bytes[max(place - 2, 0) : place + 2]


@pytest.mark.parametrize("names", [None, ["a", "b", "c"], ["c", "a", "b"]])
@pytest.mark.parametrize("weights", [None, [1.0, 2.0]])
def test_a_saved_graph_is_the_same_graph_mapped_from_disk(tmp_path, names, weights):
    graph = LinkGraph.from_arrays([0, 2], [1, 0], 3, weights, names)
    graph.save(tmp_path / "domain")
    loaded = LinkGraph.load(tmp_path / "domain")

    assert list(loaded) == list(graph)
    assert [loaded.names.find(label) for label in graph] == [0, 1, 2]
    np.testing.assert_array_equal(matrix(loaded.links), matrix(graph.links))
    np.testing.assert_array_equal(matrix(loaded.backlinks), matrix(graph.backlinks))
    assert not loaded.links.indices.flags.owndata


def test_a_strength_is_saved_and_is_no_less_than_the_links_weigh(tmp_path):
    LinkGraph.from_arrays([0, 2], [1, 0], 3, [0.5, 1], strength=[2, 0, 1]).save(tmp_path / "g")

    assert LinkGraph.load(tmp_path / "g").strength.tolist() == [2, 0, 1]
    with pytest.raises(GraphError, match=r"node 0 has strength.*its links weigh"):
        LinkGraph.from_arrays([0, 2], [1, 0], 3, [0.5, 1], strength=[0.25, 0, 1])
    with pytest.raises(GraphError, match="2 strengths for 3 nodes"):
        LinkGraph.from_arrays([0], [1], 3, strength=[1, 1])


def test_only_names_that_are_strings_can_be_saved(tmp_path):
    with pytest.raises(GraphError, match="strings"):
        LinkGraph.from_arrays([0], [1], 2, names=[("a",), ("b",)]).save(tmp_path / "x")


@pytest.mark.parametrize("array", ["links.indptr", "backlinks.indices", "names.offsets", "names.bytes"])
@pytest.mark.parametrize("damage", ["gone", "cut", "foreign", "shorter"])
def test_a_damaged_array_is_named(tmp_path, array, damage):
    LinkGraph.from_arrays([0, 2], [1, 0], 3, names=["a", "b", "c"]).save(tmp_path / "g")
    path = tmp_path / f"g.{array}.npy"
    if array == "names.offsets" and damage == "gone":
        path = tmp_path / "g.links.indptr.npy"  # without offsets the graph has no names; its arrays still count
    match damage:
        case "gone":
            path.unlink()
        case "cut":
            path.write_bytes(path.read_bytes()[:-1])
        case "foreign":
            np.save(path, np.zeros(4, np.float32))
        case "shorter":
            np.save(path, np.load(path)[:-1])

    with pytest.raises(CorruptFileError, match=r"g.*build"):
        LinkGraph.load(tmp_path / "g")


def test_kernels_work_where_nothing_can_be_kept(monkeypatch):
    genuine = jit.numba.njit

    def nowhere(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return genuine(**options)

    monkeypatch.setattr(jit.numba, "njit", nowhere)

    assert jit.kernel(lambda number: number + 1)(2) == 3


def test_what_a_link_graph_lacks_is_told_with_the_way_out():
    graph = LinkGraph.from_arrays([0], [1], 2)

    with pytest.raises(AttributeError, match=r"'adj'.*to_networkx\(\)"):
        _ = graph.adj
