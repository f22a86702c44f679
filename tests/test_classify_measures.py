"""Measures: what is counted of a link, its block and its page, and which bounds each count exceeds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.classify.evidence import FEATURES, NAMED, observe
from linkgraph.classify.measures import BOUNDS, TELLING
from linkgraph.classify.measures import FEATURES as MEASURES
from linkgraph.classify.model import ACQUISITION_INPUTS, PLACEMENT_INPUTS
from linkgraph.classify.pages import table_of_pages
from linkgraph.classify.rules import ACQUISITION_RULES, PLACEMENT_RULES
from linkgraph.extract import extract

ITEMS = 40


def observed(body: str, url: str = "https://site.example/") -> list[set[str]]:
    """Return the measures that each link of a page exceeds."""
    seen = observe(table_of_pages([extract(url, {"Content-Type": "text/html"}, body.encode())]))
    return [{name for name, shown in zip(MEASURES, row, strict=True) if shown} for row in seen[:, len(NAMED) :]]


def exceeded(found: set[str], measure: str) -> list[float]:
    return [bound for bound in BOUNDS[measure] if f"{measure} > {bound:g}" in found]


def listed(count: int) -> str:
    return "<ul>" + "".join(f"<li id=item{number}><a href=/{number}>a{number}</a>" for number in range(count)) + "</ul>"


def test_each_bound_that_a_count_exceeds_shows_and_none_above_it():
    found = observed(listed(ITEMS))
    assert exceeded(found[25], "links before") == [3, 10, 20]
    assert exceeded(found[25], "links after") == [3, 10]
    assert exceeded(found[25], "share before") == [0.1, 0.2, 0.35, 0.5]
    assert exceeded(found[25], "page links") == [10, 30]


def test_a_page_of_few_links_does_not_tell_where_one_stands():
    place = ("links before", "links after", "share before")
    for row in observed(listed(TELLING - 1)):
        assert not any(exceeded(row, measure) for measure in place)
    assert any(exceeded(observed(listed(TELLING))[-1], measure) for measure in place)


def test_a_page_that_comes_twice_is_judged_as_if_it_came_once():
    pages = [
        extract(f"https://{site}.example/", {"Content-Type": "text/html"}, listed(count).encode())
        for site, count in (("one", 30), ("two", 9))
    ]
    once = observe(table_of_pages(pages))
    twice = observe(table_of_pages([*pages, pages[0]]))
    assert (twice[: len(once)] == once).all()
    assert (twice[len(once) :] == once[:30]).all()


def test_a_block_is_the_links_whose_paths_agree_but_for_two_steps_and_digits():
    body = "".join(f"<div class=box><p id=p{number}><a href=/{number}>link</a></div>" for number in range(5))
    found = observed(f"<main>{body}</main><p><a href=/alone>alone</a>")
    assert [exceeded(row, "in block") for row in found] == [[1, 2, 4]] * 5 + [[]]
    assert [exceeded(row, "on path") for row in found] == [[1, 2, 4]] * 5 + [[]]


def test_names_part_blocks_and_tags_do_not():
    body = "".join(f"<div class={name}><p><a href=/{name}>link</a></div>" for name in ("news", "shop"))
    found = observed(body)
    assert [exceeded(row, "in block") for row in found] == [[], []]
    assert [exceeded(row, "on tags") for row in found] == [[1], [1]]


def test_letters_are_code_points_and_not_bytes():
    (found,) = observed("<a href=/x>" + "ж" * 12 + "</a>")
    assert exceeded(found, "letters") == [3, 6, 10]


def test_an_address_is_measured_by_its_letters_slashes_hyphens_and_digits():
    (found,) = observed("<a href=https://other.example/a-b-c/2019/05/x>far</a>", "https://site.example/p/1")
    assert exceeded(found, "address slashes") == [3, 4, 5]
    assert exceeded(found, "address hyphens") == [0, 1]
    assert exceeded(found, "address digits") == [0, 3, 5]
    assert exceeded(found, "page address slashes") == [3]
    assert exceeded(found, "page address digits") == [0]


def test_list_items_are_counted_and_other_tags_that_begin_alike_are_not():
    nested, other = observed("<ul><li class=a><ul><li><a href=/n>n</a></ul></ul><listing><a href=/o>o</a></listing>")
    assert exceeded(nested, "lists") == [1]
    assert exceeded(other, "lists") == []


@given(st.integers(1, 60))
def test_the_bounds_of_a_measure_are_exceeded_from_the_lowest_on(count):
    for row in observed(listed(count)):
        for measure, bounds in BOUNDS.items():
            shown = exceeded(row, measure)
            assert shown == list(bounds[: len(shown)])


@pytest.mark.parametrize("measure", BOUNDS)
def test_the_bounds_of_a_measure_rise(measure):
    assert list(BOUNDS[measure]) == sorted(set(BOUNDS[measure]))


def test_measures_speak_for_placement_only_and_no_rule_names_one():
    assert set(MEASURES) <= set(PLACEMENT_INPUTS)
    assert not set(MEASURES) & set(ACQUISITION_INPUTS)
    assert (*NAMED, *MEASURES) == FEATURES
    named = {
        one
        for rule in (*PLACEMENT_RULES, *ACQUISITION_RULES)
        for need in (*rule.needs, *rule.unless)
        for one in need.split("|")
    }
    assert not named & set(MEASURES)
