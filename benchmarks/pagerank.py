"""PageRank on one graph: ours beside every peer that is installed, to the same L1 error, in one process.

Ours stops at a certified error. For a peer a tolerance of its own is sought with which its true error, against our
ranks at 1e-12, is just small enough: four runs at most, since errors fall about as tolerances do. A SciPy loop and
GraphBLAS stop at the certificate that ours stops at. Rounds alternate; the best of each is compared, since other work
on the machine only ever slows a round, and a peer that has run for long sits the later ones out. Asserted: ours is
within its bound of the reference.

    python benchmarks/pagerank.py [--tol 1e-8] [--rounds 5] [--quick] [--generate EDGES] [--peers SITE-PACKAGES]
        [FILE ...]

A file is Parquet, the first two columns of which are ids or names, or lines of two names that link to each other; a
compressed one has the year before them and links one way. Without a file: every graph of the shared folder.
"""

from __future__ import annotations

import argparse
import gzip
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

KINDS = (".parquet", ".txt", ".gz")

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
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        src, dst = (table.column(place).to_numpy(zero_copy_only=False) for place in (0, 1))
    else:
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows = [line.replace(b"|", b"\t").split() for line in text.splitlines() if line[:1].isdigit()]
        first = 1 if path.suffix == ".gz" else 0  # the year comes before the two hosts
        src, dst = np.array([row[first : first + 2] for row in rows]).T
    if path.suffix == ".txt":  # undirected: a line is a link both ways
        src, dst = np.concatenate([src, dst]), np.concatenate([dst, src])
    if src.dtype.kind not in "iu":
        _, ids = np.unique(np.concatenate([src, dst]), return_inverse=True)
        src, dst = ids.reshape(2, -1)
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


TRIES = 4

PATIENCE = 20.0
"""Seconds after which a peer is timed no more."""


def tolerance_of(rank, reference: np.ndarray, tol: float) -> float | None:
    """The loosest tolerance found at which a peer is within *tol* of the reference; None where there is none."""
    found, tried, spent = None, tol, 0.0
    for _ in range(TRIES):
        try:
            seconds, _, ranks = timed(rank, tried)
        except Exception as reason:  # noqa: BLE001 (a peer that does not converge says so in its own way)
            print(f"  ({type(reason).__name__}: {reason})")
            break
        spent += seconds
        error = float(np.abs(ranks - reference).sum())
        found = max(found or 0.0, tried) if error <= tol else found
        if tol / 3 <= error <= tol or (found and spent > PATIENCE):
            break
        tried *= 0.7 * tol / max(error, 1e-15)
    return found


def timed(rank, tol: float) -> tuple[float, float, np.ndarray]:
    """Return seconds by the clock, of CPU, and the ranks."""
    began, used = time.perf_counter(), time.process_time()
    ranks = rank(tol)
    return time.perf_counter() - began, time.process_time() - used, ranks


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


def raced(ready: dict, rounds: int) -> dict[str, list[tuple[float, float, np.ndarray]]]:
    """Every contestant's runs, in turn; who has run for `PATIENCE` seconds has run enough."""
    runs: dict[str, list] = {name: [] for name in ready}
    for _ in range(rounds):
        for name, peer in ready.items():
            if sum(seconds for seconds, _, _ in runs[name]) < PATIENCE:
                runs[name].append(timed(*peer))
    return runs


def compare(graph: LinkGraph, tol: float, rounds: int) -> None:
    reference = pagerank(graph, tol=1e-12).scores
    found = pagerank(graph, tol=tol)
    assert np.abs(found.scores - reference).sum() <= tol
    ready = {"linkgraph": (lambda tol: pagerank(graph, tol=tol).scores, tol)}
    if (on_device := on_cuda(graph)) is not None:
        ready["linkgraph, CUDA"] = (on_device, tol)
    ready |= peers(graph, reference, tol)
    runs = raced(ready, rounds)
    clock, cpu = ({name: min(run[place] for run in runs[name]) for name in ready} for place in (0, 1))
    print(f"L1 error {tol:.0e}, {thread_count()} cores, load {os.getloadavg()[0]:.1f}, best of {rounds} at most")
    for name, best in sorted(clock.items(), key=lambda item: item[1]):
        error = np.abs(runs[name][0][2] - reference).sum()
        print(
            f"{name:15s} {best * 1e3:10.2f} ms {cpu[name] * 1e3:10.2f} of CPU   {best / clock['linkgraph']:6.2f} and "
            f"{cpu[name] / cpu['linkgraph']:6.2f} times ours   true L1 error {error:.1e}"
        )
    rate, limit = graph.number_of_edges() * found.iterations / clock["linkgraph"], streaming(graph.backlinks.indices)
    print(f"linkgraph: {found.iterations} passes, {rate / 1e6:.0f} million edges/s, {rate / limit:.0%} of streaming\n")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("edges", nargs="*", type=Path)
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
    if asked.generate:
        compare(generated(asked.generate), asked.tol, asked.rounds)
        return
    for path in asked.edges or sorted(path for path in (SHARED / "graphs").iterdir() if path.suffix in KINDS):
        print(path.name)
        compare(read(path), asked.tol, asked.rounds)


if __name__ == "__main__":
    main()
