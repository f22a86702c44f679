"""What the frontier promises where there are more hosts than it looks at together."""

from __future__ import annotations

import pytest

from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.records import Host, Lease

MANY = 5_000


def hosts(number):
    return [Host(host, f"h{host}.example", f"h{host}.example") for host in range(number)]


def lease(frontier, left):
    """Answer what is hungry from *left*: how many URLs each host still has."""
    asked, found = frontier.share, {}
    for host in frontier.hungry():
        urls = min(asked, left[host])
        left[host] -= urls
        found[host] = [
            Lease(host * 100 + left[host] + one, f"http://h{host}.example/", host, 1, None) for one in range(urls)
        ]
    frontier.load(found, asked)


def test_the_first_request_of_many_hosts_waits_for_one_lease_and_not_for_all():
    frontier = Frontier(delay=0)
    frontier.wake(hosts(MANY), 0.0)
    left = dict.fromkeys(range(MANY), 3)

    assert frontier.take(0.0) is None
    lease(frontier, left)

    assert frontier.take(0.0) is not None


def test_a_host_is_asked_again_only_when_nearly_all_that_are_due_were_asked():
    frontier = Frontier(delay=0)
    frontier.wake(hosts(MANY), 0.0)
    left = dict.fromkeys(range(MANY), 2)
    order = []
    while not frontier.idle:
        taken = frontier.take(1.0)
        if taken is None:
            lease(frontier, left)
        else:
            order.append(taken[1].id)
            frontier.finished(taken[1])

    assert len(order) == 2 * MANY
    assert len(set(order[:MANY])) >= MANY - 1024  # those that wait for a lease let the others go first


@pytest.mark.row("D12")
def test_the_more_hosts_there_are_the_fewer_urls_of_each_lie_in_memory():
    shares = []
    for number in (10, MANY, 100_000):
        frontier = Frontier(delay=0)
        frontier.wake(hosts(number), 0.0)
        shares.append(frontier.share)

    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[1] > shares[2] == 1
    assert 100_000 * shares[2] < 2 * MANY * shares[1]


def test_a_host_that_becomes_due_later_waits_behind_those_that_are_due():
    frontier = Frontier(delay=5.0)
    frontier.wake(hosts(2), 0.0)
    left = {0: 3, 1: 3}
    asked = []
    for moment in (0.0, 0.0, 0.0, 1.0, 4.9, 5.0, 5.0):
        taken = frontier.take(moment)
        lease(frontier, left)
        if taken is not None:
            asked.append((moment, taken[1].id))
            frontier.finished(taken[1])

    assert asked == [(0.0, 0), (0.0, 1), (5.0, 0), (5.0, 1)]
    assert frontier.next_time() == 10.0
