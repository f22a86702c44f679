"""A made-up web and a clock that jumps → a crawl by the real scheduler and the real middleware, and the servers' log.

Promises that nothing sleeps and nothing leaves the process: a day of crawling takes as long as its requests cost. The
log is the servers' own: what each host and address was asked, when, and what it had asked for before.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from scrapy.crawler import Crawler
from scrapy.http import Response, TextResponse
from scrapy.settings import Settings
from scrapy.spiders import Spider
from scrapy.statscollectors import MemoryStatsCollector

from linkgraph.errors import RefusedError
from linkgraph.extract.answer import bare_page
from linkgraph.fetch.handler import resolver_of
from linkgraph.fetch.middleware import PolitenessMiddleware
from linkgraph.fetch.refusals import PostponedRequest
from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.ledger import Host, Lease
from linkgraph.frontier.retry import read_retry_after
from linkgraph.frontier.scheduler import FrontierScheduler
from linkgraph.model import Links, Page

DELAY, ADDRESS_DELAY, BACKOFF = 2.0, 1.0, 60.0
KINDS = ("fast", "fast", "fast", "slow", "delay", "busy", "overload", "errors", "late-robots", "moved-robots", "dead")
CONNECTIONS = 64


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only while nothing is to be done."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.busy: Callable[[], bool] = lambda: False
        """Whether a thread is at work: its answer is waited for, in no time."""
        self._wait = self._selector.select
        self._selector.select = self._jump

    def time(self) -> float:
        return self.now

    def _jump(self, timeout: float | None = None) -> list:
        if timeout == 0:
            # asyncio runs what is due within the clock's resolution: were time to stand still, it would never be due.
            self.now += self._clock_resolution
            return self._wait(0)
        if events := self._wait(0):
            return events
        if timeout is None or self.busy():
            return self._wait(0.05)
        self.now += timeout
        return []


@dataclass
class Site:
    """One host, and what its server remembers."""

    host: str
    address: str
    kind: str
    dice: random.Random
    asked: list[float] = field(default_factory=list)
    spacing: float = DELAY
    """Seconds that are to lie between requests, as far as the crawler can know."""
    closed_until: float = -1.0
    robots_asked: int = 0


@dataclass
class World:
    """All servers; each request is held to what its host and its address are owed."""

    loop: JumpingLoop
    sites: dict[str, Site]
    requests: int = 0
    too_soon: list[str] = field(default_factory=list)
    inside_a_window: list[str] = field(default_factory=list)
    address_too_soon: list[str] = field(default_factory=list)
    by_address: dict[str, float] = field(default_factory=dict)
    statuses: Counter = field(default_factory=Counter)
    waits: Counter = field(default_factory=Counter)

    async def serve(self, url: str) -> Response | None:
        """Answer a request after the time that its host takes; None for no answer."""
        parts = urlsplit(url)
        site, now = self.sites[parts.hostname.rstrip(".")], self.loop.time()
        self.requests += 1
        if site.asked and now < site.asked[-1] + site.spacing - 1e-6:
            self.too_soon.append(f"{url} after {now - site.asked[-1]:.3f} of {site.spacing} s")
        if now < site.closed_until - 1e-6:
            self.inside_a_window.append(f"{url} {site.closed_until - now:.3f} s too soon")
        if now < self.by_address.get(site.address, -1e9) + ADDRESS_DELAY - 1e-6:
            self.address_too_soon.append(f"{url} at {site.address}")
        site.asked.append(now)
        self.by_address[site.address] = now
        status, headers, body, lasts = self.answer(site, parts.path)
        self.statuses[status] += 1
        await asyncio.sleep(lasts)
        if status is None:
            return None
        site.spacing = max(
            DELAY, 7.0 if site.kind == "delay" and site.robots_asked else 0.0, min(5 * lasts, 30.0) - 0.01
        )
        if wait := self.wants(status, headers):
            site.closed_until = self.loop.time() + wait
            self.waits[status] += 1
        return TextResponse(url, status=status, headers=headers, body=body, ip_address=site.address)

    @staticmethod
    def wants(status: int, headers: dict[str, str]) -> float:
        """Seconds for which the host is to be left alone after an answer."""
        if "Retry-After" in headers:
            return min(max(float(headers["Retry-After"]), 1.0), 86400.0)
        return BACKOFF if status in (429, 503) else 0.0

    def answer(self, site: Site, path: str) -> tuple[int | None, dict[str, str], bytes, float]:
        dice, lasts = site.dice.random(), 0.05 + site.dice.random() / 4
        if site.kind == "dead":
            return None, {}, b"", 30.0
        if path == "/robots.txt":
            site.robots_asked += 1
            return *self.robots(site), lasts
        if site.kind == "slow":
            lasts = 1.0 + 3 * dice
        chance, status = {"busy": (0.05, 429), "overload": (0.03, 503), "errors": (0.3, 500)}.get(site.kind, (0, 200))
        wait = {"Retry-After": str(site.dice.choice([0, 1, 17, 300, 7200]))} if status == 429 else {}
        return (status, wait, b"", lasts) if dice < chance else (200, {}, b"", lasts)

    def robots(self, site: Site) -> tuple[int, dict[str, str], bytes]:
        if site.kind == "delay":
            return 200, {}, b"User-agent: *\nCrawl-delay: 7\nDisallow: /no"
        if site.kind == "late-robots" and site.robots_asked <= 2:
            return 503, {}, b""
        if site.kind == "moved-robots" and not site.host.startswith("www."):
            return 301, {"Location": f"https://www.{site.host}/robots.txt"}, b""
        return 200, {}, b"User-agent: *\nDisallow: /no"


class Session:
    """A ledger of many hosts in memory; every host has so many pages, of which it tells."""

    def __init__(self, hosts: list[str], pages: int, folder: Path) -> None:
        self.hosts = [Host(number, host, host) for number, host in enumerate(hosts)]
        self._next = dict.fromkeys(range(len(hosts)), 0)
        self._pages = pages
        self.ledger = SimpleNamespace(pending_hosts=lambda: self.hosts, path=folder / "ledger.sqlite")
        self.segment: list[Page] = []
        self.outcomes: Counter = Counter()

    def record(self, page: Page, links: Links) -> None:
        self.segment.append(page)
        self.outcomes[page.outcome_reason or page.outcome] += 1

    def swap(self) -> list[Page]:
        segment, self.segment = self.segment, []
        return segment

    def commit(self, segment: list[Page]) -> list[Host]:
        return []

    def lease(self, host_ids: Any, per_host: int) -> dict[int, list[Lease]]:
        found = {}
        for host_id in host_ids:
            start = self._next[host_id]
            end = self._next[host_id] = min(start + per_host, self._pages)
            host = self.hosts[host_id].host
            found[host_id] = [
                Lease(host_id * 1_000_000 + at, f"http{'s' * (at % 2)}://{host}/{at}", host_id, at, None)
                for at in range(start, end)
            ]
        return found

    def finish(self, exhausted: Any, *, run_budget: bool) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is open."""


class Names:
    """The name server of the made-up web."""

    def __init__(self, sites: dict[str, Site]) -> None:
        self._sites = sites

    async def resolve(self, host: str, port: int, family: int) -> list[dict[str, Any]]:
        address = self._sites[host.rstrip(".")].address
        return [{"hostname": host, "host": address, "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing to close."""


class Idle(Spider):
    """The spider whose requests are made by hand."""

    name = "idle"
    error = None

    def parse(self, response: Any) -> None:
        """Never called."""

    failed = parse


@dataclass
class Simulated:
    """What a simulated crawl came to."""

    world: World
    outcomes: Counter
    stats: dict[str, Any]
    seconds: float
    """Of the made-up clock."""
    took: float
    """Of a real one."""


def simulate(
    hosts: int,
    pages: int,
    seed: int,
    folder: Path,
    hosts_per_address: int = 3,
    wall: Callable[[float], float] = lambda now: 1e9 + now,
) -> Simulated:
    """Crawl a web of *hosts* hosts, so many pages each, and return the servers' view of it.

    *wall* tells what the wall clock shows at a moment of the crawl's own.
    """
    loop = JumpingLoop()
    asyncio.set_event_loop(loop)
    try:
        began = time.perf_counter()
        crawl = _Crawl(loop, hosts, pages, seed, folder, hosts_per_address)
        crawl.middleware.wall = lambda: wall(loop.time())
        loop.run_until_complete(crawl.run())
        stats = {
            name: value for name, value in crawl.crawler.stats.get_stats().items() if name.startswith("linkgraph/")
        }
        return Simulated(crawl.world, crawl.session.outcomes, stats, loop.now - 1000.0, time.perf_counter() - began)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class _Crawl:
    """The engine's part: takes requests from the scheduler, asks the middleware, and hands answers back."""

    def __init__(self, loop: JumpingLoop, hosts: int, pages: int, seed: int, folder: Path, per_address: int) -> None:
        dice = random.Random(seed)
        sites: dict[str, Site] = {}
        for number in range(hosts):
            kind = KINDS[number % len(KINDS)]
            names = [f"h{number}.test"] + [f"www.h{number}.test"] * (kind == "moved-robots")
            for name in names:
                at = len(sites) // per_address
                sites[name] = Site(
                    name, f"8.{8 + at // 60000}.{at // 250}.{at % 250 + 1}", kind, random.Random(dice.random())
                )
        self.loop, self.world = loop, World(loop, sites)
        self.session = Session(list(sites), pages, folder)
        limits = {"LINKGRAPH_COMMIT_PAGES": 5000, "LINKGRAPH_COMMIT_LINKS": 10**9, "LINKGRAPH_COMMIT_SECONDS": 3600}
        settings = Settings({**limits, "RETRY_TIMES": 2, "LINKGRAPH_CONTACT": "me@example.org"})
        self.crawler = Crawler(Idle, settings)
        self.crawler.stats = MemoryStatsCollector(self.crawler)
        self.crawler.spider = spider = Idle()
        self._woken = asyncio.Event()
        slot = SimpleNamespace(closing=None, nextcall=SimpleNamespace(schedule=self._woken.set))
        self.crawler.engine = SimpleNamespace(_slot=slot, download_async=self.download)
        resolver_of(self.crawler)._system = Names(sites)
        self.middleware = PolitenessMiddleware.from_crawler(self.crawler)
        self.middleware.clock = loop.time
        self.scheduler = FrontierScheduler.from_crawler(self.crawler)
        self.scheduler.clock = loop.time
        spider.session = self.session
        spider.frontier = Frontier(delay=DELAY, address_delay=ADDRESS_DELAY, backoff=BACKOFF)
        spider.started = SimpleNamespace(finished=False)
        self.tasks: set[asyncio.Task] = set()

    async def download(self, request: Any) -> Response:
        response = await self.world.serve(request.url)
        if response is None:
            raise TimeoutError(request.url)
        return response

    async def run(self) -> None:
        scheduler = self.scheduler
        scheduler.open(self.crawler.spider)
        self.loop.busy = lambda: bool(scheduler._jobs)
        while scheduler.has_pending_requests() or self.tasks:
            while len(self.tasks) < CONNECTIONS and (request := scheduler.next_request()) is not None:
                task = self.loop.create_task(self.handle(request))
                self.tasks.add(task)
                task.add_done_callback(self.ended)
            await self._woken.wait()
            self._woken.clear()
        await scheduler.drain()
        scheduler.close("finished")
        self.middleware.spider_closed()

    def ended(self, task: asyncio.Task) -> None:
        self.tasks.discard(task)
        task.result()
        self._woken.set()

    async def handle(self, request: Any) -> None:
        taken = request.meta["linkgraph"]
        page, retry_after = replace(bare_page(request.url)), None
        try:
            await self.middleware.process_request(request)
            started = self.loop.time()
            response = await self.world.serve(request.url)
            if response is None:
                page = replace(page, outcome="failed", outcome_reason="transport:timeout")
            else:
                elapsed = round(1000 * (self.loop.time() - started))
                page = replace(page, status=response.status, ip=str(response.ip_address), elapsed_ms=elapsed)
                retry_after = read_retry_after(response.headers.get("Retry-After"))
                if response.status >= 400:
                    page = replace(page, outcome="failed", outcome_reason="http:status")
        except PostponedRequest:
            return
        except RefusedError as error:
            family = {"robots": "refused-by-robots", "host": "excluded"}.get(error.reason.partition(":")[0], "failed")
            page = replace(page, outcome=family, outcome_reason=error.reason)
        self.scheduler.acknowledge(taken, page, Links(), retry_after)


def by_host(world: World) -> dict[str, int]:
    """How often each kind of host was asked."""
    found: dict[str, int] = defaultdict(int)
    for site in world.sites.values():
        found[site.kind] += len(site.asked)
    return found
