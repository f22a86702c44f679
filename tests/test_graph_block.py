"""Vectors that are ranked together, sixteen at a time and mostly in float32, are ranked as exactly as alone."""

from __future__ import annotations

import numpy as np
import pytest

from linkgraph.authority.pagerank import pagerank, pageranks
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.lanes import LANES, add_rows, take_rows, zeros
from linkgraph.jit import kernel

TIGHT = 2e-12


def drawn(nodes, edges, seed=1):
    dice = np.random.default_rng(seed)
    return dice, dice.integers(0, int(0.8 * nodes), edges), (nodes * dice.random(edges) ** 3).astype(int)


def agree(found, vector, single):
    assert found.errors[vector] <= TIGHT
    assert np.abs(found.scores[:, vector] - single.scores).sum() <= found.errors[vector] + single.error


@pytest.mark.parametrize("weigh", [None, lambda dice, edges: dice.random(edges)])
def test_vectors_of_several_groups_are_the_single_ones(weigh):
    dice, src, dst = drawn(2000, 30_000)
    weights = weigh and weigh(dice, 30_000)
    voting, starts = dice.random((2000, LANES + 3)) < 0.5, dice.random((2000, LANES + 3)) ** 9
    graph = LinkGraph.from_arrays(src, dst, 2000, weights)

    found = pageranks(graph, voting=voting, teleports=starts, tol=TIGHT)

    for vector in (0, LANES - 1, LANES, LANES + 2):
        kept = voting[src, vector]
        alone = LinkGraph.from_arrays(src[kept], dst[kept], 2000, None if weights is None else weights[kept])
        agree(found, vector, pagerank(alone, teleport=starts[:, vector], tol=1e-12))
    assert found.scores.sum(axis=0) == pytest.approx(np.ones(LANES + 3), abs=1e-12)


def test_weights_that_float32_cannot_hold_count_as_they_are():
    dice, src, dst = drawn(300, 3000)
    weights = 10.0 ** np.where(src % 2, 200.0, -200.0) * (1.0 + dice.random(3000))
    graph = LinkGraph.from_arrays(src, dst, 300, weights)

    agree(pageranks(graph, voting=np.ones((300, 2), bool), tol=TIGHT), 1, pagerank(graph, tol=1e-12))


def test_a_hub_of_a_hundred_thousand_votes_is_certified():
    nodes = 100_000
    src = np.concatenate([np.arange(1, nodes), np.zeros(2, int)])
    graph = LinkGraph.from_arrays(src, np.concatenate([np.zeros(nodes - 1, int), [1, 2]]), nodes)

    agree(pageranks(graph, voting=np.ones((nodes, 1), bool), tol=TIGHT), 0, pagerank(graph, tol=1e-12))


def test_a_surfer_who_starts_at_one_node_gives_nobody_less_than_nothing():
    _, src, dst = drawn(2000, 6000)
    starts = np.eye(2000)[:, :3]

    found = pageranks(LinkGraph.from_arrays(src, dst, 2000), teleports=starts, tol=TIGHT)

    assert found.scores.min() >= 0.0
    agree(found, 2, pagerank(LinkGraph.from_arrays(src, dst, 2000), teleport=starts[:, 2], tol=1e-12))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_added_one_after_the_other(dtype):
    dice = np.random.default_rng(5)
    table, out, columns = zeros(50, dtype), zeros(3, dtype), dice.integers(0, 50, 40).astype(np.uint32)
    table[:] = dice.random((50, LANES))
    weights = dice.random(40)

    @kernel
    def gathered(table, columns, weights, out):
        add_rows(table, columns, weights, np.uint64(3), np.uint64(40), out, np.uint64(1))
        take_rows(table, columns, None, np.uint64(0), np.uint64(2), out, np.uint64(1))

    gathered(table, columns, weights, out)

    wanted = np.zeros(LANES, dtype)
    for column, weight in zip(columns[3:], weights[3:].astype(dtype), strict=True):
        wanted += table[column] * weight
    for column in columns[:2]:
        wanted -= table[column]
    assert out[1].tobytes() == wanted.tobytes()
    assert not out[[0, 2]].any()
    assert table.ctypes.data % 64 == 0
