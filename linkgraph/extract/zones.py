"""An element's tag, role, id and classes → the zone of the page that it opens.

Promises one answer for the same attributes under the same parent, from the tables below and nothing else. Refuses
to read style: what is a footer only by its colour stays content.
"""

from __future__ import annotations

import re

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


_TOKEN = re.compile(r"[a-z]+")
_NAMES = frozenset(NAME_ZONES)


def zone_of(tag: str, role: str, name: str, classes: str, sectioned: bool) -> str:
    """Return the zone that an element opens; empty where it is that around it."""
    zone = ROLE_ZONES.get(role) or TAG_ZONES.get(tag)
    if zone in ("header", "footer") and sectioned and not role:
        zone = None
    if zone or not (name or classes):
        return zone or ""
    tokens = _TOKEN.findall(f"{name} {classes}".lower())
    return "" if _NAMES.isdisjoint(tokens) else next(NAME_ZONES[token] for token in tokens if token in NAME_ZONES)
