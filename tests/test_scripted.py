"""Which pages are worth a browser: signs in the HTML, and what a host's first renderings taught."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.extract import extract
from linkgraph.extract.rendered import merge
from linkgraph.extract.scripted import FEW_LINKS, FEW_MORE, LITTLE_TEXT, TRIALS, Hosts, signs
from linkgraph.fetch.rendition import Rendition

URL = "http://a.test/"
TEXT = b"<p>" + b"word " * LITTLE_TEXT + b"</p>"
BUNDLE = b"<script type=module src=/app.js></script>"


@pytest.mark.parametrize(
    ("body", "links", "sign"),
    [
        (b"<div id=root></div>" + TEXT + BUNDLE, FEW_MORE, "empty-root"),
        (b'<div class="x" id="app"> <!-- here --> </div>' + TEXT + BUNDLE, FEW_MORE, "empty-root"),
        (b"<app-root></app-root><script src=main.js></script>" + TEXT, FEW_MORE, "empty-root"),
        (b"<a href='{{ item.url }}'>x</a><script>run()</script>" + TEXT, 500, "template"),
        (b"<li><a ng-href='{{x}}'>x</a><script>run()</script>" + TEXT, 500, "template"),
        (b"<a v-for='x in y' :href='x.url'>x</a><script>run()</script>" + TEXT, 500, "template"),
        (b"<noscript>Bitte JavaScript aktivieren</noscript>" + TEXT + BUNDLE, FEW_LINKS, "noscript"),
        (TEXT + b"<script>var a = document.createElement('a')</script>", FEW_LINKS, "writes"),
        (TEXT + b"<script>document.write('<A HREF=/x>x</A>')</script>", FEW_LINKS, "writes"),
        (b"<p>Loading</p>" + BUNDLE, FEW_LINKS, "little-text"),
        (b"<title>" + TEXT + b"</title><style>" + TEXT + b"</style>" + BUNDLE, 0, "little-text"),
    ],
)
def test_a_page_whose_links_scripts_make_shows_it(body, links, sign):
    assert sign in signs(body, links)


@pytest.mark.parametrize(
    ("body", "links"),
    [
        (b"", 0),
        (b"<p>short</p>", 0),
        (b"<div id=root></div>" + TEXT, 0),
        (b"<div id=root></div>" + TEXT + b"<script type='application/ld+json'>{}</script>", 0),
        (TEXT + b"<script src=analytics.js></script>", 0),
        (TEXT + b"<script>document.createElement('a')</script>", FEW_LINKS + 1),
        (b"<noscript>JavaScript</noscript>" + TEXT + BUNDLE, FEW_LINKS + 1),
        (b"<noscript><img src=pixel></noscript>" + TEXT + BUNDLE, 0),
        (b"<div id=root><h1>Shop</h1></div>" + TEXT + BUNDLE, 0),
        (b"<div id=root></div>" + TEXT + BUNDLE, FEW_MORE + 1),
        (b"<pre>&lt;div id=app></pre><code>{{ x }}</code>" + TEXT + BUNDLE, 10),
        (b"<p>short</p>" + BUNDLE, FEW_LINKS + 1),
    ],
)
def test_a_page_that_comes_with_its_links_shows_no_sign(body, links):
    assert signs(body, links) == ()


@given(st.binary(max_size=300), st.integers(0, 50))
def test_any_bytes_have_signs_or_none(body, links):
    assert set(signs(body, links)) <= {"template", "empty-root", "noscript", "writes", "little-text"}


@pytest.mark.parametrize(
    "unit", [b"<", b"<script", b"<script>", b"<div id=root", b"<div ", b"<!--", b"<a ", b" :href", b"{{"]
)
def test_signs_cost_little_whatever_the_bytes(unit):
    start = time.process_time()
    unit = unit.replace(b":", b" ", 1)
    signs(BUNDLE + unit * (1_000_000 // len(unit)), 0)

    assert time.process_time() - start < 2


def test_a_host_whose_first_renderings_gained_nothing_is_left_alone():
    hosts = Hosts()
    for _ in range(TRIALS):
        assert hosts.worth("a.test")
        hosts.learn("a.test", 0)

    assert not hosts.worth("a.test")
    assert hosts.worth("b.test")


def test_a_host_that_gained_once_stays_worth_it():
    hosts = Hosts()
    hosts.learn("a.test", 0)
    hosts.learn("a.test", 7)
    for _ in range(2 * TRIALS):
        hosts.learn("a.test", 0)

    assert hosts.worth("a.test")


def merged(sent: bytes, shown: bytes, *went_to: str, headers: tuple[tuple[str, str], ...] = ()):
    headers = (("Content-Type", "text/html; charset=iso-8859-1"), *headers)
    page, links = extract(URL, headers, sent)
    return merge(page, links, headers, Rendition(body=shown, went_to=went_to))


def test_each_link_says_in_which_view_it_stood():
    page, links = merged(
        b"<a href=/sent>1</a><a href=/both>2</a>",
        b"<a href=http://a.test/both>changed</a><a href=http://a.test/made>\xc3\xa9</a>",
        headers=(("Link", "</next>; rel=next"),),
    )

    assert [(row["dst_url"], row["origin"], row["anchor"]) for row in links.rows()] == [
        ("http://a.test/both", "both", "changed"),
        ("http://a.test/made", "rendered", "\xe9"),
        ("http://a.test/next", "http-header", ""),
        ("http://a.test/sent", "html", "1"),
    ]
    assert links.ordinal == sorted(set(links.ordinal))
    assert (page.rendered, page.charset) == (True, "windows-1252")


def test_where_scripts_send_the_reader_is_a_refresh_that_was_rendered():
    _, links = merged(b"", b"", "http://b.test/", "http://a.test/", "data:,x")

    assert list(zip(links.kind, links.dst_url, links.origin, strict=True)) == [
        ("refresh", "http://b.test/", "rendered")
    ]


def test_a_directive_of_either_view_counts_and_the_answer_keeps_its_digest():
    page, _ = merged(b"<meta name=robots content=noindex>", b"<meta name=robots content=nofollow><title>New</title>")

    assert (page.noindex, page.nofollow, page.title) == (True, True, "New")
    assert page.content_length == len(b"<meta name=robots content=noindex>")
