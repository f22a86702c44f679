"""An answer with scripts → the document after they ran, by scrapy-playwright, without a socket of the browser's own.

Promises that the page's own document is the one already fetched, that whatever else it asks for goes through the
crawl's downloader (robots.txt, address guard, caps, LINKGRAPH_RESOLVE) or is refused, and that a page costs at most
LINKGRAPH_RENDER_SECONDS. Refuses navigation, popups, frames, sockets, downloads and service workers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from playwright.async_api import Error as PlaywrightError
from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from linkgraph.errors import RefusedError
from linkgraph.fetch.browser import launch_options, require_browser
from linkgraph.fetch.handler import TRUNCATED
from linkgraph.fetch.rendition import Rendition
from linkgraph.fetch.robots import MAX_REDIRECTS
from linkgraph.fetch.subrequests import NOTHING, Answer, ScriptCache, Visit
from linkgraph.urls import resolve

BROWSER_PAGES = 200
"""Pages after which browser and driver begin anew: Playwright's driver keeps something of every page."""

QUIET_STEPS = 10
"""Without a request for so many steps, a page is taken to have shown what it shows."""

SETTLE_SHARE = 0.7
"""Share of the time limit that a restless page is waited for; the rest is for reading it."""

SETTLE = "linkgraph_settle"
"""Request.meta key of what waits until a page is ready to be read."""
CLOSE_SECONDS = 5.0
ATTEMPTS = 2

_DROPPED = frozenset(
    {
        "alt-svc",
        "connection",
        "content-disposition",  # would make a download of the page
        "content-encoding",
        "content-length",
        "keep-alive",
        "refresh",  # read from the headers by extraction
        "report-to",
        "set-cookie",  # a crawler has no session
        "strict-transport-security",
        "transfer-encoding",
    }
)

_ABSOLUTE = """() => {
  const own = (node, name, property) => {
    if (node.getAttribute(name)) node.setAttribute(name, String(node[property] ?? node.getAttribute(name)));
  };
  for (const node of document.querySelectorAll('a[href], area[href], link[href]')) own(node, 'href', 'href');
  for (const node of document.querySelectorAll('frame[src], iframe[src], img[src], script[src]'))
    own(node, 'src', 'src');
  for (const node of document.querySelectorAll('form[action]'))
    node.setAttribute('action', new URL(node.getAttribute('action'), document.baseURI).href);
  for (const node of document.querySelectorAll('base')) node.remove();
}"""
"""Makes references absolute: scripts change a document's address and base, and its encoding is UTF-8 afterwards."""

_STEP = "() => new Promise(passed => setTimeout(() => passed(document.readyState !== 'loading'), 50))"
"""Whether the document is parsed, 50 ms later by the page's own clock: on a busy machine its timers are late, and what
they do would be missed by ours. It is asked for and not waited for: where a script navigates while the document loads,
neither Playwright's own wait ends nor does DOMContentLoaded come."""

Headers = Sequence[tuple[str, str]]


class _Browser(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # the base has no type information
    """scrapy-playwright's handler as the owner of browser, contexts and pages; every context is walled in."""

    async def _create_browser_context(self, *arguments: Any, **options: Any) -> Any:
        wrapper = await super()._create_browser_context(*arguments, **options)
        await wrapper.context.route("**", _abort)  # what a page's own handler does not get: a popup's requests
        await wrapper.context.route_web_socket("**", _close_socket)
        return wrapper

    async def _apply_page_methods(self, page: Any, request: Request, _spider: Any) -> None:
        """Read the page when it is ready for it: the base would first wait for a load that some pages never reach."""
        await request.meta[SETTLE](page)
        await page.evaluate(_ABSOLUTE)

    async def start(self) -> None:
        """Start the driver; the browser itself starts with the first page."""
        self.config.target_closed_max_retries = 0  # a second try needs a new visit, which only the caller can make
        await self._launch()

    async def drop(self, context: str) -> None:
        """Close a context with all its pages."""
        wrapper = self.context_wrappers.get(context)
        if wrapper is not None:
            with contextlib.suppress(PlaywrightError, TimeoutError):
                await asyncio.wait_for(wrapper.context.close(), CLOSE_SECONDS)
            self.context_wrappers.pop(context, None)


async def _abort(route: Any) -> None:
    with contextlib.suppress(PlaywrightError):
        await route.abort("blockedbyclient")


async def _close_socket(socket: Any) -> None:
    with contextlib.suppress(PlaywrightError):
        await socket.close(code=1008, reason="not for crawlers")


class Renderer:
    """Renders pages, a few at a time, each in a context of its own."""

    def __init__(self, crawler: Crawler, mode: str) -> None:
        """Find the browser; nothing is started before the first page.

        Raises:
            UsageError: the extra is not installed, or there is no browser.
        """
        settings = crawler.settings
        options = launch_options(require_browser(mode, settings.get("LINKGRAPH_BROWSER") or ""))
        settings.set(
            "PLAYWRIGHT_LAUNCH_OPTIONS", {**options, **settings.getdict("PLAYWRIGHT_LAUNCH_OPTIONS")}, "cmdline"
        )
        logging.getLogger("scrapy-playwright").setLevel(logging.ERROR)  # a page that fails is told by its reason
        self._crawler = crawler
        self._seconds = settings.getfloat("LINKGRAPH_RENDER_SECONDS")
        self._free = asyncio.Semaphore(max(1, settings.getint("LINKGRAPH_RENDER_PAGES")))
        self._gate = asyncio.Lock()
        self._idle = asyncio.Event()
        self._idle.set()
        self._cache = ScriptCache()
        self._browser: _Browser | None = None
        self._under_way = 0
        self._since_start = 0
        self._pages = 0
        crawler.signals.connect(self.close, signal=signals.spider_closed)

    async def render(self, url: str, status: int, headers: Headers, body: bytes) -> Rendition:
        """Return what a browser makes of an answer; a page over which it crashes is tried twice."""
        reason = "render:crashed"
        for _ in range(ATTEMPTS):
            visit = Visit(url)
            document = Answer(status, _kept(headers), body)
            try:
                async with self._page() as (browser, context):
                    rendered = await asyncio.wait_for(self._visit(browser, context, visit, document), self._seconds)
            except TimeoutError:
                self._count("timeouts")
                return Rendition(reason="render:timeout")
            except Exception as error:  # noqa: BLE001 - whatever a browser dies of, the crawl goes on
                self._count("crashes")
                self._since_start = BROWSER_PAGES  # begin anew
                logging.getLogger(__name__).info("The browser failed over %s: %s", url, error)
            else:
                self._count("pages")
                return Rendition(body=rendered, went_to=tuple(dict.fromkeys(visit.went_to)))
        return Rendition(reason=reason)

    @asynccontextmanager
    async def _page(self) -> AsyncIterator[tuple[_Browser, str]]:
        """Hold one of the places for pages, in a browser that is not too old, and a context that nobody else uses."""
        await self._free.acquire()
        try:
            async with self._gate:
                if self._since_start >= BROWSER_PAGES:
                    await self._idle.wait()
                    await self._stop()
                browser = await self._started()
                self._since_start += 1
                self._pages += 1
                self._under_way += 1
                self._idle.clear()
            context = f"page-{self._pages}"
            try:
                yield browser, context
            finally:
                await browser.drop(context)
                self._under_way -= 1
                if not self._under_way:
                    self._idle.set()
        finally:
            self._free.release()

    async def _started(self) -> _Browser:
        if self._browser is None:
            browser = _Browser(self._crawler)
            await browser.start()
            self._browser = browser
            self._count("browsers")
        return self._browser

    async def _stop(self) -> None:
        browser, self._browser, self._since_start = self._browser, None, 0
        if browser is not None:
            with contextlib.suppress(Exception):  # a browser that crashed is closed already
                await asyncio.wait_for(browser.close(), CLOSE_SECONDS)

    async def close(self) -> None:
        """End the browser."""
        await self._stop()

    async def _visit(self, browser: _Browser, context: str, visit: Visit, document: Answer) -> bytes:
        async def wall(page: Any, _request: Request) -> None:
            await page.route("**", lambda route: self._answer(route, visit, document, page))
            page.on("popup", _close_popup)

        settings = self._crawler.settings
        meta = {
            "playwright": True,
            "playwright_context": context,
            "playwright_context_kwargs": {
                "accept_downloads": False,
                "service_workers": "block",
                "user_agent": settings.get("USER_AGENT"),
            },
            "playwright_page_init_callback": wall,
            "playwright_page_goto_kwargs": {"wait_until": "commit", "timeout": 1000 * self._seconds},
            SETTLE: partial(self._settle, visit),
        }
        response = await browser.download_request(Request(visit.url, meta={**meta, "verbatim_url": True}))
        return str(response.text).encode("utf-8", "replace")

    async def _settle(self, visit: Visit, page: Any) -> None:
        """Wait until the page is parsed and asks for nothing any more, or most of its time is over."""
        deadline = time.monotonic() + SETTLE_SHARE * self._seconds
        still = 0
        while still < QUIET_STEPS and time.monotonic() < deadline:
            answered = visit.answered
            parsed = await page.evaluate(_STEP)
            still = still + 1 if parsed and visit.active == 0 and visit.answered == answered else 0

    async def _answer(self, route: Any, visit: Visit, document: Answer, page: Any) -> None:
        """Answer one request of the page. Never lets it go on into the network."""
        request = route.request
        with contextlib.suppress(PlaywrightError):
            if request.is_navigation_request():
                await self._navigate(route, visit, document, page)
            elif why := visit.refuses(request.resource_type, request.method, request.url):
                self._count(f"refused/{why}")
                await _abort(route)
            elif visit.empty(request.resource_type):
                await _fulfill(route, NOTHING)
            else:
                answer = await self._fetched(visit, request)
                await (_abort(route) if answer is None else _fulfill(route, answer))

    async def _navigate(self, route: Any, visit: Visit, document: Answer, page: Any) -> None:
        main = route.request.frame == page.main_frame
        if main and not visit.begun:
            visit.begun = True
            await _fulfill(route, document)
            return
        if not main:
            self._count("refused/frame")
            await _abort(route)
            return
        self._count("refused/navigation")
        visit.went_to.append(route.request.url)
        await route.abort("aborted")  # the one error after which the document stays; others put an error page there

    async def _fetched(self, visit: Visit, request: Any) -> Answer | None:
        visit.active += 1
        try:
            return await self._cached(visit, request.url, script=request.resource_type == "script")
        finally:
            visit.active -= 1
            visit.answered += 1

    async def _cached(self, visit: Visit, url: str, *, script: bool) -> Answer | None:
        answer = self._cache.get(url, time.monotonic()) if script else None
        if answer is None:
            visit.fetched += 1
            answer = await self._downloaded(url)
            if answer is not None and script and answer.status == 200:
                self._cache.put(url, answer, time.monotonic())
        visit.size += 0 if answer is None else len(answer.body)
        return answer

    async def _downloaded(self, url: str) -> Answer | None:
        """Return what *url* is answered with, redirects followed: every hop passes robots.txt and the guard."""
        assert self._crawler.engine is not None  # noqa: S101 - a page can only come from an engine
        for _ in range(MAX_REDIRECTS + 1):
            asked = resolve(url)
            if asked is None:
                return None
            meta = {"verbatim_url": True, "download_timeout": self._seconds}
            try:
                response = await self._crawler.engine.download_async(Request(asked.url, meta=meta, dont_filter=True))
            except RefusedError as error:
                self._count(f"refused/{error.reason}")
                return None
            except Exception:  # noqa: BLE001 - whatever kept it away, the page goes on without it
                self._count("subrequests/failed")
                return None
            location = response.headers.get("Location")
            if not (300 <= response.status < 400 and location):
                break
            url = (resolve(location.decode("utf-8", "replace"), asked.url) or asked).url
        self._count("subrequests")
        if TRUNCATED in response.flags:
            return None  # half a script is none
        fields = [(name.decode("latin-1"), values[-1].decode("latin-1")) for name, values in response.headers.items()]
        return Answer(response.status, _kept(fields), response.body)

    def _count(self, name: str) -> None:
        if self._crawler.stats is not None:
            self._crawler.stats.inc_value(f"linkgraph/render/{name}")


def _kept(headers: Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers if name.lower() not in _DROPPED}


async def _fulfill(route: Any, answer: Answer) -> None:
    await route.fulfill(status=answer.status, headers=answer.headers, body=answer.body)


async def _close_popup(popup: Any) -> None:
    with contextlib.suppress(PlaywrightError):
        await popup.close()
