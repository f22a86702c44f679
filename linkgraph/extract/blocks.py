"""Blocks of text and the links in them → link density and the text around each link.

Promises exact surroundings: a link is found in its block's text only where its own text stands there once, else node
by node. Refuses to read more than `MAX_READ` characters of nested blocks of one page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from turbohtml import Element, Node, PlainText

from linkgraph.extract.places import NO_BLOCK, Places
from linkgraph.extract.text import MAX_AROUND, RAW_AROUND, clip, gather_after, gather_before, tidy_all

MAX_READ = 4_000_000
"""Characters of blocks read on one page, the innermost first; a block beyond has density 0."""

MAX_TABLES = 256
"""Tables that are looked at; on a page of more, every block counts as one that holds a table."""

_PLAIN = PlainText(layout="strict", bullet="", table_cell_separator=" ")


class Blocks:
    """The blocks of one page that have links directly in them."""

    def __init__(
        self, places: Places, owners: Sequence[int], anchors: Sequence[str], tables: Sequence[Element]
    ) -> None:
        """Read the texts.

        Args:
            places: the places of the page.
            owners: the block of each link instance.
            anchors: the anchor of each link instance.
            tables: the page's tables. A block around one is read without layout, which would pad the cells.
        """
        self._places = places
        self._linked = _linked(places, owners, anchors)
        self._tabled = _around_tables(places, tables)
        self._texts = self._read(sorted({owner for owner in owners if owner != NO_BLOCK}, reverse=True))
        self._stops: dict[int, tuple[Node | None, Node | None]] = {}

    def _read(self, owners: Iterable[int]) -> dict[int, str]:
        raws: dict[int, str] = {}
        budget = MAX_READ
        for owner in owners:
            block = self._places.blocks[owner]
            raw = block.text if owner in self._tabled else block.to_text(_PLAIN)
            budget -= len(raw)
            if budget < 0:
                break
            raws[owner] = raw
        return dict(zip(raws, tidy_all(list(raws.values()), limit=MAX_READ), strict=True))

    def density(self, owner: int) -> float:
        """Return linked characters / all characters of a block, blanks not counted; 1.0 for one without text."""
        text = self._texts.get(owner)
        if text is None:
            return 0.0
        visible = len(text) - text.count(" ")
        return min(1.0, self._linked[owner] / visible) if visible else 1.0

    def around(self, link: Element, owner: int, anchor: str) -> tuple[str, str]:
        """Return the text of the block just before and just after *link*, at most `MAX_AROUND` on each side."""
        text = self._texts.get(owner, "")
        if text == anchor:
            return "", ""
        if anchor and owner not in self._tabled:
            start = text.find(anchor)
            end = start + len(anchor)
            if start >= 0 and text.find(anchor, start + 1) < 0:
                return text[max(0, start - MAX_AROUND) : start].strip(), text[end : end + MAX_AROUND].strip()
        return self._gathered(link, owner)

    def _gathered(self, link: Element, owner: int) -> tuple[str, str]:
        block = self._places.blocks[owner]
        if owner not in self._stops:
            self._stops[owner] = next(block.preceding, None), next(block.following, None)
        first, last = self._stops[owner]
        before, after = gather_before(link, first).rstrip(), gather_after(link, last).lstrip()
        before, after = tidy_all([before[-RAW_AROUND:], after[:RAW_AROUND]])
        return before[-MAX_AROUND:].lstrip(), clip(after, MAX_AROUND)


def _linked(places: Places, owners: Sequence[int], anchors: Sequence[str]) -> list[int]:
    """Return the linked characters of each block, those of the blocks inside it included."""
    linked = [0] * (len(places.blocks) + 1)
    for owner, anchor in zip(owners, anchors, strict=True):
        linked[owner] += len(anchor) - anchor.count(" ")
    for block in range(len(places.blocks) - 1, -1, -1):
        linked[places.outer[block]] += linked[block]
    return linked


def _around_tables(places: Places, tables: Sequence[Element]) -> set[int]:
    """Return the blocks that hold a table."""
    if len(tables) > MAX_TABLES:
        return set(range(len(places.blocks)))
    found: set[int] = set()
    for place in places.of_all([table.parent for table in tables]):
        owner = places.owners[place]
        while owner != NO_BLOCK and owner not in found:
            found.add(owner)
            owner = places.outer[owner]
    return found
