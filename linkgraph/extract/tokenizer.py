"""Markup as it is sent → its tags and texts, one after the other, copied for the later loops.

Promises the tokens of the HTML Standard, 13.2.5, for UTF-8 without NUL and carriage returns; time linear in the bytes.
Copies no comment, no attribute that is not in the table, no style. Refuses markup that ends inside a tag.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract.references import refer
from linkgraph.extract.scan import FROM, KEY, TO, number_of, raw_end
from linkgraph.extract.tags import ATTRIBUTE_TABLE, TAG_TABLE, TAGS, attribute_numbers, hash_of, tag_numbers
from linkgraph.extract.tree import (
    FIRST_READ,
    HIDDEN_READ,
    KNOWN,
    KNOWN_TAGS,
    MANY,
    MAX_UNKNOWN,
    NAME_LIST,
    NAME_READ,
    REFUSAL,
    SELF_CLOSING,
    SIZE,
    SPEAKING,
    TAG_READ,
    TRUNCATED,
    UNENDED,
    UNKNOWN_NAMES,
    VALUES,
)
from linkgraph.jit import LANES, copied, hot, leaf, run_of

_BLANKS, _ENDS_NAME, _ENDS_ATTRIBUTE, _LETTER = 1, 2, 4, 8
_LT, _GT, _SLASH, _AMPERSAND, _EQUALS, _DOUBLE, _SINGLE, _HYPHEN, _BANG, _QUERY = map(np.int64, b"<>/&=\"'-!?")
_TITLE, _TEXTAREA, _SCRIPT = tag_numbers("title textarea script")
_TYPE, _LANG = attribute_numbers("type lang")
_HIDDEN = hash_of("hidden")
_HASHES_OF_TAGS = np.array([hash_of(tag) for tag in TAGS], np.int64)


def _kinds() -> np.ndarray[Any, np.dtype[np.uint8]]:
    kinds = np.zeros(256, np.uint8)
    kinds[list(b"\t\n\f\r ")] = _BLANKS | _ENDS_NAME | _ENDS_ATTRIBUTE
    kinds[list(b"/>")] |= _ENDS_NAME | _ENDS_ATTRIBUTE
    kinds[ord("=")] |= _ENDS_ATTRIBUTE
    letters = b"abcdefghijklmnopqrstuvwxyz"
    kinds[list(letters + letters.upper())] |= _LETTER
    return kinds


_KINDS = _kinds()
_TAG_HASHES, _TAG_NUMBERS = TAG_TABLE
_HASHES, _NUMBERS = ATTRIBUTE_TABLE


@hot
def is_blank(byte: Any) -> Any:
    """Return whether a byte is white space."""
    return _KINDS[byte] & _BLANKS != 0


@hot
def _lower(byte: Any) -> Any:
    return byte + 32 if 65 <= byte <= 90 else byte


@hot
def _find(source: Any, at: Any, end: Any, one: Any, other: Any) -> Any:
    """Return the first place from *at* on where one of two bytes stands; *end* where none does before it."""
    while at < end and at + LANES <= source.size:
        run = run_of(source, at, one, other)
        at += run
        if run < LANES:
            return min(at, end)
    while at < end and source[at] != one and source[at] != other:
        at += 1
    return min(at, end)


@leaf
def comment_end(source: Any, at: Any) -> Any:
    """Return the place after the comment or declaration that begins at *at* (13.2.5.41 to 13.2.5.53)."""
    size = source.size
    if at + 3 >= size or source[at + 1] != _BANG or source[at + 2] != _HYPHEN or source[at + 3] != _HYPHEN:
        return min(_find(source, at, size, _GT, _GT) + 1, size)
    at += 4
    if at < size and source[at] == _GT:
        return at + 1
    if at + 1 < size and source[at] == _HYPHEN and source[at + 1] == _GT:
        return at + 2
    first = at
    while at < size:
        at = _find(source, at, size, _GT, _GT)
        before = at - 1 - (at > first and source[at - 1] == _BANG)
        if at < size and before > first and source[before] == _HYPHEN == source[before - 1]:
            return at + 1
        at += 1
    return size


@leaf
def _intern(tree: Any, out: Any, name: Any, size: Any) -> Any:
    """Return the number of a name that is in no table, given its hash and where it ends; keep it if it is new."""
    begin = tree[VALUES]
    count = tree[UNKNOWN_NAMES]
    for number in range(count):
        entry = NAME_LIST + 3 * number
        if tree[entry] == name and tree[entry + 2] - tree[entry + 1] == size - begin:
            same = np.int64(0)
            for offset in range(size - begin):
                same += out[tree[entry + 1] + offset] == out[begin + offset]
            if same == size - begin:
                tree[NAME_READ] = tree[entry + 1]
                return KNOWN_TAGS + number
    if count == MAX_UNKNOWN:
        tree[REFUSAL] = MANY
        return np.int64(0)
    entry = NAME_LIST + 3 * count
    tree[entry], tree[entry + 1], tree[entry + 2] = name, begin, size
    out[size] = _GT
    tree[NAME_READ], tree[VALUES], tree[UNKNOWN_NAMES] = begin, size + 1, count + 1
    return KNOWN_TAGS + count


@hot
def read_name(source: Any, at: Any, tree: Any, out: Any) -> Any:
    """Read the name of a tag that begins there; return the place after it."""
    name, size = np.int64(0), tree[VALUES]
    while at < source.size and _KINDS[source[at]] & _ENDS_NAME == 0:
        byte = np.int64(_lower(source[at]))
        name = name * 131 + byte
        out[size] = byte
        size += 1
        at += 1
    number = number_of(_TAG_HASHES, _TAG_NUMBERS, name)
    tree[NAME_READ] = 0
    tree[TAG_READ] = number or _intern(tree, out, name, size)
    return at


@hot
def _value(source: Any, at: Any) -> Any:
    """Return where the value begins after an equals sign and blanks, where it ends, and the place after it."""
    size = source.size
    while at < size and is_blank(source[at]):
        at += 1
    if at >= size or source[at] == _GT:
        return at, at, at
    mark = np.int64(source[at])
    if mark in (_DOUBLE, _SINGLE):
        at += 1
        end = _find(source, at, size, mark, mark)
        return at, end, end + 1
    begin = at
    while at < size and source[at] != _GT and not is_blank(source[at]):
        at += 1
    return begin, at, at


@leaf
def _copy(source: Any, at: Any, end: Any, out: Any, size: Any, valued: Any) -> Any:
    """Copy the text or value that ends there, its references resolved; return the new size."""
    while at < end:
        stop = _find(source, at, end, _AMPERSAND, _AMPERSAND)
        size = copied(source, at, stop, out, size)
        at = stop
        if at < end:
            at, size = refer(source, at, end, out, size, valued)
    return size


@hot
def _keep(source: Any, begin: Any, end: Any, key: Any, tree: Any, out: Any, attributes: Any) -> None:
    """Keep an attribute that is in the table, if it is the first of its name."""
    known, size = tree[KNOWN], tree[VALUES]
    for at in range(tree[FIRST_READ], known):
        if attributes[at, KEY] == key:
            return
    attributes[known, KEY], attributes[known, FROM] = key, size
    size = _copy(source, begin, end, out, size, np.bool_(True))
    tree[SPEAKING] |= key == _LANG
    if key == _TYPE:
        name = np.int64(0)
        for place in range(tree[VALUES], size):
            name = name * 131 + _lower(out[place])
        tree[HIDDEN_READ] |= name == _HIDDEN
    attributes[known, TO] = size
    tree[KNOWN], tree[VALUES] = known + 1, size


@leaf
def read_attributes(source: Any, at: Any, tree: Any, out: Any, attributes: Any, kept: Any) -> Any:
    """Read the rest of a tag after its name; return the place after it (13.2.5.32 to 13.2.5.40)."""
    size = source.size
    tree[FIRST_READ], tree[SPEAKING], tree[SELF_CLOSING], tree[HIDDEN_READ] = tree[KNOWN], 0, 0, 0
    while True:
        closing = np.int64(0)
        while at < size and (source[at] == _SLASH or is_blank(source[at])):
            closing = np.int64(source[at] == _SLASH)
            at += 1
        if at >= size:
            tree[REFUSAL] = TRUNCATED
            return at
        if source[at] == _GT:
            tree[SELF_CLOSING] = closing
            return at + 1
        name = np.int64(_lower(source[at]))
        at += 1
        while at < size and _KINDS[source[at]] & _ENDS_ATTRIBUTE == 0:
            name = name * 131 + _lower(source[at])
            at += 1
        after = at
        while after < size and is_blank(source[after]):
            after += 1
        begin = end = at
        if after < size and source[after] == _EQUALS:
            begin, end, at = _value(source, after + 1)
        if kept:
            key = number_of(_HASHES, _NUMBERS, name)
            if key and at < size:
                _keep(source, begin, end, key, tree, out, attributes)


@hot
def after_blanks(source: Any, at: Any) -> Any:
    """Return the place after blanks; where markup or the end follows them, it is at a `<` or the size."""
    while at < source.size and is_blank(source[at]):
        at += 1
    return at


@hot
def begins_markup(source: Any, at: Any) -> Any:
    """Return whether the `<` at *at* begins a tag, a comment or a declaration (13.2.5.6)."""
    if at + 1 >= source.size:
        return False
    byte = source[at + 1]
    if byte == _SLASH:
        return at + 2 < source.size
    return _KINDS[byte] & _LETTER != 0 or byte in (_BANG, _QUERY)


@hot
def copy_text(source: Any, at: Any, tree: Any, out: Any) -> Any:
    """Copy a text up to the next markup; return the place after it."""
    size, end = tree[SIZE], source.size
    while at < end:
        stop = _find(source, at, end, _LT, _AMPERSAND)
        size = copied(source, at, stop, out, size)
        at = stop
        if at == end or (source[at] == _LT and begins_markup(source, at)):
            break
        if source[at] == _AMPERSAND:
            at, size = refer(source, at, end, out, size, np.bool_(False))
        else:
            out[size] = _LT
            size += 1
            at += 1
    tree[SIZE] = size
    return at


@leaf
def _find_end(source: Any, at: Any, name: Any, script: Any) -> Any:
    """Return where the end tag of a raw text begins, given the hash of its name."""
    size = source.size
    place = _find(source, at, size, _LT, _LT)
    while place + 2 < size:
        if source[place + 1] == _SLASH:
            found, stop = np.int64(0), place + 2
            while stop < size and _KINDS[source[stop]] & _LETTER:
                found = found * 131 + (source[stop] | 32)
                stop += 1
            if found == name and stop < size and _KINDS[source[stop]] & _ENDS_NAME:
                return place
            place = stop
        elif source[place + 1] == _BANG and script:
            return raw_end(source, at, name, np.bool_(True), np.bool_(False))
        else:
            place += 1
        place = _find(source, place, size, _LT, _LT)
    return size


@leaf
def copy_raw(source: Any, at: Any, tree: Any, out: Any) -> Any:
    """Copy the text of a title, script or text area; leave out that of others. Return where its end tag begins."""
    tag, size = tree[TAG_READ], tree[SIZE]
    end = _find_end(source, at, _HASHES_OF_TAGS[tag], tag == _SCRIPT)
    if end >= source.size:
        tree[REFUSAL] = UNENDED
        return source.size
    if tag == _TEXTAREA and source[at] == ord("\n"):
        at += 1
    if tag == _SCRIPT:
        size = copied(source, at, end, out, size)
    elif tag in (_TITLE, _TEXTAREA):
        size = _copy(source, at, end, out, size, np.bool_(False))
    tree[SIZE] = size
    return end
