"""Hosts with pending URLs → the next URL that politeness allows.

Promises that taking one costs O(log hosts), that a host is asked again only `delay` after its last request began and
once its answer is in, and that memory holds a few URLs a host whatever the ledger knows. Breadth first: among the
hosts whose time has come, the shallowest URL goes first.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from linkgraph.frontier.ledger import Host, Lease

PER_HOST = 16
"""URLs of a host leased at once: enough that one transaction serves many requests, small for a million hosts."""

_PREFETCH = 4
"""A host's URLs in memory under which the next ones are leased while these are fetched."""

_READY_WINDOW = 1024
"""Hosts made ready ahead of need: breadth first holds among them, and a million due hosts cause no burst."""


class HostQueue:
    """One host: its next URLs, when it may be asked, and where it stands.

    `placed` is true while the host is in one of the two heaps; a host that is busy, or waits for a lease, is in none.
    """

    __slots__ = (
        "buffer",
        "delay",
        "domain",
        "host",
        "id",
        "in_flight",
        "leasing",
        "more",
        "placed",
        "ready_at",
    )

    def __init__(self, host: Host, ready_at: float, delay: float) -> None:
        self.id = host.id
        self.host = host.host
        self.domain = host.domain
        self.ready_at = ready_at
        self.delay = delay
        self.buffer: deque[Lease] | None = None
        self.in_flight = 0
        self.more = True
        self.leasing = False
        self.placed = False


class Frontier:
    """The in-memory part of the frontier. Times are seconds of one monotonic clock."""

    def __init__(
        self,
        *,
        delay: float,
        connections_per_host: int = 1,
        max_pages: int | None = None,
        max_pages_per_domain: int | None = None,
        visits_by_domain: Mapping[str, int] | None = None,
    ) -> None:
        self._delay = delay
        self._connections = connections_per_host
        self._max_pages = max_pages
        self._max_per_domain = max_pages_per_domain
        self._taken_by_domain = dict(visits_by_domain or {})
        self._taken = sum(self._taken_by_domain.values())
        self._hosts: dict[int, HostQueue] = {}
        self._waiting: list[tuple[float, int, HostQueue]] = []
        self._ready: list[tuple[int, int, HostQueue]] = []
        self._hungry: dict[int, HostQueue] = {}
        self._delays: dict[str, float] = {}
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
        if self._waiting or self._ready or self._hungry:
            return False
        # Only busy and leasing hosts are left here: at most as many as there are connections.
        return not any(queue.more or queue.buffer or queue.leasing for queue in self._hosts.values())

    def wake(self, hosts: Iterable[Host], now: float) -> None:
        """Tell that *hosts* may have pending URLs in the ledger."""
        for host in hosts:
            if host.domain in self.exhausted:
                continue
            queue = self._hosts.get(host.id)
            if queue is None:
                queue = HostQueue(host, now, self._delays.get(host.host, self._delay))
                self._hosts[host.id] = queue
            queue.more = True
            self._place(queue)

    def take(self, now: float) -> tuple[Lease, HostQueue] | None:
        """Return the next URL whose host may be asked at *now*, or None."""
        if self.run_exhausted:
            return None
        self._advance(now)
        while self._ready:
            queue = heapq.heappop(self._ready)[2]
            queue.placed = False
            if queue.buffer and not self._over_budget(queue):
                lease = queue.buffer.popleft()
                self._start(queue, now)
                return lease, queue
            self._place(queue)
        return None

    def next_time(self) -> float | None:
        """Return when the next host may be asked; None where no host waits for its time, or none may be asked."""
        return self._waiting[0][0] if self._waiting and not self.run_exhausted else None

    def hungry(self, limit: int = 64) -> list[int]:
        """Return ids of up to *limit* hosts whose next URLs should be leased now; answer with `load`."""
        chosen = []
        for host_id in list(self._hungry)[:limit]:
            queue = self._hungry.pop(host_id)
            queue.leasing = True
            chosen.append(host_id)
        return chosen

    def load(self, leases: Mapping[int, Sequence[Lease]], asked: int = PER_HOST) -> None:
        """Take in what the ledger leased for the hosts that `hungry` named, *asked* URLs a host at most."""
        for host_id, found in leases.items():
            queue = self._hosts[host_id]
            queue.leasing = False
            queue.more = queue.more and len(found) == asked
            if found:
                queue.buffer = queue.buffer or deque()
                queue.buffer.extend(found)
            self._place(queue)
            self._forget_if_done(queue)

    def finished(self, queue: HostQueue, *, counts: bool = True) -> None:
        """Tell that a request of *queue* has ended; with *counts* false it never left, and costs no budget."""
        queue.in_flight -= 1
        self.in_flight -= 1
        if not counts:
            self._taken -= 1
            self._taken_by_domain[queue.domain] -= 1
        self._place(queue)
        self._forget_if_done(queue)

    def again(self, queue: HostQueue, lease: Lease, not_before: float) -> None:
        """Put a URL back to the front of its host, to be taken at *not_before* at the earliest."""
        queue.buffer = queue.buffer or deque()
        queue.buffer.appendleft(lease)
        queue.ready_at = max(queue.ready_at, not_before)
        self._hosts[queue.id] = queue
        self._place(queue)

    def slow_down(self, queue: HostQueue, delay: float) -> None:
        """Ask *queue* at most every *delay* seconds from now on (Crawl-delay); never faster than the default."""
        delay = max(delay, self._delay)
        queue.ready_at += delay - queue.delay
        queue.delay = delay
        self._delays[queue.host] = delay

    def _place(self, queue: HostQueue) -> None:
        if queue.placed or queue.in_flight >= self._connections:
            return
        if queue.buffer or (queue.more and not queue.leasing and queue.id not in self._hungry):
            queue.placed = True
            heapq.heappush(self._waiting, (queue.ready_at, next(self._order), queue))

    def _advance(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            if len(self._ready) + len(self._hungry) >= _READY_WINDOW:
                return
            queue = heapq.heappop(self._waiting)[2]
            if queue.ready_at > now:  # slowed down since it was placed
                heapq.heappush(self._waiting, (queue.ready_at, next(self._order), queue))
            elif queue.buffer:
                heapq.heappush(self._ready, (queue.buffer[0].depth, next(self._order), queue))
            else:
                queue.placed = False
                self._want(queue)
                self._forget_if_done(queue)

    def _want(self, queue: HostQueue) -> None:
        if queue.more and not queue.leasing:
            self._hungry[queue.id] = queue

    def _start(self, queue: HostQueue, now: float) -> None:
        queue.in_flight += 1
        queue.ready_at = now + queue.delay
        self.in_flight += 1
        self._taken += 1
        self._taken_by_domain[queue.domain] = self._taken_by_domain.get(queue.domain, 0) + 1
        if queue.buffer is None or len(queue.buffer) < _PREFETCH:
            self._want(queue)
        self._place(queue)

    def _over_budget(self, queue: HostQueue) -> bool:
        if self._max_per_domain is None or self._taken_by_domain.get(queue.domain, 0) < self._max_per_domain:
            return False
        self.exhausted.add(queue.domain)
        queue.buffer = None
        queue.more = False
        self._forget_if_done(queue)
        return True

    def _forget_if_done(self, queue: HostQueue) -> None:
        if not (queue.in_flight or queue.buffer or queue.more or queue.leasing):
            self._hungry.pop(queue.id, None)
            self._hosts.pop(queue.id, None)
