"""Crawl a changing demo web ten times, two of them interrupted half way, and compare its history with what was planted.

Peer: the plan of the stories. Asserts that every planted event is told and no other one, that the states in the links
table agree with the last events, and prints what the events cost the build, against a build of the last run alone.

    python benchmarks/history.py [--quick] [--seed 20000]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pyarrow.parquet as pq
from support.rounds import HALF, expected, told

import linkgraph
from linkgraph.demo import DEFAULT_SEED, SEEDS, DemoWeb, serve
from linkgraph.demo.rounds import CAST_HOSTS, ROUNDS
from linkgraph.insights.dataset import Dataset


def crawl(number: int, data: Path, seed: int, *, quick: bool, pages: int) -> int:
    """Crawl one round, as a revisit of the one before; return how many pages the run asked for."""
    blogs = DemoWeb.build(seed, 1).rounds.hosts[:CAST_HOSTS]
    seeds = [f"http://{host}/" for host in blogs] if quick else list(SEEDS)
    options: dict[str, object] = {"follow": "seeds" if quick else "all"}
    if number > 1:
        options |= {"revisit": "latest", "due": "all"}
    if number in HALF:
        options["max_pages"] = pages // 2
    with serve(seed, number=number) as web:
        settings = {"LINKGRAPH_RESOLVE": web.resolve, "LINKGRAPH_HOST_DELAY": 0, "LINKGRAPH_PROGRESS": False}
        settings |= {"RETRY_TIMES": 0, "LOG_LEVEL": "ERROR", "LINKGRAPH_BACKOFF": 0}
        return linkgraph.crawl(seeds, data=data, run="round", settings=settings, **options).pages


def visited(data: Dataset) -> dict[str, set[str]]:
    """Return the pages that each run asked for, in the order of the rounds."""
    found: dict[str, set[str]] = {
        f"round.{number}" if number > 1 else "round": set() for number in range(1, ROUNDS + 1)
    }
    for path in data.snapshot.page_files:
        table = pq.ParquetFile(path).read(columns=["url", "outcome"]).to_pylist()
        run = path.parent.name.removeprefix("run=")
        found[run].update(row["url"] for row in table if row["outcome"] != "excluded")
    return found


def check(data: Dataset, asked: Mapping[str, set[str]], seed: int) -> Counter[str]:
    """Compare the events with the plan; return how often each was told."""
    plan = DemoWeb.build(seed, 1).rounds.events()
    wanted, found = expected(data, asked, plan), told(data, asked)
    for name, difference in (("invented", found - wanted), ("missed", wanted - found)):
        for event, count in list(difference.items())[:20]:
            print(name, count, event)
    assert found == wanted, f"{(found - wanted).total()} invented, {(wanted - found).total()} missed"
    return Counter(event for _, event, *_ in found.elements())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--quick", action="store_true", help="three sites instead of all")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="linkgraph-history-") as name:
        data = Path(name) / "data"
        pages = 0
        for number in range(1, ROUNDS + 1):
            made = crawl(number, data, options.seed, quick=options.quick, pages=pages)
            pages = max(pages, made)
            print(f"round {number}: {made:,} pages{' (left half finished)' if number in HALF else ''}", flush=True)
        began = time.process_time()
        linkgraph.build(data)
        whole = time.process_time() - began
        dataset = linkgraph.open(data)
        counts = check(dataset, visited(dataset), options.seed)
        print(f"{dataset.build.edges:,} edges of {ROUNDS} runs, {dataset.build.links:,} links that stand")
        for event, count in counts.most_common():
            print(f"{event:20} {count:8,}")
        for part in ("edges", "pages", "runs"):
            for path in (data / part).iterdir():
                if not path.name.endswith(f"round.{ROUNDS}"):
                    shutil.rmtree(path)
        began = time.process_time()
        alone = linkgraph.build(data)
        once = time.process_time() - began
        every, last = whole / dataset.build.edges * 1e6, once / alone.edges * 1e6
        print(f"CPU a million edges: {every:.1f} s for ten runs, {last:.1f} s for one, ratio {every / last:.2f}")


if __name__ == "__main__":
    main()
