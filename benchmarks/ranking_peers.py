"""PageRank as other libraries do it, each behind one call: what the benchmark of ours is compared with.

A peer is made from a graph (not timed), and then asked for ranks at a tolerance of its own kind (timed). Its ranks are
judged by their L1 distance to a reference, not by what its tolerance promises.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

from linkgraph.graph.csr import LinkGraph

Ranker = Callable[[float], np.ndarray]
"""A tolerance → ranks, shape (n,)."""

DAMPING = 0.85
MAX_STEPS = 1000


def _per_vote(graph: LinkGraph) -> np.ndarray:
    sums = graph.links.sums()
    return np.divide(1.0, sums, out=np.zeros(len(sums)), where=sums > 0)


def _walk(graph: LinkGraph) -> sparse.csr_array:
    rows, nodes = graph.backlinks, len(graph)
    return sparse.csr_array((_per_vote(graph)[rows.indices], rows.indices, rows.indptr), (nodes, nodes))


def _certified(multiply: Callable[[np.ndarray], np.ndarray], dangling: np.ndarray, tol: float) -> np.ndarray:
    nodes = len(dangling)
    ranks, bound = np.full(nodes, 1 / nodes), np.inf
    while bound > tol:
        moved = DAMPING * multiply(ranks)
        moved += (DAMPING * ranks[dangling].sum() + 1 - DAMPING) / nodes
        bound = DAMPING / (1 - DAMPING) * np.abs(moved - ranks).sum()
        ranks = moved
    return ranks


def scipy_loop(graph: LinkGraph) -> Ranker:
    walk, dangling = _walk(graph), _per_vote(graph) == 0
    return lambda tol: _certified(lambda ranks: walk @ ranks, dangling, tol)


def graphblas(graph: LinkGraph) -> Ranker:
    import graphblas as gb

    rows, nodes, dangling = graph.backlinks, len(graph), _per_vote(graph) == 0
    walk = gb.Matrix.ss.import_csr(
        nrows=nodes,
        ncols=nodes,
        indptr=rows.indptr.astype(np.uint64),
        values=np.ones(1),
        col_indices=rows.indices.astype(np.uint64),
        is_iso=True,
        sorted_cols=True,
    )
    per_vote = _per_vote(graph)

    def multiply(ranks: np.ndarray) -> np.ndarray:
        shares = gb.Vector.from_dense(ranks * per_vote)
        return walk.mxv(shares, gb.semiring.plus_second).new().to_dense(fill_value=0.0)

    return lambda tol: _certified(multiply, dangling, tol)


def igraph(graph: LinkGraph) -> Ranker:
    import igraph as ig

    rows = graph.links
    sources = np.repeat(np.arange(len(graph)), rows.counts())
    theirs = ig.Graph(len(graph), np.stack([sources, rows.indices], 1).tolist(), directed=True)
    return lambda _: np.array(theirs.pagerank(damping=DAMPING, implementation="prpack"))


def networkit(graph: LinkGraph) -> Ranker:
    import networkit as nk

    rows = graph.links
    sources = np.repeat(np.arange(len(graph), dtype=np.uint64), rows.counts())
    theirs = nk.GraphFromCoo((sources, rows.indices.astype(np.uint64)), n=len(graph), directed=True)

    def ranks(tol: float) -> np.ndarray:
        sinks = nk.centrality.SinkHandling.DistributeSinks
        run = nk.centrality.PageRank(theirs, DAMPING, tol, normalized=False, distributeSinks=sinks)
        run.norm = nk.centrality.Norm.L1_NORM
        return np.array(run.run().scores())

    return ranks


def rustworkx(graph: LinkGraph) -> Ranker:
    import rustworkx as rx

    rows = graph.links
    theirs = rx.PyDiGraph()
    theirs.add_nodes_from([None] * len(graph))
    sources = np.repeat(np.arange(len(graph)), rows.counts())
    theirs.add_edges_from_no_data(list(zip(sources.tolist(), rows.indices.tolist(), strict=True)))

    def ranks(tol: float) -> np.ndarray:
        return np.array(list(rx.pagerank(theirs, alpha=DAMPING, tol=tol, max_iter=MAX_STEPS).values()))

    return ranks


def scikit_network(graph: LinkGraph) -> Ranker:
    from sknetwork.ranking import PageRank

    rows, nodes = graph.links, len(graph)
    theirs = sparse.csr_matrix((np.ones(len(rows.indices), bool), rows.indices, rows.indptr), (nodes, nodes))

    def ranks(tol: float) -> np.ndarray:
        found = PageRank(DAMPING, solver="RH", n_iter=MAX_STEPS, tol=tol).fit_predict(theirs)
        return np.asarray(found, float)

    return ranks


def networkx(graph: LinkGraph) -> Ranker:
    import networkx as nx

    theirs: Any = graph.to_networkx()

    def ranks(tol: float) -> np.ndarray:
        found = nx.pagerank(theirs, DAMPING, tol=tol / len(theirs), max_iter=MAX_STEPS, backend="networkx")
        return np.array(list(found.values()))

    return ranks


PEERS: dict[str, tuple[Callable[[LinkGraph], Ranker], int]] = {
    "SciPy loop": (scipy_loop, 10**9),
    "GraphBLAS": (graphblas, 10**9),
    "scikit-network": (scikit_network, 10**9),
    "networkit": (networkit, 150_000_000),
    "igraph": (igraph, 10_000_000),
    "rustworkx": (rustworkx, 10_000_000),
    "networkx": (networkx, 5_000_000),
}
"""Name → how it is made, and the edges beyond which its graph (30 to 450 bytes an edge) is left out."""
