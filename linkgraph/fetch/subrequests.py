"""What a page under scripts asks for → fetched, answered with nothing, or refused with a word that is counted.

Promises bounds for each page: so many requests, so many bytes. Pure: whoever fetches asks here first. Refuses all
that adds no link: images, fonts, media, frames, sockets, beacons; and what is no GET: a crawler changes nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_REQUESTS = 100
"""Sub-requests fetched for one page; the median of the HTTP Archive's pages has 70, images and fonts included."""

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of sub-requests fetched for one page; the median page has 0.6 MB of scripts."""

CACHE_BYTES = 32 * 1024 * 1024
"""Scripts kept for the pages that follow: an application's bundle is asked for once a browser, not once a page."""

CACHED_SECONDS = 3600.0

_FETCHED = frozenset({"script", "xhr", "fetch"})
_EMPTY = frozenset({"stylesheet"})


class Answer(NamedTuple):
    """What a sub-request is answered with."""

    status: int
    headers: dict[str, str]
    body: bytes


NOTHING = Answer(200, {"content-type": "text/css"}, b"")
"""A style sheet moves no link; a script that waits for one to load must not wait for ever."""


@dataclass(slots=True)
class Visit:
    """One page in the browser: what it has asked for so far."""

    url: str
    """Without fragment."""
    begun: bool = False
    """Whether the document was handed out."""
    active: int = 0
    """Sub-requests under way."""
    answered: int = 0
    """Sub-requests that have ended."""
    fetched: int = 0
    size: int = 0
    went_to: list[str] = field(default_factory=list)
    """Addresses that scripts tried to send the page to."""

    def refuses(self, kind: str, method: str, url: str) -> str | None:
        """Return why a sub-request is not fetched, in a word for the counter; None where it is.

        Args:
            kind: the browser's resource type.
            method: of HTTP.
            url: absolute.
        """
        if not url.startswith(("http://", "https://")):
            return "scheme"
        if kind not in _FETCHED and kind not in _EMPTY:
            return "kind"
        if method != "GET":
            return "method"
        if self.fetched >= MAX_REQUESTS:
            return "count"
        return "bytes" if self.size >= MAX_BYTES else None

    @staticmethod
    def empty(kind: str) -> bool:
        """Tell whether *kind* is answered with `NOTHING`."""
        return kind in _EMPTY


class ScriptCache:
    """Scripts by URL, least recently used out first, within `CACHE_BYTES`."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, Answer]] = OrderedDict()
        self._size = 0

    def get(self, url: str, now: float) -> Answer | None:
        """Return what *url* was answered with within the last hour."""
        kept = self._kept.get(url)
        if kept is None or now - kept[0] > CACHED_SECONDS:
            return None
        self._kept.move_to_end(url)
        return kept[1]

    def put(self, url: str, answer: Answer, now: float) -> None:
        """Keep *answer*."""
        if old := self._kept.pop(url, None):
            self._size -= len(old[1].body)
        self._kept[url] = now, answer
        self._size += len(answer.body)
        while self._size > CACHE_BYTES:
            self._size -= len(self._kept.popitem(last=False)[1][1].body)
