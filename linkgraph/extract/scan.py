"""A serialised document → its tokens, elements and attributes as flat arrays.

Promises time linear in the bytes, and one row for each tag, element and known attribute, in document order. Refuses
markup that no serialiser writes: it reads bytes in which `<`, `>`, `&` and quotes are escaped wherever they are text.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract.tags import BLOCK, BREAK, HIDE, RAWTEXT, SLOTS, VOID, attribute_numbers, tag_numbers
from linkgraph.jit import hot, kernel, leaf

MAX_BLOCKS = 64
"""Nested blocks that are told apart; a link deeper down belongs to the 64th."""

VISIBLE, TITLED, SILENT, UNSEEN, DEAD = range(5)
"""What becomes of a text: a reader sees it; it names an image or the page; it stands in noscript; it is a script's, a
style's or a fallback's; it stands in a template, where nothing counts."""

AT, END, STATE, PARTS = range(4)
"""Columns of a token: its first byte, the byte after it, the state of the text before it, whether it parts words."""

TAG, SPACE, PARENT, LAST, INSIDE, OPENS, CLOSES, FIRST, BEYOND, OWNER, BLOCK_INSIDE, NESTED, DEPTH, NAME = range(14)
COLUMNS = 14
"""Columns of an element: tag, namespace, parent, last descendant, state of the text inside, its two tokens, its
attributes from and to, the block around it and the one of what stands in it, blocks and elements around it, and
where its name stands."""

KEY, FROM, TO = range(3)
"""Columns of an attribute: its name's number, and where its value stands."""

HTML, SVG, MATH = range(3)
_A, _NOSCRIPT, _TEMPLATE, _TITLE, _SVG, _MATH, _PLAINTEXT, _SCRIPT = tag_numbers(
    "a noscript template title svg math plaintext script"
)
_FOREIGN_OBJECT, _DESC, _MI, _MO, _MN, _MS, _MTEXT, _ANNOTATION, _GLYPH, _MARK = tag_numbers(
    "foreignObject desc mi mo mn ms mtext annotation-xml mglyph malignmark"
)
(_ENCODING,) = attribute_numbers("encoding")
_LT, _GT, _SLASH, _BLANK, _QUOTE, _EQUALS, _BANG, _QUERY, _HYPHEN = b'<>/ "=!?-'


class Scanned(NamedTuple):
    """The arrays; row 0 of the elements is the document itself."""

    tokens: NDArray[np.int64]
    elements: NDArray[np.int64]
    attributes: NDArray[np.int64]


@hot
def number_of(hashes: Any, numbers: Any, name: Any) -> Any:
    """Return the number of a name by its hash; 0 for one that is not in the table."""
    slot = (name ^ (name >> 20)) & (SLOTS - 1)
    while numbers[slot] != 0 and hashes[slot] != name:
        slot = (slot + 1) & (SLOTS - 1)
    return np.int64(numbers[slot])


@leaf
def _count(source: Any) -> Any:
    """Return how many tags and attributes there can be at most."""
    tags = quotes = np.int64(0)
    for byte in source:
        tags += byte == _LT
        quotes += byte == _QUOTE
    return tags + 2, quotes // 2 + 1


@leaf
def _name_end(source: Any, at: Any) -> Any:
    """Return the hash of the tag name that begins at *at*, and the place after it."""
    name = np.int64(0)
    while at < source.size and source[at] != _GT and source[at] != _BLANK:
        name = name * 131 + source[at]
        at += 1
    return name, at


@leaf
def _markup_end(source: Any, at: Any) -> Any:
    """Return the place after a comment, document type or processing instruction."""
    if source[at + 1] != _BANG or at + 3 >= source.size or source[at + 2] != _HYPHEN:
        while at < source.size and source[at] != _GT:
            at += 1
        return at + 1
    at += 6
    while at < source.size and not (source[at] == _GT and source[at - 1] == _HYPHEN and source[at - 2] == _HYPHEN):
        at += 1
    return at + 1


@leaf
def _attributes(source: Any, at: Any, attributes: Any, count: Any, hashes: Any, numbers: Any) -> Any:
    """Add the known attributes of a start tag; return the place after the tag and the number of attributes."""
    size = source.size
    while at < size and source[at] == _BLANK:
        at += 1
        name = np.int64(source[at])
        at += 1
        while at < size and source[at] != _EQUALS:
            name = name * 131 + source[at]
            at += 1
        at += 2
        begin = at
        while at < size and source[at] != _QUOTE:
            at += 1
        key = number_of(hashes, numbers, name)
        if key:
            attributes[count, KEY], attributes[count, FROM], attributes[count, TO] = key, begin, at
            count += 1
        at += 1
    return at + 1, count


@leaf
def _spells(source: Any, at: Any, name: Any) -> Any:
    """Return whether the name of that hash stands at *at*, in any case, and a tag's name ends after it."""
    found = np.int64(0)
    while at < source.size and 97 <= source[at] | 32 <= 122:
        found = found * 131 + (source[at] | 32)
        at += 1
    return found == name and at < source.size and (source[at] == _GT or source[at] == _SLASH or source[at] <= _BLANK)


@leaf
def raw_end(source: Any, at: Any, name: Any, script: Any, longest: Any) -> Any:
    """Return where the end tag begins that ends the raw text of an element, given the hash of its name.

    A script may hold whole scripts inside a comment (HTML Standard, 13.2.5.20 and after). A `plaintext` holds
    whatever stands before the last of its end tags: its *longest* match.
    """
    escaped = doubled = False
    found = source.size
    for place in range(at, source.size):
        byte = source[place]
        if byte == _GT and source[place - 1] == _HYPHEN and source[place - 2] == _HYPHEN:
            escaped = doubled = False
        if byte != _LT or place + 3 >= source.size:
            continue
        if source[place + 1] == _SLASH and _spells(source, place + 2, name):
            if not doubled:
                found = place
                if not longest:
                    return found
            doubled = False
        elif script and source[place + 1] == _BANG and source[place + 2] == _HYPHEN and source[place + 3] == _HYPHEN:
            escaped = True
        elif script and escaped and _spells(source, place + 1, name):
            doubled = True
    return found


@leaf
def _space(elements: Any, parent: Any, tag: Any, attributes: Any) -> Any:
    """Return the namespace of an element (HTML Standard, 13.2.6, tree construction dispatcher)."""
    space, around = elements[parent, SPACE], elements[parent, TAG]
    if space == SVG and around not in (_FOREIGN_OBJECT, _DESC, _TITLE):
        return SVG
    if space == MATH:
        if around == _ANNOTATION:
            if tag != _SVG and not _holds_html(elements, parent, attributes):
                return MATH
        elif tag in (_GLYPH, _MARK) or around not in (_MI, _MO, _MN, _MS, _MTEXT):
            return MATH
    return SVG if tag == _SVG else MATH if tag == _MATH else HTML


@leaf
def _holds_html(elements: Any, element: Any, attributes: Any) -> Any:
    """Return whether an annotation's encoding is as long as `text/html` or `application/xhtml+xml`: one of these."""
    for at in range(elements[element, FIRST], elements[element, BEYOND]):
        if attributes[at, KEY] == _ENCODING and attributes[at, TO] - attributes[at, FROM] in (9, 21):
            return True
    return False


@leaf
def _state(state: Any, tag: Any, space: Any, flag: Any) -> Any:
    """Return the state of the texts in an element, given the state around it."""
    if state >= UNSEEN:
        return state
    if tag == _TEMPLATE and space == HTML:
        return DEAD
    if flag & HIDE:
        return UNSEEN
    if tag == _NOSCRIPT and state == VISIBLE:
        return SILENT
    if tag == _A and state == SILENT:
        return VISIBLE
    return TITLED if tag == _TITLE and state == VISIBLE else state


@leaf
def enter(elements: Any, element: Any, parent: Any, tag: Any, flag: Any, attributes: Any) -> None:
    """Derive what an element has from its parent."""
    space = _space(elements, parent, tag, attributes)
    block = elements[parent, BLOCK_INSIDE]
    nested = elements[parent, NESTED] + (flag & BLOCK != 0)
    elements[element, TAG], elements[element, SPACE], elements[element, PARENT] = tag, space, parent
    elements[element, INSIDE] = _state(elements[parent, INSIDE], tag, space, flag)
    elements[element, OWNER], elements[element, NESTED] = block, nested
    elements[element, BLOCK_INSIDE] = element if flag & BLOCK and nested <= MAX_BLOCKS else block
    elements[element, DEPTH] = elements[parent, DEPTH] + 1


@leaf
def _close(elements: Any, stack: Any, names: Any, top: Any, name: Any, token: Any, last: Any) -> Any:
    """End the innermost open element of that name and what is open in it; return what is open then."""
    found = top
    while found > 0 and names[found] != name:
        found -= 1
    while top >= found > 0:
        elements[stack[top], CLOSES], elements[stack[top], LAST] = token, last
        top -= 1
    return top


@kernel
def scan(source: Any, tag_hashes: Any, tag_numbers: Any, flags: Any, hashes: Any, numbers: Any) -> Any:
    """Return the tokens, elements and attributes of *source*, the bytes of a serialised document.

    Args:
        source: uint8 array.
        tag_hashes: the table of tags, with `tag_numbers`.
        tag_numbers: see there.
        flags: the flags of each tag's number.
        hashes: the table of attributes, with `numbers`.
        numbers: see there.
    """
    tags, valued = _count(source)
    tokens, elements = np.empty((tags, 4), np.int64), np.empty((tags, COLUMNS), np.int64)
    attributes = np.empty((valued, 3), np.int64)
    stack, names = np.zeros(tags, np.int64), np.zeros(tags, np.int64)
    for column in range(COLUMNS):
        elements[0, column] = 0
    elements[0, OWNER] = elements[0, BLOCK_INSIDE] = elements[0, DEPTH] = -1
    at = top = last = known = token = np.int64(0)
    while True:
        while at < source.size and source[at] != _LT:
            at += 1
        tokens[token, AT], tokens[token, STATE], tokens[token, PARTS] = at, elements[stack[top], INSIDE], 0
        if at + 1 >= source.size:
            break
        if source[at + 1] == _BANG or source[at + 1] == _QUERY:
            at = _markup_end(source, at)
        elif source[at + 1] == _SLASH:
            name, at = _name_end(source, at + 2)
            at += 1
            top = _close(elements, stack, names, top, name, token, last)
            parts = flags[number_of(tag_hashes, tag_numbers, name)] & BREAK
            tokens[token, PARTS] = parts != 0 and elements[stack[top], INSIDE] < UNSEEN
        else:
            name, at = _name_end(source, at + 1)
            tag = number_of(tag_hashes, tag_numbers, name)
            last += 1
            elements[last, OPENS], elements[last, FIRST] = token, known
            elements[last, NAME] = tokens[token, AT] + 1
            at, known = _attributes(source, at, attributes, known, hashes, numbers)
            elements[last, BEYOND] = known
            tokens[token, END] = at
            tokens[token, PARTS] = flags[tag] & BREAK != 0 and tokens[token, STATE] < UNSEEN
            enter(elements, last, stack[top], tag, flags[tag], attributes)
            top += 1
            stack[top], names[top] = last, name
            if elements[last, SPACE] == HTML and flags[tag] & VOID:
                top = _close(elements, stack, names, top, name, token, last)
            elif elements[last, SPACE] == HTML and flags[tag] & RAWTEXT:
                at = raw_end(source, at, name, tag == _SCRIPT, tag == _PLAINTEXT)
            token += 1
            continue
        tokens[token, END] = at
        token += 1
    tokens[token, END] = source.size
    while top >= 0:
        elements[stack[top], CLOSES], elements[stack[top], LAST] = token, last
        top -= 1
    return tokens[: token + 1], elements[: last + 1], attributes[:known]
