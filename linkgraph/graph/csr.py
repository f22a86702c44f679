"""Arrays of edges → compressed sparse rows, their transpose, and the graph object that NetworkX functions accept.

Promises int64 offsets and int32 ids (4 bytes an edge and direction), rows sorted and free of duplicates, and arrays
that are mapped, not read, from disk. Refuses ids out of range, weights that are NaN, infinite or negative, and more
than 2^31 - 1 nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from linkgraph.errors import CorruptFileError, GraphError
from linkgraph.graph.names import Labels, Names, Numbers, array_path, labels_of, load_array
from linkgraph.graph.rows import Rows, rows_of
from linkgraph.graph.stores import Files
from linkgraph.graph.threads import Workers

if TYPE_CHECKING:
    import networkx as nx

MAX_NODES = 2**31 - 1
"""Ids are int32: half the memory traffic of int64, and no web graph of domains comes near."""


_PART = 1 << 20
"""Elements that are checked at a time: arrays that are mapped from disk stay there."""


def _over_parts(look: Callable[[NDArray[Any]], Any], values: NDArray[Any]) -> list[Any]:
    with Workers() as workers:
        runs = [(begin, begin + _PART) for begin in range(0, len(values), _PART)]
        return workers.each(lambda begin, end: look(values[begin:end]), runs)


def checked_ids(values: ArrayLike, side: str, num_nodes: int) -> NDArray[Any]:
    """Return ids of nodes as an array, shape (m,), of the type they came in; *side* is what a message calls them.

    Raises:
        GraphError: they are no one-dimensional integers, or one is not in 0 to num_nodes - 1.
    """
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise GraphError(f"{side} must be a one-dimensional array of integers, not {array.dtype}, {array.ndim}-d")
    ends = _over_parts(lambda part: (int(part.min()), int(part.max())), array)
    low, high = min((low for low, _ in ends), default=0), max((high for _, high in ends), default=-1)
    if low < 0 or high >= num_nodes:
        raise GraphError(
            f"{side} holds the ids {low} to {high}; with {num_nodes} nodes they must lie in 0 to {num_nodes - 1}"
        )
    return array if array.size else np.empty(0, np.int32)


def _first_bad(weights: NDArray[np.float64]) -> int:
    """Return the place of the first one that is negative or not finite, -1 where there is none."""
    good = np.isfinite(weights) & (weights >= 0)
    return -1 if good.all() else int(good.argmin())


def _checked_weights(values: ArrayLike | None, edges: int) -> NDArray[np.float64] | None:
    if values is None:
        return None
    weights = np.asarray(values, np.float64)
    if weights.shape != (edges,):
        raise GraphError(f"{weights.size} weights for {edges} edges; give one weight an edge")
    for part, bad in enumerate(_over_parts(_first_bad, weights)):
        if bad >= 0:
            edge = part * _PART + bad
            raise GraphError(f"edge {edge} weighs {weights[edge]}; a weight must be finite and not negative")
    return weights


def _checked_strength(values: ArrayLike | None, links: Rows) -> NDArray[np.float64] | None:
    if values is None:
        return None
    strength, sums = np.asarray(values, np.float64), links.sums()
    if strength.shape != sums.shape or not np.isfinite(strength).all():
        raise GraphError(f"{strength.size} strengths for {len(sums)} nodes; give one finite number a node")
    if (short := np.flatnonzero(strength < sums * (1.0 - 1e-12))).size:
        node = int(short[0])
        raise GraphError(f"node {node} has strength {strength[node]}, but its links weigh {sums[node]}; give as much")
    return np.maximum(strength, sums)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class LinkGraph:
    """A directed graph in compressed sparse rows, both ways.

    Build it with `from_arrays` or `load`. Node labels are the names, or 0 to n - 1 without names. NetworkX functions
    take it as it is: those that the `linkgraph` backend implements run on these arrays, the others on a copy.
    """

    __networkx_backend__: ClassVar[str] = "linkgraph"

    links: Rows
    """Row i: the nodes that node i links to."""
    backlinks: Rows
    """Row i: the nodes that link to node i."""
    names: Labels
    strength: NDArray[np.float64] | None = None
    """Shape (n,): what each node's votes weigh before they are discounted; the difference reaches nobody. None where
    that is what the links weigh."""

    @classmethod
    def from_arrays(
        cls,
        src: ArrayLike,
        dst: ArrayLike,
        num_nodes: int,
        weights: ArrayLike | None = None,
        names: Iterable[Hashable] | None = None,
        strength: ArrayLike | None = None,
        *,
        stem: Path | None = None,
    ) -> LinkGraph:
        """Build from an edge list in any order.

        Edges that stand twice become one: their weights are added; without weights they count once. Self-loops stay.
        Beside the arrays given, unweighted edges take 8 bytes an edge and 24 a node at most. With *stem* they may be
        more than memory holds: rows go to disk as they are made, and `stores.ROUND_BYTES` and 24 bytes a node are held.

        Args:
            src: shape (m,), integers; the node that links.
            dst: shape (m,), integers; the node that is linked to.
            num_nodes: n; ids lie in 0 to n - 1.
            weights: shape (m,), finite and not negative; None for 1 each.
            names: n distinct labels; None for the ids themselves.
            strength: shape (n,), no less than what the node's links weigh; None for just that.
            stem: write the graph as `save` does, and return it as `load` does; None to keep it in memory.

        Raises:
            GraphError: an id out of range, a bad weight or strength, arrays of different lengths, too many nodes, or a
                *stem* for labels that are not strings.
        """
        if not 0 <= num_nodes <= MAX_NODES:
            raise GraphError(f"{num_nodes} nodes; a graph holds 0 to {MAX_NODES}")
        sources, targets = checked_ids(src, "src", num_nodes), checked_ids(dst, "dst", num_nodes)
        if len(sources) != len(targets):
            raise GraphError(f"{len(sources)} sources and {len(targets)} targets; an edge needs one of each")
        checked, labels = _checked_weights(weights, len(sources)), labels_of(names, num_nodes)
        if stem is None:
            links = rows_of(sources, targets, checked, num_nodes)
            return cls(links, links.transpose(), labels, _checked_strength(strength, links))
        _savable(labels)
        weighted = checked is not None
        links = rows_of(sources, targets, checked, num_nodes, Files(stem, "links", weighted=weighted))
        backlinks = links.transpose(Files(stem, "backlinks", weighted=weighted))
        _save_all_but_edges(cls(links, backlinks, labels, _checked_strength(strength, links)), stem, named=True)
        return cls.load(stem)

    @property
    def transpose(self) -> LinkGraph:
        """The graph with every edge turned round, over the same arrays."""
        return LinkGraph(self.backlinks, self.links, self.names)

    def is_directed(self) -> bool:
        """Return True: links have a direction."""
        return True

    def is_multigraph(self) -> bool:
        """Return False: an edge stands once."""
        return False

    def number_of_nodes(self) -> int:
        """Return n."""
        return len(self.links.indptr) - 1

    def number_of_edges(self) -> int:
        """Return m."""
        return len(self.links.indices)

    def __len__(self) -> int:
        return self.number_of_nodes()

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self.names)

    def __contains__(self, label: Hashable) -> bool:
        return self.names.find(label) >= 0

    def node(self, label: Hashable) -> int:
        """Return the id of a label.

        Raises:
            GraphError: no node has this label.
        """
        if (node := self.names.find(label)) < 0:
            raise GraphError(f"{label!r} is no node of this graph")
        return node

    def successors(self, label: Hashable) -> Iterator[Hashable]:
        """Yield the labels of the nodes that *label* links to."""
        return (self.names[node] for node in self.links.row(self.node(label)).tolist())

    def predecessors(self, label: Hashable) -> Iterator[Hashable]:
        """Yield the labels of the nodes that link to *label*."""
        return (self.names[node] for node in self.backlinks.row(self.node(label)).tolist())

    neighbors = successors

    def has_edge(self, source: Hashable, target: Hashable) -> bool:
        """Return whether *source* links to *target*."""
        tail, head = self.names.find(source), self.names.find(target)
        if tail < 0 or head < 0:
            return False
        row = self.links.row(tail)
        place = int(np.searchsorted(row, head))
        return place < len(row) and int(row[place]) == head

    def to_networkx(self) -> nx.DiGraph[Any]:
        """Return a networkx.DiGraph with the labels as nodes and, where there are weights, the attribute `weight`.

        It costs about 450 bytes an edge; NetworkX functions accept this object itself too.
        """
        from linkgraph.graph.backend import copy_to_networkx

        return copy_to_networkx(self)

    def __getattr__(self, attribute: str) -> Any:
        raise AttributeError(
            f"a LinkGraph has no {attribute!r}; graph.to_networkx() gives a networkx.DiGraph that has. NetworkX finds "
            "the backend of a LinkGraph where linkgraph is installed, not merely on the path"
        )

    def save(self, stem: Path, *, named: bool = True) -> None:
        """Write the arrays as `<stem>.<array>.npy`, the names only if *named*.

        Raises:
            GraphError: the labels are not strings.
        """
        _savable(self.names)
        for side, rows in (("links", self.links), ("backlinks", self.backlinks)):
            np.save(array_path(stem, f"{side}.indices"), rows.indices)
            if rows.weights is not None:
                np.save(array_path(stem, f"{side}.weights"), rows.weights)
        _save_all_but_edges(self, stem, named=named)

    @classmethod
    def load(cls, stem: Path, names: Names | None = None) -> LinkGraph:
        """Map a saved graph; nothing is read until it is used. *names* are those of one that was saved without.

        Raises:
            CorruptFileError: an array is missing or does not fit the others.
        """
        links, backlinks = _load_rows(stem, "links"), _load_rows(stem, "backlinks")
        count = len(links.indptr) - 1
        if len(backlinks.indptr) - 1 != count or len(backlinks.indices) != len(links.indices):
            raise CorruptFileError(f"{stem}: links and backlinks are of two graphs; run `linkgraph build` again")
        if names is None and array_path(stem, "names.offsets").exists():
            names = Names.load(stem)
        discounted = array_path(stem, "strength").exists()
        strength = load_array(stem, "strength", np.float64) if discounted else None
        if strength is not None and len(strength) != count:
            raise CorruptFileError(f"{array_path(stem, 'strength')} is of another graph; run `linkgraph build` again")
        return cls(links, backlinks, labels_of(names, count), strength)


def _savable(labels: Labels) -> None:
    if not isinstance(labels, Names | Numbers):
        raise GraphError("only a graph whose names are strings can be saved; name the nodes with strings")


def _save_all_but_edges(graph: LinkGraph, stem: Path, *, named: bool) -> None:
    """Write what is not an edge's, and remove what a graph of before had and this one has not."""
    for side, rows in (("links", graph.links), ("backlinks", graph.backlinks)):
        np.save(array_path(stem, f"{side}.indptr"), rows.indptr)
        if rows.weights is None:
            array_path(stem, f"{side}.weights").unlink(missing_ok=True)
    if graph.strength is None:
        array_path(stem, "strength").unlink(missing_ok=True)
    else:
        np.save(array_path(stem, "strength"), graph.strength)
    if named and isinstance(graph.names, Names):
        graph.names.save(stem)
    elif named:
        array_path(stem, "names.offsets").unlink(missing_ok=True)


def _load_rows(stem: Path, side: str) -> Rows:
    indptr = load_array(stem, f"{side}.indptr", np.int64)
    indices = load_array(stem, f"{side}.indices", np.int32)
    has_weights = array_path(stem, f"{side}.weights").exists()
    weights = load_array(stem, f"{side}.weights", np.float64) if has_weights else None
    if not len(indptr) or indptr[0] != 0 or indptr[-1] != len(indices):
        raise CorruptFileError(
            f"{array_path(stem, f'{side}.indptr')} does not fit its indices; run `linkgraph build` again"
        )
    return Rows(indptr, indices, weights)
