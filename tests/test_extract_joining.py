"""References joined without a URL parser: whatever they hold, the target is the parser's, or they are left to it."""

from __future__ import annotations

import ada_url
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linkgraph.extract.joining import UNDECIDED
from linkgraph.extract.strings import Texts
from linkgraph.extract.targets import Targets
from linkgraph.urls import MAX_URL_LENGTH, Url, resolve, split

BASE = "http://www.example.co.uk/a/b/c?q=1"
BASES = [BASE, "https://a.test/", "http://u:p@a.test:81/x/y?z", "http://[::1]/d/", "http://a.test/b//c/"]
LETTERS = st.sampled_from("ab.z:/?#[]@\\%2eE0 \t\n-_~+&=;,!$'()*ü例\u00ad\u200bxn--")
HREFS = st.one_of(
    st.text(LETTERS, max_size=40),
    st.text(st.sampled_from("ab/.?#%2:_-"), max_size=20),
    st.builds("{}://{}/{}".format, st.sampled_from(["http", "https", "ftp"]), st.text(LETTERS), st.text(LETTERS)),
    st.builds("https://{}.example{}".format, st.text("abc-.", max_size=8), st.text(LETTERS, max_size=20)),
    st.builds("http://{}{}".format, st.sampled_from(["a.test", "xn--a.test", "a.1", "b.co.uk"]), st.text("/?#a.")),
)


def texts(references: list[str]) -> Texts:
    joined = "".join(f"{one}\0" for one in references).encode()
    array = np.frombuffer(joined, np.uint8).copy()
    return Texts(array, np.flatnonzero(array == 0))


def plain(references: list[str], base: str) -> list[Url | None]:
    """The targets of those references that need no parser, None for the others."""
    joined, numbers, _ = Targets(base).of_plain(texts(references))
    rows = [
        Url(url, joined.hosts[host], joined.domains[host], fragment)
        for url, host, fragment in zip(joined.urls, joined.host_of, joined.fragments, strict=True)
    ]
    return [None if number == UNDECIDED else rows[number] for number in numbers.tolist()]


def parsed(href: str, base: str) -> Url | None:
    try:
        return split(ada_url.join_url(base, href))
    except ValueError:
        return None


@settings(max_examples=300)
@given(st.lists(HREFS, max_size=8), st.sampled_from(BASES))
@example(["..//x", "a", "?", "?a", "#", "#x", "", "/", "//x"], BASE)
@example(["../../../../x", "../", "../..", "a/../b", "./x", "a:b", "%2E%2e/x", "a%2c", "a/%2e", "a/.%2E"], BASE)
@example(["http://a.test", "http://a.test/", "http://a.test#x", "http://a.test?x", "http://a.test//x"], BASES[1])
@example(["http://a.test/.", "http://a.test:80/", "http://A.test/", "http:x", "https:/x", "http://"], BASES[2])
@example(["http://xn--a.test/", "http://a.xn--b/", "http://1.2/", "http://a.b-/", "http://-a.b/", "http://a..b/"], BASE)
def test_what_is_joined_without_a_parser_is_what_the_parser_answers(hrefs, base):
    hrefs = [href for href in hrefs if "\0" not in href]
    found = plain(hrefs, base)

    for href, target in zip(hrefs, found, strict=True):
        expected = parsed(href, base)
        assert resolve(href, base) == expected
        assert target in (None, expected), href


@pytest.mark.parametrize(
    "href",
    [
        *("x", "x/y.html", "/x?a=b&c[]=%20d", "../x", "../../", "?q", "#f", "", "topic%2c1", "a'b"),
        *("http://b.test", "https://b.test/x?y#z", "http://www.b.co.uk/~c/(d)", "http://b.test#"),
    ],
)
def test_what_pages_hold_needs_no_parser(href):
    assert plain([href], BASE) == [parsed(href, BASE)]


def test_equal_targets_have_one_number_and_each_host_its_domain():
    joined, numbers, _ = Targets("http://a.test/d/").of_plain(texts(["x", "/d/x", "http://a.test/d/x", "x#y", "x#"]))

    assert numbers.tolist() == [0, 0, 0, 1, 2]
    assert joined[:5] == (["http://a.test/d/x"] * 3, [None, "y", ""], [0, 0, 0], ["a.test"], ["a.test"])


def test_a_target_that_a_parser_joined_has_the_number_of_its_equal():
    joined, _, _ = Targets(BASE).of_plain(texts(["x"]))

    assert joined.add(resolve("./x", BASE)) == 0
    assert joined.add(resolve("http://ü.test/", BASE)) == 1
    assert joined.add(resolve("http://ü.test", BASE)) == 1
    assert joined.urls[1] == "http://xn--tda.test/"


@pytest.mark.parametrize("length", [MAX_URL_LENGTH - 80, MAX_URL_LENGTH + 1])
def test_what_may_be_too_long_is_left_to_the_parser(length):
    (target,) = plain(["x" * length], BASE)

    assert (target is None) == (length > MAX_URL_LENGTH)
