"""The references of one page → canonical targets.

Promises what a browser would ask for: WHATWG joining against the page's base, non-ASCII queries in the page's own
encoding. Refuses, and counts, what is longer than `linkgraph.urls.MAX_URL_LENGTH`; other schemes are no targets.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from linkgraph.extract.encoders import escape_query
from linkgraph.extract.joining import join_plain
from linkgraph.extract.strings import SEED, Texts, texts_of
from linkgraph.urls import MAX_URL_LENGTH, Url, cut, registrable_domain, resolve

MAX_REFERENCE = 8192
"""Code points of a reference as written; four times the longest URL, for blanks and dot segments."""

_OTHER_SCHEME = re.compile(r"\s*+(?!https?:)[a-z][a-z0-9+.-]*+:", re.IGNORECASE)
_UNICODE = ("utf-8", "utf-16le", "utf-16be", "replacement")


class Joined(NamedTuple):
    """The distinct targets of one page, their hosts, and a table of the targets' numbers for those to come."""

    urls: list[str]
    fragments: list[str | None]
    host_of: list[int]
    """The number of each target's host."""
    hosts: list[str]
    domains: list[str]
    known: dict[tuple[str, str | None], int]

    def add(self, target: Url) -> int:
        """Return the number of *target*, a new one where it is not there yet."""
        if not self.known:
            self.known.update((key, number) for number, key in enumerate(zip(self.urls, self.fragments, strict=True)))
        number = self.known.setdefault((target.url, target.fragment), len(self.urls))
        if number == len(self.urls):
            self.urls.append(target.url)
            self.fragments.append(target.fragment)
            self.host_of.append(len(self.hosts))
            self.hosts.append(target.host)
            self.domains.append(target.domain)
        return number


class Targets:
    """Joins the references of one page, each distinct one once."""

    __slots__ = ("_base", "_encoding", "_seen", "too_long")

    def __init__(self, base: str, encoding: str | None = None) -> None:
        self._base = base
        self._encoding = None if encoding is None or encoding in _UNICODE else encoding
        self._seen: dict[str, Url | None] = {}
        self.too_long = 0
        """References dropped because they, or what they mean, are too long."""

    def of(self, reference: str) -> Url | None:
        """Return the target of *reference*; None where it is no http(s) URL or too long."""
        if reference not in self._seen:
            self._seen[reference] = self._join(reference)
        return self._seen[reference]

    def of_plain(self, references: Texts) -> tuple[Joined, NDArray[np.int64], NDArray[np.int64]]:
        """Return the distinct targets of *references*, each one's number among them, and which ones `of` must join.

        The number of these is -1.
        """
        base = cut(self._base)
        whole = f"{base.document}{base.query}{base.host}".encode()
        steps = map(len, (base.origin, base.directory, base.document, f"{base.document}{base.query}"))
        numbers, left, urls, fragments, host_of, found = join_plain(
            references.joined, references.ends, np.frombuffer(whole, np.uint8), np.array([*steps, len(whole)]), SEED
        )
        hosts = texts_of(found)
        ends = fragments.size == host_of.size  # of each nothing but its end: nearly always
        return (
            Joined(
                texts_of(urls),
                [None] * host_of.size
                if ends
                else [fragment[1:] if fragment else None for fragment in texts_of(fragments)],
                host_of.tolist(),
                hosts,
                [base.domain, *map(registrable_domain, hosts[1:])],
                {},
            ),
            numbers,
            left,
        )

    def _join(self, reference: str) -> Url | None:
        if len(reference) > MAX_REFERENCE:
            self.too_long += _OTHER_SCHEME.match(reference) is None
            return None
        if self._encoding is not None and not reference.isascii():
            reference = _encode_query(reference, self._encoding)
        target = resolve(reference, self._base)
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
