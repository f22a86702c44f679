"""The scheduler between an event loop and a worker thread, with a session that only counts."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from scrapy.spiders import Spider
from scrapy.statscollectors import MemoryStatsCollector

from linkgraph.errors import LinkgraphError, StorageError
from linkgraph.extract.answer import bare_page
from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.records import Host, Lease
from linkgraph.frontier.scheduler import FrontierScheduler, Taken
from linkgraph.model import Links, Page


class Pages:
    """A ledger of one host."""

    def pending_hosts(self) -> Sequence[Host]:
        return [Host(1, "a.test", "a.test")]

    def is_known(self, url: str, host: str) -> bool:
        return url.endswith("/known")


@dataclass
class Counting:
    """A session that keeps what it is told."""

    urls: list[str]
    fails: str = ""
    ledger: Pages = field(default_factory=Pages)
    segment: list[Page] = field(default_factory=list)
    commits: list[list[str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def record(self, page: Page, links: Links) -> None:
        self.segment.append(page)

    def swap(self) -> list[Page]:
        segment, self.segment = self.segment, []
        return segment

    def commit(self, segment: list[Page]) -> list[Host]:
        if self.fails == "commit":
            raise StorageError("the disk is full")
        self.commits.append([page.url for page in segment])
        return []

    def lease(self, host_ids: Any, per_host: int) -> dict[int, list[Lease]]:
        found = [Lease(number, url, 1, 0, None) for number, url in enumerate(self.urls)]
        self.urls = []
        return {1: found}

    def rejudge(self) -> list[Host]:
        return []

    def finish(self, exhausted: Any, *, run_budget: bool) -> None:
        if self.fails == "finish":
            raise StorageError("the disk is full")
        self.ended.append("finished")

    def close(self) -> None:
        self.ended.append("closed")


@dataclass
class Opened:
    finished: bool = False


class Asleep:
    """An engine that does nothing when it is woken."""

    _slot = None

    async def close_spider_async(self, *, reason: str) -> None:
        """Do nothing."""


class Idle(Spider):
    name = "idle"
    error: LinkgraphError | None = None

    def parse(self, response: Any) -> None:
        """Do nothing."""

    def failed(self, failure: Any) -> None:
        """Do nothing."""


def page(path: str, **fields: Any) -> Page:
    return replace(bare_page(f"http://a.test/{path}"), fetched_at=datetime.now(UTC), **fields)


def at_work(act: Callable, session: Counting, **settings: Any) -> FrontierScheduler:
    """Open a scheduler, let *act* use it on a loop, and close it."""

    async def work() -> FrontierScheduler:
        limits = {"LINKGRAPH_COMMIT_PAGES": 100, "LINKGRAPH_COMMIT_LINKS": 100, "LINKGRAPH_COMMIT_SECONDS": 60}
        crawler = Crawler(Idle, Settings({**limits, "RETRY_TIMES": 1, **settings}))
        crawler.engine, crawler.stats = Asleep(), MemoryStatsCollector(crawler)
        scheduler = FrontierScheduler.from_crawler(crawler)
        spider = Idle()
        spider.session, spider.frontier, spider.started = session, Frontier(delay=0.0), Opened()
        scheduler.open(spider)
        await act(scheduler)
        await scheduler.drain()
        scheduler.close("finished")
        return scheduler

    return asyncio.run(work())


async def until(condition: Callable[[], Any]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen")


async def take(scheduler: FrontierScheduler) -> Taken:
    found: list = []
    await until(lambda: (request := scheduler.next_request()) is not None and (found.append(request) or True))
    return found[0].meta["linkgraph"]


def test_pages_of_a_slow_host_are_committed_in_time_though_nothing_else_happens():
    session = Counting([])

    async def act(scheduler: FrontierScheduler) -> None:
        scheduler.record(page("1"), Links())
        assert session.commits == []
        await until(lambda: session.commits)
        scheduler.record(page("2"), Links())
        await until(lambda: len(session.commits) == 2)

    at_work(act, session, LINKGRAPH_COMMIT_SECONDS=0.05)
    assert session.commits == [["http://a.test/1"], ["http://a.test/2"]]


def test_a_segment_closes_at_so_many_pages_and_the_rest_at_the_end():
    session = Counting([])

    async def act(scheduler: FrontierScheduler) -> None:
        for number in range(5):
            scheduler.record(page(str(number)), Links())
            await until(lambda: not scheduler._jobs)

    at_work(act, session, LINKGRAPH_COMMIT_PAGES=2)
    assert [len(urls) for urls in session.commits] == [2, 2, 1]
    assert session.ended == ["finished", "closed"]


class Brought(dict):
    """Rows that a job brings."""


def test_what_a_job_brought_is_gone_when_it_was_used_without_a_search_for_garbage():
    brought = []

    def job() -> Brought:
        rows = Brought()
        brought.append(weakref.ref(rows))
        return rows

    async def act(scheduler: FrontierScheduler) -> None:
        for _ in range(3):
            scheduler._run(job, lambda _: None)
        await until(lambda: len(brought) == 3 and not scheduler._jobs)
        await until(lambda: [rows() for rows in brought] == [None] * 3)

    gc.disable()
    try:
        at_work(act, Counting([]))
    finally:
        gc.enable()


def test_a_commit_that_fails_ends_the_crawl_with_its_error_and_no_finish():
    session = Counting([], fails="commit")

    async def act(scheduler: FrontierScheduler) -> None:
        scheduler.record(page("1"), Links())

    scheduler = at_work(act, session)
    assert isinstance(scheduler.error, StorageError)
    assert session.ended == ["closed"]
    assert not scheduler.has_pending_requests()
    assert scheduler.next_request() is None


def test_a_finish_that_fails_is_told_and_the_run_is_let_go():
    session = Counting([], fails="finish")

    async def act(scheduler: FrontierScheduler) -> None:
        await asyncio.sleep(0)

    scheduler = at_work(act, session)
    assert isinstance(scheduler.error, StorageError)
    assert session.ended == ["closed"]


def test_a_passing_failure_is_tried_again_and_then_recorded():
    session = Counting(["http://a.test/x"])
    answers = []

    async def act(scheduler: FrontierScheduler) -> None:
        for _ in range(2):
            taken = await take(scheduler)
            failed = page("x", outcome="failed", outcome_reason="http:status", status=503)
            answers.append(scheduler.acknowledge(taken, failed, Links(), 0.05))

    at_work(act, session)
    assert answers == [False, True]
    assert session.commits == [["http://a.test/x"]]


def test_pages_that_nobody_asked_for_are_recorded_unless_the_frontier_knows_them():
    session = Counting([])

    async def act(scheduler: FrontierScheduler) -> None:
        scheduler.record_unasked(page("robots.txt"), Links())
        scheduler.record_unasked(page("known"), Links())

    at_work(act, session)
    assert session.commits == [["http://a.test/robots.txt"]]


def test_a_crawl_is_not_over_while_something_is_under_way_or_uncommitted():
    session = Counting(["http://a.test/x"])
    states = []

    async def act(scheduler: FrontierScheduler) -> None:
        taken = await take(scheduler)
        states.append(scheduler.has_pending_requests())
        scheduler.acknowledge(taken, page("x"), Links())
        states.append(scheduler.has_pending_requests())
        scheduler.next_request()
        await until(lambda: session.commits)
        await until(lambda: not scheduler.has_pending_requests())

    at_work(act, session)
    assert states == [True, True]
