"""The outcome of a request → whether and when it is tried again.

Promises that a URL is tried a bounded number of times, later each time, and that a server that names a time is given
that time. Pure.
"""

from __future__ import annotations

from linkgraph.model import Page

_TRANSIENT_REASONS = frozenset({"transport:timeout", "transport:failed", "transport:refused", "transport:slow"})
_TRANSIENT_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_BUSY_STATUSES = frozenset({429, 503})
_FIRST_WAIT = 1.0
_BUSY_WAIT = 60.0
"""Seconds a host is left alone after 429 or 503 without Retry-After; doubled each time."""
MAX_WAIT = 3600.0
"""Seconds; a longer Retry-After ends the tries of this URL instead of holding the run."""


class Retries:
    """Counts the tries of URLs that failed for a passing reason; forgets a URL that is settled."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tries: dict[int, int] = {}

    def wait(self, lease_id: int, page: Page, retry_after: float | None = None) -> float | None:
        """Return in how many seconds to try again; None where the page is to be recorded as it is.

        Args:
            lease_id: which URL.
            page: its outcome.
            retry_after: seconds that the server asked for (RFC 9110 10.2.3), if it did.
        """
        if not _is_transient(page):
            self._tries.pop(lease_id, None)
            return None
        tries = self._tries.get(lease_id, 0)
        first = _BUSY_WAIT if page.status in _BUSY_STATUSES else _FIRST_WAIT
        wait = retry_after if retry_after is not None else first * 2**tries
        if tries >= self._most or wait > MAX_WAIT:
            self._tries.pop(lease_id, None)
            return None
        self._tries[lease_id] = tries + 1
        return wait


def _is_transient(page: Page) -> bool:
    return page.outcome == "failed" and (
        page.outcome_reason in _TRANSIENT_REASONS or page.status in _TRANSIENT_STATUSES
    )
