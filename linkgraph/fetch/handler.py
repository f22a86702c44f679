"""A Scrapy request → a capped response over a guarded connection.

Promises that a body is cut at the size cap while it is being unpacked, that what cannot hold links is not downloaded
at all, and that head, time and rate are bounded (`caps`). Refuses addresses through the resolver.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.core.downloader.handlers._base_streaming import BaseStreamingDownloadHandler
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadFailedError
from scrapy.http import Headers, Response
from scrapy.utils._download_handlers import make_response
from scrapy.utils.ssl import _make_ssl_context

from linkgraph.errors import AnswerError, UsageError
from linkgraph.fetch.caps import CappedProtocol, Pace, reason_of
from linkgraph.fetch.coding import ACCEPTED, Unpacker
from linkgraph.fetch.descriptors import room
from linkgraph.fetch.guard import DEFAULT_PORTS, Guard, parse_networks
from linkgraph.fetch.resolve import GuardedConnector, GuardedResolver, parse_mappings
from linkgraph.frontier.turns import TURNS

TRUNCATED = "truncated"
"""Flag of a response whose body was cut at the cap."""

SKIPPED = "skipped"
"""Flag of a response whose body was not downloaded, because its type holds no links."""

_UNWANTED_TYPES = ("image/", "audio/", "video/", "font/", "application/zip", "application/pdf", "application/x-tar")
_READ_SIZE = 65536
_PACE = Pace()
MAX_SENT = 16 * 1024 * 1024
"""Bytes taken off the wire for one body, for codings that make less of them than they are."""


def pace_from(settings: Any) -> Pace:
    """Return how slowly a server may answer by the Scrapy *settings*.

    Raises:
        UsageError: a setting that is no number above 0.
    """
    values = []
    for name, default in (("LINKGRAPH_IDLE_SECONDS", _PACE.idle), ("LINKGRAPH_LEAST_RATE", _PACE.rate)):
        try:
            value = settings.getfloat(name, default)
        except ValueError:
            value = -1.0
        if not value > 0:
            raise UsageError(f"{name}={settings.get(name)}: give a number above 0")
        values.append(value)
    return Pace(idle=values[0], grace=values[0], rate=values[1])


def guard_from(settings: Any) -> Guard:
    """Return the guard that the Scrapy *settings* describe.

    Raises:
        UsageError: a network or port that cannot be read.
    """
    try:
        ports = DEFAULT_PORTS | {int(port) for port in settings.getlist("LINKGRAPH_ALLOW_PORTS")}
    except ValueError as error:
        raise UsageError(f"LINKGRAPH_ALLOW_PORTS: {error}; give numbers, e.g. 8080,8443") from error
    networks = parse_networks(settings.get("LINKGRAPH_ALLOW_ADDRESSES") or "")
    return Guard(allowed=networks, ports=ports, contact=settings.get("LINKGRAPH_CONTACT") or "")


_RESOLVERS: WeakKeyDictionary[Crawler, GuardedResolver] = WeakKeyDictionary()


def resolver_of(crawler: Crawler) -> GuardedResolver:
    """Return the one resolver of a crawl: who asks about a URL hears of the addresses that are connected to.

    Raises:
        UsageError: a network, port or mapping that cannot be read.
    """
    if (resolver := _RESOLVERS.get(crawler)) is None:
        mappings = parse_mappings(crawler.settings.get("LINKGRAPH_RESOLVE") or "")
        resolver = _RESOLVERS[crawler] = GuardedResolver(guard_from(crawler.settings), mappings)
    return resolver


class GuardedDownloadHandler(AiohttpDownloadHandler):
    """Scrapy's aiohttp handler with our resolver, streaming decompression and a cut instead of an error."""

    experimental: ClassVar[bool] = False

    def __init__(self, crawler: Crawler) -> None:
        # Past AiohttpDownloadHandler, whose session could not be given a resolver.
        BaseStreamingDownloadHandler.__init__(self, crawler)
        self._ssl_context = _make_ssl_context(crawler.settings)
        connector = GuardedConnector(
            resolver_of(crawler),
            idle=room(self._pool_size_total).idle,
            limit=self._pool_size_total,
            limit_per_host=self._pool_size_per_host,
        )
        self._pace = pace_from(crawler.settings)
        # aiohttp has no public way to bound the head of an answer as a whole.
        connector._factory = functools.partial(  # type: ignore[assignment]  # noqa: SLF001 - see above; a subclass
            CappedProtocol, self._pace, loop=asyncio.get_running_loop()
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            response_class=_ClientResponse,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            trust_env=False,
        )

    async def download_request(self, request: Request) -> Response:
        """Send *request* in a turn of the loop that has time for it: its answer's time is the server's, not ours."""
        await TURNS.wait()
        return await super().download_request(request)

    @asynccontextmanager
    async def _make_request(self, request: Request, timeout: float) -> AsyncIterator[_ClientResponse]:  # noqa: ASYNC109 - Scrapy's
        try:
            async with super()._make_request(request, timeout) as response:
                yield response
        except DownloadFailedError as error:
            if (reason := reason_of(error)) is None:
                raise
            raise AnswerError(reason, str(error)) from error

    async def _read_response(self, response: _ClientResponse, request: Request) -> Response:
        cap = request.meta.get("download_maxsize", self._default_maxsize)
        headers = self._extract_headers(response)
        base = self._build_base_response_args(response, request, headers)
        kind = (response.headers.get("Content-Type") or "").lower()
        if kind.startswith(_UNWANTED_TYPES):
            response.close()
            return make_response(**base, body=b"", flags=[SKIPPED])
        unpacker = Unpacker(",".join(response.headers.getall("Content-Encoding", ())), cap)
        body, whole = await _read_capped(response.content, unpacker, self._pace)
        if not whole:
            response.close()
        return make_response(**base, body=body, flags=None if whole else [TRUNCATED])

    @staticmethod
    def _request_headers(request: Request) -> Headers:
        headers = AiohttpDownloadHandler._request_headers(request)  # noqa: SLF001 - the method that this overrides
        headers.setdefault("Accept-Encoding", ACCEPTED)
        return headers

    @staticmethod
    def _extract_headers(response: _ClientResponse) -> Headers:
        # As bytes: aiohttp's text of a header that is no UTF-8 cannot be encoded again.
        return Headers(response.raw_headers)


async def _read_capped(content: aiohttp.StreamReader, unpacker: Unpacker, pace: Pace) -> tuple[bytes, bool]:
    """Return the unpacked body up to the cap, and whether that is all of it.

    Raises:
        AnswerError: the body comes too slowly, or not a byte of it can be unpacked.
    """
    chunks: list[bytes] = []
    began = time.monotonic()
    received = 0
    while not unpacker.full and received <= MAX_SENT:
        try:
            sent = b"" if unpacker.waiting else await content.read(_READ_SIZE)
        except aiohttp.ClientPayloadError:
            # The connection ended before the announced length: what came is kept.
            return b"".join(chunks), False
        if not sent and not unpacker.waiting:
            return b"".join(chunks), unpacker.complete
        received += len(sent)
        chunks.append(unpacker.step(sent))
        if unpacker.broken and not unpacker.made:
            raise AnswerError("http:coding", "no byte of the body can be unpacked")
        if unpacker.broken:
            break
        if pace.is_slow(received, time.monotonic() - began):
            raise AnswerError("transport:slow", f"{received} bytes")
        await TURNS.wait()  # `read` does not wait while bytes are at hand
    return b"".join(chunks), content.at_eof() and not unpacker.waiting and unpacker.complete
