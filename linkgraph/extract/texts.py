"""The sources of a scanned document → where their texts stand on the line, those of their attributes added to it.

Promises texts of at most `MAX_ANCHOR` code points. Refuses to read more than `MAX_ALTS` pictures in one link.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract.flow import fold
from linkgraph.extract.scan import AT, CLOSES, DEAD, END, FROM, INSIDE, LAST, OPENS, STATE, TAG, TITLED, TO
from linkgraph.extract.strings import mix
from linkgraph.extract.survey import ALT, ALT_END, CUT, ELEMENT, TEXT, TEXT_END, TITLE, TITLE_END, value_of
from linkgraph.extract.tags import attribute_numbers, tag_numbers
from linkgraph.jit import LANES, leaf, part

MAX_ANCHOR = 512
"""Code points of an anchor, alt, title attribute or page title; the data contract's limit."""

MAX_ALTS = 64
"""Pictures inside one link whose alternative texts are read."""

_ALT, _TITLE = attribute_numbers("alt title")
_A, _AREA, _IMG, _TITLE_TAG = tag_numbers("a area img title")


@leaf
def clip(text: Any, begin: Any, end: Any, most: Any) -> Any:
    """Return where the first *most* code points of a text end, without a blank at the end."""
    if end - begin <= most:
        return end
    points = np.int64(0)
    for at in range(begin, end):
        points += text[at] & 0xC0 != 0x80
        if points > most:
            return at - (text[at - 1] == ord(" "))
    return end


@leaf
def _visible(text: Any, begin: Any, end: Any) -> Any:
    """Return the characters of a text, blanks not counted."""
    points = np.int64(0)
    for at in range(begin, end):
        points += text[at] & 0xC0 != 0x80 and text[at] != ord(" ")
    return points


@leaf
def _fold_value(source: Any, attributes: Any, at: Any, text: Any, size: Any, marks: Any) -> Any:
    """Add an attribute's value to the line as a text of its own; return where it ends there, and the mark."""
    if at < 0:
        return size, marks
    begin, end = attributes[at, FROM], attributes[at, TO]
    if size + end - begin + LANES >= text.size:
        return size, marks
    stop, _, _, marks = fold(source, begin, end, text, size, size, np.int64(0), np.int64(0), marks)
    return clip(text, size, stop, np.int64(MAX_ANCHOR)), marks


@leaf
def _fold_title(source: Any, tokens: Any, elements: Any, element: Any, text: Any, size: Any, marks: Any) -> Any:
    """Add the text of a title element to the line as a text of its own; return where it ends there, and the mark."""
    stop = size
    parted = np.int64(0)
    for token in range(elements[element, OPENS] + 1, elements[element, CLOSES] + 1):
        begin, end = tokens[token - 1, END], tokens[token, AT]
        if tokens[token, STATE] == TITLED and stop + end - begin + LANES < text.size:
            stop, parted, _, marks = fold(source, begin, end, text, size, stop, parted, np.int64(0), marks)
    return clip(text, size, stop, np.int64(MAX_ANCHOR)), marks


@leaf
def _among(keys: Any, count: Any, key: Any) -> Any:
    """Return whether *key* is one of the first *count* keys."""
    found = False
    for at in range(count):
        found |= keys[at] == key
    return found


@leaf
def _fold_alts(
    source: Any,
    tokens: Any,
    elements: Any,
    attributes: Any,
    link: Any,
    text: Any,
    size: Any,
    marks: Any,
    seed: Any,
    known: Any,
) -> Any:
    """Add the alternative texts of the pictures in a link to the line, equal ones once; return the end and the mark.

    An SVG's `<title>` is that picture's alternative text. Equal ones are those of a lazy image and its fallback. Their
    hashes are put into *known*.
    """
    count = np.int64(0)
    stop = size
    for element in range(link + 1, elements[link, LAST] + 1):
        tag, state = elements[element, TAG], elements[element, INSIDE]
        at = value_of(elements, attributes, element, _ALT) if tag == _IMG and state != DEAD else -1
        if count == MAX_ALTS or (at < 0 and (tag != _TITLE_TAG or state != TITLED)):
            continue
        begin = stop + (stop > size)
        if at >= 0:
            end, marks = _fold_value(source, attributes, at, text, begin, marks)
        else:
            end, marks = _fold_title(source, tokens, elements, element, text, begin, marks)
        key = mix(text, begin, end, seed)
        if begin < end and not _among(known, count, key):
            if begin > size:
                text[begin - 1] = ord(" ")
            known[count] = key
            count += 1
            stop = end
    return clip(text, size, stop, np.int64(MAX_ANCHOR)), marks


@part
def read_texts(
    source: Any,
    tokens: Any,
    elements: Any,
    attributes: Any,
    sources: Any,
    places: Any,
    visible: Any,
    text: Any,
    size: Any,
    marks: Any,
    seed: Any,
) -> Any:
    """Find the anchors of the sources on the line, and add their alternative texts and titles to it.

    Returns:
        Hashes of the anchors and alternative texts (int64, two columns), the linked characters before each source, one
        entry more than sources, and whether anything on the line may need composing.
    """
    keys, linked = np.empty((len(sources), 2), np.int64), np.zeros(len(sources) + 1, np.int64)
    known = np.empty(MAX_ALTS, np.int64)
    for row in range(len(sources)):
        element = sources[row, ELEMENT]
        tag = elements[element, TAG]
        begin = end = stop = size
        linked[row + 1] = linked[row]
        if tag == _A:
            opens, closes = elements[element, OPENS], elements[element, CLOSES]
            begin, end = np.int64(places[opens]), np.int64(places[closes])
            begin += begin < end and text[begin] == ord(" ")
            stop = clip(text, begin, end, np.int64(MAX_ANCHOR))
            linked[row + 1] += visible[closes] - visible[opens] if stop == end else _visible(text, begin, stop)
        sources[row, TEXT], sources[row, TEXT_END], sources[row, CUT] = begin, stop, stop < end
        keys[row, 0] = mix(text, begin, stop, seed)
        sources[row, ALT] = size
        if tag == _A and elements[element, LAST] > element:
            size, marks = _fold_alts(source, tokens, elements, attributes, element, text, size, marks, seed, known)
        elif tag in (_AREA, _IMG):
            size, marks = _fold_value(
                source, attributes, value_of(elements, attributes, element, _ALT), text, size, marks
            )
        keys[row, 1] = mix(text, sources[row, ALT], size, seed)
        sources[row, ALT_END] = sources[row, TITLE] = size
        title = value_of(elements, attributes, element, _TITLE)
        size, marks = _fold_value(source, attributes, title, text, size, marks)
        sources[row, TITLE_END] = size
    return keys, linked, marks
