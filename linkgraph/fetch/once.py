"""One URL → its answer, for the command line: the same guard, robots, caps and contact as a crawl."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp

from linkgraph import __version__
from linkgraph.errors import FetchError, RefusedError, UsageError
from linkgraph.fetch.guard import DEFAULT_PORTS, Guard, parse_networks
from linkgraph.fetch.resolve import GuardedConnector, GuardedResolver, Mapping, leads_to_loopback, parse_mappings
from linkgraph.fetch.robots import MAX_REDIRECTS, read_rules
from linkgraph.fetch.ruleset import MAX_BYTES
from linkgraph.urls import resolve

_TOKEN = "linkgraph"  # noqa: S105 - the product token of RFC 9309
_MAX_BODY = 4 * 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=30)

T = TypeVar("T")
Answer = tuple[str, list[tuple[str, str]], bytes]


def fetch_once(url: str) -> Answer:
    """Fetch *url*, redirects followed, and return (final URL, headers, body cut at 4 MiB).

    `LINKGRAPH_CONTACT`, `LINKGRAPH_RESOLVE` and `LINKGRAPH_ALLOW_ADDRESSES` of the environment apply.

    Raises:
        UsageError: no contact for a target outside this machine, or no http(s) URL.
        RefusedError: robots.txt or the address guard refuses.
        FetchError: no answer came.
    """
    return asyncio.run(_fetch(url))


def fetch_robots(url: str) -> tuple[int | None, bytes]:
    """Fetch the robots.txt at *url*, of a site's address its `/robots.txt`; return status and body, None for no answer.

    Raises:
        UsageError: no contact for a target outside this machine.
        RefusedError: the address guard refuses.
    """
    parts = urlsplit(url)
    if parts.path in ("", "/"):
        url = f"{parts.scheme}://{parts.netloc}/robots.txt"
    return asyncio.run(_with_client(url, lambda client: client.robots(url)))


async def _fetch(url: str) -> Answer:
    return await _with_client(url, lambda client: client.page(url))


async def _with_client(url: str, act: Callable[[_Client], Awaitable[T]]) -> T:
    contact = os.environ.get("LINKGRAPH_CONTACT", "")
    mappings = parse_mappings(os.environ.get("LINKGRAPH_RESOLVE", ""))
    networks = parse_networks(os.environ.get("LINKGRAPH_ALLOW_ADDRESSES", ""))
    guard = Guard(allowed=networks, ports=DEFAULT_PORTS | {_port(url)}, contact=contact)
    agent = f"linkgraph/{__version__}" + (f" (+{contact})" if contact else "")
    resolver = GuardedResolver(guard, mappings)
    async with aiohttp.ClientSession(
        connector=GuardedConnector(resolver), headers={"User-Agent": agent}, timeout=_TIMEOUT, trust_env=False
    ) as session:
        return await act(_Client(session, resolver, mappings, contact))


@dataclass(frozen=True, slots=True)
class _Client:
    """A session that asks the guard about each hop, and robots.txt about each page."""

    session: aiohttp.ClientSession
    resolver: GuardedResolver
    mappings: tuple[Mapping, ...]
    contact: str

    async def page(self, url: str) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            self._admit(url)
            if reason := await self._robots_refuse(url):
                raise RefusedError(reason, url)
            status, headers, body = await self._get(url, _MAX_BODY)
            target = _target(status, headers)
            if target is None:
                return url, headers, body
            joined = resolve(target, url)
            if joined is None:
                raise FetchError(f"{url} redirects to {target!r}, which is no http(s) URL")
            url = joined.url
        raise FetchError(f"{url}: more than {MAX_REDIRECTS} redirects")

    async def robots(self, url: str) -> tuple[int | None, bytes]:
        """Return status and body of a robots.txt, redirects followed."""
        self._admit(url)
        try:
            for _ in range(MAX_REDIRECTS + 1):
                status, headers, body = await self._get(url, MAX_BYTES + 1)
                target = _target(status, headers)
                if target is None:
                    break
                joined = resolve(target, url)
                if joined is None or self.resolver.refuses(joined.url):
                    return None, b""
                url = joined.url
        except RefusedError:
            raise
        except FetchError:
            return None, b""
        return status, body

    async def _robots_refuse(self, url: str) -> str | None:
        parts = urlsplit(url)
        status, body = await self.robots(f"{parts.scheme}://{parts.netloc}/robots.txt")
        return read_rules(status, body, _TOKEN, time.time()).refuses(url)

    def _admit(self, url: str) -> None:
        host = urlsplit(url).hostname or ""
        if not self.contact and not leads_to_loopback(self.mappings, host, _port(url)):
            raise UsageError(f"LINKGRAPH_CONTACT is not set, and {host} is not on this machine: set it to fetch")
        if reason := self.resolver.refuses(url):
            raise RefusedError(reason, url)

    async def _get(self, url: str, cap: int) -> tuple[int, list[tuple[str, str]], bytes]:
        try:
            async with self.session.get(url, allow_redirects=False) as response:
                body = await response.content.read(cap)
                while len(body) < cap and (chunk := await response.content.read(cap - len(body))):
                    body += chunk
                return response.status, list(response.headers.items()), body
        except (aiohttp.ClientError, TimeoutError) as error:
            raise FetchError(f"{url}: {error or 'no answer within 30 s'}") from error


def _target(status: int, headers: list[tuple[str, str]]) -> str | None:
    found = (value for name, value in headers if name.lower() == "location")
    return next(found, None) if 300 <= status < 400 else None


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
