"""The looks of an element's ancestors → where its links stand: zone and path from the body.

Promises one derivation for elements that look alike, on however many pages, without recursion.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from linkgraph.extract.zones import SECTIONING, zone_of

MAX_SETTINGS = 1 << 14
"""Settings that are remembered: those of some hundred pages of a site. A setting and its name take about 600 bytes."""

MAX_LEVELS = 8
"""Elements in a path: the link and its seven nearest ancestors."""

MAX_PATH = 256
"""Code points of a path; whole outer elements are left out beyond."""

MAX_STEP = 80
"""Code points of one element in a path."""

PARSER_DEPTH = 512
"""Elements that turbohtml 1.15 nests; deeper ones become siblings and links lose their text (measured)."""

_SYNTAX = re.compile(r"[^\w:-]")

Look = tuple[str, ...]
"""Tag, id, class and role of an element."""


class Setting:
    """What the ancestors of a link say about it; shared by elements that look alike."""

    __slots__ = ("_inner", "_levels", "_sectioned", "stem", "zone")

    def __init__(self, zone: str, stem: str, levels: int, *, sectioned: bool) -> None:
        self.zone = zone
        self.stem = stem
        """The path of what stands here, but for its own step."""
        self._levels = levels
        self._sectioned = sectioned
        """Whether a header or footer here belongs to a section and not to the page."""
        self._inner: dict[Look, Setting] = {}

    def inside(self, look: Look) -> Setting:
        """Return the setting inside an element that stands here."""
        inside = self._inner.get(look)
        if inside is None:
            inside = self._inner[look] = self._enter(*look)
        return inside

    def _enter(self, tag: str, name: str, classes: str, role: str) -> Setting:
        _memory.settings += 1
        if tag in ("html", "body"):
            return Setting("content", "", 0, sectioned=False)
        stem = f"{self.stem}{step(tag, name, classes)}>"
        levels = self._levels + 1
        while levels >= MAX_LEVELS or len(stem) > MAX_PATH - MAX_STEP:
            stem = stem[stem.index(">") + 1 :]
            levels -= 1
        zone = zone_of(tag, role, name, classes, self.zone, self._sectioned)
        return Setting(zone, stem, levels, sectioned=self._sectioned or tag in SECTIONING)


class _Memory:
    """The settings of earlier pages, below the one around a document."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.page = Setting("content", "", 0, sectioned=False)
        self.settings = 0


_memory = _Memory()

HEADERS = Setting("head", "", 0, sectioned=False)
"""The setting of links of HTTP headers."""


def settings_of(pairs: Sequence[Sequence[int]], looks: Sequence[Look]) -> list[Setting]:
    """Return the settings of a page, the one around the document first.

    Args:
        pairs: for each further setting the number of the one around it and of the look that leads into it.
        looks: the looks of the page.
    """
    if _memory.settings > MAX_SETTINGS:
        _memory.forget()
    settings = [_memory.page]
    for outer, look in pairs:
        settings.append(settings[outer].inside(looks[look]))
    return settings


@lru_cache(maxsize=1 << 14)
def step(tag: str, name: str, classes: str) -> str:
    """Return `tag#id.class1.class2`, four classes at most; what would read as path syntax, and blanks, become `_`."""
    path = f"{tag}#{_plain(name)}" if name else tag
    for token in classes.split()[:4]:
        path = f"{path}.{_plain(token)}"
    return path[:MAX_STEP]


def _plain(token: str) -> str:
    return _SYNTAX.sub("_", token)
