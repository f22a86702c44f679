"""Two data folders of the same crawl → what the interrupted one lost or has twice; and what is broken in it.

Promises to compare all rows on all columns but those that say when and how the crawl came by (`_MAY_DIFFER`), and to
hold the two words for a host that could not be asked for one (`_AS_ONE`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import duckdb

from linkgraph.edges.dataset import snapshot
from linkgraph.edges.invariants import examine
from linkgraph.edges.log import read, summarise
from linkgraph.edges.run import runs
from linkgraph.edges.schema import TABLES
from linkgraph.edges.session import replay
from linkgraph.frontier.ledger import Ledger

_MAY_DIFFER = {
    "edges": {"observed_at"},
    # Which of several links to a page was seen first depends on timing, and with it depth and discovered_from.
    "pages": {"fetched_at", "elapsed_ms", "depth", "discovered_from"},
}

_AS_ONE = {
    # Failures in a row are remembered over restarts: a host whose robots.txt fails is given up sooner for a kill.
    "outcome": "CASE WHEN outcome_reason = 'host:failing' THEN 'refused-by-robots' ELSE outcome END",
    "outcome_reason": "CASE WHEN outcome_reason = 'host:failing' THEN 'robots:unreachable' ELSE outcome_reason END",
}


@dataclass(frozen=True)
class Differences:
    """Counts; all are 0 where a crawl came to what the uninterrupted one came to."""

    urls_lost: int
    urls_twice: int
    urls_more: int
    pages_other: int
    """Rows of the pages table that differ in a column."""
    edges_missing: int
    edges_extra: int
    """Rows of the edges table, duplicates included, that the uninterrupted crawl does not have."""

    @property
    def none(self) -> bool:
        """Whether nothing differs."""
        return not any(getattr(self, field.name) for field in fields(self))


def differences(reference: Path, other: Path) -> Differences:
    """Compare the live rows of the data folder *other* with those of *reference*."""
    with duckdb.connect() as db:
        for name, root in (("a", reference), ("b", other)):
            live = snapshot(root)
            for table, paths in (("edges", live.edge_files), ("pages", live.page_files)):
                compared = [one for one in TABLES[table].names if one not in _MAY_DIFFER[table]]
                columns = ", ".join(f'{_AS_ONE.get(one, one)} AS "{one}"' for one in compared)
                files = [str(path) for path in paths]
                db.from_parquet(files).create(f"{name}_{table}_all")
                db.execute(f"CREATE VIEW {name}_{table} AS SELECT {columns} FROM {name}_{table}_all")

        def count(query: str) -> int:
            return db.execute(f"SELECT count(*) FROM ({query})").fetchone()[0]

        lost = "SELECT url FROM a_pages EXCEPT SELECT url FROM b_pages"
        more = "SELECT url FROM b_pages EXCEPT SELECT url FROM a_pages"
        return Differences(
            urls_lost=count(lost),
            urls_twice=count("SELECT url FROM b_pages GROUP BY url HAVING count(*) > 1"),
            urls_more=count(more),
            pages_other=count("SELECT * FROM b_pages EXCEPT SELECT * FROM a_pages"),
            edges_missing=count("SELECT * FROM a_edges EXCEPT ALL SELECT * FROM b_edges"),
            edges_extra=count("SELECT * FROM b_edges EXCEPT ALL SELECT * FROM a_edges"),
        )


def broken(root: Path) -> list[str]:
    """Return what is wrong with the data folder of crawls that have ended; nothing is well."""
    found = [f"{one.subject}: {one.check}: {problem}" for one in examine(root) for problem in one.problems]
    found += [f"left behind: {path}" for path in leftovers(root)]
    for run in runs(root):
        entries = list(read(run.log))
        if entries[-1].kind != "finish":
            found.append(f"{run.name}: its last entry is {entries[-1].kind}")
        ledger = Ledger(run.ledger)
        counts, rows = ledger.counts(), list(ledger.rows())
        ledger.close()
        if counts["pending"] or counts["leased"]:
            found.append(f"{run.name}: finished with {counts}")
        if sum(counts.values()) != len(rows):
            found.append(f"{run.name}: {sum(counts.values())} URLs in states, {len(rows)} known")
        if rows != rebuilt(root, run.name):
            found.append(f"{run.name}: the log rebuilds another ledger")
    return found


def rebuilt(root: Path, name: str) -> list[tuple[object, ...]]:
    """Return the rows of a ledger made anew from the log of run *name*."""
    run = next(one for one in runs(root) if one.name == name)
    path = root / "rebuilt.sqlite"
    ledger = Ledger(path)
    replay(run, ledger, summarise(run.log))
    rows = list(ledger.rows())
    ledger.close()
    path.unlink()
    return rows


def leftovers(root: Path) -> list[Path]:
    """Return files that a commit began and no log entry names."""
    live = {root / file.path for file in snapshot(root).files}
    tables = (path for table in TABLES for path in (root / table).rglob("*") if path.is_file())
    logs = (path for run in runs(root) for path in run.log.glob(".*"))
    return [path for path in (*tables, *logs) if path not in live]


def entries(root: Path) -> int:
    """Return how many log entries the runs of *root* have, 0 where there is none yet."""
    return sum(1 for run in runs(root) for _ in run.log.glob("[0-9]*.json"))
