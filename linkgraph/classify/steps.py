"""The path to a link → what the ids, classes and tags on it say of the place.

Promises one reading of an element's step, however many paths it is part of, and the innermost step that names a place
kept apart from those around it. Refuses to read styles: only names and tags count.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from linkgraph.classify.automaton import matcher
from linkgraph.classify.bits import Bits
from linkgraph.classify.names import names_on
from linkgraph.classify.tables import read_table
from linkgraph.classify.texts import Texts, texts_of
from linkgraph.extract.strings import SEED, mix, number_for
from linkgraph.jit import folded, kernel

_TABLE = read_table("steps.toml")

LANDMARKS: dict[str, str] = _TABLE["landmarks"]
"""Part of a page → the pattern of its names."""

TAGS: dict[str, str] = _TABLE["tags"]
"""Tags that say something of a place by themselves."""

NAMES = tuple(LANDMARKS)
_SIZE = len(NAMES) + len(TAGS)
_TAGS = matcher(tuple(f"^({tag})(?:[#.]|$)" for tag in TAGS.values()))
_LANDMARK_BITS = (1 << len(NAMES)) - 1

FEATURES = (
    *(f"path:{name}" for name in NAMES),
    *(f"tag:{name}" for name in TAGS),
    *(f"near:{name}" for name in NAMES),
    *(f"own:{name}" for name in NAMES),
    *(f"in:{name}" for name in TAGS),
)
"""What `read_paths` finds: a landmark or tag anywhere on the path, the innermost landmark around the link, the link's
own names, and the tag of the element right around the link."""

Numbers = npt.NDArray[np.int64]

_CHILD, _ID, _CLASS = b">#."
_SPREAD = 0x9E3779B97F4A7C1


class Paths:
    """Distinct paths, taken apart once for all who read them."""

    def __init__(self, paths: Texts) -> None:
        self.starts, self.ends, self.bare = np.empty((3, len(paths.begins)), np.int64)
        total = _count_steps(paths, self.starts, self.ends)
        self.numbers: Numbers = np.empty(total, np.int64)
        """Which of the distinct steps each step of each path is, path after path."""
        slots = np.zeros((4, 1 << (2 * total).bit_length()), np.int64)
        begins, ends = np.empty((2, total), np.int64)
        count = _number_steps(paths, self.starts, slots, SEED, self.numbers, self.bare, begins, ends)
        self.steps = Texts(paths.source, begins[:count], ends[:count])
        """The distinct steps."""

    @cached_property
    def said(self) -> Numbers:
        """The bits of each distinct step: its landmarks, then its tags."""
        (names,) = matcher(tuple(LANDMARKS.values())).bits(texts_of(names_on(self.steps)))
        (tags,) = _TAGS.bits(self.steps)
        return (names | tags << np.uint64(len(NAMES))).view(np.int64)

    def tagged(self, tag: str) -> Numbers:
        """Return 1 for each distinct step that has one of `TAGS`, else 0."""
        return np.asarray(self.said >> len(NAMES) + list(TAGS).index(tag) & 1)


@kernel
def _count_steps(paths: Any, starts: Any, ends: Any) -> Any:
    """Write where the steps of each path begin and end among those of all; return how many there are."""
    total = np.int64(0)
    for path in range(starts.size):
        starts[path] = total
        total += 1
        for at in range(paths.begins[path], paths.ends[path]):
            total += paths.source[at] == _CHILD
        ends[path] = total
    return total


@kernel
def _number_steps(
    paths: Any, starts: Any, slots: Any, seed: Any, numbers: Any, bare: Any, begins: Any, ends: Any
) -> Any:
    """Number the distinct steps, and the distinct paths of tags alone; return how many steps there are."""
    source, count, kinds = paths.source, np.int64(0), np.int64(0)
    for path in range(starts.size):
        at, end, place, tags = paths.begins[path], paths.ends[path], starts[path], seed
        while at <= end:
            begin, name = at, np.int64(-1)
            while at < end and source[at] != _CHILD:
                if name < 0 and (source[at] == _ID or source[at] == _CLASS):
                    name = at
                at += 1
            number = number_for(slots[0], slots[1], mix(source, begin, at, seed) | 1, count)
            if number == count:
                begins[count], ends[count] = begin, at
                count += 1
            numbers[place] = number
            place += 1
            tags = folded(tags ^ mix(source, begin, at if name < 0 else name, seed), _SPREAD)
            at += 1
        bare[path] = number_for(slots[2], slots[3], tags | 1, kinds)
        kinds = max(kinds, bare[path] + 1)
    return count


def read_paths(paths: Paths, of_link: Numbers) -> list[Bits]:
    """Return the columns of `FEATURES`, a row a link, given which path each has."""
    found = np.empty((4, len(paths.starts)), np.int64)
    _read_paths(paths.said, paths.numbers, paths.starts, paths.ends, _LANDMARK_BITS, found)
    seen, near, own, around = found.view(np.uint64)[:, of_link]
    return [
        Bits(seen, _SIZE),
        Bits(near, len(NAMES)),
        Bits(own, len(NAMES)),
        Bits(around >> np.uint64(len(NAMES)), len(TAGS)),
    ]


@kernel
def _read_paths(bits: Any, numbers: Any, starts: Any, ends: Any, landmarks: Any, found: Any) -> None:
    """Write what the steps of each path say, the innermost landmark around the link, and its own and the next step."""
    for path in range(starts.size):
        own, seen, near = bits[numbers[ends[path] - 1]], np.int64(0), np.int64(0)
        for at in range(starts[path], ends[path] - 1):
            step = bits[numbers[at]]
            seen |= step
            if step & landmarks:
                near = step & landmarks
        found[0, path], found[1, path], found[2, path] = seen | own, near, own
        found[3, path] = bits[numbers[ends[path] - 2]] if ends[path] - starts[path] > 1 else np.int64(0)
