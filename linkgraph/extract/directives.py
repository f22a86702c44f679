"""Robots directives, refreshes and `Link` headers as sites write them → what they say to this crawler.

Promises a result for any text: malformed parts are skipped, never raised. Refuses directives that are scoped to
another crawler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

PRODUCT_TOKEN = "linkgraph"  # noqa: S105 - RFC 9309's word for a crawler's name
"""The name by which robots meta elements and `X-Robots-Tag` headers address this crawler."""

MAX_VALUE = 16_384
"""Code points of a directive or header that are read."""

MAX_HEADER_LINKS = 1_000
"""Links read from `Link` headers; a larger header than the 64 KiB that a client accepts cannot hold more."""

_VALUED = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
"""Directives that carry a colon themselves, so that their name is not a crawler's."""


_PREVIEW = re.compile(r"max-image-preview\s*+:\s*+\w++")
"""A directive with a value that may read `none`, which says nothing of the page."""


class Robots(NamedTuple):
    """What a page's robots directives forbid."""

    noindex: bool = False
    nofollow: bool = False

    def also(self, value: str) -> Robots:
        """Return these directives and those of one meta element's content."""
        words = set(re.split(r"[\s,;]+", _PREVIEW.sub("", value[:MAX_VALUE].lower())))
        both = "none" in words
        return Robots(self.noindex or both or "noindex" in words, self.nofollow or both or "nofollow" in words)


_UNAVAILABLE = re.compile(r"unavailable_after\s*+:\s*+([^;]*+)", re.IGNORECASE)
_DIRECTIVE = re.compile(r",\s*+(?=[a-z_-]++\s*+(?::|,|\Z))", re.IGNORECASE)


def is_over(value: str, now: str | None) -> bool:
    """Tell whether an `unavailable_after` of *value* lies before *now*, the `Date` of the answer that says so.

    Dates of RFC 9110 5.6.7, RFC 850 and ISO 8601; what is none of them says nothing.
    """
    found = None if _is_for_another(value) else _UNAVAILABLE.search(value[:MAX_VALUE])
    end = _moment(_DIRECTIVE.split(found[1])[0].strip()[:64]) if found else None
    moment = _moment(now or "")
    return end is not None and moment is not None and end < moment


def _is_for_another(value: str) -> bool:
    name, colon, _ = value[:MAX_VALUE].partition(":")
    return bool(colon) and "," not in name and name.strip().lower() not in (*_VALUED, PRODUCT_TOKEN)


def _moment(text: str) -> datetime | None:
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(text)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        except (TypeError, ValueError, OverflowError):
            continue
    return None


def robots_of_headers(values: Iterable[str]) -> Robots:
    """Return what `X-Robots-Tag` headers say to this crawler or to all.

    `otherbot: nofollow` addresses another crawler, and so does what follows after a comma until a name appears again.
    """
    robots = Robots()
    for value in values:
        mine = True
        for part in value[:MAX_VALUE].split(","):
            name, colon, rest = part.partition(":")
            name = name.strip().lower()
            if colon and name not in _VALUED:
                mine = name == PRODUCT_TOKEN
                part = rest  # noqa: PLW2901 - the directive after the name stands where the part stood
            if mine:
                robots = robots.also(part)
    return robots


_REFRESH = re.compile(
    r"\s*+(?:\d++[.\d]*+|\.[.\d]*+)(?:\s*+[;,]|\s)\s*+(?:url\s*+=\s*+)?+(.*+)", re.IGNORECASE | re.DOTALL
)


def refresh_target(value: str) -> str | None:
    """Return the reference that a refresh points to; None where it only reloads (HTML Standard, 4.2.5.3)."""
    found = _REFRESH.fullmatch(value[:MAX_VALUE])
    if found is None:
        return None
    reference: str = found[1]
    if reference[:1] in ("'", '"'):
        reference = reference[1:].partition(reference[0])[0]
    return reference.strip() or None


class HeaderLink(NamedTuple):
    """One link of a `Link` header."""

    reference: str
    rel: str
    type: str
    title: str | None


_PARAMETER = re.compile(
    r"""\s*+;\s*+([\w!#$&+.^`|~*-]++)\s*+(?:=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;,"]*+)))?+""", re.ASCII
)


def links_of_header(value: str) -> Iterator[HeaderLink]:
    """Yield the links of one `Link` header value (RFC 8288, appendix B.2).

    Links whose `anchor` parameter names another context than the page are left out: they are not the page's links.
    """
    at = 0
    end = min(len(value), 1 << 16)
    while (start := value.find("<", at, end)) >= 0 and (close := value.find(">", start, end)) >= 0:
        at = close + 1
        parameters: dict[str, str] = {}
        while found := _PARAMETER.match(value, at, end):
            at = found.end()
            parameters.setdefault(found[1].lower(), re.sub(r"\\(.)", r"\1", found[2] or "") or found[3] or "")
        if "anchor" not in parameters:
            yield HeaderLink(
                value[start + 1 : close].strip(),
                parameters.get("rel", ""),
                parameters.get("type", ""),
                parameters.get("title"),
            )
