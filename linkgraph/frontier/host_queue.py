"""One host as the frontier sees it: its next URLs, when it may be asked, and where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linkgraph.frontier.records import Host, Lease

if TYPE_CHECKING:
    from linkgraph.frontier.addresses import Address
    from linkgraph.frontier.pace import HostPace

_NEVER = float("-inf")


class HostQueue:
    """One host.

    `placed` is true while the host is in one of the two heaps, in the line of due hosts, or parked at its address; a
    host that is busy, or waits for a lease, is in none.
    """

    __slots__ = (
        "address",
        "barren",
        "buffer",
        "delay",
        "domain",
        "held_until",
        "host",
        "id",
        "in_flight",
        "leasing",
        "lent",
        "more",
        "pace",
        "placed",
        "ready_at",
        "started_at",
        "started_before",
    )

    def __init__(self, host: Host, held_until: float, delay: float, pace: HostPace | None = None) -> None:
        self.id = host.id
        self.host = host.host
        self.domain = host.domain
        self.delay = delay
        """Seconds from the start of a request to that of the next."""
        self.pace = pace
        """None until the host has answered."""
        self.started_at = _NEVER
        """When the last request to the host began."""
        self.started_before = _NEVER
        """What `started_at` becomes if the request under way never leaves."""
        self.held_until = held_until
        """Not to be asked before, whatever the delay says."""
        self.ready_at = held_until
        """When the host may be asked; `settle` keeps it."""
        self.address: Address | None = None
        """Where the host is, once that is known and matters."""
        self.lent: float | None = None
        """What the address's `ready_at` becomes if the request under way never leaves."""
        self.buffer: list[Lease] = []
        """Next URLs, the very next one last."""
        self.in_flight = 0
        self.more = True
        self.leasing = False
        self.placed = False
        self.barren = host.barren
        """Whether other hosts that are due go first."""

    def settle(self) -> None:
        """Work out anew when the host may be asked."""
        due = self.started_at + self.delay
        self.ready_at = max(self.held_until, due)

    def hold(self, until: float) -> None:
        """Leave the host alone *until* then."""
        if until > self.held_until:
            self.held_until = until
            self.settle()
