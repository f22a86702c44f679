"""Hosts that share an address → whose turn it is.

Promises that requests to one address begin `delay` seconds apart and at most so many are under way, however many
hosts are there, that hosts take turns in the order in which they came, and that a turn costs O(log addresses).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from itertools import count

from linkgraph.frontier.host_queue import HostQueue

_SWEEP = 1024
"""Addresses more than at the last sweep after which those that no host needs are forgotten."""


class Address:
    """One address, and the hosts that wait for it."""

    __slots__ = ("in_flight", "listed", "name", "parked", "ready_at", "users")

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready_at = float("-inf")
        """When the next request to it may begin."""
        self.in_flight = 0
        self.users = 0
        """Hosts in memory that are here."""
        self.parked: deque[HostQueue] = deque()
        self.listed = False
        """Whether a time is set at which the next parked host is called."""


class Addresses:
    """All addresses; with a *delay* of 0 none is of interest."""

    def __init__(self, delay: float, connections: int = 1) -> None:
        self.delay = delay
        self._connections = connections
        self._known: dict[str, Address] = {}
        self._calls: list[tuple[float, int, Address]] = []
        self._order = count()
        self._swept = 0
        self.parked = 0
        """Hosts that wait for their address."""

    def locate(self, queue: HostQueue, name: str, now: float) -> bool:
        """Tell at which address *queue*, of which a request is under way, is; return whether that may go on."""
        if self.delay <= 0 or (queue.address is not None and queue.address.name == name) or queue.placed:
            return True
        self.leave(queue, now)
        address = self._known.get(name)
        if address is None:
            address = self._known[name] = Address(name)
        queue.address = address
        free = self._is_free(address, now)
        address.users += 1
        address.in_flight += queue.in_flight
        queue.lent = address.ready_at if free else None
        if free:
            address.ready_at = now + self.delay
        return free

    def leave(self, queue: HostQueue, now: float) -> None:
        """Tell that *queue* is no longer where it was, or is forgotten."""
        address, queue.address = queue.address, None
        if address is None:
            return
        address.users -= 1
        address.in_flight -= queue.in_flight
        self._call(address)
        if len(self._known) > self._swept + _SWEEP:
            self._known = {name: one for name, one in self._known.items() if one.users or one.ready_at > now}
            self._swept = len(self._known)

    def _is_free(self, address: Address, now: float) -> bool:
        return address.ready_at <= now and address.in_flight < self._connections

    def park(self, queue: HostQueue, now: float) -> bool:
        """Return whether *queue* has to wait for its address; then it waits here until `called` names it."""
        address = queue.address
        if address is None or self._is_free(address, now):
            return False
        address.parked.append(queue)
        self.parked += 1
        self._call(address)
        return True

    def _call(self, address: Address, not_before: float = float("-inf")) -> None:
        if address.parked and not address.listed and address.in_flight < self._connections:
            address.listed = True
            heapq.heappush(self._calls, (max(address.ready_at, not_before), next(self._order), address))

    def called(self, now: float) -> Iterator[HostQueue]:
        """Yield parked hosts whose turn has come: one of each address."""
        while self._calls and self._calls[0][0] <= now:
            address = heapq.heappop(self._calls)[2]
            address.listed = False
            if address.parked and self._is_free(address, now):
                self.parked -= 1
                queue = address.parked.popleft()
                # If this one does not start after all, the next is called in its place.
                self._call(address, now + self.delay)
                yield queue
            else:
                self._call(address)

    def next_time(self) -> float | None:
        """Return when the next host is called, or None."""
        return self._calls[0][0] if self._calls else None

    def started(self, queue: HostQueue, now: float) -> None:
        """Tell that a request of *queue* begins."""
        if (address := queue.address) is not None:
            queue.lent = address.ready_at
            address.ready_at = now + self.delay
            address.in_flight += 1

    def borrow(self, name: str, now: float) -> float | None:
        """Take a turn of an address for a host that is not in the frontier; return when to try again if it is busy."""
        if self.delay <= 0:
            return None
        address = self._known.setdefault(name, Address(name))
        if not self._is_free(address, now):
            return max(address.ready_at, now + self.delay)
        address.ready_at = now + self.delay
        return None

    def asked(self, queue: HostQueue, at: float) -> None:
        """Tell that the host was asked for something else at that time, such as robots.txt."""
        if (address := queue.address) is not None:
            address.ready_at = max(address.ready_at, at + self.delay)
            queue.lent = address.ready_at

    def finished(self, queue: HostQueue, *, sent: bool = True) -> None:
        """Tell that a request of *queue* has ended; with *sent* false it never began."""
        if (address := queue.address) is not None:
            address.in_flight -= 1
            if not sent and queue.lent is not None:
                address.ready_at = queue.lent
            queue.lent = None
            self._call(address)
