"""URLs that ask to be followed, and pages that came → what each host and pattern may still take.

Promises that the counts lie in the ledger's own transaction and come of the log alone: a rebuild has the same ones.
Memory holds the counts in use. Says which URLs are refused, closed or let in again; the ledger writes it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from linkgraph.frontier.traps import (
    BARREN,
    DUPLICATES,
    EARNED,
    MAX_PARAMETER_SETS,
    REMEMBERED,
    folder_of,
    is_new_text,
    pattern_of,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS budgets (
    host INTEGER NOT NULL, pattern TEXT NOT NULL, used INTEGER NOT NULL, earned INTEGER NOT NULL, row INTEGER NOT NULL,
    seen INTEGER NOT NULL, digest TEXT, texts TEXT NOT NULL, PRIMARY KEY (host, pattern)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parked (
    host INTEGER NOT NULL, pattern TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (host, pattern, id)) WITHOUT ROWID;
"""

_CACHED = 5_000
"""Counts in memory at most: Python looks through all of them for garbage, 51 ms of the event loop at 20,000."""

_MAX_PARKED = 20_000
"""URLs of one pattern that are remembered to be let in later."""

_HOST = ""
"""The pattern of a host's own counts: `used` URLs, and `row` pages in a row without a new domain."""

_DOMAIN = "domain:"
_SETS = "sets:"


class Limits(NamedTuple):
    """What a host, a pattern and a domain may take; 0 for no limit."""

    host_pages: int
    pattern_pages: int
    domain_hosts: int


class Seen(NamedTuple):
    """What a fetched page tells of its pattern."""

    digest: str
    simhash: int | None
    length: int | None


@dataclass(slots=True)
class Count:
    """The counts of one pattern of one host."""

    used: int = 0
    earned: int = 0
    row: int = 0
    """Pages in a row with the same digest; of a host, without a new domain."""
    seen: int = 0
    digest: str | None = None
    texts: tuple[int, ...] = ()
    """Fingerprints of its last texts. Python looks for no garbage in tuples of numbers."""
    dirty: bool = False

    @property
    def closed(self) -> bool:
        """Whether so many pages in a row had the same bytes."""
        return self.row >= DUPLICATES


class Budgets:
    """The counts, in the tables of *db*. Call `flush` before the transaction ends, `forget` where it failed."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._counts: dict[tuple[int, str], Count] = {}

    def refuses(self, limits: Limits, host: int, domain: str, url: str) -> str | None:
        """Return why *url*, new to the frontier, is not let in; None if it is, and then it is counted."""
        own = self._count(host, _HOST)
        if limits.host_pages and own.used >= limits.host_pages:
            return "budget:host"
        hosts = self._count(0, _DOMAIN + domain)
        if own.used == 0 and limits.domain_hosts and hosts.used >= limits.domain_hosts:
            return "trap:hosts"
        pattern = pattern_of(url)
        if reason := self._pattern_refuses(limits, host, url, pattern):
            return reason
        self._use(hosts, int(own.used == 0))
        self._use(own)
        if pattern is not None:
            count = self._count(host, pattern)
            if count.used == 0 and not pattern.endswith("?"):
                self._use(self._count(host, _SETS + pattern.partition("?")[0]))
            self._use(count)
        return None

    def _pattern_refuses(self, limits: Limits, host: int, url: str, pattern: str | None) -> str | None:
        if pattern is None:
            folder = self._count(host, folder_of(url))
            return "trap:duplicate" if folder.closed and folder.row == folder.seen else None
        count = self._count(host, pattern)
        if count.closed:
            return "trap:duplicate"
        if limits.pattern_pages and count.used >= limits.pattern_pages + count.earned:
            return "trap:pattern"
        sets = self._count(host, _SETS + pattern.partition("?")[0])
        if limits.pattern_pages and count.used == 0 and sets.used >= MAX_PARAMETER_SETS and not pattern.endswith("?"):
            return "trap:facets"
        return None

    def give_back(self, host: int) -> None:
        """Tell that a URL that was let in was refused by robots or the guard: it costs its host nothing."""
        own = self._count(host, _HOST)
        if own.used:
            self._use(own, -1)

    def park(self, host: int, url: str, url_id: int) -> None:
        """Remember a URL that was refused with `trap:pattern`, until its pattern has earned more."""
        pattern = pattern_of(url) or ""
        count = self._count(host, f"parked:{pattern}")
        if count.used < _MAX_PARKED:
            self._use(count)
            self._db.execute("INSERT OR IGNORE INTO parked VALUES (?, ?, ?)", (host, pattern, url_id))

    def saw(self, host: int, url: str, seen: Seen) -> tuple[list[int], str | None]:
        """Take in a page that was fetched.

        Returns:
            ids of parked URLs that are let in now, and the pattern that is closed by this page, if it closes one.
        """
        pattern = pattern_of(url)
        count = self._count(host, pattern or folder_of(url))
        was_closed = count.closed
        count.row = count.row + 1 if seen.digest == count.digest else 1
        count.digest = seen.digest
        count.seen += 1
        count.dirty = True
        if pattern is None:
            closes = count.closed and not was_closed and count.row == count.seen
            return [], folder_of(url) if closes else None
        if count.closed:
            return [], None if was_closed else pattern
        if not is_new_text(seen.simhash, seen.length, count.texts):
            return [], None
        count.texts = (*count.texts, seen.simhash or 0)[-REMEMBERED:]
        count.earned += EARNED
        return self._let_in(host, pattern, count), None

    def _let_in(self, host: int, pattern: str, count: Count) -> list[int]:
        parked = self._count(host, f"parked:{pattern}")
        if not parked.used:
            return []
        query = "SELECT id FROM parked WHERE host = ? AND pattern = ? ORDER BY id LIMIT ?"
        found = [row[0] for row in self._db.execute(query, (host, pattern, EARNED))]
        self._db.executemany(
            "DELETE FROM parked WHERE host = ? AND pattern = ? AND id = ?", ((host, pattern, one) for one in found)
        )
        self._use(parked, -len(found))
        self._use(count, len(found))
        self._use(self._count(host, _HOST), len(found))
        return found

    def visited(self, host: int, *, new_domain: bool) -> bool:
        """Tell that a page of *host* was fetched; return whether the host now yields nothing."""
        own = self._count(host, _HOST)
        own.row = 0 if new_domain else own.row + 1
        own.dirty = True
        return own.row >= BARREN

    def is_barren(self, host: int) -> bool:
        """Tell whether the last `BARREN` pages of *host* named no domain that was new."""
        return self._count(host, _HOST).row >= BARREN

    def _use(self, count: Count, by: int = 1) -> None:
        count.used += by
        count.dirty = True

    def _count(self, host: int, pattern: str) -> Count:
        key = (host, pattern)
        if (known := self._counts.get(key)) is not None:
            return known
        query = "SELECT used, earned, row, seen, digest, texts FROM budgets WHERE host = ? AND pattern = ?"
        row = self._db.execute(query, key).fetchone()
        if row is None:
            count = Count()
        else:
            used, earned, alike, seen, digest, texts = row
            count = Count(used, earned, alike, seen, digest, tuple(json.loads(texts)))
        self._counts[key] = count
        return count

    def flush(self) -> None:
        """Write what has changed."""
        self._db.executemany("REPLACE INTO budgets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", self._changed())
        if len(self._counts) > _CACHED:
            self._counts.clear()

    def _changed(self) -> Iterator[tuple[int, str, int, int, int, int, str | None, str]]:
        for (host, pattern), count in self._counts.items():
            if count.dirty:
                count.dirty = False
                texts = json.dumps(count.texts)
                yield host, pattern, count.used, count.earned, count.row, count.seen, count.digest, texts

    def forget(self) -> None:
        """Drop what is in memory: the transaction was rolled back."""
        self._counts.clear()
