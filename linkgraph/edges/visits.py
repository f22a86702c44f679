"""A segment, in memory or read back from its files → what each of its pages means for the frontier.

Promises the same visits in both cases: that is what makes a ledger that the log rebuilds equal to the one that was
lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linkgraph.edges.log import Entry, read, summarise
from linkgraph.edges.run import Run
from linkgraph.edges.segment import Segment
from linkgraph.frontier.budgets import Seen
from linkgraph.frontier.records import Visit

_SEEN_FIELDS = ("content_digest", "simhash", "content_length")
_PAGE_FIELDS = ("url", "host", "domain", "outcome", "outcome_reason", "depth", *_SEEN_FIELDS)
_LINK_FIELDS = ("dst_url", "dst_host", "dst_domain", "kind", "rel", "nofollow")


def visits(segment: Segment) -> Iterator[Visit]:
    """Yield what each page of *segment* means for the frontier."""
    columns = [getattr(segment.links, name) for name in _LINK_FIELDS]
    kept = _targets(segment.kept, (page.url for page in segment.pages))
    for page, where in segment.by_page():
        targets = [*zip(*(column[where] for column in columns), strict=True), *kept[page.url]]
        seen = _seen(page.outcome, page.outcome_reason, page.content_digest, page.simhash, page.content_length)
        yield Visit(page.url, page.host, page.domain, page.outcome, page.outcome_reason, page.depth, targets, seen)


def read_visits(run: Run, entry: Entry) -> Iterator[Visit]:
    """Yield the same visits that `visits` yielded when *entry* was committed, read back from its files."""
    paths = {file.table: run.root / file.path for file in entry.files}
    pages = pq.read_table(paths["pages"], columns=list(_PAGE_FIELDS))
    edges = pq.read_table(paths["edges"], columns=["src_url", *_LINK_FIELDS])
    order = _targets(edges, pages.column("url").to_pylist())
    for page in pages.to_pylist():
        yield Visit(**page_fields(page), targets=order[page["url"]])


def links_of(run: Run, urls: AbstractSet[str], before: int) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """Yield the links of each page of *urls* that an entry of *run* numbered below *before* holds.

    Args:
        run: whose log is read, and the files that hold one of the pages.
        urls: of the pages.
        before: the number of an entry.
    """
    removed = summarise(run.log).removed
    for entry in read(run.log):
        if entry.sequence >= before:
            return
        held = [url for url, _ in entry.pages if url in urls]
        if held and entry.kind == "segment" and not any(file.path in removed for file in entry.files):
            for visit in read_visits(run, entry):
                if visit.url in urls:
                    yield visit.url, list(visit.targets)


def _targets(edges: pa.Table, urls: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the links of each page of *urls*, as the fields of a `Target`."""
    order: dict[str, list[tuple[Any, ...]]] = {url: [] for url in urls}
    rows = edges.select(list(_LINK_FIELDS)).to_pydict()
    rows["rel"] = list(map(tuple, rows["rel"]))
    sources = pc.cast(edges.column("src_url"), "string").to_pylist()
    for source, *values in zip(sources, *(rows[name] for name in _LINK_FIELDS), strict=True):
        order[source].append(tuple(values))
    return order


def page_fields(page: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a `Visit` that come from a row of the pages table."""
    return {
        "url": page["url"],
        "host": page["host"],
        "domain": page["domain"],
        "outcome": page["outcome"],
        "reason": page["outcome_reason"],
        "depth": page["depth"],
        "seen": _seen(page["outcome"], page["outcome_reason"], *(page[name] for name in _SEEN_FIELDS)),
    }


def _seen(outcome: str, reason: str | None, digest: str | None, simhash: int | None, length: int | None) -> Seen | None:
    if outcome != "fetched" or reason == "content:type" or digest is None:
        return None
    return Seen(digest, simhash, length)
