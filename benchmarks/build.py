"""A whole build over generated page links: links/s of each step, peak memory, and DuckDB at the same rows.

The table has every column of the edges schema (see synthetic_links.py). DuckDB gets two threads and 1 GB and does the
parts of a build that SQL states in a line: all rows, sorted by target, written as Parquet; and the distinct pairs of
domains, beside ours from the same files to compressed sparse rows, both ways: from one file, and from the same links in
many small ones, as a crawl writes them, in turn. Asserted: the build holds every link, the counts of the best domain
are those that DuckDB finds in the raw edges, and so are the pairs; the graphs of one file and of many are the same.

    python benchmarks/build.py [--rows 1000000] [--files 172] [--quick]
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from synthetic_links import commit, edges_table, pages_table

from linkgraph.graph.collapse import collapse
from linkgraph.graph.collapse.scan import NAMES, FileScan
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.policy import VotePolicy, policies_named
from linkgraph.index.build import build

COUNTS = """
    select count(distinct src_domain), count(*), count(*) filter (where not nofollow and kind = 'a')
    from '{root}/edges/**/*.parquet' where dst_domain = '{domain}' and src_domain <> dst_domain
"""


def prepared(root: Path, rows: int, files: int) -> None:
    """Write the links twice: as one segment below `one`, and as *files* of them below `many`."""
    edges = edges_table(rows)
    pages = pages_table(edges)
    commit(root / "one", "synthetic", edges, pages)
    for number in range(files):
        share, of_pages = (
            table.slice(len(table) * number // files, len(table) * (number + 1) // files - len(table) * number // files)
            for table in (edges, pages)
        )
        commit(root / "many", "synthetic", share, of_pages, number + 1)


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


Spent = tuple[Any, float, float]
"""An answer, its seconds by the clock and of CPU."""


def spent(work: Sequence[Callable[[], Any]], rounds: int = 3) -> list[Spent]:
    """Return what each returns and its least seconds; they take turns."""
    found: list[list[Spent]] = [[] for _ in work]
    for _ in range(rounds):
        for each, seconds in zip(work, found, strict=True):
            began, used = time.perf_counter(), time.process_time()
            answer = each()
            seconds.append((answer, time.perf_counter() - began, time.process_time() - used))
    return [(all_of[0][0], min(one[1] for one in all_of), min(one[2] for one in all_of)) for all_of in found]


def collapsed(one: Path, many: Path, rows: int) -> None:
    """From Parquet files to the graph of domains under two policies, beside DuckDB.

    Owners are nobody's here: a build finds them where it classifies links, a step that it prints by itself.
    """
    connection = duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
    roots = {"one file": one, "many files": many}
    peers = spent([partial(counted, connection, root) for root in roots.values()])
    for name, (_, clock, cpu) in zip(roots, peers, strict=True):
        print(f"{'pairs':10s} {name:10s} {rates(rows, clock, cpu)}  DuckDB, pairs")
    for policy in policies_named(["followed", "editorial"]):
        ours = spent([partial(domains, root, policy) for root in roots.values()])
        assert np.array_equal(ours[0][0].links.indices, ours[1][0].links.indices)
        for name, (graph, clock, cpu), (pairs, peer, _) in zip(roots, ours, peers, strict=True):
            assert graph.number_of_edges() == pairs
            times = f"{peer / clock:.2f} times DuckDB, {ours[0][1] / clock:.2f} times one file"
            print(f"{policy.name:10s} {name:10s} {rates(rows, clock, cpu)}  from files to rows of domains; {times}")


def rates(rows: int, clock: float, cpu: float) -> str:
    return f"{rows / clock:12,.0f} links/s by the clock {rows / cpu:12,.0f} by CPU"


def counted(connection: duckdb.DuckDBPyConnection, root: Path) -> int:
    (pairs,) = connection.execute(PAIRS.format(root=root)).fetchone()
    return int(pairs)


def domains(root: Path, policy: VotePolicy) -> LinkGraph:
    edges, pages = (tuple(sorted((root / name).rglob("*.parquet"))) for name in ("edges", "pages"))
    return collapse(FileScan(edges, coded=NAMES), FileScan(pages), policy)["domain"]


def checked(root: Path, folder: Path) -> None:
    best = pq.read_table(folder / "domains.parquet").slice(0, 1).to_pylist()[0]
    (found,) = duckdb.sql(COUNTS.format(root=root, domain=best["domain"])).fetchall()
    assert found == (best["referring_domains"], best["backlinks"], best["backlinks_followed"])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--files", type=int, default=172, help="small files that hold the same links")
    options.add_argument("--quick", action="store_true", help="100,000 rows, a tenth of the files")
    asked = options.parse_args()
    rows = 100_000 if asked.quick else asked.rows
    with tempfile.TemporaryDirectory() as name:
        prepared(Path(name), rows, max(asked.files // 10, 1) if asked.quick else asked.files)
        root = Path(name) / "one"
        build(root)  # compiles, or loads what was compiled
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        result = build(root)
        seconds = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert (result.links, result.edges) == (rows, rows)
        checked(root, result.folder)
        peer = sorted_by_duckdb(root)
        collapsed(root, Path(name) / "many", rows)
    nodes, votes = result.nodes["domain"], result.rankings[0].votes["domain"]
    print(f"{rows:,} links, {nodes:,} domains, {votes:,} votes, {result.buckets} buckets")
    for step, took in result.seconds.items():
        print(f"{step:10s} {took:7.2f} s  {rows / max(took, 1e-3):12,.0f} links/s")
    megabytes = max(peak, before) / 1024
    print(f"{'all':10s} {seconds:7.2f} s  {rows / seconds:12,.0f} links/s  peak {megabytes:,.0f} MB with the generator")
    print(f"{'DuckDB':10s} {peer:7.2f} s  {rows / peer:12,.0f} links/s  sort and write only")
    print(f"{'ratio':10s} {peer / seconds:7.2f}")


if __name__ == "__main__":
    main()
