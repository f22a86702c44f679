"""An answer's address, headers and bytes → its page row and link columns.

Promises every field that a document and its headers determine, from one parse, and a result for any bytes. Refuses
addresses that are not http(s).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from linkgraph.errors import UsageError
from linkgraph.extract.directives import (
    MAX_HEADER_LINKS,
    PRODUCT_TOKEN,
    HeaderLink,
    Robots,
    is_over,
    links_of_header,
    refresh_target,
    robots_of_headers,
)
from linkgraph.extract.document import read
from linkgraph.extract.links import Collected, Directive, collect
from linkgraph.extract.markup import MERGE_CHECKED, media_type
from linkgraph.extract.owners import owner_ids
from linkgraph.extract.places import PARSER_DEPTH
from linkgraph.extract.rel import NO_REL, link_kind, rel_of
from linkgraph.extract.reopening import reopened
from linkgraph.extract.sheet import Meta, Sheet
from linkgraph.extract.targets import MAX_REFERENCE, Targets
from linkgraph.extract.text import tidy_or_none
from linkgraph.model import Links, Page
from linkgraph.urls import Url, resolve

MAX_VALIDATOR = 1024
"""Code points of an ETag or Last-Modified that is kept; they are sent back as they came, so they are never cut."""

VOTING_KINDS = ("a", "area")
"""The kinds that `links_internal`, `links_external` and `external_domains` count rows of."""

_LANGUAGE = re.compile(r"\s*+([A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*+)")

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """All that came out of one answer."""

    page: Page
    links: Links
    too_long: int
    """Distinct references dropped because they, or their targets, are longer than the limit."""


def extract(
    url: str, headers: Headers, body: bytes, *, truncated: bool = False, resources: bool = False
) -> tuple[Page, Links]:
    """Return the page row and the link columns of one HTML answer.

    Args:
        url: the address that answered, http(s).
        headers: the answer's headers; names in any case, repeated ones as pairs.
        body: the decoded body's bytes (content codings removed, character encoding not).
        truncated: whether the body was cut; recorded as it is.
        resources: whether images, scripts and style sheets are links too (kinds `img script style`).

    Returns:
        The page, outcome `fetched`, without what only a fetch knows (status, times, depth, IP); `links_internal`,
        `links_external` and `external_domains` count rows of kinds `a` and `area`. And its links, in document order:
        refreshes first, links of HTTP headers last. `outcome_reason` is `parser:links-capped` where links were left
        out, else `parser:depth` where the parser stopped nesting around a link.

    Raises:
        UsageError: *url* is no http(s) URL.
    """
    extraction = examine(url, headers, body, truncated=truncated, resources=resources)
    return extraction.page, extraction.links


def prepare() -> None:
    """Compile the loops, or load those compiled before: seconds that no crawl shall lose between two answers."""
    body = "<html lang=a><base href=/><script src=/>x</script><title>a</title><h1>a</h1><p>e\u0301 <a href=/>b</a> c"
    for page in (body, f"{body}<math>{' ' * MERGE_CHECKED}"):
        extract("http://localhost/", (), page.encode())
    reopened(b"<b>")


def examine(url: str, headers: Headers, body: bytes, *, truncated: bool = False, resources: bool = False) -> Extraction:
    """Return what `extract` returns, and the count of what was dropped; same arguments, same errors."""
    address = resolve(url)
    if address is None:
        raise UsageError(f"{url[:200]!r} is no http(s) URL: give the address that the page was fetched from")
    fields = _fold(headers)
    document = read(body, _first(fields, "content-type"))
    charset = document.charset
    sheet = Sheet(document, resources=resources)
    metas = list(sheet.metas())
    robots = _robots(metas, fields)
    targets = Targets(_base(sheet, address), charset)
    own = Targets(address.url, charset)
    header_links = [link for value in fields.get("link", ()) for link in links_of_header(value)][:MAX_HEADER_LINKS]
    directives = [
        *_refreshes(_refreshing(metas), targets, "html"),
        *_refreshes(fields.get("refresh", ()), own, "http-header"),
        *_from_headers(header_links, own, resources=resources),
    ]
    collected = collect(address, sheet, targets, directives, nofollow=robots.nofollow, resources=resources)
    return Extraction(
        page=_page(
            address,
            fields,
            body,
            sheet,
            metas,
            collected.links,
            charset=charset,
            truncated=truncated,
            robots=robots,
            canonical_url=_canonical(sheet, targets) or _header_canonical(header_links, own),
            outcome_reason=_reason(collected, sheet),
        ),
        links=collected.links,
        too_long=targets.too_long + own.too_long,
    )


def _page(
    address: Url,
    fields: Mapping[str, list[str]],
    body: bytes,
    sheet: Sheet,
    metas: Sequence[Meta],
    links: Links,
    *,
    charset: str,
    truncated: bool,
    robots: Robots,
    canonical_url: str | None,
    outcome_reason: str | None,
) -> Page:
    outside = [
        domain
        for domain, kind, internal in zip(links.dst_domain, links.kind, links.internal, strict=True)
        if not internal and kind in VOTING_KINDS
    ]
    return Page(
        url=address.url,
        host=address.host,
        domain=address.domain,
        outcome_reason=outcome_reason,
        content_type=media_type(_first(fields, "content-type")) or None,
        charset=charset,
        language=_language(sheet, metas, fields),
        title=tidy_or_none(sheet.title()),
        canonical_url=canonical_url,
        noindex=robots.noindex,
        nofollow=robots.nofollow,
        content_length=len(body),
        content_digest=hashlib.sha256(body).hexdigest(),
        simhash=sheet.simhash,
        links_internal=sum(map(links.kind.count, VOTING_KINDS)) - len(outside),
        links_external=len(outside),
        external_domains=len(set(outside)),
        generator=tidy_or_none(_named(metas, "generator")),
        owner_ids=owner_ids(sheet.scripts()),
        etag=_validator(fields, "etag"),
        last_modified=_validator(fields, "last-modified"),
        truncated=truncated,
    )


def _fold(headers: Headers) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        fields.setdefault(name.lower(), []).append(value)
    return fields


def first_header(headers: Headers, name: str) -> str | None:
    """Return the first value of a header, named in lower case."""
    return _first(_fold(headers), name)


def _first(fields: Mapping[str, list[str]], name: str) -> str | None:
    values = fields.get(name)
    return values[0] if values else None


def _validator(fields: Mapping[str, list[str]], name: str) -> str | None:
    value = _first(fields, name)
    return value if value and len(value) <= MAX_VALIDATOR else None


def _base(sheet: Sheet, address: Url) -> str:
    """Return the document's base: the first `<base href>` where it is an http(s) URL, else the page's address."""
    href = sheet.base() or ""
    target = resolve(href, address.url) if href and len(href) <= MAX_REFERENCE else None
    return target.url if target is not None else address.url


def _named(metas: Iterable[Meta], name: str) -> str | None:
    """Return the content of the first meta element of that name."""
    return next((meta.content for meta in metas if meta.name == name and meta.content), None)


def _robots(metas: Iterable[Meta], fields: Mapping[str, list[str]]) -> Robots:
    headers, now = fields.get("x-robots-tag", ()), _first(fields, "date")
    robots = robots_of_headers(headers)
    over = any(is_over(value, now) for value in headers)
    for meta in metas:
        if meta.name in ("robots", PRODUCT_TOKEN):
            robots = robots.also(meta.content)
            over = over or is_over(meta.content, now)
    return robots._replace(noindex=True) if over else robots


def _refreshing(metas: Iterable[Meta]) -> Iterator[str]:
    """Yield the refreshes that a browser with scripts obeys: not those in noscript."""
    return (meta.content for meta in metas if meta.equiv == "refresh" and not meta.silenced)


def _refreshes(values: Iterable[str], targets: Targets, origin: str) -> Iterator[Directive]:
    for value in values:
        reference = refresh_target(value)
        target = targets.of(reference) if reference else None
        if target is not None:
            yield Directive("refresh", target, NO_REL, "", "head>meta" if origin == "html" else "", origin)


def _from_headers(links: Iterable[HeaderLink], targets: Targets, *, resources: bool) -> Iterator[Directive]:
    for link in links:
        rel = rel_of(link.rel)
        kind = link_kind(rel, link.type)
        target = targets.of(link.reference)
        if target is not None and (resources or kind != "style"):
            yield Directive(kind, target, rel, link.title or "", "", "http-header")


def _canonical(sheet: Sheet, targets: Targets) -> str | None:
    """Return the first canonical in the head: one in the body may be a reader's (RFC 6596 has it in the header)."""
    for reference in sheet.canonicals():
        target = targets.of(reference) if reference else None
        if target is not None:
            return target.url
    return None


def _header_canonical(header_links: Iterable[HeaderLink], targets: Targets) -> str | None:
    for link in header_links:
        target = targets.of(link.reference) if "canonical" in rel_of(link.rel).tokens else None
        if target is not None:
            return target.url
    return None


def _language(sheet: Sheet, metas: Iterable[Meta], fields: Mapping[str, list[str]]) -> str | None:
    """Return the declared language: of the html element, else of the header, else of the meta element."""
    for declared in (
        sheet.language(),
        _first(fields, "content-language"),
        next((meta.content for meta in metas if meta.equiv == "content-language" and meta.content), None),
    ):
        if match := _LANGUAGE.match(declared or ""):
            return str(match[1]).replace("_", "-").lower()
    return None


def _reason(collected: Collected, sheet: Sheet) -> str | None:
    if collected.capped or sheet.capped:
        return "parser:links-capped"
    return "parser:depth" if collected.deepest >= PARSER_DEPTH - 2 else None
