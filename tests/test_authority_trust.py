"""Trust, distrust and spam mass against closed forms and NetworkX."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from linkgraph.authority.pagerank import pagerank
from linkgraph.authority.score import DECADES, authority
from linkgraph.authority.trust import GOOD_SHARE, distrust, seed_candidates, seeds_of, spam_mass, trust, without
from linkgraph.errors import GraphError
from linkgraph.graph.csr import LinkGraph


@pytest.fixture
def graph():
    dice = np.random.default_rng(4)
    return LinkGraph.from_arrays(dice.integers(0, 150, 900), (200 * dice.random(900) ** 2).astype(int), 200)


def test_trust_is_personalised_rank_and_distrust_the_same_against_the_votes(graph):
    theirs = graph.to_networkx()
    seeds = {3: 1, 7: 1}
    options = {"personalization": seeds, "tol": 1e-14, "max_iter": 999, "backend": "networkx"}
    nodes = seeds_of(graph, [7, 3, 7])

    assert trust(graph, nodes).scores == pytest.approx(list(nx.pagerank(theirs, **options).values()), abs=1e-9)
    expected = nx.pagerank(theirs.reverse(), **options)
    assert distrust(graph, nodes).scores == pytest.approx([expected[node] for node in range(200)], abs=1e-9)


def test_who_is_reached_from_no_seed_has_no_trust():
    graph = LinkGraph.from_arrays([0, 1, 3], [1, 2, 4], 5, names=["seed", "near", "far", "other", "island"])

    found = trust(graph, seeds_of(graph, ["seed"])).scores
    assert found[:3] == pytest.approx(np.array([1, 0.85, 0.85**2]) / (1 + 0.85 + 0.85**2))
    assert found[3:].tolist() == [0, 0]


def test_spam_mass_is_one_where_nothing_good_leads_and_the_rest_where_all_is_good():
    graph = LinkGraph.from_arrays([0, 1, 3, 4, 5], [1, 2, 6, 6, 6], 7)
    mass = spam_mass(graph, pagerank(graph), trust(graph, np.array([0, 1, 2])))

    assert mass[[3, 4, 5, 6]].tolist() == [1, 1, 1, 1]
    assert (mass[:3] < 0).all()
    whole = spam_mass(graph, pagerank(graph), trust(graph, np.arange(7)))
    assert whole == pytest.approx(np.full(7, 1 - GOOD_SHARE))


def test_seed_candidates_are_those_that_reach_most():
    graph = LinkGraph.from_arrays([9, 9, 9, 1, 2], [1, 2, 3, 4, 5], 10)

    assert seed_candidates(graph, 1).tolist() == [9]


def test_a_seed_that_is_no_node_is_named(graph):
    with pytest.raises(GraphError, match="'nobody'"):
        seeds_of(graph, ["nobody"])
    with pytest.raises(GraphError, match="no seed"):
        seeds_of(graph, [])


def test_without_its_farm_a_target_has_what_honest_votes_give():
    farm = range(2, 50)
    graph = LinkGraph.from_arrays([1, *farm], [0, *[0] * len(farm)], 50)

    found = without(graph, pagerank(graph, tol=1e-12), np.array(farm)).ranks
    assert found.scores[0] / found.unit == pytest.approx(1.85)


@pytest.mark.row("T8")
@pytest.mark.parametrize("size", [100, 10_000])
def test_a_farm_lifts_its_target_by_the_logarithm_of_its_size_and_gives_it_no_trust(size):
    seed, honest, target, farm = 0, 1, 2, range(3, size + 3)
    tails = [seed, *farm, *farm]
    heads = [honest, *[target] * size, *farm[1:], farm[0]]
    graph = LinkGraph.from_arrays(tails, heads, size + 3)

    ranks = pagerank(graph, tol=1e-10)
    # Each page of the ring keeps half of what it gets: f = 1 + a f / 2, and the target has 1 + a size f / 2.
    assert ranks.scores[target] / ranks.unit == pytest.approx(1 + size * 0.425 / 0.575, rel=1e-6)
    assert authority(ranks)[target] <= 100 / DECADES * np.log10(size)
    assert spam_mass(graph, ranks, trust(graph, np.array([seed])))[target] == 1
    assert trust(graph, seeds_of(graph, [seed])).scores[target] == 0
