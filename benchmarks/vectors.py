"""32 PageRank vectors at once beside one: what sharing a pass over the edges saves.

Each vector hides half of the voters at random, as an interval asks for. Both stop at the same certified L1 error, and
are timed in turn in one process by CPU seconds. Asserted: each of the 32 is what a single run of its own graph finds.

    python benchmarks/vectors.py [--quick] [--vectors 32] [--tol 1e-8]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from linkgraph.authority.pagerank import pagerank, pageranks
from linkgraph.graph.csr import LinkGraph

SHARED = Path(os.environ.get("LINKGRAPH_SHARED", ROOT.parent / "shared"))


def timed(call):
    wall, cpu = time.perf_counter(), time.process_time()
    found = call()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a third of the nodes, one round")
    parser.add_argument("--vectors", type=int, default=32)
    parser.add_argument("--tol", type=float, default=1e-8)
    asked = parser.parse_args()
    table = pq.read_table(SHARED / "graphs" / "cnr-2000.edges.parquet", columns=["src", "dst"])
    src, dst = (table[side].to_numpy() for side in ("src", "dst"))
    nodes = int(max(src.max(), dst.max())) + 1
    if asked.quick:
        nodes //= 3
        near = (src < nodes) & (dst < nodes)
        src, dst = src[near], dst[near]
    graph = LinkGraph.from_arrays(src, dst, nodes)
    voting = np.random.default_rng(1).random((nodes, asked.vectors)) < 0.5
    pagerank(graph)
    pageranks(graph, voting=voting[:, :2])
    single, several = [], []
    for _ in range(1 if asked.quick else 3):
        alone, *cost = timed(lambda: pagerank(graph, tol=asked.tol))
        single.append(cost)
        many, *cost = timed(lambda: pageranks(graph, voting=voting, tol=asked.tol))
        several.append(cost)
    for vector in (0, asked.vectors - 1):
        kept = voting[src, vector]
        own = pagerank(LinkGraph.from_arrays(src[kept], dst[kept], nodes), tol=asked.tol)
        assert np.abs(own.scores - many.scores[:, vector]).sum() <= own.error + many.errors[vector]
    (wall, cpu), (walls, cpus) = (np.min(np.array(costs), axis=0) for costs in (single, several))
    print(f"{nodes:,} nodes, {graph.number_of_edges():,} edges, L1 error {asked.tol:.0e}")
    print(f"one vector: {wall:.2f} s, CPU {cpu:.2f} s, {alone.iterations} passes")
    print(f"{asked.vectors} vectors: {walls:.2f} s, CPU {cpus:.2f} s, {many.sweeps} passes: "
          f"{cpus / cpu:.1f} times one by CPU, {walls / wall:.1f} by the clock")  # fmt: skip


if __name__ == "__main__":
    main()
