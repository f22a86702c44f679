"""The Arrow schemas of the raw tables, and how they are written as Parquet.

Promises the data contract, version 1: columns may be added (nullable), never renamed, narrowed or reused. Refuses
to name a file's schema version that this code does not know.
"""

from __future__ import annotations

import pyarrow as pa

from linkgraph.errors import CorruptFileError
from linkgraph.urls import CANONICALISER_VERSION, suffix_list_version

SCHEMA_VERSION = 1

_VERSION_KEY = b"linkgraph.schema"
_WORD = pa.dictionary(pa.int32(), pa.string())
_TIME = pa.timestamp("ms", tz="UTC")


def _metadata(table: str) -> dict[bytes, bytes]:
    return {
        _VERSION_KEY: str(SCHEMA_VERSION).encode(),
        b"linkgraph.table": table.encode(),
        b"linkgraph.canonicaliser": CANONICALISER_VERSION.encode(),
        b"linkgraph.suffix_list": suffix_list_version().encode(),
    }


def _field(name: str, kind: pa.DataType, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable)


EDGES: pa.Schema = pa.schema(
    [
        _field("observed_at", _TIME),
        _field("src_url", pa.string()),
        _field("src_host", pa.string()),
        _field("src_domain", pa.string()),
        _field("dst_url", pa.string()),
        _field("dst_host", pa.string()),
        _field("dst_domain", pa.string()),
        _field("dst_fragment", pa.string(), nullable=True),
        _field("kind", _WORD),
        _field("rel", pa.list_(_WORD)),
        _field("nofollow", pa.bool_()),
        _field("ugc", pa.bool_()),
        _field("sponsored", pa.bool_()),
        _field("page_nofollow", pa.bool_()),
        _field("internal", pa.bool_()),
        _field("anchor", pa.string()),
        _field("anchor_truncated", pa.bool_()),
        _field("alt", pa.string(), nullable=True),
        _field("title", pa.string(), nullable=True),
        _field("text_before", pa.string()),
        _field("text_after", pa.string()),
        _field("heading", pa.string(), nullable=True),
        _field("zone", _WORD),
        _field("dom_path", pa.string()),
        _field("link_density", pa.float32()),
        _field("ordinal", pa.int32()),
        _field("instances", pa.int32()),
        _field("origin", _WORD),
    ],
    metadata=_metadata("edges"),
)
"""One row a distinct link on a page, as observed; `run` is the partition, in the path."""

PAGES: pa.Schema = pa.schema(
    [
        _field("url", pa.string()),
        _field("host", pa.string()),
        _field("domain", pa.string()),
        _field("fetched_at", _TIME),
        _field("status", pa.int16(), nullable=True),
        _field("outcome", _WORD),
        _field("outcome_reason", pa.string(), nullable=True),
        _field("redirect_to", pa.string(), nullable=True),
        _field("content_type", pa.string(), nullable=True),
        _field("charset", pa.string(), nullable=True),
        _field("language", pa.string(), nullable=True),
        _field("title", pa.string(), nullable=True),
        _field("canonical_url", pa.string(), nullable=True),
        _field("noindex", pa.bool_()),
        _field("nofollow", pa.bool_()),
        _field("content_length", pa.int64(), nullable=True),
        _field("content_digest", pa.string(), nullable=True),
        _field("simhash", pa.int64(), nullable=True),
        _field("links_internal", pa.int32()),
        _field("links_external", pa.int32()),
        _field("external_domains", pa.int32()),
        _field("depth", pa.int32()),
        _field("discovered_from", pa.string(), nullable=True),
        _field("generator", pa.string(), nullable=True),
        _field("ip", pa.string(), nullable=True),
        _field("owner_ids", pa.list_(pa.string())),
        _field("etag", pa.string(), nullable=True),
        _field("last_modified", pa.string(), nullable=True),
        _field("elapsed_ms", pa.int32(), nullable=True),
        _field("rendered", pa.bool_()),
        _field("truncated", pa.bool_()),
    ],
    metadata=_metadata("pages"),
)
"""One row a fetched, refused or failed page; `run` is the partition, in the path."""

TABLES: dict[str, pa.Schema] = {"edges": EDGES, "pages": PAGES}


def check_schema(schema: pa.Schema, name: str) -> None:
    """Refuse a file whose schema is not ours.

    Args:
        schema: the Arrow schema read from the file.
        name: the file's path, for the message.

    Raises:
        CorruptFileError: no linkgraph metadata, a newer schema version, or a missing column.
    """
    metadata = schema.metadata or {}
    table = metadata.get(b"linkgraph.table", b"").decode()
    version = metadata.get(_VERSION_KEY, b"").decode()
    if table not in TABLES or not version.isdigit():
        raise CorruptFileError(f"{name} is no linkgraph file; move it out of the data folder")
    if int(version) > SCHEMA_VERSION:
        raise CorruptFileError(
            f"{name} has schema version {version}, this linkgraph reads up to {SCHEMA_VERSION}; upgrade linkgraph"
        )
    if missing := [column for column in TABLES[table].names if column not in schema.names]:
        raise CorruptFileError(f"{name} lacks the columns {', '.join(missing)}")
