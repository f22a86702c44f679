"""The demo web's truth against two parsers that know nothing of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from selectolax.lexbor import LexborHTMLParser

from linkgraph.demo import DemoWeb, PageTruth
from linkgraph.urls import resolve

ATTRIBUTES = {"a": "href", "area": "href", "form": "action", "frame": "src", "iframe": "src", "link": "href"}
RESOURCES = {"img": "src", "script": "src"}
UNRELATED = ("img", "script", "style")


@pytest.fixture(scope="module")
def web() -> DemoWeb:
    return DemoWeb.build()


def decoded(row: PageTruth, body: bytes) -> str:
    if body.startswith(b"\xff\xfe"):
        return body.decode("utf-16")
    charset = row.content_type.partition("charset=")[2]
    return body.decode(charset or ("utf-8" if b'"utf-8"' in body[:300] else "iso-8859-1"))


def kind_of(tag: str, attributes: dict[str, str | None]) -> str:
    if tag != "link":
        return tag
    rel = attributes.get("rel")
    return "style" if rel == "stylesheet" else "feed" if "rss" in (attributes.get("type") or "") else "link"


def found_links(url: str, html: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    tree = LexborHTMLParser(html)
    base = next((node.attributes["href"] for node in tree.css("base")), None) or url
    for tag, attribute in (ATTRIBUTES | RESOURCES).items():
        for node in tree.css(f"{tag}[{attribute}]"):
            target = resolve(node.attributes[attribute] or "", base)
            if target is not None:
                rel = tuple((node.attributes.get("rel") or "").split())
                kind = kind_of(tag, node.attributes)
                yield kind, target.url, () if kind in UNRELATED else rel
    for node in tree.css("meta[http-equiv=refresh]"):
        target = resolve((node.attributes["content"] or "").partition("URL=")[2], base)
        assert target is not None
        yield "refresh", target.url, ()


def each_layout(web: DemoWeb, most: int) -> list[PageTruth]:
    """Up to *most* pages of each layout of each genre in each language."""
    seen: Counter[tuple[str, ...]] = Counter()
    sites = {site.host: site for site in web.sites}
    chosen = []
    for row in web.truth.html_pages():
        site = sites[row.page.host]
        key = (site.genre, site.language, row.page.layout)
        seen[key] += 1
        if seen[key] <= most:
            chosen.append(row)
    return chosen


@pytest.mark.parametrize("most", [4, pytest.param(10_000, marks=pytest.mark.soak)])
def test_every_link_of_a_page_is_in_the_truth_and_nothing_else_is(web: DemoWeb, most: int) -> None:
    for row in each_layout(web, most):
        answer = web.respond(row.page.host, row.page.path)
        assert answer is not None
        found = Counter(found_links(row.url, decoded(row, answer.body)))
        planted = Counter(
            (link.kind, link.target, link.rel) for link in web.truth.links_of(row.url) if link.origin == "html"
        )
        assert found == planted, row.url


def test_anchors_of_the_truth_are_what_a_parser_reads(web: DemoWeb) -> None:
    for row in each_layout(web, 2):
        answer = web.respond(row.page.host, row.page.path)
        assert answer is not None
        tree = LexborHTMLParser(decoded(row, answer.body))
        anchors = [" ".join(node.text().split()) for node in tree.css("a[href]") if is_web(node.attributes["href"])]
        planted = [link.anchor for link in web.truth.links_of(row.url) if link.kind == "a"]
        assert Counter(anchors) == Counter(planted), row.url


def is_web(href: str | None) -> bool:
    return not (href or "").startswith(("mailto:", "javascript:", "tel:"))


def test_targets_of_the_truth_are_canonical(web: DemoWeb) -> None:
    targets = {link.target for link in web.truth.links}
    assert len(targets) > 4000
    assert {target for target in targets if (found := resolve(target)) is None or found.url != target} == set()
