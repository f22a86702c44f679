"""Good hosts with two dozen hostile ones among them: are all good pages fetched, and what do the hostile ones cost?

    python benchmarks/hostile.py [--quick] [--miniweb ROOT --port 8080] [--minutes N]

Prints the share of requests that went to hostile hosts until the last good page and in all, resident memory of the
crawl over time and its slope, and the longest pauses of the event loop (of the clock, and of the loop's own processor
time, which other work on the machine does not lengthen). Fails where a good page is missing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from crawling import Crawled, command, environment
from hostile import GOOD, GOOD_PAGES, KINDS, Hostile

HEARTBEAT = """
import asyncio, os, time
from linkgraph.frontier.scheduler import FrontierScheduler
opened, beats = FrontierScheduler.open, {"clock": [], "processor": []}

def beat(loop, clock, processor):
    now, used = time.perf_counter(), time.thread_time()
    for name, gap in (("clock", now - clock - 0.005), ("processor", used - processor)):
        beats[name] = sorted([*beats[name][-19:], gap])
    loop.call_later(0.005, beat, loop, now, used)

def open_with_heartbeat(self, spider):
    opened(self, spider)
    beat(asyncio.get_running_loop(), time.perf_counter(), time.thread_time())

FrontierScheduler.open = open_with_heartbeat

@atexit.register
def tell_beats():
    with open(os.environ["TEST_BEATS"], "w") as file:
        json.dump(beats, file)
"""


def miniweb(root: Path, port: int) -> tuple[dict[str, str], str]:
    """Seeds by host, and what `LINKGRAPH_RESOLVE` needs for a mini-web that is served on *port*."""
    rows = [line.split("\t") for line in (root / "hosts.tsv").read_text().splitlines()[1:]]
    seeds = {row[0]: f"http://{row[0]}{row[3].split()[0].split(',')[0]}" for row in rows}
    return seeds, ",".join(f"{host}:80=127.0.0.1:{port}" for host in seeds)


def memory(process: int) -> float:
    """Resident MiB of a process; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def slope(samples: list[tuple[float, float]]) -> float:
    """MiB an hour by least squares over the later half."""
    late = samples[len(samples) // 2 :]
    if len(late) < 2:
        return 0.0
    mean_t, mean_m = (sum(column) / len(late) for column in zip(*late, strict=True))
    spread = sum((moment - mean_t) ** 2 for moment, _ in late)
    return 3600 * sum((moment - mean_t) * (held - mean_m) for moment, held in late) / (spread or 1.0)


def crawl(
    seeds: str, resolve: str, folder: Path, seconds: float, **options: object
) -> tuple[Crawled, list[tuple[float, float]], dict]:
    """Crawl for so many seconds at most; return what it left, its memory over time, and the loop's longest pauses."""
    line = command(
        seeds,
        "--follow",
        "seeds",
        data=folder / "data",
        LINKGRAPH_RESOLVE=resolve,
        LINKGRAPH_ADDRESS_DELAY=0,
        **options,
    )
    env = {**environment(patch=HEARTBEAT), "TEST_PEAK": str(folder / "peak"), "TEST_BEATS": str(folder / "beats")}
    samples: list[tuple[float, float]] = []
    began = time.monotonic()
    with (folder / "err").open("w") as err, subprocess.Popen(line, cwd=ROOT, env=env, stderr=err) as process:
        while process.poll() is None:
            samples.append((time.monotonic() - began, memory(process.pid)))
            time.sleep(1)
            if time.monotonic() - began > seconds:
                process.terminate()
                process.wait(120)
    peak = int((folder / "peak").read_text()) * 1024
    found = Crawled(
        process.returncode, "", (folder / "err").read_text(), time.monotonic() - began, folder / "data", peak
    )
    return found, samples[:-1], json.loads((folder / "beats").read_text())


def share(crawled: Crawled, good: set[str]) -> tuple[float, float]:
    """Share of pages asked of hostile hosts until the last good page was there, and in all."""
    rows = sorted(
        (row["fetched_at"], row["host"] not in good) for row in crawled.pages if not row["outcome"].startswith("excl")
    )
    last = max(at for at, (_, hostile) in enumerate(rows) if not hostile)
    until, whole = [hostile for _, hostile in rows[: last + 1]], [hostile for _, hostile in rows]
    return sum(until) / len(until), sum(whole) / len(whole)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="small budgets")
    options.add_argument("--miniweb", type=Path, help="folder with hosts.tsv; the sites must be served already")
    options.add_argument("--port", type=int, default=8080)
    options.add_argument("--minutes", type=float, default=60)
    chosen = options.parse_args()
    quick = {"LINKGRAPH_PATTERN_PAGES": 20, "LINKGRAPH_MAX_PAGES_PER_HOST": 100, "LINKGRAPH_IDLE_SECONDS": 2}
    limits = {**(quick if chosen.quick else {"LINKGRAPH_MAX_PAGES_PER_HOST": 500}), "RETRY_TIMES": 0}
    seeds, resolve = miniweb(chosen.miniweb, chosen.port) if chosen.miniweb else ({host: host for host in GOOD}, "")
    with Hostile() as web, tempfile.TemporaryDirectory() as folder:
        mixed = ",".join((*seeds.values(), *KINDS))
        where = ",".join(filter(None, (resolve, web.resolve)))
        crawled, samples, beats = crawl(mixed, where, Path(folder), chosen.minutes * 60, LINKGRAPH_BACKOFF=1, **limits)
        report(crawled, samples, beats, set(seeds))
        if not chosen.miniweb:
            fetched = sum(row["outcome"] == "fetched" and row["host"] in seeds for row in crawled.pages)
            assert fetched == len(GOOD) * GOOD_PAGES, f"{fetched} of {len(GOOD) * GOOD_PAGES} good pages"
        assert crawled.problems == []


def report(crawled: Crawled, samples: list[tuple[float, float]], beats: dict, good: set[str]) -> None:
    until, whole = share(crawled, good)
    fetched = sum(row["outcome"] == "fetched" and row["host"] in good for row in crawled.pages)
    print(f"good pages fetched           {fetched:,}")
    print(f"pages asked for              {len(crawled.pages):,} in {crawled.seconds:,.0f} s")
    print(f"asked of hostile hosts       {until:.1%} until the last good page, {whole:.1%} in all")
    print(f"peak memory                  {crawled.peak / 2**20:,.0f} MiB")
    every = samples[:: max(1, len(samples) // 12)]
    print("memory over time             " + "  ".join(f"{moment:.0f}s:{held:.0f}" for moment, held in every) + " MiB")
    print(f"slope of the later half      {slope(samples):+,.1f} MiB an hour")
    for name, gaps in beats.items():
        print(f"longest pauses, {name:12} " + "  ".join(f"{gap * 1000:.0f}" for gap in reversed(gaps[-6:])) + " ms")


if __name__ == "__main__":
    main()
