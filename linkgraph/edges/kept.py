"""Pages that had not changed, and where their last rows lie → the same pages with the links that they still have.

Promises that a page that answered 304 stands in its run with the columns and links of the last time that it was read,
and with the moment at which the server said so. Refuses to invent links: a file that cannot be read is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linkgraph.edges.schema import EDGES
from linkgraph.edges.segment import Segment
from linkgraph.errors import CorruptFileError
from linkgraph.frontier.known import Source
from linkgraph.model import Page

_OF_THIS_VISIT = ("fetched_at", "status", "outcome", "depth", "discovered_from", "ip", "elapsed_ms")
_NEWER_IF_SENT = ("etag", "last_modified")
"""RFC 9111 3.2: a 304 replaces the headers that it carries."""

NOT_MODIFIED = 304


def needs_links(page: Page) -> bool:
    """Tell whether a page was found unchanged without being sent."""
    return page.outcome == "not-modified" and page.status == NOT_MODIFIED


def with_kept_links(root: Path, segment: Segment, where: Mapping[str, Source]) -> Segment:
    """Return *segment* with the columns and links of its unchanged pages.

    Args:
        root: the data folder.
        segment: what was recorded.
        where: for the URL of each page that `needs_links`, where it was last read.

    Raises:
        CorruptFileError: a file is gone or broken, or lacks a page.
    """
    visits = {page.url: page for page in segment.pages if page.url in where}
    pages: dict[str, Page] = {}
    tables = []
    for source in dict.fromkeys(where.values()):
        urls = pa.array([url for url, place in where.items() if place == source], pa.string())
        for row in _rows(root / source.pages, "url", urls).to_pylist():
            pages[row["url"]] = _renewed(row, visits[row["url"]])
        tables.append(_rows(root / source.edges, "src_url", urls))
    if missing := visits.keys() - pages.keys():
        raise CorruptFileError(f"{where[min(missing)].pages} lacks {min(missing)}; run the same command again")
    kept = pa.concat_tables([_renewed_edges(table, pages) for table in tables])
    return replace(segment, pages=[pages.get(page.url, page) for page in segment.pages], kept=kept)


def _rows(path: Path, column: str, urls: pa.Array) -> pa.Table:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
    except (OSError, pa.ArrowException) as error:
        raise CorruptFileError(
            f"{path} cannot be read ({error}), and pages that have not changed keep their links from it; move it away "
            "and run the same command again: they are fetched anew"
        ) from error
    return table.filter(pc.is_in(table[column], value_set=urls))


def _renewed(row: dict[str, Any], visit: Page) -> Page:
    sent = [name for name in _NEWER_IF_SENT if getattr(visit, name)]
    fresh = {name: getattr(visit, name) for name in (*_OF_THIS_VISIT, *sent)}
    known = {field.name: row[field.name] for field in fields(Page)}
    return Page(**{**known, "owner_ids": tuple(row["owner_ids"]), **fresh})


def _renewed_edges(table: pa.Table, pages: Mapping[str, Page]) -> pa.Table:
    seen = [pages[url].fetched_at for url in table["src_url"].to_pylist()]
    moments = pa.array(seen, EDGES.field("observed_at").type)
    columns = [moments if field.name == "observed_at" else table[field.name] for field in EDGES]
    return pa.Table.from_arrays(columns, schema=EDGES)


def lost_sources(found: Iterable[tuple[int, Source]], root: Path) -> list[int]:
    """Return the numbers of the sources whose files are gone."""
    return [number for number, source in found if not all((root / path).exists() for path in source)]
