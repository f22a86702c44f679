"""Which links a build and a graph still show after pages were visited again."""

from __future__ import annotations

import pytest

import linkgraph

NEWS, OTHER = "http://news.test/", "http://other.test/"


@pytest.fixture
def visited(observed):
    """Write one run in which both pages link to three sites, and then a later visit of the first."""

    def write(*links, **columns):
        for url in (NEWS, OTHER):
            observed.page(url, "http://kept.test/", "http://lost.test/", "http://third.test/")
        observed.commit("first")
        observed.page(NEWS, *links, hours=100, **columns)
        root = observed.commit("second")
        linkgraph.build(root)
        return linkgraph.open(root)

    return write


def sources(data, domain):
    return sorted(data.backlinks(domain)["src_url"].to_pylist())


def test_a_link_that_a_later_visit_does_not_find_is_gone_and_the_others_stay(visited):
    data = visited("http://kept.test/", "http://new.test/")

    assert sources(data, "kept.test") == [NEWS, OTHER]
    assert sources(data, "lost.test") == [OTHER]
    assert sources(data, "new.test") == [NEWS]
    graph = data.graph("domain").to_networkx()
    assert ("news.test", "kept.test") in graph.edges
    assert ("news.test", "lost.test") not in graph.edges
    assert ("other.test", "lost.test") in graph.edges
    assert set(data.graph("page").to_networkx().successors(NEWS)) == {"http://kept.test/", "http://new.test/"}


def test_a_link_that_stays_remembers_when_it_was_first_seen(visited):
    (row,) = [row for row in visited("http://kept.test/").backlinks("kept.test").to_pylist() if row["src_url"] == NEWS]

    assert (row["last_seen"] - row["first_seen"]).total_seconds() == 100 * 3600


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_takes_its_links_along(visited, status):
    data = visited(outcome="failed", outcome_reason="http:status", status=status)

    assert sources(data, "kept.test") == sources(data, "lost.test") == [OTHER]


@pytest.mark.parametrize(
    "columns",
    [
        {"outcome": "failed", "outcome_reason": "http:status", "status": 503},
        {"outcome": "failed", "outcome_reason": "transport:timeout", "status": None},
        {"outcome": "refused-by-robots", "outcome_reason": "robots:disallowed", "status": None},
    ],
    ids=["busy", "no answer", "refused"],
)
def test_a_visit_that_tells_nothing_leaves_the_links_standing(visited, columns):
    assert sources(visited(**columns), "lost.test") == [NEWS, OTHER]


def test_a_target_that_has_not_changed_has_the_status_that_it_had(observed):
    observed.page(NEWS, OTHER)
    observed.page(OTHER, outcome="not-modified")
    observed.commit("first")
    observed.page(OTHER, hours=1, outcome="not-modified", status=304)
    root = observed.commit("second")
    linkgraph.build(root)

    assert linkgraph.open(root).backlinks("other.test")["dst_status"].to_pylist() == [200]
