"""The edges that point into one bucket of domains → one row a distinct link, sorted by target, ready to be looked up.

A link is distinct by source page, target URL and fragment, kind, rel, anchor, alt and zone, as it is on one page. Of
several observations the newest is kept; `first_seen` and `last_seen` tell the span, `state` what is known of it now.
What its page no longer holds is kept apart, as lost.
Promises the order: target domain by reversed labels, target URL, source domain by reversed labels, source URL,
ordinal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import starts_of_runs
from linkgraph.graph.collapse.scan import among, ids_of
from linkgraph.graph.intern import Interner
from linkgraph.graph.names import Names
from linkgraph.index.columns import codes, ranks
from linkgraph.index.history import History
from linkgraph.index.schema import STATE_COLUMNS

_IDENTITY = ("dst_fragment", "kind", "rel", "anchor", "alt", "zone")
"""What, beside its two URLs, tells a link from another one on the same page."""

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Domains:
    """What is known of the nodes of the domain graph."""

    ids: Interner
    authority: NDArray[np.float64]
    """Shape (n,)."""
    place: NDArray[np.int64]
    """Shape (n,): the position of each domain by reversed labels (`com.example`)."""

    @classmethod
    def of(cls, names: Names, ids: Interner, authority: NDArray[np.float64]) -> Domains:
        """Return the domains of a graph, node by node; *ids* tells the node of each name."""
        turned = pa.array([".".join(reversed(name.split("."))) for name in names], pa.large_string())
        place = np.empty(len(turned), np.int64)
        place[pc.sort_indices(turned).to_numpy()] = np.arange(len(turned))
        return cls(ids, authority, place)

    def find(self, column: pa.ChunkedArray) -> NDArray[np.int32]:
        """Return the node of each domain in a column."""
        return ids_of(self.ids.find, column.combine_chunks())


def _identity(rows: pa.Table) -> NDArray[np.uint64]:
    """Return a 64-bit number for what tells links apart on one page; two of the same page and target never meet."""
    mixed = np.zeros(rows.num_rows, np.uint64)
    for name in _IDENTITY:
        column = rows.column(name)
        if name == "rel":
            column = pc.binary_join(column, pa.scalar(" ", pa.large_string()))
        mixed = (mixed ^ (codes(column) + 1).astype(np.uint64)) * _MIX
        mixed ^= mixed >> np.uint64(32)
    return mixed


def _seen_once(page: NDArray[np.int64], moment: NDArray[np.int64]) -> bool:
    """Return whether no page stands here from two fetches; then every row is a link of its own."""
    order = np.lexsort((moment, page))
    return len(starts_of_runs(page[order])) == len(starts_of_runs(page[order], moment[order]))


def _milliseconds(moment: NDArray[np.int64]) -> pa.Array:
    return pa.array(moment).cast(pa.timestamp("ms", tz="UTC"))


@dataclass(frozen=True, slots=True)
class Distinct:
    """One row a distinct link, in working form, with every column of `LINKS`."""

    links: pa.Table
    """Those that stand."""
    order: NDArray[np.int64]
    """Sorts them by target."""
    lost: pa.Table
    """Those that their page no longer holds, sorted by target."""


def distinct_links(rows: pa.Table, domains: Domains, pages: pa.Table, history: History) -> Distinct:
    """Return one row a distinct link, with the columns that the build adds.

    Args:
        rows: the edges of one bucket in working form, `run` included.
        domains: authority and order of every domain.
        pages: the newest row of every page of the same bucket.
        history: tells what became of each link, and takes note of it.
    """
    source, target = domains.find(rows["src_domain"]), domains.find(rows["dst_domain"])
    page, moment = ranks(rows["src_url"]), rows["observed_at"].cast(pa.int64()).to_numpy()
    into = (domains.place[target] << 32) | ranks(rows["dst_url"])
    out_of = (domains.place[source] << 32) | page
    last = link = np.arange(rows.num_rows)
    if not _seen_once(page, moment):
        identity = _identity(rows).view(np.int64)
        order = np.lexsort((moment, identity, out_of, into))
        starts = starts_of_runs(into[order], out_of[order], identity[order])
        last = order[np.append(starts[1:], len(order)) - 1]
        link = np.empty(len(order), np.int64)
        link[order] = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(order))))
    found = history.take(rows, page, link, source == target)
    last_seen = _milliseconds(moment[last])
    still = history.standing.holds(rows["src_url"].combine_chunks().take(pa.array(last)), last_seen)
    if len(last) < rows.num_rows:
        rows, into, out_of, source = rows.take(pa.array(last)), into[last], out_of[last], source[last]
    for name, values in (
        ("first_seen", _milliseconds(found.first)),
        ("last_seen", last_seen),
        ("src_authority", pa.array(domains.authority[source])),
        ("dst_status", _status_of(rows["dst_url"], pages)),
        *zip((field.name for field in STATE_COLUMNS), found.columns, strict=True),
    ):
        rows = rows.append_column(name, values)
    order = np.lexsort((rows["ordinal"].to_numpy(), out_of, into))
    gone = ~still & ~found.superseded
    lost = rows.take(pa.array(order[gone[order]]))
    if not still.all():
        rows, order = rows.filter(pa.array(still)), _without(order, still)
    return Distinct(rows, order, lost)


def _without(order: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return *order* of the rows that are kept, counted without the others."""
    return (np.cumsum(kept) - 1)[order[kept[order]]]


def _status_of(urls: pa.ChunkedArray, pages: pa.Table) -> pa.Array:
    known = Interner()
    ids_of(known.add, pages["url"].combine_chunks())
    row = ids_of(known.find, urls.combine_chunks())
    unchanged = among(pages["outcome"].combine_chunks(), ("not-modified",))
    # What a server need not send again is what it sent before.
    status = pc.if_else(pa.array(unchanged), pa.scalar(200, pa.int16()), pages["status"].combine_chunks())
    return status.take(pa.array(row, mask=row < 0))


def newest_pages(pages: pa.Table) -> pa.Table:
    """Return the last row of each URL by `fetched_at`, of the rows of one bucket."""
    url = ranks(pages["url"])
    order = np.lexsort((pages["fetched_at"].cast(pa.int64()).to_numpy(), url))
    ends = np.append(starts_of_runs(url[order])[1:], len(order)) - 1
    return pages.take(pa.array(order[ends] if len(order) else order))
