"""Character references in markup as it is sent → the characters that they mean, in UTF-8.

Promises the tables of the HTML Standard, 13.2.5.72 to 13.2.5.80 and 13.5, and its rule for attributes. Refuses
nothing: what is no reference is the text that it is.
"""

from __future__ import annotations

from html.entities import html5
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract.tags import hash_of
from linkgraph.jit import leaf

_SLOTS = 1 << 13
_LONGEST = max(map(len, html5))
_LONGEST_OPEN = max(len(name) for name in html5 if not name.endswith(";"))
_AMPERSAND, _SEMICOLON, _NUMBER, _EQUALS = b"&;#="


def _tables() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """Return by slot the hashes of names and where each stands in the text: name, meaning; and that text."""
    hashes, spans = np.zeros(_SLOTS, np.int64), np.zeros((_SLOTS, 4), np.int64)
    text = bytearray()
    for ended in html5:
        if not ended.endswith(";"):
            continue
        name, meaning = ended[:-1].encode(), html5[ended].encode()
        slot = (hash_of(ended[:-1]) ^ hash_of(ended[:-1]) >> 20) % _SLOTS
        while hashes[slot]:
            slot = (slot + 1) % _SLOTS
        hashes[slot] = hash_of(ended[:-1])
        spans[slot] = len(text), len(name), len(meaning), ended[:-1] in html5
        text += name + meaning
    return hashes, spans, np.frombuffer(bytes(text), np.uint8).copy()


_HASHES, _SPANS, _TEXT = _tables()


def _replacements() -> NDArray[np.int64]:
    """Return what the numbers 128 to 159 mean: windows-1252, as in the table of 13.2.5.80."""
    return np.array([ord(bytes([byte]).decode("cp1252", "ignore") or chr(byte)) for byte in range(128, 160)], np.int64)


_REPLACED = _replacements()


@leaf
def alphanumeric(byte: Any) -> Any:
    """Return whether a byte is an ASCII letter or digit."""
    return 48 <= byte <= 57 or 97 <= byte | 32 <= 122


@leaf
def _find(source: Any, begin: Any, length: Any, name: Any) -> Any:
    """Return the slot of the name that begins there, given its hash; -1 where it is none."""
    slot = (name ^ (name >> 20)) & (_SLOTS - 1)
    while _HASHES[slot] != 0:
        if _HASHES[slot] == name and _SPANS[slot, 1] == length:
            for at in range(length):
                if source[begin + at] != _TEXT[_SPANS[slot, 0] + at]:
                    return -1
            return slot
        slot = (slot + 1) & (_SLOTS - 1)
    return -1


@leaf
def _named(source: Any, at: Any, end: Any) -> Any:
    """Return the slot of the reference whose name begins at *at*, -1 for none, and its length with its end."""
    name = opened = np.int64(0)
    found, length = np.int64(-1), np.int64(0)
    while at + opened < end and opened < _LONGEST and alphanumeric(source[at + opened]):
        name = name * 131 + source[at + opened]
        opened += 1
        if opened <= _LONGEST_OPEN:
            slot = _find(source, at, opened, name)
            if slot >= 0 and _SPANS[slot, 3]:
                found, length = np.int64(slot), opened
    if at + opened < end and source[at + opened] == _SEMICOLON:
        slot = _find(source, at, opened, name)
        if slot >= 0:
            return np.int64(slot), opened + 1
    return found, length


@leaf
def _encode(point: Any, out: Any, size: Any) -> Any:
    """Write a code point as UTF-8; return the new size."""
    if point < 0x80:
        out[size] = point
        return size + 1
    if point < 0x800:
        out[size], out[size + 1] = 0xC0 | point >> 6, 0x80 | point & 0x3F
        return size + 2
    if point < 0x10000:
        out[size], out[size + 1], out[size + 2] = 0xE0 | point >> 12, 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F
        return size + 3
    out[size], out[size + 1] = 0xF0 | point >> 18, 0x80 | point >> 12 & 0x3F
    out[size + 2], out[size + 3] = 0x80 | point >> 6 & 0x3F, 0x80 | point & 0x3F
    return size + 4


@leaf
def _ampersand(out: Any, size: Any) -> Any:
    """Write an ampersand as the later loops read one; return the new size."""
    out[size], out[size + 1], out[size + 2], out[size + 3], out[size + 4] = b"&amp;"
    return size + 5


@leaf
def _numeric(source: Any, at: Any, end: Any, out: Any, size: Any) -> Any:
    """Write what the number after `&#` means; return the place after it, *at* where there is none, and the new size."""
    first = at
    base = np.int64(10)
    if at < end and source[at] | 32 == ord("x"):
        base = np.int64(16)
        at += 1
    digits, point = at, np.int64(0)
    while at < end:
        byte = np.int64(source[at])
        digit = byte - 48 if byte <= 57 else (byte | 32) - 87
        if byte < 48 or digit < 0 or digit >= base or 57 < byte < 65:
            break
        point = min(point * base + digit, np.int64(0x110000))
        at += 1
    if at == digits:
        return first, size
    at += at < end and source[at] == _SEMICOLON
    if 128 <= point < 160:
        point = _REPLACED[point - 128]
    elif point == 0 or point >= 0x110000 or 0xD800 <= point < 0xE000:
        point = np.int64(0xFFFD)
    return at, _ampersand(out, size) if point == _AMPERSAND else _encode(point, out, size)


@leaf
def refer(source: Any, at: Any, end: Any, out: Any, size: Any, valued: Any) -> Any:
    """Write what the reference that begins at *at* means; return the place after it and the new size.

    Args:
        source: the markup.
        at: where the ampersand stands.
        end: where the text or value ends.
        out: where to write, with room for four bytes more than are read.
        size: the bytes there so far.
        valued: whether it stands in an attribute's value.
    """
    if at + 1 < end and source[at + 1] == _NUMBER:
        after, more = _numeric(source, at + 2, end, out, size)
        if after > at + 2:
            return after, more
    elif at + 1 < end and alphanumeric(source[at + 1]):
        slot, length = _named(source, at + 1, end)
        after = at + 1 + length
        literal = slot < 0
        if slot >= 0 and valued and source[after - 1] != _SEMICOLON and after < end:
            literal = source[after] == _EQUALS or alphanumeric(source[after])
        if not literal:
            begin = _SPANS[slot, 0] + _SPANS[slot, 1]
            for place in range(begin, begin + _SPANS[slot, 2]):
                if _TEXT[place] == _AMPERSAND:
                    size = _ampersand(out, size)
                else:
                    out[size] = _TEXT[place]
                    size += 1
            return after, size
    return at + 1, _ampersand(out, size)
