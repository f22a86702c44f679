"""Names of elements and attributes → the numbers by which the compiled loops know them.

Promises one number for each name that extraction treats in its own way; every other name is 0. The tables are passed
to the loops as arrays, so that a change here never meets a loop compiled with the old ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


def _words(names: str) -> list[str]:
    return names.split()


BLOCKS = _words(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer"
    " form h1 h2 h3 h4 h5 h6 header hgroup li main menu nav ol p pre search section summary table td th tr ul"
)
"""Elements whose text is read as one with a link inside; the nearest one is the link's own block."""

BREAKS = BLOCKS + _words(
    "br button dir frame frameset hr iframe legend object option select tbody textarea tfoot thead video"
)
"""Elements that part words when they begin or end."""

VOIDS = _words("area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr")
"""Elements that are serialised without an end tag (HTML Standard, 13.3)."""

HIDDEN = _words("iframe noembed noframes script style")
"""Elements whose text no reader sees."""

RAW = [*HIDDEN, "plaintext", "xmp"]
"""Elements whose text is serialised as it is."""

WRAPPED = _words("main article nav header footer h1 h2")
"""What no form for filling in contains: a form around these is a framework's wrapper of the whole page."""

HEADINGS = _words("h1 h2 h3 h4 h5 h6")
SOURCES = _words("a area form frame iframe link")
RESOURCES = _words("img script")
_OTHERS = _words(
    "html head meta title noscript template svg math foreignObject desc mi mo mn ms mtext annotation-xml mglyph"
    " malignmark"
)
_BUILT = _words(
    "applet b big code colgroup em font foreignobject i image listing marquee nobr optgroup param rb rp rt rtc ruby s"
    " small span strike strong sub sup tt u var"
)
"""Elements that only tree construction tells from others."""

VOID, RAWTEXT, HIDE, BREAK, BLOCK, HEADING, WRAPS, SOURCE, RESOURCE = (1 << bit for bit in range(9))

TAGS = ["", *dict.fromkeys([*BREAKS, *VOIDS, *RAW, *HEADINGS, *SOURCES, *RESOURCES, *_OTHERS, *_BUILT])]
ATTRIBUTES = _words("href src action id class role rel title alt type name http-equiv content lang encoding")
ATTRIBUTES.insert(0, "")

SLOTS = 1 << 10
"""Slots of a table of names, some ten times the names."""


class Names(NamedTuple):
    """A hash table of names: the loops look a name up by the hash of its bytes."""

    hashes: NDArray[np.int64]
    numbers: NDArray[np.int16]


def hash_of(name: str) -> int:
    """Return the hash by which the loops know a name: its bytes as digits to the base 131, modulo 2^64, signed."""
    value = 0
    for byte in name.encode():
        value = (value * 131 + byte) & 0xFFFFFFFFFFFFFFFF
    return value - (1 << 64) if value >> 63 else value


def _table(names: Iterable[str]) -> Names:
    table = Names(np.zeros(SLOTS, np.int64), np.zeros(SLOTS, np.int16))
    for number, name in enumerate(names):
        slot = (hash_of(name) ^ hash_of(name) >> 20) % SLOTS
        while table.numbers[slot]:
            slot = (slot + 1) % SLOTS
        table.hashes[slot], table.numbers[slot] = hash_of(name), number
    return table


def _flags() -> NDArray[np.int32]:
    flags = np.zeros(len(TAGS), np.int32)
    for flag, tags in (
        (VOID, VOIDS),
        (RAWTEXT, RAW),
        (HIDE, HIDDEN),
        (BREAK, BREAKS),
        (BLOCK, BLOCKS),
        (HEADING, HEADINGS),
        (WRAPS, WRAPPED),
        (SOURCE, SOURCES),
        (RESOURCE, RESOURCES),
    ):
        flags[[TAGS.index(tag) for tag in tags]] |= flag
    return flags


TAG_TABLE = _table(TAGS)
ATTRIBUTE_TABLE = _table(ATTRIBUTES)
FLAGS = _flags()


def tag_numbers(names: str) -> list[np.int64]:
    """Return the numbers of some tags, parted by blanks."""
    return [np.int64(TAGS.index(name)) for name in names.split()]


def attribute_numbers(names: str) -> list[np.int64]:
    """Return the numbers of some attributes, parted by blanks."""
    return [np.int64(ATTRIBUTES.index(name)) for name in names.split()]
