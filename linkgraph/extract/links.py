"""The sources of one page → the columns of its links.

Promises every column of `linkgraph.model.Links`, one row a distinct link, in document order. Works on columns, not on
links: a call for each link and step would cost more than the work itself. Refuses more than `MAX_LINKS` rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract.rel import Rel, link_kind, rel_of
from linkgraph.extract.rows import (
    ENTRY,
    HEADING,
    INSTANCES,
    IS_CUT,
    MANNER_OF,
    ORDINAL,
    PATH,
    TARGET,
    ZONE_OF,
    choose,
)
from linkgraph.extract.sheet import Sheet
from linkgraph.extract.strings import texts_of
from linkgraph.extract.survey import MANNER, REFERENCE
from linkgraph.extract.targets import Joined, Targets
from linkgraph.extract.text import tidy_or_none
from linkgraph.model import ZONES, Links
from linkgraph.urls import Url

_HEAD = ZONES.index("head")
"""The zone of links of HTTP headers and refreshes."""


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
    joined, numbers = _joined(sheet, targets, manners, resources=resources)
    manners = list(dict.fromkeys([*manners, *[Manner(one.kind, one.rel) for one in directives]]))
    rows, size, density, texts, paths, deepest, capped = _chosen(
        sheet, joined, numbers, manners, directives, resources=resources
    )
    if not rows.size:
        return Collected(Links(), capped, 0)
    told = rows.tolist()
    tail = [directives[entry - len(sheet.sources)] for entry in told[ENTRY][size:]]
    links = _columns(told, joined, manners, page.domain)
    _add_places(links, told, size, texts_of(paths), tail)
    _add_texts(links, sheet.texts(texts), told[HEADING][:size], tail)
    links.link_density = density.tolist() + [0.0] * len(tail)
    if nofollow:
        links.nofollow = [True] * len(links.nofollow)
    return Collected(links, capped, deepest)


@lru_cache(maxsize=1 << 12)
def manner_of(tag: str, rel: str, media_type: str) -> Manner:
    """Return the kind and rel of an element."""
    tokens = rel_of(rel)
    return Manner(link_kind(tokens, media_type) if tag == "link" else tag, tokens)


def _joined(
    sheet: Sheet, targets: Targets, manners: Sequence[Manner], *, resources: bool
) -> tuple[Joined, NDArray[np.int64]]:
    """Return the targets, and for each reference the number of its own; -1 for what is no http(s) URL.

    References of style sheets alone are not looked at but where they are plain.
    """
    joined, numbers, undecided = targets.of_plain(sheet.references)
    if undecided.size and not resources:
        kept = np.array([manner.kind != "style" for manner in manners])[sheet.sources[:, MANNER]]
        wanted = np.zeros(len(numbers), np.bool_)
        wanted[sheet.sources[kept, REFERENCE]] = True
        undecided = undecided[wanted[undecided]]
    for reference in undecided.tolist():
        target = targets.of(sheet.references.text(reference))
        if target is not None:
            numbers[reference] = joined.add(target)
    return joined, numbers


def _chosen(
    sheet: Sheet,
    joined: Joined,
    numbers: NDArray[np.int64],
    manners: Sequence[Manner],
    directives: Sequence[Directive],
    *,
    resources: bool,
) -> Any:
    """Return what `choose` does; *manners* are the distinct ones."""
    known = {one: -1 if one.kind == "style" and not resources else number for number, one in enumerate(manners)}
    manner = [known[manner_of(*manner)] for manner in sheet.manners]
    keys, empty = sheet.text_keys()
    extra = np.empty((len(directives), 5), np.int64)
    for row, one in enumerate(directives):
        extra[row] = joined.add(one.target), known[Manner(one.kind, one.rel)], empty, empty, _HEAD
    return choose(
        sheet.line,
        sheet.elements,
        sheet.sources,
        sheet.headings,
        sheet.places,
        sheet.visible,
        sheet.linked,
        keys,
        numbers,
        np.array(manner, np.int64),
        sheet.settings,
        sheet.steps,
        sheet.looks,
        extra,
    )


def _columns(told: Sequence[Sequence[int]], joined: Joined, manners: Sequence[Manner], domain: str) -> Links:
    """Return the columns that say what each row links to, and how."""
    rels = [manner.rel for manner in manners]
    by_target, by_manner = _picker(told[TARGET]), _picker(told[MANNER_OF])
    by_host = _picker(by_target(joined.host_of))
    return Links(
        dst_url=by_target(joined.urls),
        dst_host=by_host(joined.hosts),
        dst_domain=by_host(joined.domains),
        dst_fragment=by_target(joined.fragments),
        internal=by_host([other == domain for other in joined.domains]),
        kind=by_manner([manner.kind for manner in manners]),
        rel=by_manner([rel.tokens for rel in rels]),
        nofollow=by_manner([rel.nofollow for rel in rels]),
        ugc=by_manner([rel.ugc for rel in rels]),
        sponsored=by_manner([rel.sponsored for rel in rels]),
        zone=_picker(told[ZONE_OF])(ZONES),
        anchor_truncated=_picker(told[IS_CUT])((False, True)),
        ordinal=list(told[ORDINAL]),
        instances=list(told[INSTANCES]),
    )


def _picker(numbers: Sequence[int]) -> Callable[[Sequence[Any]], list[Any]]:
    """Return what makes a column: of some values those of *numbers*, in a quarter of a comprehension's time."""
    size = len(numbers)
    pick = itemgetter(*numbers) if size > 1 else lambda values: [values[number] for number in numbers]

    def column(values: Sequence[Any]) -> list[Any]:
        if size and values.count(values[0]) == len(values):
            return [values[0]] * size
        return list(pick(values))

    return column


def _add_places(
    links: Links, told: Sequence[Sequence[int]], size: int, paths: Sequence[str], tail: Sequence[Directive]
) -> None:
    """Add the columns that say where the rows stand, *size* rows of sources and a *tail* of others."""
    links.dom_path = [*_picker(told[PATH][:size])(paths), *[directive.path for directive in tail]]
    links.origin = ["html"] * size + [directive.origin for directive in tail]


def _add_texts(links: Links, texts: Sequence[str], which: Sequence[int], tail: Sequence[Directive]) -> None:
    """Add the columns of texts, given those of the sources column after column, and the heading of each source."""
    number, more = len(which), len(tail)
    empty: list[str] = [""] * more
    nothing: list[str | None] = [None] * more
    anchors, alts, titles, before, after = (texts[column * number :][:number] for column in range(5))
    headings = _or_none(texts[5 * number :])
    links.anchor = [*anchors, *empty]
    links.alt = _or_none(alts) + nothing
    links.title = _or_none(titles) + [tidy_or_none(directive.title) for directive in tail]
    links.text_before = [*before, *empty]
    links.text_after = [*after, *empty]
    links.heading = [*_picker(which)(headings), *nothing]


def _or_none(texts: Sequence[str]) -> list[str | None]:
    return [text or None for text in texts] if any(texts) else [None] * len(texts)
