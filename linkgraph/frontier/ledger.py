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
from typing import Any

from linkgraph.errors import StateError, StorageError
from linkgraph.frontier.budgets import Budgets, Limits, Seen
from linkgraph.frontier.census import REMEDY, Census, opening
from linkgraph.frontier.known import NOT_DUE, Known, Revisit
from linkgraph.frontier.recent import Recent
from linkgraph.frontier.records import Host, Lease, LinksOf, Visit
from linkgraph.frontier.scope import LINK_REASONS, MAX_REDIRECTS, RUN_REASONS, SAME_DEPTH_KINDS, Scope, Target, one_host
from linkgraph.frontier.sql import ADD, DONE, EXCLUDED, FAILED, NEXT, PENDING, STATES
from linkgraph.frontier.traps import folder_of, pattern_of, without_session

_STATE_OF_OUTCOME = {"fetched": DONE, "not-modified": DONE, "redirected": DONE, "failed": FAILED}
_RECENT = 32_768
"""URLs remembered in memory, and as many that are left out: links of menus and footers repeat on every page of a site.
Among 1.7 million links of 90 sites and 24 hostile ones 9.4 % of those within a site are looked up, with three times as
many remembered 7.6 %."""

_LIFTED_BY_LINKS = frozenset({*LINK_REASONS, *RUN_REASONS})
_NO_LIMITS = Limits(0, 0, 0)

_NEVER = 1 << 30
"""A depth below which every URL lies that is not in memory."""


class Ledger(Census):
    """The state of every URL of one run. Not thread-safe: one thread works on it at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create the ledger at *path*.

        Raises:
            StateError: the file is no ledger; delete it and it is rebuilt from the log.
            StorageError: the disk refused.
        """
        super().__init__(path)
        with opening(path):
            self._budgets = Budgets(self._db)
            self.known = Known(self._db)
        """What earlier runs saw of the URLs."""
        self.since = 0.0
        """When a run that visits pages again began, in seconds since 1970: URLs that it finds are due then."""
        self._hosts: Recent[str] = Recent(_RECENT // 2, 0)
        self._recent: Recent[str] = Recent(_RECENT, _NEVER)
        """Depths of URLs that were let in, or met a budget: found no nearer to the seeds, they stay as they are."""
        self._judged: Recent[tuple[Any, ...]] = Recent(_RECENT, _NEVER)
        """Depths of links, by the fields of their `Target`: what was said of one holds from there on."""
        self._scope: Scope | None = None
        """By which they were judged."""
        self._touched: dict[int, Host] = {}
        self._new_domain = False

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._budgets.flush()
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._forget()
            if isinstance(error, sqlite3.OperationalError):
                raise StorageError(f"{self.path}: {error}; {REMEDY}") from error
            if isinstance(error, sqlite3.DatabaseError):
                raise StateError(f"{self.path} is damaged ({error}); delete it, the log rebuilds it") from error
            raise

    def _forget(self) -> None:
        # After a rollback the caches may name rows that are gone.
        for cache in (self._hosts, self._recent, self._judged):
            cache.clear()
        self._budgets.forget()

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
            self._readmit(scope.limits)
            for seed in seeds:
                self._follow(_NO_LIMITS, seed, depth=0, hops=0, parent=None)
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

    def _readmit(self, limits: Limits) -> None:
        """Ask again, under limits that may have changed, about what they had kept out."""
        kept_out = "'trap:pattern', 'trap:facets', 'trap:hosts', 'budget:host'"
        rows = self._db.execute(
            "SELECT urls.id, urls.host, domain, url FROM urls JOIN hosts ON hosts.id = urls.host "
            f"WHERE state = {EXCLUDED} AND reason IN ({kept_out}) ORDER BY urls.id"
        ).fetchall()
        for url_id, host, domain, url in rows:
            if self._budgets.refuses(limits, host, domain, url) is None:
                self._let_in([url_id])

    def _let_in(self, ids: Iterable[int]) -> None:
        lift = f"UPDATE urls SET state = {PENDING}, reason = NULL WHERE id = ? AND state = {EXCLUDED}"
        for url_id in ids:
            self.pending += self._db.execute(lift, (url_id,)).rowcount

    def apply_segment(self, sequence: int, scope: Scope, visits: Iterable[Visit]) -> list[Host]:
        """Enter what committed pages link to and mark them; return the hosts that may have gained pending URLs.

        An entry that is in the ledger already changes nothing: judged again, its pages would know shorter ways.
        """
        self._touched.clear()
        if sequence <= self.sequence:
            return []
        with self._transaction():
            for visit in visits:
                self._apply_visit(scope, visit)
            self._mark(sequence)
        return [host._replace(barren=self._budgets.is_barren(host.id)) for host in self._touched.values()]

    def _apply_visit(self, scope: Scope, visit: Visit) -> None:
        self._new_domain = False
        self._judge(scope, *self._visited(visit), visit.targets)
        if visit.seen is not None:
            self._learn(visit, visit.seen)

    def _judge(self, scope: Scope, page_id: int, depth: int, hops: int, targets: Iterable[tuple[Any, ...]]) -> None:
        recent, judged = self._recent, self._judged
        if scope is not self._scope:
            judged.clear()
            self._scope = scope
        for row in targets:
            same_depth = row[3] in SAME_DEPTH_KINDS
            at = depth if same_depth else depth + 1
            if judged[row] <= at or recent[row[0]] <= at:
                continue
            if same_depth:
                self._enter(scope, Target(*row), at, hops + 1, page_id)
                continue
            judged.put(row, at)
            target = Target(*row)
            # A redirect may lead to the only address that the server answers at: its session is kept.
            if (plain := without_session(target.url)) != target.url:
                target = target._replace(url=plain)
            self._enter(scope, target, at, 0, page_id)

    def _enter(self, scope: Scope, target: Target, depth: int, hops: int, parent: int) -> None:
        reason = scope.refuses(target, depth, hops)
        if reason is None:
            self._follow(scope.limits, target, depth=depth, hops=hops, parent=parent)
        else:
            self._add(target, EXCLUDED, reason, depth=depth, hops=hops, parent=parent)

    def _follow(self, limits: Limits, target: Target, *, depth: int, hops: int, parent: int | None) -> None:
        """Let *target* in, unless its host or pattern has used its budget."""
        host = self._host_id(target.host, target.domain)
        known = self._db.execute(
            "SELECT state, reason FROM urls WHERE host = ? AND url = ?", (host, target.url)
        ).fetchone()
        is_new = known is None or (known[0] == EXCLUDED and known[1] in _LIFTED_BY_LINKS)
        reason = self._budgets.refuses(limits, host, target.domain, target.url) if is_new else None
        if reason is None:
            self._add(target, PENDING, None, depth=depth, hops=hops, parent=parent)
            return
        self._add(target, EXCLUDED, reason, depth=depth, hops=hops, parent=parent)
        self._recent.put(target.url, depth)
        if reason == "trap:pattern":
            found = self._db.execute("SELECT id FROM urls WHERE host = ? AND url = ?", (host, target.url)).fetchone()
            self._budgets.park(host, target.url, found[0])

    def _learn(self, visit: Visit, seen: Seen) -> None:
        """Let in what the page has earned its pattern, or close the pattern that it has ended."""
        host = self._host_id(visit.host, visit.domain)
        self._budgets.visited(host, new_domain=self._new_domain)
        let_in, closed = self._budgets.saw(host, visit.url, seen)
        if let_in:
            self._let_in(let_in)
            self._touched[host] = Host(host, one_host(visit.host), visit.domain)
        if closed is not None:
            # What the user named, and no page, has no parent: it is asked for whatever its like turned out to be.
            query = f"SELECT id, url FROM urls WHERE host = ? AND state = {PENDING} AND parent IS NOT NULL"
            ids = [
                one for one, url in self._db.execute(query, (host,)) if (pattern_of(url) or folder_of(url)) == closed
            ]
            exclude = f"UPDATE urls SET state = {EXCLUDED}, reason = 'trap:duplicate' WHERE id = ?"
            self._db.executemany(exclude, ((one,) for one in ids))
            self.pending = max(0, self.pending - len(ids))

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
            if state == EXCLUDED:
                self._budgets.give_back(host)
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
            self._recent.put(target.url, depth)
        host = self._host_id(target.host, target.domain)
        changed = self._db.execute(ADD, (host, target.url, state, reason, depth, hops, parent, self.since)).rowcount
        if changed and state == PENDING:
            self.pending += 1
            self._touched[host] = Host(host, one_host(target.host), target.domain)

    def _host_id(self, host: str, domain: str) -> int:
        host = one_host(host)
        if known := self._hosts[host]:
            return known
        row = self._db.execute("SELECT id FROM hosts WHERE host = ?", (host,)).fetchone()
        if row is None:
            if self._db.execute("SELECT 1 FROM hosts WHERE domain = ? LIMIT 1", (domain,)).fetchone() is None:
                self._new_domain = True
            row = self._db.execute(
                "INSERT INTO hosts (host, domain) VALUES (?, ?) RETURNING id", (host, domain)
            ).fetchone()
        found: int = row[0]
        self._hosts.put(host, found)
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


def state_of(outcome: str) -> str:
    """Return the frontier's state for a page's outcome."""
    return STATES[_STATE_OF_OUTCOME.get(outcome, EXCLUDED)]
