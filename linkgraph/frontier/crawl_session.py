"""What the scheduler needs of an open run, as protocols: the commit lies to the right of the frontier.

`linkgraph.edges.session` has the classes that fulfil them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from linkgraph.frontier.ledger import Ledger
from linkgraph.frontier.records import Host, Lease
from linkgraph.model import Links, Page


class Gathered(Protocol):
    """What is recorded between two commits."""

    def __len__(self) -> int: ...


class CrawlSession(Protocol):
    """What the scheduler needs of an open run; `linkgraph.edges.session.Session` is one."""

    @property
    def ledger(self) -> Ledger:
        """The state of every URL."""

    @property
    def segment(self) -> Gathered:
        """What is recorded for the next commit."""

    def record(self, page: Page, links: Links) -> None:
        """Take in one page and its links."""

    def swap(self) -> Any:
        """Return what was recorded, and begin anew."""

    def commit(self, segment: Any) -> Sequence[Host]:
        """Publish a segment; return the hosts that may have gained pending URLs."""

    def lease(self, host_ids: Iterable[int], per_host: int) -> dict[int, list[Lease]]:
        """Take the next URLs of some hosts."""

    def rejudge(self) -> Sequence[Host]:
        """Judge anew the links of pages that were found nearer; return the hosts that may have gained URLs."""

    def finish(self, exhausted: Iterable[str], *, run_budget: bool) -> None:
        """Log that nothing is left to do."""

    def close(self) -> None:
        """Let go of the run."""


class Opened(Protocol):
    """What opening the run found."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
