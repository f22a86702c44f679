"""When links were seen, and the checks of their pages → what happened to each link, and what is known of it now.

Promises one pass over arrays, without a loop over links; an event only where two checks tell different things. Every
link begins as found. Knows nothing of anchors and targets: a link that changed is a loss and a gain here, which
`pairing` puts together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from linkgraph.index.checks import (
    BLOCKED,
    ERROR,
    GONE,
    HELD,
    NOINDEX,
    PARTIAL,
    REDIRECTED,
    SKIPPED,
    UNREACHABLE,
    Check,
    ranges,
)

Numbers = NDArray[np.int64]
Bools = NDArray[np.bool_]

CODES = ("found", "lost", "restored", "unreachable", "blocked", "not-rechecked", "rechecked")
FOUND, LOST, RESTORED, UNSEEN, FORBIDDEN, SKIP, AGAIN = range(len(CODES))

WHY = ("with-page", "later", "removed", "page-gone", "redirected", "page-error", "noindex", "canonical", "redirect")
WITH_PAGE, LATER, REMOVED, NO_PAGE, MOVED_ON, NO_ANSWER, NOT_INDEXED, NOT_CANONICAL, NO_REDIRECT = range(len(WHY))
OUTCOME = -1
"""The reason is that of the check's outcome."""


class Events(NamedTuple):
    """What happened, link by link and in the order of time; each of shape (n,)."""

    link: Numbers
    check: Numbers
    code: NDArray[np.int8]
    why: NDArray[np.int8]
    since: Numbers
    """The last check that told otherwise; -1 where none did."""


class Seen(NamedTuple):
    """What was seen of some links; the checks of their pages are sorted by page and moment."""

    checks: Check
    link: Numbers
    """Of each observation."""
    check: Numbers
    """Of each observation: the check that made it."""
    page: Numbers
    """Of each link."""
    redirect: Bools
    """Which links are redirects."""


def timeline(seen: Seen) -> Events:
    """Return what happened to each link; each has at least its `found`."""
    link, check, present = _expanded(seen)
    counts, reason = _read(seen, link, check, present)
    verdict = seen.checks.verdict[check]
    gone = reason >= 0
    known = counts | gone | (~present & (verdict != PARTIAL))
    link, check, counts, gone = link[known], check[known], counts[known], gone[known]
    reason, verdict = reason[known], verdict[known]
    first = np.diff(link, prepend=-1) != 0
    firm = np.maximum.accumulate(np.where(counts | gone, np.arange(len(link)), 0))
    before = np.concatenate([[0], firm[:-1]]) if len(firm) else firm
    was_live, unsure = counts[before], np.where(counts | gone, 0, verdict)
    unsure_before = np.concatenate([[0], unsure[:-1]])[: len(unsure)]
    code = np.select(
        [
            first,
            counts & ~was_live,
            counts & (unsure_before > 0),
            gone & was_live,
            ~counts & ~gone & was_live & (_shade(unsure) != _shade(unsure_before)),
        ],
        [FOUND, RESTORED, AGAIN, LOST, _shade(unsure)],
        -1,
    )
    told = code >= 0
    why = np.where(code == FOUND, _with_page(seen.checks, check), reason)
    since = np.where(first, np.where(why == LATER, _held_before(seen.checks)[check], -1), check[before])
    return Events(link[told], check[told], code[told].astype(np.int8), why[told].astype(np.int8), since[told])


def _expanded(seen: Seen) -> tuple[Numbers, Numbers, Bools]:
    """Return each link with each check of its page from the first that saw it, and whether the link was seen."""
    links = len(seen.page)
    first = np.full(links, np.iinfo(np.int64).max)
    np.minimum.at(first, seen.link, seen.check)
    last = np.searchsorted(seen.checks.page, seen.page, side="right")
    counts = last - first
    starts = np.cumsum(counts) - counts
    present = np.zeros(int(counts.sum()), bool)
    present[starts[seen.link] + seen.check - first[seen.link]] = True
    return np.repeat(np.arange(links), counts), ranges(first, counts), present


def _read(seen: Seen, link: Numbers, check: Numbers, present: Bools) -> tuple[Bools, NDArray[np.int8]]:
    """Return where a link was seen and counts, and why it is lost where it is (-1 elsewhere)."""
    verdict, flags = seen.checks.verdict[check], seen.checks.flags[check]
    starts = np.flatnonzero(np.diff(link, prepend=-1) != 0)
    fresh = flags & ~np.repeat(flags[starts], np.diff(np.append(starts, len(flags))))
    absent = np.where(seen.redirect[link], NO_REDIRECT, REMOVED)
    reason = np.select(
        [
            present & ((fresh & NOINDEX) != 0),
            present & (fresh != 0),
            present,
            verdict == HELD,
            verdict == GONE,
            verdict == REDIRECTED,
            verdict == ERROR,
        ],
        [
            NOT_INDEXED,
            NOT_CANONICAL,
            -1,
            absent,
            NO_PAGE,
            np.where(seen.redirect[link], NO_REDIRECT, MOVED_ON),
            NO_ANSWER,
        ],
        -1,
    )
    return present & (fresh == 0), reason.astype(np.int8)


def _shade(verdict: NDArray[np.int8] | Numbers) -> Numbers:
    """Return the event that a verdict without an answer makes; 0 for one with an answer."""
    return np.select([verdict == UNREACHABLE, verdict == BLOCKED, verdict == SKIPPED], [UNSEEN, FORBIDDEN, SKIP], 0)


def _held_before(checks: Check) -> Numbers:
    """Return for each check the last one before it that had read its page; -1 where there is none."""
    place = np.arange(len(checks.page))
    held = np.maximum.accumulate(np.where(np.isin(checks.verdict, (HELD, REDIRECTED)), place, -1))
    before = np.concatenate([[-1], held[:-1]])[: len(place)]
    begin = np.searchsorted(checks.page, checks.page)
    return np.where(before >= begin, before, -1)


def _with_page(checks: Check, check: Numbers) -> Numbers:
    return np.where(_held_before(checks)[check] >= 0, LATER, WITH_PAGE)


def last_of(events: Events, links: int, wanted: Bools) -> Numbers:
    """Return for each link the place of its last event among the wanted ones; -1 where it has none."""
    last = np.full(links, -1)
    place = np.flatnonzero(wanted)
    last[events.link[place]] = place  # assigned in order: the last one stays
    return last
