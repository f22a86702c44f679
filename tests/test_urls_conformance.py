"""URLs beyond the public suites of test_conformance.py: that a canonical URL is its own, and what is no link."""

from __future__ import annotations

import json
import time

import ada_url
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from linkgraph.urls import registrable_domain, resolve, split, suffix_list_version

BASE = "http://www.example.co.uk/a/b/c?q=1"


def expected_of(case: dict) -> tuple[str, str | None] | None:
    """URL without fragment, and fragment; None for a failure and for what is not http(s)."""
    href = case.get("href", "")
    if case.get("failure") or not href.startswith(("http://", "https://")):
        return None
    url, mark, fragment = href.partition("#")
    return url, fragment if mark else None


def storable(text: str | None) -> bool:
    """A lone surrogate never leaves an HTML parser, so no href holds one."""
    return text is None or text.isascii() or text.encode("utf-8", "replace").decode() == text


@pytest.fixture(scope="module")
def web_platform_cases(shared) -> list[dict]:
    source = shared / "conformance" / "url-wpt" / "urltestdata.json"
    if not source.exists():
        pytest.skip(f"{source} is absent")
    cases = [case for case in json.loads(source.read_text(encoding="utf-8")) if isinstance(case, dict)]
    return [case for case in cases if storable(case["input"]) and storable(case["base"])]


def test_every_web_platform_case_has_the_host_of_the_standard(web_platform_cases):
    for case in web_platform_cases:
        if expected_of(case) is not None:
            assert resolve(case["input"], case["base"]).host == case["hostname"], case


def test_resolving_what_was_resolved_changes_nothing_in_every_web_platform_case(web_platform_cases):
    for case in web_platform_cases:
        if (found := resolve(case["input"], case["base"])) is not None:
            assert resolve(found.url) == found._replace(fragment=None), case


URL_LETTERS = st.sampled_from("ab.z:/?#[]@\\%2eE0 \t\n-_~+&=;,!$'()*ü例\u00ad\u200b\x00xn--")
HREFS = st.one_of(
    st.text(URL_LETTERS, max_size=40),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.builds("http://{}/{}".format, st.text(URL_LETTERS, min_size=1, max_size=20), st.text(URL_LETTERS, max_size=20)),
    st.builds("https://{}.example{}".format, st.text("abc-.", max_size=8), st.text(URL_LETTERS, max_size=20)),
)


@pytest.mark.row("H7")
@given(HREFS)
@example("http://a.test/?q#")
@example("http://[::1]:8080/")
@example("http://xn--a.test/")
@example("http://0x7f.1/")
@example("http://EXAMPLE.test.:80/../x")
def test_a_canonical_url_resolves_to_itself(href):
    found = resolve(href, BASE)

    if found is not None:
        assert resolve(found.url) == found._replace(fragment=None)
        assert split(found.url) == found._replace(fragment=None)
        assert found.url.isascii()
        assert "#" not in found.url


@pytest.mark.parametrize(
    "href",
    [
        *("mailto:a@b.test", "javascript:void(0)", " jav\tascript:x", "data:text/html,x", "tel:1", "ftp://a.test/"),
        *(
            "http://",
            "http:///",
            "https://a.test:99999/",
            "http://a b.test/",
            "http://[::1",
            "http://[fe80::1%25eth0]/",
        ),
        *("http://a.test%00/", "file:///etc/passwd", "about:blank", "blob:http://a.test/1", "http://1.2.3.4.5/"),
    ],
)
def test_what_is_no_http_address_is_no_link(href):
    assert resolve(href) is None


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("HTTP://A.TEST", "http://a.test/"),
        ("http://a.test:80/", "http://a.test/"),
        ("https://a.test:443/", "https://a.test/"),
        ("https://a.test:80/", "https://a.test:80/"),
        ("http://a.test\\x\\y", "http://a.test/x/y"),
        ("  http://a.test/\tb\n ", "http://a.test/b"),
        ("http://bücher.test/ü?ü", "http://xn--bcher-kva.test/%C3%BC?%C3%BC"),
        ("http://%61.test/%7Ea", "http://a.test/%7Ea"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://u:p@a.test/", "http://u:p@a.test/"),
        ("http://a.test/./b/%2e%2E/c", "http://a.test/c"),
    ],
)
def test_one_page_has_one_spelling(href, url):
    assert resolve(href).url == url


def test_fragments_are_kept_apart_and_an_empty_one_is_told_from_none():
    assert resolve("#x", BASE) == resolve("", BASE)._replace(fragment="x")
    assert resolve("#", BASE).fragment == ""
    assert resolve("", BASE).fragment is None
    assert resolve("", BASE).url == BASE


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["http://a.", "https://www.example.com", "http://"]),
    st.lists(st.sampled_from([*"aZ109_~!$&'()*+,;=@:.-/?#%|", "xn--", "b1.", "/.", "..", "%2e", "é", " ", "com"])),
)
@example("http://a.", ["b", "/.", "b"])
@example("http://a.", ["1"])
def test_a_url_is_what_the_parser_says_whether_it_was_asked_or_not(begin, pieces):
    href = begin + "".join(pieces)
    try:
        parsed = split(ada_url.URL(href).href)
    except ValueError:
        parsed = None

    assert resolve(href) == parsed


def test_credentials_and_ports_are_no_part_of_the_host():
    found = resolve("http://user:pa@ss@www.a.co.uk:8080/x")

    assert (found.host, found.domain) == ("www.a.co.uk", "a.co.uk")
    assert resolve("http://[2001:DB8::1]:8080/").host == "[2001:db8::1]"


@pytest.mark.row("H7")
def test_a_hostile_reference_costs_little():
    hostile = ["http://" + "xn--" * 1000 + "/", "../" * 700_000, "http://a.test/" + "a/../" * 400_000, "/" * 2_000_000]
    start = time.process_time()
    for href in hostile:
        resolve(href, BASE)

    assert time.process_time() - start < 4


@pytest.mark.row("H8")
@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("co.uk", "co.uk"),
        ("a.b.co.uk", "b.co.uk"),
        ("github.io", "github.io"),
        ("user.github.io", "user.github.io"),
        ("x.user.github.io", "user.github.io"),
        ("www.city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.b.c.kobe.jp", "b.c.kobe.jp"),
        ("localhost", "localhost"),
        ("a.b.unknown-suffix", "b.unknown-suffix"),
        ("127.0.0.1", "127.0.0.1"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("1.2.3.example.com", "example.com"),
    ],
)
def test_registrable_domains_follow_the_list(host, domain):
    assert registrable_domain(host) == domain


@pytest.mark.row("H8")
@given(st.from_regex(r"\A[a-z0-9-]{1,5}(\.[a-z0-9-]{1,5}){0,4}\.(com|co\.uk|github\.io|ck|test|jp)\Z"))
def test_a_registrable_domain_is_its_own_and_ends_the_host(host):
    domain = registrable_domain(host)

    assert registrable_domain(domain) == domain
    assert host == domain or host.endswith("." + domain)


def test_a_trailing_dot_does_not_make_another_domain():
    assert registrable_domain("www.a.co.uk.") == registrable_domain("www.a.co.uk")


@pytest.mark.row("H8")
def test_the_list_in_use_says_its_date():
    assert suffix_list_version()[:2] == "20"
