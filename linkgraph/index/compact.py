"""Edges and pages in crawl order → files of links sorted by target, bucket by bucket, and the counts they give.

Promises memory of one bucket: rows are spilled by target domain first. A bucket holds every link to its domains and
every page of them, so whatever joins a target with its own pages is local.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.classify.answer import CLASSES
from linkgraph.edges.schema import EDGES, PAGES
from linkgraph.graph.collapse.scan import Scan, utf8
from linkgraph.graph.collapse.standing import Standing
from linkgraph.graph.names import Names
from linkgraph.index.classified import ADDED as CLASSIFIED
from linkgraph.index.columns import to_working, working_schema
from linkgraph.index.files import write_links
from linkgraph.index.layout import backlinks_file, bucket_folder, bucket_of, internal_file
from linkgraph.index.links import Domains, distinct_links, newest_pages
from linkgraph.index.spill import Spill
from linkgraph.index.tally import Addresses, Bucket, Tally

BUCKET_ROWS = 1 << 18
"""Rows a bucket holds at most on average: some 150 MB, and twice that while it is sorted."""

MAX_BUCKETS = 4096

_EDGE_ROWS = working_schema(EDGES, pa.field("run", pa.string()), *(CLASSES.field(name) for name in CLASSIFIED))
_PAGE_ROWS = working_schema(
    pa.schema([PAGES.field(name) for name in ("url", "host", "domain", "fetched_at", "status", "outcome")])
)


def bucket_count(rows: int) -> int:
    """Return the number of buckets for *rows* edges: the power of two that keeps a bucket within `BUCKET_ROWS`."""
    return min(1 << max(-(-rows // BUCKET_ROWS) - 1, 0).bit_length(), MAX_BUCKETS)


@dataclass(frozen=True, slots=True)
class Sorter:
    """What is known before the links are put in order."""

    names: Names
    """The domains, node by node."""
    domains: Domains
    addresses: Addresses
    tallies: tuple[Tally, ...]
    """Counted into, bucket by bucket."""
    standing: Standing


def compact(edges: Scan, pages: Scan, sorter: Sorter, *, build: Path, buckets: int, done: Callable[[int], None]) -> int:
    """Write the links of a build and count them; return how many distinct links there are.

    Args:
        edges: rows of the edges table, classified.
        pages: rows of the pages table.
        sorter: names, authority, addresses and tallies.
        build: the build's folder; a hidden folder in it holds what does not fit into memory.
        buckets: how many there are.
        done: told the number of each finished bucket, from 1.
    """
    spilled = build / ".spill"
    spilled.mkdir()
    bucket = np.fromiter((bucket_of(name, buckets) for name in sorter.names), np.int32, len(sorter.names))
    rows = _spill(edges, Spill(spilled, "edges", _EDGE_ROWS, buckets), sorter.domains, bucket, "dst_domain")
    known = _spill(pages, Spill(spilled, "pages", _PAGE_ROWS, buckets), sorter.domains, bucket, "domain")
    total = 0
    for number in range(buckets):
        newest = newest_pages(known.bucket(number))
        links, order = distinct_links(rows.bucket(number), sorter.domains, newest, sorter.standing)
        within = _count(links, newest, sorter)[order]
        bucket_folder(build, number).mkdir(parents=True)
        write_links(backlinks_file(build, number), links, order[~within])
        write_links(internal_file(build, number), links, order[within])
        total += links.num_rows
        done(number + 1)
    rows.remove()
    known.remove()
    spilled.rmdir()
    return total


def _spill(scan: Scan, spill: Spill, domains: Domains, bucket: NDArray[np.int32], target: str) -> Spill:
    for batch in scan.batches(spill.schema.names):
        node = domains.ids.find(*utf8(batch.column(target)))
        columns = [to_working(column) for column in batch.columns]
        spill.add(pa.Table.from_arrays(columns, names=spill.schema.names), bucket[node])
    return spill


def _count(links: pa.Table, pages: pa.Table, sorter: Sorter) -> NDArray[np.bool_]:
    """Count one bucket; return which links stay within a domain."""
    bucket = Bucket.of(links, pages, sorter.domains.ids, sorter.addresses)
    for tally in sorter.tallies:
        tally.add(bucket)
    return bucket.within
