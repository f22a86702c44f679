"""An element's tag, role, id and classes → the zone of the page that it opens.

Promises one answer for the same attributes under the same parent, from the tables below and nothing else. Refuses
to read style: what is a footer only by its colour stays content.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract.tags import hash_of
from linkgraph.jit import leaf
from linkgraph.model import ZONES

SECTIONING = frozenset({"article", "aside", "main", "nav", "section"})
"""Elements inside which `<header>` and `<footer>` belong to the section (HTML-AAM 1.0, banner and contentinfo)."""

TAG_ZONES = {
    "aside": "aside",
    "footer": "footer",
    "form": "form",
    "head": "head",
    "header": "header",
    "main": "content",
    "nav": "nav",
    "search": "form",
}

ROLE_ZONES = {
    "banner": "header",
    "complementary": "aside",
    "contentinfo": "footer",
    "form": "form",
    "main": "content",
    "menu": "nav",
    "menubar": "nav",
    "navigation": "nav",
    "search": "form",
}

NAME_ZONES = {
    "comments": "comments",
    "commentlist": "comments",
    "disqus": "comments",
    "respond": "comments",
    "footer": "footer",
    "header": "header",
    "nav": "nav",
    "sidebar": "aside",
}

_Table = tuple[NDArray[np.int64], NDArray[np.int64]]


def _table(zones: dict[str, str]) -> _Table:
    """Return the hashes of names, and the number of each one's zone."""
    numbers = [ZONES.index(zone) for zone in zones.values()]
    return np.array([hash_of(name) for name in zones], np.int64), np.array(numbers, np.int64)


_TAGS, _TAG_ZONES = _table(TAG_ZONES)
_ROLES, _ROLE_ZONES = _table(ROLE_ZONES)
_NAMES, _NAME_ZONES = _table(NAME_ZONES)
_HEADER, _FOOTER = np.int64(ZONES.index("header")), np.int64(ZONES.index("footer"))
_NONE = np.int64(-1)


@leaf
def _zone_for(hashes: Any, zones: Any, name: Any) -> Any:
    """Return the zone of a name by its hash; -1 for one that is not in the table."""
    for number in range(hashes.size):
        if hashes[number] == name:
            return zones[number]
    return _NONE


@leaf
def _zone_named(text: Any, begin: Any, end: Any) -> Any:
    """Return the zone of the first word of an id or class that names one, -1 for none; a word is of letters a to z."""
    word = np.int64(0)
    for at in range(begin, end + 1):
        letter = text[at] | 32
        if at < end and 97 <= letter <= 122:
            word = word * 131 + letter
        elif word:
            zone = _zone_for(_NAMES, _NAME_ZONES, word)
            if zone >= 0:
                return zone
            word = np.int64(0)
    return _NONE


@leaf
def zones_of_look(text: Any, tag: Any, role: Any, begin: Any, middle: Any, end: Any) -> Any:
    """Return the zone that an element opens, and the one it opens in a section of the page; -1 for the one around it.

    Args:
        text: what its id and classes are part of.
        tag: the hash of its tag.
        role: the hash of its role; 0 for none.
        begin: where its id begins.
        middle: where its id ends.
        end: where its classes end, which begin behind a byte after the id.
    """
    zone = _zone_for(_ROLES, _ROLE_ZONES, role)
    if zone < 0:
        zone = _zone_for(_TAGS, _TAG_ZONES, tag)
    sectioned = role == 0 and (zone in (_HEADER, _FOOTER))
    if zone >= 0 and not sectioned:
        return zone, zone
    named = _zone_named(text, begin, middle)
    if named < 0:
        named = _zone_named(text, middle + 1, end)
    return (zone if zone >= 0 else named), named
