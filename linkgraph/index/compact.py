"""Edges and pages in crawl order → files of links sorted by target, bucket by bucket, and the counts they give.

Promises memory of one bucket: rows are spilled by target domain first. A bucket holds every link to its domains and
every page of them, so whatever joins a target with its own pages is local.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.classify.schema import CLASSES
from linkgraph.edges.schema import EDGES, PAGES
from linkgraph.graph.collapse.scan import Scan, ids_of
from linkgraph.graph.intern import Interner
from linkgraph.graph.names import Names
from linkgraph.graph.sites.owners import Owners
from linkgraph.index.columns import WORD, coded, to_working, working_schema
from linkgraph.index.files import write_events, write_links
from linkgraph.index.history import History
from linkgraph.index.layout import (
    backlinks_file,
    bucket_folder,
    bucket_of,
    events_file,
    internal_file,
    lost_file,
)
from linkgraph.index.links import Domains, distinct_links, newest_pages
from linkgraph.index.schema import CLASSIFIED, CLICK_COLUMNS, TEXTS
from linkgraph.index.site_links import SiteLinks
from linkgraph.index.site_pages import SitePages
from linkgraph.index.sites import Sites, without_sites
from linkgraph.index.spill import Spill
from linkgraph.index.tally import Addresses, Bucket, Tally

BUCKET_ROWS = 1 << 18
"""Rows a bucket holds at most on average: some 150 MB, and twice that while it is sorted."""

MAX_BUCKETS = 4096

WRITERS = 2
"""Files of one bucket that are written at once; its links and its backlinks are two, and there is seldom more."""

P = ParamSpec("P")

_NAMED = ("src_domain", "dst_domain", "src_host", "dst_host")
"""Columns of names that a build numbers anyway."""

_EDGE_ROWS = working_schema(
    pa.schema([field.with_type(WORD) if field.name in _NAMED else field for field in EDGES]),
    pa.field("run", WORD),
    *(CLASSES.field(name) for name in CLASSIFIED),
    *CLICK_COLUMNS,
)
_PAGE_ROWS = working_schema(
    pa.schema([PAGES.field(name) for name in ("url", "host", "domain", "fetched_at", "status", "outcome", "title")])
)


def bucket_count(rows: int) -> int:
    """Return the number of buckets for *rows* edges: the power of two that keeps a bucket within `BUCKET_ROWS`."""
    return min(1 << max(-(-rows // BUCKET_ROWS) - 1, 0).bit_length(), MAX_BUCKETS)


@dataclass(frozen=True, slots=True)
class Spilled:
    """The rows of a build by the bucket of their target, and what they tell about their sites."""

    edges: Spill
    pages: Spill
    domains: Interner
    hosts: Interner
    sites: Sites
    history: History


@dataclass(frozen=True, slots=True)
class Sorter:
    """What is known before the links are put in order."""

    domains: Domains
    addresses: Addresses
    tallies: tuple[Tally, ...]
    """Counted into, bucket by bucket."""
    popularity: NDArray[np.float64]
    """Of the domains, by their PageRank under the first policy of the build."""


def spill(edges: Scan, pages: Scan, names: Mapping[str, Names], history: History, *, buckets: int) -> Spilled:
    """Sort the rows of a build into buckets, as they come, and find out about their sites.

    Args:
        edges: rows of the edges table, classified.
        pages: rows of the pages table.
        names: of the domains and hosts, node by node.
        history: its folder holds what does not fit into memory.
        buckets: how many there are.
    """
    domains, hosts = Interner.of(names["domain"]), Interner.of(names["host"])
    bucket = np.fromiter((bucket_of(name, buckets) for name in names["domain"]), np.int32, len(names["domain"]))
    seen = SiteLinks(domains, history.standing)
    named = dict(zip(_NAMED, (domains, domains, hosts, hosts), strict=True))
    waiting = Spill(history.folder, "edges", _EDGE_ROWS, buckets, named=named)
    rows = _spill(edges, waiting, domains, bucket, "dst_domain", seen.see)
    known = _spill(pages, Spill(history.folder, "pages", _PAGE_ROWS, buckets), domains, bucket, "domain")
    sites = Sites.of(SitePages.read(pages, domains, hosts), seen, names["domain"])
    return Spilled(rows, known, domains, hosts, sites, history)


def compact(spilled: Spilled, sorter: Sorter, *, build: Path, buckets: int, done: Callable[[int], None]) -> int:
    """Write the links of a build and count them; return how many distinct links there are.

    Args:
        spilled: rows, sites and history; what does not fit into memory is removed at the end.
        sorter: authority, addresses, tallies and popularity.
        build: the build's folder.
        buckets: how many there are.
        done: told the number of each finished bucket, from 1.
    """
    sites, history, total = spilled.sites, spilled.history, 0
    with _Writer() as writer:
        for number in range(buckets):
            newest = newest_pages(spilled.pages.bucket(number))
            found = distinct_links(coded(spilled.edges.bucket(number), TEXTS), sorter.domains, newest, history)
            links = sites.add_to(found.links, newest, spilled.domains, spilled.hosts, sorter.popularity)
            within = _count(links, newest, sorter, sites.owners)[found.order]
            bucket_folder(build, number).mkdir(parents=True)
            writer.begin(write_links, internal_file(build, number), links, found.order[within])
            writer.begin(write_links, backlinks_file(build, number), links, found.order[~within])
            if lost := found.lost.num_rows:
                writer.begin(write_links, lost_file(build, number), without_sites(found.lost), np.arange(lost))
            writer.wait()  # to sort the next one meanwhile took 90 MB more
            total += links.num_rows
            done(number + 1)
        spilled.edges.remove()
        spilled.pages.remove()
        for number, events in enumerate(history.events()):
            writer.wait()
            writer.begin(write_events, events_file(build, number), events)
        writer.wait()
    history.folder.rmdir()
    return total


class _Writer:
    """Writes the files of a bucket side by side: encoding and compressing take as long as sorting."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WRITERS, "linkgraph-write")
        self._begun: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def begin(self, write: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Write a file soon."""
        self._begun.append(self._pool.submit(write, *args, **kwargs))

    def wait(self) -> None:
        """Wait for every file that was begun.

        Raises:
            OSError: one could not be written.
        """
        begun, self._begun = self._begun, []
        for file in begun:
            file.result()


def _spill(
    scan: Scan,
    spill: Spill,
    domains: Interner,
    bucket: NDArray[np.int32],
    target: str,
    see: Callable[[pa.RecordBatch], None] = lambda _: None,
) -> Spill:
    for batch in scan.batches(spill.schema.names):
        see(batch)
        node = ids_of(domains.find, batch.column(target))
        columns = [to_working(column) for column in batch.columns]
        where = bucket[node] if len(bucket) else np.zeros(len(node), np.int32)
        for row in np.flatnonzero(node < 0).tolist():  # no link to it stands
            where[row] = bucket_of(batch.column(target)[row].as_py(), spill.buckets)
        spill.add(pa.Table.from_arrays(columns, names=spill.schema.names), where)
    return spill


def _count(links: pa.Table, pages: pa.Table, sorter: Sorter, owners: Owners) -> NDArray[np.bool_]:
    """Count one bucket; return which links stay within a domain."""
    bucket = Bucket.of(links, pages, sorter.domains.ids, sorter.addresses, owners.cluster)
    for tally in sorter.tallies:
        tally.add(bucket)
    return bucket.within
