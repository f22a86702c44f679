"""A link's target → whether the crawl follows it, and if not, for which reason of the closed list.

Promises that the answer depends on the run's options and the link alone, so that replaying the log decides alike.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

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

SCOPE_REASONS = ("scope:domain", "scope:depth", "scope:nofollow", "scope:kind", "redirect:limit")
"""Reasons that a later, better link to the same URL can lift."""


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

    def options(self) -> dict[str, Any]:
        """Return the scope as plain values, for the run's log."""
        return {**asdict(self), "domains": sorted(self.domains)}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Scope:
        """Rebuild a scope from what `options` returned."""
        return cls(**{**options, "domains": frozenset(options["domains"])})

    def refuses(self, target: Target, depth: int, hops: int) -> str | None:
        """Return the reason why *target* is not followed at *depth* after *hops* redirects; None if it is."""
        kind = target.kind
        if kind not in FOLLOWED_KINDS and not (kind == "link" and FOLLOWED_RELS.intersection(target.rel)):
            return "scope:kind"
        if self.follow == "seeds" and target.domain not in self.domains:
            return "scope:domain"
        if self.depth is not None and depth > self.depth:
            return "scope:depth"
        if target.nofollow and not self.follow_nofollow:
            return "scope:nofollow"
        if hops > MAX_REDIRECTS:
            return "redirect:limit"
        return unfit(target.url, kind)


def unfit(url: str, kind: str) -> str | None:
    """Return why *url* can hold no links whoever links to it (`url:too-long`, `scope:file-type`), else None."""
    if len(url) > MAX_URL_LENGTH:
        return "url:too-long"
    if kind != "sitemap":
        # A canonical URL has its path after the third slash, and no fragment.
        name = url.partition("?")[0].split("/", 3)[-1].rpartition("/")[2]
        if name.rpartition(".")[2].lower() in FILE_TYPES and "." in name:
            return "scope:file-type"
    return None
