"""One crawl at work on one run: seeds and log → ledger and frontier; pages and links → commits.

Promises what the invariants say: fetch at least once, publish exactly once. At start it replays every entry newer
than the ledger, so a killed run goes on where its last commit was. `record` and the frontier belong to one thread;
`start`, `commit`, `lease` and `close` to one worker at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from linkgraph.edges.dataset import broken_entries, foreign_files, quarantine, set_aside
from linkgraph.edges.log import Entry, append, live_files, read
from linkgraph.edges.run import Run, runs
from linkgraph.edges.schema import TABLES
from linkgraph.edges.segment import Segment, commit, is_segment, now, reached, remove_unlisted
from linkgraph.errors import StateError
from linkgraph.frontier.ledger import Host, Lease, Ledger, Visit
from linkgraph.frontier.scope import Scope, Target
from linkgraph.model import Links, Page
from linkgraph.urls import Url, split

_LINK_FIELDS = ("dst_url", "dst_host", "dst_domain", "kind", "rel", "nofollow")


@dataclass(slots=True)
class Started:
    """What opening a run found."""

    finished: bool
    """The run had ended, and neither seeds nor options have changed since."""
    resumed: bool
    notes: list[str] = field(default_factory=list)
    """What a user should hear: changed seeds, quarantined files."""


class Session:
    """A run that is open for crawling; its lock is held until `close`."""

    def __init__(self, run: Run, seeds: Sequence[Url], scope: Scope, options: dict[str, Any]) -> None:
        self.run = run
        self.scope = scope
        self.segment = Segment()
        self._seeds = tuple(seed.url for seed in seeds)
        self._seed_targets = [Target(seed.url, seed.host, seed.domain, "a", (), nofollow=False) for seed in seeds]
        self._options = {"scope": scope.options(), **options}
        self.settings_digest = hashlib.sha256(json.dumps(self._options, sort_keys=True).encode()).hexdigest()[:16]
        self._sequence = 0
        self._resources = contextlib.ExitStack()
        self.ledger: Ledger

    def start(self) -> Started:
        """Lock the run, bring the ledger up to date with the log, and enter seeds and options if they are new.

        Raises:
            RunLockedError: another process works on the run.
            StorageError: the data folder cannot be written.
            StateError: the log or the ledger cannot be read.
        """
        self.run.create()
        self._resources.enter_context(self.run.locked())
        try:
            return self._start()
        except BaseException:
            self._resources.close()
            raise

    def _start(self) -> Started:
        notes = [f"quarantined: {problem}" for problem in self._quarantine()]
        notes += [f"quarantined: {path} is in no log" for path in self._set_aside()]
        remove_unlisted(self.run, keep={file.path for file in live_files(self.run.log)})
        self.ledger = Ledger(self.run.ledger)
        self._resources.callback(self.ledger.close)
        self._sequence, last, finished = replay(self.run, self.ledger)
        self.ledger.release()
        resumed = last is not None
        if last is None or self._changed(last):
            notes += self._changes(last)
            self._log_start()
            finished = False
        return Started(finished=finished, resumed=resumed, notes=notes)

    def _quarantine(self) -> list[str]:
        problems = []
        sequence = sum(1 for _ in read(self.run.log))
        for entry, found in broken_entries(self.run):
            sequence += 1
            quarantine(self.run, entry, sequence)
            problems += [f"{problem}; its {len(entry.pages)} pages will be fetched again" for problem in found]
        return problems

    def _set_aside(self) -> list[str]:
        own = [self.run.table(table) for table in TABLES]
        known = {f"run={run.name}" for run in runs(self.run.root)}
        found = []
        for path in foreign_files(self.run.root):
            # Another run's process may be between rename and log entry: its folder is its own to clean.
            elsewhere = path.parent.name in known and path.parent not in own
            if not elsewhere and not (path.parent in own and is_segment(path)):
                found.append(str(set_aside(self.run.root, path)))
        return found

    def _changed(self, last: Entry) -> bool:
        return last.seeds != self._seeds or last.options != self._options

    def _changes(self, last: Entry | None) -> list[str]:
        if last is None:
            return []
        notes = []
        if last.seeds != self._seeds:
            added, gone = set(self._seeds) - set(last.seeds), set(last.seeds) - set(self._seeds)
            notes.append(f"seeds changed: {len(added)} added, {len(gone)} removed; recorded and applied")
        if last.options != self._options:
            notes.append("options changed since the last start; recorded and applied")
        return notes

    def _log_start(self) -> None:
        self._sequence += 1
        entry = Entry(
            sequence=self._sequence,
            kind="start",
            written_at=now(),
            seeds=self._seeds,
            options=self._options,
            settings_digest=self.settings_digest,
        )
        append(self.run.log, entry)
        self.ledger.apply_start(entry.sequence, self.scope, self._seed_targets)

    def record(self, page: Page, links: Links) -> None:
        """Take in one page and its links for the next commit."""
        self.segment.add(page, links)

    def swap(self) -> Segment:
        """Return what was recorded since the last swap and begin anew."""
        segment, self.segment = self.segment, Segment()
        return segment

    def commit(self, segment: Segment) -> list[Host]:
        """Publish *segment* and enter it in the ledger; return the hosts that may have gained pending URLs.

        Raises:
            StorageError: nothing was published; the run can be resumed.
        """
        entry = commit(self.run, self._sequence + 1, segment, self.settings_digest)
        self._sequence = entry.sequence
        hosts = self.ledger.apply_segment(entry.sequence, self.scope, visits(segment))
        reached("ledger-updated")
        return hosts

    def lease(self, host_ids: Iterable[int], per_host: int) -> dict[int, list[Lease]]:
        """Lease the next URLs of some hosts from the ledger."""
        return self.ledger.lease(host_ids, per_host)

    def finish(self, exhausted: Iterable[str], *, run_budget: bool) -> None:
        """Log that nothing is left to do."""
        self._sequence += 1
        entry = Entry(
            sequence=self._sequence,
            kind="finish",
            written_at=now(),
            exhausted=tuple(sorted(exhausted)),
            run_budget=run_budget,
        )
        append(self.run.log, entry)
        self.ledger.apply_finish(entry.sequence, entry.exhausted, run_budget=run_budget)

    def close(self) -> None:
        """Give leases back, close the ledger and let go of the run."""
        with self._resources:
            self.ledger.release()


def visits(segment: Segment) -> Iterator[Visit]:
    """Yield what each page of *segment* means for the frontier."""
    columns = [getattr(segment.links, name) for name in _LINK_FIELDS]
    for page, where in segment.by_page():
        targets = zip(*(column[where] for column in columns), strict=True)
        yield Visit(page.url, page.host, page.domain, page.outcome, page.outcome_reason, page.depth, targets)


def replay(run: Run, ledger: Ledger) -> tuple[int, Entry | None, bool]:
    """Enter what the log holds and the ledger lacks.

    Returns:
        the last number of the log, the last `start` entry, and whether the last entry is a `finish`.
    """
    sequence, start, finished = 0, None, False
    behind = ledger.sequence
    scope = Scope()
    removed = {path for entry in read(run.log) for path in entry.removed}
    for entry in read(run.log):
        sequence, finished = entry.sequence, entry.kind == "finish"
        if entry.kind == "start":
            start, scope = entry, Scope.from_options(entry.options["scope"])
        if entry.sequence > behind:
            _enter(run, ledger, entry, scope, removed)
    if sequence < behind:
        raise StateError(
            f"{ledger.path} is at entry {behind}, {run.log} ends at {sequence}: restore the entries that are "
            "missing, or delete the ledger, which the log rebuilds"
        )
    return sequence, start, finished


def _enter(run: Run, ledger: Ledger, entry: Entry, scope: Scope, removed: set[str]) -> None:
    if entry.kind == "start":
        ledger.apply_start(entry.sequence, scope, [_seed(url) for url in entry.seeds])
    elif entry.kind == "segment":
        lost = any(file.path in removed for file in entry.files)
        ledger.apply_segment(entry.sequence, scope, [] if lost else read_visits(run, entry))
    elif entry.kind == "quarantine":
        ledger.apply_quarantine(entry.sequence, entry.pages)
    else:
        ledger.apply_finish(entry.sequence, entry.exhausted, run_budget=entry.run_budget)


def _seed(url: str) -> Target:
    parts = split(url)
    if parts is None:
        raise AssertionError(url)
    return Target(url, parts.host, parts.domain, "a", (), nofollow=False)


def read_visits(run: Run, entry: Entry) -> Iterator[Visit]:
    """Yield the same visits that `visits` yielded when *entry* was committed, read back from its files."""
    paths = {file.table: run.root / file.path for file in entry.files}
    pages = pq.read_table(paths["pages"], columns=["url", "host", "domain", "outcome", "outcome_reason", "depth"])
    edges = pq.read_table(paths["edges"], columns=["src_url", *_LINK_FIELDS])
    order: dict[str, list[tuple[Any, ...]]] = {url: [] for url in pages.column("url").to_pylist()}
    rows = edges.select(list(_LINK_FIELDS)).to_pydict()
    sources = pc.cast(edges.column("src_url"), "string").to_pylist()
    for source, *values in zip(sources, *(rows[name] for name in _LINK_FIELDS), strict=True):
        order[source].append(tuple(values))
    for page in pages.to_pylist():
        yield Visit(**page_fields(page), targets=order[page["url"]])


def page_fields(page: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a `Visit` that come from a row of the pages table."""
    return {
        "url": page["url"],
        "host": page["host"],
        "domain": page["domain"],
        "outcome": page["outcome"],
        "reason": page["outcome_reason"],
        "depth": page["depth"],
    }


class PlainSession:
    """A run of somebody else's crawl: pages and links are committed, and no frontier is kept."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.segment = Segment()
        self._sequence = 0
        self._resources = contextlib.ExitStack()

    def start(self) -> None:
        """Lock the run and clear what a crash left.

        Raises:
            RunLockedError: another process works on the run.
            StorageError: the data folder cannot be written.
        """
        self.run.create()
        self._resources.enter_context(self.run.locked())
        remove_unlisted(self.run, keep={file.path for file in live_files(self.run.log)})
        self._sequence = sum(1 for _ in read(self.run.log))

    def record(self, page: Page, links: Links) -> None:
        """Take in one page and its links for the next commit."""
        self.segment.add(page, links)

    def commit(self) -> None:
        """Publish what was recorded."""
        segment, self.segment = self.segment, Segment()
        if len(segment):
            self._sequence = commit(self.run, self._sequence + 1, segment, "").sequence

    def close(self) -> None:
        """Publish the rest and let go of the run."""
        try:
            self.commit()
        finally:
            self._resources.close()
