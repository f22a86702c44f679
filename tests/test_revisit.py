"""When a page is due again, as a function of what earlier visits saw; and which run visits what."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.edges.lineage import Asked, ancestry, choose, revisited, settle
from linkgraph.edges.log import Entry, append
from linkgraph.edges.run import Run
from linkgraph.errors import UsageError
from linkgraph.frontier.revisit import DAY, History, RevisitRule, Sighting, after, changed, changes_made, interval

RULE = RevisitRule(first=7.0, least=1.0, most=90.0)
PAGE = Sighting("http://a.test/", "a.test", "a.test", 0, None, 0.0, "fetched", 200, "one", 0b1111, 5, None, None, 1)
GONE = PAGE._replace(outcome="failed", status=404, mark=None, simhash=None, links=0)


def visited(*sights: Sighting, every: float = 7 * DAY) -> History | None:
    history, before = None, None
    for number, sight in enumerate(sights):
        now = sight._replace(seen_at=number * every)
        later = after(history, before, now)
        history, before = later, now if later is not history else before
    return history


def days(history: History | None) -> float:
    return interval(history, RULE) / DAY


def test_a_page_that_was_seen_once_is_due_after_the_first_interval():
    assert days(visited(PAGE)) == 7


def test_a_page_that_never_changes_is_visited_at_doubling_intervals_up_to_the_limit():
    history, taken = visited(PAGE), []
    for _ in range(6):
        taken.append(days(history))
        history = after(history, PAGE, PAGE._replace(seen_at=history.seen_at + interval(history, RULE)))

    assert taken == pytest.approx([7, 14, 28, 56, 90, 90])


def test_a_page_that_changes_at_every_visit_is_visited_ever_more_often_down_to_the_limit():
    history, taken = visited(PAGE), []
    for number in range(20):
        taken.append(days(history))
        moment = history.seen_at + interval(history, RULE)
        now = PAGE._replace(seen_at=moment, mark=str(number), links=100 + number)
        history = after(history, PAGE, now)

    assert taken == sorted(taken, reverse=True)
    assert taken[-1] == 1


@pytest.mark.parametrize("rate", [0.05, 0.3, 1.0])
def test_the_number_of_changes_is_found_though_several_between_two_visits_count_once(rate):
    """Changes of a Poisson process with *rate* a visit; what is seen is only whether there was one."""
    chance, visits = random.Random(5), 4000
    seen = sum(chance.random() < 1 - math.exp(-rate) for _ in range(visits))

    assert changes_made(visits, seen) == pytest.approx(rate * visits, rel=0.12)


@given(st.integers(0, 1000), st.floats(0, 1), st.floats(0, 1e9))
def test_an_interval_keeps_within_its_limits(visits, share, watched):
    found = days(History(0.0, visits, int(visits * share), watched))

    assert RULE.least <= found <= RULE.most


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (PAGE, False),
        (PAGE._replace(outcome="not-modified", status=304, mark="other"), False),
        (PAGE._replace(mark="two", simhash=0b1000), False),
        (PAGE._replace(mark="two", simhash=0b1111 << 20), True),
        (PAGE._replace(mark="two", links=6), True),
        (PAGE._replace(outcome="redirected", mark="http://b.test/", simhash=None), True),
        (GONE, True),
    ],
    ids=["same bytes", "304", "a token in the markup", "other text", "one link more", "now a redirect", "gone"],
)
def test_what_counts_as_a_change(now, expected):
    assert changed(PAGE, now) is expected


def test_a_page_that_stays_gone_does_not_change():
    assert not changed(GONE, GONE)


def test_a_visit_that_tells_nothing_teaches_nothing():
    timeout = PAGE._replace(outcome="failed", status=None)

    assert visited(PAGE, timeout) == visited(PAGE)
    assert after(None, None, timeout) is None


@pytest.mark.parametrize("rule", [(7, 8, 90), (7, 1, 6), (7, -1, 90), (math.nan, 1, 2), (1, 1, math.inf)])
def test_limits_that_cannot_be_are_refused(rule):
    with pytest.raises(UsageError, match="LINKGRAPH_REVISIT_"):
        RevisitRule(*rule)


def logged(root, name, *kinds, revisit=None):
    run = Run(root, name)
    run.create()
    for number, kind in enumerate(kinds, 1):
        options = {"scope": {}, **({"revisit": revisit} if revisit else {})} if kind == "start" else {}
        append(run.log, Entry(number, kind, "2025-11-01T00:00:00.000+00:00", options=options))
    return run


def test_the_next_run_visits_the_newest_that_has_ended(tmp_path):
    logged(tmp_path, "site-1a", "start", "finish")
    assert choose(tmp_path, "", "site-1a", "latest") == ("site-1a.2", "site-1a")

    logged(tmp_path, "site-1a.2", "start", "finish", revisit={"run": "site-1a", "sequence": 2})
    assert choose(tmp_path, "", "site-1a", "latest") == ("site-1a.3", "site-1a.2")
    assert choose(tmp_path, "", "site-1a", "site-1a") == ("site-1a.3", "site-1a")


def test_the_same_command_resumes_a_run_that_was_interrupted(tmp_path):
    logged(tmp_path, "site-1a", "start", "finish")
    logged(tmp_path, "site-1a.2", "start", "segment", revisit={"run": "site-1a", "sequence": 2})

    for asked in ("latest", "site-1a"):
        assert choose(tmp_path, "", "site-1a", asked) == ("site-1a.2", "site-1a")
    assert choose(tmp_path, "mine", "site-1a", "site-1a") == ("mine", "site-1a")


def test_the_tenth_run_comes_after_the_ninth(tmp_path):
    logged(tmp_path, "s", "start", "finish")
    for number in range(2, 11):
        before = "s" if number == 2 else f"s.{number - 1}"
        logged(tmp_path, f"s.{number}", "start", "finish", revisit={"run": before, "sequence": 2})

    assert choose(tmp_path, "", "s", "latest") == ("s.11", "s.10")
    assert [run.name for run, _ in ancestry(Run(tmp_path, "s.4"), 2)] == ["s", "s.2", "s.3", "s.4"]


@pytest.mark.parametrize(("asked", "message"), [("latest", "holds no run"), ("other", "holds no run"), ("half", None)])
def test_what_cannot_be_visited_again_is_told_with_what_to_do(tmp_path, asked, message):
    logged(tmp_path, "half", "start", "segment")

    if message is None:
        assert choose(tmp_path, "", "half", asked) == ("half.2", "half")
        with pytest.raises(UsageError, match="not come to its end"):
            choose(tmp_path, "", "half", "latest")
    else:
        with pytest.raises(UsageError, match=message):
            choose(tmp_path, "", "s", asked)


def test_what_a_run_visits_again_is_settled_at_its_start(tmp_path):
    earlier = logged(tmp_path, "s", "start", "segment", "finish")
    asked = Asked("s", RULE)
    settled = settle(Run(tmp_path, "s.2"), asked, None)
    run = logged(tmp_path, "s.2", "start", revisit=settled)
    last = Entry(1, "start", "", options={"revisit": settled})
    wider = settle(run, Asked("s", RULE, every=True), last)

    assert (settled["run"], settled["sequence"], settled["every"]) == ("s", 3, False)
    assert settle(run, None, last) == settle(run, asked, last) == settled
    assert (wider["at"], wider["every"]) == (settled["at"], True)
    assert revisited(run) == "s"
    assert revisited(earlier) is None
    with pytest.raises(UsageError, match="began with --revisit s"):
        settle(run, Asked("t", RULE), last)
    with pytest.raises(UsageError, match="from its seeds alone"):
        settle(earlier, asked, Entry(1, "start", ""))
