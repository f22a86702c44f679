"""Scrapy's face of the frontier: the scheduler that asks it for the next request and hands pages to the commit.

Promises that leases and commits run on one worker thread, never on the event loop, and that the crawl ends only when
nothing is pending, under way or uncommitted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from scrapy import Request, Spider
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler

from linkgraph.errors import LinkgraphError
from linkgraph.frontier.conditional import conditions, settled
from linkgraph.frontier.crawl_session import CrawlSession, Opened
from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.garbage import Garbage
from linkgraph.frontier.host_queue import HostQueue
from linkgraph.frontier.pace import Answered
from linkgraph.frontier.records import Host, Lease
from linkgraph.frontier.retry import Retries
from linkgraph.frontier.turns import TURNS
from linkgraph.model import Links, Page

logger = logging.getLogger(__name__)
T = TypeVar("T")

_WAKEN = 1000
"""Hosts that the frontier is told of in one turn of the event loop: 2 ms."""

COMMITTED = object()
"""Scrapy signal: a segment was committed. Argument `everything`: nothing is left that waits for a commit."""

_UNSENT = ("robots:", "guard:", "dns:", "tls:", "host:", "consent:")
"""Reasons of pages that were never asked for: their host is not to rest for them."""


class FrontierSpider(Spider):
    """What the scheduler needs of its spider."""

    session: CrawlSession
    frontier: Frontier
    started: Opened

    def failed(self, failure: Any) -> Any:
        """Yield why a request got no answer."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A URL that the frontier gave out; travels in `Request.meta["linkgraph"]`."""

    lease: Lease
    queue: HostQueue
    frontier: Frontier


@dataclass(frozen=True, slots=True)
class CommitRule:
    """When a segment is closed: at the first of these, and at once when the frontier runs dry."""

    pages: int
    links: int
    seconds: float


class FrontierScheduler(BaseScheduler):
    """Gives Scrapy the next polite request. Requests that are not the frontier's own go first, in order."""

    clock: Callable[[], float] = staticmethod(time.monotonic)
    """Seconds of the clock that paces hosts; a simulation has its own."""

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._crawler = crawler
        self._rule = CommitRule(
            pages=settings.getint("LINKGRAPH_COMMIT_PAGES"),
            links=settings.getint("LINKGRAPH_COMMIT_LINKS"),
            seconds=settings.getfloat("LINKGRAPH_COMMIT_SECONDS"),
        )
        self._retries = Retries(settings.getint("RETRY_TIMES"))
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="linkgraph-ledger")
        self._jobs: set[Future[Any]] = set()
        self._leasing = False
        self._committing = False
        self._rejudged = False
        self._recorded_since: float | None = None
        self._links = 0
        self._foreign: deque[Request] = deque()
        self._waking: deque[Host] = deque()
        self._garbage = Garbage()
        self._timer: asyncio.TimerHandle | None = None
        self.error: LinkgraphError | None = None
        """Why the crawl had to stop, if it had to."""
        self.frontier: Frontier
        self.session: CrawlSession

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> FrontierScheduler:
        """Build from a crawler's settings."""
        return cls(crawler)

    def open(self, spider: Spider) -> None:
        """Take over the spider's session and wake every host that has pending URLs."""
        self._spider = cast("FrontierSpider", spider)
        self.session = self._spider.session
        self.frontier = self._spider.frontier
        self.frontier.wake(self.session.ledger.pending_hosts(), self.clock())
        self._loop = asyncio.get_running_loop()
        self._garbage.begin()

    def enqueue_request(self, request: Request) -> bool:
        """Queue a request that is not the frontier's own."""
        self._foreign.append(request)
        return True

    def has_pending_requests(self) -> bool:
        """Tell whether anything is left to take, under way, or uncommitted."""
        if self.error is not None:
            return False
        if self._foreign or self._jobs or self._waking:
            return True
        exhausted = self.frontier.run_exhausted
        return not self.frontier.idle or (len(self.session.segment) > 0 and not exhausted)

    def next_request(self) -> Request | None:
        """Return the next request that may leave now, or None; then this wakes the engine in time."""
        if self._foreign:
            return self._foreign.popleft()
        if self.error is not None or self._behind():
            return None
        if TURNS.over():  # the engine takes as many as there are connections, each with work of its own
            self._wake_at(self.clock())
            return None
        taken = self.frontier.take(self.clock())
        self._lease_if_hungry()
        if taken is not None:
            return self._request(*taken)
        if self.frontier.dry and not self._leasing and not self._waking:
            self.commit_if_due(dry=True)
            self._rejudge_at_the_end()
        if not self._leasing:  # the lease's end wakes the engine; a host that waits for it may be due since long
            self._wake_at(self.frontier.next_time())
        return None

    def _rejudge_at_the_end(self) -> None:
        if self._rejudged or self._jobs or self._waking or self.frontier.in_flight or len(self.session.segment):
            return
        self._rejudged = True
        self._run(self.session.rejudge, lambda hosts: self.frontier.wake(hosts, self.clock()))

    def _behind(self) -> bool:
        # The commit cannot keep up: hold the crawl rather than let memory grow.
        return self._committing and len(self.session.segment) >= 2 * self._rule.pages

    def _request(self, lease: Lease, queue: HostQueue) -> Request:
        meta = {"linkgraph": Taken(lease, queue, self.frontier), "verbatim_url": True, "download_slot": queue.host}
        return Request(
            lease.url,
            callback=self._spider.parse,
            errback=self._spider.failed,
            headers=conditions(lease),
            meta=meta,
            dont_filter=True,
        )

    def _lease_if_hungry(self) -> None:
        if self._leasing or self.error is not None:
            return
        asked = self.frontier.share

        def leased(leases: dict[int, list[Lease]]) -> None:
            self._leasing = False
            self.frontier.load(leases, asked)

        if hosts := self.frontier.hungry():
            self._leasing = True
            self._run(lambda: self.session.lease(hosts, asked), leased)

    def acknowledge(self, taken: Taken, page: Page, links: Links, retry_after: float | None = None) -> bool:
        """Take in the outcome of a request: record it, or put it back to be tried again.

        Returns:
            whether the page was recorded; False where it will be tried again.
        """
        wait = self._retries.wait(taken.lease.id, page)
        now, unsent = self.clock(), (page.outcome_reason or "").startswith(_UNSENT)
        if not unsent:
            self._answered(taken, page, retry_after, now)
        if wait is not None:
            # Behind the host's other URLs: one that fails for itself must not make the host look failing.
            self.frontier.again(taken.queue, taken.lease, now + wait, last=True)
        counted = wait is None and not page.outcome.startswith(("refused", "excluded"))
        self.frontier.finished(taken.queue, counts=counted, sent=not unsent)
        if wait is not None:
            return False
        self.record(settled(taken.lease, page), links)
        return True

    def _answered(self, taken: Taken, page: Page, retry_after: float | None, now: float) -> None:
        if taken.queue.address is not None and page.ip:
            self.frontier.locate(taken.queue, page.ip, now)
        elapsed = None if page.elapsed_ms is None else page.elapsed_ms / 1000
        event = self.frontier.answered(taken.queue, now, Answered(page.status, elapsed, retry_after, page.ip))
        if event is not None and self._crawler.stats is not None:
            self._crawler.stats.inc_value(f"linkgraph/pace/{event}")

    def record(self, page: Page, links: Links) -> None:
        """Take in a page for the next commit, and commit where that is due."""
        self.session.record(page, links)
        self._links += len(links)
        if self._recorded_since is None:
            self._recorded_since = self.clock()
            # What slow hosts have sent must not wait for their next page; a hair later, for the clocks differ by one.
            self._loop.call_later(self._rule.seconds + 0.01, self.commit_if_due)
        self.commit_if_due()
        self.wake()

    def record_unasked(self, page: Page, links: Links) -> None:
        """Take in a page that the frontier did not hand out, unless it is committed or in the frontier anyway."""

        def found(known: bool) -> None:
            if not known:
                self.record(page, links)

        self._run(lambda: self.session.ledger.is_known(page.url, page.host), found)

    def commit_if_due(self, *, dry: bool = False) -> None:
        """Commit on the worker thread if the rule says so, or if the frontier is *dry*."""
        if self._committing or self._recorded_since is None or self.error is not None:
            return
        rule, waited = self._rule, self.clock() - self._recorded_since
        full = len(self.session.segment) >= rule.pages or self._links >= rule.links
        if dry or full or waited >= rule.seconds:
            self._commit()

    def _commit(self) -> None:
        segment = self.session.swap()
        self._committing, self._recorded_since, self._links = True, None, 0
        self._rejudged = False
        started = time.perf_counter()

        def done(hosts: Sequence[Host]) -> None:
            self._committing = False
            self._garbage.committed()
            self._crawler.signals.send_catch_log(COMMITTED, everything=False)
            self._count_commit(time.perf_counter() - started)
            self._waking.extend(hosts)
            self._wake_some()
            self.commit_if_due()

        self._run(lambda: self.session.commit(segment), done)

    def _wake_some(self) -> None:
        """Tell the frontier of hosts that may have gained URLs, so many a turn: a page may name ten thousand."""
        some = [self._waking.popleft() for _ in range(min(len(self._waking), _WAKEN))]
        self.frontier.wake(some, self.clock())
        if self._waking:
            self._loop.call_soon(self._wake_some)
        self.wake()

    def _count_commit(self, seconds: float) -> None:
        stats = self._crawler.stats
        if stats is not None:
            stats.inc_value("linkgraph/commits")
            stats.set_value("linkgraph/commit_seconds", stats.get_value("linkgraph/commit_seconds", 0.0) + seconds)

    def _run(self, job: Callable[[], T], then: Callable[[T], None]) -> None:
        future = self._worker.submit(job)
        self._jobs.add(future)
        # A future keeps its callbacks: one that held the future would make a ring of it, and of every row it brought.
        future.add_done_callback(lambda done: self._loop.call_soon_threadsafe(self._ended, done, then))

    def _ended(self, future: Future[T], then: Callable[[T], None]) -> None:
        self._jobs.discard(future)
        error = future.exception()
        if error is None:
            then(future.result())
        else:
            self._stop(error)
        self.wake()

    def _note(self, error: BaseException) -> None:
        if self.error is None:
            self.error = error if isinstance(error, LinkgraphError) else LinkgraphError(f"internal error: {error!r}")
            logger.error("%s", self.error, exc_info=None if isinstance(error, LinkgraphError) else error)
            self._spider.error = self.error  # type: ignore[attr-defined]  # outlives the scheduler: the exit code needs it

    def _stop(self, error: BaseException) -> None:
        if self.error is not None:
            return
        self._note(error)
        engine = self._crawler.engine
        if engine is not None:
            self._closing = self._loop.create_task(engine.close_spider_async(reason="linkgraph_error"))

    def _wake_at(self, moment: float | None) -> None:
        if moment is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(max(0.0, moment - self.clock()), self.wake)

    def wake(self) -> None:
        """Let the engine ask again: time has come for a host, or new URLs are known."""
        engine = self._crawler.engine
        # The engine has no public way to be woken; its heartbeat alone (5 s) would be too slow.
        slot = None if engine is None else engine._slot  # noqa: SLF001 - see above
        if slot is not None and slot.closing is None:
            slot.nextcall.schedule()

    async def drain(self) -> None:
        """Commit all that is recorded and wait until the worker is done."""
        while self._jobs:
            await asyncio.wait([asyncio.wrap_future(job) for job in self._jobs])
            await asyncio.sleep(0)
        if self.error is None and len(self.session.segment):
            self._commit()
            await self.drain()
        elif self.error is None:
            self._crawler.signals.send_catch_log(COMMITTED, everything=True)

    def close(self, reason: str) -> None:
        """End the run's work: log the finish if nothing is left, give leases back, unlock."""
        if self._timer is not None:
            self._timer.cancel()
        self._garbage.end()
        self.frontier.paces.close()
        self._worker.shutdown(wait=True)
        finished = reason == "finished" and self.error is None and not self._spider.started.finished
        try:
            if finished:
                self.session.finish(self.frontier.exhausted, run_budget=self.frontier.run_exhausted)
        except LinkgraphError as error:
            self._note(error)
        try:
            self.session.close()
        except LinkgraphError as error:
            self._note(error)
