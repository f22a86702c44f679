"""Sorting edges into rows: in any order, in several rounds, with repeats, in memory and on disk; turning rows round."""

from __future__ import annotations

import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array

from linkgraph.errors import GraphError
from linkgraph.graph import buckets, rows, stores
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.rows import rows_of
from linkgraph.graph.stores import Files


@contextmanager
def small_parts(held=1 << 31):
    """Chunks, buckets and rounds so small that a few thousand edges need many of each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_CHUNK_EDGES", 100)
        patch.setattr(rows, "_TURN_EDGES", 64)
        patch.setattr(buckets, "_EDGES", 32)
        patch.setattr(stores, "ROUND_BYTES", held)
        yield


def drawn(seed, nodes, edges, kind=np.int32):
    dice = np.random.default_rng(seed)
    src = (nodes * dice.random(edges) ** 3).astype(kind)
    return src, dice.integers(0, nodes, edges).astype(kind), dice.random(edges)


def bits(found):
    return [array.tobytes() for array in (found.indptr, found.indices, found.weights) if array is not None]


@settings(max_examples=50)
@given(
    st.integers(1, 3000),
    st.integers(0, 4000),
    st.integers(0, 99),
    st.booleans(),
    st.sampled_from([np.int32, np.int64, np.uint16]),
)
def test_rows_and_their_transpose_are_the_matrices_of_scipy(nodes, edges, seed, weighted, kind):
    src, dst, weights = drawn(seed, nodes, edges, kind)
    with small_parts():
        found = rows_of(src, dst, weights if weighted else None, nodes)
        turned = found.transpose()

    theirs = coo_array((weights, (src, dst)), shape=(nodes, nodes)).tocsr()
    theirs.sum_duplicates()
    for mine, matrix in ((found, theirs), (turned, theirs.T.tocsr())):
        matrix.sort_indices()
        assert (mine.indptr.tolist(), mine.indices.tolist()) == (matrix.indptr.tolist(), matrix.indices.tolist())
        assert (mine.indptr.dtype, mine.indices.dtype) == (np.int64, np.int32)
        if weighted:
            np.testing.assert_allclose(mine.weights, matrix.data, rtol=1e-14)
    assert bits(turned.transpose()) == bits(found)


@pytest.mark.parametrize("key_bits", [63, 8])
def test_weights_of_one_edge_are_added_in_the_order_of_the_input(monkeypatch, key_bits):
    src, dst, weights = drawn(1, 20, 5000)
    expected = np.zeros((20, 20))
    np.add.at(expected, (src, dst), weights)
    monkeypatch.setattr(buckets, "_KEY_BITS", key_bits)
    with small_parts():
        found = rows_of(src, dst, weights, 20)

    assert found.weights.tolist() == expected[expected > 0].tolist()


@pytest.mark.parametrize("weighted", [False, True])
def test_equal_input_gives_equal_bytes_however_it_is_cut(weighted, tmp_path):
    src, dst, weights = drawn(2, 3000, 20_000)
    given = (src, dst, weights if weighted else None, 3000)
    whole = rows_of(*given)
    with small_parts(held=5000):
        cut = rows_of(*given)
        on_disk = rows_of(*given, Files(tmp_path / "cut", "links", weighted=weighted))
        turned = on_disk.transpose(Files(tmp_path / "cut", "backlinks", weighted=weighted))

    assert bits(cut) == bits(on_disk) == bits(whole)
    assert bits(turned) == bits(whole.transpose())


def test_edges_that_are_in_order_are_taken_as_they_are(tmp_path):
    src, dst, weights = drawn(3, 200, 5000)
    keys, place = np.unique(src.astype(np.int64) << 32 | dst, return_index=True)
    given = ((keys >> 32).astype(np.int32), dst[place], weights[place], 200)
    with small_parts(held=1):
        for store in (None, Files(tmp_path / "graph", "links", weighted=True)):
            assert bits(rows_of(*given, store)) == bits(rows_of(src[place], dst[place], weights[place], 200))


@pytest.mark.parametrize("kind", [np.int32, np.int64])
def test_a_mapped_edge_list_of_pairs_is_read_where_it_lies(tmp_path, kind):
    edges = np.random.default_rng(2).integers(0, 5000, (50_000, 2)).astype(kind)
    np.save(tmp_path / "edges.npy", edges)
    mapped = np.load(tmp_path / "edges.npy", mmap_mode="r")

    assert bits(rows_of(*mapped.T, None, 5000)) == bits(rows_of(*edges.T.copy(), None, 5000))


def test_nothing_that_was_given_is_kept_or_changed():
    src, dst, weights = np.array([0, 0, 1]), np.array([1, 2, 0]), np.array([1.0, 2.0, 3.0])
    found = rows_of(src, dst, weights, 3)
    found.weights[:] = 0

    assert weights.tolist() == [1.0, 2.0, 3.0]
    assert not np.shares_memory(found.indices, dst)


def held(call):
    """The most bytes that NumPy held at once beyond what it holds before."""
    call()  # compiles, or loads what was compiled
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_building_takes_8_bytes_an_edge_and_24_a_node():
    nodes, edges = 400_000, 8_000_000
    dice = np.random.default_rng(4)
    src, dst = (dice.integers(0, nodes, edges).astype(np.int32) for _ in range(2))

    assert held(lambda: LinkGraph.from_arrays(src, dst, nodes)) < 1.03 * (8 * edges + 24 * nodes)


def test_building_on_disk_takes_a_round_and_24_bytes_a_node(tmp_path, monkeypatch):
    nodes, edges, round_bytes = 100_000, 4_000_000, 4 << 20
    dice = np.random.default_rng(5)
    src, dst = (dice.integers(0, nodes, edges).astype(np.int32) for _ in range(2))
    monkeypatch.setattr(stores, "ROUND_BYTES", round_bytes)

    most = held(lambda: LinkGraph.from_arrays(src, dst, nodes, stem=tmp_path / "graph"))

    assert most < round_bytes + 24 * nodes + 2 * 12 * (1 << 16) + (2 << 20)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("names", [None, [f"d{99 - node:02d}" for node in range(100)]])
def test_a_graph_built_on_disk_is_the_one_built_in_memory_and_saved(tmp_path, weighted, names):
    src, dst, weights = drawn(6, 100, 3000)
    given = (src, dst, 100, weights if weighted else None, names, np.full(100, 3000.0) if weighted else None)
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    LinkGraph.from_arrays(*given).save(tmp_path / "one" / "graph")
    with small_parts(held=5000):
        built = LinkGraph.from_arrays(*given, stem=tmp_path / "other" / "graph")

    assert isinstance(built.links.indices.base, np.memmap)
    assert list(built) == (names or list(range(100)))
    files = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in sorted(tmp_path.iterdir())]
    assert files[0] == files[1]


def test_a_graph_written_over_another_takes_nothing_from_it(tmp_path):
    stem, nodes = tmp_path / "graph", [f"d{9 - node}" for node in range(10)]
    LinkGraph.from_arrays([0, 1], [1, 0], 10, [1.0, 2.0], nodes, np.full(10, 9.0), stem=stem)
    older = LinkGraph.load(stem)
    LinkGraph.from_arrays([3], [4], 10, stem=stem)
    found = LinkGraph.load(stem)

    assert (found.links.weights, found.strength, list(found)) == (None, None, list(range(10)))
    assert (found.links.indices.tolist(), older.links.indices.tolist()) == ([4], [1, 0])


def test_labels_that_are_no_strings_cannot_go_to_disk(tmp_path):
    with pytest.raises(GraphError, match="name the nodes with strings"):
        LinkGraph.from_arrays([0], [1], 2, names=[(1,), (2,)], stem=tmp_path / "graph")
    assert not list(tmp_path.iterdir())
