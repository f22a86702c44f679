"""A graph of a billion edges and 100 million nodes: built on disk, then a few steps of PageRank over the mapped rows.

The edges are drawn first and lie in two `.npy` files, 8 bytes each; the graph takes another 8 an edge and 16 a node of
disk. Anonymous memory is watched while it is built and ranked: pages of mapped files come beside it, and the kernel
takes them back when it needs them. Asserted: the rows of a thousand nodes, both ways, are those that the edge list has;
both ways hold the same edges; ranks sum to 1; the certified bound falls. With `--quick` the graph is SciPy's matrix,
and the bound is no less than the true error.

    python benchmarks/billion.py [--edges 1000000000] [--folder FOLDER] [--steps 3] [--quick]
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from pagerank import EDGES_A_NODE, drawn
from scipy.sparse import coo_array

from linkgraph.authority.pagerank import pagerank
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.power import Surfer, Walk, power_iteration
from linkgraph.graph.rows import Rows
from linkgraph.jit import kernel

SAMPLE = 1000


def anonymous() -> int:
    """Bytes of memory that no file backs; 0 where the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon"))


@contextmanager
def watched(what: str) -> Iterator[None]:
    """Print how long something took, and how much anonymous memory it held at most."""
    most, done = [anonymous()], threading.Event()

    def look() -> None:
        while not done.wait(0.05):
            most.append(max(most.pop(), anonymous()))

    watcher = threading.Thread(target=look)
    watcher.start()
    began, used = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        seconds, used = time.perf_counter() - began, time.process_time() - used
        done.set()
        watcher.join()
        print(
            f"{what:28s} {seconds:8.1f} s by the clock, {used:8.1f} s of CPU, {most[0] / 1e9:5.2f} GB anonymous, "
            f"load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


def written(folder: Path, edges: int) -> list[np.ndarray]:
    """Draw the edges into two files; returns them mapped."""
    paths = [folder / "src.npy", folder / "dst.npy"]
    sides = [np.lib.format.open_memmap(path, "w+", np.int32, (edges,)) for path in paths]
    begin = 0
    for part in drawn(edges):
        for side, ids in zip(sides, part, strict=True):
            side[begin : begin + len(ids)] = ids
        begin += len(part[0])
    del sides
    return [np.load(path, mmap_mode="r") for path in paths]


@kernel
def _fingerprint(indptr, indices, turned: bool, begin: int, end: int):
    """Add up a hash of each edge: the same in any order."""
    total = np.uint64(0)
    for row in range(begin, end):
        for edge in range(indptr[row], indptr[row + 1]):
            tail, head = (indices[edge], row) if turned else (row, indices[edge])
            mixed = (np.uint64(tail) << np.uint64(32) | np.uint64(head)) * np.uint64(0x9E3779B97F4A7C15)
            total += (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return total


def fingerprint(rows: Rows, *, turned: bool) -> int:
    return int(_fingerprint(rows.indptr, rows.indices, turned, 0, len(rows.indptr) - 1))


def check_sample(keys: np.ndarray, values: np.ndarray, rows: Rows) -> None:
    """Assert that the rows of some nodes are what the edge list says."""
    nodes = len(rows.indptr) - 1
    sample = np.unique(np.random.default_rng(2).integers(0, nodes, SAMPLE))
    wanted = np.zeros(nodes, bool)
    wanted[sample] = True
    found = []
    for begin in range(0, len(keys), 1 << 24):
        part = slice(begin, begin + (1 << 24))
        hit = np.flatnonzero(wanted[keys[part]]) + begin
        found.append(keys[hit].astype(np.int64) << 32 | values[hit])
    pairs = np.unique(np.concatenate(found))
    ours = [int(node) << 32 | int(other) for node in sample for other in rows.row(node)]
    assert pairs.tolist() == ours


def check_all(src: np.ndarray, dst: np.ndarray, graph: LinkGraph) -> None:
    """Assert that the graph is SciPy's matrix, and that a bound of the power method is no less than the error."""
    nodes = len(graph)
    matrix = coo_array((np.ones(len(src), np.int8), (src, dst)), shape=(nodes, nodes)).tocsr()
    for rows, theirs in ((graph.links, matrix), (graph.backlinks, matrix.T.tocsr())):
        theirs.sum_duplicates()
        assert np.array_equal(rows.indptr, theirs.indptr)
        assert np.array_equal(rows.indices, theirs.indices)
    near, exact = ranked(graph, 3), pagerank(graph, tol=1e-12).scores
    assert np.abs(near.ranks - exact).sum() <= near.bound + 1e-12


def ranked(graph: LinkGraph, steps: int, start: np.ndarray | None = None):
    return power_iteration(Walk.of(graph), Surfer(0.85), tol=0.0, max_steps=steps, start=start)


def run(folder: Path, edges: int, steps: int, check: Callable[[np.ndarray, np.ndarray, LinkGraph], None]) -> None:
    nodes = edges // EDGES_A_NODE
    with watched("drawing"):
        src, dst = written(folder, edges)
    with watched("building both directions"):
        began = time.perf_counter()
        graph = LinkGraph.from_arrays(src, dst, nodes, stem=folder / "graph")
        seconds = time.perf_counter() - began
    print(
        f"{nodes:,} nodes, {graph.number_of_edges():,} edges, {edges / seconds / 1e6:.1f} million edges/s, "
        f"{sum(path.stat().st_size for path in folder.glob('graph.*')) / 1e9:.1f} GB on disk",
        flush=True,
    )
    check_sample(src, dst, graph.links)
    check_sample(dst, src, graph.backlinks)
    assert fingerprint(graph.links, turned=False) == fingerprint(graph.backlinks, turned=True)
    with watched("first step of PageRank"):
        first = ranked(graph, 1)
    with watched(f"{steps} more steps"):
        last = ranked(graph, steps, first.ranks)
    assert abs(last.ranks.sum() - 1.0) < 1e-9
    assert last.bound < 0.85**steps * first.bound * 1.01
    check(src, dst, graph)
    print(f"certified L1 error {first.bound:.3f} after 1 step, {last.bound:.3f} after {1 + steps}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--edges", type=int, default=1_000_000_000)
    options.add_argument("--folder", type=Path, help="where the files go; they are removed at the end")
    options.add_argument("--steps", type=int, default=3)
    options.add_argument("--quick", action="store_true", help="3 million edges, compared with SciPy")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        warm = LinkGraph.from_arrays(
            [1, 0], [0, 1], 2, stem=Path(name) / "warm"
        )  # compiles, or loads what was compiled
        ranked(warm, 1)
        run(
            Path(name),
            3_000_000 if asked.quick else asked.edges,
            asked.steps,
            check_all if asked.quick else nothing_more,
        )
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"all checks passed; {most:.1f} GB resident at most, mapped files among it")


def nothing_more(*_: object) -> None:
    """A billion edges are more than SciPy takes."""


if __name__ == "__main__":
    main()
