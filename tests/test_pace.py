"""The law of docs/politeness.md, with a clock that is a number and a dice that always falls alike."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.pace import MAX_LOAD_DELAY, MAX_SLOWDOWN, Answered, HostPace, PaceLaw
from linkgraph.frontier.records import Host, Lease

PUBLIC = "8.8.8.8"


def law(delay: float = 2.0, backoff: float = 60.0, dice: float = 0.0) -> PaceLaw:
    return PaceLaw(delay, backoff, lambda: dice)


def spacing_after(*answers: Answered, delay: float = 2.0, asked: float = 0.0) -> float:
    made, pace = law(delay), HostPace()
    pace.asked = asked
    for answer in answers:
        made.answered(pace, 0.0, answer)
    return made.spacing(pace)


def closed_after(*answers: Answered, delay: float = 2.0, dice: float = 0.0) -> float:
    made, pace = law(delay, dice=dice), HostPace()
    for answer in answers:
        pace.closed_until = float("-inf")
        made.answered(pace, 0.0, answer)
    return pace.closed_until


def test_the_delay_is_the_longest_of_three_wishes():
    assert spacing_after() == 2.0
    assert spacing_after(Answered(200, 0.1)) == 2.0
    assert spacing_after(Answered(200, 0.5)) == 2.5
    assert spacing_after(Answered(200, 0.5), asked=7.0) == 7.0
    assert spacing_after(Answered(200, 60.0)) == MAX_LOAD_DELAY
    assert spacing_after(Answered(200, 60.0), Answered(200, 0.1)) == 2.0


def test_a_server_of_ones_own_is_asked_without_delay_unless_it_asks_for_one():
    assert spacing_after(Answered(200, 3.0, None, "127.0.0.1"), delay=0.0) == 0.0
    for own in ("::1", "10.0.0.7", "192.168.1.1", "fd00::7"):  # the guard admits them only where the user says so
        assert spacing_after(Answered(200, 3.0, None, own), delay=0.0) == 0.0
        assert spacing_after(Answered(200, 3.0, None, own), delay=2.0) == 15.0
    assert spacing_after(Answered(200, 3.0, None, PUBLIC), delay=0.0) == 15.0
    assert spacing_after(Answered(200, 3.0, None, "127.0.0.1"), delay=0.0, asked=1.5) == 1.5


@pytest.mark.parametrize(
    ("wanted", "given"),
    [(0.0, 1.0), (0.5, 1.0), (5.0, 5.0), (7200.0, 7200.0), (1e9, 86400.0), (float("inf"), 86400.0)],
)
@pytest.mark.parametrize("status", [429, 503, 500, 403, 302])
def test_a_retry_after_is_kept_from_a_second_to_a_day(status, wanted, given):
    assert closed_after(Answered(status, None, wanted)) == given


def test_a_retry_after_of_a_page_that_came_is_none():
    assert closed_after(Answered(200, None, 60.0)) == float("-inf")


def test_without_a_time_the_back_off_doubles_to_an_hour():
    made, pace = law(), HostPace()
    waits = []
    for _ in range(4):
        pace.closed_until = float("-inf")
        assert made.answered(pace, 0.0, Answered(503)) == "backoff"
        waits.append(pace.closed_until)

    assert waits == [60.0, 120.0, 240.0, 480.0]
    assert made.longest == 3600.0
    assert made._backoff(pace) == 960.0
    pace.busy = 50
    assert made._backoff(pace) == 3600.0


def test_jitter_makes_a_back_off_longer_and_never_shorter():
    assert closed_after(Answered(429), dice=0.999) == pytest.approx(60.0 * 1.4995)
    assert closed_after(Answered(429)) == 60.0


def test_a_failing_page_holds_nobody_and_a_failing_robots_file_the_host():
    assert closed_after(Answered(500)) == float("-inf")
    assert closed_after(Answered(None)) == float("-inf")
    assert closed_after(Answered(500, essential=True)) == 60.0
    assert closed_after(Answered(None, essential=True)) == 60.0


def test_five_failures_in_a_row_open_the_breaker_for_an_hour():
    made, pace = law(), HostPace()
    events = [made.answered(pace, 10.0, Answered(status)) for status in (500, None, 502, None, 500)]

    assert events == [None, None, None, None, "breaker"]
    assert pace.closed_until == 10.0 + 3600.0
    assert not pace.given_up


def test_a_good_answer_closes_the_breaker():
    made, pace = law(), HostPace()
    for status in (500, 500, 500, 500, 200, 500, 500, 500, 500):
        assert made.answered(pace, 0.0, Answered(status)) in (None, "slower")
    assert pace.failures == 4


def test_a_host_that_fails_again_after_the_breaker_is_given_up():
    made, pace = law(), HostPace()
    for _ in range(5):
        made.answered(pace, 0.0, Answered(None))
    made.answered(pace, 3600.0, Answered(None))
    assert pace.given_up

    made, pace = law(), HostPace()
    for _ in range(5):
        made.answered(pace, 0.0, Answered(None))
    made.answered(pace, 3600.0, Answered(200))
    for _ in range(5):
        made.answered(pace, 3600.0, Answered(None))
    assert not pace.given_up


def test_more_than_a_fifth_of_5xx_halves_the_rate_and_a_better_window_restores_it():
    bad = [Answered(200), Answered(500), Answered(200), Answered(200), Answered(502)] * 2
    good = [Answered(200)] * 10
    fifth = [Answered(200), Answered(500), *[Answered(200)] * 3] * 2

    assert spacing_after(*bad) == 4.0
    assert spacing_after(*bad, *bad) == 8.0
    assert spacing_after(*bad, *good) == 2.0
    assert spacing_after(*fifth) == 2.0
    assert spacing_after(*bad * 20) == 2.0 * MAX_SLOWDOWN


answers = st.builds(
    Answered,
    st.sampled_from([None, 200, 200, 200, 302, 404, 429, 500, 503]),
    st.none() | st.floats(0, 100),
    st.none() | st.floats(0, 1e6),
    st.sampled_from([None, PUBLIC, "127.0.0.1"]),
    st.booleans(),
)


@given(
    st.lists(st.tuples(answers, st.floats(0, 1000)), max_size=60), st.sampled_from([0.0, 0.5, 2.0]), st.floats(0, 0.99)
)
def test_the_law_never_makes_a_host_denser_than_the_user_wants(script, delay, dice):
    made, pace, now = law(delay, dice=dice), HostPace(), 0.0
    for answer, passes in script:
        now += passes
        before = pace.closed_until
        made.answered(pace, now, answer)
        assert made.spacing(pace) >= delay
        assert made.spacing(pace) <= max(delay, MAX_LOAD_DELAY) * MAX_SLOWDOWN
        assert pace.closed_until >= before
        assert pace.closed_until <= max(before, now + 86400.0)
        assert pace.failures < 5


# --- addresses ----------------------------------------------------------------------------------------------------


def shared(hosts: int, *, delay: float = 5.0, address_delay: float = 1.0) -> Frontier:
    frontier = Frontier(delay=delay, address_delay=address_delay)
    frontier.wake([Host(number, f"h{number}.test", f"h{number}.test") for number in range(hosts)], 0.0)
    frontier.take(0.0)
    names = frontier.hungry(hosts)
    leases = {
        number: [Lease(10 * number + one, f"http://h{number}.test/{one}", number, 0, None) for one in range(3)]
        for number in names
    }
    frontier.load(leases, 16)
    return frontier


def run(frontier: Frontier, place, lasts: float = 0.1) -> dict[str, list[float]]:
    """Serve everything; return when each address was asked. *place* tells where a host is."""
    asked: dict[str, list[float]] = {}
    under_way: list = []
    now = 0.0
    for _ in range(10_000):
        while taken := frontier.take(now):
            lease, queue = taken
            address = place(queue.host)
            if queue.address is None and not frontier.locate(queue, address, now):
                frontier.again(queue, lease, now)
                frontier.unsent(queue)
                continue
            asked.setdefault(address, []).append(now)
            under_way.append((now + lasts, queue))
        frontier.load(dict.fromkeys(frontier.hungry(), ()), 16)
        moments = [moment for moment, _ in under_way]
        if (due := frontier.next_time()) is not None:
            moments.append(due)
        if not moments:
            assert frontier.idle
            return asked
        now = max(now, min(moments))
        for ended in [one for one in under_way if one[0] <= now]:
            under_way.remove(ended)
            frontier.finished(ended[1])
    raise AssertionError("the frontier does not come to an end")


def test_hosts_of_one_address_take_turns_a_second_apart():
    asked = run(shared(20), lambda host: "192.0.2.1")["192.0.2.1"]

    assert len(asked) == 60
    assert min(later - earlier for earlier, later in itertools.pairwise(asked)) >= 1.0
    assert asked[-1] < 62.0, "turns are lost"


def test_an_address_has_one_request_under_way():
    asked = run(shared(5), lambda host: "192.0.2.1", lasts=3.0)["192.0.2.1"]

    assert len(asked) == 15
    assert min(later - earlier for earlier, later in itertools.pairwise(asked)) >= 3.0


def test_other_addresses_do_not_wait():
    asked = run(shared(20), lambda host: f"192.0.2.{host[1:-5]}")

    assert len(asked) == 20
    assert all(times == [0.0, 5.0, 10.0] for times in asked.values())


@given(
    st.integers(1, 12),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 5.0]),
    st.sampled_from([0.0, 0.5, 3.0]),
    st.sampled_from([0.0, 0.1, 2.0]),
)
def test_every_page_comes_and_no_address_too_soon(hosts, places, delay, address_delay, lasts):
    asked = run(
        shared(hosts, delay=delay, address_delay=address_delay), lambda host: f"p{int(host[1:-5]) % places}", lasts
    )

    assert sum(map(len, asked.values())) == 3 * hosts
    for times in asked.values():
        assert all(b - a >= min(delay, address_delay) for a, b in itertools.pairwise(times))


def test_a_host_that_moves_waits_at_its_new_address():
    frontier = shared(2)
    _, first = frontier.take(0.0)
    _, second = frontier.take(0.0)
    assert frontier.locate(first, "192.0.2.1", 0.0)
    assert frontier.locate(second, "192.0.2.2", 0.0)

    frontier.locate(second, "192.0.2.1", 0.1)
    for queue in (first, second):
        frontier.finished(queue)

    assert first.address is second.address
    assert first.address.in_flight == 0


def test_a_host_that_another_ones_robots_file_leads_to_gives_one_of_its_turns():
    frontier = shared(1)
    frontier.take(0.0)

    assert frontier.borrow("h0.test", None, 1.0) > 1.0
    assert frontier.borrow("other.test", None, 1.0) is None
    assert frontier.borrow("other.test", None, 5.9) == 6.0
    frontier.wake([Host(7, "other.test", "other.test")], 2.0)
    assert frontier._hosts[7].ready_at == 6.0
    assert frontier.borrow("third.test", "192.0.2.9", 2.0) is None
    assert frontier.borrow("fourth.test", "192.0.2.9", 2.5) == 3.5


def test_both_spellings_of_a_host_are_one(tmp_path):
    from linkgraph.frontier.ledger import Ledger, Visit
    from linkgraph.frontier.scope import Scope, Target

    ledger = Ledger(tmp_path / "ledger.sqlite")
    seeds = [
        Target(url, url.split("/")[2], "a.test", "a", (), nofollow=False)
        for url in ("http://a.test/", "https://a.test./x")
    ]
    ledger.apply_start(1, Scope(), seeds)

    assert [host.host for host in ledger.pending_hosts()] == ["a.test"]
    assert len(ledger.lease([1], 16)[1]) == 2
    assert ledger.is_known("https://a.test./x", "a.test.")
    ledger.apply_segment(2, Scope(), [Visit("https://a.test./x", "a.test.", "a.test", "fetched", None, 0, [])])
    assert ledger.counts()["done"] == 1
    ledger.close()
