"""The answers of a host → how far apart its requests begin, and until when it is left alone.

Promises the law of docs/politeness.md: a pure function of what a host answered, of a clock and a dice that are given.
It never makes a host's requests denser than the user's own delay, and forgets a host that has recovered.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

LOAD_FACTOR = 5.0
"""Times the response time that a host rests from the start of one request to that of the next."""

MAX_LOAD_DELAY = 30.0
"""Seconds that the load factor asks for at most."""

MIN_RETRY_AFTER, MAX_RETRY_AFTER = 1.0, 24 * 3600.0
"""Seconds between which a Retry-After is held to."""

BREAKER_FAILURES = 5
"""Failures in a row, of pages and robots.txt, after which a host is left alone for `PaceLaw.longest` seconds."""

BREAKER_TIMES = 2
"""How often in a row the breaker opens before what is left of the host is given up."""

ERROR_SHARE = 0.2
"""Share of 5xx among `WINDOW` answers above which the rate is halved; it doubles again after a better window."""

WINDOW = 10
MAX_SLOWDOWN = 16.0

OWN_BACKOFF = 1.0
"""Seconds of the first back-off where the user's delay is 0: that is for servers of one's own."""

MAX_DELAY = 3600.0

_BUSY = frozenset({429, 503})


class Answered(NamedTuple):
    """What one request to a host came to."""

    status: int | None
    """None where no answer came."""
    elapsed: float | None = None
    """Seconds from the request's start to the answer's."""
    retry_after: float | None = None
    """Seconds that the host asked for (RFC 9110 10.2.3)."""
    address: str | None = None
    """The address that answered."""
    essential: bool = False
    """Whether nothing else can be asked of the host before this succeeds, as with robots.txt."""


class HostPace:
    """What one host's answers have taught."""

    __slots__ = ("answers", "asked", "busy", "closed_until", "errors", "failures", "load", "opened", "slowdown")

    def __init__(self) -> None:
        self.asked = 0.0
        """Crawl-delay, in seconds."""
        self.load = 0.0
        """Seconds that the last response time asks for."""
        self.slowdown = 1.0
        self.failures = 0
        """In a row."""
        self.busy = 0
        """Times in a row that the host was left alone without having named a time."""
        self.opened = 0
        """Times in a row that the breaker opened."""
        self.answers = 0
        self.errors = 0
        self.closed_until = float("-inf")

    @property
    def given_up(self) -> bool:
        """Whether what is left of the host is not to be asked for."""
        return self.opened >= BREAKER_TIMES

    def is_plain(self, now: float) -> bool:
        """Tell whether a new `HostPace` would do as well at *now*."""
        return self.asked == 0 and self.slowdown == 1 and self.failures == 0 and self.closed_until <= now


class PaceLaw:
    """The law, with the user's own delay and back-off."""

    def __init__(self, delay: float, backoff: float = 60.0, dice: Callable[[], float] = random.random) -> None:
        self.delay = delay
        """Seconds between the starts of two requests to one host, at least."""
        self.backoff = backoff if delay > 0 else min(backoff, OWN_BACKOFF)
        """Seconds of the first back-off."""
        self._dice = dice

    @property
    def longest(self) -> float:
        """Seconds of the longest back-off, and of the breaker: an hour for a first back-off of a minute."""
        return 60 * self.backoff

    def spacing(self, pace: HostPace) -> float:
        """Return how many seconds after the start of a request the next one may start."""
        wish = max(self.delay, pace.asked, pace.load)
        return wish if pace.slowdown == 1 else max(wish, min(wish * pace.slowdown, MAX_DELAY))

    def answered(self, pace: HostPace, now: float, answer: Answered) -> str | None:
        """Take in an answer at *now*; return what it led to, for the counters: None where nothing is the matter."""
        status = answer.status
        slower = self._window(pace, status)
        if answer.elapsed is not None and (self.delay > 0 or not _is_own(answer.address)):
            pace.load = min(LOAD_FACTOR * answer.elapsed, MAX_LOAD_DELAY)
        if status is not None and status < 500 and status != 429:
            pace.failures = pace.busy = pace.opened = 0
            return self._named_time(pace, now, answer) or slower
        pace.failures += 1
        event = self._named_time(pace, now, answer)
        if event is None and (status in _BUSY or answer.essential):
            event = "backoff"
            self._close(pace, now + self._backoff(pace))
        if pace.failures >= BREAKER_FAILURES:
            event = "breaker"
            pace.opened += 1
            pace.failures = BREAKER_FAILURES - 1  # half open: one more failure opens it again
            self._close(pace, now + self.longest)
        return event or slower

    def _named_time(self, pace: HostPace, now: float, answer: Answered) -> str | None:
        if answer.retry_after is None or answer.status is None or answer.status < 300:
            return None
        self._close(pace, now + min(max(answer.retry_after, MIN_RETRY_AFTER), MAX_RETRY_AFTER))
        return "retry-after"

    def _backoff(self, pace: HostPace) -> float:
        base = self.backoff * float(2 ** min(pace.busy, 10))
        pace.busy += 1
        # Only ever later: many hosts of one operator must not come back in step.
        return min(base * (1 + self._dice() / 2), self.longest)

    @staticmethod
    def _close(pace: HostPace, until: float) -> None:
        pace.closed_until = max(pace.closed_until, until)

    @staticmethod
    def _window(pace: HostPace, status: int | None) -> str | None:
        if status is None:
            return None
        pace.answers += 1
        pace.errors += status >= 500
        if pace.answers < WINDOW:
            return None
        bad = pace.errors > ERROR_SHARE * pace.answers
        pace.slowdown = min(pace.slowdown * 2, MAX_SLOWDOWN) if bad else max(pace.slowdown / 2, 1.0)
        pace.answers = pace.errors = 0
        return "slower" if bad else None


@lru_cache(1024)
def _is_own(address: str | None) -> bool:
    # The guard lets nothing through to such an address but what the user has allowed.
    return address is not None and not ip_address(address).is_global
