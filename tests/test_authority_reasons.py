"""Reasons add up to the score, and a what-if is what a full computation finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.authority.pagerank import pagerank
from linkgraph.authority.reasons import reasons, votes_of, what_if
from linkgraph.errors import GraphError
from linkgraph.graph.csr import LinkGraph

TOL = 1e-12


def a_graph(nodes, edges, seed, kind):
    dice = np.random.default_rng(seed)
    pairs = np.unique(dice.integers(0, nodes, (edges, 2)), axis=0)
    src, dst = pairs.T if len(pairs) else (np.array([], int),) * 2
    weights = dice.random(len(src)) * 0.9 + 0.1
    if kind == "plain":
        return LinkGraph.from_arrays(src, dst, nodes)
    strength = np.bincount(src, minlength=nodes) if kind == "discounted" else None
    return LinkGraph.from_arrays(src, dst, nodes, weights, strength=strength)


def as_edges(graph):
    src = np.repeat(np.arange(len(graph)), graph.links.counts())
    weights = np.ones(len(src)) if graph.links.weights is None else graph.links.weights
    return {
        (tail, head): weight
        for tail, head, weight in zip(src.tolist(), graph.links.indices.tolist(), weights, strict=True)
    }


kinds = st.sampled_from(["plain", "weighted", "discounted"])


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(0, 200), st.integers(0, 99), kinds)
def test_reasons_add_up_to_the_score(nodes, edges, seed, kind):
    graph = a_graph(nodes, edges, seed, kind)
    ranks = pagerank(graph, tol=TOL)

    for node in range(nodes):
        found = reasons(graph, ranks, node)
        assert found.base + found.given.sum() == pytest.approx(found.total, abs=1e-9)
        assert sorted(found.voters.tolist()) == graph.backlinks.row(node).tolist()
        assert (np.diff(found.given) <= 0).all()


def test_in_a_star_every_leaf_gives_the_centre_its_alpha():
    graph = LinkGraph.from_arrays([1, 2, 3], [0, 0, 0], 4)
    found = reasons(graph, pagerank(graph, tol=TOL), 0)

    assert found.given == pytest.approx([0.85] * 3)
    assert (found.carrying(0.5), found.carrying(1.0)) == (2, 3)
    assert reasons(graph, pagerank(graph), 1).carrying(0.8) == 0


@settings(max_examples=60)
@given(st.integers(2, 40), st.integers(1, 200), st.integers(0, 99), kinds, st.data())
def test_a_what_if_is_the_full_computation(nodes, edges, seed, kind, data):
    graph = a_graph(nodes, edges, seed, kind)
    present = as_edges(graph)
    removed = data.draw(st.lists(st.sampled_from(sorted(present)), unique=True, max_size=5))
    absent = [(tail, head) for tail in range(min(nodes, 6)) for head in range(nodes) if (tail, head) not in present]
    added = data.draw(st.lists(st.sampled_from(absent), unique=True, max_size=4)) if absent else []
    weight = 1.0 if kind == "plain" else 0.5

    found = what_if(graph, pagerank(graph, tol=TOL), removed=removed, added=[(*edge, weight) for edge in added])

    after = {edge: weight for edge, weight in present.items() if edge not in removed} | dict.fromkeys(added, weight)
    src, dst = np.array(sorted(after), int).reshape(-1, 2).T
    strength = None
    if kind == "discounted":
        cast = np.bincount(np.array([edge[0] for edge in [*present, *added]], int), minlength=nodes)
        strength = cast - np.bincount(np.array([edge[0] for edge in removed], int), minlength=nodes)
    full = LinkGraph.from_arrays(src, dst, nodes, [after[edge] for edge in sorted(after)], strength=strength)
    expected = pagerank(full, tol=TOL)
    assert np.abs(found.ranks.scores - expected.scores).sum() <= min(1e-9, found.ranks.error + TOL)
    assert found.ranks.unit == pytest.approx(expected.unit, rel=1e-9)


def test_a_domain_that_is_gone_changes_only_what_it_reached():
    """Two far apart circles: what happens in one is no work in the other."""
    half = 5000
    src = np.arange(2 * half)
    dst = np.concatenate([(np.arange(half) + 1) % half, half + (np.arange(half) + 1) % half])
    graph = LinkGraph.from_arrays(src, dst, 2 * half)
    ranks = pagerank(graph, tol=TOL)
    found = what_if(graph, ranks, removed=votes_of(graph, 10))

    assert votes_of(graph, 10) == [(10, 11), (9, 10)]
    assert found.pushes < 500
    assert (found.ranks.scores / found.ranks.unit)[half:] == pytest.approx(
        (ranks.scores / ranks.unit)[half:], rel=1e-12
    )
    assert found.ranks.scores[10] == pytest.approx(found.ranks.unit)


def test_what_cannot_be_changed_is_refused():
    graph = LinkGraph.from_arrays([0, 1], [1, 2], 3)
    ranks = pagerank(graph)

    with pytest.raises(GraphError, match="0 does not vote for 2"):
        what_if(graph, ranks, removed=[(0, 2)])
    with pytest.raises(GraphError, match="0 votes for 1 already"):
        what_if(graph, ranks, added=[(0, 1, 1.0)])
    with pytest.raises(GraphError, match="weighs -1"):
        what_if(graph, ranks, added=[(0, 2, -1.0)])
    with pytest.raises(GraphError, match="3 ranks for 4 nodes"):
        reasons(LinkGraph.from_arrays([0], [1], 4), ranks, 0)
    with pytest.raises(GraphError, match="no unit"):
        reasons(graph, pagerank(graph, teleport=[1, 0, 0]), 0)
    assert what_if(graph, ranks).ranks is ranks
