"""The texts of a scanned document → one line of text, and where on it each tag stands.

Promises what a reader sees: runs of blanks folded to one, invisible characters dropped, references resolved, words
parted where a block or a line break parts them. Composes nothing: text that may not be in NFC is only marked as such.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract.scan import AT, END, PARTS, STATE, TITLED, VISIBLE
from linkgraph.jit import kernel, leaf, part

_BLANK, _AMPERSAND, _DELETE = 32, 38, 127
_SHOWN = np.array([_BLANK < byte < _DELETE and byte != _AMPERSAND for byte in range(256)])
"""Bytes that are a character each, and shown as they are."""


@leaf
def resolve(source: Any, at: Any) -> Any:
    """Return the character of the reference that begins at *at*, and the bytes it takes (HTML Standard, 13.3)."""
    if at + 1 >= source.size:
        return _AMPERSAND, 1
    second = source[at + 1]
    byte, length = _AMPERSAND, 1
    if second == ord("a"):
        byte, length = _AMPERSAND, 5
    elif second == ord("l"):
        byte, length = ord("<"), 4
    elif second == ord("g"):
        byte, length = ord(">"), 4
    elif second == ord("q"):
        byte, length = ord('"'), 6
    elif second == ord("n"):
        byte, length = 0xA0, 6
    # In the name of a tag, or in plain text, what looks like one is none.
    if at + length > source.size or source[at + length - 1] != ord(";"):
        return _AMPERSAND, 1
    return byte, length


@leaf
def _is_blank(point: Any) -> Any:
    """Return whether a code point beyond ASCII is white space, as `str.split` has it."""
    if point < 0x1680:
        return point in (0xA0, 0x85)
    if point < 0x2000 or point > 0x3000:
        return point == 0x1680
    return point <= 0x200A or point in (0x2028, 0x2029, 0x202F, 0x205F, 0x3000)


@leaf
def _is_invisible(point: Any) -> Any:
    """Return whether a code point beyond ASCII shows nothing: controls, marks of direction, joiners of no effect."""
    if point < 0x200B:
        return point < 0xA0 or point in (0xAD, 0x61C)
    if point < 0x2070:
        return point == 0x200B or 0x200E <= point <= 0x200F or 0x202A <= point <= 0x202E or 0x2060 <= point != 0x2065
    return point == 0xFEFF or 0xFFF9 <= point <= 0xFFFB


@leaf
def may_compose(point: Any) -> Any:
    """Return whether NFC may change a code point, alone or after others: false for most letters in use (UAX #15)."""
    if point < 0x300 or 0x309B <= point <= 0xA66E or 0xABEE <= point <= 0xF8FF:
        return False
    if point < 0x2002:
        return not (0x388 <= point <= 0x482 or 0x488 <= point <= 0x590 or 0x1E00 <= point <= 0x1F70)
    if point < 0x309B:
        return (
            0x20D0 <= point <= 0x20F0
            or point in (0x2126, 0x212A, 0x212B, 0x2329, 0x232A, 0x2ADC, 0x3099, 0x309A)
            or 0x2CEF <= point <= 0x2DFF
            or 0x302A <= point <= 0x302F
        )
    return not (0xFB4F <= point <= 0xFE1F or 0xFE30 <= point <= 0x101FC or 0x1E94B <= point <= 0x2F7FF)


@leaf
def _copy_shown(source: Any, begin: Any, end: Any, text: Any, size: Any) -> Any:
    """Add the characters that begin there and are shown as they are; return the place after them."""
    at = begin
    while at < end and _SHOWN[source[at]]:
        text[size + at - begin] = source[at]
        at += 1
    return at


@leaf
def fold(  # noqa: C901, PLR0912 - one loop over the bytes, a branch for each kind of character
    source: Any, begin: Any, end: Any, text: Any, floor: Any, size: Any, parted: Any, seen: Any, marks: Any
) -> Any:
    """Add a text to the line.

    Args:
        source: the document.
        begin: where the text begins in it.
        end: where it ends.
        text: the line, with room for the text.
        floor: where on the line no blank is written: the beginning of a text.
        size: bytes of the line so far.
        parted: whether a blank is due before the next character.
        seen: characters on the line so far, blanks not counted.
        marks: whether anything on the line may need composing.

    Returns:
        The last four, as they are after the text.
    """
    at = begin
    while at < end:
        byte = np.int64(source[at])
        if byte <= _BLANK:
            parted |= byte == _BLANK or 9 <= byte <= 13 or byte >= 28
            at += 1
            continue
        width = 1
        if byte < 0x80:
            length = 1
            if byte == _AMPERSAND:
                byte, length = resolve(source, at)
                parted |= byte == 0xA0
            at += length
            if byte >= _DELETE:
                continue
        else:
            width = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            point = byte & (0xFF >> (width + 1))
            for offset in range(1, width):
                point = point << 6 | source[at + offset] & 0x3F
            at += width
            if _is_blank(point):
                parted = True
                continue
            if _is_invisible(point):
                continue
            marks |= may_compose(point)
        if parted and size > floor:
            text[size] = _BLANK
            size += 1
        parted = False
        seen += 1
        if width == 1:
            text[size] = byte
        else:
            for offset in range(width):
                text[size + offset] = source[at - width + offset]
        size += width
        after = _copy_shown(source, at, end, text, size)
        size, seen, at = size + after - at, seen + after - at, after
    return size, parted, seen, marks


@part
def flow(source: Any, tokens: Any, spare: Any) -> Any:
    """Return the line of all visible text, and for each token where it stands there.

    Args:
        source: the document.
        tokens: its tokens.
        spare: bytes to leave free behind the line.

    Returns:
        The line (uint8), its size, for each token the bytes and the characters, without blanks, before it (int32),
        and whether anything may need composing.
    """
    count = len(tokens)
    text = np.empty(source.size + count + spare, np.uint8)
    places, visible = np.empty(count, np.int64), np.empty(count, np.int64)
    size = seen = before = floor = np.int64(0)
    parted = marks = np.bool_(False)
    for token in range(count):
        if tokens[token, STATE] == VISIBLE and before < tokens[token, AT]:
            size, parted, seen, marks = fold(source, before, tokens[token, AT], text, floor, size, parted, seen, marks)
        places[token], visible[token] = size, seen
        parted |= tokens[token, PARTS] != 0
        before = tokens[token, END]
    return text, size, places, visible, marks


@kernel
def letters(source: Any, tokens: Any, first: Any, last: Any, most: Any) -> Any:
    """Return the bytes of the texts between two tokens, without blanks and controls, A to Z lower-cased.

    Args:
        source: the document.
        tokens: its tokens.
        first: the token after which to begin.
        last: the token at which to end.
        most: code points that are read, blanks included.
    """
    found = np.empty(source.size, np.uint8)
    size = read = np.int64(0)
    for token in range(first + 1, last + 1):
        if tokens[token, STATE] != VISIBLE and tokens[token, STATE] != TITLED:
            continue
        at, end = tokens[token - 1, END], tokens[token, AT]
        while at < end and read <= most:
            while at < end and read < most and _SHOWN[source[at]]:
                found[size] = source[at] | 32 if 65 <= source[at] <= 90 else source[at]
                size += 1
                read += 1
                at += 1
            if at == end:
                break
            byte, length = np.int64(source[at]), 1
            if byte == _AMPERSAND:
                byte, length = resolve(source, at)
            read += byte & 0xC0 != 0x80 or length > 1
            at += length
            if byte == 0xA0 and length > 1:
                found[size] = 0xC2
                size += 1
            if byte > _BLANK and read <= most:
                found[size] = byte | 32 if 65 <= byte <= 90 else byte
                size += 1
    return found[:size]
