"""Why a domain stands where it stands, where it would stand, and where under another policy: as API and as verb."""

from __future__ import annotations

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import linkgraph
from linkgraph.authority.pagerank import pagerank
from linkgraph.authority.score import authority as scored
from linkgraph.cli.authority import authority
from linkgraph.errors import StateError, UnknownDomainError, UsageError
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.policy import BUILT
from linkgraph.index.build import build
from linkgraph.index.layout import folds_file
from linkgraph.insights.carriers import why_pages
from linkgraph.insights.votes import compare, ranks_of, why, without

GOOD = {"zone": "content", "link_density": 0.0, "anchor": "words"}
FOOT = GOOD | {"zone": "footer"}


@pytest.fixture(params=["followed", "editorial"])
def data(observed, request):
    """Everybody votes for hub.example; a shop has many footer links and one real vote."""
    for name in ("one", "two", "three"):
        observed.page(f"http://{name}.example/", ("http://hub.example/", GOOD), ("http://shop.example/", FOOT))
    observed.page("http://hub.example/", ("http://star.example/", GOOD))
    observed.page("http://star.example/", ("http://shop.example/", GOOD))
    root = observed.commit()
    build(root, policy=request.param)
    return linkgraph.open(root)


def test_the_ranks_of_a_build_are_read_back_with_their_unit(data):
    graph = data.graph()
    read, made = ranks_of(data, graph), pagerank(graph)

    assert read.scores.tobytes() == made.scores.tobytes()
    assert read.unit == pytest.approx(made.unit, rel=1e-9)


def test_the_shares_of_a_score_add_up_to_1_and_name_every_voter(data):
    found = why(data, "hub.example")

    assert found["share"].to_numpy().sum() == pytest.approx(1, abs=1e-9)
    assert found["cumulative"][-1].as_py() == pytest.approx(1, abs=1e-9)
    assert sorted(found["src_domain"].to_pylist()[:-1]) == ["one.example", "three.example", "two.example"]
    assert found["src_domain"][-1].as_py() is None
    with pytest.raises(UnknownDomainError):
        why(data, "nobody.example")


def test_without_a_domain_the_scores_are_those_of_a_build_without_its_votes(data):
    graph = data.graph()
    tails = np.repeat(np.arange(len(graph)), graph.links.counts())
    node = graph.node("hub.example")
    kept = (tails != node) & (graph.links.indices != node)
    weights = None if graph.links.weights is None else graph.links.weights[kept]
    strength = None
    if graph.strength is not None:
        strength = graph.strength - np.bincount(tails[~kept], minlength=len(graph))
    full = LinkGraph.from_arrays(tails[kept], graph.links.indices[kept], len(graph), weights, graph.names, strength)
    expected = dict(zip(graph, scored(pagerank(full, tol=1e-12)), strict=True))

    found = without(data, ["hub.example"])

    rows = {row["domain"]: row for row in found.to_pylist()}
    assert rows["hub.example"]["authority_without"] == pytest.approx(0, abs=1e-9)
    assert {"hub.example", "star.example"} <= rows.keys()
    for domain, row in rows.items():
        assert row["authority_without"] == pytest.approx(expected[domain], abs=1e-7)
        assert row["change"] == pytest.approx(row["authority_without"] - row["authority"])


def test_a_domain_that_changes_not_is_told_where_it_is_asked_for(data):
    assert without(data, ["star.example"], ["one.example"])["change"].to_pylist() == [0]


def test_compare_tells_who_moves_and_which_vote_moves_them(data):
    found = compare(data, ["followed", "editorial"]).to_pylist()

    by_name = {row["domain"]: row for row in found}
    assert by_name["shop.example"]["moved"] < 0
    assert "example gave" in by_name["shop.example"]["why"]
    assert [abs(row["moved"]) for row in found] == sorted((abs(row["moved"]) for row in found), reverse=True)
    with pytest.raises(UsageError, match="two policies"):
        compare(data, ["followed"])
    with pytest.raises(UsageError, match="'best'"):
        compare(data, ["followed", "best"])


@pytest.mark.parametrize(
    ("words", "column"),
    [
        (["hub.example", "--why"], "share"),
        (["hub.example", "--why", "--pages"], "src_url"),
        (["--without", "hub.example"], "authority_without"),
        (["star.example", "--without", "hub.example"], "change"),
        (["--compare", "followed,editorial"], "why"),
        (["shop.example", "--compare", "everything,editorial", "--top", "5"], "rank_everything"),
    ],
)
def test_the_verb_answers(data, words, column):
    app = typer.Typer()
    app.command()(authority)
    result = CliRunner().invoke(app, [*words, "--data", str(data.root), "--format", "json"])

    assert result.exit_code == 0, result.output
    assert column in json.loads(result.stdout)[0]


@pytest.mark.parametrize(
    "words",
    [
        ["--why"],
        ["hub.example", "--pages"],
        ["a.example", "b.example", "--why"],
        ["x.example", "--why", "--compare", "a,b"],
    ],
)
def test_a_question_that_is_two_or_none_is_refused(data, words):
    app = typer.Typer()
    app.command()(authority)
    result = CliRunner().invoke(app, [*words, "--data", str(data.root)])

    assert isinstance(result.exception, UsageError)


@pytest.fixture
def side_by_side(observed):
    """A shop that only footers name, under every policy at once."""
    for name in ("one", "two", "three"):
        observed.page(f"http://{name}.example/", ("http://hub.example/", GOOD), ("http://shop.example/", FOOT))
    observed.page("http://hub.example/", ("http://cdn.example/x.js", GOOD | {"kind": "script"}))
    root = observed.commit()
    build(root)
    return linkgraph.open(root)


def test_every_policy_is_read_from_one_build(side_by_side):
    rows = {policy: side_by_side.authority(["shop.example"], policy=policy).to_pylist()[0] for policy in BUILT}

    assert [row["policy"] for row in rows.values()] == ["editorial", "followed", "everything"]
    assert rows["editorial"]["authority"] < rows["followed"]["authority"] - 1
    assert rows["everything"]["authority"] == pytest.approx(rows["followed"]["authority"])
    assert side_by_side.authority(["shop.example"]).to_pylist() == [rows["editorial"]]
    assert side_by_side.authority(["cdn.example"], policy="everything")["authority"].to_pylist()[0] > 0
    assert side_by_side.authority(["cdn.example"], policy="followed")["authority"].to_pylist() == [0]
    for policy in BUILT:
        graph = side_by_side.graph("domain", policy)
        stored = side_by_side.values("domain", "pagerank", policy)
        assert stored.tobytes() == pagerank(graph).scores.tobytes()
        assert list(graph) == list(side_by_side.graph())
        assert why(side_by_side, "shop.example", policy)["units"].to_numpy().sum() == pytest.approx(
            stored[graph.node("shop.example")] / ranks_of(side_by_side, graph, policy).unit
        )


def test_a_policy_that_the_build_lacks_is_named_with_what_makes_it(side_by_side):
    for question in (
        lambda: side_by_side.authority(policy="editorial/keep"),
        lambda: why(side_by_side, "hub.example", "editorial/keep"),
        lambda: without(side_by_side, ["hub.example"], policy="editorial/keep"),
    ):
        with pytest.raises(StateError, match="--policy editorial/keep"):
            question()
    found = compare(side_by_side, ["editorial/keep", "editorial"], ["hub.example"])
    assert found["moved"].to_pylist() == [0]


def test_nofollow_is_an_option_of_each_policy_side_by_side(observed):
    observed.page("http://one.example/", ("http://a.example/", GOOD), ("http://b.example/", GOOD | {"nofollow": True}))
    root = observed.commit()
    build(root, policy=["followed", "followed/keep", "followed/evaporate"])
    data = linkgraph.open(root)
    units = {
        policy: [
            row["pagerank"]
            for row in data.authority(["a.example", "b.example", "one.example"], None, policy).to_pylist()
        ]
        for policy in data.build.policies
    }

    assert units["followed"][0] / units["followed"][2] == pytest.approx(1.85)
    assert units["followed/keep"][0] == units["followed/keep"][1] == pytest.approx(1.425 * units["followed/keep"][2])
    a, b, voter = units["followed/evaporate"]
    assert (a / voter, b / voter) == (pytest.approx(1.425), pytest.approx(1))


@pytest.mark.parametrize(("policies", "told"), [([], "no policy"), (["followed", "followed"], "twice"), (["x"], "'x'")])
def test_policies_that_are_none_or_stand_twice_are_refused(observed, policies, told):
    root = observed.commit()

    with pytest.raises(UsageError, match=told):
        build(root, policy=policies)


def test_a_vote_is_divided_among_the_pages_that_carry_it(observed):
    observed.page("http://one.example/a", ("http://hub.example/", GOOD))
    observed.page("http://one.example/b", ("http://hub.example/", FOOT), ("http://hub.example/x", FOOT))
    observed.page("http://one.example/c", ("http://hub.example/", GOOD | {"nofollow": True}))
    root = observed.commit()
    build(root)
    data = linkgraph.open(root)
    for policy, first in (("editorial", 1 / 1.1), ("followed", 1 / 2)):
        rows = why_pages(data, "hub.example", policy).to_pylist()
        units = {row["src_url"]: row["units"] for row in rows if row["src_domain"] == "one.example"}
        given = {row["src_domain"]: row["units"] for row in why(data, "hub.example", policy).to_pylist()}

        assert sum(row["share"] for row in rows) == pytest.approx(1, abs=1e-9)
        assert set(units) == {"http://one.example/a", "http://one.example/b"}
        assert units["http://one.example/a"] == pytest.approx(first * given["one.example"], rel=0.01)


MOVED = {"kind": "redirect", "origin": "http-header"}


@pytest.fixture
def moved(observed):
    """old.example/a sends its visitors to new.example, by way of /b; new.example/gone sends them to far.example."""
    observed.page("http://two.example/", ("http://old.example/a", GOOD), ("http://old.example/else", GOOD))
    observed.page("http://old.example/own", ("http://old.example/a", GOOD))
    observed.page("http://new.example/own", ("http://old.example/a", GOOD))
    observed.page("http://old.example/a", ("http://old.example/b", MOVED), status=301)
    observed.page("http://old.example/b", ("http://new.example/", MOVED), status=301)
    observed.page("http://new.example/gone", ("http://far.example/", MOVED), status=301)
    observed.page("http://three.example/1", ("http://new.example/", GOOD))
    observed.page("http://three.example/2", ("http://new.example/gone", GOOD))
    root = observed.commit()
    build(root)
    return linkgraph.open(root)


@pytest.mark.parametrize("policy", ["editorial", "followed"])
def test_a_vote_that_came_through_redirects_is_carried_by_the_page_that_links_to_the_first(moved, policy):
    rows = why_pages(moved, "new.example", policy).to_pylist()

    assert {(row["src_domain"], row["src_url"]) for row in rows[:-1]} == {
        ("two.example", "http://two.example/"),
        ("old.example", "http://old.example/own"),
        ("three.example", "http://three.example/1"),
    }
    assert sum(row["share"] for row in rows) == pytest.approx(1, abs=1e-9)
    far = why_pages(moved, "far.example", policy).to_pylist()
    assert [row["src_url"] for row in far[:-1]] == ["http://three.example/2"]


def test_a_build_from_before_folds_were_kept_names_no_page_for_such_a_vote(moved):
    folds_file(moved.build.folder).unlink()

    rows = why_pages(moved, "new.example").to_pylist()

    assert {row["src_domain"]: row["src_url"] for row in rows[:-1]}["two.example"] is None


def test_a_policy_that_folds_nothing_counts_links_where_they_point(moved):
    landing = moved.links_landing("new.example", "everything")

    assert set(landing["dst_url"].to_pylist()) == {"http://new.example/", "http://new.example/gone"}
