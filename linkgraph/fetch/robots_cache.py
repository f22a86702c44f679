"""Rules of many sites → those of one, from memory, or from a file that outlives the process.

Promises that rules are found by scheme, host and port (RFC 9309 2.3), that memory is bounded by bytes and not by the
number of sites, that the file has no rules whose sitemaps a crash could still take, and that a file that is damaged
costs requests, never a crawl: it is begun anew.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections import OrderedDict, deque
from pathlib import Path

from linkgraph.fetch.robots import MAX_AGE, STALE_AGE, Rules
from linkgraph.fetch.ruleset import Ruleset

logger = logging.getLogger(__name__)

MAX_MEMORY = 128 * 1024 * 1024
"""Bytes of rules in memory: those of about 100,000 real sites, of which the mean is 1 KB."""

_RULES_SIZE = 350
"""Bytes of a `Rules`, its origin and its place in the table, beside the patterns."""

_WAITING = 3
"""Commits until what a robots.txt named is certainly on the disk: one may be under way when it is read, and the
question whether the page is known may wait for the one after; the page is in the third at the latest."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rules (origin TEXT PRIMARY KEY, read_at REAL NOT NULL, refusal TEXT, delay REAL,
    plain TEXT, wild TEXT) WITHOUT ROWID;
"""


class RobotsCache:
    """Rules by origin, least recently used out of memory first."""

    def __init__(self, path: Path | None = None) -> None:
        """Keep rules in memory, and with a *path* in that file too."""
        self._rules: OrderedDict[str, Rules] = OrderedDict()
        self._size = 0
        self._db: sqlite3.Connection | None = None
        self._unsaved = deque[dict[str, Rules]]({} for _ in range(_WAITING))
        """Rules for the file, by how many commits they have waited; those that have waited longest first."""
        if path is not None:
            self._open(path)

    def _open(self, path: Path) -> None:
        for attempt in range(2):
            try:
                self._db = sqlite3.connect(path, isolation_level=None)
                # No fsync: what a power cut takes is asked for again.
                self._db.execute("PRAGMA synchronous = OFF")
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.executescript(_SCHEMA)
                self._db.execute("DELETE FROM rules WHERE read_at < ?", (time.time() - STALE_AGE,))
            except sqlite3.DatabaseError as error:
                self.close()
                logger.warning("%s: %s; robots.txt is asked for again", path, error)
                with contextlib.suppress(OSError):
                    path.unlink()
            else:
                return
            if attempt:
                logger.warning("%s cannot be used; rules are kept in memory only", path)

    def get(self, origin: str, now: float) -> Rules | None:
        """Return the rules of *origin*, or None where there are none or they are too old at *now* (wall clock)."""
        rules = self.latest(origin)
        # Rules of the future are those of a clock that was set back: nobody knows how old they are.
        return rules if rules is not None and rules.read_at <= now < rules.expires else None

    def latest(self, origin: str) -> Rules | None:
        """Return the last rules of *origin* however old they are."""
        rules = self._rules.get(origin)
        if rules is not None:
            self._rules.move_to_end(origin)
        elif (rules := self._stored(origin)) is not None:
            self._remember(origin, rules)
        return rules

    def _stored(self, origin: str) -> Rules | None:
        if self._db is None:
            return None
        try:
            row = self._db.execute(
                "SELECT read_at, refusal, delay, plain, wild FROM rules WHERE origin = ?", (origin,)
            ).fetchone()
        except sqlite3.DatabaseError as error:
            self._give_up(error)
            return None
        if row is None:
            return None
        read_at, refusal, delay, plain, wild = row
        ruleset = None if plain is None else Ruleset(plain, wild)
        common = {"read_at": read_at, "expires": read_at + MAX_AGE, "delay": delay}
        if refusal is not None:
            return Rules(ruleset, reachable=False, why=refusal, **common)
        return Rules(ruleset, reachable=True, **common)

    def put(self, origin: str, rules: Rules) -> None:
        """Remember the rules of *origin*; for the file too, unless they only tell that there are none to be had."""
        self._remember(origin, rules)
        if self._db is not None and (rules.reachable or rules.why == "robots:forbidden"):
            self._unsaved[-1][origin] = rules

    def committed(self, *, everything: bool = False) -> None:
        """Tell of a commit: rules that have waited long enough are written down, or *everything* is."""
        ready = self._unsaved.popleft()
        self._unsaved.append({})
        if everything:
            for waiting in self._unsaved:
                ready |= waiting
                waiting.clear()
        if self._db is None or not ready:
            return
        try:
            rows = (_row(origin, rules) for origin, rules in ready.items())
            self._db.executemany("INSERT OR REPLACE INTO rules VALUES (?, ?, ?, ?, ?, ?)", rows)
        except sqlite3.DatabaseError as error:
            self._give_up(error)

    def _remember(self, origin: str, rules: Rules) -> None:
        self._size += _size(rules) - (_size(self._rules[origin]) if origin in self._rules else 0)
        self._rules[origin] = rules
        self._rules.move_to_end(origin)
        while self._size > MAX_MEMORY:
            self._size -= _size(self._rules.popitem(last=False)[1])

    def _give_up(self, error: Exception) -> None:
        logger.warning("robots.sqlite: %s; rules are kept in memory only", error)
        self.close()

    def close(self) -> None:
        """Close the file; what is in memory stays usable."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.DatabaseError):
                self._db.close()
            self._db = None


def _row(origin: str, rules: Rules) -> tuple[object, ...]:
    plain, wild = (None, None) if rules.ruleset is None else (rules.ruleset.plain, rules.ruleset.wild)
    return origin, rules.read_at, None if rules.reachable else rules.why, rules.delay, plain, wild


def _size(rules: Rules) -> int:
    return _RULES_SIZE + (rules.ruleset.size if rules.ruleset else 0)
