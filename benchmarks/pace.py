"""What a pacing decision costs, what rules of many hosts weigh, and what the servers' log says of a long crawl.

(1) A decision: one URL is taken, its answer taken in, its turn ended, by the real frontier with hosts that share
addresses and servers that fail; less the same by a frontier without law and addresses, which only chooses. Target:
20 us, medians of rounds.
(2) Rules of 100,000 hosts in memory, made of real robots.txt files of the shared folder, each made distinct. Target:
200 MB. (3) 100,000 requests by the real scheduler and middleware on a clock that jumps (`tests/simulation.py`).
Asserted: no host and no address was asked too soon, and nobody inside a window of Retry-After.

    python benchmarks/pace.py [--quick]
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import tarfile
import tempfile
import time
import tracemalloc
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulation import simulate

from linkgraph.fetch.robots import read_rules
from linkgraph.fetch.robots_cache import RobotsCache
from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.ledger import Host, Lease
from linkgraph.frontier.pace import Answered

TARGET_MICROSECONDS, TARGET_BYTES = 20.0, 200e6
SHARED = Path(os.environ.get("LINKGRAPH_SHARED", ROOT.parent / "shared"))
ANSWERS = [Answered(200, 0.1, None, "192.0.2.1")] * 18 + [Answered(500, 0.1), Answered(429, 0.1, 5.0)]


def decide(hosts: int, each: int, *, lawful: bool) -> float:
    """Return the CPU microseconds of one decision."""
    frontier = Frontier(delay=2.0, address_delay=1.0 if lawful else 0.0)
    frontier.wake([Host(number, f"h{number}.test", f"h{number}.test") for number in range(hosts)], 0.0)
    now, spent, decisions, answers = 0.0, 0.0, 0, itertools.cycle(ANSWERS)
    left = dict.fromkeys(range(hosts), each)
    while decisions < hosts * each:
        started = time.process_time()
        taken = frontier.take(now)
        if taken is not None:
            lease, queue = taken
            if not lawful:
                frontier.finished(queue)
                decisions += 1
            elif frontier.locate(queue, f"a{queue.id // 3}", now):
                frontier.answered(queue, now, next(answers))
                frontier.finished(queue)
                decisions += 1
            else:
                frontier.again(queue, lease, now)
                frontier.unsent(queue)
        spent += time.process_time() - started
        asked = frontier.share
        found = {}
        for host_id in frontier.hungry():
            found[host_id] = [Lease(host_id, "", host_id, 0, None)] * min(asked, left[host_id])
            left[host_id] -= len(found[host_id])
        frontier.load(found, asked)
        if taken is None and not found:
            now = max(now, frontier.next_time() or now)
    return spent / decisions * 1e6


def weigh(hosts: int) -> float | None:
    """Return the bytes that the rules of so many hosts take; None where there are no files to make them of."""
    path = SHARED / "conformance/robots-real/robots.tar.xz"
    if not path.is_file():
        return None
    with tarfile.open(path) as archive:
        bodies = [archive.extractfile(member).read() for member in archive if member.isfile()]
    cache = RobotsCache()
    read = [read_rules(200, body, "linkgraph", 0.0) for body in bodies]
    tracemalloc.start()
    for number in range(hosts):
        rules = read[number % len(read)]
        # Strings of their own, as if each had been read from an answer of its own.
        own = rules.ruleset and type(rules.ruleset)(
            *(f"{text} "[:-1] for text in (rules.ruleset.plain, rules.ruleset.wild))
        )
        cache.put(f"http://host-{number}.test", type(rules)(own, True, 0.0, 1e9, rules.why, (), rules.delay))
    assert cache.get("http://host-0.test", 1.0) is not None, "rules were dropped to save memory"
    weight = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return weight


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer hosts, 5,000 requests")
    quick = parser.parse_args().quick
    print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    hosts, each = (500, 10) if quick else (5000, 20)
    rounds = [(decide(hosts, each, lawful=True), decide(hosts, each, lawful=False)) for _ in range(3)]
    lawful, bare = (statistics.median(one[at] for one in rounds) for at in range(2))
    print(f"taking a URL and its answer in, {hosts:,} hosts: {lawful:.1f} us of CPU; without the law {bare:.1f} us")
    print(f"so a pacing decision costs {lawful - bare:.1f} us (target {TARGET_MICROSECONDS:.0f})")
    weight = weigh(10_000 if quick else 100_000)
    if weight is None:
        print("rules in memory: skipped, no robots.txt files")
    else:
        scaled = weight * (10 if quick else 1)
        print(f"rules of 100,000 hosts{' (of 10,000, times ten)' if quick else ''}: {scaled / 1e6:.0f} MB (target 200)")
        assert scaled <= TARGET_BYTES
    with tempfile.TemporaryDirectory() as folder:
        crawled = simulate(*((66, 80) if quick else (550, 200)), seed=1, folder=Path(folder))
    world = crawled.world
    print(f"{world.requests:,} requests in {crawled.seconds / 3600:.1f} made-up hours ({crawled.took:.0f} s)")
    print(f"too soon at a host: {len(world.too_soon)}, at an address: {len(world.address_too_soon)}")
    print(f"inside one of {sum(world.waits.values())} windows: {len(world.inside_a_window)}")
    print(f"load average after: {os.getloadavg()[0]:.2f}")
    assert [*world.too_soon, *world.address_too_soon, *world.inside_a_window] == []
    assert quick or world.requests >= 100_000
    assert quick or lawful - bare <= TARGET_MICROSECONDS, f"a pacing decision costs {lawful - bare:.1f} us"


if __name__ == "__main__":
    main()
