"""An element's ancestors → where its links stand: zone, path from the body, block of text.

Promises one derivation an element, however many links stand below it, without recursion. Refuses to open a block
inside more than `MAX_BLOCKS` others, so that reading the blocks costs at most that many times the page's text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from turbohtml import Element, Node

from linkgraph.extract.zones import SECTIONING, zone_of

MAX_BLOCKS = 64
"""Nested blocks that are told apart; a link deeper down belongs to the 64th."""

MAX_LEVELS = 8
"""Elements in a path: the link and its seven nearest ancestors."""

MAX_PATH = 256
"""Code points of a path; whole outer elements are left out beyond."""

MAX_STEP = 80
"""Code points of one element in a path."""

MAX_NAME = 128
"""Code points of an id or class attribute that are looked at."""

PARSER_DEPTH = 512
"""Elements that turbohtml 1.15 nests; deeper ones become siblings and links lose their text (measured)."""

BLOCK_TAGS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "search",
        "section",
        "summary",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ]
)
"""Elements whose text is read as one with a link inside; the nearest one is the link's own block."""

NO_BLOCK = -1
PAGE = 0
"""The place around the document."""
HEADERS = 1
"""The place of links of HTTP headers."""

_WHOLE_PAGE = "main, article, nav, header, footer, h1, h2"
"""What no form for filling in contains: a form around these is a framework's wrapper of the whole page."""


Look = tuple[str, str, str, str]
"""Tag, id, class and role of an element."""


class Setting:
    """What the ancestors of a link say about it, but for their texts; shared by elements that look alike."""

    __slots__ = ("blocks", "depth", "inner", "levels", "sectioned", "stem", "zone")

    def __init__(self, zone: str, stem: str, levels: int, depth: int, blocks: int, *, sectioned: bool) -> None:
        self.zone = zone
        self.stem = stem
        """The path of what stands here, but for its own step."""
        self.levels = levels
        self.depth = depth
        """Elements around what stands here."""
        self.blocks = blocks
        """Blocks around what stands here."""
        self.sectioned = sectioned
        """Whether a header or footer here belongs to a section and not to the page."""
        self.inner: dict[Look, Setting] = {}

    def enter(self, look: Look) -> Setting:
        """Return the setting inside an element that stands here."""
        tag, name, classes, role = look
        blocks = self.blocks + (tag in BLOCK_TAGS)
        if tag in ("html", "body"):
            return Setting("content", "", 0, self.depth + 1, blocks, sectioned=False)
        stem = f"{self.stem}{step(tag, name, classes)}>"
        levels = self.levels + 1
        while levels >= MAX_LEVELS or len(stem) > MAX_PATH - MAX_STEP:
            stem = stem[stem.index(">") + 1 :]
            levels -= 1
        zone = zone_of(tag, role, name, classes, self.zone, self.sectioned)
        return Setting(zone, stem, levels, self.depth + 1, blocks, sectioned=self.sectioned or tag in SECTIONING)


class Places:
    """The places and blocks of one document, each derived once and known by its number."""

    def __init__(self) -> None:
        page = Setting("content", "", 0, 0, 0, sectioned=False)
        head = Setting("head", "", 0, 0, 0, sectioned=False)
        self.settings: list[Setting] = [page, head]
        """The setting of each place; the first two are around the document and those of HTTP headers."""
        self.owners: list[int] = [NO_BLOCK, NO_BLOCK]
        """The block of each place."""
        self.blocks: list[Element] = []
        """Outer blocks before those inside them."""
        self.outer: list[int] = []
        """The block around each block."""
        self._numbers: dict[Node | None, int] = {}

    def of_all(self, parents: list[Node | None]) -> list[int]:
        """Return the place of what stands directly in each of *parents*."""
        numbers = self._numbers
        return [numbers[parent] if parent in numbers else self._derive(parent) for parent in parents]

    def _derive(self, node: Node | None) -> int:
        numbers = self._numbers
        pending: list[Element] = []
        while type(node) is Element and node not in numbers:
            pending.append(node)
            node = node.parent
        place = numbers.get(node, PAGE)
        setting, block = self.settings[place], self.owners[place]
        while pending:
            element = pending.pop()
            look = look_of(element)
            inside = setting.inner.get(look)
            if inside is None:
                inside = setting.inner[look] = setting.enter(look)
            setting = inside
            if look[0] in BLOCK_TAGS and setting.blocks <= MAX_BLOCKS:
                self.outer.append(block)
                block = len(self.blocks)
                self.blocks.append(element)
            place = numbers[element] = len(self.settings)
            self.settings.append(setting)
            self.owners.append(block)
        return place


def look_of(element: Element) -> Look:
    """Return what an element's own markup says: tag, id, class, role; a form around a whole page looks like a div."""
    tag = element.tag
    attributes = element.attrs
    left = len(attributes)
    if tag == "form" and element.select_one(_WHOLE_PAGE) is not None:
        tag = "div"
    if not left:
        return tag, "", "", ""
    classes = element.attr("class")
    if left == 1 and classes is not None:
        return tag, "", classes[:MAX_NAME], ""
    name = element.attr("id") if "id" in attributes else None
    role = element.attr("role") if "role" in attributes else None
    return tag, (name or "")[:MAX_NAME], (classes or "")[:MAX_NAME], (role or "")[:MAX_NAME]


@lru_cache(maxsize=1 << 14)
def step(tag: str, name: str, classes: str) -> str:
    """Return `tag#id.class1.class2`, four classes at most; what would read as path syntax, and blanks, become `_`."""
    path = f"{tag}#{_plain(name)}" if name else tag
    for token in classes.split()[:4]:
        path = f"{path}.{_plain(token)}"
    return path[:MAX_STEP]


def _plain(token: str) -> str:
    return re.sub(r"[^\w:-]", "_", token)
