"""Several ranks at once are those of single runs, and the interval covers what it says."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from linkgraph.authority.interval import interval
from linkgraph.authority.pagerank import pagerank, pageranks
from linkgraph.authority.score import authority
from linkgraph.errors import GraphError
from linkgraph.graph import threads
from linkgraph.graph.csr import LinkGraph


def edges_of(nodes, count, seed=1):
    dice = np.random.default_rng(seed)
    return dice.integers(0, int(0.8 * nodes), count), (nodes * dice.random(count) ** 3).astype(int)


@pytest.mark.parametrize("weighted", [False, True])
def test_several_vectors_are_the_single_ones(weighted):
    dice = np.random.default_rng(2)
    src, dst = edges_of(300, 3000)
    weights = dice.random(3000) if weighted else None
    strength = np.bincount(src, minlength=300) * 1.5 if weighted else None
    graph = LinkGraph.from_arrays(src, dst, 300, weights, strength=strength)
    starts = dice.random((300, 5))

    found = pageranks(graph, teleports=starts)

    for vector in range(5):
        single = pagerank(graph, teleport=starts[:, vector])
        assert np.abs(found.scores[:, vector] - single.scores).sum() <= found.errors[vector] + single.error
    assert (found.errors <= 1e-10).all()


def test_a_vector_that_hides_voters_ranks_the_graph_without_their_votes():
    src, dst = edges_of(300, 3000)
    graph = LinkGraph.from_arrays(src, dst, 300)
    voting = np.random.default_rng(3).random((300, 4)) < 0.5
    voting[:, 3] = False

    found = pageranks(graph, voting=voting)

    for vector in range(4):
        kept = voting[src, vector]
        single = pagerank(LinkGraph.from_arrays(src[kept], dst[kept], 300))
        assert np.abs(found.scores[:, vector] - single.scores).sum() <= found.errors[vector] + single.error
        assert found.units[vector] == pytest.approx(single.unit, rel=1e-8)


def test_threads_change_no_bit_of_several_vectors(monkeypatch):
    graph = LinkGraph.from_arrays(*edges_of(5000, 60_000), 5000)
    voting = np.random.default_rng(3).random((5000, 3)) < 0.5
    several = pageranks(graph, voting=voting).scores
    monkeypatch.setattr(threads, "thread_count", lambda: 1)

    assert pageranks(graph, voting=voting).scores.tobytes() == several.tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"voting": np.ones((3, 2), bool)},
        {"voting": np.ones(4, bool)},
        {"teleports": np.ones((4, 2)), "voting": np.ones((4, 3), bool)},
        {"teleports": np.full((4, 1), -1.0)},
        {"voting": np.ones((4, 1), bool), "alpha": 0},
        {"voting": np.ones((4, 1), bool), "tol": 1e-15},
        {"voting": np.ones((4, 1), bool), "max_iter": 1},
    ],
)
def test_bad_vectors_are_refused(options):
    graph = LinkGraph.from_arrays([0, 1, 1, 2], [1, 2, 3, 0], 4)

    with pytest.raises(GraphError):
        pageranks(graph, **options)


def test_no_nodes_and_no_votes_have_no_interval():
    for nodes in (0, 5):
        graph = LinkGraph.from_arrays([], [], nodes)
        found = interval(graph, pagerank(graph))
        assert np.isnan(found.low).all()
        assert len(found.high) == nodes
    assert pageranks(LinkGraph.from_arrays([], [], 0), voting=np.ones((0, 2), bool)).scores.shape == (0, 2)


def test_half_of_the_voters_of_a_real_web_tell_where_its_hosts_stand(shared):
    table = pq.read_table(shared / "graphs" / "miniweb-hosts.edges.parquet", columns=["src_host", "dst_host"])
    names, ids = np.unique(np.concatenate([table[side].to_numpy() for side in table.column_names]), return_inverse=True)
    src, dst = ids.reshape(2, -1)
    nodes = len(names)
    whole = authority(pagerank(LinkGraph.from_arrays(src, dst, nodes)))
    best = np.argsort(-whole, kind="stable")[:1000]
    within = []
    for trial in range(5):
        kept = (np.random.default_rng(trial).random(nodes) < 0.5)[src]
        graph = LinkGraph.from_arrays(src[kept], dst[kept], nodes)
        found = interval(graph, pagerank(graph))
        within.append(((found.low[best] - 1e-6 <= whole[best]) & (whole[best] <= found.high[best] + 1e-6)).mean())
    assert 0.82 <= np.mean(within) <= 0.97


def test_a_web_whose_voters_vote_for_voters_has_no_interval():
    graph = LinkGraph.from_arrays(*edges_of(6000, 50_000), 6000)

    assert np.isnan(interval(graph, pagerank(graph)).low).all()
