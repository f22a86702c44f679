"""The looks of an element's ancestors → where its links stand: zone and path from the body.

Promises one derivation for elements that look alike, on however many pages, and one copy of each path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract.strings import slot_of, slots_for
from linkgraph.extract.survey import LOOK, SETTING
from linkgraph.extract.zones import SECTIONING, zone_of
from linkgraph.jit import leaf, part
from linkgraph.model import ZONES

MAX_LEVELS = 8
"""Elements in a path: the link and its seven nearest ancestors."""

MAX_PATH = 256
"""Code points of a path; whole outer elements are left out beyond."""

MAX_STEP = 80
"""Code points of one element in a path."""

PARSER_DEPTH = 512
"""Elements that turbohtml 1.15 nests; deeper ones become siblings and links lose their text (measured)."""

_SYNTAX = re.compile(r"[^\w:-]")
_SYNTAX_BUT_BLANKS = re.compile(r"[^\w: -]")

LENGTH, WIDTH, ZONE, ZONE_IN_SECTION, OPENS = range(5)
"""Of a look: bytes and code points of its step in a path, the zone that it opens, the one that it opens where a header
or footer belongs to a section and not to the page (-1 for the zone around it), and what it begins."""

_SECTION, _ROOT = 1, 2
_ZONES = {zone: number for number, zone in enumerate(ZONES)} | {"": -1}
_CONTENT = _ZONES["content"]


class Steps(NamedTuple):
    """What the looks of a page say: their steps one after the other, in UTF-8, and their numbers."""

    joined: NDArray[np.uint8]
    looks: NDArray[np.int64]


def steps_of(looks: Iterable[tuple[str, ...]]) -> Steps:
    """Return what looks say: tag, id, class and role of elements."""
    read = [_read(*look) for look in looks]
    joined = b"".join([step for step, _ in read])
    return Steps(np.frombuffer(joined, np.uint8), np.array([numbers for _, numbers in read], np.int64).reshape(-1, 5))


@lru_cache(maxsize=1 << 13)
def _read(tag: str, name: str, classes: str, role: str) -> tuple[bytes, tuple[int, ...]]:
    path = step(tag, name, classes)
    written = path.encode()
    zone = inside = zone_of(tag, role, name, classes, sectioned=False)
    if zone in ("header", "footer"):
        inside = zone_of(tag, role, name, classes, sectioned=True)
    opens = _ROOT if tag in ("html", "body") else _SECTION if tag in SECTIONING else 0
    return written, (len(written), len(path), _ZONES[zone], _ZONES[inside], opens)


def step(tag: str, name: str, classes: str) -> str:
    """Return `tag#id.class1.class2`, four classes at most; what would read as path syntax, and blanks, become `_`."""
    path = f"{tag}#{_SYNTAX.sub('_', name)}" if name else tag
    if classes:
        tokens = " ".join(["", *classes.split()[:4]])
        path += _SYNTAX_BUT_BLANKS.sub("_", tokens).replace(" ", ".")
    return path[:MAX_STEP]


@part
def zones_of(settings: Any, looks: Any) -> Any:
    """Return the zone inside each setting; setting 0 is that around the document."""
    zones, sections = np.empty(len(settings) + 1, np.int64), np.zeros(len(settings) + 1, np.bool_)
    zones[0] = _CONTENT
    for number in range(len(settings)):
        outer, look = settings[number, 0], settings[number, 1]
        if looks[look, OPENS] == _ROOT:
            zones[number + 1] = _CONTENT
            continue
        zone = looks[look, ZONE_IN_SECTION if sections[outer] else ZONE]
        zones[number + 1] = zone if zone >= 0 else zones[outer]
        sections[number + 1] = sections[outer] or looks[look, OPENS] == _SECTION
    return zones


@leaf
def _write_path(
    settings: Any, steps: Any, looks: Any, begins: Any, chain: Any, setting: Any, out: Any, size: Any
) -> Any:
    """Write the path of elements in a setting, the first of the *chain* being theirs, and NUL; return the new size."""
    count, width = np.int64(1), np.int64(0)
    while setting > 0 and count < MAX_LEVELS:
        look = settings[setting - 1, 1]
        width += looks[look, WIDTH] + 1
        if looks[look, OPENS] == _ROOT or width > MAX_PATH - MAX_STEP:
            break
        chain[count] = look
        count += 1
        setting = settings[setting - 1, 0]
    while count > 0:
        count -= 1
        begin = begins[chain[count]]
        for at in range(begin, begin + looks[chain[count], LENGTH]):
            out[size] = steps[at]
            size += 1
        out[size] = ord(">") if count else 0
        size += 1
    return size


@part
def read_paths(settings: Any, steps: Any, looks: Any, shown: Any) -> Any:
    """Return for each source *shown* the number of its path, and the distinct paths, each ended with NUL."""
    begins, chain = np.zeros(len(looks) + 1, np.int64), np.empty(MAX_LEVELS, np.int64)
    for look in range(len(looks)):
        begins[look + 1] = begins[look] + looks[look, LENGTH]
    slots = slots_for(len(shown))
    keys, numbers = np.zeros(slots, np.int64), np.empty(slots, np.int64)
    which, out = np.empty(len(shown), np.int64), np.empty(len(shown) * 4 * (MAX_PATH + 1), np.uint8)
    size = count = np.int64(0)
    for row in range(len(shown)):
        setting, look = shown[row, SETTING], shown[row, LOOK]
        key = (setting + 1) << 32 | look + 1
        slot = slot_of(keys, key)
        if keys[slot] == 0:
            keys[slot], numbers[slot] = key, count
            chain[0] = look
            size = _write_path(settings, steps, looks, begins, chain, setting, out, size)
            count += 1
        which[row] = numbers[slot]
    return which, out[:size]
