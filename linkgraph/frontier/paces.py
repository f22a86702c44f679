"""What hosts asked for: until when each is to be left alone, and how slowly it is asked, over restarts too.

Promises that Retry-After, back-off, breaker and slowdown hold for the time by the wall clock that they were meant for,
whether or not the process lives. Memory and file hold only hosts that asked for something. A damaged file costs what
it knew, never a crawl.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from linkgraph.frontier.pace import BREAKER_TIMES, MAX_RETRY_AFTER, HostPace

logger = logging.getLogger(__name__)

_BORROWED = 1024
"""Hosts asked for another one's robots.txt that are remembered at least."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS paces (host TEXT PRIMARY KEY, written REAL NOT NULL, until REAL NOT NULL,
    slowdown REAL NOT NULL, failures INTEGER NOT NULL, busy INTEGER NOT NULL, opened INTEGER NOT NULL) WITHOUT ROWID;
"""


class Paces:
    """The pace of each host that is not like any other, by name."""

    def __init__(self, path: Path | None = None, now: float = 0.0, wall: Callable[[], float] = time.time) -> None:
        """Begin with what the file at *path* knows; *now* is of the clock that paces, *wall* that of the world."""
        self._known: dict[str, HostPace] = {}
        self._stored: dict[str, tuple[float, ...]] = {}
        self._borrowed: dict[str, float] = {}
        self._wall = wall
        self._path = path
        self._db: sqlite3.Connection | None = None
        if path is not None and path.exists():
            try:
                self._load(now)
            except sqlite3.DatabaseError as error:
                self._give_up(error)
                with contextlib.suppress(OSError):
                    path.unlink()
                self._path = path  # begun anew at the next answer that is worth it

    def _load(self, now: float) -> None:
        moment = self._wall()
        db = self._open()
        if db is None:
            return
        db.execute("DELETE FROM paces WHERE max(until, written) < ?", (moment - MAX_RETRY_AFTER,))
        for host, written, until, slowdown, failures, busy, opened in db.execute("SELECT * FROM paces"):
            # Where the clock was set back nobody knows how much of the time is over: all of it counts.
            left = min(until - max(moment, written), MAX_RETRY_AFTER)
            pace = self._known[host] = HostPace()
            pace.closed_until = now + left if left > 0 else pace.closed_until
            # One more breaker before a host is given up: what failed may have been this machine's network.
            pace.slowdown, pace.failures, pace.busy = slowdown, failures, busy
            pace.opened = min(opened, BREAKER_TIMES - 1)
            self._stored[host] = ()

    def _open(self) -> sqlite3.Connection | None:
        if self._db is None and self._path is not None:
            self._db = sqlite3.connect(self._path, isolation_level=None)
            # No fsync: what a kill leaves is enough; after a power cut the host says it again.
            self._db.execute("PRAGMA synchronous = OFF")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_SCHEMA)
        return self._db

    def get(self, host: str) -> HostPace | None:
        """Return the pace of *host*, or None where nothing is known of it."""
        return self._known.get(host)

    def of(self, host: str) -> HostPace:
        """Return the pace of *host*, a new one where nothing is known of it."""
        return self._known.setdefault(host, HostPace())

    def free_at(self, host: str, now: float) -> float:
        """Return from when on *host*, of which the frontier knows nothing else, may be asked; *now* at the earliest."""
        pace = self._known.get(host)
        return max(now, self._borrowed.get(host, now), now if pace is None else pace.closed_until)

    def borrowed(self, host: str, now: float, until: float) -> None:
        """Tell that *host* was asked for another one's robots.txt and is not to be asked again before *until*."""
        if len(self._borrowed) > _BORROWED:
            self._borrowed = {name: moment for name, moment in self._borrowed.items() if moment > now}
        self._borrowed[host] = until

    def keep(self, host: str, now: float) -> None:
        """Write down what the last answer of *host* led to, if that is to outlive the process."""
        pace = self._known[host]
        plain = pace.closed_until <= now and pace.slowdown == 1 and not pace.opened and not pace.busy
        if plain and host not in self._stored:
            return
        state = (pace.closed_until, pace.slowdown, pace.failures, pace.busy, pace.opened)
        if self._stored.get(host) == state:
            return
        try:
            if (db := self._open()) is None:
                return
            if plain:
                db.execute("DELETE FROM paces WHERE host = ?", (host,))
                del self._stored[host]
                return
            moment = self._wall()
            until = moment + max(pace.closed_until - now, 0.0)
            db.execute("INSERT OR REPLACE INTO paces VALUES (?, ?, ?, ?, ?, ?, ?)", (host, moment, until, *state[1:]))
            self._stored[host] = state
        except sqlite3.DatabaseError as error:
            self._give_up(error)

    def drop_plain(self, host: str, now: float) -> None:
        """Forget *host* if a new pace would do as well."""
        pace = self._known.get(host)
        if pace is not None and pace.is_plain(now):
            del self._known[host]

    def _give_up(self, error: Exception) -> None:
        logger.warning("%s: %s; what hosts ask for is kept in memory only", self._path, error)
        self.close()
        self._path = None

    def close(self) -> None:
        """Close the file; what is in memory stays usable."""
        if self._db is not None:
            with contextlib.suppress(sqlite3.DatabaseError):
                self._db.close()
            self._db = None
