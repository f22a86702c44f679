"""Scripts → the analytics and advertising accounts that they name.

Promises identifiers in the order they are found, each once. Two sites that share one are likely run by one owner.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_IDS = 32
"""Identifiers kept of one page."""

MAX_SCRIPT = 1 << 18
"""Bytes of one script that are read."""

_ID = re.compile(rb"\b(?:UA-\d{4,10}-\d{1,4}|GTM-[A-Z0-9]{4,9}|G-[A-Z0-9]{8,12}|AW-\d{8,12}|ca-pub-\d{10,16})\b")


def owner_ids(scripts: Sequence[bytes]) -> tuple[str, ...]:
    """Return the identifiers in the sources and texts of a page's scripts."""
    found: dict[bytes, None] = {}
    for script in scripts:
        found.update(dict.fromkeys(_ID.findall(script[:MAX_SCRIPT])))
    return tuple(one.decode() for one in list(found)[:MAX_IDS])
