"""docs/authority.md says what the code does: its columns, its numbers, its worked case."""

from __future__ import annotations

import re

import numpy as np
import pytest

from linkgraph.authority.pagerank import DAMPING, TOLERANCE, pagerank
from linkgraph.authority.score import DECADES, authority
from linkgraph.edges.schema import EDGES
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.policy import FOLLOWED
from linkgraph.graph.power import ROUNDING, smallest_tolerance
from linkgraph.index.schema import LINKS
from linkgraph.index.tables import DOMAINS, HOSTS


@pytest.fixture(scope="module")
def page(root):
    return (root / "docs" / "authority.md").read_text(encoding="utf-8")


def columns_after(page, beginning):
    rows = page.split(beginning, 1)[1].split("| column | meaning |", 1)[1].split("\n\n", 1)[0]
    return [name for row in re.findall(r"^\| (`.*?) \|", rows, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]


def test_every_column_of_the_derived_tables_is_explained_in_its_order(page):
    assert columns_after(page, "`domains.parquet` has one row") == DOMAINS.names
    assert HOSTS.names == ["host", *DOMAINS.names]
    assert columns_after(page, "A link is one row however often") == [n for n in LINKS.names if n not in EDGES.names]


def test_the_numbers_on_the_page_are_those_of_the_code(page):
    assert f"\N{GREEK SMALL LETTER ALPHA} = {DAMPING}" in page
    assert f"below {TOLERANCE:.0e}" in page
    assert f"r = {ROUNDING:.1e}" in page
    assert f"({smallest_tolerance(DAMPING):.1e} for {DAMPING})" in page
    assert f"100 / {DECADES} · log10(v)" in page
    assert f"{100 / DECADES:.1f} points" in page
    assert f"{10 ** (DECADES / 100) - 1:.0%}".replace("%", " %") in page
    assert f"policy `{FOLLOWED.name}`, version {FOLLOWED.version}" in page
    assert " and ".join(f"`{kind}`" for kind in FOLLOWED.kinds) in page


def test_the_worked_case_of_a_million_voters_comes_out(page):
    voters = 1_000_000
    star = LinkGraph.from_arrays(np.arange(1, voters + 1), np.zeros(voters, int), voters + 1)

    assert f"has {authority(pagerank(star))[0]:.1f}." in page


def test_ranks_counted_in_units_obey_the_recursion_of_the_page():
    edges = np.unique(np.random.default_rng(2).integers(0, 200, (2, 700)), axis=1)
    graph = LinkGraph.from_arrays(*edges, 200)
    ranks = pagerank(graph, tol=1e-12)
    units = ranks.scores / ranks.unit
    shares = units / np.maximum(graph.links.counts(), 1)

    for node in range(200):
        assert units[node] == pytest.approx(1 + DAMPING * shares[graph.backlinks.row(node)].sum(), abs=1e-8)
