"""Text nodes → what a reader sees of them, cleaned for a column.

Promises NFC, single spaces, no control character, no bidi override and no lone surrogate, and a cost that is linear
in the nodes it is allowed to read. Refuses to read on past its limits: hostile pages hold 10 MB anchors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from unicodedata import normalize

from turbohtml import Element, Node, Text

MAX_ANCHOR = 512
"""Code points of an anchor, alt, title attribute or page title; the data contract's limit."""

MAX_AROUND = 120
"""Code points kept on each side of a link; the data contract's limit."""

RAW_AROUND = 4 * MAX_AROUND
"""Raw code points from which a side's text is made: room for the blanks of indented markup."""

MAX_HEADING = 200
"""Code points of a heading."""

MAX_RAW = 8192
"""Code points of one raw text that are looked at: 16 times the longest column, for pages indented by blanks."""

MAX_NODES = 512
"""Nodes inside one link or heading that are read."""

AROUND_NODES = 64
"""Nodes before or after a link that are read for its surroundings, so that a run of empty elements costs no more."""

BREAKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "button",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "frame",
        "frameset",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "iframe",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "object",
        "ol",
        "option",
        "p",
        "pre",
        "search",
        "section",
        "select",
        "summary",
        "table",
        "tbody",
        "td",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "video",
    ]
)
"""Elements that part words when they begin or end."""

INLINE = frozenset(
    [
        "abbr",
        "b",
        "bdi",
        "cite",
        "code",
        "em",
        "font",
        "i",
        "kbd",
        "mark",
        "samp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
        "var",
    ]
)
"""Elements that add nothing to the text inside them."""

_INVISIBLE = re.compile(
    "[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ud800-\udfff\ufff9-\ufffb]++"
)
MAX_MARKS = 30
"""Marks on one letter (UAX #15, stream-safe text): sorting more costs the square of their number."""

_LONG_MARKS = re.compile(rf"([^\w\s\x00-\x7f]{{{MAX_MARKS}}})[^\w\s\x00-\x7f]++")


def tidy_all(raws: Sequence[str], limit: int = MAX_RAW) -> list[str]:
    """Return each text as one line of NFC text without invisible characters; at most *limit* code points are read.

    Joiners that change how letters look (U+200C, U+200D) stay. Tidying a tidy text returns it. The texts are cleaned
    as one, parted by NUL, which no parsed document holds: a call for each would cost more than the cleaning.
    """
    if not raws:
        return []
    whole = "\0".join(raws)
    if len(whole) > limit:
        whole = "\0".join([raw if len(raw) <= limit else raw.strip()[:limit] for raw in raws])
    whole = " ".join(whole.split())
    texts = whole.replace(" \0", "\0").replace("\0 ", "\0").split("\0")
    if len(texts) != len(raws):
        return tidy_all([raw.replace("\0", "") for raw in raws], limit)
    if whole.isascii() and whole.replace("\0", "").isprintable():
        return texts
    return [text if text.isascii() and text.isprintable() else _tidy_unicode(text) for text in texts]


def _tidy_unicode(line: str) -> str:
    if not line.isprintable():
        line = _INVISIBLE.sub("", line)
    if len(line) > MAX_MARKS:
        line = _LONG_MARKS.sub(r"\1", line)
    return " ".join(normalize("NFC", line).split())


def tidy(raw: str) -> str:
    """Return `tidy_all` of one text."""
    return tidy_all([raw])[0]


def clip(text: str, limit: int) -> str:
    """Return the first *limit* code points of a tidy text, without a blank at the end."""
    return text if len(text) <= limit else text[:limit].rstrip()


def tidy_or_none(raw: str | None, limit: int = MAX_ANCHOR) -> str | None:
    """Return `clip(tidy(raw), limit)`, or None where nothing readable is left."""
    return (clip(tidy(raw), limit) or None) if raw else None


def simple_text(element: Element) -> str | None:
    """Return the raw text of an element that holds nothing but one text, perhaps in inline elements; None of others."""
    while len(element) == 1:
        child = element[0]
        if type(child) is Text:
            return child.data
        if type(child) is not Element or child.tag not in INLINE:
            return None
        element = child
    return None


def inner_text(element: Element) -> str:
    """Return the raw text inside *element*, with a blank where a block or line break parts words."""
    text = simple_text(element)
    return inner_text_and_alt(element)[0] if text is None else text


def inner_text_and_alt(element: Element) -> tuple[str, str, bool]:
    """Return the raw text inside *element*, its images' alternative texts, and whether all of it was read.

    An SVG's `<title>` is that image's alternative text. Equal alternatives, as of a lazy image and its fallback,
    are named once.
    """
    pieces: list[str] = []
    alts: dict[str, None] = {}
    title: Element | None = None
    parted = False
    seen = 0
    for node in islice(element.descendants, MAX_NODES):
        seen += 1
        if type(node) is Text:
            if title is not None and node.parent is title:
                alts[node.data] = None
            elif parted and _follows_break(node):
                pieces.append(" " + node.data)
            else:
                pieces.append(node.data)
        elif type(node) is Element:
            tag = node.tag
            if tag in BREAKS:
                parted = True
                pieces.append(" ")
            elif tag in ("img", "title"):
                title = node if tag == "title" else title
                if alt := node.attr("alt"):
                    alts[alt] = None
    return "".join(pieces), " ".join(alts), seen < MAX_NODES


def _follows_break(text: Text) -> bool:
    before = text.previous_sibling
    return isinstance(before, Element) and before.tag in BREAKS


def gather_before(link: Element, stop: Node | None) -> str:
    """Return the raw text before *link* back to *stop*, until `MAX_AROUND` visible code points are found."""
    pieces: list[str] = []
    found = 0
    for node in islice(link.preceding, AROUND_NODES):
        if node is stop:
            break
        if type(node) is Text:
            data = node.data[-MAX_RAW:]
            pieces.append(data)
            found += len(data.strip())
            if found >= MAX_AROUND:
                break
            if not data[0].isspace() and _follows_break(node):
                pieces.append(" ")
        elif type(node) is Element and node.tag in BREAKS:
            pieces.append(" ")
    pieces.reverse()
    return "".join(pieces)


def gather_after(link: Element, stop: Node | None) -> str:
    """Return the raw text after *link* up to *stop*, until `MAX_AROUND` visible code points are found."""
    pieces: list[str] = []
    found = 0
    for node in islice(link.following, AROUND_NODES):
        if node is stop:
            break
        if type(node) is Text:
            data = node.data[:MAX_RAW]
            if not data[0].isspace() and _follows_break(node):
                pieces.append(" ")
            pieces.append(data)
            found += len(data.strip())
            if found >= MAX_AROUND:
                break
        elif type(node) is Element and node.tag in BREAKS:
            pieces.append(" ")
    return "".join(pieces)
