"""A graph → hubs and authorities (Kleinberg 1999).

The authority vector is the leading eigenvector of A^T A, where A[i, j] weighs the link from i to j, and the hub vector
is A times it. Promises a residual of at most the tolerance times the eigenvalue, and the same bits for the same graph.
Where several components tie, the answer is the part of the uniform vector that lies in the leading space.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.errors import GraphError
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.rows import Rows
from linkgraph.graph.threads import Workers, parts
from linkgraph.jit import kernel

DEPTH = 12
"""Lanczos vectors between restarts: 96 bytes a node."""


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The two vectors, each scaled to sum to 1; all 0 where there is no link."""

    hubs: NDArray[np.float64]
    authorities: NDArray[np.float64]
    residual: float
    """Norm of A^T A x - lambda x over lambda, for x of norm 1."""
    strength: float
    """hubs * strength = A authorities."""
    products: int
    """Products with A^T A."""


@kernel
def _multiply(indptr: Any, indices: Any, weights: Any, vector: Any, product: Any, begin: int, end: int) -> None:
    for row in range(begin, end):
        total = 0.0
        for edge in range(indptr[row], indptr[row + 1]):
            total += vector[indices[edge]] * (1.0 if weights is None else weights[edge])
        product[row] = total


def _times(rows: Rows, vector: NDArray[np.float64], workers: Workers) -> NDArray[np.float64]:
    product = np.empty(len(rows.indptr) - 1)
    fixed = (rows.indptr, rows.indices, rows.weights, vector, product)
    workers.each(partial(_multiply, *fixed), parts(rows.indptr))
    return product


def _lanczos(graph: LinkGraph, start: NDArray[np.float64], workers: Workers) -> tuple[NDArray[np.float64], float, int]:
    """Return (better vector of norm 1, relative residual, products) from up to `DEPTH` Lanczos vectors."""
    basis, images = [start / np.linalg.norm(start)], []
    while True:
        images.append(_times(graph.backlinks, _times(graph.links, basis[-1], workers), workers))
        projected = np.array([[one @ image for image in images] for one in basis])
        values, vectors = np.linalg.eigh((projected + projected.T) / 2)
        mix, top = vectors[:, -1], float(values[-1])
        best = np.sum([share * one for share, one in zip(mix, basis, strict=True)], axis=0)
        image = np.sum([share * one for share, one in zip(mix, images, strict=True)], axis=0)
        residual = float(np.linalg.norm(image - top * best) / top) if top > 0 else 0.0
        fresh = images[-1].copy()
        for one in basis * 2:  # twice is enough to be orthogonal to rounding
            fresh -= (one @ fresh) * one
        size = float(np.linalg.norm(fresh))
        if len(basis) == DEPTH or top <= 0 or size <= 1e-14 * top:
            return best / np.linalg.norm(best), residual, len(images)
        basis.append(fresh / size)


def hits(
    graph: LinkGraph, *, tol: float = 1e-10, max_products: int = 5000, start: NDArray[np.float64] | None = None
) -> Hits:
    """Compute hubs and authorities by restarted Lanczos.

    Args:
        graph: may be empty.
        tol: relative residual to reach; 1e-14 is about what float64 allows.
        max_products: products with A^T A at most.
        start: authorities to begin with, shape (n,); None is uniform.

    Raises:
        GraphError: *max_products* do not reach *tol*.
    """
    nodes = len(graph)
    if not graph.number_of_edges() or not graph.links.sums().any():
        return Hits(np.zeros(nodes), np.zeros(nodes), 0.0, 0.0, 0)
    vector, residual, products = np.ones(nodes) if start is None else start.astype(np.float64), np.inf, 0
    with Workers() as workers:
        while residual > tol:
            if products >= max_products:
                raise GraphError(f"after {products} products the residual is {residual:.1e}, not {tol:.1e}; raise tol")
            vector, residual, taken = _lanczos(graph, vector, workers)
            products += taken
        hubs = _times(graph.links, vector, workers)
    total = vector.sum()
    return Hits(hubs / hubs.sum(), vector / total, residual, float(hubs.sum() / total), products)
