"""A document → the elements that extraction looks at, in document order.

Promises one walk over the tree. What no reader sees is emptied on the way (scripts, styles, templates, fallbacks of
frames, text of noscript), so that texts read afterwards are visible ones. Refuses links inside templates.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from turbohtml import Document, Element, Namespace, Text

MAX_SOURCES = 50_000
"""Link elements looked at on one page."""

_SOURCES = frozenset({"a", "area", "form", "frame", "iframe", "link"})
_RESOURCES = frozenset({"img", "script"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_HIDDEN = frozenset({"iframe", "noembed", "noframes", "script", "style"})
_FIRSTS = frozenset({"base", "body", "html", "title"})
_FOREIGN = frozenset({"math", "svg"})
_TAGS = tuple(_SOURCES | _HEADINGS | _HIDDEN | _FIRSTS | _FOREIGN | {"meta", "noscript"})


@dataclass(slots=True)
class Outline:
    """The elements of one document that say something about it or link to elsewhere."""

    sources: list[Element] = field(default_factory=list)
    """Elements that may link."""
    tags: list[str] = field(default_factory=list)
    """The tag of each source."""
    above: list[int] = field(default_factory=list)
    """How many headings began before each source."""
    headings: list[Element] = field(default_factory=list)
    metas: list[Element] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    """Source addresses and texts of the scripts."""
    tables: list[Element] = field(default_factory=list)
    firsts: dict[str, Element] = field(default_factory=dict)
    """The first html, body and title element, and the first base element that has an href."""
    capped: bool = False
    """Whether there were more link elements than `MAX_SOURCES`."""


def outline(document: Document, *, resources: bool = False) -> Outline:  # noqa: C901 - one walk, one branch a kind
    """Return the outline of *document*, whose unseen text is gone afterwards.

    With *resources*, images and scripts are sources too.
    """
    found = Outline()
    sources, tags, above, headings = found.sources, found.tags, found.above, found.headings
    _take_templates_out(document)
    noscripts: list[Element] = []
    drawn: list[Element] = []
    wanted = _SOURCES | _RESOURCES if resources else _SOURCES
    foreign = False
    for element in document.iter_elements((*_TAGS, "img") if resources else _TAGS):
        tag = element.tag
        if tag in wanted:
            if foreign and element.namespace is not Namespace.HTML:
                continue
            sources.append(element)
            tags.append(tag)
            above.append(len(headings))
            if tag in _HIDDEN:
                _hide(found, element, tag)
        elif tag in _FOREIGN:
            foreign = True
        elif tag == "noscript":
            noscripts.append(element)
        elif not foreign or element.namespace is Namespace.HTML:
            _sort(found, element, tag)
        elif tag in _HIDDEN:
            drawn.append(element)  # emptied after the walk, which may stand inside it
        if len(sources) >= MAX_SOURCES:
            found.capped = True
            break
    for element in drawn:
        element.clear()
    _silence(noscripts)
    return found


def _take_templates_out(document: Document) -> None:
    """Remove the templates before the walk: taken out during it, they would end it."""
    for template in document.find_all("template"):
        if template.namespace is Namespace.HTML:
            template.extract()


def _sort(found: Outline, element: Element, tag: str) -> None:
    if tag in _HEADINGS:
        found.headings.append(element)
    elif tag in _HIDDEN:
        _hide(found, element, tag)
    elif tag == "meta":
        found.metas.append(element)
    elif tag == "table":
        found.tables.append(element)
    elif tag != "base" or element.attr("href") is not None:
        found.firsts.setdefault(tag, element)


def _hide(found: Outline, element: Element, tag: str) -> None:
    if tag == "script" and (source := element.attr("src")):
        found.scripts.append(source)
    if len(element):
        if tag == "script":
            found.scripts.append(element.text)
        element.clear()


def _silence(noscripts: list[Element]) -> None:
    """Remove the text of noscript elements; a link inside one keeps its own."""
    for noscript in noscripts:
        parent = noscript.parent
        if parent is None or parent.closest("noscript") is not None:
            continue
        for node in list(noscript.descendants):
            if isinstance(node, Text) and not node.data.isspace():
                link = node.closest("a, noscript")
                if link is None or link.tag == "noscript":
                    node.extract()
