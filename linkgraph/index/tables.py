"""Counts and ranks → the tables of domains, hosts and entities of a build, policy after policy, best first.

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
from linkgraph.graph.collapse.entities import Entities
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.names import Names
from linkgraph.index.measures import MEASURES
from linkgraph.index.tally import COUNTS
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

ENTITIES: pa.Schema = pa.schema(
    [
        pa.field("entity", pa.string()),
        pa.field("defined", pa.bool_()),
        *(pa.field(name, pa.int64()) for name in ("votes", "votes_cast")),
        *(field for field in DOMAINS if field.name in {*_SCORES, *MEASURES, "policy"}),
    ],
    metadata={b"linkgraph.schema": b"1", b"linkgraph.table": b"entities"},
)
"""One row an entity. `defined` is false for a domain that no entity of the user's file covers; `votes` is how many
others vote for it under the policy, `votes_cast` for how many it votes."""

_TABLES = {"domain": DOMAINS, "host": HOSTS, "entity": ENTITIES}

Measured = Mapping[str, NDArray[np.float64] | None]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A table of nodes, best first, and where each node stands in it."""

    table: pa.Table
    row: NDArray[np.int32]
    """Shape (n,): the row of each node."""


Counts = Mapping[str, NDArray[np.int64] | NDArray[np.bool_]]


def ranked_nodes(level: str, names: Names, counts: Counts, ranks: PageRank, measured: Measured, policy: str) -> Ranked:
    """Return the table of one level under one policy.

    Args:
        level: `domain`, `host` or `entity`.
        names: the nodes, in byte order.
        counts: the columns of their table that are known before ranks.
        ranks: their PageRank.
        measured: the columns `MEASURES`, None where one is not known.
        policy: named in every row.
    """
    order = np.argsort(-ranks.scores, kind="stable")  # of equals the first by name comes first
    row = np.empty(len(order), np.int32)
    row[order] = np.arange(len(order), dtype=np.int32)
    columns = _columns(counts, ranks) | _known(measured, len(order)) | {"policy": pa.repeat(policy, len(order))}
    offsets, data = np.asarray(names.offsets), np.asarray(names.data)
    column = pa.LargeStringArray.from_buffers(len(names), pa.py_buffer(offsets), pa.py_buffer(data))
    columns |= {level: column}
    if level == "host":
        columns |= {"domain": pa.array([registrable_domain(name) for name in names], pa.string())}
    schema = _TABLES[level]
    table = pa.table([columns[field.name] for field in schema], names=schema.names)
    return Ranked(table.take(pa.array(order)).cast(schema), row)


def _known(measured: Measured, count: int) -> dict[str, pa.Array]:
    return {
        name: pa.nulls(count, pa.float64()) if values is None else pa.array(values) for name, values in measured.items()
    }


def counts_of_entities(names: Names, graph: LinkGraph, entities: Entities) -> Counts:
    """Return the counts of the table of entities."""
    defined = set(entities.names)
    return {
        "defined": np.array([name in defined for name in names], np.bool_),
        "votes": graph.backlinks.counts(),
        "votes_cast": graph.links.counts(),
    }


def _columns(counts: Counts, ranks: PageRank) -> dict[str, pa.Array]:
    columns = {name: pa.array(values) for name, values in counts.items()}
    if (known := counts.get("known_pages")) is not None:
        share = np.divide(counts["crawled_pages"], known, out=np.zeros(len(known)), where=known > 0)
        columns["coverage"] = pa.array(share, mask=known == 0)
    return columns | {
        "pagerank": pa.array(ranks.scores),
        "pagerank_error": pa.array(np.full(len(ranks.scores), ranks.error)),
        "authority": pa.array(authority(ranks)),
        "rank": pa.array(positions(ranks.scores)),
    }
