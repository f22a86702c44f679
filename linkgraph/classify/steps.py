"""The path to a link → what the ids, classes and tags on it say of the place.

Promises one reading of an element's step, however many paths it is part of, and the innermost step that names a place
kept apart from those around it. Refuses to read styles: only names and tags count.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify.automaton import matcher
from linkgraph.classify.names import names_on
from linkgraph.classify.tables import read_table
from linkgraph.classify.texts import texts_of

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

Bits = npt.NDArray[np.int64]


class Paths:
    """Distinct paths, taken apart once for all who read them."""

    def __init__(self, paths: pa.Array) -> None:
        steps = pc.split_pattern(paths, ">")
        flat = steps.flatten().dictionary_encode()
        self.offsets: pa.Array = steps.offsets
        self.starts = steps.offsets.to_numpy()[:-1].astype(np.int64)
        self.ends = steps.offsets.to_numpy()[1:].astype(np.int64)
        self.steps: pa.Array = flat.dictionary
        """The distinct steps."""
        self.numbers: pa.Array = flat.indices
        """Which of the steps each step of each path is, path after path."""

    def bare(self) -> pa.Array:
        """Return the paths without ids and classes: the tags alone."""
        return pc.binary_join(pa.ListArray.from_arrays(self.offsets, _tags(self.steps).take(self.numbers)), ">")


def _tags(steps: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(steps, r"[#.].*", "")


def read_paths(paths: Paths) -> npt.NDArray[np.bool_]:
    """Return a boolean matrix, a row a path of the `dom_path` column and a column a feature of `FEATURES`."""
    starts, ends = paths.starts, paths.ends
    bits = _read_steps(paths.steps)[paths.numbers.to_numpy()]
    seen = np.bitwise_or.reduceat(bits, starts)
    own = bits[ends - 1]
    around = np.where(ends - starts > 1, bits[np.maximum(ends - 2, 0)], 0)
    near = _innermost(bits & _LANDMARK_BITS, starts, ends)
    return np.concatenate(
        [
            _unpacked(seen, _SIZE),
            _unpacked(near, len(NAMES)),
            _unpacked(own, len(NAMES)),
            _unpacked(around >> len(NAMES), len(TAGS)),
        ],
        axis=1,
    )


def _innermost(landmarks: Bits, starts: Bits, ends: Bits) -> Bits:
    """Return the landmarks of the last step of each path, but for the link's own, that has any."""
    at = np.where(landmarks != 0, np.arange(len(landmarks)), -1)
    at[ends - 1] = -1
    last = np.maximum.reduceat(at, starts)
    return np.where(last >= 0, landmarks[np.maximum(last, 0)], 0)


def _read_steps(steps: pa.Array) -> Bits:
    """Return the bits of each distinct step: its landmarks, then its tags."""
    (names,) = matcher(tuple(LANDMARKS.values())).bits(texts_of(names_on(steps)))
    (tags,) = _TAGS.bits(texts_of(steps))
    return (names | tags << np.uint64(len(NAMES))).view(np.int64)


def _unpacked(bits: Bits, width: int) -> npt.NDArray[np.bool_]:
    return (bits[:, None] >> np.arange(width) & 1).astype(bool)
