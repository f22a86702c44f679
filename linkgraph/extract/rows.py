"""The sources of one page → which of them are rows, and the strings of these as one run of bytes.

Promises rows in document order, exact surroundings, and one copy of each string. Refuses more than `MAX_LINKS` rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract.places import read_paths, zones_of
from linkgraph.extract.scan import CLOSES, DEPTH, LAST, OPENS, OWNER, TAG
from linkgraph.extract.survey import (
    ALT,
    ALT_END,
    COLUMNS,
    CUT,
    ELEMENT,
    HEADING_ABOVE,
    MANNER,
    REFERENCE,
    SETTING,
    TEXT,
    TEXT_END,
    TITLE,
    TITLE_END,
)
from linkgraph.extract.tags import TAGS
from linkgraph.extract.texts import clip
from linkgraph.jit import copied, kernel, leaf, part

MAX_LINKS = 10_000
"""Distinct links kept of one page."""

MAX_AROUND = 120
"""Code points kept on each side of a link; the data contract's limit."""

MAX_HEADING = 200
"""Code points of a heading."""

ENTRY, TARGET, MANNER_OF, ZONE_OF, ORDINAL, INSTANCES, PATH, HEADING, IS_CUT = range(9)
"""Numbers of a row: its source, or how many sources there are and the place of a link that is none; those of target,
manner and zone; its position and its instances; those of path and heading; whether its text is cut."""

_A = TAGS.index("a")
_SPREAD = 0x9E3779B97F4A7C1


@part
def _identify(sources: Any, keys: Any, target: Any, manner: Any, zones: Any, extra: Any) -> Any:
    """Return five numbers for each instance of a link: target, manner, anchor, alternative text and zone."""
    size = len(sources)
    identities = np.empty((size + len(extra), 5), np.int64)
    for row in range(size):
        identities[row, 0] = target[sources[row, REFERENCE]] if manner[sources[row, MANNER]] >= 0 else -1
        identities[row, 1] = manner[sources[row, MANNER]]
        identities[row, 2], identities[row, 3] = keys[row, 0], keys[row, 1]
        identities[row, 4] = zones[sources[row, SETTING]]
    for row in range(len(extra)):
        for column in range(5):
            identities[size + row, column] = extra[row, column]
    return identities


@leaf
def _equal(table: Any, one: Any, other: Any) -> Any:
    """Return whether two rows of a table are equal."""
    different = 0
    for column in range(table.shape[1]):
        different += table[one, column] != table[other, column]
    return different == 0


@leaf
def first_from(table: Any, column: Any, value: Any) -> Any:
    """Return the first row whose number in an ascending *column* is *value* or more."""
    low, high = 0, len(table)
    while low < high:
        middle = (low + high) // 2
        if table[middle, column] < value:
            low = middle + 1
        else:
            high = middle
    return low


@part
def _distinct(identities: Any) -> Any:
    """Return which entries are rows.

    Args:
        identities: one row of int64 an entry, the first number below 0 for what is no link; entries whose numbers are
            equal are one link.

    Returns:
        For each link its first entry, its position among all that are links, and the number of its instances; and
        whether there were more than `MAX_LINKS`.
    """
    size, width = identities.shape
    slots = 16
    while slots < 2 * size:
        slots *= 2
    table = np.zeros(slots, np.int64) - 1
    found = np.empty((3, min(size, MAX_LINKS)), np.int64)
    count = ordinal = np.int64(0)
    for entry in range(size):
        if identities[entry, 0] < 0:
            continue
        key = np.int64(0)
        for column in range(width):
            key = (key ^ identities[entry, column]) * _SPREAD
            key ^= key >> 29
        slot = key & (slots - 1)
        while table[slot] >= 0 and not _equal(identities, found[0, table[slot]], entry):
            slot = (slot + 1) & (slots - 1)
        if table[slot] >= 0:
            found[2, table[slot]] += 1
        elif count == MAX_LINKS:
            return found, True
        else:
            table[slot] = count
            found[0, count], found[1, count], found[2, count] = entry, ordinal, 1
            count += 1
        ordinal += 1
    return found[:, :count], False


@leaf
def _back(text: Any, begin: Any, end: Any, most: Any) -> Any:
    """Return where the last *most* code points of a text begin."""
    if end - begin <= most:
        return begin
    points = np.int64(0)
    at = end
    while at > begin and points < most:
        at -= 1
        points += text[at] & 0xC0 != 0x80
    return at


@part
def _surround(
    text: Any, elements: Any, sources: Any, shown: Any, places: Any, visible: Any, linked: Any, spans: Any
) -> Any:
    """Fill in where the texts before and after the links *shown* stand on the line.

    Returns:
        Linked characters / all characters of each link's block, 1 for a block without text, 0 for no block (float64).
    """
    size = len(shown)
    density = np.zeros(size)
    for number in range(size):
        element = shown[number, ELEMENT]
        block = elements[element, OWNER]
        if block < 0:
            continue
        opens, closes = elements[block, OPENS], elements[block, CLOSES]
        first = first_from(sources, ELEMENT, block)
        beyond = first_from(sources, ELEMENT, elements[block, LAST] + 1)
        characters = visible[closes] - visible[opens]
        share = (linked[beyond] - linked[first]) / characters if characters else 1.0
        density[number] = min(1.0, share)
        if elements[element, TAG] == _A:
            own, after = places[elements[element, OPENS]], places[elements[element, CLOSES]]
            begin, end = places[opens], places[closes]
            own += own < end and text[own] == ord(" ")
            before, behind = 3 * size + number, 4 * size + number
            spans[before, 0], spans[before, 1] = _back(text, begin, own, np.int64(MAX_AROUND)), own
            spans[behind, 0], spans[behind, 1] = after, clip(text, after, end, np.int64(MAX_AROUND))
    return density


@part
def _headings(text: Any, elements: Any, shown: Any, headings: Any, places: Any, spans: Any, count: Any) -> Any:
    """Fill in where the headings above the links *shown* stand on the line, from row *count* on, each once.

    Returns:
        For each link the number of its heading among those, and the rows filled.
    """
    which = np.empty(len(shown), np.int64)
    first = count
    last = -1
    for number in range(len(shown)):
        heading = shown[number, HEADING_ABOVE]
        if heading != last:
            begin = end = 0
            if heading:
                element = headings[heading - 1]
                begin, end = places[elements[element, OPENS]], places[elements[element, CLOSES]]
                begin += begin < end and text[begin] == ord(" ")
            spans[count, 0], spans[count, 1] = begin, clip(text, begin, end, np.int64(MAX_HEADING))
            count += 1
            last = heading
        which[number] = count - 1 - first
    return which, count


@kernel
def join(text: Any, spans: Any) -> Any:
    """Return texts of the line, without blanks at their ends, each ended with NUL.

    Args:
        text: the line.
        spans: where each text begins and ends.
    """
    room = len(spans)
    for number in range(len(spans)):
        room += spans[number, 1] - spans[number, 0]
    out = np.empty(room, np.uint8)
    size = np.int64(0)
    for number in range(len(spans)):
        begin, end = spans[number, 0], spans[number, 1]
        begin += begin < end and text[begin] == ord(" ")
        end -= begin < end and text[end - 1] == ord(" ")
        size = copied(text, begin, end, out, size)
        out[size] = 0
        size += 1
    return out[:size]


@part
def _show(sources: Any, elements: Any, found: Any, spans: Any) -> Any:
    """Return the columns of the sources among the rows *found*, and the depth of the deepest; fill in their texts."""
    size = len(spans) // 6
    shown, deepest = np.empty((size, COLUMNS), np.int64), np.int64(0)
    for row in range(size):
        for column in range(COLUMNS):
            shown[row, column] = sources[found[0, row], column]
        deepest = max(deepest, elements[shown[row, ELEMENT], DEPTH])
        spans[row, 0], spans[row, 1] = shown[row, TEXT], shown[row, TEXT_END]
        spans[size + row, 0], spans[size + row, 1] = shown[row, ALT], shown[row, ALT_END]
        spans[2 * size + row, 0], spans[2 * size + row, 1] = shown[row, TITLE], shown[row, TITLE_END]
    return shown, deepest


@part
def _tell(found: Any, identities: Any, shown: Any, paths: Any, headings: Any) -> Any:
    """Return the numbers of the rows: one array for each of the names at the head of this module."""
    table = np.zeros((9, found.shape[1]), np.int64)
    for row in range(found.shape[1]):
        entry = found[0, row]
        table[ENTRY, row], table[ORDINAL, row], table[INSTANCES, row] = entry, found[1, row], found[2, row]
        table[TARGET, row], table[MANNER_OF, row] = identities[entry, 0], identities[entry, 1]
        table[ZONE_OF, row] = identities[entry, 4]
        if row < len(shown):
            table[PATH, row], table[HEADING, row], table[IS_CUT, row] = paths[row], headings[row], shown[row, CUT]
    return table


@kernel
def choose(
    text: Any,
    elements: Any,
    sources: Any,
    headings: Any,
    places: Any,
    visible: Any,
    linked: Any,
    keys: Any,
    target: Any,
    manner: Any,
    settings: Any,
    steps: Any,
    looks: Any,
    extra: Any,
) -> Any:
    """Return the rows of a page and what stands in them.

    Args:
        text: the line.
        elements: those of the document.
        sources: its sources.
        headings: its headings.
        places: the place on the line of each token.
        visible: the characters before each token.
        linked: the linked characters before each source.
        keys: two numbers a source that tell its anchor and alternative text apart from others.
        target: the number of each reference's target, -1 for none.
        manner: the number of each manner, -1 for what is no link.
        settings: for each setting from 1 the one around it and its look.
        steps: the steps of the looks, one after the other.
        looks: what each look says.
        extra: the five numbers of each link that is no element.

    Returns:
        The numbers of the rows, those of sources first; how many these are; the density of each one's block; the
        texts, those of one column after those of another: anchors, alternative texts, titles, texts before, texts
        after, headings; the paths; the depth of the deepest; and whether there were more than `MAX_LINKS`. Texts are
        ended with NUL.
    """
    identities = _identify(sources, keys, target, manner, zones_of(settings, looks), extra)
    found, capped = _distinct(identities)
    size = np.int64(0)
    while size < found.shape[1] and found[0, size] < len(sources):
        size += 1
    spans = np.zeros((6 * size, 2), np.int64)
    shown, deepest = _show(sources, elements, found, spans)
    density = _surround(text, elements, sources, shown, places, visible, linked, spans)
    heading, count = _headings(text, elements, shown, headings, places, spans, 5 * size)
    path, paths = read_paths(settings, steps, looks, shown)
    table = _tell(found, identities, shown, path, heading)
    return table, size, density, join(text, spans[:count]), paths, deepest, capped
