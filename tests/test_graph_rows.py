"""Sorting edges into rows: in any order, in several rounds, with repeats; and turning rows round."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.graph import rows
from linkgraph.graph.rows import rows_of


def expected(src, dst, weights, nodes):
    keys, place = np.unique(src.astype(np.int64) << 32 | dst, return_inverse=True)
    sums = np.zeros(len(keys))
    np.add.at(sums, place, 1.0 if weights is None else weights)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(keys >> 32, minlength=nodes))])
    return indptr, (keys & 0xFFFFFFFF).astype(np.int32), sums


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 3000), st.integers(0, 4000), st.integers(0, 99), st.booleans(), st.sampled_from([64, 4096, 1 << 29])
)
def test_rows_are_the_sorted_distinct_edges_however_many_rounds_it_takes(nodes, edges, seed, weighted, held):
    dice = np.random.default_rng(seed)
    src, dst = (dice.integers(0, nodes, edges).astype(np.int32) for _ in range(2))
    weights = dice.random(edges) if weighted else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "ROUND_BYTES", held)
        found = rows_of(src, dst, weights, nodes)
        turned = found.transpose()

    indptr, indices, sums = expected(src, dst, weights, nodes)
    assert (found.indptr.tolist(), found.indices.tolist()) == (indptr.tolist(), indices.tolist())
    assert found.indptr.dtype == np.int64
    back = np.repeat(np.arange(nodes), np.diff(indptr))
    assert turned.indptr.tolist() == expected(indices, back, None, nodes)[0].tolist()
    assert turned.indices.tolist() == expected(indices, back, None, nodes)[1].tolist()
    if weighted:
        assert found.weights == pytest.approx(sums)
        assert turned.transpose().weights.tolist() == found.weights.tolist()


def test_a_mapped_edge_list_is_read_where_it_lies(tmp_path):
    dice = np.random.default_rng(2)
    edges = dice.integers(0, 5000, (2, 50_000)).astype(np.int32)
    np.save(tmp_path / "edges.npy", edges)
    mapped = np.load(tmp_path / "edges.npy", mmap_mode="r")

    assert rows_of(*mapped, None, 5000).indices.tobytes() == rows_of(*edges, None, 5000).indices.tobytes()
