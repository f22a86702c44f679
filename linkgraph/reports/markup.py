"""Strings → HTML. The one place that escapes: whatever is not `Markup` already is text.

Promises that a string from the web becomes neither an element, an attribute, a script nor a request: text is escaped,
control and bidirectional characters are made visible, and an address is an http(s) link or no link at all.
"""

from __future__ import annotations

from html import escape

from linkgraph.reports.terminal import safe
from linkgraph.urls import resolve

NOTHING = "\N{EN DASH}"
"""Stands where there is no value."""

_VOID = frozenset({"meta", "link", "br", "wbr"})
_LOADS = frozenset({"src", "srcset", "action", "formaction", "data", "poster", "background", "style"})
"""Attributes that fetch or run something: a page of ours needs none with a value that is not ours."""


class Markup(str):
    """HTML that is ready to be written; only this module makes it."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return *value* as HTML text: Markup as it is, None as nothing, all else escaped."""
    if value is None:
        return Markup("")
    return value if isinstance(value, Markup) else Markup(escape(safe(str(value)), quote=True))


def join(*children: object) -> Markup:
    """Return the children one after the other."""
    return Markup("".join(map(text, children)))


def trusted(source: str) -> Markup:
    """Return *source*, which is a file of this package and holds nothing from anywhere else, unescaped."""
    return Markup(source)


def tag(element: str, /, *children: object, **attributes: object) -> Markup:
    """Return an element.

    Args:
        element: its name; a literal of the calling code.
        children: text to be escaped, or Markup.
        attributes: `class_` is written class and `aria_label` aria-label; None leaves one out, True gives no value.

    Raises:
        ValueError: an attribute that would load or run something.
    """
    written = "".join(_attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    opening = f"<{element}{written}>"
    return Markup(opening if element in _VOID else f"{opening}{join(*children)}</{element}>")


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    if name in _LOADS or name.startswith("on") or (name == "href" and not str(value).startswith(_TARGETS)):
        raise ValueError(f"{name}={str(value)[:80]!r} is nothing that a report may hold; links are made by `link`")
    return f" {name}" if value is True else f' {name}="{text(value)}"'


_TARGETS = ("http://", "https://", "#", "data:,")


def link(url: str, content: object) -> Markup:
    """Return *content* as a link that tells *url* nothing of its reader; no link where *url* is not http(s)."""
    found = resolve(url)
    if found is None:
        return text(content)
    return tag("a", content, href=found.url, rel="noopener nofollow noreferrer", referrerpolicy="no-referrer")


def foreign(value: object) -> Markup:
    """Return text from the web, kept apart from the direction of the text around it."""
    return tag("bdi", value)


def domain(name: str) -> Markup:
    """Return a domain that breaks at its dots where a line is too short for it."""
    labels = name.split(".")
    return tag("bdi", labels[0], *(join(tag("wbr"), f".{label}") for label in labels[1:]))
