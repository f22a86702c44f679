"""Scrapy's face of robots and the guard: a request that is about to leave → let through, put off, or refused.

Promises that every request, redirects and sitemaps included, is asked about anew when it leaves the frontier, that each
request for robots.txt keeps its host's and its address's delay like any other, and that one that fails is tried again.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Response

from linkgraph.errors import RefusedError, UsageError
from linkgraph.fetch.handler import resolver_of
from linkgraph.fetch.refusals import PostponedRequest, RefusedRequest
from linkgraph.fetch.resolve import DNS_MEMORY
from linkgraph.fetch.robots import MAX_REDIRECTS, Rules, read_rules, stand_in, unreachable
from linkgraph.fetch.robots_cache import RobotsCache
from linkgraph.fetch.ruleset import MAX_BYTES
from linkgraph.fetch.tls import tls_reason
from linkgraph.frontier.garbage import let_go
from linkgraph.frontier.pace import Answered
from linkgraph.frontier.retry import read_retry_after
from linkgraph.frontier.scheduler import COMMITTED
from linkgraph.frontier.turns import TURNS
from linkgraph.urls import resolve, split

if TYPE_CHECKING:
    from linkgraph.frontier.scheduler import Taken

PRODUCT_TOKEN = "linkgraph"  # noqa: S105 - RFC 9309's word for the crawler's name
_LARGE = 8192
"""Bytes of a robots.txt that is read in a thread: half a megabyte takes up to 0.3 s."""

SKIP = "linkgraph_no_robots"
"""Request.meta key of the robots.txt requests themselves."""

RULES_READ = object()
"""Scrapy signal: rules of an origin were fetched. Arguments `url` (of robots.txt), `rules`."""


@dataclass(slots=True)
class _Search:
    """On the way to the rules of one origin."""

    url: str
    """What to ask for next."""
    hops: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class _Got:
    """What one request for a robots.txt came to."""

    status: int | None = None
    body: bytes = b""
    target: str | None = None
    """Where it redirects to."""
    retry_after: float | None = None
    address: str | None = None
    why: str = ""
    """Why none was sent, or will be: a reason of the closed list."""


class PolitenessMiddleware:
    """Asks the guard and robots.txt about each request; tells the frontier what hosts answer."""

    clock = staticmethod(time.monotonic)
    """Seconds of the clock that paces hosts."""
    wall = staticmethod(time.time)
    """Seconds of the clock that rules grow old by: it goes on while no crawl runs."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._resolver = resolver_of(crawler)
        self._deny_forbidden = _denies_forbidden(crawler.settings)
        self._retries = crawler.settings.getint("RETRY_TIMES")
        self._cache: RobotsCache | None = None
        self._searches: dict[str, _Search] = {}
        self._pending: dict[str, asyncio.Future[Rules | None]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PolitenessMiddleware:
        """Build from a crawler's settings."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(middleware.committed, signal=COMMITTED)
        return middleware

    @property
    def _rules_known(self) -> RobotsCache:
        if self._cache is None:
            session = getattr(self._crawler.spider, "session", None)
            # Beside the ledger: both are caches of one run.
            self._cache = RobotsCache(None if session is None else session.ledger.path.with_name("robots.sqlite"))
        return self._cache

    def spider_closed(self) -> None:
        """Close the file of rules."""
        if self._cache is not None:
            self._cache.close()

    def committed(self, everything: bool) -> None:
        """Let the rules be kept whose sitemaps a commit has made sure of."""
        if self._cache is not None:
            self._cache.committed(everything=everything)

    async def process_request(self, request: Request) -> None:
        """Let *request* go on.

        Raises:
            RefusedRequest: the guard or robots.txt refuses it, or its host was given up.
            PostponedRequest: it will be taken again when its host and address may be asked.
        """
        if reason := self._resolver.refuses(request.url):
            raise RefusedRequest(reason, request.url)
        if request.meta.get(SKIP):
            return
        taken: Taken | None = request.meta.get("linkgraph")
        if taken is not None:
            if taken.queue.pace is not None and taken.queue.pace.given_up:
                raise RefusedRequest("host:failing", request.url)
            if taken.frontier.paces_addresses and taken.queue.address is None:
                await self._locate(request.url, taken)
        rules = await self._rules(request.url, taken)
        if taken is not None and rules.reachable:
            self._slow_down(taken, rules.delay or 0.0)
        if reason := rules.refuses(request.url):
            raise RefusedRequest(reason, request.url)

    async def _locate(self, url: str, taken: Taken) -> None:
        """Tell the frontier at which address the host is, unless the user's own map says where requests go."""
        if self._resolver.is_mapped(url):
            return
        try:
            found = await self._resolver.admit(url)
        except RefusedError as error:
            raise RefusedRequest(error.reason, url) from error
        except OSError as error:
            raise RefusedRequest("dns:failed", url) from error
        if not taken.frontier.locate(taken.queue, found[0]["host"], self.clock()):
            _postpone(taken, self.clock())

    @staticmethod
    def _slow_down(taken: Taken, delay: float) -> None:
        asked = 0.0 if taken.queue.pace is None else taken.queue.pace.asked
        if asked != delay:
            taken.frontier.slow_down(taken.queue, delay)

    async def _rules(self, url: str, taken: Taken | None) -> Rules:
        """Return the rules of the site of *url*, asked for once however many requests wait for them."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        rules = self._rules_known.get(origin, self.wall())
        while rules is None:
            rules = await self._one_step(origin, taken)
            if taken is None or (rules is not None and not rules.reachable):
                continue
            if rules is not None:
                self._slow_down(taken, rules.delay or 0.0)
            if taken.queue.ready_at > self.clock():
                _postpone(taken, self.clock())
        return rules

    async def _one_step(self, origin: str, taken: Taken | None) -> Rules | None:
        if (under_way := self._pending.get(origin)) is not None:
            return await under_way
        future = self._pending[origin] = asyncio.get_running_loop().create_future()
        try:
            rules = await self._ask(origin, taken)
            future.set_result(rules)
            return rules
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # whoever waits raises it; nobody waiting is no leak
            raise
        finally:
            del self._pending[origin]

    async def _ask(self, origin: str, taken: Taken | None) -> Rules | None:
        """Send one request on the way to the rules of *origin*; return them, or None where another one is needed."""
        search = self._searches.setdefault(origin, _Search(f"{origin}/robots.txt"))
        if taken is not None and search.hops and not await self._may_go_on(search.url, taken):
            return None
        started = self.clock()
        got = await self._get(search.url)
        if taken is not None and not got.why:
            taken.frontier.asked(taken.queue, started)
        if got.target is not None and search.hops < MAX_REDIRECTS:
            joined = resolve(got.target, search.url)
            if joined is not None and not self._resolver.refuses(joined.url):
                search.url, search.hops = joined.url, search.hops + 1
                return None
            got = _Got()
        elif got.why and search.hops:
            got = _Got()  # a hop that is refused makes the rules unreachable; it says nothing about the site
        self._tell(taken, got, self.clock() - started)
        return self._settle(origin, search, got, await self._read(got), taken)

    async def _read(self, got: _Got) -> Rules:
        await TURNS.wait()
        read = partial(
            read_rules, got.status, got.body, PRODUCT_TOKEN, self.wall(), deny_forbidden=self._deny_forbidden
        )
        return await asyncio.to_thread(read) if len(got.body) > _LARGE else read()

    async def _may_go_on(self, url: str, taken: Taken) -> bool:
        """Tell whether the host that a redirect leads to may be asked now; if not, its turn is waited for."""
        target = split(url)
        host = "" if target is None else target.host.rstrip(".")
        if host == taken.queue.host:
            return True
        address, now = None, self.clock()
        if taken.frontier.paces_addresses and not self._resolver.is_mapped(url):
            try:
                address = (await self._resolver.admit(url))[0]["host"]
            except (RefusedError, OSError):
                return True  # the request will tell why
        if taken.queue.address is not None and taken.queue.address.name == address:
            address = None  # it has this turn already
        later = taken.frontier.borrow(host, address, now)
        if later is not None:
            taken.queue.hold(later)
        return later is None

    def _tell(self, taken: Taken | None, got: _Got, elapsed: float) -> None:
        if taken is None or got.why:
            return
        answer = Answered(got.status, elapsed, got.retry_after, got.address, essential=True)
        event = taken.frontier.answered(taken.queue, self.clock(), answer)
        if event is not None:
            self._inc(f"pace/{event}")

    def _settle(self, origin: str, search: _Search, got: _Got, rules: Rules, taken: Taken | None) -> Rules | None:
        now = self.wall()
        self._inc("robots/fetched")
        self._inc(f"robots/status/{got.status or 'none'}")
        if got.why:
            rules = unreachable(now, got.why, DNS_MEMORY)
        elif not rules.reachable and rules.why == "robots:unreachable":
            self._inc("robots/unreachable")
            search.failures += 1
            if (old := stand_in(self._rules_known.latest(origin), now)) is not None:
                self._inc("robots/stand-in")
                rules = old
            elif taken is not None and _failures(search, taken) <= self._retries:
                search.url, search.hops = f"{origin}/robots.txt", 0
                return None
        del self._searches[origin]
        self._rules_known.put(origin, rules)
        self._crawler.signals.send_catch_log(RULES_READ, url=f"{origin}/robots.txt", rules=rules)
        return rules

    async def _get(self, url: str) -> _Got:
        meta: dict[str, Any] = {SKIP: True, "download_maxsize": MAX_BYTES + 1, "verbatim_url": True}
        request = Request(url, meta=meta, dont_filter=True)
        assert self._crawler.engine is not None  # noqa: S101 - a request can only come from an engine
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as error:  # noqa: BLE001 - whatever kept it away, RFC 9309 2.3.1.4 gives one answer
            why = _why(error)
            let_go(error)
            return _Got(why=why)
        return _got(response)

    def _inc(self, name: str) -> None:
        if self._crawler.stats is not None:
            self._crawler.stats.inc_value(f"linkgraph/{name}")


def _failures(search: _Search, taken: Taken) -> int:
    """Return how often in a row the rules could not be had; what a killed process tried counts, for paces are kept."""
    return search.failures if taken.queue.pace is None else max(search.failures, taken.queue.pace.failures)


def _why(error: Exception) -> str:
    if isinstance(error, RefusedError):
        return error.reason
    return "dns:failed" if isinstance(error, CannotResolveHostError) else tls_reason(error) or ""


def _got(response: Response) -> _Got:
    target = response.headers.get("Location") if 300 <= response.status < 400 else None
    return _Got(
        response.status,
        response.body,
        None if target is None else target.decode(errors="replace"),
        read_retry_after(response.headers.get("Retry-After")),
        None if response.ip_address is None else str(response.ip_address),
    )


def _postpone(taken: Taken, not_before: float) -> NoReturn:
    """Put the URL back into the frontier: a request that waited here would hold one of the crawl's connections."""
    taken.frontier.again(taken.queue, taken.lease, not_before)
    taken.frontier.unsent(taken.queue)
    raise PostponedRequest(taken.lease.url)


def _denies_forbidden(settings: Any) -> bool:
    choice = settings.get("LINKGRAPH_ROBOTS_FORBIDDEN") or "allow"
    if choice not in ("allow", "deny"):
        raise UsageError(f"LINKGRAPH_ROBOTS_FORBIDDEN={choice}: give allow or deny")
    return bool(choice == "deny")
