"""Scrapy's face of robots and the guard: a request that is about to leave → let through, or refused with a reason.

Promises that every request, redirects and sitemaps included, is asked about anew when it leaves the frontier.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.http import Response

from linkgraph.errors import RefusedError, UsageError
from linkgraph.fetch.handler import resolver_of
from linkgraph.fetch.robots import MAX_REDIRECTS, Rules, read_rules, unreachable
from linkgraph.fetch.robots_cache import RobotsCache
from linkgraph.fetch.ruleset import MAX_BYTES
from linkgraph.urls import resolve

PRODUCT_TOKEN = "linkgraph"  # noqa: S105 - RFC 9309's word for the crawler's name
SKIP = "linkgraph_no_robots"
"""Request.meta key of the robots.txt requests themselves."""

RULES_READ = object()
"""Scrapy signal: rules of an origin were fetched. Arguments `url` (of robots.txt), `rules`."""


class RefusedRequest(RefusedError, IgnoreRequest):  # noqa: N818 - Scrapy's name for it ends so
    """A refusal in the form that Scrapy keeps quiet about."""


class PostponedRequest(IgnoreRequest):
    """The URL went back to the frontier: robots.txt was asked just now, and the host's delay comes before the page."""


class PolitenessMiddleware:
    """Asks the guard and robots.txt about each request; slows hosts that ask for it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._resolver = resolver_of(crawler)
        self._deny_forbidden = _denies_forbidden(crawler.settings)
        self._cache = RobotsCache()
        self._pending: dict[str, asyncio.Future[Rules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PolitenessMiddleware:
        """Build from a crawler's settings."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let *request* go on.

        Raises:
            RefusedRequest: the guard or robots.txt refuses it.
            PostponedRequest: it will be taken again when the host's delay is over.
        """
        if reason := self._resolver.refuses(request.url):
            raise RefusedRequest(reason, request.url)
        if request.meta.get(SKIP):
            return
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        rules = self._cache.get(origin, time.time())
        if rules is None:
            rules = await self._rules(origin)
            self._pause(request, rules)
        if reason := rules.refuses(request.url):
            raise RefusedRequest(reason, request.url)

    async def _rules(self, origin: str) -> Rules:
        """Fetch the rules of *origin*, once however many requests wait for them."""
        if (under_way := self._pending.get(origin)) is not None:
            return await under_way
        future = self._pending[origin] = asyncio.get_running_loop().create_future()
        try:
            rules = await self._fetch_rules(f"{origin}/robots.txt")
            self._cache.put(origin, rules)
            future.set_result(rules)
            return rules
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # whoever waits raises it; nobody waiting is no leak
            raise
        finally:
            del self._pending[origin]

    async def _fetch_rules(self, url: str) -> Rules:
        status = None
        try:
            status, body = await self._follow(url)
            rules = read_rules(status, body, PRODUCT_TOKEN, time.time(), deny_forbidden=self._deny_forbidden)
        except RefusedError as error:
            rules = unreachable(time.time(), error.reason)
        except CannotResolveHostError:
            rules = unreachable(time.time(), "dns:failed")
        self._count(status, rules)
        self._crawler.signals.send_catch_log(RULES_READ, url=url, rules=rules)
        return rules

    async def _follow(self, url: str) -> tuple[int | None, bytes]:
        """Return status and body of robots.txt, redirects followed.

        Raises:
            RefusedError: the guard refuses the host itself.
            CannotResolveHostError: the host has no address.
        """
        response = await self._download(url)
        for _ in range(MAX_REDIRECTS):
            target = response.headers.get("Location") if response is not None else None
            if response is None or not (300 <= response.status < 400 and target):
                break
            joined = resolve(target.decode(errors="replace"), response.url)
            try:
                response = None if joined is None else await self._download(joined.url)
            except (RefusedError, CannotResolveHostError):
                response = None
        if response is None:
            return None, b""
        return response.status, response.body

    async def _download(self, url: str) -> Response | None:
        meta: dict[str, Any] = {SKIP: True, "download_maxsize": MAX_BYTES + 1, "verbatim_url": True}
        request = Request(url, meta=meta, dont_filter=True)
        assert self._crawler.engine is not None  # noqa: S101 - a request can only come from an engine
        try:
            return await self._crawler.engine.download_async(request)
        except (RefusedError, CannotResolveHostError):
            raise
        except Exception:  # noqa: BLE001 - whatever kept robots.txt away, RFC 9309 2.3.1.4 gives one answer
            return None

    def _count(self, status: int | None, rules: Rules) -> None:
        stats = self._crawler.stats
        if stats is not None:
            stats.inc_value("linkgraph/robots/fetched")
            stats.inc_value(f"linkgraph/robots/status/{status or 'none'}")
            if not rules.reachable:
                stats.inc_value("linkgraph/robots/unreachable")

    def _pause(self, request: Request, rules: Rules) -> None:
        """Keep the host's delay between robots.txt and the page, and from now on the Crawl-delay.

        The URL waits in the frontier, not here: a waiting request would hold one of the crawl's connections.
        """
        taken = request.meta.get("linkgraph")
        if taken is None:
            return
        if rules.delay is not None:
            taken.frontier.slow_down(taken.queue, rules.delay)
        until = time.monotonic() + taken.queue.delay
        taken.frontier.rest(taken.queue, until)
        if taken.queue.delay > 0 and rules.reachable:
            taken.frontier.unsent(taken.queue)
            taken.frontier.again(taken.queue, taken.lease, until)
            raise PostponedRequest(request.url)


def _denies_forbidden(settings: Any) -> bool:
    choice = settings.get("LINKGRAPH_ROBOTS_FORBIDDEN") or "allow"
    if choice not in ("allow", "deny"):
        raise UsageError(f"LINKGRAPH_ROBOTS_FORBIDDEN={choice}: give allow or deny")
    return bool(choice == "deny")
