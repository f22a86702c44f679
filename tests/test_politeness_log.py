"""The servers' own log of a crawl: no request too soon, none inside a window, by a made-up clock and by a real one."""

from __future__ import annotations

import pytest
from simulation import BACKOFF, simulate


@pytest.mark.parametrize("seed", range(3))
def test_no_host_and_no_address_is_asked_too_soon(tmp_path, seed):
    crawled = simulate(hosts=66, pages=20, seed=seed, folder=tmp_path)
    world = crawled.world

    assert world.requests > 1000
    assert world.too_soon == []
    assert world.inside_a_window == []
    assert world.address_too_soon == []
    assert world.waits[429] > 0
    assert world.waits[503] > 0
    assert crawled.stats["linkgraph/pace/retry-after"] == world.waits[429]
    assert crawled.stats["linkgraph/pace/backoff"] >= world.waits[503]


@pytest.mark.row("D5")
@pytest.mark.parametrize("jump", [-3600.0, 3600.0, -100_000.0, 100_000.0])
def test_a_wall_clock_that_is_set_forward_or_back_makes_no_request_denser(tmp_path, jump):
    def wall(now: float) -> float:
        return 1e9 + now + (jump if now > 1100.0 else 0.0)

    world = simulate(hosts=33, pages=20, seed=5, folder=tmp_path, wall=wall).world

    assert world.requests > 500
    assert [*world.too_soon, *world.inside_a_window, *world.address_too_soon] == []


def test_every_page_of_a_host_that_answers_is_settled(tmp_path):
    crawled = simulate(hosts=33, pages=10, seed=7, folder=tmp_path)
    outcomes = crawled.outcomes

    dead = sum(site.kind == "dead" for site in crawled.world.sites.values())
    assert sum(outcomes.values()) == 10 * len(crawled.world.sites)
    assert outcomes["robots:unreachable"] + outcomes["host:failing"] == 10 * dead
    assert set(outcomes) <= {"fetched", "http:status", "robots:unreachable", "host:failing"}


def test_a_robots_file_that_fails_for_a_while_costs_its_host_no_page(tmp_path):
    crawled = simulate(hosts=9, pages=5, seed=3, folder=tmp_path)
    late = next(site for site in crawled.world.sites.values() if site.kind == "late-robots")

    assert late.robots_asked == 4  # twice in vain, then one of http and one of https
    assert late.asked[1] - late.asked[0] >= BACKOFF
    assert late.asked[2] - late.asked[1] >= 2 * BACKOFF
    assert len(late.asked) == 4 + 5
