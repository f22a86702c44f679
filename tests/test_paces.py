"""What hosts asked for outlives the process: by the wall clock, for hosts that asked for something, and no longer."""

from __future__ import annotations

import time

import pytest
from crawling import command, crawl, environment, run
from web import Answer, Web, links, page

from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.pace import BREAKER_FAILURES, BREAKER_TIMES, Answered
from linkgraph.frontier.paces import Paces
from linkgraph.frontier.records import Host, Lease

HOST = Host(1, "a.test", "a.test")


class Process:
    """A frontier with one host, begun so many seconds after 1970."""

    def __init__(self, path, wall: float) -> None:
        self.wall, self._began = wall, wall
        self.paces = Paces(path, 0.0, lambda: self.wall)
        self.frontier = Frontier(delay=2.0, paces=self.paces)
        self.frontier.wake([HOST], 0.0)
        self._lease()

    @property
    def now(self) -> float:
        return self.wall - self._began

    def _lease(self) -> None:
        self.frontier.load({one: [Lease(9, "http://a.test/", 1, 0, None)] for one in self.frontier.hungry()}, 1)

    def take(self):
        taken = self.frontier.take(self.now)
        self._lease()
        return taken or self.frontier.take(self.now)

    def answers(self, *answers: Answered) -> None:
        queue = self.take()[1]
        for answer in answers:
            self.frontier.answered(queue, self.now, answer)

    def free_after(self) -> float:
        """Seconds until the host may be asked."""
        return self.paces.free_at("a.test", self.now) - self.now


def begun(path, wall: float, *answers: Answered) -> None:
    process = Process(path, wall)
    process.answers(*answers)
    process.paces.close()


@pytest.mark.parametrize("later", [0.0, 100.0, 299.0])
def test_a_retry_after_holds_over_a_restart_until_its_moment_and_no_request_leaves_before(tmp_path, later):
    begun(tmp_path / "pace.sqlite", 1e9, Answered(429, 0.1, 300.0))

    again = Process(tmp_path / "pace.sqlite", 1e9 + later)
    assert again.free_after() == pytest.approx(300.0 - later)
    assert again.take() is None
    again.wall += 300.0 - later - 0.01
    assert again.take() is None
    again.wall += 0.02
    assert again.take() is not None
    again.paces.close()


def test_a_clock_that_was_set_back_makes_the_wait_no_longer_than_it_was_and_no_shorter(tmp_path):
    begun(tmp_path / "pace.sqlite", 1e9, Answered(503, 0.1, 300.0))

    again = Process(tmp_path / "pace.sqlite", 1e9 - 50_000)
    assert again.free_after() == pytest.approx(300.0)
    again.paces.close()


def test_slowdown_and_back_off_go_on_where_they_were(tmp_path):
    path = tmp_path / "pace.sqlite"
    first = Process(path, 1e9)
    first.answers(*[Answered(500, 0.1), Answered(200, 0.1)] * 5, Answered(503, 0.1))
    slowdown, busy = (getattr(first.paces.get("a.test"), name) for name in ("slowdown", "busy"))
    first.paces.close()

    again = Paces(path, 0.0, lambda: 1e9 + 10)
    pace = again.get("a.test")
    assert (pace.slowdown, pace.busy) == (slowdown, busy) == (2.0, 1)
    again.close()


def test_a_host_that_was_given_up_gets_one_more_chance_in_the_next_process(tmp_path):
    path = tmp_path / "pace.sqlite"
    first = Process(path, 1e9)
    first.answers(*[Answered(None)] * (BREAKER_FAILURES + BREAKER_TIMES))
    assert first.paces.get("a.test").given_up
    first.paces.close()

    again = Paces(path, 0.0, lambda: 1e9)
    assert not again.get("a.test").given_up
    again.close()


def test_who_asked_for_nothing_leaves_nothing_and_who_recovered_is_forgotten(tmp_path):
    path = tmp_path / "pace.sqlite"
    begun(path, 1e9, Answered(200, 0.1), Answered(404, 0.1))
    assert not path.exists()

    begun(path, 1e9, Answered(503, 0.1, 1.0))
    recovered = Process(path, 1e9 + 5)
    recovered.answers(Answered(200, 0.1))
    recovered.paces.close()
    assert Paces(path, 0.0, lambda: 1e9 + 5).get("a.test") is None


def test_what_is_older_than_a_day_is_forgotten(tmp_path):
    begun(tmp_path / "pace.sqlite", 1e9, Answered(429, 0.1, 60.0))

    later = Paces(tmp_path / "pace.sqlite", 0.0, lambda: 1e9 + 60 + 86_401)
    assert later.get("a.test") is None
    later.close()


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100], ids=["empty", "garbage"])
def test_a_damaged_file_is_begun_anew(tmp_path, damage):
    path = tmp_path / "pace.sqlite"
    path.write_bytes(damage)

    begun(path, 1e9, Answered(429, 0.1, 300.0))

    again = Process(path, 1e9)
    assert again.free_after() == pytest.approx(300.0)
    again.paces.close()


KILL = """
import threading, time
from linkgraph.frontier.frontier import Frontier
answered = Frontier.answered
def then_die(self, queue, now, answer):
    event = answered(self, queue, now, answer)
    if event == "retry-after":
        os.kill(os.getpid(), 9)
    return event
Frontier.answered = then_die
"""
WAIT = 8


def test_a_crawl_that_is_killed_and_resumed_inside_a_retry_after_asks_the_host_when_it_is_over(tmp_path):
    busy = Answer(503, (("Retry-After", str(WAIT)),))
    pages = {("a.test", "/"): page(links("/1")), ("a.test", "/1"): (busy, page("x"))}
    with Web(pages) as web:
        line = command("a.test", data=tmp_path, LINKGRAPH_RESOLVE=web.resolve)
        killed = run(line, tmp_path, env=environment(patch=KILL))
        told = time.monotonic()
        resumed = crawl("a.test", data=tmp_path, LINKGRAPH_RESOLVE=web.resolve)
        asked = [one for one in web.log if one.host == "a.test"]

    assert killed.code == -9
    assert resumed.code == 0, resumed.err
    assert resumed.problems == []
    assert resumed.outcome("http://a.test/1") == ("fetched", None, 200)
    window = next(one.at for one in asked if one.path == "/1")
    assert [one.path for one in asked if window < one.at < window + WAIT - 0.1] == []
    assert told < window + WAIT, "the resumed crawl began inside the window"
