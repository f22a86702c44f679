"""Node labels → dense node ids and back, over two flat arrays that can be memory-mapped.

Promises look-up by binary search without a Python object per name: 100 million names cost their bytes and 12 bytes
each. Refuses duplicate names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from linkgraph.errors import CorruptFileError, GraphError


class Labels(Protocol):
    """What the nodes of a graph are called: a sequence of distinct hashables that can be searched."""

    def __len__(self) -> int: ...

    def __getitem__(self, node: int) -> Hashable: ...

    def __iter__(self) -> Iterator[Hashable]: ...

    def find(self, label: Hashable) -> int:
        """Return the node of *label*; -1 where there is none."""


class Numbers:
    """The labels of a graph without names: node i is called i."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, node: int) -> int:
        return range(self._count)[node]

    def __iter__(self) -> Iterator[int]:
        return iter(range(self._count))

    def find(self, label: Hashable) -> int:
        """Return *label* itself where it is a node's number; -1 where it is not."""
        return label if isinstance(label, int) and 0 <= label < self._count else -1


class Objects:
    """Labels of any hashable kind, as NetworkX graphs have them, held as Python objects."""

    def __init__(self, labels: Iterable[Hashable]) -> None:
        self._labels = list(labels)
        self._nodes = {label: node for node, label in enumerate(self._labels)}
        if len(self._nodes) != len(self._labels):
            raise GraphError("two nodes have the same name; give each node a name of its own")

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, node: int) -> Hashable:
        return self._labels[node]

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._labels)

    def find(self, label: Hashable) -> int:
        """Return the node of *label*; -1 where there is none."""
        return self._nodes.get(label, -1)


class Names(Sequence[str]):
    """Distinct strings in one UTF-8 buffer.

    Args:
        offsets: int64, length n + 1; name i is `data[offsets[i]:offsets[i + 1]]`.
        data: uint8, the names one after the other.
        order: int32 permutation that lists the nodes by name in byte order; None where the names stand so already.
    """

    __slots__ = ("_data", "_offsets", "_order")

    def __init__(
        self, offsets: NDArray[np.int64], data: NDArray[np.uint8], order: NDArray[np.int32] | None = None
    ) -> None:
        self._offsets, self._data, self._order = offsets, data, order

    @classmethod
    def of(cls, names: Iterable[str]) -> Names:
        """Build from strings in node order.

        Raises:
            GraphError: a name stands twice.
        """
        encoded = [name.encode() for name in names]
        order = sorted(range(len(encoded)), key=encoded.__getitem__)
        for before, after in pairwise(order):
            if encoded[before] == encoded[after]:
                raise GraphError(f"two nodes are named {encoded[after].decode()!r}; give each a name of its own")
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(name) for name in encoded], out=offsets[1:])
        in_order = all(node == place for place, node in enumerate(order))
        permutation = None if in_order else np.array(order, np.int32)
        return cls(offsets, np.frombuffer(b"".join(encoded), np.uint8), permutation)

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each name begins; int64, length n + 1."""
        return self._offsets

    @property
    def data(self) -> NDArray[np.uint8]:
        """The UTF-8 bytes of all names."""
        return self._data

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def _bytes(self, node: int) -> bytes:
        return self._data[self._offsets[node] : self._offsets[node + 1]].tobytes()

    def __getitem__(self, node: Any) -> Any:
        """Return the name of one node, or the list of names of a slice of nodes."""
        if isinstance(node, slice):
            return [self[each] for each in range(*node.indices(len(self)))]
        return self._bytes(range(len(self))[node]).decode()

    def __iter__(self) -> Iterator[str]:
        whole = self._data.data
        begin = 0
        for end in self._offsets[1:].tolist():
            yield str(whole[begin:end], "utf-8")
            begin = end

    def place(self, name: str) -> int:
        """Return how many names come before *name* in byte order, in O(log n) reads."""
        wanted, low, high = name.encode(), 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._bytes(self._at(middle)) < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def _at(self, place: int) -> int:
        return place if self._order is None else int(self._order[place])

    def find(self, label: Hashable) -> int:
        """Return the node of a name; -1 where there is none."""
        if not isinstance(label, str):
            return -1
        place = self.place(label)
        return node if place < len(self) and self._bytes(node := self._at(place)) == label.encode() else -1

    def around(self, name: str, reach: int) -> list[str]:
        """Return the names within *reach* places of where *name* would stand in byte order."""
        place = self.place(name)
        return [self[self._at(near)] for near in range(max(place - reach, 0), min(place + reach, len(self)))]

    def save(self, stem: Path) -> None:
        """Write `<stem>.names.offsets.npy`, `<stem>.names.bytes.npy` and, if need be, `<stem>.names.order.npy`."""
        np.save(array_path(stem, "names.offsets"), self._offsets)
        np.save(array_path(stem, "names.bytes"), self._data)
        if self._order is None:
            array_path(stem, "names.order").unlink(missing_ok=True)
        else:
            np.save(array_path(stem, "names.order"), self._order)

    @classmethod
    def load(cls, stem: Path) -> Names:
        """Map the files that `save` wrote.

        Raises:
            CorruptFileError: a file is missing or no array of the right kind.
        """
        offsets = load_array(stem, "names.offsets", np.int64)
        data = load_array(stem, "names.bytes", np.uint8)
        if not len(offsets) or offsets[-1] != len(data):
            raise CorruptFileError(f"{array_path(stem, 'names.offsets')} does not fit its bytes; build again")
        has_order = array_path(stem, "names.order").exists()
        return cls(offsets, data, load_array(stem, "names.order", np.int32) if has_order else None)


def labels_of(names: Iterable[Hashable] | None, count: int) -> Labels:
    """Return the cheapest labels that hold *names*, one for each of *count* nodes.

    Raises:
        GraphError: another number of names than of nodes, or a name that stands twice.
    """
    if names is None:
        return Numbers(count)
    if not isinstance(names, Names | Numbers | Objects):
        listed = list(names)
        names = Names.of(map(str, listed)) if all(type(name) is str for name in listed) else Objects(listed)
    if len(names) != count:
        raise GraphError(f"{len(names)} names for {count} nodes; give one name a node")
    return names


def array_path(stem: Path, part: str) -> Path:
    """Return the file of one array of a saved graph: `<stem>.<part>.npy`."""
    return stem.with_name(f"{stem.name}.{part}.npy")


def load_array(stem: Path, part: str, dtype: Any) -> NDArray[Any]:
    """Map one saved array read-only.

    Raises:
        CorruptFileError: the file is missing, no `.npy` file, or not one-dimensional of that type.
    """
    path = array_path(stem, part)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as reason:
        raise CorruptFileError(f"{path} cannot be read ({reason}); run `linkgraph build` again") from reason
    if array.ndim != 1 or array.dtype != dtype:
        raise CorruptFileError(f"{path} holds {array.dtype}, not {np.dtype(dtype)}; run `linkgraph build` again")
    return np.asarray(array)
