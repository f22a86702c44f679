"""The UTF-8 of a page as it was sent → its tokens, elements and attributes as flat arrays, without a parser's tree.

Promises for a page that is not refused the arrays that `linkgraph.extract.scan` makes of the parsed and serialised
page, up to what no reader of them looks at. Refuses, at the first sign, pages whose tree needs what is not implemented.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract import beginning, tables
from linkgraph.extract import tree as places
from linkgraph.extract.construct import pop, reopen
from linkgraph.extract.contents import BODY, CAPTION, CELL_MODE, foreign_end, foreign_start
from linkgraph.extract.scan import (
    AT,
    BEYOND,
    BLOCK_INSIDE,
    CLOSES,
    COLUMNS,
    DEPTH,
    END,
    FIRST,
    INSIDE,
    LAST,
    NAME,
    OPENS,
    OWNER,
    PARENT,
    PARTS,
    STATE,
    UNSEEN,
    enter,
)
from linkgraph.extract.tags import BREAK, FLAGS, TAGS
from linkgraph.extract.tokenizer import (
    after_blanks,
    begins_markup,
    comment_end,
    copy_raw,
    copy_text,
    read_attributes,
    read_name,
)
from linkgraph.extract.tree import (
    DOCUMENT,
    ELEMENTS_END,
    EVENT,
    FOREIGN,
    FOSTERED,
    KNOWN,
    KNOWN_TAGS,
    LATEST,
    MODE,
    NODE,
    RAW_TEXT,
    REFUSAL,
    SIZE,
    SPACE,
    TOKEN,
    UNCLEAR,
    VALUES,
    WIDTH,
    plant,
)
from linkgraph.jit import hot, kernel, leaf

_NAMES = np.frombuffer("".join(f"{tag}>" for tag in TAGS).encode(), np.uint8).copy()
_NAME_PLACES = np.array([sum(len(tag) + 1 for tag in TAGS[:number]) for number in range(len(TAGS))], np.int64)
_LT, _SLASH, _BANG, _QUERY, _BRACKET, _AMPERSAND, _NEWLINE = b"</!?[&\n"


@hot
def _text(source: Any, at: Any, tree: Any, out: Any) -> Any:
    """Take in a text; return the place after it."""
    mode = tree[MODE]
    if mode < BODY:
        at = after_blanks(source, at)
        if at < source.size and not (source[at] == _LT and begins_markup(source, at)):
            if source[at] == _AMPERSAND:
                tree[REFUSAL] = UNCLEAR
            while tree[MODE] < BODY and tree[REFUSAL] == 0:
                beginning.step_on(tree)
        return at
    if mode in (BODY, CAPTION, CELL_MODE):
        if not tree[tree[NODE] + SPACE]:
            reopen(tree)
    else:
        after = after_blanks(source, at)
        if after < source.size and not (source[after] == _LT and begins_markup(source, after)):
            tree[REFUSAL] = FOSTERED
    return copy_text(source, at, tree, out)


@hot
def _start_tag(source: Any, at: Any, tree: Any, out: Any, attributes: Any) -> Any:
    """Take in a start tag and the raw text after it; return the place after them."""
    at = read_name(source, at + 1, tree, out)
    at = read_attributes(source, at, tree, out, attributes, np.bool_(True))
    again = tree[REFUSAL] == 0
    while again:
        if tree[tree[NODE] + SPACE]:
            foreign_start(tree)
            again = False
        elif tree[MODE] < BODY:
            again = beginning.start(tree)
        else:
            again = tables.start(tree)
        again = again and tree[REFUSAL] == 0
    if tree[RAW_TEXT] == 1 and tree[REFUSAL] == 0:
        at = copy_raw(source, at, tree, out)
        if tree[REFUSAL] == 0:
            at = read_attributes(source, read_name(source, at + 2, tree, out), tree, out, attributes, np.bool_(False))
            pop(tree)
    elif tree[RAW_TEXT] == 2 and at < source.size and source[at] == _NEWLINE:
        at += 1
    tree[RAW_TEXT] = 0
    return at


@hot
def _end_tag(source: Any, at: Any, tree: Any, out: Any, attributes: Any) -> Any:
    """Take in an end tag; return the place after it."""
    at = read_name(source, at + 2, tree, out)
    at = read_attributes(source, at, tree, out, attributes, np.bool_(False))
    again = tree[REFUSAL] == 0
    while again:
        if tree[tree[NODE] + SPACE]:
            foreign_end(tree)
            again = False
        elif tree[MODE] < BODY:
            again = beginning.end(tree)
        else:
            again = tables.end(tree)
        again = again and tree[REFUSAL] == 0
    return at


@leaf
def _finish(tree: Any) -> None:
    """Do what the end of the markup does: open what is missing, close what is open."""
    while tree[MODE] < BODY and tree[REFUSAL] == 0:
        beginning.step_on(tree)
    while tree[NODE] > DOCUMENT:
        pop(tree)


@leaf
def _fill_elements(tree: Any, attributes: Any, names: Any, elements: Any) -> None:
    """Write the elements as `scan` does, given where the names of tags stand."""
    count, tokens = len(elements), tree[ELEMENTS_END]
    for column in range(COLUMNS):
        elements[0, column] = 0
    elements[0, OWNER] = elements[0, BLOCK_INSIDE] = elements[0, DEPTH] = -1
    elements[0, CLOSES], elements[0, LAST] = (tree[TOKEN] - tokens) // EVENT, count - 1
    for element in range(1, count):
        node = DOCUMENT + WIDTH * element
        tag = tree[node + places.TAG]
        known = tag < KNOWN_TAGS
        elements[element, NAME] = names + _NAME_PLACES[tag] if known else tree[node + places.NAME]
        elements[element, OPENS] = (tree[node + places.OPENS] - tokens) // EVENT
        elements[element, CLOSES] = (tree[node + places.CLOSES] - tokens) // EVENT
        elements[element, LAST] = (tree[node + places.LAST] - DOCUMENT) // WIDTH
        elements[element, FIRST], elements[element, BEYOND] = tree[node + places.FIRST], tree[node + places.BEYOND]
        parent = (tree[node + places.PARENT] - DOCUMENT) // WIDTH
        enter(elements, element, parent, tag if known else 0, np.int64(FLAGS[tag]) if known else 0, attributes)


@leaf
def _fill_tokens(tree: Any, elements: Any, tokens: Any) -> None:
    """Write the tokens as `scan` does."""
    count, first = len(tokens) - 1, tree[ELEMENTS_END]
    for token in range(count):
        place = first + EVENT * token
        change = tree[place + places.CHANGE]
        node = (tree[place + places.BEFORE] - DOCUMENT) // WIDTH
        tokens[token, AT] = tokens[token, END] = tree[place + places.TEXT]
        tokens[token, STATE] = elements[node, INSIDE]
        outer = node if change > 0 else elements[node, PARENT]
        tag = abs(change)
        tokens[token, PARTS] = tag < KNOWN_TAGS and FLAGS[tag] & BREAK != 0 and elements[outer, INSIDE] < UNSEEN
    tokens[count, AT] = tokens[count, END] = tree[SIZE]
    tokens[count, STATE] = tokens[count, PARTS] = 0


@leaf
def _count(source: Any) -> Any:
    """Return how many `<` and `&` there are."""
    tags = references = np.int64(0)
    for byte in source:
        tags += byte == _LT
        references += byte == _AMPERSAND
    return tags, references


@kernel
def read_regular(source: Any, quirks: Any) -> Any:
    """Return the tokens, elements and attributes of a page, or why it is refused.

    Args:
        source: the page, UTF-8 without NUL, byte-order mark and carriage returns (uint8).
        quirks: whether the document is in quirks mode: 0 no, 1 yes, 2 unknown.

    Returns:
        The number of the reason, 0 where the page is regular; the bytes that the arrays are about; and the arrays of
        `linkgraph.extract.scan.scan`.
    """
    tags, references = _count(source)
    most = 3 * tags + 16
    names = source.size + 4 * references
    out = np.empty(2 * names + _NAMES.size + tags, np.uint8)
    tree = np.empty(DOCUMENT + (WIDTH + 2 * EVENT) * most, np.int64)
    attributes = np.empty((source.size // 3 + 16, 3), np.int64)
    for place in range(_NAMES.size):
        out[names + place] = _NAMES[place]
    plant(tree, most, names + _NAMES.size, quirks)
    at: Any = np.int64(0)
    while at < source.size and tree[REFUSAL] == 0:
        if source[at] != _LT or not begins_markup(source, at):
            at = _text(source, at, tree, out)
        elif source[at + 1] == _BANG or source[at + 1] == _QUERY:
            if tree[tree[NODE] + SPACE] and at + 2 < source.size and source[at + 2] == _BRACKET:
                tree[REFUSAL] = FOREIGN
            at = comment_end(source, at)
        elif source[at + 1] != _SLASH:
            at = _start_tag(source, at, tree, out, attributes)
        elif 97 <= source[at + 2] | 32 <= 122:
            at = _end_tag(source, at, tree, out, attributes)
        else:
            at = comment_end(source, at)
    if tree[REFUSAL] == 0:
        _finish(tree)
    if tree[REFUSAL]:
        return tree[REFUSAL], out[:0], np.empty((0, 4), np.int64), np.empty((0, COLUMNS), np.int64), attributes[:0]
    elements = np.empty(((tree[LATEST] - DOCUMENT) // WIDTH + 1, COLUMNS), np.int64)
    tokens = np.empty(((tree[TOKEN] - tree[ELEMENTS_END]) // EVENT + 1, 4), np.int64)
    _fill_elements(tree, attributes, names, elements)
    _fill_tokens(tree, elements, tokens)
    return tree[REFUSAL], out[: tree[VALUES]], tokens, elements, attributes[: tree[KNOWN]]
