"""Ten rounds of a changing demo web, two of them half finished: every planted event is told, and no other one."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from support.rounds import WHOLE, expected, told

import linkgraph
from linkgraph.demo import DemoWeb
from linkgraph.demo.rounds import CAST_HOSTS, ROUNDS
from linkgraph.demo.web import split_url
from linkgraph.edges.run import Run
from linkgraph.edges.segment import Segment, commit
from linkgraph.extract.answer import bare_page, observe
from linkgraph.model import Links

START = datetime(2026, 1, 1, tzinfo=UTC)


def visit(web, url, moment):
    """Return what the spider would: the page and its links, from the real extraction."""
    from dataclasses import replace

    if web.disallowed(url):
        page = replace(bare_page(url), outcome="refused-by-robots", outcome_reason="robots:disallowed")
        return replace(page, fetched_at=moment), Links()
    answer = web.respond(*split_url(url))
    page, links = observe(url, answer.status, answer.headers, answer.body)
    return replace(page, fetched_at=moment), links


def half(urls):
    """Return every second URL: what an interrupted run came to."""
    return urls[::2]


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """Write ten runs over the blogs of one cast, without a crawler: the pages of each round as the web has them."""
    root = tmp_path_factory.mktemp("rounds") / "data"
    visited = {}
    for number in range(1, ROUNDS + 1):
        web = DemoWeb.build(number=number)
        urls = sorted(page.url for host in web.rounds.hosts[:CAST_HOSTS] for page in web.pages(host))
        urls = urls if number in WHOLE else half(urls)
        segment = Segment()
        for at, url in enumerate(urls):
            segment.add(*visit(web, url, START + timedelta(days=number, seconds=at)))
        place = Run(root, f"r{number:02}")
        place.create()
        commit(place, 1, segment, "")
        visited[place.name] = set(urls)
    linkgraph.build(root)
    return linkgraph.open(root), visited, DemoWeb.build(number=1).rounds


def test_every_planted_event_is_told_and_none_is_invented(rounds):
    data, visited, plan = rounds
    wanted = expected(data, visited, plan.events())
    found = told(data, visited)

    assert found - wanted == Counter(), "invented"
    assert wanted - found == Counter(), "missed"
    assert len({event for _, event, *_ in wanted}) == 12, "the stories show every word"
