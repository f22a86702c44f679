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
from linkgraph.errors import UnknownDomainError, UsageError
from linkgraph.graph.csr import LinkGraph
from linkgraph.index.build import build
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
    "words", [["--why"], ["a.example", "b.example", "--why"], ["x.example", "--why", "--compare", "a,b"]]
)
def test_a_question_that_is_two_or_none_is_refused(data, words):
    app = typer.Typer()
    app.command()(authority)
    result = CliRunner().invoke(app, [*words, "--data", str(data.root)])

    assert isinstance(result.exception, UsageError)
