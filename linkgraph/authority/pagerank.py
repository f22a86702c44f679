"""A vote graph → PageRank with a certified error.

The rank of a node is its share of the time of a surfer who follows a random vote with chance alpha and otherwise
starts again at a random node (Brin and Page, 1998); from a dangling node the surfer always starts again. Promises an
L1 distance of at most `error` to that vector, and the same bits for the same graph. Refuses a damping factor outside
[0, 1), a tolerance that float64 cannot reach, and a teleport vector that is no distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linkgraph.errors import GraphError
from linkgraph.graph.block import solve
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.gpu import cuda, near_ranks
from linkgraph.graph.power import Surfer, Walk, smallest_tolerance, stationary

DAMPING = 0.85
"""The damping factor of the original paper and of NetworkX: about six votes followed in a row."""

DEVICES = ("cpu", "cuda")
"""Where `pagerank` can work."""

TOLERANCE = 1e-10
"""L1 error: small enough that ranks agree to 1e-9 with any other implementation run to the end."""


@dataclass(frozen=True, slots=True, eq=False)
class PageRank:
    """The ranks of one graph."""

    scores: NDArray[np.float64]
    """Shape (n,); not negative, sums to 1 where n > 0."""
    error: float
    """Certified: the L1 distance to the exact ranks is no larger."""
    iterations: int
    unit: float
    """The score of a node that nobody links to; 0 where there are no nodes."""
    alpha: float


@dataclass(frozen=True, slots=True, eq=False)
class PageRanks:
    """The ranks of one graph for several vectors."""

    scores: NDArray[np.float64]
    """Shape (n, k): column j is vector j; not negative, sums to 1 where n > 0."""
    errors: NDArray[np.float64]
    """Shape (k,), certified: the L1 distance of each to the exact ranks is no larger."""
    sweeps: int
    units: NDArray[np.float64]
    """Shape (k,): the score of a node that nobody links to; 0 where some of the surfers never start again there."""


def _teleport(vector: ArrayLike | None, nodes: int) -> NDArray[np.float64] | None:
    if vector is None:
        return None
    weights = np.asarray(vector, np.float64)
    if weights.shape != (nodes,):
        raise GraphError(f"the teleport vector has {weights.size} entries for {nodes} nodes; give one a node")
    total = weights.sum()
    if not (np.isfinite(total) and total > 0 and (weights >= 0).all()):
        raise GraphError("the teleport vector must be finite, not negative, and not all zero")
    normalised: NDArray[np.float64] = weights / total
    return normalised


def pagerank(
    graph: LinkGraph,
    *,
    alpha: float = DAMPING,
    tol: float = TOLERANCE,
    teleport: ArrayLike | None = None,
    max_iter: int = 10_000,
    device: str = "cpu",
) -> PageRank:
    """Rank the nodes of *graph* by power iteration.

    Args:
        graph: votes, weighted or not; self-loops count as votes. May be empty.
        alpha: damping factor in [0, 1).
        tol: the L1 error to reach, at least what float64 allows: 7.3e-13 with the default alpha.
        teleport: shape (n,), where the surfer starts again, dangling mass included; None is uniform.
        max_iter: steps at most; log(tol) / log(alpha) are enough, 140 with the defaults.
        device: `cpu`, or `cuda` (extra `gpu`): a CUDA device comes near, and the CPU certifies. Not the same bits every
            time.

    Raises:
        GraphError: an argument out of its range, no convergence within *max_iter* steps, or no such device.
    """
    if device not in DEVICES:
        raise GraphError(f"device {device!r} is unknown; choose one of {', '.join(DEVICES)}")
    if not 0 <= alpha < 1:
        raise GraphError(f"alpha is {alpha}; the damping factor lies in [0, 1)")
    if not tol >= (smallest := smallest_tolerance(alpha)):
        raise GraphError(f"tol is {tol}; with alpha {alpha}, float64 certifies {smallest:.1e} at best")
    nodes = graph.number_of_nodes()
    surfer = Surfer(alpha, _teleport(teleport, nodes))
    if nodes == 0:
        return PageRank(np.empty(0), 0.0, 0, 0.0, alpha)
    walk, near, taken = Walk.of(graph), None, 0
    if device == "cuda":
        near, taken = near_ranks(walk, surfer, cuda(), tol=tol, max_steps=max_iter)
    last = stationary(walk, surfer, tol=tol, max_steps=max(max_iter - taken, 1), start=near)
    steps = last.steps + taken
    if last.bound > tol:
        raise GraphError(f"after {steps} steps the L1 error is {last.bound:.1e}, not {tol:.1e}; raise max_iter")
    return PageRank(last.ranks, last.bound, steps, last.unit, alpha)


def pageranks(
    graph: LinkGraph,
    *,
    teleports: ArrayLike | None = None,
    voting: ArrayLike | None = None,
    alpha: float = DAMPING,
    tol: float = TOLERANCE,
    max_iter: int = 10_000,
) -> PageRanks:
    """Rank the nodes of *graph* for several vectors at once: one pass over the edges for all of them.

    Args:
        graph: as for `pagerank`.
        teleports: shape (n, k): where each surfer starts again; None is uniform.
        voting: shape (n, k), booleans: whose votes each vector counts; the others dangle. None is all.
        alpha: damping factor in (0, 1).
        tol: the L1 error to reach, at least twice what `pagerank` can.
        max_iter: sweeps at most.

    Raises:
        GraphError: neither *teleports* nor *voting*, an argument out of its range, or no convergence.
    """
    nodes = len(graph)
    shapes = {np.shape(given) for given in (teleports, voting) if given is not None}
    if len(shapes) != 1 or len(shape := shapes.pop()) != 2 or shape[0] != nodes or not shape[1]:
        raise GraphError(f"give teleports, voting or both, each of {nodes} nodes by one or more vectors")
    if not 0 < alpha < 1:
        raise GraphError(f"alpha is {alpha}; the damping factor of several vectors lies in (0, 1)")
    if not tol >= (smallest := 2 * smallest_tolerance(alpha)):
        raise GraphError(f"tol is {tol}; with alpha {alpha}, float64 certifies {smallest:.1e} at best")
    width = shape[1]
    if nodes == 0:
        return PageRanks(np.empty((0, width)), np.zeros(width), 0, np.zeros(width))
    starts = np.full((1, width), 1.0 / nodes)
    if teleports is not None:
        columns = [_teleport(column, nodes) for column in np.asarray(teleports, np.float64).T]
        starts = np.column_stack([column for column in columns if column is not None])
    counted = np.ones((1, width), np.bool_) if voting is None else np.asarray(voting, np.bool_)
    block = solve(Walk.of(graph), alpha, starts, counted, tol=tol, max_sweeps=max_iter)
    if not (block.bounds <= tol).all():
        reached = block.bounds.max()
        raise GraphError(f"after {block.sweeps} sweeps the L1 error is {reached:.1e}, not {tol:.1e}; raise max_iter")
    return PageRanks(block.ranks, block.bounds, block.sweeps, (1.0 - alpha) * starts.min(axis=0) / block.totals)
