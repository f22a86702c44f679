"""The frontier in memory, against a ledger that is a dict and a clock that is a number."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.host_queue import HostQueue
from linkgraph.frontier.records import Host, Lease


@dataclass(frozen=True)
class Step:
    """What becomes of one request."""

    lasts: float
    end: str
    finds: int
    """URLs of the next host that it brings."""


@dataclass
class World:
    """A ledger, a network and a clock; asserts the frontier's promises at each request."""

    frontier: Frontier
    hosts: dict[int, Host]
    delay: float
    connections: int = 1
    now: float = 100.0
    pending: dict[int, list[Lease]] = field(default_factory=lambda: defaultdict(list))
    taken: list[Lease] = field(default_factory=list)
    settled: Counter = field(default_factory=Counter)
    put_back: Counter = field(default_factory=Counter)
    visits: Counter = field(default_factory=Counter)
    spacing: dict[int, float] = field(default_factory=dict)
    asked: dict[int, float] = field(default_factory=dict)
    not_before: dict[int, float] = field(default_factory=dict)
    under_way: list[tuple[float, Lease, HostQueue, Step]] = field(default_factory=list)
    leasing: list[tuple[float, dict[int, list[Lease]], int]] = field(default_factory=list)
    ids: int = 0

    def find(self, host_id: int, depth: int) -> None:
        """Enter one more URL; the caller wakes the host."""
        self.ids += 1
        self.pending[host_id].append(Lease(self.ids, f"http://h{host_id}.test/{self.ids}", host_id, depth, None))

    def wake(self, *host_ids: int) -> None:
        self.frontier.wake([self.hosts[host_id] for host_id in host_ids], self.now)

    def lease(self) -> None:
        """Lease what the frontier is hungry for, now; hand it over half a second later."""
        asked = self.frontier.share
        found = {}
        for host_id in self.frontier.hungry(limit=2):
            queue = sorted(self.pending[host_id], key=lambda lease: (lease.depth, lease.id))
            found[host_id] = queue[:asked]
            self.pending[host_id] = queue[asked:]
        if found:
            self.leasing.append((self.now + 0.5, found, asked))

    def ask(self, steps) -> bool:
        """Take one URL, if one may be taken, and hold the frontier to its word."""
        taken = self.frontier.take(self.now)
        if taken is None:
            return False
        lease, queue = taken
        host_id = lease.host_id
        assert host_id == queue.id
        busy = [one for one in self.under_way if one[1].host_id == host_id]
        assert len(busy) < self.connections
        assert self.now >= self.asked.get(host_id, -1e9) + self.spacing.get(host_id, self.delay)
        assert self.now >= self.not_before.get(host_id, 0.0)
        step = next(steps)
        if step.end != "refused":
            self.asked[host_id] = self.now
        self.taken.append(lease)
        self.under_way.append((self.now + step.lasts, lease, queue, step))
        return True

    def finish(self, lease: Lease, queue: HostQueue, step: Step) -> None:
        end = "done" if self.put_back[lease.id] > 2 else step.end
        if end == "slow":
            self.spacing[lease.host_id] = max(self.delay, 7.0)
            self.frontier.slow_down(queue, 7.0)
        if end == "again":
            self.put_back[lease.id] += 1
            self.not_before[lease.host_id] = self.now + 3.0
            self.frontier.again(queue, lease, self.now + 3.0)
            self.frontier.finished(queue, counts=False)
            return
        self.settled[lease.id] += 1
        if end == "refused":
            self.frontier.unsent(queue)
        else:
            self.visits[queue.domain] += 1
            self.frontier.finished(queue)
        other = sorted(self.hosts)[(lease.host_id + 1) % len(self.hosts)]
        for _ in range(step.finds if self.ids < 60 else 0):
            self.find(other, lease.depth + 1)
        self.wake(other)

    def run(self, steps) -> None:
        steps = cycle(steps)
        for _ in range(5000):
            asked = self.ask(steps)
            self.lease()
            if asked:
                continue
            if self.frontier.idle and not self.leasing:
                return
            moments = [one[0] for one in [*self.under_way, *self.leasing]]
            if (due := self.frontier.next_time()) is not None:
                moments.append(due)
            assert moments, "the frontier waits for nothing, and is not idle"
            self.now = max(self.now, min(moments))
            self.settle()
        pytest.fail("the frontier does not come to an end")

    def settle(self) -> None:
        for ready in [one for one in self.leasing if one[0] <= self.now]:
            self.leasing.remove(ready)
            self.frontier.load(ready[1], ready[2])
        for ended in [one for one in self.under_way if one[0] <= self.now]:
            self.under_way.remove(ended)
            self.finish(*ended[1:])


steps = st.lists(
    st.builds(
        Step,
        lasts=st.sampled_from([0.0, 0.3, 1.0, 6.0]),
        end=st.sampled_from(["done", "done", "done", "refused", "again", "slow"]),
        finds=st.integers(0, 3),
    ),
    min_size=1,
    max_size=8,
)


def world(depths: list[list[int]], *, delay: float, domains: int = 100, connections: int = 1, **limits) -> World:
    hosts = {number: Host(number, f"h{number}.test", f"d{number % domains}.test") for number in range(len(depths))}
    frontier = Frontier(delay=delay, connections_per_host=connections, **limits)
    made = World(frontier, hosts, delay, connections)
    for host_id, each in enumerate(depths):
        for depth in each:
            made.find(host_id, depth)
    made.wake(*hosts)
    return made


webs = st.lists(st.lists(st.integers(0, 4), max_size=25), min_size=1, max_size=5)


@settings(max_examples=150)
@given(depths=webs, delay=st.sampled_from([0.0, 1.0, 2.5]), connections=st.integers(1, 3), script=steps)
def test_every_url_comes_out_once_and_no_host_is_asked_too_soon(depths, delay, connections, script):
    made = world(depths, delay=delay, connections=connections)

    made.run(script)

    assert sorted(made.settled) == list(range(1, made.ids + 1))
    assert set(made.settled.values()) <= {1}
    assert Counter(lease.id for lease in made.taken) == made.settled + made.put_back


@settings(max_examples=100)
@given(depths=webs, delay=st.sampled_from([0.0, 1.0]), script=steps)
def test_nothing_is_left_in_memory_at_the_end(depths, delay, script):
    made = world(depths, delay=delay)
    made.run(script)

    made.frontier.take(made.now + 1000)

    kept = {
        name: value
        for name, value in vars(made.frontier).items()
        if isinstance(value, dict | list) and value and name not in ("paces", "_taken_by_domain")
    }
    assert kept == {}
    assert len(made.frontier) == made.frontier.in_flight == 0


@settings(max_examples=100)
@given(depths=webs, budget=st.integers(1, 20), script=steps)
def test_the_budget_of_the_run_is_used_up_and_not_exceeded(depths, budget, script):
    made = world(depths, delay=0.0, max_pages=budget)

    made.run(script)

    assert sum(made.visits.values()) <= budget
    if sum(made.visits.values()) < budget:
        assert len(made.settled) == made.ids


@settings(max_examples=150)
@given(depths=webs, budget=st.integers(1, 12), domains=st.integers(1, 3), script=steps)
def test_the_budget_of_each_domain_is_used_up_and_not_exceeded(depths, budget, domains, script):
    made = world(depths, delay=0.0, domains=domains, max_pages_per_domain=budget)

    made.run(script)

    assert all(count <= budget for count in made.visits.values())
    lost = {made.hosts[host_id].domain for host_id, left in made.pending.items() if left}
    assert lost <= made.frontier.exhausted
    assert all(made.visits[domain] == budget for domain in made.frontier.exhausted)


def test_a_budget_counts_what_an_earlier_process_fetched():
    made = world([[0] * 5, [0] * 5], delay=0.0, max_pages_per_domain=3, visits_by_domain={"d0.test": 2, "d1.test": 3})

    made.run([Step(0.1, "done", 0)])

    assert made.visits == {"d0.test": 1}


def test_within_a_host_the_shallowest_url_goes_first_and_then_the_oldest():
    made = world([[3, 1, 2, 1, 0, 3]], delay=1.0)

    made.run([Step(0.1, "done", 0)])

    assert [(lease.depth, lease.id) for lease in made.taken] == [(0, 5), (1, 2), (1, 4), (2, 3), (3, 1), (3, 6)]


def test_among_hosts_that_are_due_the_shallowest_url_goes_first():
    made = world([[4], [2], [0], [3], [1]], delay=1.0)
    made.lease()
    made.ask(cycle([Step(0.1, "done", 0)]))
    while made.leasing or made.frontier._hungry:
        made.now += 0.5
        made.settle()
        made.lease()
    made.now += 5

    order = []
    while taken := made.frontier.take(made.now):
        order.append(taken[0].depth)

    assert order == sorted(order)
    assert len(order) == 5


def test_a_host_that_was_forgotten_is_still_left_alone_for_its_delay():
    made = world([[0]], delay=10.0)
    made.run([Step(0.1, "done", 0)])
    assert len(made.frontier) == 0
    first = made.asked[0]

    made.find(0, 1)
    made.wake(0)
    made.run([Step(0.1, "done", 0)])

    assert made.asked[0] >= first + 10.0
    assert len(made.taken) == 2


def test_a_request_that_never_left_costs_the_host_no_delay():
    made = world([[0] * 100], delay=10.0)
    began = made.now

    made.run([Step(0.0, "refused", 0)])

    assert len(made.taken) == 100
    assert made.now - began < 10.0


def test_a_crawl_delay_holds_from_the_request_that_met_it_and_after_the_host_was_forgotten():
    made = world([[0, 0]], delay=1.0)
    made.run([Step(0.1, "slow", 0)])
    assert made.taken[0].id == 1
    moments = [made.asked[0]]

    made.find(0, 0)
    made.wake(0)
    made.run([Step(0.1, "done", 0)])
    moments.append(made.asked[0])

    assert moments[1] - moments[0] >= 7.0


def test_a_crawl_delay_below_the_users_own_changes_nothing():
    frontier = Frontier(delay=5.0)
    frontier.wake([Host(1, "a.test", "a.test")], 0.0)
    queue = frontier._hosts[1]

    frontier.slow_down(queue, 0.5)

    assert queue.delay == 5.0


def test_urls_that_are_found_while_a_host_is_leasing_are_not_lost():
    frontier = Frontier(delay=0.0)
    host = Host(1, "a.test", "a.test")
    frontier.wake([host], 0.0)
    frontier.take(0.0)
    assert frontier.hungry() == [1]

    frontier.wake([host], 0.0)
    frontier.load({1: []}, 16)
    frontier.take(0.0)

    assert frontier.hungry() == [1]


def test_the_other_hosts_of_a_domain_take_over_the_place_of_a_refused_request():
    hosts = [Host(1, "a.d.test", "d.test"), Host(2, "b.d.test", "d.test")]
    frontier = Frontier(delay=0.0, max_pages_per_domain=1)
    frontier.wake(hosts, 0.0)
    frontier.take(0.0)
    frontier.load({host.id: [Lease(host.id, f"http://{host.host}/", host.id, 0, None)] for host in hosts}, 16)
    frontier.hungry()
    lease, queue = frontier.take(0.0)
    assert frontier.take(0.0) is None

    frontier.unsent(queue)
    other, _ = frontier.take(0.0)

    assert {lease.id, other.id} == {1, 2}


@pytest.mark.row("D12")
def test_memory_holds_a_few_urls_a_host_whatever_the_ledger_knows():
    made = world([[0] * 5000], delay=0.0)

    for _ in range(300):
        made.lease()
        made.now += 0.5
        made.settle()
        made.ask(cycle([Step(0.0, "done", 0)]))
        made.settle()

    assert max(len(queue.buffer) for queue in made.frontier._hosts.values()) <= 32


def test_robots_txt_costs_the_delay_though_the_page_behind_it_never_left():
    frontier = Frontier(delay=2.0)
    frontier.wake([Host(1, "a.test", "a.test")], 0.0)
    frontier.take(0.0)
    frontier.hungry()
    frontier.load({1: [Lease(1, "http://a.test/", 1, 0, None)]}, 16)
    lease, queue = frontier.take(0.0)

    frontier.asked(queue, 7.0)
    frontier.again(queue, lease, 0.0)
    frontier.unsent(queue)

    assert frontier.take(8.9) is None
    assert frontier.next_time() == 9.0
    assert frontier.take(9.0)[0] == lease


def test_a_host_that_is_slowed_down_while_it_is_ready_waits():
    hosts = [Host(1, "a.test", "a.test"), Host(2, "b.test", "b.test")]
    frontier = Frontier(delay=0.0, connections_per_host=2)
    frontier.wake(hosts, 0.0)
    frontier.take(0.0)
    frontier.hungry()
    frontier.load({1: [Lease(1, "", 1, 0, None), Lease(2, "", 1, 0, None)], 2: [Lease(3, "", 2, 0, None)]}, 16)
    _, slow = frontier.take(0.0)
    frontier.take(0.0)

    frontier.slow_down(slow, 30.0)

    assert frontier.take(0.0) is None
    assert frontier.next_time() == 30.0
