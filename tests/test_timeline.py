"""What visits tell of one link, against a reading of the rules visit by visit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.index.checks import BLOCKED, ERROR, GONE, HELD, NOINDEX, PARTIAL, REDIRECTED, SKIPPED, UNREACHABLE, Check
from linkgraph.index.timeline import CODES, WHY, Seen, timeline

WORD = {UNREACHABLE: "unreachable", BLOCKED: "blocked", SKIPPED: "not-rechecked"}
REASON = {HELD: "removed", GONE: "page-gone", REDIRECTED: "redirected", ERROR: "page-error"}

visits = st.lists(
    st.tuples(st.sampled_from([HELD] * 4 + [*range(8)]), st.booleans(), st.sampled_from([0, 0, NOINDEX])),
    min_size=1,
    max_size=9,
).filter(lambda made: any(there and verdict in (HELD, PARTIAL) for verdict, there, _ in made))


def read_one_by_one(made):  # noqa: C901 - the rules stand beside each other, as a person reads them
    """Return (visit, event, reason) of one link: the rules in the order in which a person would apply them."""
    told, state, doubt, baseline, page_known = [], None, None, 0, False
    for at, (verdict, there, flags) in enumerate(made):
        present = there and verdict in (HELD, PARTIAL)
        if state is None:
            if present:
                told.append((at, "found", "later" if page_known else "with-page"))
                state, baseline = "live", flags
        elif present and not flags & ~baseline:
            if state == "lost":
                told.append((at, "restored", None))
            elif doubt:
                told.append((at, "rechecked", None))
            state, doubt = "live", None
        elif present or verdict in REASON:
            if state == "live":
                told.append((at, "lost", "noindex" if present else REASON[verdict]))
            state, doubt = "lost", None
        elif verdict in WORD and state == "live":
            if doubt != verdict:
                told.append((at, WORD[verdict], None))
            doubt = verdict
        page_known |= verdict in (HELD, REDIRECTED)
    return told


def asked(made, redirect=False):
    n = len(made)
    columns = [np.array([visit[part] for visit in made]) for part in range(3)]
    checks = Check(
        np.zeros(n, np.int32), np.arange(n), np.arange(n, dtype=np.int32), columns[0].astype(np.int8),
        np.full(n, -1, np.int32), columns[2].astype(np.int8),
    )  # fmt: skip
    seen = np.flatnonzero(columns[1] & np.isin(columns[0], (HELD, PARTIAL)))
    found = timeline(Seen(checks, np.zeros(len(seen), np.int64), seen, np.zeros(1, np.int64), np.array([redirect])))
    return [
        (check, CODES[code], WHY[why] if why >= 0 else None)
        for check, code, why in zip(found.check.tolist(), found.code.tolist(), found.why.tolist(), strict=True)
    ], found


@given(visits)
def test_events_are_what_a_person_reads_off_the_visits(made):
    assert asked(made)[0] == read_one_by_one(made)


@given(visits)
def test_an_event_tells_of_a_time_after_the_last_visit_that_told_otherwise(made):
    found = asked(made)[1]

    assert (found.since < found.check).all()


@pytest.mark.parametrize("count", [2, 300])
def test_links_of_many_pages_do_not_disturb_each_other(count):
    made = [(HELD, True, 0), (SKIPPED, False, 0), (HELD, False, 0), (HELD, True, 0)]
    pages = np.repeat(np.arange(count), len(made))
    checks = Check(
        pages.astype(np.int32), np.tile(np.arange(4), count), np.tile(np.arange(4, dtype=np.int32), count),
        np.tile([verdict for verdict, *_ in made], count).astype(np.int8), np.full(4 * count, -1, np.int32),
        np.zeros(4 * count, np.int8),
    )  # fmt: skip
    link = np.repeat(np.arange(count), 2)
    check = (np.arange(count)[:, None] * 4 + [0, 3]).ravel()
    found = timeline(Seen(checks, link, check, np.arange(count), np.zeros(count, bool)))

    assert [CODES[code] for code in found.code] == ["found", "not-rechecked", "lost", "restored"] * count
