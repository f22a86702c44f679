"""One crawl at work on one run: seeds and log → ledger and frontier; pages and links → commits.

Promises what the invariants say: fetch at least once, publish exactly once. At start it replays every entry newer
than the ledger, so a killed run goes on where its last commit was. `record` and the frontier belong to one thread;
`start`, `commit`, `lease` and `close` to one worker at a time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from linkgraph.edges.dataset import broken_entries, quarantine, set_aside, strangers
from linkgraph.edges.kept import lost_sources, needs_links, with_kept_links
from linkgraph.edges.lineage import Asked, settle
from linkgraph.edges.log import Entry, Summary, append, read, remove_unfinished, summarise
from linkgraph.edges.run import Run
from linkgraph.edges.segment import Segment, commit, now, reached, remove_unlisted
from linkgraph.edges.sightings import revisit_of
from linkgraph.edges.visits import links_of, read_visits, visits
from linkgraph.errors import StateError
from linkgraph.frontier.known import Revisit
from linkgraph.frontier.ledger import Ledger
from linkgraph.frontier.records import Host, Lease
from linkgraph.frontier.scope import Scope, Target
from linkgraph.model import Links, Page
from linkgraph.urls import Url, split


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

    def __init__(
        self,
        run: Run,
        seeds: Sequence[Url],
        scope: Scope,
        options: dict[str, Any],
        *,
        verify_all: bool = False,
        asked: Asked | None = None,
    ) -> None:
        self.run = run
        self.scope = scope
        self.segment = Segment()
        self._seeds = tuple(seed.url for seed in seeds)
        self._seed_targets = [Target(seed.url, seed.host, seed.domain, "a", (), nofollow=False) for seed in seeds]
        self._options = {"scope": scope.options(), **options}
        self._verify_all = verify_all
        self._asked = asked
        self._sequence = 0
        self._resources = contextlib.ExitStack()
        self.ledger: Ledger

    @property
    def settings_digest(self) -> str:
        """Digest of the run's options."""
        return hashlib.sha256(json.dumps(self._options, sort_keys=True).encode()).hexdigest()[:16]

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
        log = summarise(self.run.log)
        notes = [f"quarantined: {problem}" for problem in self._quarantine(log)]
        notes += [
            f"quarantined: {set_aside(self.run.root, path)} is in no log" for path in strangers(self.run, log.live)
        ]
        remove_unlisted(self.run, keep=log.live)
        remove_unfinished(self.run.log)
        self.ledger = Ledger(self.run.ledger)
        self._resources.callback(self.ledger.close)
        replay(self.run, self.ledger, log)
        self._sequence = log.sequence
        self.ledger.release()
        last = log.starts[-1] if log.starts else None
        finished = log.finished
        if (revisit := settle(self.run, self._asked, last)) is not None:
            self._options["revisit"] = revisit
        if last is None or self._changed(last):
            notes += self._changes(last)
            self._log_start()
            finished = False
        if revisit is not None:
            self.ledger.known.lose(lost_sources(self.ledger.known.sources(), self.run.root))
            notes.append(self._due(revisit))
        return Started(finished=finished, resumed=last is not None, notes=notes)

    def _quarantine(self, log: Summary) -> list[str]:
        problems = []
        for entry, found in broken_entries(self.run, log, every=self._verify_all):
            log.add(quarantine(self.run, entry, log.sequence + 1))
            problems += [f"{problem}; its {len(entry.pages)} pages will be fetched again" for problem in found]
        return problems

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

    def _due(self, revisit: dict[str, Any]) -> str:
        seen, due, following = self.ledger.known.counts(revisit["at"])
        note = f"visits again what run {revisit['run']!r} saw: {seen:,} pages, {due:,} of them due"
        if revisit["every"]:
            return f"{note}; due=all visits all"
        if following is None:
            return note
        return f"{note}, the next on {datetime.fromtimestamp(following, UTC):%Y-%m-%d %H:%M} UTC; due=all visits all"

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
        self.ledger.apply_start(entry.sequence, self.scope, self._seed_targets, _revisit(self.run, entry))

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
        segment = self._with_kept_links(segment)
        entry = commit(self.run, self._sequence + 1, segment, self.settings_digest)
        self._sequence = entry.sequence
        hosts = self.ledger.apply_segment(entry.sequence, self.scope, visits(segment))
        reached("ledger-updated")
        return hosts

    def _with_kept_links(self, segment: Segment) -> Segment:
        unchanged = [page for page in segment.pages if needs_links(page)]
        places = {page.url: self.ledger.known.source_of(page.url, page.host) for page in unchanged}
        where = {url: place for url, place in places.items() if place is not None}
        return with_kept_links(self.run.root, segment, where) if where else segment

    def lease(self, host_ids: Iterable[int], per_host: int) -> dict[int, list[Lease]]:
        """Lease the next URLs of some hosts from the ledger."""
        return self.ledger.lease(host_ids, per_host)

    def rejudge(self) -> list[Host]:
        """Under a depth limit, judge anew the links of pages that were found nearer to the seeds after their visit.

        Returns:
            the hosts that may have gained pending URLs.
        """
        if self.scope.depth is None or not self.ledger.has_nearer:
            return []
        self._sequence += 1
        entry = Entry(sequence=self._sequence, kind="nearer", written_at=now())
        append(self.run.log, entry)
        return _apply_nearer(self.run, self.ledger, entry, self.scope)

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


def replay(run: Run, ledger: Ledger, log: Summary) -> None:
    """Enter what the log holds and the ledger lacks.

    Raises:
        StateError: the ledger is ahead of the log.
    """
    behind = ledger.sequence
    if log.sequence < behind:
        raise StateError(
            f"{ledger.path} is at entry {behind}, {run.log} ends at {log.sequence}: restore the entries that are "
            "missing, or delete the ledger, which the log rebuilds"
        )
    scope = Scope()
    for start in log.starts:
        if start.sequence <= behind:
            scope = Scope.from_options(start.options["scope"])
            ledger.since = start.options.get("revisit", {}).get("at", 0.0)
    for entry in read(run.log, behind):
        if entry.kind == "start":
            scope = Scope.from_options(entry.options["scope"])
        _enter(run, ledger, entry, scope, log.removed)


def _enter(run: Run, ledger: Ledger, entry: Entry, scope: Scope, removed: set[str]) -> None:
    if entry.kind == "start":
        ledger.apply_start(entry.sequence, scope, [_seed(url) for url in entry.seeds], _revisit(run, entry))
    elif entry.kind == "segment":
        lost = any(file.path in removed for file in entry.files)
        ledger.apply_segment(entry.sequence, scope, [] if lost else read_visits(run, entry))
    elif entry.kind == "nearer":
        _apply_nearer(run, ledger, entry, scope)
    elif entry.kind == "quarantine":
        ledger.apply_quarantine(entry.sequence, entry.pages)
    else:
        ledger.apply_finish(entry.sequence, entry.exhausted, run_budget=entry.run_budget)


def _apply_nearer(run: Run, ledger: Ledger, entry: Entry, scope: Scope) -> list[Host]:
    return ledger.apply_nearer(entry.sequence, scope, lambda urls: links_of(run, urls, entry.sequence))


def _seed(url: str) -> Target:
    parts = split(url)
    if parts is None:
        raise AssertionError(url)
    return Target(url, parts.host, parts.domain, "a", (), nofollow=False)


def _revisit(run: Run, entry: Entry) -> Revisit | None:
    settled = entry.options.get("revisit")
    return None if settled is None else revisit_of(run.root, settled)


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
        log = summarise(self.run.log)
        remove_unlisted(self.run, keep=log.live)
        self._sequence = log.sequence

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
