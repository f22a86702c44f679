"""Large and hostile answers are read in a process of their own: with the same result, and a deadline."""

from __future__ import annotations

import asyncio
import gzip
import time

import pytest

from linkgraph.extract.answer import observe
from linkgraph.extract.aside import INLINE, Aside, cost
from linkgraph.extract.reopening import reopened
from linkgraph.model import Links, Page

HTML = [("Content-Type", "text/html; charset=utf-8")]
XML = [("Content-Type", "application/xml")]
URL = "http://a.test/x"
FORMATS = b"".join(b"<b a=%d></i>" % number for number in range(300))
LARGE = b"<p>" + b"".join(b"<p>some words <a href=/%d>and a link</a> more</p>" % one for one in range(9_000))
SITEMAP = b"<urlset>" + b"".join(b"<url><loc>http://a.test/%d</loc></url>" % one for one in range(20_000))
SLOW = b"<urlset>" + b"<x/>" * 480_000 + b"&" * 1_000_000
Observed = tuple[Page, Links]


def read(*answers: tuple[list, bytes], seconds: float = 30.0) -> tuple[list[Observed], float]:
    """What a process of its own makes of the answers, and the processor seconds that it cost this one."""

    async def ask() -> tuple[list[Observed], float]:
        aside = Aside(seconds)
        try:
            await aside.observe(
                URL, 200, HTML, b"<p>the first one pays for the start", truncated=False, resources=False
            )
            began = time.thread_time()
            found = [
                await aside.observe(URL, 200, headers, body, truncated=True, resources=True)
                for headers, body in answers
            ]
            return found, time.thread_time() - began
        finally:
            aside.close()

    return asyncio.run(ask())


@pytest.mark.row("H4", "S2")
def test_a_process_of_its_own_finds_what_this_one_would():
    answers = [(HTML, LARGE), (XML, SITEMAP), (XML, gzip.compress(SITEMAP)), ([], b"\x00\x01"), (HTML, b"")]
    found, _ = read(*answers)

    for (headers, body), result in zip(answers, found, strict=True):
        assert result == observe(URL, 200, headers, body, truncated=True, resources=True)


@pytest.mark.row("H3", "S1")
def test_a_page_over_its_deadline_is_given_up_and_the_next_one_is_read():
    found, _ = read((XML, gzip.compress(SLOW * 3)), (HTML, b"<a href=/y>y</a>"), seconds=0.1)

    assert (found[0][0].outcome, found[0][0].outcome_reason) == ("failed", "extract:deadline")
    assert len(found[0][1]) == 0
    assert found[1][1].dst_url == ["http://a.test/y"]


@pytest.mark.row("H2", "H3", "H4", "S2")
def test_what_costs_another_process_seconds_costs_this_one_a_fraction():
    began = time.process_time()
    observe(URL, 200, HTML, LARGE)
    observe(URL, 200, XML, SITEMAP)
    inline = time.process_time() - began
    _, aside = read((HTML, LARGE), (XML, SITEMAP))

    assert aside < inline / 2


@pytest.mark.row("H3", "H4", "S2")
@pytest.mark.parametrize(
    "body",
    [
        LARGE,
        SITEMAP,
        gzip.compress(b"<urlset>"),
        b"<p>" * 12_000,
        b"<A HREF=/x>" * 700,
        b"word " * 150_000,
        b"<div " + b"a=1 " * 200_000,
        b"<meta name=robots>" * 1200,
        b"&a" * 100_000,
        b"<p>" + FORMATS + b"<p>x" * 300,
        b"<P>" + FORMATS.upper() + b"</I></P><P>x" * 300,
    ],
)
def test_what_may_take_long_is_known_by_its_bytes(body):
    assert cost("http://a.test/", body) > INLINE


def test_a_large_robots_file_that_is_a_page_is_read_aside():
    rules = b"Disallow: /x\n" * 2000

    assert cost("http://a.test/robots.txt", rules) > INLINE > cost("http://a.test/rules.txt", rules)


def test_an_ordinary_page_is_read_where_it_is():
    text = b"<p>" + b"A paragraph of plain words, as long as most of them are. " * 5 + b"<a href=/x>a link</a></p>"

    assert cost("http://a.test/", text * 100) < INLINE


def test_formatting_that_ends_where_it_began_is_no_reason_to_read_a_page_elsewhere():
    text = b"<p><font size=2><b>A <i>paragraph</i></b> of <code>words</code> <a href=/x><em>and</em></a></font></p>"

    assert cost("http://a.test/", text * 150) < INLINE


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", 0),
        (b"<", 0),
        (b"<b", 0),
        (b"<b><p>", 1),
        (b"<B><p><i ><hr/></I><p>", 4),
        (b"</b><b><b></b></b><p>", 0),
        (b"<b></i></u><p>", 1),
        (b"<b1><bx><strongest><col><embed><p>", 0),
        (b"<strong><nobr><strike><p></strike></nobr></strong><p>", 3),
        (b"<i>" * 1000 + b"<p>", 512),
    ],
)
def test_formatting_left_open_is_counted_at_each_other_tag(body, expected):
    assert reopened(body) == expected


def test_an_error_in_the_other_process_is_one_here():
    async def ask() -> None:
        aside = Aside(5.0)
        try:
            with pytest.raises(RuntimeError, match="no http"):
                await aside.observe("no url", 200, HTML, b"", truncated=False, resources=False)
        finally:
            aside.close()

    asyncio.run(ask())
