"""The looks of an element's ancestors → where its links stand: zone and path from the body.

Promises one derivation for elements that look alike, on however many pages, and one copy of each path.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract.flow import is_blank, point_at
from linkgraph.extract.strings import number_for, place_after, slots_for
from linkgraph.extract.survey import LOOK, SETTING
from linkgraph.extract.tags import hash_of
from linkgraph.extract.zones import SECTIONING, zones_of_look
from linkgraph.jit import copied, leaf, part
from linkgraph.model import ZONES

MAX_LEVELS = 8
"""Elements in a path: the link and its seven nearest ancestors."""

MAX_PATH = 256
"""Code points of a path; whole outer elements are left out beyond."""

MAX_STEP = 80
"""Code points of one element in a path."""

PARSER_DEPTH = 512
"""Elements that turbohtml 1.15 nests; deeper ones become siblings and links lose their text (measured)."""

LENGTH, WIDTH, ZONE, ZONE_IN_SECTION, OPENS = range(5)
"""Of a look: bytes and code points of its step in a path, the zone that it opens, the one that it opens where a header
or footer belongs to a section and not to the page (-1 for the zone around it), and what it begins."""

_SECTION, _ROOT = 1, 2
_CONTENT = ZONES.index("content")
_OPENING = {hash_of(tag): _SECTION for tag in SECTIONING} | {hash_of(tag): _ROOT for tag in ("html", "body")}
_OPENERS, _OPENED = np.array([*_OPENING]), np.array([*_OPENING.values()])
_MAX_CLASSES = 4
_NAMING = np.array([chr(byte).isalnum() or chr(byte) in "_:-" for byte in range(128)])
_LAST_LETTER = 0x33479
"""No later character is a letter or digit (Unicode 16)."""


@lru_cache(maxsize=1)
def letters_beyond_ascii() -> NDArray[np.int64]:
    """Return where runs of code points begin, and end, that are letters or digits of any script, or `_`."""
    halves = (0x80, 0xD800), (0xE000, _LAST_LETTER + 1)
    found = [
        (match.start() + begin, match.end() + begin)
        for begin, end in halves
        for match in re.finditer(r"\w+", "".join(map(chr, range(begin, end))))
    ]
    return np.array(found, np.int64).reshape(-1)


@leaf
def _is_kept(point: Any, letters: Any) -> Any:
    """Return whether a code point of an id or class stands in a path as it is: what would read as syntax does not."""
    if point < 0x80:
        return _NAMING[point]
    return place_after(letters, point) & 1 == 1


@leaf
def _parts_classes(point: Any) -> Any:
    return point == ord(" ") or 9 <= point <= 13 or 28 <= point <= 31 or (point >= 0x80 and is_blank(point))


@leaf
def _write_names(text: Any, at: Any, end: Any, mark: Any, out: Any, size: Any, width: Any, letters: Any) -> Any:
    """Write an id after a `#`, or the first classes each after a `.`; return the new size and width."""
    count: Any = np.int64(0)
    inside: Any = np.bool_(False)
    while at < end and width < MAX_STEP:
        point, length = point_at(text, at)
        if mark == ord(".") and _parts_classes(point):
            inside = np.bool_(False)
            at += length
        elif not inside:
            count += 1
            if count > _MAX_CLASSES:
                break
            inside = np.bool_(True)
            out[size] = mark
            size, width = size + 1, width + 1
        else:
            if _is_kept(point, letters):
                size = copied(text, at, at + length, out, size)
            else:
                out[size] = ord("_")
                size += 1
            width, at = width + 1, at + length
    return size, width


@leaf
def _write_tag(text: Any, at: Any, end: Any, out: Any, size: Any) -> Any:
    """Write a tag's name as it is; return the new size and its width."""
    width = np.int64(0)
    while at < end and width < MAX_STEP:
        _, length = point_at(text, at)
        size = copied(text, at, at + length, out, size)
        width, at = width + 1, at + length
    return size, width


@leaf
def _hash(text: Any, begin: Any, end: Any) -> Any:
    """Return the hash of a name, as `linkgraph.extract.tags.hash_of` does."""
    value = np.int64(0)
    for at in range(begin, end):
        value = value * 131 + text[at]
    return value


@part
def read_looks(text: Any, letters: Any) -> Any:
    """Return what looks say.

    Args:
        text: tag, id, classes and role of each, every one ended with NUL (uint8).
        letters: the answer of `letters_beyond_ascii`.

    Returns:
        Their steps in a path, `tag#id.class1.class2`, one after the other in UTF-8; and a row of numbers a look.
    """
    ends, count = np.empty(4, np.int64), np.int64(0)
    for byte in text:
        count += byte == 0
    looks, steps = np.empty((count // 4, 5), np.int64), np.empty(text.size, np.uint8)
    size = at = np.int64(0)
    for look in range(count // 4):
        begin = at
        for string in range(4):
            while text[at] != 0:
                at += 1
            ends[string] = at
            at += 1
        tag, role = _hash(text, begin, ends[0]), _hash(text, ends[2] + 1, ends[3])
        first = size
        size, width = _write_tag(text, begin, ends[0], steps, size)
        size, width = _write_names(text, ends[0] + 1, ends[1], np.int64(ord("#")), steps, size, width, letters)
        size, width = _write_names(text, ends[1] + 1, ends[2], np.int64(ord(".")), steps, size, width, letters)
        looks[look, LENGTH], looks[look, WIDTH], looks[look, OPENS] = size - first, width, 0
        for opener in range(_OPENERS.size):
            if _OPENERS[opener] == tag:
                looks[look, OPENS] = _OPENED[opener]
        looks[look, ZONE], looks[look, ZONE_IN_SECTION] = zones_of_look(text, tag, role, ends[0] + 1, ends[1], ends[2])
    return steps[:size], looks


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
        size = copied(steps, begin, begin + looks[chain[count], LENGTH], out, size)
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
        which[row] = number_for(keys, numbers, key, count)
        if which[row] == count:
            chain[0] = look
            size = _write_path(settings, steps, looks, begins, chain, setting, out, size)
            count += 1
    return which, out[:size]
