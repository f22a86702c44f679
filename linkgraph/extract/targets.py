"""The references of one page → canonical targets.

Promises what a browser would ask for: WHATWG joining against the page's base, non-ASCII queries in the page's own
encoding. Refuses, and counts, what is longer than `linkgraph.urls.MAX_URL_LENGTH`; other schemes are no targets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from linkgraph.extract.encoders import escape_query
from linkgraph.urls import MAX_URL_LENGTH, Url, joiner

MAX_REFERENCE = 8192
"""Code points of a reference as written; four times the longest URL, for blanks and dot segments."""

_OTHER_SCHEME = re.compile(r"\s*+(?!https?:)[a-z][a-z0-9+.-]*+:", re.IGNORECASE)
_UNICODE = ("utf-8", "utf-16le", "utf-16be", "replacement")


class Targets:
    """Joins the references of one page, each distinct one once."""

    __slots__ = ("_encoding", "_join_one", "_seen", "too_long")

    def __init__(self, base: str, encoding: str | None = None) -> None:
        self._join_one = joiner(base)
        self._encoding = None if encoding is None or encoding in _UNICODE else encoding
        self._seen: dict[str, Url | None] = {}
        self.too_long = 0
        """References dropped because they, or what they mean, are too long."""

    def of(self, reference: str) -> Url | None:
        """Return the target of *reference*; None where it is no http(s) URL or too long."""
        return self.of_all([reference])[0]

    def of_all(self, references: Sequence[str | None]) -> list[Url | None]:
        """Return the target of each reference; None for None, for what is no http(s) URL, and for what is too long."""
        seen = self._seen
        for reference in references:
            if reference is not None and reference not in seen:
                seen[reference] = self._join(reference)
        return [None if reference is None else seen[reference] for reference in references]

    def _join(self, reference: str) -> Url | None:
        if len(reference) > MAX_REFERENCE:
            self.too_long += _OTHER_SCHEME.match(reference) is None
            return None
        if self._encoding is not None and not reference.isascii():
            reference = _encode_query(reference, self._encoding)
        target = self._join_one(reference)
        if target is not None and max(len(target.url), len(target.fragment or "")) > MAX_URL_LENGTH:
            self.too_long += 1
            return None
        return target


def _encode_query(reference: str, encoding: str) -> str:
    """Percent-encode the query's non-ASCII characters in the page's encoding (URL Standard 4.4, query state)."""
    front, mark, rest = reference.partition("?")
    query, hash_mark, fragment = rest.partition("#")
    if not mark or "#" in front or query.isascii():
        return reference
    return f"{front}?{escape_query(query, encoding)}{hash_mark}{fragment}"
