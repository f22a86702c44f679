"""An HTTP answer of any kind → the page's row and its links.

Promises an outcome for every answer: a redirect is a link, an error status a failed page, a sitemap a list of links,
robots.txt the sitemaps it names, HTML what `extract` finds, and anything else a fetched page without links. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from linkgraph.extract import extract, is_html
from linkgraph.extract.page import MAX_VALIDATOR
from linkgraph.extract.sitemap import is_sitemap, sitemap_locations
from linkgraph.fetch.robots import read_rules
from linkgraph.model import Links, Page
from linkgraph.urls import Url, resolve, split

Headers = Sequence[tuple[str, str]]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
"""RFC 9110 15.4 statuses that send the reader on; 300 and 304 to 306 do not."""


def observe(
    url: str,
    status: int,
    headers: Headers,
    body: bytes,
    *,
    truncated: bool = False,
    resources: bool = False,
    conditional: bool = False,
) -> tuple[Page, Links]:
    """Return the page and the links of one answer.

    Args:
        url: the canonical URL that was asked for.
        status: the HTTP status.
        headers: (name, value) pairs as received.
        body: the unpacked body; may be cut.
        truncated: whether *body* was cut.
        resources: also keep img, script and style links.
        conditional: whether the request asked for the page only if it had changed; a 304 to any other is a failure.

    Raises:
        ValueError: *url* is no canonical http(s) URL.
    """
    first = {name.lower(): value for name, value in reversed(headers)}
    location = first.get("location")
    if status in _REDIRECTS and location is not None:
        return _redirected(url, status, location)
    content_type = first.get("content-type", "")
    if status == 304 and conditional:
        return replace(bare_page(url), status=status, outcome="not-modified", **_validators(first)), Links()
    if not 200 <= status < 300:
        return _plain(url, status, content_type, body, outcome="failed", reason="http:status"), Links()
    if is_sitemap(body):
        page, links = _sitemap(url, status, content_type, body)
    elif url.partition("//")[2].partition("/")[2] == "robots.txt":
        page, links = _robots(url, status, content_type, body)
    elif is_html(content_type, body):
        page, links = extract(url, headers, body, truncated=truncated, resources=resources)
    else:
        page = _plain(url, status, content_type, body, outcome="fetched", reason="content:type")
        links = Links()
    return replace(page, status=status, truncated=truncated, **_validators(first)), links


def _validators(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return what a later request for the same page can be made conditional with."""
    found = {name: headers.get(name.replace("_", "-")) for name in ("etag", "last_modified")}
    return {name: value if value and len(value) <= MAX_VALIDATOR else None for name, value in found.items()}


def bare_page(url: str) -> Page:
    """Return a page of which nothing but its URL is known.

    Raises:
        ValueError: *url* is no canonical http(s) URL.
    """
    parts = split(url)
    if parts is None:
        raise ValueError(f"{url!r} is no http(s) URL")
    return Page(url=parts.url, host=parts.host, domain=parts.domain)


def links_to(page: Page, targets: Sequence[Url], kind: str, origin: str) -> Links:
    """Return one link of *kind* to each of *targets*, without any text: what headers and sitemaps hold."""
    number = len(targets)
    return Links(
        dst_url=[target.url for target in targets],
        dst_host=[target.host for target in targets],
        dst_domain=[target.domain for target in targets],
        dst_fragment=[target.fragment for target in targets],
        kind=[kind] * number,
        rel=[()] * number,
        nofollow=[False] * number,
        ugc=[False] * number,
        sponsored=[False] * number,
        internal=[target.domain == page.domain for target in targets],
        anchor=[""] * number,
        anchor_truncated=[False] * number,
        alt=[None] * number,
        title=[None] * number,
        text_before=[""] * number,
        text_after=[""] * number,
        heading=[None] * number,
        zone=["head"] * number,
        dom_path=[""] * number,
        link_density=[1.0] * number,
        ordinal=list(range(number)),
        instances=[1] * number,
        origin=[origin] * number,
    )


def _redirected(url: str, status: int, location: str) -> tuple[Page, Links]:
    target = resolve(location.strip(), url)
    page = replace(bare_page(url), status=status, outcome="redirected", outcome_reason="redirect")
    if target is None:
        return replace(page, outcome="failed", outcome_reason="redirect:target"), Links()
    links = links_to(page, [target], "redirect", "http-header")
    return replace(page, redirect_to=target.url), links


def _plain(url: str, status: int, content_type: str, body: bytes, *, outcome: str, reason: str | None) -> Page:
    return replace(
        bare_page(url),
        status=status,
        outcome=outcome,
        outcome_reason=reason,
        content_type=content_type.partition(";")[0].strip().lower() or None,
        content_length=len(body),
        content_digest=hashlib.sha256(body).hexdigest(),
    )


def _robots(url: str, status: int, content_type: str, body: bytes) -> tuple[Page, Links]:
    page = _plain(url, status, content_type, body, outcome="fetched", reason=None)
    found = (resolve(location, url) for location in read_rules(status, body, "", 0.0).sitemaps)
    return page, links_to(page, [target for target in found if target], "sitemap", "sitemap")


def _sitemap(url: str, status: int, content_type: str, body: bytes) -> tuple[Page, Links]:
    page = _plain(url, status, content_type, body, outcome="fetched", reason=None)
    found = (resolve(location, url) for location in sitemap_locations(body))
    # sitemaps.org: a sitemap speaks for its own site only.
    targets = list({target.url: target for target in found if target and target.domain == page.domain}.values())
    return page, links_to(page, targets, "sitemap", "sitemap")
