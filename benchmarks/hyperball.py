"""HyperBall on one graph: nanoseconds of CPU an edge and hop, and how far harmonic centrality is from exact.

Exact values of some nodes come from SciPy's breadth-first search, one search a node; what searches from all nodes would
take is the peer's time. Asserted: the median error is at most 5 %.

    python benchmarks/hyperball.py [--nodes 200] [--rounds 3] [--quick] [FILE]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from pagerank import SHARED, generated, read
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.hyperball import Balls, hyperball
from linkgraph.jit import kernel


@kernel
def _harmonic(order, before) -> float:
    """Add up 1 / distance over a breadth-first order and each node's predecessor."""
    distance = np.zeros(len(before), np.int64)
    total = 0.0
    for node in order[1:]:
        distance[node] = distance[before[node]] + 1
        total += 1.0 / distance[node]
    return total


def exact(graph: LinkGraph, nodes: np.ndarray) -> np.ndarray:
    rows = graph.backlinks
    matrix = csr_array((np.ones(len(rows.indices), np.int8), rows.indices, rows.indptr))
    return np.array([_harmonic(*breadth_first_order(matrix, node)) for node in nodes])


def timed(graph: LinkGraph) -> tuple[float, float, Balls]:
    used, began = time.process_time(), time.perf_counter()
    found = hyperball(graph)
    return time.process_time() - used, time.perf_counter() - began, found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("edges", nargs="?", type=Path, default=SHARED / "graphs" / "cnr-2000.edges.parquet")
    options.add_argument("--nodes", type=int, default=200, help="nodes that are compared with exact values")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--quick", action="store_true", help="a generated graph of 200,000 edges, 20 nodes")
    asked = options.parse_args()
    if asked.quick:
        asked.nodes, asked.rounds = 20, 1
    graph = generated(200_000) if asked.quick else read(asked.edges)
    hyperball(LinkGraph.from_arrays([0], [1], 2))  # compiles, or loads what was compiled
    used, seconds, found = min((timed(graph) for _ in range(asked.rounds)), key=lambda one: one[0])
    sample = np.random.default_rng(1).choice(len(graph), asked.nodes, replace=False)
    exact(graph, sample[:1])
    began = time.process_time()
    values = exact(graph, sample)
    peer = (time.process_time() - began) / asked.nodes * len(graph)
    linked = values > 0
    error = float(np.median(np.abs(found.harmonic[sample] - values)[linked] / values[linked]))
    hops = graph.number_of_edges() * found.rounds
    print(
        f"{found.registers} registers, {found.rounds} rounds, load {os.getloadavg()[0]:.1f}: {used:.2f} s of CPU, "
        f"{seconds:.2f} s by the clock, {used / hops * 1e9:.1f} ns of CPU an edge and hop"
    )
    print(f"median error {error:.1%} on {asked.nodes} nodes; SciPy from all nodes: {peer / used:,.0f} times ours")
    assert error <= 0.05


if __name__ == "__main__":
    main()
