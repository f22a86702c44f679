"""The demo web, whose truth is known: by what name a page alone calls each planting, and which it cannot tell."""

from __future__ import annotations

from collections import Counter

import pytest

from linkgraph.classify import classify
from linkgraph.classify.pages import table_of_pages
from linkgraph.demo import DemoWeb
from linkgraph.extract import extract

EVERY = 9
"""One page in so many is read: some 400."""


@pytest.fixture(scope="module")
def named() -> dict[str, Counter[tuple[str, str]]]:
    """Placement and acquisition of external hyperlinks, by planting."""
    web = DemoWeb.build()
    pages, planted = [], {}
    for truth in list(web.truth.html_pages())[::EVERY]:
        rendered = web.write(truth.page.host, truth.page.path)
        page, links = extract(truth.url, rendered.answer.headers, rendered.answer.body)
        pages.append((page, links))
        planted.update({(page.url, one.target, one.anchor): one.planting for one in rendered.links})
    links = table_of_pages(pages)
    answers = classify(links)
    called: dict[str, Counter[tuple[str, str]]] = {}
    columns = (links["src_url"], links["dst_url"], links["anchor"], links["internal"], links["kind"])
    words = (answers["placement"], answers["acquisition"])
    for source, target, anchor, internal, kind, place, way in zip(
        *(column.to_pylist() for column in (*columns, *words)), strict=True
    ):
        planting = planted.get((source, target, anchor))
        if planting and not internal and kind == "a":
            called.setdefault(planting, Counter())[place, way] += 1
    return called


FLOORS = {
    ("ugc", "ugc"): 0.95,
    ("hostile", "ugc"): 0.95,
    ("reference", "ugc"): 0.95,
    ("sponsored", "paid"): 0.95,
    ("affiliate", "paid"): 0.95,
    ("bio", "profile"): 0.9,
    ("owner", "owner"): 0.7,
    ("footer", "boilerplate"): 0.7,
    ("editorial", "editorial"): 0.7,
    ("blogroll", "editorial"): 0.6,
}
"""Planting and acquisition → the share of its links that must be called so; measured shares are in docs/measured.md."""

PLACES = {
    ("ugc", frozenset({"comment", "forum", "signature"})): 0.95,
    ("bio", frozenset({"bio"})): 0.9,
    ("blogroll", frozenset({"sidebar"})): 0.95,
    ("footer", frozenset({"footer"})): 0.95,
    ("directory", frozenset({"list"})): 0.9,
    ("editorial", frozenset({"content", "list"})): 0.95,
}


@pytest.mark.parametrize(("planting", "acquisition"), FLOORS)
def test_what_a_page_alone_shows_is_called_by_its_name(named, planting, acquisition):
    called = named[planting]
    right = sum(number for (_, way), number in called.items() if way == acquisition)

    assert right >= FLOORS[planting, acquisition] * called.total(), called


@pytest.mark.parametrize(("planting", "places"), PLACES)
def test_planted_links_stand_where_they_were_planted(named, planting, places):
    called = named[planting]
    right = sum(number for (place, _), number in called.items() if place in places)

    assert right >= PLACES[planting, places] * called.total(), called
