"""The bytes of an answer → its tokens, elements and attributes as flat arrays, the shortest way.

Promises the same arrays, up to what nobody reads of them, whichever way was taken: regular pages in UTF-8 are read as
they came, all others are parsed and their tree is serialised. Refuses nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import turbohtml
from numpy.typing import NDArray

from linkgraph.extract.markup import label_of, parse
from linkgraph.extract.regular import read_regular
from linkgraph.extract.scan import scan
from linkgraph.extract.tags import ATTRIBUTE_TABLE, FLAGS, TAG_TABLE

PRESCANNED = 1024
"""Bytes in which a document declares its encoding (HTML Standard, 13.2.3.2)."""

_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = b"\xff\xfe", b"\xfe\xff"
_PLAIN = bytes(range(128)) + b"?" * 128
_BEFORE = rb"(?:\s++|<\?[^<>]*+>|<!--(?!-?>)(?:[^-]|-(?!-))*+-->)*+"
_DOCTYPE = re.compile(
    _BEFORE + rb"<!doctype\s++html(?:\s++(?:system\s++\"about:legacy-compat\"|public\s++\"-//w3c//dtd "
    rb"(?:xhtml 1\.[01](?: strict| transitional| frameset)?|html 4\.01(?: transitional| frameset)?)//en\""
    rb"\s*+\"http://www\.w3\.org/[^\"<>]*+\"))?\s*+>",
    re.IGNORECASE,
)
_ANY_DOCTYPE = re.compile(rb"<!doctype", re.IGNORECASE)
_ATTRIBUTES = rb"""(?:\s++[\w:-]++(?:=(?:"[^"<>]*+"|'[^'<>]*+'|[\w:/.-]++))?+)*+\s*+/?>"""
_DECLARES_UTF8 = re.compile(
    rb"(?:[^<]++|<[!?](?!--)[^>]*+>|<!--(?!-?>)(?:[^-]|-(?!->))*+-->|</?(?!meta[\s/>])[a-z][\w:-]*+"
    + _ATTRIBUTES
    + rb"|<meta(?![^>]*charset)"
    + _ATTRIBUTES
    + rb")*+<meta\s++(?:charset=([\"']?)utf-8\1"
    rb"|http-equiv=([\"']?)content-type\2\s++content=([\"'])text/html;\s*+charset=utf-8\3"
    rb"|content=([\"'])text/html;\s*+charset=utf-8\4\s++http-equiv=([\"']?)content-type\5)\s*+/?>",
    re.IGNORECASE,
)
"""What nearly every page begins with that says how it is encoded: read without the parser, it costs a quarter."""

_CHARSET = re.compile(rb"<meta.{0,4096}?charset", re.IGNORECASE | re.DOTALL)


class Read(NamedTuple):
    """What was read: the bytes that the arrays are about, the arrays of `linkgraph.extract.scan`, and the encoding."""

    source: NDArray[np.uint8]
    tokens: NDArray[np.int64]
    elements: NDArray[np.int64]
    attributes: NDArray[np.int64]
    charset: str


def read(body: bytes, content_type: str | None) -> Read:
    """Return the arrays of *body*, read in the encoding that a browser would use."""
    regular = as_sent(body, content_type)
    return by_parser(body, content_type) if regular is None else regular


def as_sent(body: bytes, content_type: str | None) -> Read | None:
    """Return what was read without a parser; None where the page is not regular."""
    found = _utf8(body, label_of(content_type))
    if found is None:
        return None
    text, charset = found
    refusal, written, tokens, elements, attributes = read_regular(np.frombuffer(text, np.uint8), _quirks(text))
    return None if refusal else Read(written, tokens, elements, attributes, charset)


def by_parser(body: bytes, content_type: str | None) -> Read:
    """Return what was read by a parser."""
    document, charset = parse(body, content_type)
    # A copy that can be written to: the later loops would be compiled a second time for arrays that cannot.
    source = np.frombuffer(document.encode(), np.uint8).copy()
    tokens, elements, attributes = scan(source, *TAG_TABLE, FLAGS, *ATTRIBUTE_TABLE)
    return Read(source, tokens, elements, attributes, charset)


def _utf8(body: bytes, label: str | None) -> tuple[bytes, str] | None:
    """Return a page's text as UTF-8 with plain line ends, and its encoding; None where that needs a parser."""
    charset = "utf-8"
    if body.startswith(_MARK):
        body = body[len(_MARK) :]
    elif label is None and not _DECLARES_UTF8.match(body, 0, PRESCANNED):
        declared = turbohtml.parse(body[:PRESCANNED].translate(_PLAIN), positions=False).encoding
        if declared != "UTF-8":
            if declared != "windows-1252" or _CHARSET.search(body):
                return None
            charset = "windows-1252" if body.isascii() else ""
    elif label is not None and label.lower() not in ("utf-8", "utf8"):
        return None
    if not body or b"\0" in body or body.startswith(_UTF16_MARKS):
        return None
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            if not charset:
                return None
            body = body.decode("utf-8", "replace").encode()
    return (body.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in body else body), charset or "utf-8"


def _quirks(text: bytes) -> int:
    """Return whether the document is in quirks mode, where no table ends a paragraph: 0 no, 1 yes, 2 unknown."""
    if _DOCTYPE.match(text):
        return 0
    return 2 if _ANY_DOCTYPE.search(text) else 1
