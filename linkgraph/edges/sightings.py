"""The pages tables of earlier runs → what the frontier needs to visit the pages again.

Promises the rows of one run after the other, oldest first, with the memory of one file. A file that is gone or broken
is left out: its pages are found again, or asked for without condition.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from linkgraph.edges.lineage import ancestry
from linkgraph.edges.log import Entry, read, summarise
from linkgraph.edges.run import Run
from linkgraph.frontier.known import Revisit, Source
from linkgraph.frontier.revisit import RevisitRule, Sighting

_COLUMNS = (
    "url", "host", "domain", "depth", "discovered_from", "fetched_at", "outcome", "status", "content_digest",
    "redirect_to", "simhash", "links_internal", "links_external", "etag", "last_modified",
)  # fmt: skip


def revisit_of(root: Path, settled: dict[str, Any]) -> Revisit:
    """Return what a ledger needs to begin a run that visits pages again.

    Args:
        root: the data folder.
        settled: what `lineage.settle` returned.
    """
    commits = dict(enumerate(_commits(root, settled), 1))
    sources = {number: Source(*(paths[table] for table in ("pages", "edges"))) for number, paths in commits.items()}
    sightings = (one for number, source in sources.items() for one in _sightings(root, number, source))
    return Revisit(settled["at"], settled["every"], RevisitRule(**settled["rule"]), sources, sightings)


def _commits(root: Path, settled: dict[str, Any]) -> Iterator[dict[str, str]]:
    for run, upto in ancestry(Run(root, settled["run"]), settled["sequence"]):
        removed = summarise(run.log).removed
        for entry in read(run.log, pages=False):
            if entry.sequence <= upto and _is_whole(entry, removed):
                yield {file.table: file.path for file in entry.files}


def _is_whole(entry: Entry, removed: set[str]) -> bool:
    return entry.kind == "segment" and not any(file.path in removed for file in entry.files)


def _sightings(root: Path, number: int, source: Source) -> Iterator[Sighting]:
    try:
        with pq.ParquetFile(root / source.pages, page_checksum_verification=True) as file:
            rows = file.read(columns=list(_COLUMNS)).to_pylist()
    except (OSError, pa.ArrowException):
        return
    for row in rows:
        if not row["url"].endswith("/robots.txt"):  # read by the rules of politeness, and recorded for its sitemaps
            yield _sighting(row, number)


def _sighting(row: dict[str, Any], number: int) -> Sighting:
    return Sighting(
        url=row["url"],
        host=row["host"],
        domain=row["domain"],
        depth=row["depth"],
        discovered_from=row["discovered_from"],
        seen_at=row["fetched_at"].timestamp(),
        outcome=row["outcome"],
        status=row["status"],
        mark=row["content_digest"] or row["redirect_to"],
        simhash=row["simhash"],
        links=row["links_internal"] + row["links_external"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        source=number,
    )
