"""`scrapy crawl site`: seeds → pages and links. Thin: the frontier chooses, `observe` reads, the pipeline commits."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
)
from scrapy.http import Response
from twisted.python.failure import Failure

from linkgraph.edges.mentions import write_mentions
from linkgraph.edges.session import Session, Started
from linkgraph.errors import AnswerError, LinkgraphError, RefusedError, UsageError
from linkgraph.extract import prepare
from linkgraph.extract.answer import Headers, bare_page, observe
from linkgraph.extract.aside import INLINE, Aside, cost
from linkgraph.extract.mentions import Names, mentions, read_names
from linkgraph.extract.rendered import Rendering
from linkgraph.fetch.browser import MODES, require_browser
from linkgraph.fetch.descriptors import room
from linkgraph.fetch.handler import TRUNCATED, guard_from, pace_from
from linkgraph.fetch.middleware import PostponedRequest, deny_file
from linkgraph.fetch.resolve import leads_to_loopback, parse_mappings
from linkgraph.fetch.tls import tls_reason
from linkgraph.frontier.conditional import conditions
from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.paces import Paces
from linkgraph.frontier.retry import read_retry_after
from linkgraph.frontier.seeds import Seeds
from linkgraph.frontier.turns import TURNS
from linkgraph.model import Links, Observation, Page

from .plan import Plan, whole_sites

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (DownloadTimeoutError, "transport:timeout"),
    (CannotResolveHostError, "dns:failed"),
    (DownloadConnectionRefusedError, "transport:refused"),
)


_REFUSALS = {
    "robots": "refused-by-robots",
    "guard": "refused-by-guard",
    "host": "excluded",
    "consent": "excluded",
}
"""Outcome by the family of the reason; a name without an address is a failure, whoever met it first."""


class SiteSpider(Spider):
    """Crawls the sites that `-a seeds=` names, breadth first, and yields one observation a page."""

    name = "site"
    session: Session
    frontier: Frontier
    started: Started
    seeds: Seeds
    resources: bool
    aside: Aside
    names: Names | None = None
    """Names whose unlinked mentions are looked for."""
    error: LinkgraphError | None = None
    """Why the crawl had to stop, if it had to."""
    arguments: ClassVar[tuple[str, ...]] = (
        "seeds",
        "follow",
        "depth",
        "max_pages",
        "max_pages_per_domain",
        "revisit",
        "due",
        "render",
        "mentions",
    )
    """What `-a` may name."""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> SiteSpider:
        """Read the arguments and open the run.

        Raises:
            UsageError: an argument or setting cannot be used.
            StateError: the run is locked, or the data folder cannot be written.
        """
        arguments = {name: kwargs.pop(name, None) for name in cls.arguments}
        spider = super().from_crawler(crawler, *args, **kwargs)
        plan = spider.plan(crawler, arguments)
        spider.seeds = plan.seeds
        _require_contact(crawler, spider.seeds)
        pace_from(crawler.settings)
        deny_file(crawler.settings)
        guard_from(crawler.settings)  # the download handler asks again: here a mistake costs no run and no traceback
        for name in ("LINKGRAPH_HOST_DELAY", "LINKGRAPH_ADDRESS_DELAY", "LINKGRAPH_BACKOFF"):
            _seconds(crawler, name)  # a mistake costs no run
        # What goes beyond the limit of open files would fail, and its host look as if it were down.
        wanted = crawler.settings.getint("CONCURRENT_REQUESTS")
        crawler.settings.set("CONCURRENT_REQUESTS", room(wanted).busy, "cmdline")
        if arguments.get("mentions"):
            spider.names = read_names([arguments["mentions"]])
        mode = _render_mode(crawler, arguments["render"])
        spider.resources = crawler.settings.getbool("LINKGRAPH_RESOURCES")
        if mode != "never":
            spider.use_browser(crawler, mode)
        spider.aside = Aside(_page_seconds(crawler.settings))
        scope, run, asked = plan.scope, plan.run, plan.asked
        spider.session = Session(run, spider.seeds.urls, scope, {}, verify_all=_verify_all(crawler), asked=asked)
        spider.started = spider.session.start()
        spider.frontier = Frontier(
            delay=_seconds(crawler, "LINKGRAPH_HOST_DELAY"),
            address_delay=_seconds(crawler, "LINKGRAPH_ADDRESS_DELAY"),
            backoff=_seconds(crawler, "LINKGRAPH_BACKOFF"),
            connections_per_host=crawler.settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN"),
            max_pages=scope.max_pages,
            max_pages_per_domain=scope.max_pages_per_domain,
            visits_by_domain=spider.session.ledger.visits_by_domain(),
            paces=Paces(run.ledger.with_name("pace.sqlite"), time.monotonic()),
        )
        prepare()
        return spider

    def plan(self, crawler: Crawler, arguments: dict[str, Any]) -> Plan:
        """Return what the arguments ask for.

        Raises:
            UsageError: one of them cannot be used.
        """
        return whole_sites(crawler, arguments)

    def use_browser(self, crawler: Crawler, mode: str) -> None:
        """From now on let a browser look at answers as *mode* says; a crawl without one pays nothing for this."""
        from linkgraph.fetch.render import Renderer

        rendering = Rendering(mode, Renderer(crawler, mode).render, resources=self.resources)
        self.parse = partial(self.parse_rendered, rendering)  # type: ignore[method-assign]  # Scrapy takes both

    async def start(self) -> AsyncIterator[Any]:
        """Yield nothing: the frontier holds the seeds."""
        nothing: tuple[Any, ...] = ()
        for one in nothing:
            yield one

    def parse(self, response: Response, **_: Any) -> AsyncIterator[Observation]:
        """Yield what *response* shows; a large one is read in a process of its own."""
        return self._aside(response) if cost(response.url, response.body) > INLINE else self._inline(response)

    async def _inline(self, response: Response) -> AsyncIterator[Observation]:
        await TURNS.wait()
        options = self._options(response)
        found = observe(response.url, response.status, _headers(response), response.body, **options)
        self.look_for_names(response)
        yield _observation(response, *found)

    async def _aside(self, response: Response) -> AsyncIterator[Observation]:
        options = self._options(response)
        found = await self.aside.observe(response.url, response.status, _headers(response), response.body, **options)
        self.look_for_names(response, too_large=True)
        yield _observation(response, *found)

    def look_for_names(self, response: Response, *, too_large: bool = False) -> None:
        """Write down where *response* mentions a name; one that was read in a process of its own is only counted."""
        if self.names is None or response.status != 200 or b"html" not in (response.headers.get("Content-Type") or b""):
            return
        if not too_large:
            write_mentions(self.session.run, mentions(response.url, _headers(response), response.body, self.names))
        if self.crawler.stats is not None:
            self.crawler.stats.inc_value(f"linkgraph/mentions/{'too-large' if too_large else 'looked-at'}")

    def _options(self, response: Response) -> dict[str, bool]:
        taken = response.meta.get("linkgraph")
        return {
            "truncated": TRUNCATED in response.flags,
            "resources": self.resources,
            "conditional": taken is not None and bool(conditions(taken.lease)),
        }

    def closed(self, _reason: str) -> None:
        """End the process for large answers."""
        self.aside.close()

    async def parse_rendered(self, rendering: Rendering, response: Response, **_: Any) -> AsyncIterator[Observation]:
        """Yield what *response* shows, in a browser too where *rendering* wants that."""
        async for seen in (
            self._aside(response) if cost(response.url, response.body) > INLINE else self._inline(response)
        ):
            seen.page, seen.links = await rendering.look(seen.page, seen.links, _headers(response), response.body)
            yield seen

    def failed(self, failure: Failure) -> Iterator[Observation]:
        """Yield why a request got no answer."""
        if isinstance(failure.value, PostponedRequest):
            return
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        yield Observation(failed_page(request.url, failure.value), Links(), request.meta.get("linkgraph"))


_MAILBOX = re.compile(r"[^@\s:/<>]+@[^@\s:/<>]+")

MAX_HOST_DELAY = 3600
"""Seconds; well below the 24 hours after which the robots.txt that was asked for before a page is too old for it."""


def failed_page(url: str, error: BaseException | None) -> Page:
    """Return the page of a request that ended in *error*."""
    outcome, reason = "failed", "transport:failed"
    if isinstance(error, RefusedError):
        reason = error.reason
        outcome = _REFUSALS.get(reason.partition(":")[0], outcome)
    elif isinstance(error, AnswerError):
        reason = error.reason
    else:
        told = (word for kind, word in _REASONS if isinstance(error, kind))
        reason = tls_reason(error) or next(told, reason)
    return replace(bare_page(url), fetched_at=datetime.now(UTC), outcome=outcome, outcome_reason=reason)


def _seconds(crawler: Crawler, name: str) -> float:
    try:
        seconds = crawler.settings.getfloat(name)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_HOST_DELAY:
        raise UsageError(f"{name}: give seconds from 0 to {MAX_HOST_DELAY}")
    return seconds


def _verify_all(crawler: Crawler) -> bool:
    chosen = crawler.settings.get("LINKGRAPH_VERIFY") or "changed"
    if chosen not in ("changed", "all"):
        raise UsageError(f"LINKGRAPH_VERIFY={chosen}: give changed or all")
    return bool(chosen == "all")


def _page_seconds(settings: Any) -> float:
    try:
        seconds = float(settings.getfloat("LINKGRAPH_PAGE_SECONDS", 10.0))
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"LINKGRAPH_PAGE_SECONDS={settings.get('LINKGRAPH_PAGE_SECONDS')}: give seconds above 0")
    return seconds


def _require_contact(crawler: Crawler, seeds: Seeds) -> None:
    settings = crawler.settings
    contact = settings.get("LINKGRAPH_CONTACT") or ""
    mappings = parse_mappings(settings.get("LINKGRAPH_RESOLVE") or "")
    ports = []
    for seed in seeds.urls:
        scheme, _, rest = seed.url.partition("://")
        port = rest.partition("/")[0].rpartition("]")[2].partition(":")[2]
        ports.append((seed.host, int(port) if port else (443 if scheme == "https" else 80)))
    # At the highest priority: they add to what the user gave, and must not be lost where the user gave something.
    allowed = [*settings.getlist("LINKGRAPH_ALLOW_PORTS"), *{port for _, port in ports}]
    settings.set("LINKGRAPH_ALLOW_PORTS", allowed, "cmdline")
    if contact:
        settings.set("USER_AGENT", f"{settings.get('USER_AGENT')} (+{contact})", "cmdline")
        if _MAILBOX.fullmatch(contact):  # RFC 9110 10.1.2: `From` is a mailbox, not a URL
            headers = {**settings.getdict("DEFAULT_REQUEST_HEADERS"), "From": contact}
            settings.set("DEFAULT_REQUEST_HEADERS", headers, "cmdline")
    elif outside := [host for host, port in ports if not leads_to_loopback(mappings, host, port)]:
        raise UsageError(
            f"LINKGRAPH_CONTACT is not set, and {outside[0]} is not on this machine: give an address or URL at which "
            "its webmaster reaches you, e.g. -s LINKGRAPH_CONTACT=you@example.org"
        )


def _render_mode(crawler: Crawler, argument: str | None) -> str:
    mode = argument or crawler.settings.get("LINKGRAPH_RENDER") or "never"
    if mode not in MODES:
        raise UsageError(f"-a render={mode}: give {', '.join(MODES[:-1])} or {MODES[-1]}")
    if mode != "never":
        require_browser(mode, crawler.settings.get("LINKGRAPH_BROWSER") or "")
    return str(mode)


def _headers(response: Response) -> Headers:
    return [(name.decode("latin-1"), _text(value)) for name, values in response.headers.items() for value in values]


def _observation(response: Response, page: Page, links: Links) -> Observation:
    page = replace(page, fetched_at=datetime.now(UTC), ip=str(response.ip_address), elapsed_ms=_elapsed(response))
    return Observation(
        page, links, response.meta.get("linkgraph"), read_retry_after(response.headers.get("Retry-After"))
    )


def _text(value: bytes) -> str:
    """Return a header's value: UTF-8 as most servers mean it, else byte by byte (RFC 9110 5.5)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _elapsed(response: Response) -> int | None:
    latency = response.meta.get("download_latency")
    return None if latency is None else round(latency * 1000)
