"""Counts and ranks → the domains and hosts tables of a build, policy after policy, best first.

Promises one row a node and policy, in the order of `rank` and then of the name; the same rows in the same order for
the same data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linkgraph.authority.pagerank import PageRank
from linkgraph.authority.score import authority, positions
from linkgraph.graph.names import Names
from linkgraph.index.measures import MEASURES
from linkgraph.index.tally import COUNTS, Tally
from linkgraph.urls import registrable_domain

_SCORES = {"pagerank": pa.float64(), "pagerank_error": pa.float64(), "authority": pa.float64(), "rank": pa.int64()}
_MIDDLE = [
    pa.field("crawled_pages", pa.int64()),
    pa.field("known_pages", pa.int64()),
    pa.field("coverage", pa.float64()),
]

DOMAINS: pa.Schema = pa.schema(
    [
        pa.field("domain", pa.string()),
        *_MIDDLE,
        *(pa.field(name, pa.int64()) for name in COUNTS[2:]),
        *(pa.field(name, kind) for name, kind in _SCORES.items()),
        *(pa.field(name, pa.float64()) for name in MEASURES),
        pa.field("policy", pa.string()),
    ],
    metadata={b"linkgraph.schema": b"1", b"linkgraph.table": b"domains"},
)
"""One row a domain. `coverage` is crawled_pages / known_pages, null where no page is known; `pagerank_error` bounds
the L1 error of the whole vector, so that of each row too."""

HOSTS: pa.Schema = DOMAINS.insert(0, pa.field("host", pa.string())).with_metadata(
    {b"linkgraph.schema": b"1", b"linkgraph.table": b"hosts"}
)
"""One row a host, ranked in the graph of hosts; `domain` is its registrable domain."""


Measured = Mapping[str, NDArray[np.float64] | None]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A table of nodes, best first, and where each node stands in it."""

    table: pa.Table
    row: NDArray[np.int32]
    """Shape (n,): the row of each node."""


def ranked_nodes(names: Names, tally: Tally, ranks: PageRank, measured: Measured, policy: str) -> Ranked:
    """Return the table of one level under one policy.

    Args:
        names: the nodes, in byte order.
        tally: their counts; its column says whether they are domains or hosts.
        ranks: their PageRank.
        measured: the columns `MEASURES`, None where one is not known.
        policy: named in every row.
    """
    order = np.argsort(-ranks.scores, kind="stable")  # of equals the first by name comes first
    row = np.empty(len(order), np.int32)
    row[order] = np.arange(len(order), dtype=np.int32)
    columns = _columns(tally, ranks) | _known(measured, len(order)) | {"policy": pa.repeat(policy, len(order))}
    offsets, data = np.asarray(names.offsets), np.asarray(names.data)
    column = pa.LargeStringArray.from_buffers(len(names), pa.py_buffer(offsets), pa.py_buffer(data))
    schema = DOMAINS
    if tally.column == "host":
        schema = HOSTS
        columns |= {"host": column, "domain": pa.array([registrable_domain(name) for name in names], pa.string())}
    else:
        columns |= {"domain": column}
    table = pa.table([columns[field.name] for field in schema], names=schema.names)
    return Ranked(table.take(pa.array(order)).cast(schema), row)


def _known(measured: Measured, count: int) -> dict[str, pa.Array]:
    return {
        name: pa.nulls(count, pa.float64()) if values is None else pa.array(values) for name, values in measured.items()
    }


def _columns(tally: Tally, ranks: PageRank) -> dict[str, pa.Array]:
    counts = {name: pa.array(values) for name, values in tally.counts.items()}
    known = tally.counts["known_pages"]
    share = np.divide(tally.counts["crawled_pages"], known, out=np.zeros(len(known)), where=known > 0)
    return counts | {
        "coverage": pa.array(share, mask=known == 0),
        "pagerank": pa.array(ranks.scores),
        "pagerank_error": pa.array(np.full(len(known), ranks.error)),
        "authority": pa.array(authority(ranks)),
        "rank": pa.array(positions(ranks.scores)),
    }
