"""The texts of a scanned document → one line of text, and where on it each tag stands.

Promises what a reader sees: runs of blanks folded to one, invisible characters dropped, references resolved, words
parted where a block or a line break parts them. Composes nothing: text that may not be in NFC is only marked as such.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from linkgraph.extract.scan import AT, END, PARTS, STATE, TITLED, VISIBLE
from linkgraph.jit import LANES, copied, hot, leaf, part, run_within

_BLANK, _AMPERSAND, _DELETE = 32, 38, 127
_HIDDEN, _SHOWN, _PARTING, _OTHER = range(4)
_BLANKS = b"\t\n\v\f\r\x1c\x1d\x1e\x1f "


def _kind(byte: int) -> int:
    if byte > _DELETE or byte == _AMPERSAND:
        return _OTHER
    return _PARTING if byte in _BLANKS else _SHOWN if _BLANK < byte < _DELETE else _HIDDEN


_KINDS = np.array([_kind(byte) for byte in range(256)])
"""What becomes of a byte: nothing, it is shown as it is, it parts words, or more must be looked at."""


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
def point_at(source: Any, at: Any) -> Any:
    """Return the code point that begins at *at*, and the bytes it takes (RFC 3629, section 3)."""
    point = np.int64(source[at])
    if point < 0x80:
        return point, 1
    width = 2 if point < 0xE0 else 3 if point < 0xF0 else 4
    point &= 0xFF >> (width + 1)
    for offset in range(1, width):
        point = point << 6 | source[at + offset] & 0x3F
    return point, width


@leaf
def is_blank(point: Any) -> Any:
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


@hot
def _shown(source: Any, at: Any, end: Any) -> Any:
    """Return how many characters from *at* on are shown as they are, as far as one look tells."""
    if source[at] > _DELETE or at + LANES > source.size:
        return np.int64(0)
    return min(run_within(source, at, _BLANK + 1, _DELETE - _BLANK - 1, _AMPERSAND), end - at)


@leaf
def fold(  # noqa: C901 - one loop over the bytes, a branch for each kind of character
    source: Any, begin: Any, end: Any, text: Any, floor: Any, size: Any, parted: Any, seen: Any, marks: Any
) -> Any:
    """Add a text to the line.

    Args:
        source: the document.
        begin: where the text begins in it.
        end: where it ends.
        text: the line, with room for the text and `LANES` bytes.
        floor: where on the line no blank is written: the beginning of a text.
        size: bytes of the line so far.
        parted: 1 where a blank is due before the next character, else 0.
        seen: characters on the line so far, blanks not counted.
        marks: whether anything on the line may need composing.

    Returns:
        The last four, as they are after the text.
    """
    at = begin
    while at < end:
        run = _shown(source, at, end)
        if run:
            text[size] = _BLANK
            size += parted & (size > floor)
            copied(source, at, at + LANES, text, size)
            size, seen, at, parted = size + run, seen + run, at + run, np.int64(0)
            if at == end:
                break
        kind = _KINDS[source[at]]
        if kind != _OTHER:
            # Without a branch: no processor foresees where words end.
            shown = kind & _SHOWN
            text[size] = _BLANK
            size += shown & parted & (size > floor)
            text[size] = source[at]
            size, seen, parted = size + shown, seen + shown, parted & ~shown | kind >> 1
            at += 1
            continue
        byte, width = np.int64(source[at]), 1
        if byte == _AMPERSAND:
            byte, length = resolve(source, at)
            at += length
            if byte > _DELETE:
                parted = np.int64(1)
                continue
        else:
            point, width = point_at(source, at)
            at += width
            if is_blank(point):
                parted = np.int64(1)
            if is_blank(point) or _is_invisible(point):
                continue
            marks |= may_compose(point)
        text[size] = _BLANK
        size += parted & (size > floor)
        seen, parted = seen + 1, np.int64(0)
        if width == 1:
            text[size] = byte
        else:
            for offset in range(width):
                text[size + offset] = source[at - width + offset]
        size += width
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
    text = np.empty(source.size + count + spare + LANES, np.uint8)
    places, visible = np.empty(count, np.int64), np.empty(count, np.int64)
    size = seen = before = floor = parted = np.int64(0)
    marks = np.bool_(False)
    for token in range(count):
        if tokens[token, STATE] == VISIBLE and before < tokens[token, AT]:
            size, parted, seen, marks = fold(source, before, tokens[token, AT], text, floor, size, parted, seen, marks)
        places[token], visible[token] = size, seen
        parted |= tokens[token, PARTS] != 0
        before = tokens[token, END]
    return text, size, places, visible, marks


@part
def letters(source: Any, tokens: Any, first: Any, last: Any, most: Any) -> Any:
    """Return the bytes of the texts between two tokens, without blanks and controls, A to Z lower-cased.

    Args:
        source: the document.
        tokens: its tokens.
        first: the token after which to begin.
        last: the token at which to end.
        most: code points that are read, blanks included.
    """
    found = np.empty(source.size + LANES, np.uint8)
    size = read = np.int64(0)
    for token in range(first + 1, last + 1):
        if tokens[token, STATE] != VISIBLE and tokens[token, STATE] != TITLED:
            continue
        at, end = tokens[token - 1, END], tokens[token, AT]
        while at < end and read <= most:
            run = min(_shown(source, at, end), most - read)
            if run:
                size, at, read = copied(source, at, at + LANES, found, size) + run - LANES, at + run, read + run
                if at == end:
                    break
            byte, length = np.int64(source[at]), 1
            if byte == _AMPERSAND:
                byte, length = resolve(source, at)
                if byte > _DELETE:
                    found[size] = 0xC2
                    size += 1
            at += length
            read += length > 1 or byte & 0xC0 != 0x80
            if read <= most:
                found[size] = byte
                size += byte > _BLANK
    for at in range(size):
        found[at] |= 32 if 65 <= found[at] <= 90 else 0
    return found[:size]
