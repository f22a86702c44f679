"""One URL → its answer, for the command line: the same guard, robots, caps and contact as a crawl."""

from __future__ import annotations

import asyncio
import os
import time
from urllib.parse import urlsplit

import aiohttp

from linkgraph import __version__
from linkgraph.errors import FetchError, RefusedError, UsageError
from linkgraph.fetch.guard import DEFAULT_PORTS, Guard, is_literal, parse_networks
from linkgraph.fetch.resolve import GuardedConnector, leads_to_loopback, mapped, parse_mappings
from linkgraph.fetch.robots import MAX_BYTES, MAX_REDIRECTS, read_rules
from linkgraph.urls import resolve

_TOKEN = "linkgraph"  # noqa: S105 - the product token of RFC 9309
_MAX_BODY = 4 * 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=30)

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


async def _fetch(url: str) -> Answer:
    contact = os.environ.get("LINKGRAPH_CONTACT", "")
    mappings = parse_mappings(os.environ.get("LINKGRAPH_RESOLVE", ""))
    networks = parse_networks(os.environ.get("LINKGRAPH_ALLOW_ADDRESSES", ""))
    guard = Guard(allowed=networks, ports=DEFAULT_PORTS | {_port(url)}, contact=contact)
    agent = f"linkgraph/{__version__}" + (f" (+{contact})" if contact else "")
    connector = GuardedConnector(guard, mappings)
    async with aiohttp.ClientSession(
        connector=connector, headers={"User-Agent": agent}, timeout=_TIMEOUT, trust_env=False
    ) as session:
        for _ in range(MAX_REDIRECTS + 1):
            host = urlsplit(url).hostname or ""
            if not contact and not leads_to_loopback(mappings, host, _port(url)):
                raise UsageError(f"LINKGRAPH_CONTACT is not set, and {host} is not on this machine: set it to fetch")
            reason = guard.refuses_port(_port(url)) or (guard.refuses(host) if is_literal(host) else None)
            if reason and not mapped(mappings, host, _port(url)):
                raise RefusedError(reason, url)
            await _ask_robots(session, url)
            status, headers, body = await _get(session, url, _MAX_BODY)
            target = _target(status, headers)
            if target is None:
                return url, headers, body
            joined = resolve(target, url)
            if joined is None:
                raise FetchError(f"{url} redirects to {target!r}, which is no http(s) URL")
            url = joined.url
    raise FetchError(f"{url}: more than {MAX_REDIRECTS} redirects")


def _target(status: int, headers: list[tuple[str, str]]) -> str | None:
    found = (value for name, value in headers if name.lower() == "location")
    return next(found, None) if 300 <= status < 400 else None


async def _robots(session: aiohttp.ClientSession, url: str) -> tuple[int | None, bytes]:
    for _ in range(MAX_REDIRECTS + 1):
        status, headers, body = await _get(session, url, MAX_BYTES + 1)
        target = _target(status, headers)
        if target is None:
            break
        joined = resolve(target, url)
        if joined is None:
            return None, b""
        url = joined.url
    return status, body


async def _ask_robots(session: aiohttp.ClientSession, url: str) -> None:
    parts = urlsplit(url)
    try:
        status, body = await _robots(session, f"{parts.scheme}://{parts.netloc}/robots.txt")
    except RefusedError:
        raise
    except FetchError:
        status, body = None, b""
    if reason := read_rules(status, body, _TOKEN, time.monotonic()).refuses(url, _TOKEN):
        raise RefusedError(reason, url)


async def _get(session: aiohttp.ClientSession, url: str, cap: int) -> tuple[int, list[tuple[str, str]], bytes]:
    try:
        async with session.get(url, allow_redirects=False) as response:
            body = await response.content.read(cap)
            while len(body) < cap and (chunk := await response.content.read(cap - len(body))):
                body += chunk
            return response.status, list(response.headers.items()), body
    except (aiohttp.ClientError, TimeoutError) as error:
        raise FetchError(f"{url}: {error or 'no answer within 30 s'}") from error


def _port(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
