"""What the frontier costs: taking the next request at 100, 10,000 and 1,000,000 hosts, and ten million known URLs.

The first part drains ledgers of four URLs a host the way the scheduler does (take, hungry, lease, load), each request
finished at once and committed every 2,000 pages; only the taking is timed. Asserted: each URL is given out exactly
once, in every size; the mean costs lie within a factor of 2. CPU time is compared, because taking waits for no disk.
The second part enters ten million URLs of 20,000 hosts through the commit's own path, and takes some, in a process of
its own. Asserted: the ledger counts them all, and resident memory grew by less than 300 MB.

    python benchmarks/frontier.py [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.ledger import Ledger, Visit
from linkgraph.frontier.scope import Scope, Target

URLS_A_HOST = 4
COMMIT_PAGES = 2000
UNDER_WAY = 64
"""Requests taken while a lease is on its way: CONCURRENT_REQUESTS of linkgraph.settings."""
FACTOR = 2.0
MEMORY_MB = 300.0
SCOPE = Scope(follow="all")


class Cost(NamedTuple):
    """Of one drain, per URL."""

    cpu: float
    wall: float


def target(host: int, number: int) -> Target:
    name = f"www.h{host}.example"
    return Target(f"http://{name}/section/page-{number}-of-the-site.html", name, f"h{host}.example", "a", (), False)


def fill(ledger: Ledger, hosts: int) -> None:
    """Leave the rows that a commit of one page linking to all URLs of all hosts would leave, but in bulk."""
    with ledger._transaction():
        ledger._db.execute("INSERT INTO hosts VALUES (1, 'start.example', 'start.example')")
        ledger._db.execute("INSERT INTO urls VALUES (1, 1, 'http://start.example/', 2, NULL, 0, 0, NULL)")
        numbers = range(hosts * URLS_A_HOST)
        targets = (target(number // URLS_A_HOST, number % URLS_A_HOST) for number in numbers)
        names = (target(host, 0) for host in range(hosts))
        ledger._db.executemany(
            "INSERT INTO hosts VALUES (?, ?, ?)", ((id_, one.host, one.domain) for id_, one in enumerate(names, 2))
        )
        ledger._db.executemany(
            "INSERT INTO urls VALUES (?, ?, ?, 0, NULL, 1, 0, 1)",
            ((number + 2, number // URLS_A_HOST + 2, one.url) for number, one in zip(numbers, targets, strict=True)),
        )
        ledger._mark(1)


def check_fill(folder: Path) -> None:
    """Hold `fill` to the path that a crawl takes."""
    quick, real = Ledger(folder / "quick.sqlite"), Ledger(folder / "real.sqlite")
    fill(quick, 50)
    links = [target(host, number) for host in range(50) for number in range(URLS_A_HOST)]
    real.apply_segment(1, SCOPE, [visit("http://start.example/", links)])
    assert list(quick.rows()) == list(real.rows())


class Drain:
    """Takes every URL of a ledger once, timing only the taking."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.frontier = Frontier(delay=0)
        self.frontier.wake(ledger.pending_hosts(), time.monotonic())
        self.seconds = self.cpu_seconds = 0.0

    def some(self, most: int) -> list[str]:
        """Take up to *most* URLs."""
        frontier, taken = self.frontier, []
        wall, cpu = time.perf_counter(), time.process_time()
        leased, asked, since = None, 0, 0
        while len(taken) < most:
            got = frontier.take(time.monotonic())
            if got is not None:
                taken.append(got[0].url)
                frontier.finished(got[1])
            since += 1
            if leased is not None and (got is None or since >= UNDER_WAY):
                frontier.load(leased, asked)
                leased = None
            if leased is None:
                asked, hosts = frontier.share, frontier.hungry()
                if hosts:
                    leased, since = self.ledger.lease(hosts, asked), 0
                elif got is None:
                    break
        if leased is not None:
            frontier.load(leased, asked)
        self.seconds += time.perf_counter() - wall
        self.cpu_seconds += time.process_time() - cpu
        return taken

    def everything(self) -> int:
        """Take and commit until nothing is left; return how many URLs were taken."""
        total = 0
        while taken := self.some(COMMIT_PAGES):
            total += len(taken)
            self.ledger.apply_segment(self.ledger.sequence + 1, SCOPE, [visit(url) for url in taken])
        return total


def visit(url: str, links: Sequence[Target] = ()) -> Visit:
    host = url.split("/")[2]
    return Visit(url, host, host.removeprefix("www."), "fetched", None, depth=0, targets=links)


def drain(hosts: int, folder: Path) -> Cost:
    """Return the mean cost of taking one of the URLs of *hosts* hosts, all of which are taken."""
    path = folder / f"{hosts}.sqlite"
    ledger = Ledger(path)
    fill(ledger, hosts)
    work = Drain(ledger)
    total = work.everything()
    counts = ledger.counts()
    # As many taken as there are, and every one of them done: each was given out exactly once.
    assert total == hosts * URLS_A_HOST, (total, hosts * URLS_A_HOST)
    assert counts == {"pending": 0, "leased": 0, "done": total + 1, "failed": 0, "excluded": 0}, counts
    assert work.frontier.idle
    ledger.close()
    path.unlink()
    return Cost(work.cpu_seconds / total, work.seconds / total)


def compare(sizes: list[tuple[int, int]]) -> None:
    """Drain each size as often as it says, and print the medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        check_fill(Path(folder))
        costs: dict[int, list[Cost]] = {hosts: [] for hosts, _ in sizes}
        for turn in range(max(turns for _, turns in sizes)):
            for hosts, turns in sizes:
                if turn < turns:
                    costs[hosts].append(drain(hosts, Path(folder)))
    cpu = {hosts: statistics.median(cost.cpu for cost in found) for hosts, found in costs.items()}
    least = min(cpu.values())
    print("hosts      URLs        drains  CPU us/URL  wall us/URL  ratio")
    for hosts, found in costs.items():
        wall = statistics.median(cost.wall for cost in found)
        print(
            f"{hosts:<10,} {hosts * URLS_A_HOST:<11,} {len(found):<7} {cpu[hosts] * 1e6:<11.1f} {wall * 1e6:<12.1f} "
            f"{cpu[hosts] / least:.2f}"
        )
    assert max(cpu.values()) <= FACTOR * least, f"taking costs more than {FACTOR} times as much at some size"


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def pages(urls: int, hosts: int) -> Iterator[Visit]:
    """Yield pages that link to *urls* new URLs in all: of ten links eight stay on the host, as on the real web."""
    known, chance = [0] * hosts, random.Random(1)
    for number in range(urls // 50):
        home, links = chance.randrange(hosts), []
        for position in range(50):
            host = home if position % 5 else chance.randrange(hosts)
            links.append(target(host, known[host]))
            known[host] += 1
        yield visit(f"http://start.example/{number}", links)


def known_urls(urls: int, hosts: int) -> dict[str, float]:
    """Enter *urls* URLs, then take some; return the peak growth of resident memory in MB, and the rates."""
    with tempfile.TemporaryDirectory() as folder:
        before = peak = resident_mb()
        ledger, inserting = Ledger(Path(folder) / "ledger.sqlite"), 0.0
        rest, sequence = pages(urls, hosts), 0
        while segment := list(islice(rest, COMMIT_PAGES)):
            sequence += 1
            started = time.perf_counter()
            ledger.apply_segment(sequence, SCOPE, segment)
            inserting += time.perf_counter() - started
            peak = max(peak, resident_mb())
        counts = ledger.counts()
        assert counts["pending"] == urls, counts
        work = Drain(ledger)
        for _ in range(20):
            taken = work.some(COMMIT_PAGES)
            assert len(set(taken)) == COMMIT_PAGES
            ledger.apply_segment(ledger.sequence + 1, SCOPE, [visit(url) for url in taken])
            peak = max(peak, resident_mb())
        counts = ledger.counts()
        assert counts["pending"] + counts["leased"] == urls - 20 * COMMIT_PAGES, counts
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
        ledger.close()
    return {
        "memory": peak - before,
        "rate": urls / inserting,
        "disk": size,
        "take": work.cpu_seconds / 20 / COMMIT_PAGES,
    }


def remember(urls: int, hosts: int) -> None:
    """Run `known_urls` in a process of its own and print what it found."""
    command = [sys.executable, __file__, "--known", str(urls), str(hosts)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print("\nknown URLs   hosts    memory MB  bytes/URL  ledger MB  URLs entered/s  CPU us/take")
    memory = found["memory"]
    print(
        f"{urls:<12,} {hosts:<8,} {memory:<10.0f} {memory * 1e6 / urls:<10.1f} {found['disk']:<10,.0f} "
        f"{found['rate']:<15,.0f} {found['take'] * 1e6:.1f}"
    )
    assert memory < MEMORY_MB, f"resident memory grew by {memory:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer hosts and URLs: a minute instead of a quarter hour")
    parser.add_argument("--known", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.known:
        print(json.dumps(known_urls(*arguments.known)))
        return
    print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    compare([(100, 9), (10_000, 3), (50_000, 1)] if arguments.quick else [(100, 25), (10_000, 5), (1_000_000, 1)])
    remember(*((200_000, 2_000) if arguments.quick else (10_000_000, 20_000)))
    print(f"load average after: {os.getloadavg()[0]:.2f}")


if __name__ == "__main__":
    main()
