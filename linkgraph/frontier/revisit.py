"""What earlier runs saw of a page → how often it changes, and when it is due again. Pure.

Promises an interval within the limits that the user set, longer for what never changed and shorter for what did.
Refuses to learn from a visit that told nothing of the page, such as a timeout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from linkgraph.errors import UsageError
from linkgraph.model import is_conclusive

DAY = 86_400.0

SAME_DOCUMENT_BITS = 3
"""Bits in which the 64-bit simhashes of one document may differ (Manku, Jain and Sarma, WWW 2007)."""


@dataclass(frozen=True, slots=True)
class RevisitRule:
    """When pages are due; in days."""

    first: float
    """The interval of a page that was seen once, and the weight of that guess against what is seen later."""
    least: float
    most: float

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.first <= self.most < math.inf:
            raise UsageError(
                f"LINKGRAPH_REVISIT_LEAST={self.least}, _FIRST={self.first}, _MOST={self.most}: give days from 0, "
                "in ascending order"
            )


class Sighting(NamedTuple):
    """One row of the pages table of an earlier run, as far as a later visit needs it."""

    url: str
    host: str
    domain: str
    depth: int
    discovered_from: str | None
    seen_at: float
    """Seconds since 1970."""
    outcome: str
    status: int | None
    mark: str | None
    """What the page was: the digest of its content, or where it redirected to."""
    simhash: int | None
    links: int
    etag: str | None
    last_modified: str | None
    source: int
    """Where its row and its links lie; a number that the reader of the runs gives out."""


class History(NamedTuple):
    """What is known of one page after some visits."""

    seen_at: float
    visits: int
    """Visits after the first that told whether it had changed."""
    changes: int
    watched: float
    """Seconds from the first of them to the last."""


def changed(before: Sighting, now: Sighting) -> bool:
    """Tell whether a page was another one at a later visit.

    A body whose bytes differ, but whose text and number of links do not, is the same: a token or a date in its markup
    is no change that a link index must run after.
    """
    if now.outcome == "not-modified":
        return False
    if (before.mark, _kind(before)) == (now.mark, _kind(now)):
        return False
    if before.simhash is None or now.simhash is None or before.links != now.links:
        return True
    return ((before.simhash ^ now.simhash) & 0xFFFFFFFFFFFFFFFF).bit_count() > SAME_DOCUMENT_BITS


def _kind(sighting: Sighting) -> str:
    if sighting.outcome in ("fetched", "not-modified"):
        return "page"
    return sighting.outcome if sighting.outcome != "failed" else f"status {sighting.status}"


def after(history: History | None, before: Sighting | None, now: Sighting) -> History | None:
    """Return the history of a page after one more visit; None while no visit told anything of it."""
    if not is_conclusive(now.outcome, now.status):
        return history
    if history is None or before is None:
        return History(now.seen_at, 0, 0, 0.0)
    passed = max(0.0, now.seen_at - history.seen_at)
    return History(
        max(now.seen_at, history.seen_at),
        history.visits + 1,
        history.changes + changed(before, now),
        history.watched + passed,
    )


def changes_made(visits: int, changes: int) -> float:
    """Return how many changes lie behind *changes* visits of *visits* that found the page changed.

    Several changes between two visits are seen as one. Cho and Garcia-Molina, "Estimating Frequency of Change", ACM
    TOIT 3(3), 2003, section 4.2: -log((n - X + 0.5) / (n + 0.5)) a visit, for regular visits; the bias of X / n grows
    without bound with the rate of change, that of this estimate does not.
    """
    return -visits * math.log((visits - changes + 0.5) / (visits + 0.5)) if visits else 0.0


def interval(history: History, rule: RevisitRule) -> float:
    """Return the seconds from the last visit to the next: the time in which one change is expected, within the limits.

    The rate is shrunk towards the rule's first guess, as if one change had been seen in the first interval before all
    visits: (changes + 1) / (watched + first). A page that never changes is visited at doubling intervals.
    """
    changes = changes_made(history.visits, history.changes)
    days = (history.watched / DAY + rule.first) / (changes + 1)
    return min(max(days, rule.least), rule.most) * DAY


def due_at(history: History, rule: RevisitRule) -> float:
    """Return when a page is due, in seconds since 1970."""
    return history.seen_at + interval(history, rule)
