"""Settings of a crawl → what they mean. Refuses a value that cannot be used, by its name, before the first request."""

from __future__ import annotations

import re

from scrapy.crawler import Crawler

from linkgraph.errors import UsageError
from linkgraph.fetch.browser import MODES, require_browser
from linkgraph.fetch.resolve import leads_to_loopback, parse_mappings
from linkgraph.frontier.seeds import Seeds

_MAILBOX = re.compile(r"[^@\s:/<>]+@[^@\s:/<>]+")

MAX_HOST_DELAY = 3600
"""Seconds; well below the 24 hours after which the robots.txt that was asked for before a page is too old for it."""


def seconds(crawler: Crawler, name: str) -> float:
    """Return the seconds of a delay.

    Raises:
        UsageError: no number from 0 to `MAX_HOST_DELAY`.
    """
    try:
        delay = crawler.settings.getfloat(name)
    except ValueError:
        delay = -1.0
    if not 0 <= delay <= MAX_HOST_DELAY:
        raise UsageError(f"{name}: give seconds from 0 to {MAX_HOST_DELAY}")
    return delay


def verify_all(crawler: Crawler) -> bool:
    """Return whether every file of a run is read again when it goes on.

    Raises:
        UsageError: neither changed nor all.
    """
    chosen = crawler.settings.get("LINKGRAPH_VERIFY") or "changed"
    if chosen not in ("changed", "all"):
        raise UsageError(f"LINKGRAPH_VERIFY={chosen}: give changed or all")
    return bool(chosen == "all")


def page_seconds(crawler: Crawler) -> float:
    """Return how long a large page may be read.

    Raises:
        UsageError: no finite number above 0.
    """
    name = "LINKGRAPH_PAGE_SECONDS"
    try:
        limit = float(crawler.settings.getfloat(name, 10.0))
    except ValueError:
        limit = -1.0
    if not 0 < limit < float("inf"):
        raise UsageError(f"{name}={crawler.settings.get(name)}: give seconds above 0")
    return limit


def require_contact(crawler: Crawler, seeds: Seeds) -> None:
    """Let the seeds' ports be asked, and say in every request who asks.

    Raises:
        UsageError: nobody is named, and a seed is not on this machine.
    """
    settings = crawler.settings
    contact = settings.get("LINKGRAPH_CONTACT") or ""
    mappings = parse_mappings(settings.get("LINKGRAPH_RESOLVE") or "")
    ports = [(seed.host, _port(seed.url)) for seed in seeds.urls]
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


def _port(url: str) -> int:
    scheme, _, rest = url.partition("://")
    port = rest.partition("/")[0].rpartition("]")[2].partition(":")[2]
    return int(port) if port else (443 if scheme == "https" else 80)


def render_mode(crawler: Crawler, argument: str | None) -> str:
    """Return which pages a browser is to look at.

    Raises:
        UsageError: an unknown word, or no browser for it.
    """
    mode = argument or crawler.settings.get("LINKGRAPH_RENDER") or "never"
    if mode not in MODES:
        raise UsageError(f"-a render={mode}: give {', '.join(MODES[:-1])} or {MODES[-1]}")
    if mode != "never":
        require_browser(mode, crawler.settings.get("LINKGRAPH_BROWSER") or "")
    return str(mode)
