"""What goes into the ledger and comes out of it: visits, leases, hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from linkgraph.frontier.budgets import Seen


class Lease(NamedTuple):
    """One URL taken out of the ledger to be fetched."""

    id: int
    url: str
    host_id: int
    depth: int
    discovered_from: str | None
    due: float = 0.0
    """Seconds since 1970 from which on it is wanted; 0 in a run that visits nothing again."""
    etag: str | None = None
    last_modified: str | None = None
    mark: str | None = None
    """Digest of the content that an earlier run saw, or where it was redirected to."""


class Host(NamedTuple):
    """A host that has, or may have, pending URLs."""

    id: int
    host: str
    domain: str
    barren: bool = False
    """Whether its last pages named no new domain, so that other hosts go first."""


class Visit(NamedTuple):
    """What one committed page means for the frontier."""

    url: str
    host: str
    domain: str
    outcome: str
    reason: str | None
    depth: int
    """What the page's row says; the ledger knows better, if it knows the URL."""
    targets: Iterable[tuple[Any, ...]]
    """The fields of a `Target` for each link; bare tuples, because most are known and looked at only once."""
    seen: Seen | None = None
    """What a page that was fetched and read tells of its pattern."""


LinksOf = Callable[[AbstractSet[str]], Iterable[tuple[str, Iterable[tuple[Any, ...]]]]]
"""Yields (URL, fields of the `Target` of each link) for each page of a set of URLs that is at hand."""
