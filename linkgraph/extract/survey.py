"""The elements of a scanned document → those that link or say something of the page, as rows of numbers.

Promises one row for each link element, in document order. Refuses more than `MAX_SOURCES` of them, and those inside
templates.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract.directives import PRODUCT_TOKEN
from linkgraph.extract.scan import (
    AT,
    BEYOND,
    CLOSES,
    DEAD,
    END,
    FIRST,
    FROM,
    HTML,
    INSIDE,
    KEY,
    LAST,
    OPENS,
    PARENT,
    SPACE,
    TAG,
    TO,
)
from linkgraph.extract.tags import HEADING, RESOURCE, SOURCE, WRAPS, attribute_numbers, hash_of, tag_numbers
from linkgraph.jit import LANES, leaf, part, run_of

MAX_SOURCES = 50_000
"""Link elements looked at on one page."""

ELEMENT, REFERENCE, MANNER, LOOK, SETTING, HEADING_ABOVE, TEXT, TEXT_END, CUT = range(9)
ALT, ALT_END, TITLE, TITLE_END, COLUMNS = range(9, 14)
"""Columns of a source: its element; the numbers of its reference, its manner (tag, rel and type), its look (tag, id,
class and role), its setting and of the heading above it, from 1; where its text, alternative text and title stand on
the line; whether its text is cut."""

NAME, NAME_END, EQUIV, EQUIV_END, CONTENT, CONTENT_END, SILENCED = range(7)
"""Columns of a meta element: where its name, http-equiv and content stand, -1 for none; whether it is in noscript."""

LANGUAGE, BASE, TITLE_TEXT = range(3)
"""Of a document: where its language stands, the reference of its base and the text of its title, -1 for none."""

HREF, _LANG, _SRC, _ACTION, _NAME, _EQUIV, _CONTENT = attribute_numbers("href lang src action name http-equiv content")
_A, _AREA, _LINK, _FORM, _SCRIPT, _META, _TITLE, _NOSCRIPT, _HTML, _BODY, _BASE = tag_numbers(
    "a area link form script meta title noscript html body base"
)

METAS = ("robots", PRODUCT_TOKEN, "generator", "refresh", "content-language")
"""Names and http-equivs of meta elements that are read."""

_METAS = np.array([hash_of(name.replace("-", "")) for name in METAS], np.int64)
_HYPHEN, _AMPERSAND = b"-&"


@leaf
def value_of(elements: Any, attributes: Any, element: Any, key: Any) -> Any:
    """Return the row of an element's attribute; -1 where it has none of that name."""
    for at in range(elements[element, FIRST], elements[element, BEYOND]):
        if attributes[at, KEY] == key:
            return at
    return -1


@leaf
def _reference_key(tag: Any) -> Any:
    """Return the attribute that holds a source's reference."""
    return HREF if tag in (_A, _AREA, _LINK) else _ACTION if tag == _FORM else _SRC


@part
def pick(elements: Any, attributes: Any, flags: Any, resources: Any) -> Any:
    """Return the elements that say something, by kind.

    Args:
        elements: those of the document.
        attributes: theirs.
        flags: the flags of each tag.
        resources: whether images and scripts are sources too.

    Returns:
        Sources (rows, the reference being an attribute so far), headings, metas, scripts, elements that no form for
        filling in contains; the first html, body, title and base element, 0 for none; and whether there were more
        sources than `MAX_SOURCES`.
    """
    wanted = SOURCE | RESOURCE if resources else SOURCE
    size = len(elements)
    sources, chosen = np.empty((size, COLUMNS), np.int64), np.empty((4, size), np.int64)
    counts, firsts = np.zeros(4, np.int64), np.zeros(4, np.int64)
    looked = found = np.int64(0)
    element = np.int64(0)
    while element + 1 < size and looked < MAX_SOURCES:
        element += 1
        tag = elements[element, TAG]
        if elements[element, INSIDE] == DEAD:
            element = elements[element, LAST]
        elif tag == 0 or elements[element, SPACE] != HTML:
            continue
        elif flags[tag] & wanted:
            looked += 1
            reference = value_of(elements, attributes, element, _reference_key(tag))
            if reference >= 0 and (tag in (_A, _AREA) or attributes[reference, FROM] < attributes[reference, TO]):
                sources[found, ELEMENT], sources[found, REFERENCE] = element, reference
                sources[found, HEADING_ABOVE] = counts[0]
                found += 1
        first = _rank(tag)
        if first >= 0 and firsts[first] == 0 and (tag != _BASE or value_of(elements, attributes, element, HREF) >= 0):
            firsts[first] = element
        kind = 0 if flags[tag] & HEADING else 1 if tag == _META else 2 if tag == _SCRIPT else -1
        if kind >= 0:
            chosen[kind, counts[kind]] = element
            counts[kind] += 1
        if flags[tag] & WRAPS:
            chosen[3, counts[3]] = element
            counts[3] += 1
    return (
        sources[:found],
        chosen[0, : counts[0]],
        chosen[1, : counts[1]],
        chosen[2, : counts[2]],
        chosen[3, : counts[3]],
        firsts,
        looked >= MAX_SOURCES,
    )


@leaf
def _rank(tag: Any) -> Any:
    """Return the place of a tag among those of which the first element counts; -1 for others."""
    return 0 if tag == _HTML else 1 if tag == _BODY else 2 if tag == _TITLE else 3 if tag == _BASE else -1


@part
def read_head(elements: Any, tokens: Any, attributes: Any, firsts: Any) -> Any:
    """Return where the language, the base and the title stand, given the first elements of `pick`."""
    spans = np.zeros((3, 2), np.int64) - 1
    for row in (LANGUAGE, BASE):
        element = firsts[0] if row == LANGUAGE else firsts[3]
        at = value_of(elements, attributes, element, _LANG if row == LANGUAGE else HREF) if element else -1
        if at >= 0:
            spans[row, 0], spans[row, 1] = attributes[at, FROM], attributes[at, TO]
    title = firsts[2]
    if title:
        opens, closes = elements[title, OPENS], elements[title, CLOSES]
        spans[TITLE_TEXT, 0], spans[TITLE_TEXT, 1] = tokens[opens, END], tokens[closes, AT]
    return spans


@leaf
def _is_read(source: Any, begin: Any, end: Any) -> Any:
    """Return whether the letters of a meta's name are those of one that is read; true for what is to be decoded."""
    name = np.int64(0)
    for at in range(begin, end):
        if source[at] > 127 or source[at] == _AMPERSAND:
            return True
        letter = np.int64(source[at]) | 32
        if 97 <= letter <= 122:
            name = name * 131 + letter
    known = False
    for number in range(_METAS.size):
        known |= _METAS[number] == name
    return known


@part
def read_metas(source: Any, elements: Any, attributes: Any, metas: Any) -> Any:
    """Return a row for each meta element whose name or http-equiv may be one of `METAS`."""
    rows = np.empty((len(metas), 7), np.int64)
    count = np.int64(0)
    for meta in metas:
        for column in range(SILENCED):
            rows[count, column] = -1
        for at in range(elements[meta, FIRST], elements[meta, BEYOND]):
            key = attributes[at, KEY]
            column = NAME if key == _NAME else EQUIV if key == _EQUIV else CONTENT if key == _CONTENT else -1
            if column >= 0:
                rows[count, column], rows[count, column + 1] = attributes[at, FROM], attributes[at, TO]
        rows[count, SILENCED] = elements[elements[meta, PARENT], TAG] == _NOSCRIPT
        named = _is_read(source, rows[count, NAME], rows[count, NAME_END])
        count += named or _is_read(source, rows[count, EQUIV], rows[count, EQUIV_END])
    return rows[:count]


@leaf
def _may_name(source: Any, begin: Any, end: Any) -> Any:
    """Return whether an account may be named: there is a hyphen between what ends a prefix and what begins a number."""
    at = begin + 1
    while at + 1 < end:
        if at + LANES <= source.size:
            run = run_of(source, at, np.uint8(_HYPHEN), np.uint8(_HYPHEN))
            at += run
            if run == LANES or at + 1 >= end:
                continue
        before, after = source[at - 1], source[at + 1]
        ends = (
            before == ord("A") or before == ord("G") or before == ord("M") or before == ord("W") or before == ord("b")
        )
        if source[at] == _HYPHEN and ends and (48 <= after <= 57 or 65 <= after <= 90):
            return True
        at += 1
    return False


@part
def read_scripts(source: Any, elements: Any, tokens: Any, attributes: Any, scripts: Any) -> Any:
    """Return where the scripts' source addresses and texts stand that may name an account."""
    spans = np.empty((2 * len(scripts), 2), np.int64)
    count = np.int64(0)
    for script in scripts:
        address = value_of(elements, attributes, script, _SRC)
        if address >= 0:
            spans[count, 0], spans[count, 1] = attributes[address, FROM], attributes[address, TO]
            count += _may_name(source, spans[count, 0], spans[count, 1])
        opens, closes = elements[script, OPENS], elements[script, CLOSES]
        spans[count, 0], spans[count, 1] = tokens[opens, END], tokens[closes, AT]
        count += _may_name(source, spans[count, 0], spans[count, 1])
    return spans[:count]
