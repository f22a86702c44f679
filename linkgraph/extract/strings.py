"""The sources of a scanned document → numbers into tables of distinct strings: references, manners, looks, settings.

Promises one copy of each string, references resolved, so that Python looks at each but once. Refuses more than
`MAX_NAME` code points of a name.
"""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract.flow import resolve
from linkgraph.extract.scan import FROM, LAST, NAME, PARENT, TAG, TO
from linkgraph.extract.survey import ELEMENT, LOOK, MANNER, REFERENCE, SETTING, value_of
from linkgraph.extract.tags import attribute_numbers, tag_numbers
from linkgraph.jit import folded, leaf, part, word_at

MAX_NAME = 128
"""Code points of a tag, id, class or role that are looked at."""

MAX_REL = 256
"""Code points of a rel attribute that are read."""

SEED = secrets.randbits(60)
"""Keeps crafted strings from meeting in one slot of a table; no result depends on it."""

_ID, _CLASS, _ROLE, _REL, _TYPE = attribute_numbers("id class role rel type")
_LINK, _FORM = tag_numbers("link form")
_SPREAD = 0x9E3779B97F4A7C1
"""Odd, of 60 bits: each byte spreads over the high bits of a hash."""


class Texts(NamedTuple):
    """Texts in UTF-8, one after the other, each ended with NUL."""

    joined: NDArray[np.uint8]
    ends: NDArray[np.int64]
    """Where the NUL of each stands."""

    def text(self, number: int) -> str:
        """Return one of them."""
        begin = self.ends[number - 1] + 1 if number else 0
        return self.joined[begin : self.ends[number]].tobytes().decode()


def texts_of(joined: NDArray[np.uint8]) -> list[str]:
    """Return the texts in an array of UTF-8, each ended with NUL."""
    return joined.tobytes().decode().split("\0")[:-1]


@leaf
def mix(source: Any, begin: Any, end: Any, seed: Any) -> Any:
    """Return a hash of some bytes."""
    mixed, key = seed + end - begin, seed * _SPREAD | 1
    at = begin
    while at + 8 <= end:
        mixed = folded(mixed ^ word_at(source, at), key)
        at += 8
    rest = np.int64(0)
    for place in range(at, end):
        rest = rest << 8 | source[place]
    return mixed if at == end else folded(mixed ^ rest, key)


@leaf
def slot_of(keys: Any, key: Any) -> Any:
    """Return the slot of *key* in a table of a power of two slots; an empty one where it is new."""
    slot = (key ^ key >> 32) & (keys.size - 1)
    while keys[slot] != key and keys[slot] != 0:
        slot = (slot + 1) & (keys.size - 1)
    return slot


@leaf
def number_for(keys: Any, numbers: Any, key: Any, count: Any) -> Any:
    """Return the number of *key* in a table; *count*, from now on, for a new one."""
    slot = slot_of(keys, key)
    if keys[slot] == 0:
        keys[slot], numbers[slot] = key, count
    return numbers[slot]


@leaf
def slots_for(count: Any) -> Any:
    """Return how many slots a table of *count* keys has."""
    slots = 16
    while slots < 2 * count:
        slots *= 2
    return slots


@leaf
def _copy(source: Any, begin: Any, end: Any, out: Any, size: Any, most: Any) -> Any:
    """Copy at most *most* code points of a value, its references resolved, and end it with NUL; return the new size."""
    at = begin
    points = np.int64(0)
    while at < end:
        byte, length = np.int64(source[at]), 1
        if byte == ord("&"):
            byte, length = resolve(source, at)
        points += byte & 0xC0 != 0x80 or length > 1
        if points > most:
            break
        if byte == 0xA0 and length > 1:
            out[size] = 0xC2
            size += 1
        out[size] = byte
        size += 1
        at += length
    out[size] = 0
    return size + 1


@leaf
def _copy_value(source: Any, attributes: Any, at: Any, out: Any, size: Any, most: Any) -> Any:
    """Copy the value in a row of the attributes, nothing for row -1."""
    if at < 0:
        out[size] = 0
        return size + 1
    return _copy(source, attributes[at, FROM], attributes[at, TO], out, size, most)


@part
def read_references(source: Any, attributes: Any, sources: Any, seed: Any) -> Any:
    """Number the distinct references of the sources in place; return them, each ended with NUL, and where each ends."""
    slots = slots_for(len(sources))
    keys, numbers = np.zeros(slots, np.int64), np.empty(slots, np.int64)
    out, ends = np.empty(source.size + len(sources), np.uint8), np.empty(len(sources), np.int64)
    size = count = np.int64(0)
    for row in range(len(sources)):
        begin, end = attributes[sources[row, REFERENCE], FROM], attributes[sources[row, REFERENCE], TO]
        key = mix(source, begin, end, seed) | 1
        number = number_for(keys, numbers, key, count)
        if number == count:
            size = _copy(source, begin, end, out, size, end - begin)
            ends[count] = size - 1
            count += 1
        sources[row, REFERENCE] = number
    return out[:size], ends[:count]


@leaf
def _mix_value(source: Any, attributes: Any, at: Any, seed: Any) -> Any:
    """Return a hash of the value in a row of the attributes, its first bytes at most."""
    if at < 0:
        return seed * _SPREAD
    return mix(source, attributes[at, FROM], attributes[at, TO], seed)


@part
def read_manners(source: Any, elements: Any, attributes: Any, sources: Any, seed: Any) -> Any:
    """Number the distinct manners of the sources in place; return them, three texts each.

    A manner is a tag with its rel and, for link elements, its type.
    """
    slots = slots_for(len(sources))
    keys, numbers = np.zeros(slots, np.int64), np.empty(slots, np.int64)
    out = np.empty(source.size + 3 * len(sources), np.uint8)
    size = count = np.int64(0)
    for row in range(len(sources)):
        element = sources[row, ELEMENT]
        tag = elements[element, TAG]
        rel = value_of(elements, attributes, element, _REL)
        kind = value_of(elements, attributes, element, _TYPE) if tag == _LINK else -1
        key = _mix_value(source, attributes, rel, seed + tag) * 3 + _mix_value(source, attributes, kind, seed) | 1
        number = number_for(keys, numbers, key, count)
        if number == count:
            begin, end = _name_span(source, elements, element)
            size = _copy(source, begin, end, out, size, np.int64(MAX_NAME))
            size = _copy_value(source, attributes, rel, out, size, np.int64(MAX_REL))
            size = _copy_value(source, attributes, kind, out, size, np.int64(MAX_NAME))
            count += 1
        sources[row, MANNER] = number
    return out[:size]


@leaf
def _name_span(source: Any, elements: Any, element: Any) -> Any:
    """Return where an element's tag name stands."""
    begin = end = elements[element, NAME]
    while source[end] != ord(" ") and source[end] != ord(">"):
        end += 1
    return begin, end


@leaf
def place_after(ascending: Any, value: Any) -> Any:
    """Return the place of the first of *ascending* numbers that is above *value*."""
    low, high = 0, ascending.size
    while low < high:
        middle = (low + high) // 2
        if ascending[middle] <= value:
            low = middle + 1
        else:
            high = middle
    return low


@leaf
def _wraps_page(elements: Any, element: Any, wraps: Any) -> Any:
    """Return whether a form stands around what no form for filling in contains."""
    if elements[element, TAG] != _FORM:
        return False
    inner = place_after(wraps, element)
    return inner < len(wraps) and wraps[inner] <= elements[element, LAST]


@leaf
def _look(source: Any, elements: Any, attributes: Any, element: Any, table: Any, looks: Any, form: Any) -> Any:
    """Return the number of an element's look: tag, id, class and role; a *form* around a page looks like a div."""
    keys, numbers = table
    out, sizes = looks
    begin, end = _name_span(source, elements, element)
    key = mix(source, begin, end, sizes[2] + form)
    values = (
        value_of(elements, attributes, element, _ID),
        value_of(elements, attributes, element, _CLASS),
        value_of(elements, attributes, element, _ROLE),
    )
    for value in values:
        key = key * 3 + _mix_value(source, attributes, value, sizes[2])
    slot = slot_of(keys, key | 1)
    if keys[slot] == 0:
        keys[slot], numbers[slot] = key | 1, sizes[0]
        if form:
            out[sizes[1]], out[sizes[1] + 1], out[sizes[1] + 2], out[sizes[1] + 3] = ord("d"), ord("i"), ord("v"), 0
            sizes[1] += 4
        else:
            sizes[1] = _copy(source, begin, end, out, sizes[1], np.int64(MAX_NAME))
        for value in values:
            sizes[1] = _copy_value(source, attributes, value, out, sizes[1], np.int64(MAX_NAME))
        sizes[0] += 1
    return np.int64(numbers[slot])


@part
def read_places(source: Any, elements: Any, attributes: Any, sources: Any, wraps: Any, seed: Any) -> Any:
    """Number the looks and settings of the sources in place.

    A setting is the chain of looks around an element; setting 0 is that around the document.

    Returns:
        The distinct looks, four texts each, and for each setting from 1 the one around it and its look.
    """
    slots = slots_for(len(elements) + len(sources))
    table = np.zeros(slots, np.int64), np.empty(slots, np.int64)
    looks = np.empty(source.size + 4 * (len(elements) + len(sources)), np.uint8), np.array([0, 0, seed])
    keys, numbers = np.zeros(slots, np.int64), np.empty(slots, np.int64)
    pairs = np.empty((len(elements), 2), np.int64)
    placed, path = np.zeros(len(elements), np.int64) - 1, np.empty(len(elements), np.int64)
    placed[0] = count = 0
    for row in range(len(sources)):
        element = sources[row, ELEMENT]
        sources[row, LOOK] = _look(source, elements, attributes, element, table, looks, np.bool_(False))
        depth = 0
        at = elements[element, PARENT]
        while placed[at] < 0:
            path[depth] = at
            depth += 1
            at = elements[at, PARENT]
        setting = np.int64(placed[at])
        while depth > 0:
            depth -= 1
            at = path[depth]
            form = _wraps_page(elements, at, wraps)
            look = _look(source, elements, attributes, at, table, looks, form)
            key = (setting + 1) << 32 | look + 1
            slot = slot_of(keys, key)
            if keys[slot] == 0:
                pairs[count, 0], pairs[count, 1] = setting, look
                count += 1
                keys[slot], numbers[slot] = key, count
            placed[at] = setting = np.int64(numbers[slot])
        sources[row, SETTING] = setting
    return looks[0][: looks[1][1]], pairs[:count]
