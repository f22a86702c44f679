"""The table of section 7 of docs/authority.md, row by row: each has a check here, and no check is of another row."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import linkgraph
from linkgraph.authority.farms import find_farms
from linkgraph.authority.interval import interval
from linkgraph.authority.pagerank import pagerank, pageranks
from linkgraph.authority.reasons import reasons, what_if
from linkgraph.authority.score import authority, positions
from linkgraph.authority.trust import distrust, seed_candidates, seeds_of, trust
from linkgraph.errors import GraphError, LinkgraphError, UnknownDomainError, UsageError
from linkgraph.graph.components import core_numbers, strong_components
from linkgraph.graph.csr import MAX_NODES, LinkGraph
from linkgraph.graph.distances import distances_to
from linkgraph.graph.hits import hits
from linkgraph.graph.hyperball import hyperball
from linkgraph.graph.policy import BUILT

PAGE = Path(__file__).resolve().parent.parent / "docs" / "authority.md"
CHECKS: dict[str, Callable[[SimpleNamespace], None]] = {}
REDIRECT = {"kind": "redirect", "origin": "http-header"}
FOOT = {"zone": "head"}


def listed() -> list[str]:
    """The first cell of each row of the table."""
    section = PAGE.read_text("utf-8").partition("## 7.")[2].partition("\n## 8.")[0]
    return [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| ")][1:]


def row(name):
    def keep(check):
        assert name not in CHECKS, name
        CHECKS[name] = check
        return check

    return keep


def graph(src, dst, nodes, *rest):
    return LinkGraph.from_arrays(src, dst, nodes, *rest)


def refused(message, call, error: type[LinkgraphError] = GraphError):
    with pytest.raises(error, match=message):
        call()


def scores(web, **options):
    """Authority by domain, after a build of what was written down."""
    linkgraph.build(web.observed.commit(), policy="followed", **options)
    table = linkgraph.open(web.observed.root).authority()
    return dict(zip(table["domain"].to_pylist(), table["authority"].to_pylist(), strict=True))


@pytest.fixture
def web(observed, tmp_path):
    return SimpleNamespace(observed=observed, page=observed.page, folder=tmp_path)


def test_every_row_of_the_table_has_a_check_and_every_check_a_row():
    assert sorted(CHECKS) == sorted(listed())


@pytest.mark.parametrize("name", listed())
def test_the_row_holds(name, web):
    CHECKS[name](web)


@row("no links and no pages")
def _(web):
    web.observed.root.mkdir(parents=True)
    built = linkgraph.build(web.observed.root)
    data = linkgraph.open(web.observed.root)

    assert built.nodes == {"domain": 0, "host": 0}
    assert data.authority().num_rows == len(data.graph()) == 0


@row("a graph without nodes, from arrays")
def _(_web):
    empty = graph([], [], 0)

    assert len(pagerank(empty).scores) == len(hits(empty).hubs) == len(hyperball(empty).harmonic) == 0
    assert len(distances_to(empty).harmonic) == strong_components(empty)[1] == len(core_numbers(empty)) == 0
    assert pageranks(empty, voting=np.ones((0, 2), bool)).scores.shape == (0, 2)
    assert len(authority(pagerank(empty))) == len(find_farms(empty, pagerank(empty))) == 0
    assert len(seed_candidates(empty, 3)) == len(interval(empty, pagerank(empty)).low) == 0


@row("domains, but no vote")
def _(web):
    web.page("http://a.example/")
    web.page("http://b.example/")

    assert scores(web) == {"a.example": 0.0, "b.example": 0.0}
    assert np.ptp(linkgraph.open(web.observed.root).authority()["pagerank"].to_numpy()) == 0


@row("a vote that a redirect brings back to its own domain")
def _(web):
    web.page("http://a.example/", "http://short.example/1")
    web.page("http://short.example/1", ("http://a.example/2", REDIRECT))

    assert set(scores(web).values()) == {0.0}


@row("redirects in a circle")
def _(web):
    web.page("http://a.example/", "http://one.example/")
    web.page("http://one.example/", ("http://two.example/", REDIRECT))
    web.page("http://two.example/", ("http://one.example/", REDIRECT))
    found = scores(web)

    assert found["one.example"] > 0 == found["two.example"]


@row("a chain of more than five redirects")
def _(web):
    web.page("http://a.example/", "http://hop0.example/")
    for hop in range(7):
        web.page(f"http://hop{hop}.example/", (f"http://hop{hop + 1}.example/", REDIRECT))

    assert [domain for domain, score in scores(web).items() if score] == ["hop5.example"]


@row("equal ranks")
def _(web):
    web.page("http://a.example/", "http://c.example/", "http://b.example/")
    scores(web)
    table = linkgraph.open(web.observed.root).authority()

    assert table["domain"].to_pylist() == ["b.example", "c.example", "a.example"]
    assert table["rank"].to_pylist() == positions(table["pagerank"].to_numpy()).tolist() == [1, 1, 3]


@row("the same edge twice, from arrays")
def _(_web):
    assert graph([0, 0], [1, 1], 2).number_of_edges() == 1
    assert graph([0, 0], [1, 1], 2, [1.0, 2.5]).links.weights.tolist() == [3.5]


@row("a self-loop, from arrays")
def _(_web):
    looped = graph([0, 0], [0, 1], 2)

    assert looped.has_edge(0, 0)
    assert pagerank(looped).scores[0] > pagerank(graph([0], [1], 2)).scores[0]


@row("a weight that is NaN, infinite or negative, or not one an edge")
def _(_web):
    for weight in (float("nan"), float("inf"), -0.5):
        refused(f"edge 1 weighs {weight}", lambda weight=weight: graph([0, 1], [1, 0], 2, [1.0, weight]))
    refused("1 weights for 2 edges", lambda: graph([0, 1], [1, 0], 2, [1.0]))


@row("an id out of range, or no integer")
def _(_web):
    ring = graph([0, 1], [1, 2], 3)
    ranks = pagerank(ring)
    refused("src holds the ids 0 to 3", lambda: graph([0, 3], [0, 1], 3))
    refused("dst holds the ids -1 to -1", lambda: graph([0], [-1], 3))
    refused("integers", lambda: graph([0.5], [1], 3))
    for node in (-1, 3):
        vote = f"the ids {node} to {node}"
        refused(vote, lambda node=node: trust(ring, np.array([node])))
        refused(vote, lambda node=node: distrust(ring, np.array([node])))
        refused(vote, lambda node=node: reasons(ring, ranks, node))
        refused(f"holds the ids .*{node}", lambda node=node: what_if(ring, ranks, removed=[(node, 1)]))
        refused(f"holds the ids .*{node}", lambda node=node: what_if(ring, ranks, added=[(0, node, 1.0)]))


@row("2³¹ nodes or more")
def _(_web):
    refused(f"{2**31} nodes; a graph holds 0 to {MAX_NODES}", lambda: graph([], [], 2**31))
    assert MAX_NODES == 2**31 - 1


@row("a strength below what a node's links weigh, or not one a node")
def _(_web):
    refused("node 0 has strength 1.0", lambda: graph([0, 0], [1, 2], 3, None, None, [1.0, 0.0, 0.0]))
    refused("2 strengths for 3 nodes", lambda: graph([0, 0], [1, 2], 3, None, None, [2.0, 0.0]))
    refused("3 strengths", lambda: graph([0, 0], [1, 2], 3, None, None, [2.0, np.nan, 0.0]))


@row("a policy under which nothing is a vote")
def _(web):
    web.page("http://a.example/", ("http://b.example/", {"nofollow": True}))
    linkgraph.build(web.observed.commit())
    for policy in BUILT[:2]:
        table = linkgraph.open(web.observed.root).authority(policy=policy)
        assert table["authority"].to_pylist() == [0.0, 0.0], policy
        assert table["pagerank"].to_pylist() == [0.5, 0.5], policy
    assert linkgraph.open(web.observed.root).authority(policy="everything")["authority"][0].as_py() > 0


@row("a voter whose every vote is discounted to 0")
def _(web):
    web.page("http://a.example/", ("http://b.example/", FOOT))
    linkgraph.build(web.observed.commit(), policy="editorial")
    table = linkgraph.open(web.observed.root).authority()

    assert table["pagerank"].to_pylist() == [0.5, 0.5]


@row("`--without` a domain without votes")
def _(web):
    from linkgraph.insights.votes import without

    web.page("http://a.example/", "http://b.example/")
    web.page("http://alone.example/")
    scores(web)

    assert without(linkgraph.open(web.observed.root), ["alone.example"]).num_rows == 0


@row("what-if: a vote to remove that is not there, one to add that is, or a bad weight")
def _(_web):
    line = graph([0, 1], [1, 2], 3)
    ranks = pagerank(line)
    refused("0 does not vote for 2", lambda: what_if(line, ranks, removed=[(0, 2)]))
    refused("0 votes for 1 already", lambda: what_if(line, ranks, added=[(0, 1, 1.0)]))
    for weight in (-1.0, 0.0, float("nan"), float("inf")):
        refused(f"weighs {weight}", lambda weight=weight: what_if(line, ranks, added=[(0, 2, weight)]))


@row("a seed that is no node of the graph, or no seed, in `seeds_of`")
def _(_web):
    named = LinkGraph.from_arrays([0], [1], 2, names=["a", "b"])
    refused("'nobody' is no node", lambda: seeds_of(named, ["a", "nobody"]))
    refused("no seed is given", lambda: seeds_of(named, []))


@row("a list of a build of which some domains are not in the data")
def _(web):
    web.page("http://a.example/", "http://b.example/")
    linkgraph.build(web.observed.commit(), trusted=["a.example", "nobody.example"])
    data = linkgraph.open(web.observed.root)

    assert (data.build.lists["trusted"]["named"], data.build.lists["trusted"]["found"]) == (2, 1)
    assert data.authority(["b.example"])["trust"][0].as_py() > 0


@row("a list of which no domain is in the data, or entities of which none is")
def _(web):
    web.page("http://a.example/", "http://b.example/")
    root, file = web.observed.commit(), web.folder / "entities.csv"
    file.write_text("entity,covers\nA,nobody.example\n", encoding="utf-8")
    for lists in ({"trusted": ["nobody.example"]}, {"spam": ["nobody.example"]}, {"entities": file}):
        refused("none of the 1 (domains|entities)", lambda lists=lists: linkgraph.build(root, **lists), UsageError)
    assert not (root / "builds" / "CURRENT").exists()


@row(
    "a file of entities: unreadable, without its header, a line that is no domain, host or URL prefix, one that two "
    "entities claim, an entity with the name of a foreign domain"
)
def _(web):
    web.page("http://a.example/")
    root, file = web.observed.commit(), web.folder / "entities.csv"
    refused("entities.csv cannot be read", lambda: linkgraph.build(root, entities=file), UsageError)
    for text in (
        "A,a.example",
        "entity,covers\nA,/x",
        "entity,covers\nA,a.example\nB,a.example",
        "entity,covers\nb.c,a.d",
    ):
        file.write_text(text, encoding="utf-8")
        refused(r"entities\.csv:[123]: ", lambda: linkgraph.build(root, entities=file), UsageError)
    assert not (root / "builds").exists()


@row("an entity of which the data know nothing")
def _(web):
    web.page("http://a.example/")
    root, file = web.observed.commit(), web.folder / "entities.csv"
    file.write_text("entity,covers\nA,a.example\nB,b.example\n", encoding="utf-8")

    assert linkgraph.build(root, entities=file).entities | {"sha256": ""} == {"named": 2, "found": 1, "sha256": ""}


@row("a domain asked for that no page or link names")
def _(web):
    web.page("http://harbour.example/", "http://b.example/")
    scores(web)
    data = linkgraph.open(web.observed.root)
    refused(r"harbor\.example.*near names: harbour", lambda: data.authority(["harbor.example"]), UnknownDomainError)


@row("a graph without votes in which farms are looked for")
def _(_web):
    silent = graph([], [], 20)
    assert find_farms(silent, pagerank(silent)) == []


@row("HITS of a graph without links")
def _(_web):
    assert not hits(graph([], [], 3)).hubs.any()
    tied = hits(graph([0, 2], [1, 3], 4))
    assert tied.authorities[1] == tied.authorities[3] > 0


@row("HyperBall with registers that are no power of 2 from 16 to 512")
def _(_web):
    for registers in (0, 8, 100, 1024):
        refused(
            f"{registers} registers", lambda registers=registers: hyperball(graph([0], [1], 2), registers=registers)
        )


@row("a damping factor outside [0, 1); an error below what float64 can certify (7.3e-13 for 0.85)")
def _(_web):
    for alpha in (1.0, -0.1, float("nan")):
        refused("alpha is", lambda alpha=alpha: pagerank(graph([0], [1], 2), alpha=alpha))
    refused("certifies 7.3e-13", lambda: pagerank(graph([0], [1], 2), tol=7e-13))
    assert pagerank(graph([0], [1], 2), tol=7.4e-13).error <= 7.4e-13


@row("a teleport vector that is not one finite number of at least 0 a node, or all 0; `max_iter` steps that do not do")
def _(_web):
    for vector, message in (([1.0], "1 entries"), ([0, 0], "all zero"), ([1, -1], "negative"), ([1, np.nan], "finite")):
        refused(message, lambda vector=vector: pagerank(graph([0], [1], 2), teleport=vector))
    refused("after 1 steps", lambda: pagerank(graph([0, 1, 2, 2], [1, 2, 0, 1], 3), max_iter=1))


@row("names that stand twice, or not one a node")
def _(_web):
    refused("'a'", lambda: LinkGraph.from_arrays([0], [1], 2, names=["a", "a"]))
    refused("1 names for 2", lambda: LinkGraph.from_arrays([0], [1], 2, names=["a"]))
