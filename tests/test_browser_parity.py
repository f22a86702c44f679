"""A browser is the judge of what a page links to: real pages, and markup on which parsers disagree."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from support.parity import Browser, browser_path, chromium, explain, ours

URL = "http://a.test/d/page"
NUMBER = 40


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    pytest.importorskip("playwright", reason="the extra js is not installed")
    path = browser_path()
    if path is None:
        pytest.skip("neither chromium-headless-shell nor chromium is on PATH")
    with chromium(path) as started:
        yield started


@pytest.fixture(scope="module")
def real_pages(shared) -> list[tuple[str, bytes]]:
    """Pages of many sites, old and new, in the form their servers sent."""
    folder = shared / "labels" / "pages"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    files = sorted(path for path in folder.rglob("*.htm*") if path.is_file() and path.stat().st_size < 300_000)
    chosen = random.Random(3).sample(files, NUMBER)
    return [(f"http://a{number}.test/d/page", path.read_bytes()) for number, path in enumerate(chosen)]


def type_of(body: bytes) -> str:
    """What the page's server would have said: the files are kept without headers, some saved again as UTF-8."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return "text/html"
    return "text/html; charset=utf-8"


def test_real_pages_link_where_a_browser_says_by_href_and_by_text(browser, real_pages):
    links = 0
    for url, body in real_pages:
        mine, its = ours(url, body, type_of(body)), browser.see(url, body, type_of(body))
        assert (mine.links, mine.others, mine.texts) == (its.links, its.others, its.texts), url
        assert "unexplained" not in set(explain(mine.shown - its.shown, its.shown - mine.shown)), url
        links += mine.links.total()

    assert links > 30 * NUMBER


@pytest.mark.parametrize(
    "markup",
    [
        "<a href=/1><b>one<a href=/2>two</b>three</a>",
        "<table><a href=/1>out</a><tr><td><a href=/2>in</a></table>",
        "<svg><a href=/1>drawn</a><foreignObject><a href=/2>in a drawing</a></foreignObject></svg>",
        "<template><a href=/1>not yet</a></template><a href=/2>now</a>",
        "<noscript><a href=/1>without scripts</a></noscript>",
        "<base href=/b/><base href=/c/><a href=x>x</a><area href=y>",
        "<base target=_top><base href='//c.test/z/'><a href=x>x</a>",
        "<base href='javascript:1'><a href=x>x</a>",
        "<base href='data:,'><a href=x>x</a><a href='#f'>f</a>",
        "<map><area href=/1><area href='' alt=x><area></map>",
        "<a href>empty</a><a>none</a><a href='?'>q</a><a href='#'>h</a>",
        "<a href=' \t/1\n '>blanks</a><a href='/a\nb'>within</a><a href='http://b.test:80'>port</a>",
        "<a href='mailto:x@a.test'>m</a><a href='JavaScript:1'>j</a><a href='ftp://a.test'>f</a>",
        "<a href=/1>one<div>two</div><p>three</a>four",
        "<frameset><frame src=/1><frame src=/2><noframes><a href=/3>no</a></noframes></frameset>",
        "<iframe src=/1><a href=/2>text</a></iframe><a href=/3>after</a>",
        "<form action=/1><form action=/2></form><a href=/3>in</a></form><form></form>",
        "<textarea><a href=/1>text</a></textarea><title><a href=/2></title><a href=/3>after</a>",
        "<!-- <a href=/1>no</a> --!><a href=/2>yes</a><![CDATA[<a href=/3>x</a>]]>",
        "<select><option><a href=/1>one</a></select><a href=/2>two</a>",
        "<p><object data=x><a href=/1>fallback</a></object><video><a href=/2>v</a></video>",
        "<link rel=canonical href=/c#x><body><link rel=canonical href=/d>",
        "<meta http-equiv=refresh content='50; url=/next'><a href=/1>one</a>",
        "<meta http-equiv=refresh content='50,/next'>",
        "<meta http-equiv=refresh content=\"50;URL='/next'\">",
        "<body><p><meta http-equiv=refresh content='50;url=/late'>",
        "<math><mtext><a href=/1>sum</a></mtext><a href=/2>m</a></math>",
        "<dialog><a href=/1>closed</a></dialog><details><summary>s</summary><a href=/2>shut</a></details>",
        "<a href=/&lt;1&notit;2&amp=3&copy;>entities</a>",
        "<a href=/1 href=/2>twice</a><A HREF=/3>capitals</A><a\nhref\n=\n/4>lines</a><a/href=/5>slash</a>",
        "<plaintext><a href=/1>never</a>",
    ],
)
def test_markup_that_parsers_dispute_links_where_a_browser_says(browser, markup):
    body = b"<!doctype html><meta charset=utf-8>" + markup.encode()
    mine, its = ours(URL, body), browser.see(URL, body)

    assert (mine.links, mine.others, mine.texts) == (its.links, its.others, its.texts)


ENCODINGS = """
big5 euc-jp euc-kr gb18030 gbk ibm866 iso-2022-jp iso-8859-1 iso-8859-2 iso-8859-8-i iso-8859-16 koi8-r koi8-u macintosh
shift_jis utf-16 utf-8 windows-874 windows-1250 windows-1252 windows-1255 windows-1258 x-mac-cyrillic x-user-defined
"""
LETTERS = "é ж 日 ジ 한 א ก € 表 \x81 〜 № 兙 ￢ ∥ ў ' \" ` 😀 ﬀ \ufffd \ufeff"


@pytest.mark.parametrize("charset", ENCODINGS.split())
def test_queries_outside_ascii_are_escaped_in_the_pages_own_encoding(browser, charset):
    references = "".join(f"&#{ord(letter)};" for letter in LETTERS.replace(" ", "="))
    body = f"<meta charset={charset}><a href='/{references}?{references}'>".encode()

    assert ours(URL, body).links == browser.see(URL, body).links


def test_a_base_that_is_no_url_is_ignored_as_the_standard_says_though_chromium_then_drops_relative_links(browser):
    body = b"<base href='http://[bad'><a href=x>x</a>"

    assert ours(URL, body).links == Counter({("a", "http://a.test/d/x"): 1})
    assert browser.see(URL, body).links == Counter()


def test_an_undeclared_encoding_is_utf_8_where_the_bytes_are_though_chromium_reads_windows_1252(browser):
    body = b"<a href=/1>caf\xc3\xa9</a>" + b" " * 2000

    assert ours(URL, body).texts == Counter({(f"{URL[:13]}/1", "caf\xe9"): 1})
    assert browser.see(URL, body).links == ours(URL, body).links


def test_every_difference_of_shown_text_has_a_class_or_is_unexplained():
    def classes(mine: str, its: str) -> list[str]:
        return list(explain(Counter({("/", mine): 1}), Counter({("/", its): 1})))

    assert [
        name.split()[0]
        for name in classes("a b", "ab") + classes("ab", "AB") + classes("ab", "") + classes("ab", "aab")
    ] == [
        "blanks:",
        "capitals",
        "hidden,",
        "innerText",
    ]
    assert classes("ab", "xy") == ["unexplained"]
