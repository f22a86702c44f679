"""The outcome of a request → whether and when it is tried again.

Promises that a URL is tried a bounded number of times, later each time. When its host may be asked at all is the law's
to say (`pace.py`). Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from linkgraph.model import Page

_TRANSIENT_REASONS = frozenset({"transport:timeout", "transport:failed", "transport:refused"})
_TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_FIRST_WAIT = 1.0
"""Seconds; doubled each time."""


class Retries:
    """Counts the tries of URLs that failed for a passing reason; forgets a URL that is settled."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tries: dict[int, int] = {}

    def wait(self, lease_id: int, page: Page) -> float | None:
        """Return in how many seconds to try again; None where the page is to be recorded as it is."""
        if not _is_transient(page):
            self._tries.pop(lease_id, None)
            return None
        tries = self._tries.get(lease_id, 0)
        if tries >= self._most:
            self._tries.pop(lease_id, None)
            return None
        self._tries[lease_id] = tries + 1
        return _FIRST_WAIT * float(2**tries)


def _is_transient(page: Page) -> bool:
    return page.outcome == "failed" and (
        page.outcome_reason in _TRANSIENT_REASONS or page.status in _TRANSIENT_STATUSES
    )


def read_retry_after(value: bytes | None, now: datetime | None = None) -> float | None:
    """Return how many seconds a Retry-After header asks for (RFC 9110 10.2.3): a number, or a date less *now*.

    None where there is no header or it says neither; a date that has passed is 0.
    """
    if value is None:
        return None
    text = value.decode("latin-1").strip()
    if text.isdecimal():  # `²` is a digit too, but no number
        return float(text[:300])
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:  # `-0000`: a time of no known zone, and HTTP knows only one
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())
