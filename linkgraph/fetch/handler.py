"""A Scrapy request → a capped response over a guarded connection.

Promises that a body is cut at the size cap while it is being unpacked, that what cannot hold links is not downloaded
at all, and that headers are bounded by the parser (8 KiB a line). Refuses addresses through the resolver.
"""

from __future__ import annotations

from typing import Any, ClassVar

import aiohttp
from scrapy import Request
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler, _ClientResponse
from scrapy.core.downloader.handlers._base_streaming import BaseStreamingDownloadHandler
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.utils._download_handlers import make_response
from scrapy.utils.ssl import _make_ssl_context

from linkgraph.errors import UsageError
from linkgraph.fetch.guard import DEFAULT_PORTS, Guard, parse_networks
from linkgraph.fetch.resolve import GuardedConnector, parse_mappings

TRUNCATED = "truncated"
"""Flag of a response whose body was cut at the cap."""

SKIPPED = "skipped"
"""Flag of a response whose body was not downloaded, because its type holds no links."""

_UNWANTED_TYPES = ("image/", "audio/", "video/", "font/", "application/zip", "application/pdf", "application/x-tar")
_DNS_CACHE_SECONDS = 600
_READ_SIZE = 65536


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


class GuardedDownloadHandler(AiohttpDownloadHandler):
    """Scrapy's aiohttp handler with our resolver, streaming decompression and a cut instead of an error."""

    experimental: ClassVar[bool] = False

    def __init__(self, crawler: Crawler) -> None:
        # Past AiohttpDownloadHandler, whose session could not be given a resolver.
        BaseStreamingDownloadHandler.__init__(self, crawler)
        self._ssl_context = _make_ssl_context(crawler.settings)
        mappings = parse_mappings(crawler.settings.get("LINKGRAPH_RESOLVE") or "")
        connector = GuardedConnector(
            guard_from(crawler.settings),
            mappings,
            ttl_dns_cache=_DNS_CACHE_SECONDS,
            limit=self._pool_size_total,
            limit_per_host=self._pool_size_per_host,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=True,
            response_class=_ClientResponse,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            trust_env=False,
        )

    async def _read_response(self, response: _ClientResponse, request: Request) -> Response:
        cap = request.meta.get("download_maxsize", self._default_maxsize)
        headers = self._extract_headers(response)
        base = self._build_base_response_args(response, request, headers)
        kind = (response.headers.get("Content-Type") or "").lower()
        if kind.startswith(_UNWANTED_TYPES):
            response.close()
            return make_response(**base, body=b"", flags=[SKIPPED])
        body, whole = await _read_capped(response.content, cap)
        if not whole:
            response.close()
        return make_response(**base, body=body, flags=None if whole else [TRUNCATED])

    @staticmethod
    def _extract_headers(response: _ClientResponse) -> Headers:
        # As bytes: aiohttp's text of a header that is no UTF-8 cannot be encoded again.
        return Headers(response.raw_headers)


async def _read_capped(content: aiohttp.StreamReader, cap: int) -> tuple[bytes, bool]:
    """Return up to *cap* bytes of the unpacked body, and whether that is all of it."""
    chunks: list[bytes] = []
    size = 0
    while size < cap:
        try:
            chunk = await content.read(min(_READ_SIZE, cap - size))
        except aiohttp.ClientPayloadError:
            # The connection ended before the announced length, or the coding is broken: what came is kept.
            return b"".join(chunks), False
        if not chunk:
            return b"".join(chunks), True
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks), content.at_eof()
