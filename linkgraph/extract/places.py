"""An element's ancestors → where its links stand: zone, path from the body, block of text.

Promises one derivation an element, however many links stand below it, without recursion. Refuses to open a block
inside more than `MAX_BLOCKS` others, so that reading the blocks costs at most that many times the page's text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from turbohtml import Element, Node, Text

from linkgraph.extract.text import gather_after, gather_before, visible_length
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
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hgroup li main menu nav ol p pre search section summary table td th tr ul".split()
)
"""Elements whose text is read as one with a link inside; the nearest one is the link's own block."""

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


Place = tuple[Setting, Element | None]
"""The setting of a link and the block it stands in."""


class Places:
    """The places and blocks of one document, each derived once."""

    def __init__(self) -> None:
        self._known: dict[Node | None, Place] = {}
        self._page: Place = (Setting("content", "", 0, 0, 0, sectioned=False), None)
        self._outer: dict[Element, Element | None] = {}
        """Each block and the block around it; outer ones before those inside them."""
        self._linked: dict[Element, int] = {}
        self._stops: dict[Element, tuple[Node | None, Node | None]] = {}

    def of_all(self, parents: list[Node | None]) -> list[Place]:
        """Return the place of what stands directly in each of *parents*."""
        known = self._known
        return [known.get(parent) or self._derive(parent) for parent in parents]

    def _derive(self, node: Node | None) -> Place:
        known = self._known
        pending: list[Element] = []
        place = None
        while place is None and type(node) is Element:
            pending.append(node)
            node = node.parent
            place = known.get(node)
        setting, block = place or self._page
        while pending:
            element = pending.pop()
            look = look_of(element)
            inside = setting.inner.get(look)
            if inside is None:
                inside = setting.inner[look] = setting.enter(look)
            setting = inside
            if look[0] in BLOCK_TAGS and setting.blocks <= MAX_BLOCKS:
                self._outer[element] = block
                block = element
            known[element] = setting, block
        return setting, block

    def count_linked(self, places: list[Place], anchors: list[str]) -> None:
        """Count the characters of *anchors* as linked in their blocks and in the blocks around these."""
        linked = self._linked
        for (_, block), anchor in zip(places, anchors, strict=True):
            if anchor and block is not None:
                linked[block] = linked.get(block, 0) + len(anchor) - anchor.count(" ")
        for block, outer in reversed(self._outer.items()):
            if outer is not None and block in linked:
                linked[outer] = linked.get(outer, 0) + linked[block]

    def density(self, block: Element | None) -> float:
        """Return linked characters / all characters of a block, blanks not counted; 1.0 for one without text."""
        if block is None:
            return 0.0
        linked = self._linked.get(block, 0)
        if linked and len(block) == 1:
            first = block[0]
            if type(first) is Element and first.tag == "a":
                return 1.0
        visible = visible_length(block.text)
        return min(1.0, linked / visible) if visible else 1.0

    def around(self, link: Element, block: Element) -> tuple[str, str]:
        """Return the raw text of *block* just before and just after *link*, as far as is kept."""
        if link.parent is block:
            before = link.previous_sibling
            left = _only(before, None if before is None else before.previous_sibling)
            if left is not None:
                after = link.next_sibling
                right = _only(after, None if after is None else after.next_sibling)
                if right is not None:
                    return left, right
        stops = self._stops.get(block)
        if stops is None:
            stops = self._stops[block] = next(block.preceding, None), next(block.following, None)
        return gather_before(link, stops[0]), gather_after(link, stops[1])


def _only(neighbour: Node | None, next_one: Node | None) -> str | None:
    """Return the text on one side of a link where it is nothing or one text node; None where it must be gathered."""
    if neighbour is None:
        return ""
    return neighbour.data if next_one is None and type(neighbour) is Text else None


def look_of(element: Element) -> Look:
    """Return what an element's own markup says: tag, id, class, role; a form around a whole page looks like a div."""
    tag = element.tag
    left = len(element.attrs)
    if tag == "form" and element.select_one(_WHOLE_PAGE) is not None:
        tag = "div"
    if not left:
        return tag, "", "", ""
    classes = element.attr("class")
    if classes is not None and left == 1:
        return tag, "", classes[:MAX_NAME], ""
    return tag, (element.attr("id") or "")[:MAX_NAME], (classes or "")[:MAX_NAME], (element.attr("role") or "")[:MAX_NAME]


@lru_cache(maxsize=1 << 14)
def step(tag: str, name: str, classes: str) -> str:
    """Return `tag#id.class1.class2`, four classes at most; what would read as path syntax, and blanks, become `_`."""
    path = f"{tag}#{_plain(name)}" if name else tag
    for token in classes.split()[:4]:
        path = f"{path}.{_plain(token)}"
    return path[:MAX_STEP]


def _plain(token: str) -> str:
    return re.sub(r"[^\w:-]", "_", token)
