"""Link farms: which shapes are found, who is left alone, and what is left of a target without its farm."""

from __future__ import annotations

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import linkgraph
from linkgraph.authority.farms import CAPTIVE, MEMBERS, PROPS, find_farms, votes_cast
from linkgraph.authority.pagerank import pagerank
from linkgraph.authority.reasons import what_if
from linkgraph.cli.authority import authority
from linkgraph.errors import StateError, UsageError
from linkgraph.graph.csr import LinkGraph
from linkgraph.index.build import build
from linkgraph.index.measures import Lists
from linkgraph.insights.suspicion import candidates, farms

SIZE = 12
HONEST = 400


def honest_web():
    """Everybody is voted for, by many, and few votes are returned."""
    dice = np.random.default_rng(5)
    return {
        (int(a), int(HONEST * b**2)) for a, b in zip(dice.integers(0, HONEST, 6000), dice.random(6000), strict=True)
    }


def farm_edges(shape):
    target, members = HONEST, range(HONEST + 1, HONEST + 1 + SIZE)
    edges = (
        {(member, target) for member in members} | {(member, member % 7) for member in members} | {(HONEST - 1, target)}
    )
    match shape:
        case "star":
            edges |= {(target, member) for member in members}
        case "clique":
            edges |= {(one, other) for one in members for other in members}
        case "ring":
            edges |= {(member, HONEST + 1 + (member - HONEST) % SIZE) for member in members}
    return edges


def graph_of(edges, nodes=HONEST + 1 + SIZE):
    src, dst = zip(*sorted(edge for edge in edges if edge[0] != edge[1]), strict=True)
    return LinkGraph.from_arrays(src, dst, nodes)


@pytest.mark.parametrize("shape", ["star", "clique", "ring"])
def test_a_farm_is_found_whole_and_nobody_else(shape):
    graph = graph_of(honest_web() | farm_edges(shape))
    (farm,) = find_farms(graph, pagerank(graph))

    assert farm.nodes.tolist() == list(range(HONEST, HONEST + 1 + SIZE))
    assert HONEST in farm.targets.tolist()


def test_an_honest_web_has_no_farm_and_neither_has_one_without_votes():
    graph = graph_of(honest_web(), HONEST)

    assert find_farms(graph, pagerank(graph)) == []
    for nodes in (0, 20):
        empty = LinkGraph.from_arrays([], [], nodes)
        assert find_farms(empty, pagerank(empty)) == []


def test_voters_whom_nobody_votes_for_are_no_farm_by_that_alone():
    star = {(member, HONEST) for member in range(HONEST + 1, HONEST + 1 + SIZE)}
    graph = graph_of(honest_web() | star)

    assert find_farms(graph, pagerank(graph)) == []


def pyramid(uppers, props=PROPS, target=HONEST):
    """A target of some members, each of which nobody votes for but a few whom nobody votes for at all."""
    edges, lowest = set(), target + 1 + uppers
    for upper in range(target + 1, target + 1 + uppers):
        edges |= {(upper, target), (upper, upper % 7)}
        edges |= {(prop, at) for prop in range(lowest, lowest + props) for at in (upper, prop % 9)}
        lowest += props
    return edges, lowest


def test_a_pyramid_is_found_whose_lowest_members_nobody_votes_for():
    edges, nodes = pyramid(MEMBERS)
    graph = graph_of(honest_web() | edges, nodes)
    (farm,) = find_farms(graph, pagerank(graph))

    assert farm.nodes.tolist() == list(range(HONEST, nodes))
    assert farm.targets.tolist() == [HONEST]


@pytest.mark.parametrize(
    ("uppers", "props", "honest"), [(MEMBERS - 1, PROPS, False), (MEMBERS, PROPS - 1, False), (MEMBERS, PROPS, True)]
)
def test_a_smaller_pyramid_and_one_whose_members_have_honest_votes_are_none(uppers, props, honest):
    edges, nodes = pyramid(uppers, props)
    voted = {(upper - HONEST, upper) for upper in range(HONEST + 1, HONEST + 1 + uppers)} if honest else set()
    graph = graph_of(honest_web() | edges | voted, nodes)

    assert find_farms(graph, pagerank(graph)) == []


def test_a_small_web_in_which_all_vote_for_all_is_no_farm():
    graph = graph_of({(one, other) for one in range(20) for other in range(20)}, 20)

    assert find_farms(graph, pagerank(graph)) == []


def test_fewer_captives_than_the_limit_are_no_farm():
    members = range(HONEST + 1, HONEST + MEMBERS)
    few = {(HONEST, member) for member in members} | {(member, HONEST) for member in members}
    graph = graph_of(honest_web() | few)

    assert find_farms(graph, pagerank(graph)) == []


def test_a_target_with_honest_votes_for_more_than_a_fifth_is_none():
    bought = {(voter, HONEST) for voter in range(0, HONEST, 2)}
    graph = graph_of(honest_web() | farm_edges("star") | bought)

    assert 1 - CAPTIVE < 0.5
    assert find_farms(graph, pagerank(graph)) == []


def test_without_the_votes_of_its_farm_a_target_has_what_honest_voters_give():
    graph = graph_of(honest_web() | farm_edges("star"))
    ranks = pagerank(graph, tol=1e-12)
    found = find_farms(graph, ranks)
    clean = what_if(graph, ranks, removed=votes_cast(graph, found)).ranks
    honest = graph_of(honest_web() | {(HONEST - 1, HONEST)})
    expected = pagerank(honest, tol=1e-12)

    assert ranks.scores[HONEST] / ranks.unit > 5
    assert clean.scores / clean.unit == pytest.approx(expected.scores / expected.unit, rel=1e-7)


@pytest.fixture
def data(observed):
    """A farm of ten around shop.test, and sites that vote for one another in a circle."""
    words = {"anchor": "words", "link_density": 0.0}
    for number in range(10):
        observed.page(f"http://farm{number}.test/", ("http://shop.test/", words))
    observed.page("http://shop.test/", *((f"http://farm{number}.test/", words) for number in range(10)))
    for number in range(30):
        to = [f"http://site{(number + step) % 30}.test/" for step in (1, 7, 12)]
        observed.page(f"http://site{number}.test/", *((url, words) for url in to))
    root = observed.commit()
    build(root, trusted=["site1.test", "absent.test"], spam=["shop.test"])
    return linkgraph.open(root)


def test_the_table_of_farms_names_role_and_score_without(data):
    rows = farms(data).to_pylist()

    assert rows[0]["domain"] == "shop.test"
    assert sorted(row["domain"] for row in rows[1:]) == sorted(f"farm{number}.test" for number in range(10))
    assert [row["role"] for row in rows] == ["target"] + ["member"] * 10
    assert {row["farm"] for row in rows} == {1}
    assert rows[0]["authority"] > 5
    assert rows[0]["authority_without"] == pytest.approx(0, abs=1e-6)
    (honest,) = farms(data, ["site3.test"]).to_pylist()
    assert (honest["farm"], honest["role"]) == (None, None)
    assert honest["authority"] == pytest.approx(honest["authority_without"], abs=1e-6)


def test_the_tables_hold_trust_where_a_list_was_given(data):
    rows = {row["domain"]: row for row in data.authority().to_pylist()}

    assert sum(row["trust"] for row in rows.values()) == pytest.approx(1)
    assert rows["shop.test"]["trust"] == 0
    assert rows["shop.test"]["spam_mass"] == pytest.approx(1)
    assert rows["site1.test"]["spam_mass"] < 0.2
    assert max(rows.values(), key=lambda row: row["distrust"])["domain"] == "shop.test"
    assert rows["site5.test"]["distrust"] == 0
    assert rows["shop.test"]["supporters_d1"] == 10
    assert rows["site1.test"]["supporters_d1"] == 3
    assert rows["shop.test"]["harmonic"] == pytest.approx(10)
    assert data.build.lists["trusted"]["named"] == 2
    assert data.build.lists["trusted"]["found"] == 1


def test_without_a_list_trust_is_empty_and_not_guessed(data):
    build(data.root)
    rows = linkgraph.open(data.root).authority().to_pylist()

    assert {(row["trust"], row["distrust"], row["spam_mass"]) for row in rows} == {(None, None, None)}


def test_a_list_of_which_nobody_is_known_is_refused_and_the_build_before_stays(data):
    with pytest.raises(UsageError, match=r"nobody\.test"):
        build(data.root, trusted=["nobody.test"])
    assert linkgraph.open(data.root).build.name == data.build.name


def test_all_hosts_of_a_listed_domain_are_seeds():
    names = LinkGraph.from_arrays([], [], 3, names=["a.example", "www.a.example", "b.example"]).names

    assert Lists(trusted=["a.example"]).nodes(names).trusted.tolist() == [0, 1]


def test_candidates_are_those_from_which_most_is_reached(data):
    found = candidates(data, 5)

    assert found.num_rows == 5
    assert found["linked_domains"].to_pylist()[0] == 10
    with pytest.raises(StateError, match="--policy"):
        candidates(data, 5, "editorial/keep")


@pytest.mark.parametrize(
    ("words", "shown"), [(["--farms"], "authority_without"), (["--candidates", "--top", "3"], "linked_domains")]
)
def test_the_verb_lists_farms_and_candidates(data, words, shown):
    app = typer.Typer()
    app.command()(authority)

    result = CliRunner().invoke(app, [*words, "--data", str(data.root), "--format", "csv"])
    assert shown in result.stdout.splitlines()[0]
    assert isinstance(CliRunner().invoke(app, [*words, "--why", "--data", str(data.root)]).exception, UsageError)
