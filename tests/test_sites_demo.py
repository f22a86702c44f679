"""The demo web, whose plan is the truth: owners and mirrors that a build finds, and what their links are called."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.planted import CALLED, called, mirrored, observe, owned

import linkgraph
from linkgraph.demo import DemoWeb
from linkgraph.errors import UnknownDomainError
from linkgraph.graph.collapse import collapse
from linkgraph.graph.collapse.scan import NAMES, FileScan
from linkgraph.graph.policy import EDITORIAL
from linkgraph.index.build import build
from linkgraph.insights.kin import kin

GENRES = ("farm", "money", "network", "mirror", "blog", "user", "shop")


@pytest.fixture(scope="module")
def web() -> DemoWeb:
    return DemoWeb.build()


@pytest.fixture(scope="module")
def data(web, tmp_path_factory):
    """Every page of the sites that are owned, copied or listed, and of the magazine that the mirrors copy."""
    root = tmp_path_factory.mktemp("demo")
    observe(web, root, GENRES, ("hedgeandshore.example",))
    build(root)
    return linkgraph.open(root)


@pytest.fixture(scope="module")
def kinds(web, data):
    paths = data.build.folder.glob("links/*/backlinks.parquet")
    rows = [row for path in paths for row in pq.read_table(path, partitioning=None).to_pylist()]
    return called(web, rows)


def test_every_planted_owner_is_found_and_none_invented(web, data):
    rows = data.sites().to_pylist()
    found = {
        frozenset((one["domain"], other["domain"]))
        for one in rows
        for other in rows
        if one["owner"] and one["owner"] == other["owner"] and one["domain"] < other["domain"]
    }

    assert found == owned(web)


def test_every_planted_mirror_is_found_with_its_original(web, data):
    found = {(row["domain"], row["mirror_of"]) for row in data.sites().to_pylist() if row["mirror_of"]}
    original = "hedgeandshore.example"

    assert found == {(site.host, original) for site in web.sites if site.genre == "mirror"}
    assert {frozenset(pair) for pair in found} <= mirrored(web)


def test_editorial_discounts_the_votes_between_domains_that_the_table_of_sites_joins_and_no_others(data):
    live = data.snapshot
    scans = FileScan(live.edge_files, coded=NAMES), FileScan(live.page_files)
    alone, graph = collapse(*scans, EDITORIAL)["domain"], data.graph("domain", "editorial")
    owner = {row["domain"]: row["owner"] for row in data.sites().to_pylist() if row["owner"]}
    ratio = graph.links.weights / alone.links.weights
    src = np.repeat(np.arange(len(graph)), graph.links.counts())
    pairs = [(graph.names[one], graph.names[other]) for one, other in zip(src, graph.links.indices, strict=True)]
    joined = np.array([one in owner and owner[one] == owner.get(other) for one, other in pairs])

    assert joined.sum() > 80
    assert set(np.round(ratio[joined], 6)) <= {0.1, 0.2}
    assert set(ratio[~joined]) == {1.0}


def test_a_farm_of_twenty_sites_is_one_owner_that_its_money_site_does_not_count(data):
    (row,) = data.authority(["best-cheap-watches.example"]).to_pylist()

    assert row["referring_domains"] - row["independent_owners"] == 20


@pytest.mark.parametrize(
    ("planting", "least"), [("farm", 0.99), ("mirror", 1.0), ("owner", 0.95), ("footer", 0.65), ("blogroll", 0.8)]
)
def test_links_that_only_sites_explain_are_called_by_their_name(kinds, planting, least):
    right = sum(number for word, number in kinds[planting].items() if word in CALLED[planting])

    assert right >= least * kinds[planting].total() > 0, kinds[planting]


@pytest.mark.parametrize(("planting", "least"), [("ugc", 0.98), ("sponsored", 1.0), ("affiliate", 1.0), ("bio", 0.9)])
def test_what_a_page_says_itself_is_not_overruled(kinds, planting, least):
    right = sum(number for word, number in kinds[planting].items() if word in CALLED[planting])

    assert right >= least * kinds[planting].total(), kinds[planting]


def test_who_asks_for_one_site_is_told_of_all_that_belong_to_its_owner_and_of_its_mirrors(web, data):
    network = sorted(site.host for site in web.sites if site.genre == "network")
    rows = kin(data, [f"http://www.{network[0]}/"]).to_pylist()

    assert [row["domain"] for row in rows] == network
    assert {row["joined_by"].rpartition(" (")[2] for row in rows} == {f"{len(network) - 1})"}
    copies = {site.host for site in web.sites if site.genre == "mirror"}
    assert {row["domain"] for row in kin(data, ["hedgeandshore.example"]).to_pylist()} == copies
    assert kin(data).num_rows == data.sites().num_rows
    with pytest.raises(UnknownDomainError, match="hedgeandshore"):
        kin(data, ["hedgeandshor.example"])
