"""Tables → Parquet files of a build.

Promises what makes a look-up cheap: zstd, 128k rows a group, 4,096 rows a page, a page index, checksums, and bloom
filters on the target; and an order of targets that delta encoding shrinks to almost nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from linkgraph.graph.collapse.fold import Folds
from linkgraph.index.columns import to_stored, to_words
from linkgraph.index.events import EVENT_ROWS
from linkgraph.index.layout import GROUP_ROWS
from linkgraph.index.schema import FOLDS, LINKS, TEXTS

_PAGE_ROWS = 4096
_BLOOM_COLUMNS = ("dst_domain", "dst_url")
_SORTED_URLS = ("dst_url", "src_url")
"""URLs that share long beginnings with the row before: DELTA_BYTE_ARRAY stores what differs."""
_PLAIN = (*_BLOOM_COLUMNS, *_SORTED_URLS, *TEXTS)
"""Columns that gain nothing by a dictionary, and those that a look-up goes by."""
_WORD = pa.dictionary(pa.int32(), pa.string())
_PAGES: dict[str, Any] = {"write_page_index": True, "write_page_checksum": True, "max_rows_per_page": _PAGE_ROWS}
"""Options of pyarrow's writer that let a reader skip and check pages."""


def write_links(path: Path, links: pa.Table, order: NDArray[np.int64]) -> None:
    """Write rows of the links table.

    Args:
        path: the file; its folder exists.
        links: working form, every column of `LINKS`.
        order: the rows to write, in their order; shape (k,).
    """
    bloom = _bloom(_BLOOM_COLUMNS, len(order))
    coded = [name for name in links.column_names if name not in _PLAIN and pa.types.is_dictionary(links[name].type)]
    schema = _written(LINKS, coded)
    with pq.ParquetWriter(path, schema, **_options(LINKS), store_schema=False, bloom_filter_options=bloom) as writer:
        for begin in range(0, len(order), GROUP_ROWS):
            part = links.take(pa.array(order[begin : begin + GROUP_ROWS]))
            columns = [
                to_words(part[field.name].combine_chunks())
                if field.name in coded
                else to_stored(part[field.name], field.type)
                for field in LINKS
            ]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema), row_group_size=GROUP_ROWS)
        writer.add_key_value_metadata({**LINKS.metadata, b"ARROW:schema": b64encode(LINKS.serialize().to_pybytes())})


def _written(schema: pa.Schema, coded: Sequence[str]) -> pa.Schema:
    """Return a schema whose *coded* columns are given as dictionaries and read as what *schema* says.

    The writer then takes their dictionaries as they are, instead of making them again from every row.
    """
    return pa.schema([field.with_type(_WORD) if field.name in coded else field for field in schema])


def write_events(path: Path, events: pa.Table) -> None:
    """Write rows of the events table, in the order they have; the working form is what is taken."""
    path.parent.mkdir(parents=True)
    columns = [to_stored(events[field.name], field.type) for field in EVENT_ROWS]
    table = pa.Table.from_arrays(columns, schema=EVENT_ROWS)
    pq.write_table(table, path, row_group_size=GROUP_ROWS, **_options(EVENT_ROWS))


def _options(schema: pa.Schema) -> dict[str, Any]:
    """Return the options of pyarrow's writer for rows that are sorted by their URLs."""
    plain = {*_SORTED_URLS, *TEXTS, "click_share"}
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [name for name in schema.names if name not in plain],
        "column_encoding": dict.fromkeys(_SORTED_URLS, "DELTA_BYTE_ARRAY"),
        **_PAGES,
    }


def _bloom(columns: Sequence[str], rows: int) -> dict[str, dict[str, float]]:
    """Return filters that let through one absent value in a hundred, if every value of a group is distinct."""
    return {name: {"ndv": max(min(rows, GROUP_ROWS), 1), "fpp": 0.01} for name in columns}


def write_folds(path: Path, folds: Mapping[str, Folds]) -> None:
    """Write the folds that leave their domain, by the name of the policy."""
    tables = []
    for policy, of_policy in folds.items():
        rows = of_policy.foreign()
        columns = [rows.column(name) for name in ("src_url", "src_domain", "url", "domain")]
        tables.append(pa.table([pa.array([policy] * len(rows), pa.string()), *columns], schema=FOLDS))
    pq.write_table(pa.concat_tables(tables), path, compression="zstd", write_page_checksum=True)


def write_sites(path: Path, table: pa.Table) -> None:
    """Write the table of sites with owners and mirrors."""
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)


def write_nodes(path: Path, table: pa.Table, bloom: Sequence[str]) -> None:
    """Write the table of domains or hosts, in the order it has."""
    pq.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=GROUP_ROWS,
        bloom_filter_options=_bloom(bloom, table.num_rows),
        **_PAGES,
    )
