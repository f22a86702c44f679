"""PageRank on one graph: ours beside every peer that is installed, to the same L1 error, in one process.

Ours stops at a certified error. A peer's tolerance is tightened tenfold at a time until its true error, against our
ranks at 1e-12, is small enough, and that run is timed; a SciPy loop and GraphBLAS stop at the certificate that ours
stops at. Rounds alternate; the best of each is compared, since other work on the machine only ever slows a round.
Asserted: ours is within its bound of the reference.

    python benchmarks/pagerank.py [--tol 1e-8] [--rounds 5] [--quick] [--generate EDGES] [--peers SITE-PACKAGES] [FILE]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from linkgraph.authority.pagerank import pagerank
from linkgraph.errors import GraphError
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.gpu import cuda
from linkgraph.graph.threads import Workers, thread_count
from linkgraph.jit import kernel

SHARED = Path(os.environ.get("LINKGRAPH_SHARED", ROOT.parent / "shared"))

EDGES_A_NODE = 10


def drawn(edges: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A web, part by part: 30 % of the nodes dangle, half of the links stay near, the others go to few nodes."""
    nodes, dice = edges // EDGES_A_NODE, np.random.default_rng(1)
    voters = np.sort(dice.permutation(nodes)[: int(0.7 * nodes)]).astype(np.int32)
    for begin in range(0, edges, 1 << 24):
        count = min(1 << 24, edges - begin)
        src = voters[(len(voters) * dice.random(count) ** 1.5).astype(np.int32)]
        near = src + (dice.standard_cauchy(count) * 30).clip(-1e6, 1e6).astype(np.int64)
        far = (nodes * dice.random(count) ** 4).astype(np.int64) * 2654435761 % nodes
        yield src, np.where(dice.random(count) < 0.5, near % nodes, far).astype(np.int32)


def generated(edges: int) -> LinkGraph:
    src, dst = (np.empty(edges, np.int32) for _ in range(2))
    for part, (tails, heads) in enumerate(drawn(edges)):
        stay = slice(part << 24, (part << 24) + len(tails))
        src[stay], dst[stay] = tails, heads
    return built(src, dst, edges // EDGES_A_NODE)


def read(path: Path) -> LinkGraph:
    table = pq.read_table(path, columns=["src", "dst"])
    src, dst = (table[side].to_numpy() for side in ("src", "dst"))
    return built(src, dst, int(max(src.max(), dst.max())) + 1)


def built(src: np.ndarray, dst: np.ndarray, nodes: int) -> LinkGraph:
    began = time.perf_counter()
    graph = LinkGraph.from_arrays(src, dst, nodes)
    seconds = time.perf_counter() - began
    print(
        f"{nodes:,} nodes, {graph.number_of_edges():,} edges; {len(src) / seconds / 1e6:.1f} million edges/s to build"
    )
    return graph


@kernel
def _total(indices, begin: int, end: int) -> int:
    total = 0
    for edge in range(begin, end):
        total += indices[edge]
    return total


def streaming(indices: np.ndarray) -> float:
    """Edges a second that all cores read of the index array, the best of five."""
    count = thread_count() * 4
    cuts = [len(indices) * part // count for part in range(count + 1)]
    best = np.inf
    with Workers() as workers:
        for _ in range(5):
            began = time.perf_counter()
            workers.each(partial(_total, indices), list(pairwise(cuts)))
            best = min(best, time.perf_counter() - began)
    return len(indices) / best


def tolerance_of(rank, reference: np.ndarray, tol: float) -> float | None:
    """The loosest tolerance, by tens, at which a peer is within *tol* of the reference; None where there is none."""
    for tried in (tol * 10.0**-power for power in range(7)):
        try:
            if np.abs(rank(tried) - reference).sum() <= tol:
                return tried
        except Exception as reason:  # noqa: BLE001 (a peer that does not converge says so in its own way)
            print(f"  ({type(reason).__name__}: {reason})")
            break
    return None


def timed(rank, tol: float) -> tuple[float, np.ndarray]:
    began = time.perf_counter()
    ranks = rank(tol)
    return time.perf_counter() - began, ranks


def peers(graph: LinkGraph, reference: np.ndarray, tol: float) -> dict:
    from ranking_peers import PEERS

    ready = {}
    for name, (make, limit) in PEERS.items():
        if graph.number_of_edges() > limit:
            print(f"{name}: left out above {limit:,} edges")
            continue
        try:
            rank = make(graph)
        except ImportError as reason:
            print(f"{name}: skipped ({reason})")
            continue
        certified = name in ("SciPy loop", "GraphBLAS")
        if (own := tol if certified else tolerance_of(rank, reference, tol)) is None:
            print(f"{name}: never within {tol:.0e}")
            continue
        ready[name] = (rank, own)
    return ready


def on_cuda(graph: LinkGraph):
    """The same on a CUDA device, or None, with the reason, where there is none."""
    try:
        cuda()
    except GraphError as reason:
        print(f"CUDA: skipped ({reason})")
        return None
    return lambda tol: pagerank(graph, tol=tol, device="cuda").scores


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("edges", nargs="?", type=Path, default=SHARED / "graphs" / "cnr-2000.edges.parquet")
    options.add_argument("--generate", type=int)
    options.add_argument("--tol", type=float, default=1e-8)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--quick", action="store_true", help="a generated graph of a million edges, one round")
    options.add_argument("--peers", help="a site-packages folder with peers that are not installed here")
    asked = options.parse_args()
    if asked.peers:
        sys.path.append(asked.peers)
    if asked.quick:
        asked.generate, asked.rounds = 1_000_000, 1
    pagerank(LinkGraph.from_arrays([0], [1], 2))  # compiles, or loads what was compiled
    graph = generated(asked.generate) if asked.generate else read(asked.edges)
    reference = pagerank(graph, tol=1e-12).scores
    found = pagerank(graph, tol=asked.tol)
    assert np.abs(found.scores - reference).sum() <= asked.tol
    ready = {"linkgraph": (lambda tol: pagerank(graph, tol=tol).scores, asked.tol)}
    if (on_device := on_cuda(graph)) is not None:
        ready["linkgraph, CUDA"] = (on_device, asked.tol)
    ready |= peers(graph, reference, asked.tol)
    rounds = [{name: timed(*peer) for name, peer in ready.items()} for _ in range(asked.rounds)]
    seconds = {name: min(answers[name][0] for answers in rounds) for name in ready}
    print(f"L1 error {asked.tol:.0e}, {thread_count()} cores, load {os.getloadavg()[0]:.1f}, best of {asked.rounds}")
    for name, best in sorted(seconds.items(), key=lambda item: item[1]):
        error = np.abs(rounds[0][name][1] - reference).sum()
        print(f"{name:15s} {best:8.3f} s   {best / seconds['linkgraph']:6.2f} times ours   true L1 error {error:.1e}")
    rate, limit = graph.number_of_edges() * found.iterations / seconds["linkgraph"], streaming(graph.backlinks.indices)
    print(f"linkgraph: {found.iterations} passes, {rate / 1e6:.0f} million edges/s, {rate / limit:.0%} of streaming")


if __name__ == "__main__":
    main()
