"""Log entries → the state of every URL ever seen, in SQLite.

Promises that the ledger is a cache of fold(seeds, log): `apply_*` gives the same rows for the same entries, each
entry counts once, and a transaction is durable when it returns. Memory does not grow with the number of URLs.
Refuses nothing: a URL that is never fetched ends as excluded, with its reason.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from linkgraph.errors import StateError, StorageError
from linkgraph.frontier.known import NOT_DUE, Known, Revisit
from linkgraph.frontier.records import Host, Lease, LinksOf, Visit
from linkgraph.frontier.scope import MAX_REDIRECTS, SAME_DEPTH_KINDS, Scope, Target, one_host
from linkgraph.frontier.sql import ADD, DONE, EXCLUDED, FAILED, LEASED, NEXT, PENDING, SCHEMA, STATES

K = TypeVar("K")

_STATE_OF_OUTCOME = {"fetched": DONE, "not-modified": DONE, "redirected": DONE, "failed": FAILED}
_SQLITE_CACHE_KIB = 65536
_RECENT = 100_000
"""URLs remembered in memory (twice this at most): links of menus and footers repeat on every page of a site."""

_DISK_ERRORS = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}
_REMEDY = "free space or make it writable, then run the same command again"

_NEVER = 1 << 30
"""A depth below which every URL lies that is not in memory."""


class Ledger:
    """The state of every URL of one run. Not thread-safe: one thread works on it at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create the ledger at *path*.

        Raises:
            StateError: the file is no ledger; delete it and it is rebuilt from the log.
            StorageError: the disk refused.
        """
        self.path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute(f"PRAGMA cache_size = -{_SQLITE_CACHE_KIB}")
            self._db.execute("PRAGMA temp_store = MEMORY")
            self._db.executescript(SCHEMA)
            self.known = Known(self._db)
            """What earlier runs saw of the URLs."""
            self.since = 0.0
            """When a run that visits pages again began, in seconds since 1970: URLs that it finds are due then."""
            waiting = f"SELECT count(*) FROM urls WHERE state = {PENDING}"
            self.pending = int(self._db.execute(waiting).fetchone()[0])
            """About how many URLs wait; exact when the ledger is opened."""
        except sqlite3.DatabaseError as error:
            if (error.sqlite_errorcode & 0xFF) in _DISK_ERRORS:
                raise StorageError(f"{path}: {error}; {_REMEDY}") from error
            raise StateError(f"{path} is no ledger ({error}); delete it, the log rebuilds it") from error
        self._hosts: dict[str, int] = {}
        self._recent: dict[str, int] = {}
        self._excluded: dict[tuple[str, str], int] = {}
        self._touched: dict[int, Host] = {}

    def close(self) -> None:
        """Checkpoint the write-ahead log and close the file."""
        self._db.close()

    @property
    def sequence(self) -> int:
        """Number of the last log entry that is in the ledger; 0 for none."""
        row = self._db.execute("SELECT max(sequence) FROM applied").fetchone()
        return row[0] or 0

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._forget()
            if isinstance(error, sqlite3.OperationalError):
                raise StorageError(f"{self.path}: {error}; {_REMEDY}") from error
            if isinstance(error, sqlite3.DatabaseError):
                raise StateError(f"{self.path} is damaged ({error}); delete it, the log rebuilds it") from error
            raise

    def _forget(self) -> None:
        # After a rollback the caches may name rows that are gone.
        for cache in (self._hosts, self._recent, self._excluded):
            cache.clear()

    def apply_start(self, sequence: int, scope: Scope, seeds: Iterable[Target], revisit: Revisit | None = None) -> None:
        """Enter the seeds at depth 0 and let a changed scope decide anew on what it had decided before.

        With *revisit* everything that earlier runs saw is entered too, in the order in which it is due.
        """
        with self._transaction():
            if revisit is not None:
                self.since = revisit.at
                self.known.enter(revisit, self._host_id)
            self._rescope(scope)
            if revisit is not None and not revisit.every:
                self.known.leave_out(revisit.at)
            for seed in seeds:
                self._add(seed, PENDING, None, depth=0, hops=0, parent=None)
            self._mark(sequence)
        self._forget()

    def _rescope(self, scope: Scope) -> None:
        lifted = f"'scope:domain', 'scope:depth', 'budget:domain', 'budget:run', '{NOT_DUE}'"
        if scope.follow_nofollow:
            lifted += ", 'scope:nofollow'"
        self._db.execute(
            f"UPDATE urls SET state = {PENDING}, reason = NULL WHERE state = {EXCLUDED} AND reason IN ({lifted})"
        )
        narrow = f"UPDATE urls SET state = {EXCLUDED}, reason = ? WHERE state = {PENDING} AND "
        self._db.execute(narrow + "hops > ?", ("redirect:limit", MAX_REDIRECTS))
        if scope.depth is not None:
            self._db.execute(narrow + "depth > ?", ("scope:depth", scope.depth))
        if scope.follow == "seeds":
            marks = ", ".join("?" * len(scope.domains))
            outside = f"host NOT IN (SELECT id FROM hosts WHERE domain IN ({marks}))"
            self._db.execute(narrow + outside, ("scope:domain", *sorted(scope.domains)))

    def apply_segment(self, sequence: int, scope: Scope, visits: Iterable[Visit]) -> list[Host]:
        """Enter what committed pages link to and mark them; return the hosts that may have gained pending URLs."""
        self._touched.clear()
        with self._transaction():
            for visit in visits:
                self._apply_visit(scope, visit)
            self._mark(sequence)
        return list(self._touched.values())

    def _apply_visit(self, scope: Scope, visit: Visit) -> None:
        self._judge(scope, *self._visited(visit), visit.targets)

    def _judge(self, scope: Scope, page_id: int, depth: int, hops: int, targets: Iterable[tuple[Any, ...]]) -> None:
        recent, excluded = self._recent, self._excluded
        for row in targets:
            url, same_depth = row[0], row[3] in SAME_DEPTH_KINDS
            at = depth if same_depth else depth + 1
            if recent.get(url, _NEVER) <= at:
                continue
            target, after = Target(*row), hops + 1 if same_depth else 0
            reason = scope.refuses(target, at, after)
            if reason is None:
                self._add(target, PENDING, None, depth=at, hops=after, parent=page_id)
            elif excluded.get((url, reason), _NEVER) > at:
                self._add(target, EXCLUDED, reason, depth=at, hops=after, parent=page_id)

    def _visited(self, visit: Visit) -> tuple[int, int, int]:
        state = _STATE_OF_OUTCOME.get(visit.outcome, EXCLUDED)
        host = self._host_id(visit.host, visit.domain)
        row = self._db.execute(
            "UPDATE urls SET state = ?, reason = ? WHERE host = ? AND url = ? RETURNING id, depth, hops",
            (state, visit.reason, host, visit.url),
        ).fetchone()
        self.pending = max(0, self.pending - 1)
        if row is not None:
            self._db.execute("DELETE FROM leased WHERE id = ?", row[:1])
        if row is None:
            # A page that nobody linked to, such as a robots.txt that names sitemaps.
            row = self._db.execute(
                "INSERT INTO urls (host, url, state, reason, depth, hops) VALUES (?, ?, ?, ?, ?, 0) "
                "RETURNING id, depth, hops",
                (host, visit.url, state, visit.reason, visit.depth),
            ).fetchone()
        return row[0], row[1], row[2]

    def _add(
        self, target: Target, state: int, reason: str | None, *, depth: int, hops: int, parent: int | None
    ) -> None:
        if reason is None:
            _remember(self._recent, target.url, depth)
        else:
            _remember(self._excluded, (target.url, reason), depth)
        host = self._host_id(target.host, target.domain)
        changed = self._db.execute(ADD, (host, target.url, state, reason, depth, hops, parent, self.since)).rowcount
        if changed and state == PENDING:
            self.pending += 1
            self._touched[host] = Host(host, one_host(target.host), target.domain)

    def _host_id(self, host: str, domain: str) -> int:
        host = one_host(host)
        if (known := self._hosts.get(host)) is not None:
            return known
        if len(self._hosts) >= _RECENT:
            self._hosts.clear()
        row = self._db.execute("SELECT id FROM hosts WHERE host = ?", (host,)).fetchone()
        if row is None:
            row = self._db.execute(
                "INSERT INTO hosts (host, domain) VALUES (?, ?) RETURNING id", (host, domain)
            ).fetchone()
        found: int = row[0]
        self._hosts[host] = found
        return found

    def apply_quarantine(self, sequence: int, urls: Iterable[tuple[str, str]]) -> None:
        """Make pages of quarantined files pending again; *urls* are pairs of URL and host."""
        with self._transaction():
            self._db.executemany(
                f"UPDATE urls SET state = {PENDING}, reason = NULL WHERE url = ? AND host = "
                "(SELECT id FROM hosts WHERE host = ?)",
                ((url, one_host(host)) for url, host in urls),
            )
            self._mark(sequence)

    def apply_nearer(self, sequence: int, scope: Scope, links_of: LinksOf) -> list[Host]:
        """Judge anew, under a depth limit, the links of pages that were found nearer to the seeds after their visit.

        Args:
            sequence: of the entry that says so.
            scope: with the limit.
            links_of: yields the links of each page of a set of URLs.

        Returns:
            the hosts that may have gained pending URLs.
        """
        self._touched.clear()
        with self._transaction():
            while pages := self._take_nearer():
                for url, targets in links_of(pages.keys()):
                    self._judge(scope, *pages[url], targets)
            self._mark(sequence)
        return list(self._touched.values())

    def _take_nearer(self) -> dict[str, tuple[int, int, int]]:
        found = self._db.execute("SELECT url, id, depth, hops FROM nearer JOIN urls USING (id) ORDER BY id").fetchall()
        self._db.execute("DELETE FROM nearer")
        return {url: tuple(row) for url, *row in found}

    @property
    def has_nearer(self) -> bool:
        """Whether a page was found nearer to the seeds after it was visited."""
        return self._db.execute("SELECT 1 FROM nearer LIMIT 1").fetchone() is not None

    def apply_finish(self, sequence: int, exhausted: Iterable[str], *, run_budget: bool) -> None:
        """Exclude what is still pending: of *exhausted* domains, and with *run_budget* of all."""
        exclude = f"UPDATE urls SET state = {EXCLUDED}, reason = ? WHERE state = {PENDING}"
        with self._transaction():
            for domain in exhausted:
                of_domain = " AND host IN (SELECT id FROM hosts WHERE domain = ?)"
                self._db.execute(exclude + of_domain, ("budget:domain", domain))
            if run_budget:
                self._db.execute(exclude, ("budget:run",))
            self._mark(sequence)

    def _mark(self, sequence: int) -> None:
        self._db.execute("DELETE FROM applied")
        self._db.execute("INSERT INTO applied VALUES (?)", (sequence,))

    def lease(self, host_ids: Iterable[int], per_host: int) -> dict[int, list[Lease]]:
        """Return up to *per_host* pending URLs of each host and hold them as leased.

        The longest due come first, and of those the shallowest and oldest. A lease lives in memory only: it ends with
        the commit of its page, with `release`, or with the process. On disk it would cost a write a URL, and the next
        start would have to undo it.
        """
        leases: dict[int, list[Lease]] = {host_id: [] for host_id in host_ids}
        rows = self._db.execute(NEXT, (json.dumps(list(leases)), per_host)).fetchall()
        for row in rows:
            leases[row[2]].append(Lease(*row))
        for found in leases.values():
            found.sort(key=attrgetter("due", "depth", "id"))
        self._db.executemany("INSERT INTO leased VALUES (?)", (row[:1] for row in rows))
        return leases

    def release(self, lease_ids: Iterable[int] | None = None) -> None:
        """End leases, so that their URLs can be leased again: those named, or all."""
        if lease_ids is None:
            self._db.execute("DELETE FROM leased")
        else:
            self._db.executemany("DELETE FROM leased WHERE id = ?", ((one,) for one in lease_ids))

    def pending_hosts(self) -> Iterator[Host]:
        """Yield every host that has a pending URL, by the order in which the hosts were seen."""
        query = (
            "SELECT id, host, domain FROM hosts WHERE EXISTS "
            f"(SELECT 1 FROM urls WHERE urls.host = hosts.id AND state = {PENDING})"
        )
        for row in self._db.execute(query):
            yield Host(*row)

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


def _remember(cache: dict[K, int], key: K, depth: int) -> None:
    if len(cache) >= _RECENT:
        cache.clear()
    cache[key] = depth


def state_of(outcome: str) -> str:
    """Return the frontier's state for a page's outcome."""
    return STATES[_STATE_OF_OUTCOME.get(outcome, EXCLUDED)]
