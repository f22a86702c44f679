"""What the extractor reads on the demo web is what was planted there, column by column."""

from __future__ import annotations

from collections import Counter

import pytest

from linkgraph.demo import DemoPage, DemoWeb, Site
from linkgraph.demo.plan import Rendered
from linkgraph.extract import extract
from linkgraph.model import LINK_KINDS, Links, Page


def each_layout(web: DemoWeb, most: int) -> list[tuple[Site, DemoPage, Rendered]]:
    """Up to *most* HTML pages of each layout of each genre in each language."""
    seen: Counter[tuple[str, ...]] = Counter()
    chosen = []
    for site in web.sites:
        for page in web.pages(site.host):
            key = (site.genre, site.language, page.layout)
            seen[key] += 1
            if seen[key] <= most and page.status == 200 and page.layout not in ("feed", "sitemap", "sitemap-index"):
                chosen.append((site, page, web.write(page.host, page.path)))
    return chosen


@pytest.fixture(scope="module")
def read() -> list[tuple[Site, DemoPage, Rendered, Page, Links]]:
    written = each_layout(DemoWeb.build(), 2)
    return [
        (site, page, rendered, *extract(page.url, rendered.answer.headers, rendered.answer.body))
        for site, page, rendered in written
    ]


def test_every_planted_link_is_found_in_its_zone_with_its_anchor_and_nothing_else_is(read):
    for _, page, rendered, _, links in read:
        found: Counter[tuple[object, ...]] = Counter()
        for row in links.rows():
            names = ("dst_url", "dst_fragment", "kind", "rel", "anchor", "alt", "zone", "origin", "nofollow")
            found[tuple(row[name] for name in names)] += row["instances"]
        planted = Counter(
            (one.target, one.fragment, one.kind, one.rel, one.anchor, one.alt, one.zone, one.origin, one.nofollow)
            for one in rendered.links
            if one.kind in LINK_KINDS
        )
        assert found == planted, page.url


def test_every_page_is_read_with_its_directives_and_language(read):
    for site, page, _, row, _ in read:
        assert (row.noindex, row.nofollow) == (page.noindex, page.nofollow), page.url
        if site.genre not in ("old", "parked", "mirror"):  # the old web declares no language; a copy has another's
            assert row.language == site.language
            assert row.owner_ids == ((site.owner,) if site.owner else ())


def test_titles_survive_every_charset(read):
    for site, page, _, row, _ in read:
        if site.genre not in ("old", "parked", "mirror"):
            assert row.title is not None
            assert row.title.startswith(page.title), page.url
