"""The Arrow schemas of the derived tables that a look-up reads.

Promises the data contract: columns may be added (nullable), never renamed, narrowed or reused. Refuses nothing: what an
older build lacks is null.
"""

from __future__ import annotations

import pyarrow as pa

from linkgraph.classify.schema import CLASSES
from linkgraph.edges.schema import EDGES

CLASSIFIED = ("placement", "acquisition", "acquisition_probability", "evidence", "rules_version")
"""The columns of `classify` that a build keeps of every link."""

SITE_COLUMNS = (
    pa.field("same_owner", pa.bool_(), nullable=True),
    pa.field("sitewide", pa.bool_(), nullable=True),
    pa.field("sitewide_pages", pa.int32(), nullable=True),
    pa.field("sitewide_share", pa.float32(), nullable=True),
)
"""What is added to the links table; null for links within a domain and for what is no hyperlink."""

CLICK_COLUMNS = (
    pa.field("page_links", pa.int32(), nullable=True),
    pa.field("click_share", pa.float32(), nullable=True),
)
"""How many hyperlinks stand on the link's page, and its share of their clicks."""

JUDGED_COLUMNS = (
    pa.field("title_fit", pa.float32(), nullable=True),
    pa.field("src_popularity", pa.float64(), nullable=True),
)
"""How well the words around a link fit the target's title, and how often its page is probably seen."""

STATE_COLUMNS = (
    pa.field("state", pa.dictionary(pa.int32(), pa.string()), nullable=True),
    pa.field("state_reason", pa.string(), nullable=True),
    pa.field("state_at", pa.timestamp("ms", tz="UTC"), nullable=True),
)
"""What is known of a link by all runs; `state_at` is when that was noticed."""

_ADDED = (
    pa.field("run", pa.string()),
    *(CLASSES.field(name).with_nullable(True) for name in CLASSIFIED),
    *CLICK_COLUMNS,
    *SITE_COLUMNS,
    *JUDGED_COLUMNS,
    pa.field("first_seen", pa.timestamp("ms", tz="UTC")),
    pa.field("last_seen", pa.timestamp("ms", tz="UTC")),
    pa.field("src_authority", pa.float64()),
    pa.field("dst_status", pa.int16(), nullable=True),
    *STATE_COLUMNS,
)

TEXTS = ("text_before", "text_after")
"""Columns of the links table that hardly ever hold the same words twice."""

LINKS: pa.Schema = pa.schema([*EDGES, *_ADDED], metadata={**EDGES.metadata, b"linkgraph.table": b"links"})
"""The derived table: the newest observation of each link, the run that made it, and what the build adds."""

FOLDS: pa.Schema = pa.schema(
    [
        pa.field("policy", pa.string(), nullable=False),
        pa.field("url", pa.string(), nullable=False),
        pa.field("domain", pa.string(), nullable=False),
        pa.field("landing_url", pa.string(), nullable=False),
        pa.field("landing_domain", pa.string(), nullable=False),
    ],
    metadata={b"linkgraph.schema": b"1", b"linkgraph.table": b"folds"},
)
"""One row a policy and URL whose votes land on another domain, by redirect, refresh or canonical."""

SITES: pa.Schema = pa.schema(
    [
        pa.field("domain", pa.string(), nullable=False),
        pa.field("owner", pa.string()),
        pa.field("evidence", pa.list_(pa.string())),
        pa.field("mirror_of", pa.string()),
    ],
    metadata={b"linkgraph.schema": b"1", b"linkgraph.table": b"sites"},
)
"""One row a domain that others belong to or that mirrors one. `owner` is the first domain, by name, of those that one
owner probably runs; `evidence` tells what joins this one to which of them."""
