"""Two hours among real sites and hostile hosts in one process: does memory stay flat?

    python benchmarks/soak.py [--minutes 120] [--delay 0.25] [--quick] [--unpacked FOLDER] [--samples FILE.csv]

Crawls the mini-web, served by nginx, and the project's hostile hosts, whose mazes never end, and stops it as Ctrl-C
would. Memory is that of the crawl and of all processes below it (anonymous pages), every ten seconds; its slope is that
of a straight line after the first ten minutes. Requests are those that the two servers saw. Fails where the crawl ended
by itself, was not stopped cleanly, or left a data folder that breaks an invariant.
"""

from __future__ import annotations

import argparse
import csv
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np
from hostile import KINDS, Hostile
from support.miniweb import Miniweb, reason_to_skip, served
from support.process import environment, held

from linkgraph.edges.dataset import snapshot
from linkgraph.edges.invariants import examine

WARM_UP = 600.0
"""Seconds whose memory does not count: caches fill."""
EVERY = 10.0
STOPPED = 130
"""What a crawl that Ctrl-C ended says: the shells' 128 and the number of the signal."""

Sample = tuple[float, float, int]
"""Seconds since the start, MiB, requests so far."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--delay", type=float, default=0.25, help="seconds between requests to one host")
    parser.add_argument("--quick", action="store_true", help="one minute, of which half counts")
    parser.add_argument("--unpacked", type=Path, help="where the mini-web is, or will be, unpacked")
    parser.add_argument("--samples", type=Path, help="write seconds, MiB and requests to this CSV file")
    options = parser.parse_args()
    if reason := reason_to_skip():
        print(f"skipped: {reason}")
        return
    seconds, warm_up = (60.0, 30.0) if options.quick else (60 * options.minutes, WARM_UP)
    print(f"load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    with served(options.unpacked) as web, Hostile() as hostile, tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        with (data.parent / "said").open("wb") as said:
            line = command(web, hostile, data, options.delay)
            process = subprocess.Popen(line, cwd=ROOT, env=environment(), stdout=said, stderr=said)
            samples = watched(process, seconds, lambda: answered(web) + sum(hostile.asked.values()))
        lasted = samples[-1][0]
        why = f"ended after {lasted:.0f} s with {process.returncode}: {(data.parent / 'said').read_text()[-3000:]}"
        assert process.returncode == STOPPED, why
        assert [problem for finding in examine(data) for problem in finding.problems] == []
        report(samples, warm_up, data, hostile.asked)
    if options.samples:
        with options.samples.open("w", newline="") as file:
            csv.writer(file).writerows([("seconds", "mib", "requests"), *samples])


def command(web: Miniweb, hostile: Hostile, data: Path, delay: float) -> list[str]:
    """Return the command line of the crawl: all hosts of both webs, without limits that would end it early."""
    seeds = data.parent / "seeds.txt"
    seeds.write_text("\n".join([*(url for site in web.sites for url in site.seeds), *KINDS]) + "\n")
    real = [
        f"{site.host}:{port}=127.0.0.1:{own}" for site in web.sites for port, own in ((80, web.http), (443, web.https))
    ]
    settings = {
        "LINKGRAPH_RESOLVE": ",".join([*real, hostile.resolve]),
        "LINKGRAPH_HOST_DELAY": delay,
        "LINKGRAPH_ADDRESS_DELAY": 0,
        "LINKGRAPH_MAX_PAGES_PER_HOST": 1_000_000,
        "LINKGRAPH_BACKOFF": 1,
        "DOWNLOAD_VERIFY_CERTIFICATES": 0,
        "LOG_LEVEL": "ERROR",
    }
    sets = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    run = [sys.executable, "-m", "linkgraph", "crawl", str(seeds), "--follow", "seeds", "--data", str(data)]
    return [*run, "--run", "soak", *sets]


def answered(web: Miniweb) -> int:
    """Return how many requests nginx has answered."""
    log = web.www.parent / "access.log"
    return sum(1 for _ in log.open("rb")) if log.exists() else 0


def watched(process: subprocess.Popen[bytes], seconds: float, requests: Callable[[], int]) -> list[Sample]:
    """Return samples until *seconds* have passed, and stop the process as Ctrl-C would."""
    began, before, samples = time.monotonic(), requests(), []
    while process.poll() is None and time.monotonic() - began < seconds:
        samples.append((time.monotonic() - began, held(process.pid, "Pss_Anon"), requests() - before))
        time.sleep(EVERY)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait(300)
    return samples


def report(samples: list[Sample], warm_up: float, data: Path, asked: Counter[str]) -> None:
    table = np.array([sample for sample in samples if sample[0] > warm_up])
    slope = 3600 * float(np.polyfit(table[:, 0], table[:, 1], 1)[0])
    last, requests = samples[-1][0], samples[-1][2]
    rows = sum(file.rows for file in snapshot(data).files)
    print(f"requests                     {requests:,} in {last / 60:.0f} min, {sum(asked.values()):,} to hostile hosts")
    print(f"rows written                 {rows:,}")
    print(
        f"memory                       peak {max(one[1] for one in samples):,.0f} MiB; slope {slope:+,.2f} MiB an hour"
    )
    for second, mib, so_far in samples[:: max(1, len(samples) // 24)]:
        print(f"  after {second / 60:5.1f} min {so_far:9,} requests {mib:7.1f} MiB")


if __name__ == "__main__":
    main()
