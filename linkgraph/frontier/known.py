"""What earlier runs saw → pending URLs in the ledger, each with when it is due and what a conditional request needs.

Promises one pass over the sightings, oldest first, with memory that does not grow with them; and the same rows for the
same sightings.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from linkgraph.frontier.revisit import History, RevisitRule, Sighting, after, due_at
from linkgraph.frontier.scope import one_host
from linkgraph.frontier.sql import EXCLUDED, PENDING
from linkgraph.model import is_conclusive
from linkgraph.urls import split

NOT_DUE = "revisit:not-due"

HostId = Callable[[str, str], int]

SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (id INTEGER PRIMARY KEY, pages TEXT NOT NULL, edges TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS earlier (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL, etag TEXT, last_modified TEXT, outcome TEXT NOT NULL,
    status INTEGER, mark TEXT, simhash INTEGER, links INTEGER NOT NULL, seen_at REAL NOT NULL,
    visits INTEGER NOT NULL, changes INTEGER NOT NULL, watched REAL NOT NULL);
"""

_BEFORE = """
SELECT u.id, e.outcome, e.status, e.mark, e.simhash, e.links, e.etag, e.last_modified, e.source,
    e.seen_at, e.visits, e.changes, e.watched
FROM urls AS u LEFT JOIN earlier AS e ON e.id = u.id WHERE u.host = ? AND u.url = ?
"""


class Source(NamedTuple):
    """The two files of a commit of an earlier run, relative to the data folder."""

    pages: str
    edges: str


@dataclass(frozen=True, slots=True)
class Revisit:
    """What a run that visits pages again needs to begin."""

    at: float
    """Seconds since 1970: when the run began. New URLs are due then."""
    every: bool
    """Whether also to visit what is not due."""
    rule: RevisitRule
    sources: Mapping[int, Source]
    sightings: Iterable[Sighting]
    """Of all earlier runs, oldest first."""


class Known:
    """The part of a ledger that knows earlier runs."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        self._db.executescript(SCHEMA)

    def enter(self, revisit: Revisit, host_id: HostId) -> None:
        """Enter every page that was seen, as pending; one that is in the ledger already keeps its state.

        Args:
            revisit: what was seen.
            host_id: returns the id of a host, given its name and its domain.
        """
        self._db.execute("DELETE FROM earlier")
        self._db.execute("DELETE FROM sources")
        self._db.executemany("INSERT INTO sources VALUES (?, ?, ?)", ((n, *s) for n, s in revisit.sources.items()))
        for sighting in revisit.sightings:
            self._see(sighting, host_id)
        self._db.create_function("due_at", 4, lambda *row: due_at(History(*row), revisit.rule), deterministic=True)
        due = "coalesce((SELECT due_at(seen_at, visits, changes, watched) FROM earlier WHERE earlier.id = urls.id), ?)"
        self._db.execute(f"UPDATE urls SET due = {due}", (revisit.at,))

    def _see(self, now: Sighting, host_id: HostId) -> None:
        host = host_id(now.host, now.domain)
        row = self._db.execute(_BEFORE, (host, now.url)).fetchone()
        if row is None:
            row = (self._add(now, host, host_id), None)
        if not is_conclusive(now.outcome, now.status):
            return
        before, history = (None, None) if row[1] is None else _from_row(now, row)
        seen = after(history, before, now)
        if seen is not None:
            self._remember(row[0], now, seen)

    def _remember(self, page: int, now: Sighting, seen: History) -> None:
        row = (now.source, now.etag, now.last_modified, now.outcome, now.status, now.mark, now.simhash, now.links)
        marks = ", ".join("?" * (1 + len(row) + len(seen)))
        self._db.execute(f"INSERT OR REPLACE INTO earlier VALUES ({marks})", (page, *row, *seen))

    def _add(self, now: Sighting, host: int, host_id: HostId) -> int:
        parent = None
        if now.discovered_from is not None and (parts := split(now.discovered_from)) is not None:
            found = self._db.execute(
                "SELECT id FROM urls WHERE host = ? AND url = ?", (host_id(parts.host, parts.domain), parts.url)
            ).fetchone()
            parent = found and found[0]
        added: int = self._db.execute(
            f"INSERT INTO urls (host, url, state, depth, hops, parent) VALUES (?, ?, {PENDING}, ?, 0, ?) RETURNING id",
            (host, now.url, now.depth, parent),
        ).fetchone()[0]
        return added

    def leave_out(self, at: float) -> None:
        """Exclude what is pending and not due at *at*."""
        self._db.execute(
            f"UPDATE urls SET state = {EXCLUDED}, reason = '{NOT_DUE}' WHERE state = {PENDING} AND due > ?", (at,)
        )

    def sources(self) -> Iterator[tuple[int, Source]]:
        """Yield where earlier rows and links lie, by number."""
        for number, pages, edges in self._db.execute("SELECT id, pages, edges FROM sources").fetchall():
            yield number, Source(pages, edges)

    def lose(self, numbers: Iterable[int]) -> None:
        """Ask without condition for the pages of these sources: their links cannot be kept."""
        self._db.executemany(
            "UPDATE earlier SET etag = NULL, last_modified = NULL WHERE source = ?", ((one,) for one in numbers)
        )

    def source_of(self, url: str, host: str) -> Source | None:
        """Return where the last row of a page, and its links, lie; None for a page that no earlier run saw."""
        row = self._db.execute(
            "SELECT s.pages, s.edges FROM urls AS u JOIN earlier AS e ON e.id = u.id JOIN sources AS s "
            "ON s.id = e.source WHERE u.url = ? AND u.host = (SELECT id FROM hosts WHERE host = ?)",
            (url, one_host(host)),
        ).fetchone()
        return None if row is None else Source(*row)

    def counts(self, at: float) -> tuple[int, int, float | None]:
        """Return how many pages earlier runs saw, how many of them are due at *at*, and when the next is due."""
        query = (
            "SELECT count(*), coalesce(sum(due <= ?), 0), min(CASE WHEN due > ? THEN due END) FROM urls "
            "WHERE id IN (SELECT id FROM earlier)"
        )
        row: tuple[int, int, float | None] = self._db.execute(query, (at, at)).fetchone()
        return row


def _from_row(now: Sighting, row: tuple[Any, ...]) -> tuple[Sighting, History]:
    _, outcome, status, mark, simhash, links, etag, last_modified, source, *history = row
    seen = History(*history)
    before = now._replace(
        outcome=outcome, status=status, mark=mark, simhash=simhash, links=links, etag=etag,
        last_modified=last_modified, source=source, seen_at=seen.seen_at,
    )  # fmt: skip
    return before, seen
