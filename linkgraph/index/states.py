"""The rows of one bucket and the visits of their pages → what happened to each link, its state and its first moment.

Promises one state a link; a link that changed is one link, first seen when its first form was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import starts_of_runs
from linkgraph.graph.collapse.scan import among
from linkgraph.index.checks import PARTIAL, Check, Checks
from linkgraph.index.timeline import (
    FORBIDDEN,
    FOUND,
    LOST,
    RESTORED,
    SKIP,
    UNSEEN,
    WHY,
    Events,
    Seen,
    last_of,
    timeline,
)

_TIME = pa.timestamp("ms", tz="UTC")

_REDIRECTS = ("redirect", "refresh")


@dataclass(frozen=True, slots=True)
class Known:
    """The events of the links of one bucket."""

    events: Events
    checks: Check
    first: NDArray[np.int64]
    """Row of the first observation of each link."""
    last: NDArray[np.int64]

    @property
    def moments(self) -> NDArray[np.int64]:
        """Milliseconds since 1970, event by event."""
        return self.checks.moment[self.events.check]


def known_of(rows: pa.Table, page: NDArray[np.int64], link: NDArray[np.int64], known: Checks) -> Known:
    """Return what happened to the links of one bucket.

    Args:
        rows: edges in working form.
        page: number of the source page of each row, from 0 and without gaps.
        link: number of the link of each row, likewise.
        known: the visits of all pages.
    """
    moment = rows["observed_at"].cast(pa.int64()).to_numpy()
    order = np.lexsort((moment, link))
    starts = starts_of_runs(link[order])
    first, last = order[starts], order[np.append(starts[1:], len(order)) - 1] if len(order) else order
    one = _one_of_each(page)
    checks = known.of_pages(_plain(rows["src_url"], one), _plain(rows["src_domain"], one))
    checks, check = _observed(checks, page, moment)
    redirect = among(rows["kind"].combine_chunks(), _REDIRECTS)
    seen = Seen(checks, link, check, page[first], redirect[first])
    return Known(timeline(seen), checks, first, last)


def _one_of_each(page: NDArray[np.int64]) -> NDArray[np.int64]:
    order = np.argsort(page, kind="stable")
    return order[starts_of_runs(page[order])] if len(order) else order


def _plain(column: pa.ChunkedArray, rows: NDArray[np.int64]) -> pa.Array:
    return column.combine_chunks().take(pa.array(rows))


def _observed(checks: Check, page: NDArray[np.int64], moment: NDArray[np.int64]) -> tuple[Check, NDArray[np.int64]]:
    """Return the checks and the one that made each observation; what no visit is known of makes one of its own."""
    place = _find(checks, page, moment)
    strange = np.flatnonzero(place < 0)
    if not len(strange):
        return checks, place
    pairs = np.unique(np.stack([page[strange], moment[strange]]), axis=1)
    own = Check.alike(pairs[0].astype(np.int32), pairs[1], -1, PARTIAL)
    whole = Check.joined([checks, own])
    whole = whole.take(np.lexsort((whole.moment, whole.page)))
    return whole, _find(whole, page, moment)


def _find(checks: Check, page: NDArray[np.int64], moment: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the check of each (page, moment); -1 where there is none."""
    n = len(checks.page)
    pages, moments = np.concatenate([checks.page, page]), np.concatenate([checks.moment, moment])
    later = np.repeat([0, 1], [n, len(page)])
    order = np.lexsort((later, moments, pages))
    newest = np.maximum.accumulate(np.where(order < n, order, -1)) if n else np.full(len(order), -1)
    asked = order >= n
    place = np.full(len(page), -1)
    place[order[asked] - n] = newest[asked]
    same = place >= 0
    same[same] = (checks.page[place[same]] == page[same]) & (checks.moment[place[same]] == moment[same])
    return np.where(same, place, -1)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Events that belong together: (loss, gain), as places in the events."""

    changed: tuple[tuple[int, int], ...] = ()
    moved: tuple[tuple[int, int], ...] = ()

    def losses(self, pairs: tuple[tuple[int, int], ...], events: int) -> NDArray[np.bool_]:
        """Return which events are the loss of a pair."""
        return _marked([loss for loss, _ in pairs], events)

    def gains(self, pairs: tuple[tuple[int, int], ...], events: int) -> NDArray[np.bool_]:
        """Return which events are the gain of a pair."""
        return _marked([gain for _, gain in pairs], events)


def _marked(places: list[int], events: int) -> NDArray[np.bool_]:
    found = np.zeros(events, bool)
    found[places] = True
    return found


def states(known: Known, checks: Checks, pairs: Pairs) -> list[pa.Array]:
    """Return the arrays of `STATE_COLUMNS`, link by link.

    Args:
        known: the events.
        checks: names the outcomes' reasons.
        pairs: which events belong together.
    """
    events, links, n = known.events, len(known.first), len(known.events.code)
    final = last_of(events, links, np.ones(n, bool))
    gained = last_of(events, links, np.isin(events.code, (FOUND, RESTORED)))
    now = events.code[final]
    restored = (events.code[gained] == RESTORED) & ~pairs.gains(pairs.changed, n)[gained]
    state = np.select([now == LOST, np.isin(now, (UNSEEN, FORBIDDEN)), now == SKIP, restored], [0, 1, 2, 3], 4)
    words = pa.array(["lost", "unreachable", "not-rechecked", "restored", "live"])
    why = np.where(pairs.losses(pairs.moved, n), len(WHY), events.why)[final]
    reasons = [*checks.reasons, *(f"lost:{word}" for word in (*WHY, "moved"))]
    outcome = known.checks.reason[events.check[final]].astype(np.int64)
    reason = np.where(now == LOST, len(checks.reasons) + why, np.where(state < 3, outcome, -1))
    return [
        pa.DictionaryArray.from_arrays(pa.array(state, pa.int32()), words),
        pa.array(reasons, pa.string()).take(pa.array(reason, mask=reason < 0)),
        pa.array(known.moments[final]).cast(_TIME),
    ]


def superseded(known: Known, pairs: Pairs) -> NDArray[np.bool_]:
    """Return which links live on in another form of themselves; shape (links,)."""
    n = len(known.events.code)
    final = last_of(known.events, len(known.first), np.ones(n, bool))
    gone: NDArray[np.bool_] = pairs.losses(pairs.changed, n)[final]
    return gone


def first_moments(known: Known, moment: NDArray[np.int64], pairs: Pairs) -> NDArray[np.int64]:
    """Return when each link was first seen, in whatever form; milliseconds since 1970."""
    first = moment[known.first].copy()
    for loss, gain in pairs.changed:  # in the order of time
        old, new = known.events.link[loss], known.events.link[gain]
        first[new] = min(first[new], first[old])
    return first
