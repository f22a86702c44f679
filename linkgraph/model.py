"""What travels between stages: `Page` (one row) and `Links` (the columns of one page's links).

Promises that every list of a `Links` has the same length, in document order. Holds no behaviour that needs a library.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

LINK_KINDS = ("a", "area", "form", "frame", "iframe", "link", "redirect", "refresh", "feed", "sitemap")
"""Kinds of link that are always kept; `RESOURCE_KINDS` only on request."""

RESOURCE_KINDS = ("img", "script", "style")

ZONES = ("content", "nav", "header", "footer", "aside", "comments", "form", "head")

ORIGINS = ("html", "rendered", "both", "http-header", "sitemap", "feed", "import")

OUTCOMES = (
    "fetched",
    "not-modified",
    "redirected",
    "refused-by-robots",
    "refused-by-guard",
    "excluded",
    "failed",
)

REASONS: dict[str, str] = {
    "redirect": "the server answered with a redirect; its target is a link of kind redirect",
    "redirect:limit": "more redirects in a row than the limit",
    "redirect:target": "the server redirects to something that is no http(s) URL",
    "http:status": "the server answered with an error status",
    "http:malformed": "what came is no HTTP",
    "http:headers": "more header bytes or header lines than the limit",
    "http:interim": "more 1xx answers before the answer itself than the limit",
    "http:coding": "a content coding that was not asked for, more than two of them, or one that is broken",
    "content:type": "the answer is not HTML; it was not parsed",
    "parser:links-capped": "more links than the limit; the first ones were kept",
    "parser:depth": "the document nests deeper than the parser keeps apart",
    "render:crashed": "the browser crashed over the page, twice; its links are those of the HTML",
    "render:timeout": "the browser was not done with the page in time; its links are those of the HTML",
    "extract:error": "extraction raised; the page was kept without links",
    "extract:deadline": "reading the answer took more processor seconds than the limit",
    "robots:disallowed": "robots.txt disallows the URL for this crawler",
    "robots:unreachable": "robots.txt could not be had (5xx, 429, network); RFC 9309 2.3.1.4 says disallow",
    "robots:forbidden": "robots.txt answers 401 or 403, and LINKGRAPH_ROBOTS_FORBIDDEN is deny",
    "guard:private-address": "the host resolves to an address that is not global",
    "guard:scheme": "a scheme other than http and https",
    "guard:port": "a port other than 80, 443 or one that the user allowed",
    "guard:no-contact": "a target outside loopback without LINKGRAPH_CONTACT",
    "dns:failed": "the host name has no address",
    "tls:expired": "the certificate is past its time, or its time has not come",
    "tls:untrusted": "the certificate is signed by itself or by an authority that this machine does not know",
    "tls:wrong-host": "the certificate is another host's",
    "tls:protocol": "the server speaks no TLS, or only a version that is no longer safe",
    "tls:invalid": "the certificate is not valid for another cause",
    "transport:timeout": "no complete answer within the time limit",
    "transport:slow": "the server sends slower than the least rate that is worth a connection",
    "transport:refused": "the connection was refused",
    "transport:failed": "the connection broke before the answer was complete",
    "host:failing": "the host failed time after time; what was left of it was not asked for",
    "scope:domain": "outside the domains of the seeds, under follow=seeds",
    "scope:depth": "deeper than the depth limit",
    "revisit:not-due": "an earlier run saw the page, and it is not due again",
    "scope:nofollow": "found only through links marked nofollow",
    "scope:kind": "the kind of link is recorded but not followed",
    "scope:file-type": "the path ends in a suffix of a file that holds no links",
    "budget:domain": "the domain has used its page budget",
    "budget:host": "the host has used its page budget",
    "budget:run": "the run has used its page budget",
    "trap:pattern": "URLs alike but for numbers and values have used their budget, and brought little new text",
    "trap:facets": "more sets of parameter names on one path than the limit",
    "trap:duplicate": "pages of its pattern or folder were the same, byte for byte, many times in a row",
    "trap:path": "the path is deeper than the limit, or a segment stands in it more than twice",
    "trap:hosts": "its domain has used its budget of hosts",
    "consent:denied": "the deny-list names its host, its domain or the beginning of its URL",
    "url:too-long": "the URL is longer than the limit",
    "url:credentials": "the URL carries a user name or a password; none is ever sent",
}
"""The closed list: every reason that a page or a frontier state may carry, and what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One fetched, refused or failed page: the row of the pages table, less `run`."""

    url: str
    host: str
    domain: str
    fetched_at: datetime | None = None
    """When the answer was complete, UTC."""
    status: int | None = None
    outcome: str = "fetched"
    outcome_reason: str | None = None
    redirect_to: str | None = None
    content_type: str | None = None
    charset: str | None = None
    language: str | None = None
    title: str | None = None
    canonical_url: str | None = None
    noindex: bool = False
    nofollow: bool = False
    content_length: int | None = None
    """Bytes of the decoded body that was parsed."""
    content_digest: str | None = None
    """SHA-256 of those bytes, hexadecimal."""
    simhash: int | None = None
    links_internal: int = 0
    links_external: int = 0
    external_domains: int = 0
    depth: int = 0
    discovered_from: str | None = None
    generator: str | None = None
    ip: str | None = None
    owner_ids: tuple[str, ...] = ()
    etag: str | None = None
    last_modified: str | None = None
    elapsed_ms: int | None = None
    rendered: bool = False
    truncated: bool = False


@dataclass(slots=True)
class Links:
    """The links of one page as columns of equal length, in document order.

    One row is one distinct link: the same kind, target, fragment, rel, anchor, alt and zone. `ordinal` is the
    position of its first instance among the page's links (from 0), `instances` how often it stands there.
    """

    dst_url: list[str] = field(default_factory=list)
    dst_host: list[str] = field(default_factory=list)
    dst_domain: list[str] = field(default_factory=list)
    dst_fragment: list[str | None] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)
    rel: list[tuple[str, ...]] = field(default_factory=list)
    nofollow: list[bool] = field(default_factory=list)
    ugc: list[bool] = field(default_factory=list)
    sponsored: list[bool] = field(default_factory=list)
    internal: list[bool] = field(default_factory=list)
    anchor: list[str] = field(default_factory=list)
    anchor_truncated: list[bool] = field(default_factory=list)
    alt: list[str | None] = field(default_factory=list)
    title: list[str | None] = field(default_factory=list)
    text_before: list[str] = field(default_factory=list)
    text_after: list[str] = field(default_factory=list)
    heading: list[str | None] = field(default_factory=list)
    zone: list[str] = field(default_factory=list)
    dom_path: list[str] = field(default_factory=list)
    link_density: list[float] = field(default_factory=list)
    ordinal: list[int] = field(default_factory=list)
    instances: list[int] = field(default_factory=list)
    origin: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.dst_url)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield each link as a mapping of column name to value."""
        columns = [getattr(self, name) for name in LINK_COLUMNS]
        for values in zip(*columns, strict=True):
            yield dict(zip(LINK_COLUMNS, values, strict=True))


CONCLUSIVE_OUTCOMES = ("fetched", "not-modified", "redirected")
GONE_STATUSES = (404, 410)
"""RFC 9110 15.5.5 and 15.5.11: the server says that there is no such page, and so none of its links."""


def is_conclusive(outcome: str, status: int | None) -> bool:
    """Tell whether a visit says what a page is now; a time-out or a refusal leaves what was known before."""
    return outcome in CONCLUSIVE_OUTCOMES or (outcome == "failed" and status in GONE_STATUSES)


_DENIED = ("robots:disallowed", "robots:forbidden", "consent:denied")


def is_blocked(outcome: str, reason: str | None) -> bool:
    """Tell whether a page may not be fetched: by robots.txt, the deny-list, or where its host's name leads."""
    return reason in _DENIED or outcome == "refused-by-guard"


PARTIAL_REASONS = ("parser:links-capped", "parser:depth", "extract:error", "extract:deadline")
"""Reasons of a page that was fetched and not read to its end: a link that was not seen there may stand there."""

STATES: dict[str, str] = {
    "live": "the last visit of its page found it",
    "lost": "the last visit that told what the page is did not find it, or found that it no longer counts",
    "restored": "it was lost, and found again",
    "unreachable": "its page did not answer, answered with an error, or may not be fetched; it was there before that",
    "not-rechecked": "the newest run that visited its site did not visit its page; it was there before that",
}
"""What is known of a link, by all runs together."""

EVENTS: dict[str, str] = {
    "found": "seen for the first time: `with-page`, or `later` on a page that was known without it",
    "anchor-changed": "the same link of the page has another anchor, or another text in place of its image",
    "rel-changed": "the same link of the page has another rel",
    "placement-changed": "the same link of the page stands in another zone",
    "target-changed": "what stands in the same place of the page with the same anchor leads elsewhere",
    "moved": "the same link of the site stands on another page",
    "lost": "gone, or no longer counted; the reason says why",
    "unreachable": "its page did not answer, or answered with an error",
    "blocked": "robots.txt no longer lets its page be fetched",
    "not-rechecked": "a run that visited its site did not visit its page",
    "rechecked": "there again when its page could be read again, after the three above",
    "restored": "there again after it was lost",
}
"""What can happen to a link between two visits of its page."""

LOST_REASONS: dict[str, str] = {
    "lost:removed": "the page is there without the link",
    "lost:page-gone": "the page answers 404 or 410",
    "lost:page-error": "three visits in a row found no page",
    "lost:redirected": "the page redirects now",
    "lost:noindex": "the link stands there; the page asks since not to be indexed",
    "lost:canonical": "the link stands there; the page names since another one as canonical",
    "lost:redirect": "the address no longer redirects to the target",
    "lost:moved": "the link stands on another page of its site",
}
"""The closed list: why a link is lost."""

LINK_COLUMNS: tuple[str, ...] = tuple(column.name for column in fields(Links))
PAGE_COLUMNS: tuple[str, ...] = tuple(column.name for column in fields(Page))


@dataclass(slots=True)
class Observation:
    """What a spider yields for one request: a page, its links, and which frontier entry it settles."""

    page: Page
    links: Links
    taken: Any = None
    """The frontier's `Taken`; None for pages of other spiders."""
    retry_after: float | None = None
    """Seconds that the server asked to be left alone."""
