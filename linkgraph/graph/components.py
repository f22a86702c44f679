"""A graph → its strongly and weakly connected components, and how deep each node lies in the core.

Promises O(n + m) time and a few integers a node (Tarjan 1972 without recursion, union by size with path halving,
Batagelj and Zaversnik 2003), and labels that depend on the graph alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.csr import LinkGraph
from linkgraph.jit import inlined, kernel


@inlined
def _close(node: Any, component: Any, found: Any, open_nodes: Any, waiting: Any) -> Any:
    """Give every open node from the top down to *node* its component; returns how many are still open."""
    member = -1
    while member != node:
        waiting -= 1
        member = open_nodes[waiting]
        found[member] = component
    return waiting


@kernel
def _strong(indptr: Any, indices: Any) -> Any:
    """Tarjan's algorithm over an explicit stack; a component is numbered when it is complete."""
    nodes = len(indptr) - 1
    found = np.full(nodes, -1, np.int32)
    low = np.zeros(nodes, np.int32)  # 0 where unseen; else the earliest node in reach, counted from 1
    following = indptr[:-1].copy()
    path, open_nodes = np.empty(nodes, np.int32), np.empty(nodes, np.int32)
    depth, waiting, seen, components = 0, 0, 0, 0
    for root in range(nodes):
        if low[root] != 0:
            continue
        path[0], depth = root, 1
        while depth > 0:
            node = path[depth - 1]
            if low[node] == 0:
                seen += 1
                low[node] = seen
                open_nodes[waiting] = node
                waiting += 1
                found[node] = -1 - seen  # its own number, until it has a component
            deeper = False
            while following[node] < indptr[node + 1]:
                target = indices[following[node]]
                if low[target] == 0:
                    path[depth] = target
                    depth += 1
                    deeper = True
                    break
                if found[target] < 0:
                    low[node] = min(low[node], low[target])
                following[node] += 1
            if deeper:
                continue
            depth -= 1
            if low[node] == -1 - found[node]:
                waiting = _close(node, components, found, open_nodes, waiting)
                components += 1
    return found, components


@inlined
def _root(parent: Any, node: Any) -> Any:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _weak(indptr: Any, indices: Any) -> Any:
    nodes = len(indptr) - 1
    parent, size = np.arange(nodes).astype(np.int32), np.ones(nodes, np.int32)
    for node in range(nodes):
        for edge in range(indptr[node], indptr[node + 1]):
            one, other = _root(parent, node), _root(parent, indices[edge])
            if one == other:
                continue
            if size[one] < size[other]:
                one, other = other, one
            parent[other] = one
            size[one] += size[other]
    label = np.full(nodes, -1, np.int32)
    found = np.empty(nodes, np.int32)
    components = 0
    for node in range(nodes):
        root = _root(parent, node)
        if label[root] < 0:
            label[root] = components
            components += 1
        found[node] = label[root]
    return found, components


@kernel
def _core(out_ptr: Any, out: Any, in_ptr: Any, into: Any) -> Any:
    """Peel nodes by degree; nodes stand sorted by it, and a neighbour that loses one swaps to the front of its bin."""
    nodes = len(out_ptr) - 1
    degree = np.empty(nodes, np.int64)
    for node in range(nodes):
        degree[node] = out_ptr[node + 1] - out_ptr[node] + in_ptr[node + 1] - in_ptr[node]
    starts = np.zeros(degree.max() + 2 if nodes else 1, np.int64)
    for node in range(nodes):
        starts[degree[node] + 1] += 1
    for bin_ in range(1, len(starts)):
        starts[bin_] += starts[bin_ - 1]
    order, place, fill = np.empty(nodes, np.int32), np.empty(nodes, np.int64), starts.copy()
    for node in range(nodes):
        place[node] = fill[degree[node]]
        order[place[node]] = node
        fill[degree[node]] += 1
    for at in range(nodes):
        node = order[at]
        starts[degree[node]] = at + 1
        for side in range(2):
            indptr, indices = (out_ptr, out) if side == 0 else (in_ptr, into)
            for edge in range(indptr[node], indptr[node + 1]):
                other = indices[edge]
                if degree[other] > degree[node]:
                    first = max(starts[degree[other]], at + 1)
                    swapped = order[first]
                    order[first], order[place[other]] = other, swapped
                    place[swapped], place[other] = place[other], first
                    starts[degree[other]] = first + 1
                    degree[other] -= 1
    return degree


def strong_components(graph: LinkGraph) -> tuple[NDArray[np.int32], int]:
    """Return (component of each node, how many), int32, shape (n,).

    Components are numbered against the links: one that links to another has the higher number (Tarjan 1972).
    """
    found, count = _strong(graph.links.indptr, graph.links.indices)
    return found, int(count)


def weak_components(graph: LinkGraph) -> tuple[NDArray[np.int32], int]:
    """Return (component of each node, how many), int32, shape (n,), numbered by their first node."""
    found, count = _weak(graph.links.indptr, graph.links.indices)
    return found, int(count)


def core_numbers(graph: LinkGraph) -> NDArray[np.int64]:
    """Return for each node the largest k so that it lies in the k-core, int64, shape (n,).

    The k-core is the largest part in which each node has k links, in or out, to the part; two nodes that link to each
    other have two. Self-loops must not stand in the graph.
    """
    links, backlinks = graph.links, graph.backlinks
    cores: NDArray[np.int64] = _core(links.indptr, links.indices, backlinks.indptr, backlinks.indices)
    return cores
