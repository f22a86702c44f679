"""rel attributes and media types → the flags and the kind of a link.

Promises every token, lower case, in the order it is written. Refuses nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

MAX_REL = 256
"""Code points of a rel attribute that are read."""

FEED_TYPES = frozenset({"application/atom+xml", "application/feed+json", "application/rss+xml"})
"""Media types that make a `rel=alternate` link one of kind `feed`."""


class Rel(NamedTuple):
    """A rel attribute."""

    tokens: tuple[str, ...] = ()
    nofollow: bool = False
    ugc: bool = False
    sponsored: bool = False


NO_REL = Rel()


def rel_of(value: str | None) -> Rel:
    """Return the tokens of a rel attribute; commas part them too, as search engines read them."""
    return _rel(value[:MAX_REL]) if value else NO_REL


@lru_cache(maxsize=1 << 12)
def _rel(value: str) -> Rel:
    tokens = tuple(value.lower().replace(",", " ").split())
    return Rel(tokens, "nofollow" in tokens, "ugc" in tokens, "sponsored" in tokens)


def link_kind(rel: Rel, media_type: str | None) -> str:
    """Return the kind of a `<link>` or header link: `feed`, `style` (a style sheet, a resource) or `link`."""
    if "alternate" in rel.tokens and (media_type or "").partition(";")[0].strip().lower() in FEED_TYPES:
        return "feed"
    return "style" if "stylesheet" in rel.tokens else "link"
