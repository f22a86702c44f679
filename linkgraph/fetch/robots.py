"""robots.txt of a host → may this URL be fetched, how slowly, and which sitemaps it names.

Promises RFC 9309: 4xx allows, 5xx, 429 and no answer disallow, rules are kept 24 hours at most and 500 KiB of them
are read. Pure: the fetch is the caller's, the clock is given.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from dataclasses import dataclass

from protego import Protego

MAX_AGE = 24 * 3600.0
"""Seconds. RFC 9309 2.4: "SHOULD NOT use the cached version for more than 24 hours"."""

RETRY_AFTER = 300.0
"""Seconds after which an unreachable robots.txt is asked for again."""

MAX_BYTES = 512 * 1024
"""RFC 9309 2.5 asks for at least 500 KiB."""

MAX_REDIRECTS = 5
"""RFC 9309 2.3.1.2."""

MAX_DELAY = 300.0
"""Seconds; a longer Crawl-delay is honoured as one request every five minutes."""

_CACHED_HOSTS = 100_000

_USER_AGENT = re.compile(r"\s*user[- ]?agent\s*[:\s]\s*(\*|[a-z_-]+)?.*", re.IGNORECASE)
"""A line that names a crawler. RFC 9309 2.2.1: a product token is made of letters, `_` and `-`; the rest is not it."""

_RECORD = re.compile(r"\s*(?:user|allow|di|site|crawl|request)", re.IGNORECASE)
"""How the lines begin that Protego knows. RFC 9309 2.2.4: other records must not end a group, and its do."""

_NOBODY = "!"
"""A user agent that no product token begins with."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one robots.txt says to this crawler."""

    parser: Protego | None
    """None where no rules apply: see `reachable`."""
    reachable: bool
    """False: complete disallow (RFC 9309 2.3.1.4)."""
    expires: float
    why: str = "robots:unreachable"
    """The reason of the closed list that pages are refused for while the rules are unreachable."""
    sitemaps: tuple[str, ...] = ()
    delay: float | None = None
    """Seconds between requests that the site asks for, clamped to 0..300."""

    def refuses(self, url: str, token: str) -> str | None:
        """Return why the product *token* may not fetch *url* (a reason of the closed list), or None."""
        if not self.reachable:
            return self.why
        if self.parser is None or self.parser.can_fetch(url, token):
            return None
        return "robots:disallowed"


def unreachable(now: float, why: str = "robots:unreachable") -> Rules:
    """Return the rules of a site whose robots.txt cannot be had: nothing may be fetched, until it is asked again."""
    return Rules(None, reachable=False, expires=now + RETRY_AFTER, why=why)


def read_rules(status: int | None, body: bytes, token: str, now: float) -> Rules:
    """Return the rules that an answer to a request for robots.txt gives.

    Args:
        status: the HTTP status; None where no answer came.
        body: what the server sent.
        token: the crawler's product token (RFC 9309 2.2.1), matched without regard to case.
        now: seconds of the clock that `expires` is told in.
    """
    if status is None or status >= 500 or status == 429 or status < 200:
        return unreachable(now)
    if status >= 300:
        return Rules(None, reachable=True, expires=now + MAX_AGE)
    parser = Protego.parse(_addressed(_text(body), token))
    return Rules(
        parser,
        reachable=True,
        expires=now + MAX_AGE,
        sitemaps=tuple(dict.fromkeys(parser.sitemaps)),
        delay=_delay(parser, token),
    )


def _text(body: bytes) -> str:
    if len(body) > MAX_BYTES:
        body = body[:MAX_BYTES].rpartition(b"\n")[0]
    return body.decode("utf-8-sig", errors="replace")


def _addressed(text: str, token: str) -> str:
    """Return *text* with only *token* and `*` left as user agents, and without unknown records.

    Protego also takes a group for ours that is named by the beginning of our token, and misses `token/1.0`.
    """
    lines = []
    for line in text.splitlines():
        if named := _USER_AGENT.fullmatch(line):
            name = (named[1] or "").lower()
            lines.append(f"User-agent: {name if name in ('*', token.lower()) else _NOBODY}")
        elif _RECORD.match(line):
            lines.append(line)
    return "\n".join(lines)


def _delay(parser: Protego, token: str) -> float | None:
    found = [parser.crawl_delay(token)]
    rate = parser.request_rate(token)
    if rate is not None and rate.requests:
        found.append(min(rate.seconds, MAX_AGE) / rate.requests)  # a number of any length may stand there
    delays = [delay for delay in found if delay is not None and math.isfinite(delay) and delay >= 0]
    return min(max(delays), MAX_DELAY) if delays else None


class RobotsCache:
    """Rules by scheme, host and port (RFC 9309 2.3), least recently used out first."""

    def __init__(self) -> None:
        self._rules: OrderedDict[str, Rules] = OrderedDict()

    def get(self, origin: str, now: float) -> Rules | None:
        """Return the rules of *origin* unless there are none or they are too old at *now*."""
        rules = self._rules.get(origin)
        if rules is None or rules.expires <= now:
            return None
        self._rules.move_to_end(origin)
        return rules

    def put(self, origin: str, rules: Rules) -> None:
        """Remember the rules of *origin*."""
        self._rules[origin] = rules
        self._rules.move_to_end(origin)
        if len(self._rules) > _CACHED_HOSTS:
            self._rules.popitem(last=False)
