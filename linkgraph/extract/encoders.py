"""Text and a page's encoding → the bytes of a query as browsers escape them.

Promises percent-encode after encoding (URL Standard, 1.3) with the encoders of the Encoding Standard, as far as
Python's codecs hold their tables; what an encoding lacks becomes an escaped character reference. Refuses nothing:
a name that is no encoding gives the text back, which the URL parser then escapes as UTF-8.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

_CODECS = {
    "big5": "big5hkscs",
    "euc-jp": "cp932",
    "euc-kr": "cp949",
    "gbk": "gbk",
    "iso-2022-jp": "cp932",
    "iso-8859-8-i": "iso8859_8",
    "macintosh": "mac_roman",
    "shift_jis": "cp932",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
}
"""Names of the Encoding Standard whose tables Python has under another name; the others are the same."""

_SPECIAL = {
    ("big5", "\u20ac"): b"\xa3\xe1",
    ("euc-jp", "\xa5"): b"\\",
    ("gbk", "\u20ac"): b"\x80",
    ("koi8-u", "\u045e"): b"\xae",
    ("shift_jis", "\xa5"): b"\\",
}
"""Where the Encoding Standard has a character and Python's tables have not."""

_NON_ASCII = re.compile(r"[^\x00-\x7f]++")
_QUERY_SET = frozenset([*range(0x21), *range(0x7F, 0x100), *b"\"#<>'"])
"""Bytes that a special URL's query escapes (URL Standard, 1.3: special-query percent-encode set)."""

_REPLACEMENT = 0xFFFD
"""What stands for half a surrogate pair: the encoders of the Encoding Standard take scalar values only."""

_IN_JIS, _IN_ASCII = b"\x1b$B", b"\x1b(B"


def escape_query(query: str, encoding: str) -> str:
    """Return *query* with its non-ASCII characters escaped in *encoding*, a name of the Encoding Standard."""
    try:
        codecs.lookup(_CODECS.get(encoding, encoding))
    except LookupError:
        return query
    return _NON_ASCII.sub(lambda run: _escape(run[0], encoding), query)


def _escape(run: str, encoding: str) -> str:
    pieces = [_character(character, encoding) for character in run]
    if encoding != "iso-2022-jp":
        return "".join(pieces)
    joined = "".join(pieces)
    return joined.replace(_percent(_IN_ASCII) + _percent(_IN_JIS), "")


@lru_cache(maxsize=1 << 12)
def _character(character: str, encoding: str) -> str:
    raw = _encoded(character, encoding)
    code = _REPLACEMENT if "\ud800" <= character <= "\udfff" else ord(character)
    return f"%26%23{code}%3B" if raw is None else _percent(raw)


def _encoded(character: str, encoding: str) -> bytes | None:
    """Return the bytes of one character beyond ASCII, or None where *encoding* has none for it."""
    codec = _CODECS.get(encoding, encoding)
    if (encoding, character) in _SPECIAL:
        return _SPECIAL[encoding, character]
    try:
        raw = character.encode(codec)
    except UnicodeEncodeError:
        return _control(character, encoding)
    if raw.decode(codec) != character:
        return None  # a second spelling that Python takes for the first: U+301C as U+FF5E
    if encoding == "big5" and raw[0] < 0xA1:
        return None  # Encoding Standard 11.1.2: the encoder leaves Hong Kong's extensions out
    if encoding in ("euc-jp", "iso-2022-jp"):
        return _jis(raw, encoding)
    return raw


def _control(character: str, encoding: str) -> bytes | None:
    """Return the byte of a C1 control where a Windows code page leaves its place to it (Encoding Standard, 9)."""
    code = ord(character)
    if not encoding.startswith("windows-") or not 0x80 <= code < 0xA0:
        return None
    try:
        bytes([code]).decode(_CODECS.get(encoding, encoding))
    except UnicodeDecodeError:
        return bytes([code])
    return None


def _jis(raw: bytes, encoding: str) -> bytes | None:
    """Return what Shift_JIS writes as *raw* in EUC-JP or ISO-2022-JP: the same pointer into index jis0208."""
    if len(raw) == 1:
        return b"\x8e" + raw if encoding == "euc-jp" else None
    lead, trail = raw
    pointer = (lead - (0x81 if lead < 0xA0 else 0xC1)) * 188 + trail - (0x40 if trail < 0x7F else 0x41)
    row, cell = divmod(pointer, 94)
    if row >= 94:
        return None
    if encoding == "euc-jp":
        return bytes([row + 0xA1, cell + 0xA1])
    return _IN_JIS + bytes([row + 0x21, cell + 0x21]) + _IN_ASCII


def _percent(raw: bytes) -> str:
    return "".join(f"%{byte:02X}" if byte in _QUERY_SET else chr(byte) for byte in raw)
