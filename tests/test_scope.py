"""What a run follows, link by link."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.frontier.scope import FILE_TYPES, FOLLOWED_KINDS, MAX_REDIRECTS, Scope, Target, unfit
from linkgraph.model import LINK_KINDS, REASONS, RESOURCE_KINDS
from linkgraph.urls import MAX_URL_LENGTH, resolve


def target(
    url: str = "http://a.test/x", kind: str = "a", rel: tuple[str, ...] = (), *, nofollow: bool = False
) -> Target:
    found = resolve(url)
    return Target(found.url, found.host, found.domain, kind, rel, nofollow)


ALL = Scope(follow="all")


@pytest.mark.parametrize("kind", [*LINK_KINDS, *RESOURCE_KINDS])
def test_kinds_that_send_a_reader_on_are_followed_and_no_others(kind):
    expected = None if kind in FOLLOWED_KINDS else "scope:kind"

    assert ALL.refuses(target(kind=kind), 1, 0) == expected


@pytest.mark.parametrize("rel", ["canonical", "next", "prev", "alternate"])
def test_link_elements_that_name_pages_are_followed(rel):
    assert ALL.refuses(target(kind="link", rel=("x", rel)), 1, 0) is None


@pytest.mark.parametrize("rel", ["stylesheet", "icon", "preconnect", "nofollow"])
def test_link_elements_that_name_no_pages_are_not_followed(rel):
    assert ALL.refuses(target(kind="link", rel=(rel,)), 1, 0) == "scope:kind"


def test_follow_seeds_keeps_to_the_registrable_domains_of_the_seeds():
    scope = Scope(follow="seeds", domains=frozenset({"a.co.uk", "me.github.io"}))

    assert scope.refuses(target("https://www.a.co.uk/"), 1, 0) is None
    assert scope.refuses(target("https://b.co.uk/"), 1, 0) == "scope:domain"
    assert scope.refuses(target("https://you.github.io/"), 1, 0) == "scope:domain"


@pytest.mark.parametrize(
    ("depth", "at", "expected"), [(0, 0, None), (0, 1, "scope:depth"), (2, 2, None), (None, 99, None)]
)
def test_depth_counts_hops_from_a_seed(depth, at, expected):
    assert Scope(follow="all", depth=depth).refuses(target(), at, 0) == expected


def test_nofollow_links_are_followed_on_request_only():
    assert ALL.refuses(target(nofollow=True), 1, 0) == "scope:nofollow"
    assert Scope(follow="all", follow_nofollow=True).refuses(target(nofollow=True), 1, 0) is None


def test_the_last_redirect_within_the_limit_is_followed():
    assert ALL.refuses(target(kind="redirect"), 1, MAX_REDIRECTS) is None
    assert ALL.refuses(target(kind="redirect"), 1, MAX_REDIRECTS + 1) == "redirect:limit"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://a.test/x.pdf", "scope:file-type"),
        ("http://a.test/x.PDF?y=1", "scope:file-type"),
        ("http://a.test/x.html", None),
        ("http://a.test/x.php?file=y.pdf", None),
        ("http://a.test/dir.zip/page", None),
        ("http://pages.zip/", None),
        ("http://a.test/zip", None),
        ("http://a.test/", None),
        ("http://a.test/.gz", "scope:file-type"),
        ("http://a.test/" + "x" * MAX_URL_LENGTH, "url:too-long"),
        ("http://user:secret@a.test/", "url:credentials"),
        ("http://user@a.test/?x", "url:credentials"),
        ("http://a.test/@user?mail=me@a.test", None),
    ],
)
def test_what_is_not_fetched_is_told_by_the_url_alone(url, expected):
    assert unfit(url, "a") == expected


def test_a_sitemap_may_be_packed_and_what_it_lists_is_judged_as_any_link():
    assert unfit("http://a.test/sitemap.xml.gz", "sitemap") is None
    assert unfit("http://a.test/x.pdf", "sitemap") == "scope:file-type"


def test_file_types_are_compared_in_lower_case():
    assert {one.lower() for one in FILE_TYPES} == FILE_TYPES


@given(
    st.builds(
        Scope,
        follow=st.sampled_from(["seeds", "all"]),
        domains=st.frozensets(st.sampled_from(["a.test", "b.test"])),
        depth=st.none() | st.integers(0, 9),
        max_pages=st.none() | st.integers(1, 9),
        max_pages_per_domain=st.none() | st.integers(1, 9),
        follow_nofollow=st.booleans(),
    ),
    st.sampled_from(["a", "img", "redirect", "sitemap"]),
    st.integers(0, 9),
    st.integers(0, 9),
)
def test_a_scope_that_went_through_the_log_decides_alike(scope, kind, depth, hops):
    again = Scope.from_options(scope.options())

    assert again == scope
    reason = scope.refuses(target(kind=kind), depth, hops)
    assert again.refuses(target(kind=kind), depth, hops) == reason
    assert reason is None or reason in REASONS
