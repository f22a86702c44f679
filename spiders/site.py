"""`scrapy crawl site`: seeds → pages and links. Thin: the frontier chooses, `observe` reads, the pipeline commits."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from linkgraph.edges.mentions import write_mentions
from linkgraph.edges.session import Session, Started
from linkgraph.errors import LinkgraphError
from linkgraph.extract import prepare
from linkgraph.extract.answer import Headers, bare_page, observe
from linkgraph.extract.aside import INLINE, Aside, cost
from linkgraph.extract.mentions import Names, mentions, read_names
from linkgraph.extract.rendered import Rendering
from linkgraph.fetch.consent import deny_file
from linkgraph.fetch.descriptors import room
from linkgraph.fetch.handler import TRUNCATED, guard_from, pace_from
from linkgraph.fetch.refusals import PostponedRequest
from linkgraph.frontier.conditional import conditions
from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.garbage import let_go
from linkgraph.frontier.paces import Paces
from linkgraph.frontier.retry import read_retry_after
from linkgraph.frontier.seeds import Seeds
from linkgraph.frontier.turns import TURNS
from linkgraph.model import Links, Observation, Page

from .failure import outcome_of
from .options import page_seconds, render_mode, require_contact, seconds, verify_all
from .plan import Plan, whole_sites


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
        delays = _checked(crawler, spider.seeds)
        # What goes beyond the limit of open files would fail, and its host look as if it were down.
        wanted = crawler.settings.getint("CONCURRENT_REQUESTS")
        crawler.settings.set("CONCURRENT_REQUESTS", room(wanted).busy, "cmdline")
        if arguments.get("mentions"):
            spider.names = read_names([arguments["mentions"]])
        mode = render_mode(crawler, arguments["render"])
        spider.resources = crawler.settings.getbool("LINKGRAPH_RESOURCES")
        if mode != "never":
            spider.use_browser(crawler, mode)
        spider.aside = Aside(page_seconds(crawler))
        scope, run, every = plan.scope, plan.run, verify_all(crawler)
        spider.session = Session(run, spider.seeds.urls, scope, {}, verify_all=every, asked=plan.asked)
        spider.started = spider.session.start()
        spider.frontier = Frontier(
            **delays,
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
        async for seen in SiteSpider.parse(self, response):
            seen.page, seen.links = await rendering.look(seen.page, seen.links, _headers(response), response.body)
            yield seen

    def failed(self, failure: Failure) -> Iterator[Observation]:
        """Yield why a request got no answer."""
        if not isinstance(failure.value, PostponedRequest):
            yield self._failed(failure)
        let_go(failure.value, failure.tb)
        failure.cleanFailure()  # type: ignore[no-untyped-call]  # Twisted says no types

    @staticmethod
    def _failed(failure: Failure) -> Observation:
        request: Request = failure.request  # type: ignore[attr-defined]  # Scrapy adds it
        outcome, reason = outcome_of(failure.value)
        page = replace(bare_page(request.url), fetched_at=datetime.now(UTC), outcome=outcome, outcome_reason=reason)
        return Observation(page, Links(), request.meta.get("linkgraph"))


def _checked(crawler: Crawler, seeds: Seeds) -> dict[str, float]:
    """Return the delays of the frontier; look at what others read later, too, while a mistake costs no run."""
    require_contact(crawler, seeds)
    pace_from(crawler.settings)
    deny_file(crawler.settings)
    guard_from(crawler.settings)
    names = {"delay": "HOST_DELAY", "address_delay": "ADDRESS_DELAY", "backoff": "BACKOFF"}
    return {argument: seconds(crawler, f"LINKGRAPH_{name}") for argument, name in names.items()}


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
