"""The answer to a request for robots.txt → may a URL be fetched, how slowly, and which sitemaps it names.

Promises RFC 9309: 4xx allows, 5xx, 429 and no answer disallow, an old copy counts while no new one can be had, and
rules are kept 24 hours at most. Pure: the fetch is the caller's, the clock is given.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from linkgraph.fetch.ruleset import Group, Ruleset, deciding, decode, read_group

MAX_AGE = 24 * 3600.0
"""Seconds. RFC 9309 2.4: "SHOULD NOT use the cached version for more than 24 hours"."""

STALE_AGE = 30 * 24 * 3600.0
"""Seconds for which an old copy stands in while robots.txt is unreachable (RFC 9309 2.3.1.4)."""

RETRY_AFTER = 3600.0
"""Seconds after which a robots.txt that was given up is asked for again."""

STAND_IN = 300.0
"""Seconds for which an old copy stands in before robots.txt is asked for again."""

MAX_REDIRECTS = 5
"""RFC 9309 2.3.1.2."""

MAX_DELAY = 300.0
"""Seconds; a longer Crawl-delay is honoured as one request every five minutes."""

MAX_SITEMAPS = 3000
"""Of one file; they are taken in at once, in some 20 ms. Of 4,231 real files two name more than 400, at most 2,585."""

_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+", re.IGNORECASE | re.ASCII)
_RATE = re.compile(r"(\d{1,4000})\s*/\s*(\d{1,4000})\s*([smhd]?)\b", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Rules:
    """What one robots.txt says to this crawler. Times are seconds of the wall clock: rules outlive the process."""

    ruleset: Ruleset | None
    """None where no rules apply: see `reachable`."""
    reachable: bool
    """False: complete disallow (RFC 9309 2.3.1.4)."""
    read_at: float
    expires: float
    why: str = "robots:unreachable"
    """The reason of the closed list that pages are refused for while the rules are unreachable."""
    sitemaps: tuple[str, ...] = ()
    delay: float | None = None
    """Seconds between requests that the site asks for, clamped to 0..300."""

    def refuses(self, url: str) -> str | None:
        """Return why *url* may not be fetched (a reason of the closed list), or None."""
        if not self.reachable:
            return self.why
        if self.ruleset is None or self.ruleset.allows(url):
            return None
        return "robots:disallowed"


def unreachable(now: float, why: str = "robots:unreachable", keep: float = RETRY_AFTER) -> Rules:
    """Return the rules of a site whose robots.txt cannot be had: nothing may be fetched for *keep* seconds."""
    return Rules(None, reachable=False, read_at=now, expires=now + keep, why=why)


def stand_in(old: Rules | None, now: float) -> Rules | None:
    """Return *old* rules for as long as they may stand in for a robots.txt that is unreachable; None if they may not.

    RFC 9309 2.3.1.4: a cached copy may be used while the server fails.
    """
    if old is None or not old.reachable or not 0 <= now - old.read_at < STALE_AGE:
        return None
    return replace(old, expires=now + STAND_IN)


def read_rules(status: int | None, body: bytes, agent: str, now: float, *, deny_forbidden: bool = False) -> Rules:
    """Return the rules that an answer to a request for robots.txt gives.

    Args:
        status: the HTTP status; None where no answer came.
        body: what the server sent.
        agent: the crawler's name; of it the product token counts (RFC 9309 2.2.1), without regard to case.
        now: seconds of the clock that `expires` is told in.
        deny_forbidden: whether 401 and 403 disallow all. RFC 9309 2.3.1.3 lets a crawler access any resource then.
    """
    if status is None or status >= 500 or status == 429 or status < 200:
        return unreachable(now)
    if status in (401, 403) and deny_forbidden:
        return Rules(None, reachable=False, read_at=now, expires=now + MAX_AGE, why="robots:forbidden")
    if status >= 300:
        return Rules(None, reachable=True, read_at=now, expires=now + MAX_AGE)
    group = read_group(decode(body), agent)
    return Rules(
        Ruleset.of(group.rules) if group.rules else None,
        reachable=True,
        read_at=now,
        expires=now + MAX_AGE,
        sitemaps=tuple(islice(dict.fromkeys(group.sitemaps), MAX_SITEMAPS)),
        delay=delay_of(group),
    )


def delay_of(group: Group) -> float | None:
    """Return how many seconds apart a site wants requests: the slowest of Crawl-delay and Request-rate, 300 at most.

    What is no number from 0 says nothing; the hours behind a Request-rate are taken to be all hours.
    """
    found = [_seconds(value) for value in group.delays] + [_period(value) for value in group.rates]
    delays = [delay for delay in found if delay is not None]
    return min(max(delays), MAX_DELAY) if delays else None


def _seconds(value: str) -> float | None:
    return float(value) if _NUMBER.fullmatch(value) else None


def _period(value: str) -> float | None:
    rate = _RATE.match(value)
    if rate is None or not int(rate[1]) or not int(rate[2]):
        return None
    seconds = int(rate[2]) * _UNITS[rate[3].lower()]
    return min(seconds, math.ceil(MAX_DELAY) * int(rate[1])) / int(rate[1])


class Explained(NamedTuple):
    """What a robots.txt says about one URL, and where."""

    url: str
    allowed: bool
    line: int | None
    """Number of the deciding line; None where no line decides."""
    rule: str
    """That line, or what decides in its place."""


def explain(status: int | None, body: bytes, agent: str, url: str) -> Explained:
    """Return what the answer *status* and *body* for a robots.txt means for *url*, and by which line."""
    rules = read_rules(status, body, agent, 0.0)
    allowed = rules.refuses(url) is None
    if status is None or not 200 <= status < 300:
        says = "no answer" if status is None else f"status {status}"
        return Explained(url, allowed, None, f"{says}: {'no rules' if allowed else 'nothing is allowed'}")
    rule = deciding(read_group(decode(body), agent), url)
    if rule is not None:
        return Explained(url, allowed, rule.line, rule.text)
    return Explained(url, allowed, None, "no rule matches" if allowed else "too many wildcards to compare")
