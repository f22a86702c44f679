"""The bytes of an answer → a parsed document.

Promises the WHATWG tree and its order of encodings (byte-order mark, header, meta), and at most about a second of
parsing for any page of 4 MiB. Refuses nothing: markup built to make every HTML parser slow has its element names
changed first, which costs it no link and no text.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import turbohtml

from linkgraph.jit import kernel

SNIFFED = 512
"""Bytes that decide whether an answer is HTML; more than browsers' sniffing needs for the longest signature."""

MAX_RECONSTRUCTED = 2_000_000
"""Elements that reopened formatting may add; each costs turbohtml 130 bytes and 0.3 microseconds (measured)."""

MAX_FORMATTING = 512
"""Formatting elements reopened at once: the parser nests no deeper."""

MAX_PLAIN = 39
"""Formatting elements without attributes that can be open at once: three of each name."""

MAX_TAG = 128
"""Bytes of a formatting tag that are compared with others; a longer one counts as different from all."""

MERGE_CHECKED = 1 << 18
"""Bytes below which repeated html and body tags cost under 0.7 s; their attributes merge in quadratic time."""

MAX_ROOTS = 16
"""Short `<html>` and `<body>` tags that keep their names; a page has two, and its comments and code samples more."""

MAX_ROOT = 4096
"""Bytes of a tag that counts as short: 16 of them compare 30,000 attributes with 2,000 at most, 0.1 s."""

_SIGNATURE = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*+(?:<\?xml[^>]*+>\s*+)?+(?:<!--.*?-->\s*+)*+"
    rb"<(?:!doctype\s++html|html|head|title|meta|link|body|script|style|iframe|frameset|table|div|font|center|br|p|a|b"
    rb"|h[1-6]|!--)(?=[\s/>])",
    re.IGNORECASE | re.DOTALL,
)
_XHTML = re.compile(rb"<(?:\w++:)?html[\s>]", re.IGNORECASE)
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_CHARSET = re.compile(r""";\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]+))""", re.IGNORECASE)

_HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_UNTYPED = frozenset({"", "text/plain", "application/octet-stream", "application/unknown", "unknown/unknown", "*/*"})
_XML_TYPES = frozenset({"text/xml", "application/xml"})

_NAMES = rb"b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
_FORMATTING = re.compile(rb"<(?:" + _NAMES + rb")(?=[\s/>])", re.IGNORECASE)
_EITHER_END = re.compile(rb"<(/?)(" + _NAMES + rb")(?=[\s/>])", re.IGNORECASE)
_REGULAR = re.compile(
    rb"<(?:" + _NAMES + rb")"
    rb"""(?:\s++[\w:-]++(?:\s*+=\s*+(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'<>=`]++))?+)*+\s*+/?>""",
    re.IGNORECASE,
)
_ROOTS = re.compile(rb"<(?:html|body)(?=[\s/>])", re.IGNORECASE)
_PLAIN_ROOT = re.compile(
    rb"<(?:html|body)"
    rb"""(?:\s++[^\s"'<>=/]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'<>=`]++))?+)*+\s*+/?>""",
    re.IGNORECASE,
)
"""A root tag whose end is certain, whatever its values hold."""


def _pairs() -> npt.NDArray[np.bool_]:
    """Return which pairs of bytes, lower-cased by setting bit 5, may begin the name of a formatting element."""
    pairs = np.zeros(1 << 16, np.bool_)
    for first in b"bisu":
        for second in b"\t\n\f\r />":
            pairs[first << 8 | second | 32] = True
    for first, second in (b"bi", b"co", b"em", b"fo", b"no", b"sm", b"st", b"tt"):
        pairs[first << 8 | second] = True
    return pairs


_FORMATTING_PAIRS = _pairs()
_UTF16_LABELS = {
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "ucs-2": "utf-16-le",
    "unicode": "utf-16-le",
    "unicodefeff": "utf-16-le",
    "csunicode": "utf-16-le",
    "iso-10646-ucs-2": "utf-16-le",
    "utf-16be": "utf-16-be",
    "unicodefffe": "utf-16-be",
}


class Parsed(NamedTuple):
    """A document and the encoding it was read in."""

    document: turbohtml.Document
    charset: str
    """Lower-case name of the Encoding Standard."""


def media_type(content_type: str | None) -> str:
    """Return the type of a `Content-Type` value without parameters, lower case; empty where there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


def is_html(content_type: str | None, body: bytes) -> bool:
    """Return whether an answer is HTML or XHTML, whatever it calls itself, from its type and first 512 bytes.

    Text, octet streams and answers without a type are HTML when they begin like it; what says HTML but holds binary
    bytes and does not begin like it is none (MIME Sniffing Standard, sections 5 and 7). XML is when it is XHTML.
    """
    kind = media_type(content_type)
    head = body[:SNIFFED]
    if kind in _XML_TYPES:
        return _XHTML.search(head) is not None
    if kind not in _HTML_TYPES and kind not in _UNTYPED:
        return False
    if _SIGNATURE.match(head.replace(b"\0", b"")):
        return True
    binary = _BINARY.search(head) is not None and not head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return kind in _HTML_TYPES and not binary


def parse(body: bytes, content_type: str | None) -> Parsed:
    """Return the document of *body*, read in the encoding that a browser would use."""
    label = label_of(content_type)
    if codec := _utf16(body, label):
        text = body.decode(codec, "replace").removeprefix("\ufeff")
        document = turbohtml.parse(tame(text.encode("utf-8", "replace")), encoding="utf-8", positions=False)
        return Parsed(document, codec.replace("16-", "16"))
    body = tame(body)
    try:
        document = turbohtml.parse(body, encoding=label, positions=False)
    except (LookupError, UnicodeEncodeError):  # no such encoding, or no name that can be one
        document = turbohtml.parse(body, positions=False)
    return Parsed(document, (document.encoding or "utf-8").lower())


def label_of(content_type: str | None) -> str | None:
    """Return the encoding that a `Content-Type` value names, as it is written there."""
    found = _CHARSET.search(content_type) if content_type else None
    return (found[1] or found[2] or "").strip() or None if found else None


def _utf16(body: bytes, label: str | None) -> str | None:
    """Return the codec of a UTF-16 answer; a byte-order mark outranks the header."""
    if body.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if body.startswith(b"\xfe\xff"):
        return "utf-16-be"
    if label is None or body.startswith(b"\xef\xbb\xbf"):
        return None
    return _UTF16_LABELS.get(label.lower())


def tame(body: bytes) -> bytes:
    """Return *body* with the element names changed that would make parsing cost more than its size warrants.

    Formatting left open is reopened in every later block: 20,000 times `<font a1><p>` (310 KB) make 10 million
    elements and 1.3 GB. Such names get a hyphen, which makes them ordinary elements. The attributes of every further
    `<html>` and `<body>` are merged into the first one's, in quadratic time: all but a few short ones get one too.
    """
    tags = body.count(b"<")
    if len(body) <= MERGE_CHECKED and tags * MAX_FORMATTING <= MAX_RECONSTRUCTED:
        return body
    roots, others = _weigh(np.frombuffer(body, np.uint8), _FORMATTING_PAIRS)
    if len(body) > MERGE_CHECKED and roots > 2:
        body = _with_single_roots(body)
    if tags * min(others + MAX_PLAIN, MAX_FORMATTING) <= MAX_RECONSTRUCTED:
        return body
    raw = np.frombuffer(body, np.uint8)
    at = _formatting(raw, np.flatnonzero(raw[:-2] == ord("<")))
    if tags * min(at.size, MAX_FORMATTING) <= MAX_RECONSTRUCTED or tags * _reopened(body, raw, at) <= MAX_RECONSTRUCTED:
        return body
    return _EITHER_END.sub(rb"<\1\2-", body)


@kernel
def _weigh(raw: Any, pairs: Any) -> Any:
    """Return how many tags may be html's and body's, and how many formatting's, those without attributes left out."""
    roots = others = np.int64(0)
    for at in range(raw.size - 2):
        if raw[at] != ord("<"):
            continue
        pair = (np.int64(raw[at + 1]) | 32) << 8 | raw[at + 2] | 32
        roots += pair in (0x6874, 0x626F)
        if pairs[pair]:
            end = at + 1
            while end < raw.size and 97 <= raw[end] <= 122:
                end += 1
            others += end == raw.size or raw[end] != ord(">")
    return roots, others


def _with_single_roots(body: bytes) -> bytes:
    lowered = body.lower()
    if lowered.count(b"<html") + lowered.count(b"<body") <= 2:
        return body
    first = _ROOTS.search(body)
    end = first.end() if first else 0
    seen = 0

    def renamed(root: re.Match[bytes]) -> bytes:
        nonlocal seen
        seen += 1
        plain = seen <= MAX_ROOTS and _PLAIN_ROOT.match(body, root.start() + end, root.start() + end + MAX_ROOT)
        return root[0] if plain else root[0] + b"-"

    if first is None or not _PLAIN_ROOT.match(body, first.start(), first.start() + MAX_ROOT):
        seen = MAX_ROOTS  # it may hold any number of attributes, and every other root's would be compared with them
    return body[:end] + _ROOTS.sub(renamed, body[end:])


def _formatting(raw: npt.NDArray[np.uint8], at: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return where the start tags may be of formatting elements, from the two bytes after each `<`."""
    pairs = (raw[at + 1].astype(np.uint16) | 32) << 8 | (raw[at + 2] | 32)
    chosen: npt.NDArray[np.intp] = at[_FORMATTING_PAIRS[pairs]]
    return chosen


def _reopened(body: bytes, raw: npt.NDArray[np.uint8], at: npt.NDArray[np.intp]) -> int:
    """Return an upper bound of the formatting elements that can be open at once.

    The parser keeps three alike in name and attributes (HTML Standard, 13.2.4.3). Tags that differ have different
    bytes; a tag in no regular form counts as different from all.
    """
    closing = np.append(np.flatnonzero(raw == ord(">")), len(body))
    ends = np.minimum(closing[np.searchsorted(closing, at)] + 1, at + MAX_TAG)
    kinds = Counter([body[start:end] for start, end in zip(at.tolist(), ends.tolist(), strict=True)])
    bound = 0
    for tag, count in kinds.items():
        if _FORMATTING.match(tag):
            bound += min(count, 3) if _REGULAR.fullmatch(tag) else count
    return min(bound, MAX_FORMATTING)
