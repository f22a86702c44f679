"""A deny-list, a host, domain or URL prefix a line → may this URL be asked for?

Promises that a changed file counts within two seconds, while a crawl runs, and that a host that is denied covers the
hosts below it. Refuses a line that is none of the three, so that a slip is not taken for consent.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from linkgraph.errors import UsageError
from linkgraph.fetch.refusals import RefusedRequest
from linkgraph.urls import resolve, split

logger = logging.getLogger(__name__)

REREAD_SECONDS = 1.0
"""Seconds between two looks at the file; a look costs two microseconds."""

REASON = "consent:denied"

_SCHEME = re.compile(r"https?://", re.IGNORECASE)


class DenyList:
    """The hosts and URL prefixes that are not asked for anything."""

    def __init__(self, lines: Iterable[str], source: str = "deny-list") -> None:
        """Read *lines*; empty ones and those that begin with `#` are skipped. What is none of ours is in `problems`."""
        self.problems: list[str] = []
        self._hosts: set[str] = set()
        self._prefixes: dict[str, list[str]] = {}
        for number, line in enumerate(lines, 1):
            text = line.partition("#")[0].strip() if line.lstrip().startswith("#") else line.strip()
            if text and not self._add(text):
                self.problems.append(f"{source}:{number}: {text[:100]!r} is no host, domain or URL")

    def __len__(self) -> int:
        return len(self._hosts) + sum(map(len, self._prefixes.values()))

    def _add(self, text: str) -> bool:
        found = resolve(text if _SCHEME.match(text) else f"http://{text}")
        if found is None or " " in text or "\t" in text:
            return False
        if "." not in found.host and found.host != "localhost":  # a word is a slip, not a host
            return False
        rest = found.url.split("/", 3)[3]
        if not rest:
            self._hosts.add(found.host)
            return True
        schemes = (found.url.partition(":")[0],) if _SCHEME.match(text) else ("http", "https")
        self._prefixes.setdefault(found.host, []).extend(
            f"{scheme}:{found.url.partition(':')[2]}" for scheme in schemes
        )
        return True

    def denies(self, url: str) -> bool:
        """Tell whether *url*, a canonical URL, is denied: by its host, a host above it, or a prefix."""
        found = split(url)
        if found is None:
            return False
        if self._hosts:
            host = found.host
            while host:
                if host in self._hosts:
                    return True
                host = host.partition(".")[2]
        return any(url.startswith(prefix) for prefix in self._prefixes.get(found.host, ()))


class DenyFile:
    """The deny-list in a file, read again whenever the file has changed."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            UsageError: it cannot be read, or a line is no host, domain or URL.
        """
        self._path = path
        self._looked = float("-inf")
        self._signature = _signature(path)
        self._list = _read(path)
        if self._list.problems:
            raise UsageError("LINKGRAPH_DENY: " + "\n".join(self._list.problems[:20]))

    def denies(self, url: str, now: float) -> bool:
        """Tell whether *url* is denied at *now*, seconds of a monotonic clock."""
        if now - self._looked >= REREAD_SECONDS:
            self._looked = now
            self._look()
        return self._list.denies(url)

    def _look(self) -> None:
        try:
            if (signature := _signature(self._path)) == self._signature:
                return
            found = _read(self._path)
        except UsageError as error:
            logger.warning("%s; the list that was read before still counts", error)
            return
        self._signature, self._list = signature, found
        logger.warning("LINKGRAPH_DENY: %s was read again, %d entries", self._path, len(found))
        for problem in found.problems[:20]:
            logger.warning("LINKGRAPH_DENY: %s", problem)


class ConsentMiddleware:
    """Lets no request go to what the deny-list names, robots.txt included."""

    def __init__(self, deny: DenyFile) -> None:
        self._deny = deny

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ConsentMiddleware:
        """Read the list.

        Raises:
            NotConfigured: there is none.
            UsageError: it cannot be used.
        """
        deny = deny_file(crawler.settings)
        if deny is None:
            raise NotConfigured
        return cls(deny)

    def process_request(self, request: Request) -> None:
        """Let *request* go on.

        Raises:
            RefusedRequest: the list denies it.
        """
        if self._deny.denies(request.url, time.monotonic()):
            raise RefusedRequest(REASON, request.url)


def deny_file(settings: Any) -> DenyFile | None:
    """Return the deny-list that the Scrapy *settings* name, if they name one.

    Raises:
        UsageError: it cannot be used.
    """
    path = settings.get("LINKGRAPH_DENY")
    return DenyFile(Path(path)) if path else None


def _signature(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise UsageError(_unreadable(path, error)) from error
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> DenyList:
    try:
        return DenyList(path.read_text(encoding="utf-8-sig", errors="replace").splitlines(), str(path))
    except OSError as error:
        raise UsageError(_unreadable(path, error)) from error


def _unreadable(path: Path, error: OSError) -> str:
    return f"LINKGRAPH_DENY: {path} cannot be read ({error.strerror}); give a text file, a host, domain or URL a line"
