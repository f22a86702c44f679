"""robots.txt, by the examples of RFC 9309, of a large engine's own tests, and of the wild."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.fetch import robots_cache
from linkgraph.fetch.robots import MAX_AGE, RETRY_AFTER, Rules, read_rules, unreachable
from linkgraph.fetch.robots_cache import RobotsCache
from linkgraph.fetch.ruleset import MAX_BYTES

TOKEN = "linkgraph"
SHARED = Path(os.environ.get("LINKGRAPH_SHARED", Path(__file__).resolve().parents[2] / "shared"))


def rules(text: str | bytes, status: int | None = 200) -> Rules:
    return read_rules(status, text.encode() if isinstance(text, str) else text, TOKEN, 0.0)


def allows(text: str | bytes, path: str = "/x") -> bool:
    return rules(text).refuses(f"http://a.test{path}") is None


def decision(status: int) -> str | None:
    return rules("User-agent: *\nDisallow: /", status).refuses("http://a.test/x")


def test_every_status_has_an_answer():
    answers = {status: decision(status) for status in range(100, 778)}

    parsed = set(range(200, 300))
    unreachable_ones = {*range(100, 200), 429, *range(500, 778)}
    assert {status for status, answer in answers.items() if answer == "robots:disallowed"} == parsed
    assert {status for status, answer in answers.items() if answer == "robots:unreachable"} == unreachable_ones
    assert {status for status, answer in answers.items() if answer is None} == set(answers) - parsed - unreachable_ones


def test_no_answer_is_a_complete_disallow_until_it_is_asked_again():
    found = rules("", None)

    assert found.refuses("http://a.test/") == "robots:unreachable"
    assert found.expires == RETRY_AFTER
    assert unreachable(0.0, "dns:failed").refuses("http://a.test/") == "dns:failed"


# RFC 9309 5.1 and 5.2, and the rules of 2.2.
@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("User-agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/", "/publications/x", True),
        ("User-agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/", "/example/", False),
        ("User-agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/", "/x.gif", False),
        ("User-agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/", "/x.gif?y", True),
        ("User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif", "/example/page/", True),
        (
            "User-agent: *\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif",
            "/example/page/disallowed.gif",
            False,
        ),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("User-agent: *\nDisallow:", "/x", True),
        ("User-agent: *\nAllow: /x\nDisallow: /x", "/x", True),
        ("User-agent: *\nDisallow: /a%3cd.html", "/a%3Cd.html", False),
        ("User-agent: *\nDisallow: /\u00fc", "/%C3%BC", False),
        ("User-agent: *\nDisallow: /x#y", "/x", False),
        ("  User-agent :  *  \n  DISALLOW :  /x  ", "/x", False),
        ("User-agent: *\rDisallow: /x\r", "/x", False),
        ("User-agent: *\r\nDisallow: /x\r\n", "/x", False),
        ("Disallow: /x\nUser-agent: other\nDisallow: /", "/x", True),
        ("", "/x", True),
        ("<html><body>404</body></html>", "/x", True),
        ("User-agent: *\nDisallow: x", "/x", True),
    ],
)
def test_rules_of_the_rfc(text, path, allowed):
    assert allows(text, path) == allowed


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("User-agent: linkgraph\nDisallow: /", False),
        ("User-agent: LinkGraph\nDisallow: /", False),
        ("User-agent: LINKGRAPH/1.0 (beta)\nDisallow: /", False),
        ("User-agent: linkgraph.example\nDisallow: /", False),
        ("User-agent: link\nDisallow: /", True),
        ("User-agent: l\nDisallow:\n\nUser-agent: *\nDisallow: /", False),
        ("User-agent: link\nDisallow:\n\nUser-agent: *\nDisallow: /", False),
        ("User-agent: linkgraphbot\nDisallow: /", True),
        ("User-agent: my-linkgraph\nDisallow: /", True),
        ("User-agent: linkgraph\nDisallow:\n\nUser-agent: *\nDisallow: /", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: linkgraph\nDisallow: /y", True),
        ("User-agent: a\nUser-agent: linkgraph\nUser-agent: b\nDisallow: /", False),
        (
            "User-agent: linkgraph\nAllow: /x/y\n\nUser-agent: other\nDisallow:\n\nUser-agent: linkgraph\nDisallow: /",
            False,
        ),
        ("User-agent: linkgraph\nSitemap: http://a.test/s.xml\nDisallow: /", False),
        ("User-agent: other\nHost: a.test\nUser-agent: linkgraph\nDisallow: /", False),
        ("User-agent: other\nClean-param: x\nUser-agent: linkgraph\nDisallow: /", False),
        ("user agent linkgraph\ndisallow /", False),
    ],
)
def test_a_group_is_ours_by_the_whole_product_token(text, allowed):
    assert allows(text) == allowed


def test_a_byte_order_mark_hides_nothing():
    assert not allows(b"\xef\xbb\xbfUser-agent: *\nDisallow: /")


def test_bytes_that_are_no_text_are_read_as_far_as_they_go():
    assert not allows(b"\xff\xfe\x00\nUser-agent: *\nDisallow: /\n\x80")


def test_what_lies_beyond_the_limit_is_cut_at_a_line():
    filler = b"# " + b"x" * 97 + b"\n"
    first = b"User-agent: *\nDisallow: /first\n"
    lines = filler * ((MAX_BYTES - len(first)) // len(filler))
    body = (
        first
        + lines
        + b"Disallow: /last-and-cut-in-the-middle-of-this-very-long-path"
        + b"x" * 200
        + b"\nDisallow: /x\n"
    )

    found = rules(body)

    assert found.refuses("http://a.test/first")
    assert not found.refuses("http://a.test/last-and-cut-in-the-middle-of-this-very-long-path")
    assert not found.refuses("http://a.test/x")


def test_one_line_longer_than_the_limit_is_none():
    assert allows(b"Disallow: /" + b"x" * (MAX_BYTES + 1))


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("2.5", 2.5),
        ("0", 0.0),
        ("300", 300.0),
        ("400", 300.0),
        ("1e308", 300.0),
        ("1e5", 300.0),
        ("inf", None),
        ("nan", None),
        ("-1", None),
        ("", None),
        ("soon", None),
        ("1,5", None),
    ],
)
def test_a_crawl_delay_is_a_number_from_0_to_300(value, delay):
    assert rules(f"User-agent: *\nCrawl-delay: {value}\nDisallow: /y").delay == delay


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("1/5", 5.0),
        ("3/1m", 20.0),
        ("1/1h", 300.0),
        ("1/1d", 300.0),
        ("0/5", None),
        ("1/0", None),
        ("x", None),
        ("1/" + "9" * 400, 300.0),
        ("9" * 400 + "/1", 0.0),
    ],
)
def test_a_request_rate_is_a_delay(value, delay):
    assert rules(f"User-agent: *\nRequest-rate: {value}\nDisallow: /y").delay == delay


def test_the_slower_of_two_wishes_is_kept():
    assert rules("User-agent: *\nCrawl-delay: 2\nRequest-rate: 1/7").delay == 7.0


def test_the_delay_is_that_of_our_group():
    assert rules("User-agent: *\nCrawl-delay: 9\n\nUser-agent: linkgraph\nCrawl-delay: 1").delay == 1.0


def test_sitemaps_are_named_once_each_in_order_whatever_the_group():
    text = (
        "Sitemap: http://a.test/2\nUser-agent: other\nDisallow: /\nsitemap: http://a.test/1\nSITEMAP: http://a.test/2"
    )

    assert rules(text).sitemaps == ("http://a.test/2", "http://a.test/1")


def test_rules_are_kept_for_a_day_and_no_longer():
    cache = RobotsCache()
    cache.put("http://a.test", read_rules(200, b"", TOKEN, 1000.0))

    assert cache.get("http://a.test", 1000.0 + MAX_AGE - 1) is not None
    assert cache.get("http://a.test", 1000.0 + MAX_AGE) is None
    assert cache.get("https://a.test", 1000.0) is None
    assert cache.get("http://a.test:8080", 1000.0) is None


def test_the_cache_forgets_what_was_used_least_recently(monkeypatch):
    monkeypatch.setattr(robots_cache, "MAX_MEMORY", 1000)
    cache = RobotsCache()
    for host in ("a", "b"):
        cache.put(host, rules(""))
    cache.get("a", 0.0)
    cache.put("c", rules(""))

    assert [cache.get(host, 0.0) is not None for host in ("a", "b", "c")] == [True, False, True]


@given(st.text(), st.text())
def test_any_text_and_any_path_get_an_answer(text, path):
    found = rules(text.encode("utf-8", "surrogatepass"))

    assert found.refuses(f"http://a.test/{path}") in (None, "robots:disallowed")
    assert found.delay is None or 0 <= found.delay <= 300


def test_a_bomb_of_wildcards_costs_steps_in_proportion_to_its_length():
    text = "User-agent: *\n" + "".join(f"Disallow: /{'*a' * 50}{number}$\n" for number in range(100))
    found = rules(text)

    # Backtracking would take longer than the universe has: a hang is what fails here.
    assert found.refuses("http://a.test/" + "a" * 2000) is None
