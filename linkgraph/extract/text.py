"""Texts of headers, titles and links → cleaned for a column.

Promises NFC, single spaces, no control character, no bidi override and no lone surrogate, at a cost linear in what is
read. Refuses to read on past its limits: hostile pages hold titles of 10 MB.
"""

from __future__ import annotations

import re
from unicodedata import is_normalized, normalize

from linkgraph.extract.texts import MAX_ANCHOR

MAX_RAW = 8192
"""Code points of one raw text that are looked at: 16 times the longest column, for pages indented by blanks."""

_INVISIBLE = re.compile(
    "[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ud800-\udfff\ufff9-\ufffb]++"
)
MAX_MARKS = 30
"""Marks on one letter (UAX #15, stream-safe text): sorting more costs the square of their number."""

_LONG_MARKS = re.compile(rf"([^\w\s\x00-\x7f]{{{MAX_MARKS}}})[^\w\s\x00-\x7f]++")


def tidy(raw: str) -> str:
    """Return a text as one line of NFC text without invisible characters; at most `MAX_RAW` code points are read.

    Joiners that change how letters look (U+200C, U+200D) stay. Tidying a tidy text returns it.
    """
    line = raw if len(raw) <= MAX_RAW else raw.strip()[:MAX_RAW]
    line = " ".join(line.split())
    if line.isascii() and line.isprintable():
        return line
    return " ".join(_composed(_INVISIBLE.sub("", line)).split())


def composed(line: str) -> str:
    """Return a line of visible text in NFC, never longer than it was."""
    return line if line.isascii() or is_normalized("NFC", line) else clip(_composed(line), len(line))


def _composed(line: str) -> str:
    return normalize("NFC", _LONG_MARKS.sub(r"\1", line) if len(line) > MAX_MARKS else line)


def clip(text: str, limit: int) -> str:
    """Return the first *limit* code points of a tidy text, without a blank at the end."""
    return text if len(text) <= limit else text[:limit].rstrip()


def tidy_or_none(raw: str | None, limit: int = MAX_ANCHOR) -> str | None:
    """Return `clip(tidy(raw), limit)`, or None where nothing readable is left."""
    return (clip(tidy(raw), limit) or None) if raw else None
