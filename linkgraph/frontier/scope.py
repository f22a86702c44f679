"""A link's target → whether the crawl follows it, and if not, for which reason of the closed list.

Promises that the answer depends on the run's options and the link alone, so that replaying the log decides alike.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from linkgraph.frontier.budgets import Limits
from linkgraph.frontier.traps import is_pathological
from linkgraph.urls import MAX_URL_LENGTH

FOLLOWED_KINDS = frozenset({"a", "area", "frame", "iframe", "redirect", "refresh", "sitemap"})
"""Kinds whose target is a page that a reader or a crawler is sent to."""

FOLLOWED_RELS = frozenset({"canonical", "next", "prev", "alternate"})
"""`<link>` relations that name pages (HTML Living Standard 4.6.7); stylesheets, icons and the like are no pages."""

MAX_REDIRECTS = 5
"""RFC 9309 2.3.1.2 asks robots to follow at least five; browsers stop at 20, other crawlers at 5."""

SAME_DEPTH_KINDS = frozenset({"redirect", "refresh"})
"""A redirect leads to the same place, so it costs no depth; `MAX_REDIRECTS` bounds it instead."""

FILE_TYPES = frozenset(
    {
        "7z", "aac", "apk", "avi", "bin", "bmp", "bz2", "css", "csv", "deb", "dmg", "doc", "docx", "eot",
        "epub", "exe", "flac", "flv", "gif", "gz", "ico", "iso", "jar", "jpeg", "jpg", "js", "json", "m4a",
        "m4v", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "msi", "odp", "ods", "odt", "ogg", "otf", "pdf",
        "png", "ppt", "pptx", "ps", "psd", "rar", "rpm", "rtf", "svg", "swf", "tar", "tgz", "tif", "tiff",
        "ttf", "txt", "wav", "webm", "webp", "wmv", "woff", "woff2", "xls", "xlsx", "xz", "zip", "zst",
    }
)  # fmt: skip
"""Path suffixes of files that hold no HTML links: fetching them costs the site and yields nothing."""

LINK_REASONS = ("scope:kind", "scope:nofollow", "scope:file-type", "redirect:limit")
"""Reasons that lie in the link, not in the URL: a later, better link to the same URL lifts them."""

RUN_REASONS = ("scope:domain", "scope:depth")
"""Reasons that lie in the run's options: other options lift them, and so does a shorter way to the URL."""


class Target(NamedTuple):
    """What the frontier needs to know of one link."""

    url: str
    host: str
    domain: str
    kind: str
    rel: Collection[str]
    nofollow: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """The options of a run that decide what is followed and how much."""

    follow: str = "seeds"
    """`seeds`: only the registrable domains of the seeds; `all`: every domain."""
    domains: frozenset[str] = frozenset()
    """Registrable domains of the seeds."""
    depth: int | None = None
    """Most link hops from a seed; None for no limit."""
    max_pages: int | None = None
    max_pages_per_domain: int | None = None
    follow_nofollow: bool = False
    max_pages_per_host: int = 0
    """URLs of one host that are let into the frontier; 0 for no limit, as for the next two."""
    pattern_pages: int = 0
    """URLs that are alike but for numbers and parameters' values, before their pages must have earned more."""
    max_hosts_per_domain: int = 0

    @property
    def limits(self) -> Limits:
        """What a host, a pattern and a domain may take; a budget of each domain raises that of its hosts."""
        host = self.max_pages_per_host and max(self.max_pages_per_host, self.max_pages_per_domain or 0)
        return Limits(host, self.pattern_pages, self.max_hosts_per_domain)

    def options(self) -> dict[str, Any]:
        """Return the scope as plain values, for the run's log."""
        return {**asdict(self), "domains": sorted(self.domains)}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Scope:
        """Rebuild a scope from what `options` returned."""
        return cls(**{**options, "domains": frozenset(options["domains"])})

    def refuses(self, target: Target, depth: int, hops: int) -> str | None:
        """Return the reason why *target* is not followed at *depth* after *hops* redirects; None if it is."""
        # The run's reasons last: a URL that carries one lacks nothing else, and another scope lifts it as it is.
        return self._refuses_link(target, hops) or self._refuses_place(target, depth)

    def _refuses_link(self, target: Target, hops: int) -> str | None:
        kind = target.kind
        if kind not in FOLLOWED_KINDS and not (kind == "link" and FOLLOWED_RELS.intersection(target.rel)):
            return "scope:kind"
        if reason := unfit(target.url, kind):
            return reason
        if target.nofollow and not self.follow_nofollow:
            return "scope:nofollow"
        if hops > MAX_REDIRECTS:
            return "redirect:limit"
        return None

    def _refuses_place(self, target: Target, depth: int) -> str | None:
        if self.follow == "seeds" and target.domain not in self.domains:
            return "scope:domain"
        if self.depth is not None and depth > self.depth:
            return "scope:depth"
        return None


def unfit(url: str, kind: str) -> str | None:
    """Return why *url* is not fetched whoever links to it: too long, a password, a file's suffix, a loop of a path."""
    if len(url) > MAX_URL_LENGTH:
        return "url:too-long"
    # A canonical URL has its path after the third slash, and no fragment.
    parts = url.partition("?")[0].split("/", 3)
    if "@" in parts[2]:
        return "url:credentials"
    name = parts[-1].rpartition("/")[2]
    suffix = name.rpartition(".")[2].lower()
    if suffix in FILE_TYPES and "." in name and not (suffix == "gz" and kind == "sitemap"):
        return "scope:file-type"
    return "trap:path" if is_pathological(url) else None


def one_host(host: str) -> str:
    """Return the name under which a host is asked: a dot at its end makes no other host of it."""
    return host.rstrip(".") or host
