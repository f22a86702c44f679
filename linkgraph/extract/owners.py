"""Scripts → the analytics and advertising accounts that they name.

Promises identifiers in the order they are found, each once. Two sites that share one are likely run by one owner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_IDS = 32
"""Identifiers kept of one page."""

MAX_SCRIPT = 1 << 18
"""Code points of one script that are read."""

_PREFIXES = ("UA-", "G-", "GTM-", "AW-", "ca-pub-")
_ID = re.compile(
    r"\b(?:UA-\d{4,10}-\d{1,4}|GTM-[A-Z0-9]{4,9}|G-[A-Z0-9]{8,12}|AW-\d{8,12}|ca-pub-\d{10,16})\b", re.ASCII
)


def owner_ids(scripts: Iterable[str]) -> tuple[str, ...]:
    """Return the identifiers in the sources and texts of a page's scripts."""
    found: dict[str, None] = {}
    for script in scripts:
        if any(prefix in script for prefix in _PREFIXES):
            found.update(dict.fromkeys(_ID.findall(script[:MAX_SCRIPT])))
    return tuple(found)[:MAX_IDS]
