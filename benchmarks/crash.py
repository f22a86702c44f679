"""SIGKILLs at random moments over crawls of the demo web and of real sites, each resumed to the end: what is lost?

Every crawl is killed some times, run to its end, and compared with an uninterrupted crawl: all rows, all columns but
those that say when. The invariants of the commit are checked, and that the log rebuilds the ledger row by row.
Segments close after 200 pages or half a second, so that many kills meet a commit. A second process on a run at work
is timed too: from its start to its refusal. Asserted: URLs lost 0, edge rows missing 0, edge rows twice 0.

    python benchmarks/crash.py [KILLS] [--quick] [--web demo|miniweb|both] [--each N] [--unpacked FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import astuple, dataclass, fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.killing import attempt, moments
from support.miniweb import reason_to_skip, served
from support.process import Cost, crawl_command, environment, run
from support.trial import Differences, broken, differences, entries, leftovers

from linkgraph.demo import SEEDS, serve
from linkgraph.edges.dataset import snapshot

ONE_ANSWER = ("newlispfanclub.com", "www.newlispfanclub.com")
"""A copy of a forum that answers queries alike: which are asked before it is held for a trap is a matter of order."""


@dataclass
class Trial:
    """The crawls of one web."""

    name: str
    seeds: str
    follow: str
    resolve: str
    folder: Path

    def command(self, data: Path) -> list[str]:
        """Return the command that begins the crawl, and takes it up again."""
        settings = {
            "LINKGRAPH_RESOLVE": self.resolve,
            "LINKGRAPH_PROGRESS": 0,
            "DOWNLOAD_VERIFY_CERTIFICATES": 0,
            "LINKGRAPH_COMMIT_PAGES": 200,
            "LINKGRAPH_COMMIT_SECONDS": 0.5,
            "LINKGRAPH_PATTERN_PAGES": 0,  # which pages of a pattern come before its limit is a matter of order
        }
        return crawl_command(self.seeds, data, settings, host_delay=0, follow=self.follow)

    def uninterrupted(self) -> tuple[float, float]:
        """Crawl without a kill; return the seconds until the spider opened, and from then to the end."""
        self.folder.mkdir()
        cost = run(self.command(self.folder / "reference"), self.folder / "reference.log", timeout=1800)
        assert cost.code == 0, (self.folder / "reference.log").read_text()[-2000:]
        assert not broken(self.folder / "reference"), broken(self.folder / "reference")
        crawl = json.loads((self.folder / "reference/runs/bench/run.json").read_text())["seconds"]
        live = snapshot(self.folder / "reference")
        print(
            f"{self.name}: {live.rows('pages'):,} pages, {live.rows('edges'):,} edge rows, "
            f"{entries(self.folder / 'reference')} log entries, {crawl:.1f} s uninterrupted"
        )
        return cost.wall - crawl, crawl

    def killed(self, times: list[float], number: int) -> tuple[int, Counter[str], Differences, list[str]]:
        """Kill a crawl after each of *times*, run it to its end; return kills, where they fell, and what is wrong."""
        data, log = self.folder / f"crawl{number}", self.folder / f"crawl{number}.log"
        kills, where = 0, Counter()
        for moment in times:
            before = entries(data)
            done = attempt(self.command(data), log, moment)
            if not done.killed:
                assert done.code == 0, log.read_text()[-2000:]
                break
            kills += 1
            where[self.place(data, before)] += 1
        done = attempt(self.command(data), log, None)
        assert done.code == 0, log.read_text()[-2000:]
        return kills, where, differences(self.folder / "reference", data), broken(data)

    def place(self, data: Path, before: int) -> str:
        """Return where a kill fell, by what it left."""
        if not (data / "runs/bench/log").is_dir():
            return "before the run was made"
        if leftovers(data):
            return "in a commit"
        return "before a commit" if entries(data) == before else "between commits"


def sweep(trial: Trial, kills: int, each: int, chance: random.Random) -> list[Differences]:
    """Kill crawls of *trial* until there were *kills* SIGKILLs; print what came of it."""
    startup, crawl = trial.uninterrupted()
    left, number, found, where = kills, 0, [], Counter()
    while left > 0:
        times = moments(chance, min(each, left), startup, crawl)
        done, places, difference, problems = trial.killed(times, number)
        assert not problems, problems
        left, number, where = left - done, number + 1, where + places
        found.append(difference)
        if not difference.none:
            print(f"  crawl {number}: {difference}")
        else:
            shutil.rmtree(trial.folder / f"crawl{number - 1}")
    fell = ", ".join(f"{count} {place}" for place, count in where.most_common())
    print(f"  {kills} SIGKILLs in {number} crawls: {fell}")
    return found


def refusal(trial: Trial) -> Cost:
    """Start a second process on a run that the first one holds, and return what it took to be refused."""
    data, said = trial.folder / "locked", trial.folder / "second.txt"
    first = subprocess.Popen(trial.command(data), stderr=subprocess.DEVNULL, env=environment())
    while not entries(data):
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGSTOP)
    second = run(trial.command(data), said)
    first.kill()
    first.wait()
    assert second.code == 3, said.read_text()
    assert f"process {first.pid} on " in said.read_text(), said.read_text()
    return second


def trials(names: list[str], pages: int, folder: Path, unpacked: Path | None, stack: ExitStack) -> list[Trial]:
    """Serve the webs that *names* asks for."""
    found = []
    if "demo" in names:
        web = stack.enter_context(serve())
        found.append(Trial("demo web", ",".join(SEEDS), "all", web.resolve, folder / "demo"))
    if "miniweb" in names:
        if reason := reason_to_skip():
            print(f"mini-web skipped: {reason}")
        else:
            real = stack.enter_context(served(unpacked))
            seeds = folder / "seeds.txt"
            chosen = [site for site in real.at_least(pages) if site.host not in ONE_ANSWER]
            seeds.write_text("\n".join(seed for site in chosen for seed in site.seeds), encoding="utf-8")
            found.append(Trial("mini-web", str(seeds), "seeds", real.resolve, folder / "miniweb"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kills", nargs="?", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="six kills")
    parser.add_argument("--web", choices=["demo", "miniweb", "both"], default="both")
    parser.add_argument("--each", type=int, default=4, help="kills a crawl")
    parser.add_argument("--pages", type=int, default=1500, help="pages of the chosen mini-web sites together")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments; 0 takes one from the clock")
    parser.add_argument("--unpacked", type=Path, help="where the mini-web is, or will be, unpacked")
    arguments = parser.parse_args()
    kills, pages = (6, 300) if arguments.quick else (arguments.kills, arguments.pages)
    seed = arguments.seed or time.time_ns() % 1_000_000
    print(f"seed {seed}; load average before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    names = ["demo", "miniweb"] if arguments.web == "both" else [arguments.web]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        webs = trials(names, pages, Path(folder), arguments.unpacked, stack)
        found = []
        for position, trial in enumerate(webs):
            share = kills // len(webs) + (position < kills % len(webs))
            found += sweep(trial, share, arguments.each, random.Random(seed + position))
        refused = refusal(webs[0])
    total = [sum(values) for values in zip(*map(astuple, found), strict=True)]
    print(f"\n{kills} SIGKILLs, {len(found)} crawls, each resumed to its end")
    for field, value in zip(fields(Differences), total, strict=True):
        print(f"{field.name.replace('_', ' '):14} {value}")
    print(f"a second process on a run: refused {refused.wall:.2f} s after its start ({refused.cpu:.2f} CPU seconds)")
    print(f"load average after: {os.getloadavg()[0]:.2f}")
    assert not any(total), "an interrupted crawl differs from the uninterrupted one"


if __name__ == "__main__":
    main()
