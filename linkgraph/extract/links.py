"""The sources of one page → the columns of its links.

Promises every column of `linkgraph.model.Links`, one row a distinct link, in document order. Works on columns, not on
links: a call for each link and step would cost more than the work itself. Refuses more than `MAX_LINKS` rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from turbohtml import Element

from linkgraph.extract.blocks import Blocks
from linkgraph.extract.outline import Outline
from linkgraph.extract.places import HEADERS, MAX_NAME, NO_BLOCK, Places, step
from linkgraph.extract.rel import NO_REL, Rel, link_kind, rel_of
from linkgraph.extract.targets import Targets
from linkgraph.extract.text import (
    MAX_ANCHOR,
    MAX_HEADING,
    clip,
    inner_text,
    inner_text_and_alt,
    simple_text,
    tidy_all,
)
from linkgraph.model import Links
from linkgraph.urls import Url

MAX_LINKS = 10_000
"""Distinct links kept of one page."""

REFERENCES = {
    "a": "href",
    "area": "href",
    "form": "action",
    "frame": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "script": "src",
}
"""The attribute of each source that holds its reference."""


class Directive(NamedTuple):
    """A link that no element shows: a refresh, or one of an HTTP header."""

    kind: str
    target: Url
    rel: Rel
    title: str
    path: str
    origin: str


class Collected(NamedTuple):
    """The links of one page."""

    links: Links
    capped: bool
    """Whether links were left out because `MAX_LINKS` were there."""
    deepest: int
    """Elements around the deepest link."""


@dataclass(slots=True)
class _Sources:
    """Columns of equal length: one entry an instance of a link, in document order."""

    elements: list[Element] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    references: list[str | None] = field(default_factory=list)
    above: list[int] = field(default_factory=list)
    rels: list[Rel] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    alts: list[str] = field(default_factory=list)
    cut: set[int] = field(default_factory=set)
    """Entries whose anchor is longer than what was read of it."""
    places: list[int] = field(default_factory=list)
    targets: list[Url | None] = field(default_factory=list)


def collect(
    page: Url,
    found: Outline,
    targets: Targets,
    directives: Sequence[Directive],
    *,
    nofollow: bool,
    resources: bool,
) -> Collected:
    """Return the links of a page: those of its elements, then *directives*.

    Args:
        page: the page's own address.
        found: its outline.
        targets: what its references mean.
        directives: links that no element shows.
        nofollow: whether the page's robots directives make every link nofollow.
        resources: whether style sheets count.
    """
    sources = _read(found, resources=resources)
    places = Places()
    sources.places = places.of_all([element.parent for element in sources.elements])
    blocks = Blocks(places, [places.owners[place] for place in sources.places], sources.anchors, found.tables)
    sources.targets = targets.of_all(sources.references)
    _append(sources, directives)
    settings = [places.settings[place] for place in sources.places]
    rows, ordinals, instances, capped = _distinct(sources, [setting.zone for setting in settings])
    if not rows:
        return Collected(Links(), capped, 0)
    settings = [settings[row] for row in rows]
    links = _columns(sources, rows)
    links.nofollow = [nofollow or sources.rels[row].nofollow for row in rows]
    links.internal = [domain == page.domain for domain in links.dst_domain]
    links.text_before, links.text_after, links.link_density = _surroundings(sources, rows, places, blocks)
    links.heading = _headings(found.headings, [sources.above[row] for row in rows])
    links.zone = [setting.zone for setting in settings]
    links.dom_path = [setting.stem + sources.steps[row] for setting, row in zip(settings, rows, strict=True)]
    links.ordinal = ordinals
    links.instances = instances
    origins = ["html"] * len(sources.elements) + [directive.origin for directive in directives]
    links.origin = [origins[row] for row in rows]
    return Collected(links, capped, max([setting.depth for setting in settings]))


def _read(found: Outline, *, resources: bool) -> _Sources:
    """Return the columns that are read off the elements that have a reference."""
    sources = _Sources()
    elements, kinds, references = sources.elements, sources.kinds, sources.references
    raws: list[str] = []
    for element, tag, above in zip(found.sources, found.tags, found.above, strict=True):
        reference = element.attr(REFERENCES[tag])
        if not reference and (reference is None or tag not in ("a", "area")):
            continue
        alt = ""
        raw = simple_text(element) if tag == "a" else ""
        if raw is None:
            raw, alt, whole = inner_text_and_alt(element)
            if not whole:
                sources.cut.add(len(elements))
        elif tag in ("area", "img"):
            alt = element.attr("alt") or ""
        elements.append(element)
        kinds.append(tag)
        references.append(reference)
        sources.above.append(above)
        raws.append(raw)
        sources.alts.append(alt)
        _read_attributes(sources, element, tag, resources)
    sources.anchors = _clipped(tidy_all(raws), MAX_ANCHOR, sources.cut)
    if any(sources.alts):
        sources.alts = _clipped(tidy_all(sources.alts), MAX_ANCHOR)
    return sources


def _read_attributes(sources: _Sources, element: Element, tag: str, resources: bool) -> None:
    """Add the rel, title and path step of the last source, and the kind of a `link` element."""
    attributes = element.attrs
    left = len(attributes) - 1
    classes = element.attr("class") if left else None
    if not left or (left == 1 and classes is not None):
        sources.rels.append(NO_REL)
        sources.titles.append("")
        sources.steps.append(step(tag, "", classes[:MAX_NAME]) if classes else tag)
        return
    rel = rel_of(element.attr("rel")) if "rel" in attributes else NO_REL
    name = element.attr("id") if "id" in attributes else None
    sources.rels.append(rel)
    sources.titles.append((element.attr("title") or "") if "title" in attributes else "")
    sources.steps.append(step(tag, (name or "")[:MAX_NAME], (classes or "")[:MAX_NAME]))
    if tag == "link":
        kind = sources.kinds[-1] = link_kind(rel, element.attr("type"))
        if kind == "style" and not resources:
            sources.references[-1] = None


def _clipped(texts: list[str], limit: int, cut: set[int] | None = None) -> list[str]:
    if max(map(len, texts), default=0) <= limit:
        return texts
    if cut is not None:
        cut.update(index for index, text in enumerate(texts) if len(text) > limit)
    return [clip(text, limit) for text in texts]


def _append(sources: _Sources, directives: Iterable[Directive]) -> None:
    for directive in directives:
        sources.kinds.append(directive.kind)
        sources.targets.append(directive.target)
        sources.rels.append(directive.rel)
        sources.titles.append(directive.title)
        sources.steps.append(directive.path)
        sources.anchors.append("")
        sources.alts.append("")
        sources.above.append(0)
        sources.places.append(HEADERS)


def _distinct(sources: _Sources, zones: list[str]) -> tuple[list[int], list[int], list[int], bool]:
    """Return the entry, ordinal and number of instances of each distinct link, and whether there were too many."""
    index: dict[tuple[object, ...], int] = {}
    rows: list[int] = []
    ordinals: list[int] = []
    instances: list[int] = []
    ordinal = 0
    identities = zip(sources.targets, sources.kinds, sources.rels, sources.anchors, sources.alts, zones, strict=True)
    for entry, identity in enumerate(identities):
        if identity[0] is None:
            continue
        row = index.setdefault(identity, len(rows))
        if row < len(rows):
            instances[row] += 1
        elif row < MAX_LINKS:
            rows.append(entry)
            ordinals.append(ordinal)
            instances.append(1)
        else:
            return rows, ordinals, instances, True
        ordinal += 1
    return rows, ordinals, instances, False


def _columns(sources: _Sources, rows: list[int]) -> Links:
    """Return the columns that are read off the entries themselves; the caller adds the others."""
    urls, hosts, domains, fragments = zip(*[sources.targets[row] or () for row in rows], strict=True)
    rels = [sources.rels[row] for row in rows]
    return Links(
        dst_url=list(urls),
        dst_host=list(hosts),
        dst_domain=list(domains),
        dst_fragment=list(fragments),
        kind=[sources.kinds[row] for row in rows],
        rel=[rel.tokens for rel in rels],
        ugc=[rel.ugc for rel in rels],
        sponsored=[rel.sponsored for rel in rels],
        anchor=[sources.anchors[row] for row in rows],
        anchor_truncated=[row in sources.cut for row in rows],
        alt=[sources.alts[row] or None for row in rows],
        title=_titles([sources.titles[row] for row in rows]),
    )


def _surroundings(
    sources: _Sources, rows: list[int], places: Places, blocks: Blocks
) -> tuple[list[str], list[str], list[float]]:
    """Return the texts just before and after each link of kind `a`, and the density of every link's block."""
    owners = [places.owners[sources.places[row]] for row in rows]
    around = [
        blocks.around(sources.elements[row], owner, sources.anchors[row])
        if owner != NO_BLOCK and sources.kinds[row] == "a"
        else ("", "")
        for row, owner in zip(rows, owners, strict=True)
    ]
    density = {owner: blocks.density(owner) for owner in set(owners)}
    return [before for before, _ in around], [after for _, after in around], [density[owner] for owner in owners]


def _titles(raws: list[str]) -> list[str | None]:
    if not any(raws):
        return [None] * len(raws)
    return [title or None for title in _clipped(tidy_all(raws), MAX_ANCHOR)]


def _headings(headings: list[Element], above: list[int]) -> list[str | None]:
    """Return the text of the last heading that began before each link, given how many had."""
    wanted = [number for number in dict.fromkeys(above) if number]
    texts = tidy_all([inner_text(headings[number - 1]) for number in wanted])
    known: dict[int, str | None] = {0: None}
    known.update((number, clip(text, MAX_HEADING) or None) for number, text in zip(wanted, texts, strict=True))
    return [known[number] for number in above]
