"""The events of a build → what was won, lost and changed between two dates or runs, and how long links live.

Promises that a link which nobody looked at again counts as neither lost nor kept: its life is censored at the moment
when it was last seen. Refuses a time that is neither a date nor a run of the data folder.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.edges.clock import Span, lifts, spans
from linkgraph.errors import UsageError
from linkgraph.insights.dataset import Dataset
from linkgraph.insights.target import Target, target_of

ONLY = ("all", "new", "lost", "changed")
"""What a history is asked for: everything; what began to point here; what ceased to; what points here otherwise."""

_NEW, _LOST = ("found", "restored"), ("lost",)
_CHANGED = ("anchor-changed", "rel-changed", "placement-changed", "target-changed", "moved")

KINDS_OF_LIFE = ("kind", "zone", "nofollow", "placement", "acquisition")
"""Columns of the links table by which lives can be told apart."""

DAY = 86_400_000.0
"""Milliseconds."""

SURVIVAL = pa.schema(
    [
        pa.field("group", pa.string()),
        pa.field("days", pa.float64()),
        pa.field("at_risk", pa.int64()),
        pa.field("lost", pa.int64()),
        pa.field("survival", pa.float64()),
    ]
)
"""One row a group and age at which a link was lost; each group begins with a row of 0 days, its number of links and
survival 1."""


def history(
    dataset: Dataset, domain: str, *, since: str | None = None, until: str | None = None, only: str = "all"
) -> pa.Table:
    """Return what happened to the backlinks of a domain, host or URL, in the order of time; columns as `EVENT_ROWS`.

    Args:
        dataset: with a build.
        domain: `example.org`, a host of it, or a URL.
        since: a date, a moment (ISO 8601, UTC unless it says otherwise), or a run: what came after its end.
        until: a date (its whole day), a moment, or a run: what came up to its end.
        only: one of `ONLY`. A link whose target changed is `lost` for the old target and `new` for the new one.

    Raises:
        UnknownDomainError: a domain that no page or link names.
        UsageError: an argument cannot be used.
        StateError: no build yet, or one without history.
    """
    if only not in ONLY:
        raise UsageError(f"{only!r} is none of {', '.join(ONLY)}")
    target = target_of(domain)
    begin, end = _bounds(dataset, since, until)
    rows = _about(dataset.events(target.domain), target)
    if not rows.num_rows:
        dataset.nodes([target.domain])  # a name that nobody knows is told, with near ones
    at = rows["at"].cast(pa.int64()).to_numpy()
    rows = rows.filter(pa.array((at >= begin) & (at <= end)))
    return rows.filter(pa.array(_wanted(rows, only))).sort_by([("at", "ascending"), ("src_url", "ascending")])


def _about(rows: pa.Table, target: Target) -> pa.Table:
    return rows.filter(pc.equal(rows[target.column], target.value))


def _wanted(rows: pa.Table, only: str) -> NDArray[np.bool_]:
    event = rows["event"].cast(pa.string()).combine_chunks()
    if only == "all":
        return np.ones(len(event), bool)
    if only == "changed":
        return _among(event, _CHANGED)
    half = _among(event, ("target-changed",)) & _half(rows, only)
    return _among(event, _NEW if only == "new" else _LOST) | half


def _half(rows: pa.Table, only: str) -> NDArray[np.bool_]:
    """Return which changes of target lead to (`new`), or away from (`lost`), the target of their row."""
    url, other = rows["dst_url"].to_pylist(), rows["after" if only == "new" else "before"].to_pylist()
    pairs = zip(url, other, rows["before"].to_pylist(), rows["after"].to_pylist(), strict=True)
    return np.array([one == told and before != after for one, told, before, after in pairs], bool)


def _among(column: pa.Array, words: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.asarray(pc.is_in(column, pa.array(words)).to_numpy(zero_copy_only=False))


def _bounds(dataset: Dataset, since: str | None, until: str | None) -> tuple[int, int]:
    """Return the first and the last moment that are asked for, in milliseconds since 1970."""
    whole = np.iinfo(np.int64)
    if since is None and until is None:
        return int(whole.min), int(whole.max)
    live = dataset.snapshot
    known = spans(live, lifts(live))
    begin = int(whole.min) if since is None else _moment(since, known, "since")
    end = int(whole.max) if until is None else _moment(until, known, "until")
    if begin > end:
        raise UsageError(f"since {since} comes after until {until}; exchange them")
    return begin, end


def _moment(text: str, runs: dict[str, Span], which: str) -> int:
    if text in runs:
        return runs[text].end + (1 if which == "since" else 0)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        names = ", ".join(list(runs)[:10]) or "none"
        raise UsageError(f"--{which} {text}: give a date (2026-05-31), or one of the runs ({names})") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if which == "until" and len(text) == len("2026-05-31"):
        moment += timedelta(days=1, milliseconds=-1)
    return round(moment.timestamp() * 1000)


def survival(dataset: Dataset, domain: str | None = None, by: str = "kind") -> pa.Table:
    """Return how many links still stand after so many days; see `SURVIVAL`.

    The product-limit estimate of Kaplan and Meier, "Nonparametric Estimation from Incomplete Observations", Journal of
    the American Statistical Association 53 (1958): at each age at which links were lost, survival is multiplied by
    1 - lost / at_risk. Age counts from when a link was first seen, so that links that stood when their page was first
    visited are older than told; a loss counts when it was noticed. A link that moved, and one that was not looked at
    again, leaves those at risk when it was last seen.

    Args:
        dataset: with a build.
        domain: whose backlinks; None for all domains'.
        by: one of `KINDS_OF_LIFE`, as far as the build has it.

    Raises:
        UsageError: an unknown column.
        StateError: no build yet, or one without history.
    """
    if by not in KINDS_OF_LIFE:
        raise UsageError(f"{by!r} is none of {', '.join(KINDS_OF_LIFE)}")
    name = None if domain is None else target_of(domain).domain
    rows = dataset.histories(name, ["first_seen", "last_seen", "state", "state_reason", "state_at", by])
    ends = pc.and_(
        pc.equal(rows["state"].cast(pa.string()), "lost"),
        pc.not_equal(pc.coalesce(rows["state_reason"], pa.scalar("")), "lost:moved"),
    )
    lost = ends.to_numpy(zero_copy_only=False) if rows.num_rows else np.zeros(0, bool)
    begin, seen, noticed = (rows[one].cast(pa.int64()).to_numpy() for one in ("first_seen", "last_seen", "state_at"))
    days = (np.where(lost, noticed, seen) - begin) / DAY
    group = np.array([str(one).lower() for one in rows[by].to_pylist()], object)
    tables = [_curve(word, days[group == word], lost[group == word]) for word in sorted(set(group.tolist()))]
    return pa.concat_tables([SURVIVAL.empty_table(), *tables])


def _curve(group: str, days: NDArray[np.float64], lost: NDArray[np.bool_]) -> pa.Table:
    ages, losses = np.unique(days[lost], return_counts=True)
    at_risk = len(days) - np.searchsorted(np.sort(days), ages, side="left")
    share = np.cumprod(1 - losses / at_risk)
    columns = [
        [group] * (len(ages) + 1),
        np.concatenate([[0.0], ages]),
        np.concatenate([[len(days)], at_risk]),
        np.concatenate([[0], losses]),
        np.concatenate([[1.0], share]),
    ]
    return pa.table([pa.array(one, kind.type) for one, kind in zip(columns, SURVIVAL, strict=True)], schema=SURVIVAL)
