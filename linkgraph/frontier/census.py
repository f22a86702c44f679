"""The ledger's tables → what stands in them: how many URLs in each state, which hosts wait, and every row.

Promises answers of one moment; writes nothing. Refuses a file that is no ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from linkgraph.errors import StateError, StorageError
from linkgraph.frontier.budgets import SCHEMA as BUDGETS
from linkgraph.frontier.records import Host
from linkgraph.frontier.scope import one_host
from linkgraph.frontier.sql import DONE, EXCLUDED, FAILED, LEASED, PENDING, SCHEMA, STATES
from linkgraph.frontier.traps import BARREN

_SQLITE_CACHE_KIB = 16384
"""The system keeps the rest of the file while there is room. With four times as much, 67,000 pages and their 1.8
million links are entered no faster, and memory grows for an hour."""
_DISK_ERRORS = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
REMEDY = "free space or make it writable, then run the same command again"


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Say in words why the ledger at *path* cannot be opened; raises what `Census` does."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if (error.sqlite_errorcode & 0xFF) in _DISK_ERRORS:
            raise StorageError(f"{path}: {error}; {REMEDY}") from error
        raise StateError(f"{path} is no ledger ({error}); delete it, the log rebuilds it") from error


class Census:
    """An open ledger, to be read."""

    def __init__(self, path: Path) -> None:
        """Open or create the ledger at *path*.

        Raises:
            StateError: the file is no ledger; delete it and it is rebuilt from the log.
            StorageError: the disk refused.
        """
        self.path = path
        with opening(path):
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(f"PRAGMA cache_size = -{_SQLITE_CACHE_KIB}")
            self._db.execute("PRAGMA temp_store = MEMORY")
            self._db.executescript(SCHEMA)
            self._db.executescript(BUDGETS)
            waiting = f"SELECT count(*) FROM urls WHERE state = {PENDING}"
            self.pending = int(self._db.execute(waiting).fetchone()[0])
            """About how many URLs wait; exact when the ledger is opened."""

    def close(self) -> None:
        """Checkpoint the write-ahead log and close the file."""
        self._db.close()

    @property
    def sequence(self) -> int:
        """Number of the last log entry that is in the ledger; 0 for none."""
        row = self._db.execute("SELECT max(sequence) FROM applied").fetchone()
        return row[0] or 0

    def pending_hosts(self) -> Iterator[Host]:
        """Yield every host that has a pending URL, by the order in which the hosts were seen."""
        query = (
            "SELECT id, hosts.host, domain, coalesce(row, 0) FROM hosts "
            "LEFT JOIN budgets ON budgets.host = hosts.id AND pattern = '' WHERE EXISTS "
            f"(SELECT 1 FROM urls WHERE urls.host = hosts.id AND state = {PENDING})"
        )
        for host_id, host, domain, row in self._db.execute(query):
            yield Host(host_id, host, domain, barren=row >= BARREN)

    def counts(self) -> dict[str, int]:
        """Return how many URLs are in each state."""
        found = dict(self._db.execute("SELECT state, count(*) FROM urls GROUP BY state"))
        leased = f"SELECT count(*) FROM leased JOIN urls USING (id) WHERE state = {PENDING}"
        found[LEASED] = self._db.execute(leased).fetchone()[0]
        found[PENDING] = found.get(PENDING, 0) - found[LEASED]
        return {name: found.get(number, 0) for number, name in enumerate(STATES)}

    def visits_by_domain(self) -> dict[str, int]:
        """Return how many pages of each domain were fetched or tried, for the budgets; robots.txt costs none."""
        return dict(
            self._db.execute(
                "SELECT domain, sum(pages) FROM (SELECT host, count(*) AS pages FROM urls INDEXED BY visited "
                f"WHERE state IN ({DONE}, {FAILED}) AND substr(url, -11) <> '/robots.txt' GROUP BY host) AS counted "
                "JOIN hosts ON hosts.id = counted.host GROUP BY domain"
            )
        )

    def is_known(self, url: str, host: str) -> bool:
        """Tell whether a page of this URL is committed or is going to be fetched."""
        row = self._db.execute(
            "SELECT state FROM urls WHERE url = ? AND host = (SELECT id FROM hosts WHERE host = ?)",
            (url, one_host(host)),
        ).fetchone()
        return row is not None and row[0] != EXCLUDED

    def visited(self) -> Iterator[tuple[str, str]]:
        """Yield (URL, state) of every page that a log entry must hold: done and failed ones."""
        for url, state in self._db.execute(f"SELECT url, state FROM urls WHERE state IN ({DONE}, {FAILED})"):
            yield url, STATES[state]

    def rows(self) -> Iterator[tuple[object, ...]]:
        """Yield every URL as (host, url, state, reason, depth, hops, parent URL), by id: what a rebuild must equal."""
        yield from self._db.execute(
            "SELECT h.host, u.url, u.state, u.reason, u.depth, u.hops, p.url FROM urls u JOIN hosts h ON h.id = u.host "
            "LEFT JOIN urls p ON p.id = u.parent ORDER BY u.id"
        )
