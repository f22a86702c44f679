"""The host of a target → what kind of place it is known to be.

Promises an answer from the short lists of `hosts.toml`, by registrable domain or host, and nothing from a network.
Refuses to be complete: a host that is on no list is simply unnamed evidence.
"""

from __future__ import annotations

from functools import lru_cache

from linkgraph.classify.software import CREDITED
from linkgraph.classify.tables import read_table

KINDS: dict[str, frozenset[str]] = {kind: frozenset(hosts) for kind, hosts in read_table("hosts.toml").items()}
"""Kind of place → registrable domains and hosts."""

KINDS["credit"] |= CREDITED


@lru_cache(maxsize=1 << 16)
def kinds_of(host: str, domain: str) -> tuple[str, ...]:
    """Return the kinds of `KINDS` that a target's host or registrable domain is listed under."""
    return tuple(kind for kind, names in KINDS.items() if domain in names or host in names)
