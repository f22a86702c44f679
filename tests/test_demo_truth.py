"""The demo web's truth against a parser that knows nothing of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from selectolax.lexbor import LexborHTMLParser

from linkgraph.demo import Answer, DemoPage, DemoWeb
from linkgraph.demo.plan import Rendered
from linkgraph.urls import resolve

ATTRIBUTES = {"a": "href", "area": "href", "form": "action", "frame": "src", "iframe": "src", "link": "href"}
RESOURCES = {"img": "src", "script": "src"}
UNRELATED = ("img", "script", "style")


def decoded(answer: Answer) -> str:
    if answer.body.startswith(b"\xff\xfe"):
        return answer.body.decode("utf-16")
    charset = dict(answer.headers)["Content-Type"].partition("charset=")[2]
    return answer.body.decode(charset or ("utf-8" if b'"utf-8"' in answer.body[:300] else "iso-8859-1"))


def kind_of(tag: str, attributes: dict[str, str | None]) -> str:
    if tag != "link":
        return tag
    rel = attributes.get("rel")
    return "style" if rel == "stylesheet" else "feed" if "rss" in (attributes.get("type") or "") else "link"


def found_links(url: str, tree: LexborHTMLParser) -> Iterator[tuple[str, str, tuple[str, ...]]]:
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


def each_layout(web: DemoWeb, most: int) -> Iterator[tuple[DemoPage, Rendered, LexborHTMLParser]]:
    """Up to *most* HTML pages of each layout of each genre in each language, written and parsed."""
    seen: Counter[tuple[str, ...]] = Counter()
    for site in web.sites:
        for page in web.pages(site.host):
            key = (site.genre, site.language, page.layout)
            seen[key] += 1
            if seen[key] <= most and page.status == 200 and page.layout not in ("feed", "sitemap", "sitemap-index"):
                rendered = web.write(page.host, page.path)
                yield page, rendered, LexborHTMLParser(decoded(rendered.answer))


@pytest.mark.parametrize("most", [5, pytest.param(10_000, marks=pytest.mark.soak)])
def test_every_link_of_a_page_is_in_the_truth_and_nothing_else_is(most):
    for page, rendered, tree in each_layout(DemoWeb.build(), most):
        planted = [(link.kind, link.target, link.rel) for link in rendered.links if link.origin == "html"]
        assert Counter(found_links(page.url, tree)) == Counter(planted), page.url


def test_anchors_of_the_truth_are_what_a_parser_reads():
    for page, rendered, tree in each_layout(DemoWeb.build(), 3):
        found = [" ".join(node.text().split()) for node in tree.css("a[href]") if is_web(node.attributes["href"])]
        assert Counter(found) == Counter(link.anchor for link in rendered.links if link.kind == "a"), page.url


def is_web(href: str | None) -> bool:
    return not (href or "").startswith(("mailto:", "javascript:", "tel:"))
