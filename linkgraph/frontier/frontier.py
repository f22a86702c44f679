"""Hosts with pending URLs → the next URL that politeness allows.

Promises that taking one costs O(log hosts), that a host is asked again only `delay` after its last request began and
once its answer is in, and that memory holds a few URLs a host whatever the ledger knows. Breadth first: among the
hosts whose time has come, the shallowest URL goes first.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, islice

from linkgraph.frontier.addresses import Addresses
from linkgraph.frontier.host_queue import HostQueue
from linkgraph.frontier.pace import Answered, HostPace, PaceLaw
from linkgraph.frontier.paces import Paces
from linkgraph.frontier.records import Host, Lease

_PER_HOST = 16
"""URLs of a host leased at once, where there are few hosts: one look-up serves many requests."""

_LEASED = 65_536
"""URLs in memory, all hosts together, that `share` aims at: about 25 MiB. With more hosts each gets fewer, down to
one; a host that comes round once an hour needs no buffer."""

_PREFETCH = 4
"""A host's URLs in memory under which the next ones are leased while these are fetched, if its share is larger."""

_READY_WINDOW = 1024
"""Hosts made ready ahead of need: breadth first holds among them, and a million due hosts cause no burst."""


class Frontier:
    """The in-memory part of the frontier. Times are seconds of one monotonic clock."""

    def __init__(
        self,
        *,
        delay: float,
        address_delay: float = 0.0,
        backoff: float = 60.0,
        connections_per_host: int = 1,
        max_pages: int | None = None,
        max_pages_per_domain: int | None = None,
        visits_by_domain: Mapping[str, int] | None = None,
        paces: Paces | None = None,
    ) -> None:
        self.law = PaceLaw(delay, backoff)
        # Whoever wants no delay at a host wants none at its address.
        self._addresses = Addresses(min(address_delay, delay))
        self.paces = Paces() if paces is None else paces
        self._by_host: dict[str, HostQueue] = {}
        self._connections = connections_per_host
        self._max_pages = max_pages
        self._max_per_domain = max_pages_per_domain
        self._taken_by_domain = dict(visits_by_domain or {})
        self._taken = sum(self._taken_by_domain.values())
        self._in_flight_by_domain: dict[str, int] = {}
        self._parked: dict[str, list[HostQueue]] = {}
        self._resting: dict[int, float] = {}
        self._rests: list[tuple[float, int]] = []
        self._hosts: dict[int, HostQueue] = {}
        self._now = float("-inf")
        self._waiting: list[tuple[float, int, HostQueue]] = []
        self._due: deque[HostQueue] = deque()
        self._ready: list[tuple[bool, float, int, int, HostQueue]] = []
        self._hungry: dict[int, HostQueue] = {}
        self._order = count()
        self.in_flight = 0
        self.exhausted: set[str] = set()
        """Domains that have used their page budget."""

    def __len__(self) -> int:
        """Return the number of hosts that have, or may have, something pending or under way."""
        return len(self._hosts)

    @property
    def run_exhausted(self) -> bool:
        """Whether the run has used its page budget."""
        return self._max_pages is not None and self._taken >= self._max_pages

    @property
    def idle(self) -> bool:
        """Whether no URL in memory or, as far as is known, in the ledger can be taken now or later."""
        return self.in_flight == 0 and (self.run_exhausted or not self._hosts)

    @property
    def dry(self) -> bool:
        """Whether nothing is left to take until a commit brings new URLs."""
        if self._waiting or self._due or self._ready or self._hungry or self._addresses.parked:
            return False
        # Only busy and leasing hosts are left here: at most as many as there are connections.
        return not any(queue.more or queue.buffer or queue.leasing for queue in self._hosts.values())

    def wake(self, hosts: Iterable[Host], now: float) -> None:
        """Tell that *hosts* may have pending URLs in the ledger."""
        self._now = max(self._now, now)
        for host in hosts:
            if host.domain in self.exhausted:
                continue
            queue = self._hosts.get(host.id)
            if queue is None:
                pace = self.paces.get(host.host)
                delay = self.law.delay if pace is None else self.law.spacing(pace)
                ready_at = max(self._resting.pop(host.id, now), self.paces.free_at(host.host, now))
                queue = self._hosts[host.id] = HostQueue(host, ready_at, delay, pace)
                self._by_host[host.host] = queue
            queue.more = True
            queue.barren = host.barren
            self._place(queue)

    def take(self, now: float) -> tuple[Lease, HostQueue] | None:
        """Return the next URL whose host may be asked at *now*, or None."""
        if self.run_exhausted:
            return None
        self._advance(now)
        while self._ready:
            queue = heapq.heappop(self._ready)[-1]
            queue.placed = False
            if not queue.buffer or queue.ready_at > now:  # put off while it was ready: another connection's doing
                self._place(queue)
            elif self._addresses.park(queue, now):
                queue.placed = True
            elif not self._over_budget(queue):
                lease = queue.buffer.pop()
                self._start(queue, now)
                return lease, queue
        return None

    def next_time(self) -> float | None:
        """Return when the next host may be asked; None where no host waits for its time, or none may be asked."""
        if self.run_exhausted:
            return None
        if self._due:
            return self._now
        moments = [self._waiting[0][0]] if self._waiting else []
        if (called := self._addresses.next_time()) is not None:
            moments.append(called)
        return min(moments, default=None)

    @property
    def share(self) -> int:
        """How many URLs to lease for each host that `hungry` names."""
        return max(1, min(_PER_HOST, _LEASED // (len(self._hosts) or 1)))

    def hungry(self, limit: int = 64) -> list[int]:
        """Return ids of up to *limit* hosts whose next URLs should be leased now; answer with `load`."""
        chosen = []
        for host_id in list(islice(self._hungry, limit)):
            queue = self._hungry.pop(host_id)
            queue.leasing = True
            queue.more = False  # a `wake` from here on tells of URLs that this lease may not see
            chosen.append(host_id)
        return chosen

    def load(self, leases: Mapping[int, Sequence[Lease]], asked: int) -> None:
        """Take in what the ledger leased for the hosts that `hungry` named, *asked* URLs a host at most."""
        for host_id, found in leases.items():
            queue = self._hosts[host_id]
            queue.leasing = False
            queue.more = queue.more or len(found) == asked
            if found:
                queue.buffer = [*reversed(found), *queue.buffer]
            # Its turn had come before it was leased for: at the end of the line it would wait a round of all hosts.
            self._place(queue, turn=True)
            self._forget_if_done(queue)

    def finished(self, queue: HostQueue, *, counts: bool = True, sent: bool = True) -> None:
        """Tell that a request of *queue* has ended; with *counts* false it costs no budget: it will be taken again.

        With *sent* false it never left: the host was not asked.
        """
        if not sent and self._connections == 1:
            queue.started_at = queue.started_before
            queue.settle()
        queue.in_flight -= 1
        self.in_flight -= 1
        self._addresses.finished(queue, sent=sent or self._connections > 1)
        if not counts:
            self._taken -= 1
            self._taken_by_domain[queue.domain] -= 1
        if self._max_per_domain is not None:
            self._in_flight_by_domain[queue.domain] -= 1
            for parked in self._parked.pop(queue.domain, ()):
                self._place(parked)
            if not self._in_flight_by_domain[queue.domain]:
                del self._in_flight_by_domain[queue.domain]
        self._place(queue)
        self._forget_if_done(queue)

    def unsent(self, queue: HostQueue) -> None:
        """Tell that a request of *queue* has ended before it left: the host was not asked, and no budget is used."""
        self.finished(queue, counts=False, sent=False)

    def asked(self, queue: HostQueue, at: float) -> None:
        """Tell that the host was asked for something else at that time, such as robots.txt."""
        queue.started_at = queue.started_before = max(queue.started_at, at)
        queue.settle()
        self._addresses.asked(queue, at)

    def again(self, queue: HostQueue, lease: Lease, not_before: float, *, last: bool = False) -> None:
        """Put a URL back to the front of its host, or to the end of what is in memory; none goes before *not_before*.

        To be told before the end of the request: a host that has nothing left is forgotten.
        """
        queue.buffer.insert(0 if last else len(queue.buffer), lease)
        queue.hold(not_before)
        self._hosts[queue.id] = self._by_host[queue.host] = queue
        self._place(queue)

    def locate(self, queue: HostQueue, address: str, now: float) -> bool:
        """Tell at which address the host is, a request to it being under way; return whether that may go on now."""
        return self._addresses.locate(queue, address, now)

    def slow_down(self, queue: HostQueue, delay: float) -> None:
        """Ask *queue* at most every *delay* seconds from now on (Crawl-delay); never faster than the default."""
        pace = self._pace(queue)
        pace.asked = delay
        queue.delay = self.law.spacing(pace)
        queue.settle()

    def answered(self, queue: HostQueue, now: float, answer: Answered) -> str | None:
        """Take in what a host answered; return what that led to (see `PaceLaw.answered`)."""
        pace = self._pace(queue)
        event = self.law.answered(pace, now, answer)
        queue.delay = self.law.spacing(pace)
        queue.settle()
        queue.hold(pace.closed_until)
        self.paces.keep(queue.host, now)
        return event

    @property
    def paces_addresses(self) -> bool:
        """Whether it matters at which address a host is."""
        return self._addresses.delay > 0

    def borrow(self, host: str, address: str | None, now: float) -> float | None:
        """Take a turn of a host to which another's robots.txt leads; return when to try again if it is not free."""
        queue = self._by_host.get(host)
        ready_at = self.paces.free_at(host, now) if queue is None else queue.ready_at
        if ready_at > now:
            return ready_at
        if queue is not None and queue.in_flight:
            return now + max(queue.delay, 0.05)
        if address is not None and (later := self._addresses.borrow(address, now)) is not None:
            return later
        if queue is not None:
            self.asked(queue, now)
        elif self.law.delay > 0:
            self.paces.borrowed(host, now, now + self.law.delay)
        return None

    def _pace(self, queue: HostQueue) -> HostPace:
        if queue.pace is None:
            queue.pace = self.paces.of(queue.host)
        return queue.pace

    def _place(self, queue: HostQueue, *, turn: bool = False) -> None:
        if queue.placed or queue.in_flight >= self._connections:
            return
        if queue.buffer or (queue.more and not queue.leasing and queue.id not in self._hungry):
            queue.placed = True
            if queue.ready_at > self._now:
                heapq.heappush(self._waiting, (queue.ready_at, next(self._order), queue))
            elif turn and queue.buffer:
                self._make_ready(queue)
            else:
                self._due.append(queue)

    def _make_ready(self, queue: HostQueue) -> None:
        last = queue.buffer[-1]
        heapq.heappush(self._ready, (queue.barren, last.due, last.depth, next(self._order), queue))

    def _advance(self, now: float) -> None:
        self._now = max(self._now, now)
        while self._rests and self._rests[0][0] <= now:
            moment, host_id = heapq.heappop(self._rests)
            if self._resting.get(host_id) == moment:
                del self._resting[host_id]
        for called in self._addresses.called(now):
            called.placed = False
            self._place(called, turn=True)
        while len(self._ready) + len(self._hungry) < _READY_WINDOW:
            queue = self._next_due(now)
            if queue is None:
                return
            if queue.ready_at > now:  # slowed down since it was placed
                heapq.heappush(self._waiting, (queue.ready_at, next(self._order), queue))
            elif queue.buffer:
                self._make_ready(queue)
            else:
                queue.placed = False
                self._want(queue)
                self._forget_if_done(queue)

    def _next_due(self, now: float) -> HostQueue | None:
        # Hosts that are due when they are placed stand in line; a heap of a million would cost each its depth.
        waiting, due = self._waiting, self._due
        if waiting and waiting[0][0] <= now and not (due and due[0].ready_at <= waiting[0][0]):
            return heapq.heappop(waiting)[2]
        return due.popleft() if due else None

    def _want(self, queue: HostQueue) -> None:
        if queue.more and not queue.leasing:
            self._hungry[queue.id] = queue

    def _start(self, queue: HostQueue, now: float) -> None:
        queue.in_flight += 1
        queue.started_before, queue.started_at = queue.started_at, now
        queue.settle()
        self._addresses.started(queue, now)
        self.in_flight += 1
        self._taken += 1
        self._taken_by_domain[queue.domain] = self._taken_by_domain.get(queue.domain, 0) + 1
        if self._max_per_domain is not None:
            self._in_flight_by_domain[queue.domain] = self._in_flight_by_domain.get(queue.domain, 0) + 1
        if len(queue.buffer) < min(_PREFETCH, self.share - 1):
            self._want(queue)
        self._place(queue)

    def _over_budget(self, queue: HostQueue) -> bool:
        if self._max_per_domain is None or self._taken_by_domain.get(queue.domain, 0) < self._max_per_domain:
            return False
        if self._taken_by_domain[queue.domain] - self._in_flight_by_domain.get(queue.domain, 0) < self._max_per_domain:
            # One under way on another host of the domain may yet be refused, and leave its place to this one.
            self._parked.setdefault(queue.domain, []).append(queue)
            return True
        self.exhausted.add(queue.domain)
        queue.buffer = []
        queue.more = False
        self._forget_if_done(queue)
        return True

    def _forget_if_done(self, queue: HostQueue) -> None:
        if not (queue.in_flight or queue.buffer or queue.more or queue.leasing):
            self._hungry.pop(queue.id, None)
            self._hosts.pop(queue.id, None)
            self._by_host.pop(queue.host, None)
            self._addresses.leave(queue, self._now)
            self.paces.drop_plain(queue.host, self._now)
            if queue.delay > 0 or queue.ready_at > self._now:
                self._resting[queue.id] = queue.ready_at
                heapq.heappush(self._rests, (queue.ready_at, queue.id))
