"""Under a depth limit: what is beyond it, and what a shorter way that is found later brings within it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from linkgraph.edges.run import Run
from linkgraph.edges.session import Session
from linkgraph.extract.answer import bare_page, links_to
from linkgraph.frontier.scope import Scope
from linkgraph.frontier.sql import STATES
from linkgraph.urls import resolve

A, B = "http://a.test/", "http://b.test/"
WAY = ["http://a.test/p", "http://a.test/q", "http://a.test/r", "http://a.test/s", "http://a.test/t"]
LIMIT = 3


@pytest.fixture
def session(tmp_path):
    opened = []

    def start() -> Session:
        scope = Scope(domains=frozenset({"a.test", "b.test"}), depth=LIMIT)
        session = Session(Run(tmp_path, "r"), [resolve(A), resolve(B)], scope, {})
        session.start()
        opened.append(session)
        return session

    yield start
    opened[-1].close()


def visit(session: Session, url: str, *targets: str) -> None:
    page = replace(bare_page(url), status=200, fetched_at=datetime(2025, 11, 1, tzinfo=UTC))
    session.record(page, links_to(page, [resolve(target) for target in targets], "a", "html"))
    session.commit(session.swap())


def states(session: Session) -> dict[str, tuple[str, int]]:
    return {url: (STATES[state], depth) for _, url, state, _, depth, *_ in session.ledger.rows()}


def walk(session: Session) -> None:
    """Visit the long way to the limit; the other seed is slow."""
    for page, following in zip([A, *WAY], WAY[:4], strict=False):
        visit(session, page, following)


def test_a_shorter_way_to_a_visited_page_brings_its_links_within_the_limit(session):
    crawl = session()
    walk(crawl)
    assert states(crawl)[WAY[3]] == ("excluded", 4)

    visit(crawl, B, WAY[2])
    assert [host.host for host in crawl.rejudge()] == ["a.test"]

    assert states(crawl)[WAY[3]] == ("pending", 2)


def test_a_shorter_way_counts_through_all_visited_pages_behind_it(session):
    crawl = session()
    walk(crawl)

    visit(crawl, B, WAY[1])
    crawl.rejudge()

    found = states(crawl)
    assert [found[url][1] for url in WAY[1:4]] == [1, 2, 3]
    assert found[WAY[3]][0] == "pending"
    visit(crawl, WAY[3], WAY[4])
    assert states(crawl)[WAY[4]] == ("excluded", 4)
    assert crawl.rejudge() == []


def test_a_visited_page_may_come_nearer_again_and_again(session):
    crawl = session()
    walk(crawl)

    for nearer in (WAY[0], B):
        visit(crawl, nearer, WAY[2])
    crawl.rejudge()

    assert states(crawl)[WAY[2]] == ("done", 1)
    assert states(crawl)[WAY[3]] == ("pending", 2)


def test_the_log_rebuilds_what_was_judged_anew(session, tmp_path):
    crawl = session()
    walk(crawl)
    visit(crawl, B, WAY[1])
    crawl.rejudge()
    visit(crawl, WAY[3], WAY[4])
    before = list(crawl.ledger.rows())
    crawl.close()
    for path in Run(tmp_path, "r").folder.glob("frontier.sqlite*"):
        path.unlink()

    assert list(session().ledger.rows()) == before


def test_nothing_is_judged_anew_where_no_page_came_nearer(session):
    crawl = session()
    walk(crawl)
    entries = len(list(crawl.run.log.iterdir()))

    assert crawl.rejudge() == []
    assert len(list(crawl.run.log.iterdir())) == entries
