"""Scrapy's own way to resume, JOBDIR, under the trial of crash.py: crawls of the demo web, killed, resumed to the end.

The peer is a plain CrawlSpider with JOBDIR and a JSON-lines feed that is appended to. Its pages are compared with
those of its own uninterrupted crawl (where a meta refresh can bring a page twice too: only more than that counts).
Scrapy documents that JOBDIR is for crawls that are stopped cleanly; this shows what that means. Nothing is asserted:
the outcome is the peer's affair.

    python benchmarks/jobdir.py [KILLS] [--quick] [--each N]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.killing import attempt, moments

from linkgraph.demo import SEEDS, serve


class Trial:
    """Crawls of the peer."""

    def __init__(self, resolve: str, folder: Path) -> None:
        self.resolve, self.folder = resolve, folder

    def command(self, name: str) -> list[str]:
        """Return the command that begins crawl *name*, and takes it up again."""
        here = self.folder / name
        here.mkdir(exist_ok=True)
        settings = {
            "JOBDIR": str(here / "job"),
            "FEEDS": {str(here / "feed.jsonl"): {"format": "jsonlines", "overwrite": False}},
        }
        options = {
            "resolve": self.resolve,
            "result": str(here / "result.json"),
            "settings": settings,
            "spider": {"seeds": list(SEEDS)},
        }
        return [sys.executable, "-m", "support.peer", "follow", json.dumps(options)]

    def run(self, name: str, times: list[float]) -> tuple[int, float, float]:
        """Kill crawl *name* after each of *times*, run it to its end; return kills, and the last process's seconds."""
        kills = 0
        command, log = self.command(name), self.folder / name / "log.txt"
        for moment in times:
            done = attempt(command, log, moment)
            kills += done.killed
            if not done.killed:
                break
        last = attempt(command, log, None)
        assert last.code == 0, log.read_text()[-2000:]
        return kills, last.seconds, json.loads((self.folder / name / "result.json").read_text())["seconds"]

    def pages(self, name: str) -> tuple[Counter[str], int]:
        """Return how often each URL stands in the feed, and how many lines are torn."""
        found, torn = Counter(), 0
        path = self.folder / name / "feed.jsonl"
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                found[json.loads(line)["url"]] += 1
            except ValueError:
                torn += 1
        return found, torn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=10)
    parser.add_argument("--quick", action="store_true", help="two kills")
    parser.add_argument("--each", type=int, default=1, help="kills a crawl")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments; 0 takes one from the clock")
    arguments = parser.parse_args()
    kills, seed = 2 if arguments.quick else arguments.kills, arguments.seed or time.time_ns() % 1_000_000
    chance, number, done = random.Random(seed), 0, 0
    print(f"seed {seed}; load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    with serve() as web, tempfile.TemporaryDirectory() as folder:
        trial = Trial(web.resolve, Path(folder))
        _, whole, crawl = trial.run("reference", [])
        reference, torn = trial.pages("reference")
        assert torn == 0
        print(f"uninterrupted: {len(reference):,} pages in {crawl:.1f} s\n")
        print("crawl  kills  pages lost     share   pages twice  torn lines  last process, seconds")
        total = Counter()
        while done < kills:
            number += 1
            times = moments(chance, min(arguments.each, kills - done), whole - crawl, crawl)
            killed, last, _ = trial.run(f"crawl{number}", times)
            found, torn = trial.pages(f"crawl{number}")
            lost, twice = len(reference.keys() - found.keys()), (found - reference).total()
            done += killed
            total.update(lost=lost, twice=twice, torn=torn)
            print(
                f"{number:<6} {killed:<6} {lost:<14,} {lost / len(reference):<7.0%} {twice:<12,} {torn:<11} {last:.1f}"
            )
    print(
        f"\nScrapy JOBDIR: {done} SIGKILLs, {number} crawls of {len(reference):,} pages: {total['lost']:,} pages lost "
        f"({total['lost'] / number / len(reference):.0%}), {total['twice']:,} twice, {total['torn']} torn lines"
    )


if __name__ == "__main__":
    main()
