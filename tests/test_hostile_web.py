"""A crawl of good hosts with two dozen hostile ones among them: the good are fetched whole, the hostile end."""

from __future__ import annotations

from collections import Counter

import pytest
from crawling import Crawled, crawl
from hostile import GOOD, GOOD_PAGES, KINDS, Hostile

PATTERN = 20
HOST = 60
HOSTS = 8


@pytest.fixture(scope="module")
def survived(tmp_path_factory) -> tuple[Hostile, Crawled]:
    """The servers, and what a crawl under small budgets left."""
    with Hostile() as web:
        crawled = crawl(
            ",".join((*GOOD, *KINDS)),
            "--follow",
            "seeds",
            data=tmp_path_factory.mktemp("hostile"),
            LINKGRAPH_RESOLVE=web.resolve,
            LINKGRAPH_PATTERN_PAGES=PATTERN,
            LINKGRAPH_MAX_PAGES_PER_HOST=HOST,
            LINKGRAPH_MAX_HOSTS_PER_DOMAIN=HOSTS,
            LINKGRAPH_IDLE_SECONDS=5,
            LINKGRAPH_PAGE_SECONDS=5,
            DOWNLOAD_TIMEOUT=12,
            DOWNLOAD_MAXSIZE=1_000_000,
            RETRY_TIMES=0,
            LINKGRAPH_ADDRESS_DELAY=0,
            LINKGRAPH_BACKOFF=1,
            LOG_LEVEL="ERROR",
        )
        yield web, crawled


def rows(crawled: Crawled, host: str) -> list[dict]:
    return [row for row in crawled.pages if row["host"] == host]


def test_the_crawl_finishes_within_its_memory_and_keeps_its_promises(survived):
    _, crawled = survived

    assert crawled.code == 0, crawled.err
    assert "Traceback" not in crawled.err
    assert crawled.problems == []
    assert crawled.peak < 500 * 1024 * 1024


@pytest.mark.parametrize("host", GOOD)
def test_every_page_of_every_good_host_is_fetched(survived, host):
    fetched = {row["url"] for row in rows(survived[1], host) if row["outcome"] == "fetched"}

    assert fetched == {f"http://{host}/", *(f"http://{host}/page/{one}" for one in range(1, GOOD_PAGES))}


MOST = {
    "calendar.test": (3 * (PATTERN + 4) + 25, "T1"),
    "archive.test": (PATTERN + 4, "T1"),
    "sessions.test": (2 * 21, "T2"),
    "path-sessions.test": (2 * 21, "T2"),
    "loop.test": (HOST, "T3"),
    "maze.test": (HOST, "T5"),
    "facets.test": (HOST, "T6"),
    "soft.test": (40, "T7"),
    "ring.test": (7, "C1"),
    "refresh.test": (7, "C12"),
    "knots.test": (6, "H3"),
    "sitemap.test": (5, "S2"),
}


@pytest.mark.row("T1", "T2", "T3", "T5", "T6", "T7", "C1", "C12")
@pytest.mark.parametrize("host", MOST)
def test_a_trap_costs_no_more_than_its_budget(survived, host):
    web, _ = survived

    assert 1 < web.asked[host] <= MOST[host][0] + 1  # robots.txt


@pytest.mark.row("T4")
def test_hosts_without_end_are_not_asked_beyond_the_budget_of_their_domain(survived):
    asked = [host for host in survived[0].asked if host.endswith("wild.test")]

    assert 1 < len(asked) <= HOSTS


ENDS = {
    "drip.test": ("failed", {"transport:slow", "transport:timeout"}),
    "headers.test": ("failed", {"http:headers"}),
    "slow-headers.test": ("failed", {"transport:slow", "transport:timeout"}),
    "interim.test": ("failed", {"http:interim"}),
    "cookies.test": ("failed", {"http:headers"}),
    "garbage.test": ("failed", {"http:malformed"}),
    "silent.test": ("failed", {"transport:timeout"}),
    "endless.test": ("fetched", {None}),
    "bomb.test": ("fetched", {None}),
    "wide.test": ("fetched", {"parser:links-capped"}),
}


@pytest.mark.row("C3", "C4", "C5", "C6", "C7", "C9", "C10", "H4")
@pytest.mark.parametrize("host", ENDS)
def test_a_hostile_answer_ends_in_its_state_with_its_reason(survived, host):
    outcome, reason, _ = survived[1].outcome(f"http://{host}/")

    assert outcome == ENDS[host][0]
    assert reason in ENDS[host][1]


@pytest.mark.row("C4", "C5")
@pytest.mark.parametrize("host", ["endless.test", "bomb.test", "wide.test"])
def test_what_has_no_end_is_cut_and_its_links_are_kept(survived, host):
    row = survived[1].page(f"http://{host}/")

    assert row["truncated"]
    assert row["content_length"] == 1_000_000


def test_what_is_left_out_carries_a_reason_of_the_trap_that_it_was(survived):
    from linkgraph.frontier.ledger import Ledger

    ledger = Ledger(survived[1].data / "runs" / "r" / "frontier.sqlite")
    reasons = Counter(row[3] for row in ledger.rows() if row[2] == 4)
    ledger.close()

    assert {"trap:pattern", "trap:path", "trap:hosts", "budget:host"} <= set(reasons)
