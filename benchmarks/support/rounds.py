"""A data folder of crawls of the changing demo web, and the plan of its stories → the events that a history must tell.

The planned events are expanded over what the crawls observed: `every link of a page` are the rows of the edges table of
the last crawl that read the page. What half-finished crawls left out is expected as not re-checked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import pyarrow.parquet as pq

from linkgraph.demo.rounds import EVERY_LINK, ROUNDS, PlannedEvent
from linkgraph.insights.dataset import Dataset

HALF = (2, 9)
"""Rounds of which a crawl is left half finished: they bring no event of their own."""

WHOLE = frozenset(range(1, ROUNDS + 1)) - set(HALF)

Told = tuple[str, str, str | None, str, str, str | None, str | None]
"""Run, event, reason, source, target, before, after."""


def external(data: Dataset, run: str) -> dict[str, list[str]]:
    """Return the target of each link to another domain, by page, as *run* saw them."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in data.snapshot.edge_files:
        if f"/run={run}/" in str(path):
            for row in pq.ParquetFile(path).read().to_pylist():
                if not row["internal"]:
                    found[row["src_url"]].append(row["dst_url"])
    return dict(found)


def told(data: Dataset, visited: Mapping[str, set[str]]) -> Counter[Told]:
    """Return the events of the build about pages that were visited."""
    sources = set().union(*visited.values())
    columns = ("run", "event", "reason", "src_url", "dst_url", "before", "after")
    rows = data.events().select(list(columns)).to_pylist()
    return Counter(tuple(row[name] for name in columns) for row in rows if row["src_url"] in sources)


def expected(data: Dataset, visited: Mapping[str, set[str]], plan: Iterable[PlannedEvent]) -> Counter[Told]:
    """Return what must be told.

    Args:
        data: with a build.
        visited: the pages that each run asked for, in the order of the rounds.
        plan: the events of the stories.
    """
    runs = list(visited)
    seen = {run: external(data, run) for run in runs}
    sources = set().union(*visited.values())
    planned = [event for event in plan if event.source in sources]
    wanted: Counter[Told] = Counter()
    known: dict[str, list[str]] = {}
    missed: set[str] = set()
    for number, run in enumerate(runs, 1):
        asked, links = visited[run], seen[run]
        for page in asked & links.keys() - known.keys():
            wanted.update((run, "found", "with-page", page, to, None, None) for to in links[page])
            known[page] = links[page]
        for event in (event for event in planned if event.round == number):
            wanted.update(_told(run, event, known, links))
        for page in known.keys() - _lost(planned, number):
            word = "rechecked" if page in asked else "not-rechecked"
            if (page in missed) == (page in asked):
                wanted.update((run, word, None, page, to, None, None) for to in known[page])
        missed = known.keys() - asked
        known.update({page: links[page] for page in asked & links.keys()})
    return wanted


def _lost(planned: Iterable[PlannedEvent], number: int) -> set[str]:
    """Return the pages of which every link is lost in a round."""
    gone: set[str] = set()
    for event in planned:
        if event.target == EVERY_LINK and event.round <= number:
            gone = gone | {event.source} if event.event == "lost" else gone - {event.source}
    return gone


def _told(run: str, event: PlannedEvent, known: Mapping[str, list[str]], links: Mapping[str, list[str]]) -> list[Told]:
    if (event.event, event.reason) == ("found", "with-page"):
        return []  # its page is new: all of its links are
    targets = [event.target]
    if event.target == EVERY_LINK:
        targets = (links if event.event == "found" else known)[event.source]
    return [(run, event.event, event.reason, event.source, to, event.before, event.after) for to in targets]
