"""How long a crawl of a large, interrupted run takes to begin: log, files and ledger, from nothing to the first lease.

The run is written down, not crawled: real segments and a real log, and a ledger filled to match. Asserts that nothing
is lost and that the next URLs come out. The peer of the same run is the first start with every file hashed
(`LINKGRAPH_VERIFY=all`), which is what a start cost before files were believed by size and time.

    python benchmarks/resume.py [--quick] [--segments 2000] [--pages 250] [--pending 1000000]
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from linkgraph.edges.run import Run
from linkgraph.edges.segment import Segment, commit
from linkgraph.edges.session import Session
from linkgraph.extract.answer import bare_page, links_to
from linkgraph.frontier.frontier import Frontier
from linkgraph.frontier.scope import Scope
from linkgraph.urls import resolve

HOSTS = 1000
SCOPE = Scope(follow="all")
SEED = "http://h0.test/"


def session(run: Run, *, every: bool = False) -> Session:
    return Session(run, [resolve(SEED)], SCOPE, {}, verify_all=every)


def segment(number: int, pages: int) -> Segment:
    made = Segment()
    targets = [resolve(f"http://h{one}.test/somewhere/else/{number}") for one in range(4)]
    for one in range(pages):
        page = bare_page(f"http://h{(number * pages + one) % HOSTS}.test/articles/{number}/{one}")
        made.add(replace(page, fetched_at=datetime.now(UTC), status=200), links_to(page, targets, "a", "html"))
    return made


def fill(run: Run, segments: int, pages: int, pending: int) -> None:
    """Write the run; its ledger knows every page as done and *pending* URLs more."""
    first = session(run)
    first.start()
    database = first.ledger._db
    database.execute("PRAGMA synchronous = OFF")
    for number in range(segments):
        commit(run, number + 2, segment(number, pages), first.settings_digest)
    database.execute("BEGIN")
    database.execute("INSERT OR IGNORE INTO hosts (host, domain) VALUES ('h0.test', 'h0.test')")
    hosts = ((f"h{one}.test", f"h{one}.test") for one in range(1, HOSTS))
    database.executemany("INSERT INTO hosts (host, domain) VALUES (?, ?)", hosts)
    ids = dict(database.execute("SELECT host, id FROM hosts"))
    add = "INSERT INTO urls (host, url, state, depth, hops) VALUES (?, ?, ?, 1, 0)"
    done = (f"h{(n * pages + one) % HOSTS}.test" for n in range(segments) for one in range(pages))
    names = (f"articles/{n}/{one}" for n in range(segments) for one in range(pages))
    rows = ((ids[host], f"http://{host}/{name}", 2) for host, name in zip(done, names, strict=True))
    database.executemany(add, rows)
    waiting = ((ids[f"h{n % HOSTS}.test"], f"http://h{n % HOSTS}.test/waiting/{n}", 0) for n in range(pending))
    database.executemany(add, waiting)
    database.execute("UPDATE applied SET sequence = ?", (segments + 1,))
    database.execute("COMMIT")
    first.close()


def begin(run: Run, *, every: bool) -> tuple[float, int]:
    """Open the run as a crawl does, take the first URLs, and return the seconds and how many URLs wait."""
    began = time.perf_counter()
    again = session(run, every=every)
    assert again.start().resumed
    frontier = Frontier(delay=0.0, visits_by_domain=again.ledger.visits_by_domain())
    frontier.wake(again.ledger.pending_hosts(), 0.0)
    frontier.take(0.0)
    asked = frontier.share
    frontier.load(again.lease(frontier.hungry(), asked), asked)
    assert frontier.take(1.0) is not None
    seconds = time.perf_counter() - began
    waiting = again.ledger.counts()
    again.close()
    return seconds, waiting["pending"] + waiting["leased"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=2000)
    parser.add_argument("--pages", type=int, default=250, help="pages of a segment")
    parser.add_argument("--pending", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="a twentieth of it")
    given = parser.parse_args()
    share = 20 if given.quick else 1
    segments, pending = given.segments // share, given.pending // share
    folder = Path(tempfile.mkdtemp(prefix="linkgraph-resume-"))
    try:
        run = Run(folder, "large")
        fill(run, segments, given.pages, pending)
        print(f"{segments:,} segments of {given.pages} pages, {pending:,} URLs waiting")
        begin(run, every=False)  # the files are in the page cache from here on, for both
        taken = {}
        for name, every in (("every file hashed", True), ("as it is", False)):
            taken[name], waiting = begin(run, every=every)
            assert waiting == pending + 1, waiting
            print(f"{name:20} {taken[name]:8.2f} s")
        print(f"ratio {taken['every file hashed'] / taken['as it is']:.1f}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
