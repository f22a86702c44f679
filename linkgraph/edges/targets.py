"""The raw tables → the targets of links that nobody has looked at yet, each once, and a probe for each of their hosts.

Promises that what a run visited already is not asked for again. A probe is an address that cannot be there: a host that
answers it with 200 says so of every address, and its 200 for a target tells nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.edges.claims import aim_of
from linkgraph.edges.dataset import Snapshot
from linkgraph.errors import SeedsError
from linkgraph.frontier.scope import unfit
from linkgraph.model import CONCLUSIVE_OUTCOMES, GONE_STATUSES
from linkgraph.urls import Url, split

HYPERLINKS = ("a", "area")


def linked(source: str | None = None, target: str | None = None) -> pc.Expression:
    """Return the filter of the edges table for hyperlinks to other domains.

    Args:
        source: only of pages of this domain or host, or of this page.
        target: only to this domain, host or URL.

    Raises:
        UsageError: one of the two is none of these.
    """
    wanted = pc.field("kind").isin(list(HYPERLINKS)) & ~pc.field("internal")
    for side, text in (("src", source), ("dst", target)):
        if text is not None:
            column, value = aim_of("source" if side == "src" else "target", text)
            wanted &= pc.field(column.replace("dst", side)) == value
    return wanted


def to_check(
    live: Snapshot, source: str | None = None, target: str | None = None, *, again: bool = False
) -> tuple[Url, ...]:
    """Return the targets to ask for, in the order of their URLs.

    Addresses of files (`scope.FILE_TYPES`) are left out: to ask for them costs their host the whole file.

    Args:
        live: the raw tables.
        source: as of `linked`.
        target: as of `linked`.
        again: also what was visited before.

    Raises:
        SeedsError: there is none.
        UsageError: *source* or *target* cannot be used.
    """
    urls = set[str]()
    for batch in live.edges().to_batches(columns=["dst_url"], filter=linked(source, target)):
        urls.update(batch.column("dst_url").unique().to_pylist())
    if not again:
        urls.difference_update(_visited(live))
    found = [split(url) for url in sorted(urls) if unfit(url, "a") is None]
    usable = tuple(url for url in found if url is not None)
    if not usable:
        raise SeedsError("there is no target that was not checked yet; due=all checks those again that were")
    return usable


def _visited(live: Snapshot) -> Iterator[str]:
    gone = (pc.field("outcome") == "failed") & pc.field("status").isin(pa.array(GONE_STATUSES, pa.int16()))
    told = pc.field("outcome").isin(list(CONCLUSIVE_OUTCOMES)) | gone
    for batch in live.pages().to_batches(columns=["url"], filter=told):
        yield from batch.column("url").to_pylist()


def probe_of(url: str) -> str:
    """Return an address on the host of *url* that nobody has ever linked to: the same each time."""
    origin = "/".join(url.split("/", 3)[:3])
    return f"{origin}/{hashlib.sha256(origin.encode()).hexdigest()[:24]}"


def probes(targets: Sequence[Url]) -> tuple[Url, ...]:
    """Return one probe for each host among *targets*."""
    urls = dict.fromkeys(probe_of(target.url) for target in targets)
    return tuple(parts for parts in map(split, urls) if parts is not None)
