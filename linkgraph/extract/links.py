"""The sources of one page → the columns of its links.

Promises every column of `linkgraph.model.Links`, one row a distinct link, in document order. Works on columns, not on
links: a call for each link and step would cost more than the work itself. Refuses more than `MAX_LINKS` rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from linkgraph.extract.places import HEADERS, Setting, settings_of, step
from linkgraph.extract.rel import Rel, link_kind, rel_of
from linkgraph.extract.rows import choose
from linkgraph.extract.sheet import Sheet
from linkgraph.extract.survey import (
    CUT,
    LOOK,
    MANNER,
    REFERENCE,
    SETTING,
)
from linkgraph.extract.targets import Targets
from linkgraph.extract.text import tidy_or_none
from linkgraph.model import ZONES, Links
from linkgraph.urls import Url


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


class Manner(NamedTuple):
    """How a link is made: what its tag, rel and type say."""

    kind: str
    rel: Rel


_ZONES = {zone: number for number, zone in enumerate(ZONES)}


def collect(
    page: Url,
    sheet: Sheet,
    targets: Targets,
    directives: Sequence[Directive],
    *,
    nofollow: bool,
    resources: bool,
) -> Collected:
    """Return the links of a page: those of its elements, then *directives*.

    Args:
        page: the page's own address.
        sheet: what its document holds.
        targets: what its references mean.
        directives: links that no element shows.
        nofollow: whether the page's robots directives make every link nofollow.
        resources: whether style sheets count.
    """
    manners = [manner_of(*manner) for manner in sheet.manners]
    settings = settings_of(sheet.settings.tolist(), sheet.looks)
    found = _joined(sheet, targets, manners, resources=resources)
    rows, shown, which, density, joined, deepest, capped = _chosen(
        sheet, found, manners, settings, directives, resources
    )
    if not rows.size:
        return Collected(Links(), capped, 0)
    tail = [directives[row - len(sheet.sources)] for row in rows[0, len(which) :].tolist()]
    links = _columns(sheet, shown.T.tolist(), tail, found, manners, settings)
    _add_texts(links, sheet.texts(joined), which.tolist(), tail)
    links.link_density = density.tolist() + [0.0] * len(tail)
    links.internal = [domain == page.domain for domain in links.dst_domain]
    if nofollow:
        links.nofollow = [True] * len(links.nofollow)
    _, links.ordinal, links.instances = rows.tolist()
    return Collected(links, capped, deepest)


@lru_cache(maxsize=1 << 12)
def manner_of(tag: str, rel: str, media_type: str) -> Manner:
    """Return the kind and rel of an element."""
    tokens = rel_of(rel)
    return Manner(link_kind(tokens, media_type) if tag == "link" else tag, tokens)


def _joined(sheet: Sheet, targets: Targets, manners: Sequence[Manner], *, resources: bool) -> list[Url | None]:
    """Return the target of each reference; None for what is no http(s) URL and for references of style sheets alone."""
    references: list[str | None] = list(sheet.references)
    if not resources and any(manner.kind == "style" for manner in manners):
        kept = np.array([manner.kind != "style" for manner in manners])[sheet.sources[:, MANNER]]
        wanted = set(sheet.sources[kept, REFERENCE].tolist())
        references = [reference if number in wanted else None for number, reference in enumerate(references)]
    return targets.of_all(references)


def _chosen(
    sheet: Sheet,
    found: Sequence[Url | None],
    manners: Sequence[Manner],
    settings: Sequence[Setting],
    directives: Sequence[Directive],
    resources: bool,
) -> Any:
    """Return what `choose` does."""
    known: dict[object, int] = {None: -1}
    target = [known.setdefault(one, len(known)) for one in found]
    if not resources:
        known.update((one, -1) for one in manners if one.kind == "style")
    manner = [known.setdefault(one, len(known)) for one in manners]
    zone = [_ZONES[setting.zone] for setting in settings]
    keys, empty = sheet.text_keys()
    extra = np.empty((len(directives), 5), np.int64)
    for row, one in enumerate(directives):
        numbers = [known.setdefault(key, len(known)) for key in (one.target, Manner(one.kind, one.rel))]
        extra[row] = (*numbers, empty, empty, _ZONES[HEADERS.zone])
    return choose(
        sheet.line,
        sheet.elements,
        sheet.sources,
        sheet.headings,
        sheet.places,
        sheet.visible,
        sheet.linked,
        keys,
        np.array(target, np.int64),
        np.array(manner, np.int64),
        np.array(zone, np.int64),
        extra,
    )


def _columns(
    sheet: Sheet,
    shown: Sequence[Sequence[int]],
    tail: Sequence[Directive],
    found: Sequence[Url | None],
    manners: Sequence[Manner],
    settings: Sequence[Setting],
) -> Links:
    """Return the columns that are looked up: those of the sources *shown*, then those of the *tail*."""
    targets = [*[found[reference] for reference in shown[REFERENCE]], *[one.target for one in tail]]
    urls, hosts, domains, fragments = zip(*filter(None, targets), strict=True)
    own: list[Manner | Directive] = [*[manners[manner] for manner in shown[MANNER]], *tail]
    rels = [one.rel for one in own]
    places = [settings[setting] for setting in shown[SETTING]]
    looks = shown[LOOK]
    steps = {look: step(*sheet.looks[look][:3]) for look in set(looks)}
    paths = [f"{setting.stem}{steps[look]}" for setting, look in zip(places, looks, strict=True)]
    return Links(
        dst_url=list(urls),
        dst_host=list(hosts),
        dst_domain=list(domains),
        dst_fragment=list(fragments),
        kind=[one.kind for one in own],
        rel=[rel.tokens for rel in rels],
        nofollow=[rel.nofollow for rel in rels],
        ugc=[rel.ugc for rel in rels],
        sponsored=[rel.sponsored for rel in rels],
        anchor_truncated=[*map(bool, shown[CUT]), *[False] * len(tail)],
        zone=[*[setting.zone for setting in places], *[HEADERS.zone] * len(tail)],
        dom_path=[*paths, *[directive.path for directive in tail]],
        origin=["html"] * len(looks) + [directive.origin for directive in tail],
    )


def _add_texts(links: Links, texts: Sequence[str], which: Sequence[int], tail: Sequence[Directive]) -> None:
    """Add the columns of texts, given those of the sources column after column, and the heading of each source."""
    number, more = len(which), len(tail)
    empty, nothing = [""] * more, [None] * more
    anchors, alts, titles, before, after = (texts[column * number :][:number] for column in range(5))
    headings = [text or None for text in texts[5 * number :]]
    links.anchor = [*anchors, *empty]
    links.alt = [*[text or None for text in alts], *nothing]
    links.title = [*[text or None for text in titles], *[tidy_or_none(directive.title) for directive in tail]]
    links.text_before = [*before, *empty]
    links.text_after = [*after, *empty]
    links.heading = [*[headings[heading] for heading in which], *nothing]
