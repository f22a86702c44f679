"""A whole build over generated page links: links/s of each step, peak memory, and DuckDB at the same rows.

The table has every column of the edges schema (see synthetic_links.py). DuckDB gets two threads and 1 GB and does the
parts of a build that SQL states in a line: all rows, sorted by target, written as Parquet; and the distinct pairs of
domains, beside ours from the same files to compressed sparse rows, both ways. Asserted: the build holds every link, the
counts of the best domain are those that DuckDB finds in the raw edges, and so are the pairs.

    python benchmarks/build.py [--rows 1000000] [--quick]
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic_links import commit, edges_table, pages_table

from linkgraph.graph.collapse import collapse
from linkgraph.graph.collapse.scan import NAMES, FileScan
from linkgraph.graph.policy import policies_named
from linkgraph.index.build import build

COUNTS = """
    select count(distinct src_domain), count(*), count(*) filter (where not nofollow and kind = 'a')
    from '{root}/edges/**/*.parquet' where dst_domain = '{domain}' and src_domain <> dst_domain
"""


def prepared(root: Path, rows: int) -> None:
    edges = edges_table(rows)
    commit(root, "synthetic", edges, pages_table(edges))


def sorted_by_duckdb(root: Path) -> float:
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "1GB", "temp_directory": str(root / "duck")})
    began = time.perf_counter()
    connection.execute(
        f"copy (select * from '{root}/edges/**/*.parquet' order by dst_domain, dst_url, src_domain) "
        f"to '{root}/duck.parquet' (format parquet, compression zstd)"
    )
    return time.perf_counter() - began


PAIRS = """
    select count(*) from (select distinct src_domain, dst_domain from '{root}/edges/**/*.parquet'
    where kind in ('a', 'area') and not nofollow and src_domain <> dst_domain)
"""


def spent(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what *work* returns, its seconds by the clock and of CPU; the better of two."""
    found = []
    for _ in range(2):
        began, used = time.perf_counter(), time.process_time()
        answer = work()
        found.append((time.perf_counter() - began, time.process_time() - used))
    return answer, min(seconds for seconds, _ in found), min(used for _, used in found)


def collapsed(root: Path, rows: int) -> None:
    """From Parquet files to the graph of domains under two policies, beside DuckDB.

    Owners are nobody's here: a build finds them where it classifies links, a step that it prints by itself.
    """
    edges, pages = (tuple(sorted((root / name).rglob("*.parquet"))) for name in ("edges", "pages"))
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
    (pairs,), clock, cpu = spent(lambda: connection.execute(PAIRS.format(root=root)).fetchone())
    print(f"{'pairs':10s} {rows / clock:12,.0f} links/s by the clock {rows / cpu:12,.0f} by CPU  DuckDB, pairs")
    for policy in policies_named(["followed", "editorial"]):
        scans = FileScan(edges, coded=NAMES), FileScan(pages)
        graph, ours, cpu = spent(lambda policy=policy, scans=scans: collapse(*scans, policy)["domain"])
        assert graph.number_of_edges() == pairs
        print(
            f"{policy.name:10s} {rows / ours:12,.0f} links/s by the clock {rows / cpu:12,.0f} by CPU  from files to "
            f"rows of domains; {clock / ours:.2f} times DuckDB"
        )


def checked(root: Path, folder: Path) -> None:
    best = pq.read_table(folder / "domains.parquet").slice(0, 1).to_pylist()[0]
    (found,) = duckdb.sql(COUNTS.format(root=root, domain=best["domain"])).fetchall()
    assert found == (best["referring_domains"], best["backlinks"], best["backlinks_followed"])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--quick", action="store_true", help="100,000 rows")
    asked = options.parse_args()
    rows = 100_000 if asked.quick else asked.rows
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        prepared(root, rows)
        build(root)  # compiles, or loads what was compiled
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        result = build(root)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert (result.links, result.edges) == (rows, rows)
        checked(root, result.folder)
        peer = sorted_by_duckdb(root)
        collapsed(root, rows)
    domains, votes = result.nodes["domain"], result.rankings[0].votes["domain"]
    print(f"{rows:,} links, {domains:,} domains, {votes:,} votes, {result.buckets} buckets")
    for step, spent in result.seconds.items():
        print(f"{step:10s} {spent:7.2f} s  {rows / max(spent, 1e-3):12,.0f} links/s")
    megabytes = max(peak, before) / 1024
    print(f"{'all':10s} {seconds:7.2f} s  {rows / seconds:12,.0f} links/s  peak {megabytes:,.0f} MB with the generator")
    print(f"{'DuckDB':10s} {peer:7.2f} s  {rows / peer:12,.0f} links/s  sort and write only")
    print(f"{'ratio':10s} {peer / seconds:7.2f}")


if __name__ == "__main__":
    main()
