"""A graph → exact distances from every node to every other, as the sums that centralities are made of.

One breadth-first search a node, against the links: O(n (n + m)), for graphs of up to some ten thousand nodes;
`hyperball` estimates the same sums on larger ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.threads import MAX_PARTS, Workers
from linkgraph.jit import kernel


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """Sums over the nodes from which links lead to each node, itself left out."""

    harmonic: NDArray[np.float64]
    """Shape (k,): sum of 1 / distance."""
    total: NDArray[np.int64]
    """Shape (k,): sum of distances."""
    reached: NDArray[np.int64]
    """Shape (k,): how many."""


@kernel
def _search(
    indptr: Any, indices: Any, targets: Any, harmonic: Any, total: Any, reached: Any, begin: int, end: int
) -> None:
    seen, queue = np.full(len(indptr) - 1, -1, np.int32), np.empty(len(indptr) - 1, np.int32)
    for asked in range(begin, end):
        queue[0], first, last, distance = targets[asked], 0, 1, 0
        seen[queue[0]] = asked
        while first < last:
            distance += 1
            level = last
            for place in range(first, level):
                node = queue[place]
                for edge in range(indptr[node], indptr[node + 1]):
                    source = indices[edge]
                    if seen[source] != asked:
                        seen[source] = asked
                        queue[last] = source
                        last += 1
            first = level
            harmonic[asked] += (last - level) / distance
            total[asked] += (last - level) * distance
        reached[asked] = last - 1


def distances_to(graph: LinkGraph, nodes: NDArray[np.int32] | None = None) -> Distances:
    """Search from each of *nodes* (all by default) against the links.

    Args:
        graph: may be empty.
        nodes: shape (k,), ids; None is all.
    """
    targets = np.arange(len(graph), dtype=np.int32) if nodes is None else nodes.astype(np.int32)
    counts = np.zeros((2, len(targets)), np.int64)
    found = Distances(np.zeros(len(targets)), counts[0], counts[1])
    rows = graph.backlinks
    size = max(1, -(-len(targets) // MAX_PARTS))
    runs = [(begin, min(begin + size, len(targets))) for begin in range(0, len(targets), size)]
    fixed = (rows.indptr, rows.indices, targets, found.harmonic, found.total, found.reached)
    with Workers() as workers:
        workers.each(partial(_search, *fixed), runs)
    return found
