"""The process's limit of open files → how many connections a crawl may hold.

Promises that connections never take the descriptors that the ledger, the tables and name look-ups need: a server that
cannot be asked for want of one would look as if it were down. Raises the soft limit as far as the system allows.
"""

from __future__ import annotations

import resource
from typing import NamedTuple

RESERVED = 48
"""Descriptors for everything but connections: a crawl with a browser and a process for large pages holds 40."""

_ENOUGH = 65_536


class Room(NamedTuple):
    """How many connections may be open."""

    busy: int
    """With a request under way."""
    idle: int
    """Kept for the next request of their host."""


def room(wanted: int) -> Room:
    """Return the room for *wanted* requests at a time: each may keep one more connection idle, and at least one may go.

    Idle ones take what is left: a broad crawl would keep one for each host of the last quarter of a minute.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    free = max((_ENOUGH if soft == resource.RLIM_INFINITY else soft) - RESERVED, 2)
    busy = min(wanted, max(free // 2, 1))
    return Room(busy, free - busy)
