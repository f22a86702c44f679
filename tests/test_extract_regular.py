"""Pages read without a parser: whatever they hold, the result is the parser's, or they are left to it."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.conformance import tree_inputs

from linkgraph.extract import examine, page
from linkgraph.extract.document import _DECLARES_UTF8, PRESCANNED, as_sent, by_parser
from linkgraph.extract.markup import parse

URL = "http://www.a.test/d/page"
TYPE = "text/html; charset=utf-8"
PAGES = 60
"""Real pages that are compared."""

TAGS = [
    "a",
    "b",
    "i",
    "em",
    "font",
    "p",
    "div",
    "span",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "tr",
    "td",
    "th",
    "tbody",
    "caption",
    "colgroup",
    "col",
    "form",
    "input",
    "button",
    "select",
    "option",
    "h1",
    "h2",
    "pre",
    "textarea",
    "title",
    "script",
    "style",
    "noscript",
    "iframe",
    "head",
    "body",
    "html",
    "br",
    "hr",
    "img",
    "svg",
    "path",
    "link",
    "nav",
    "header",
    "object",
    "article",
    "label",
    "address",
    "param",
    "x-y",
]
ATTRIBUTES = [
    "",
    " href=/1",
    ' href="/a&amp;b&copy=1"',
    " class=c id=d",
    " type=hidden",
    " /",
    " lang=x",
    " href='a\"b' href",
]
TEXTS = [
    *"x \n<é",
    *[
        "a&amp;b",
        "&nbsp;",
        "&lt",
        "&notit;",
        "&#150;",
        "&#x41",
        "&#0;",
        "</",
        "</>",
        "<!--c-->",
        "<!-->",
        "<!--a--!>",
        "<!x>",
        "<?x?>",
        "<![CDATA[x]]>",
    ],
    "<!doctype html>",
]

REGULAR = [
    "<!doctype html><title>t</title><p>a<p>b<ul><li>a<li>b</ul><dl><dt>a<dd>b</dl>",
    "<table><tr><td>a<td>b<tr><th>c</table><table><tbody><tr><td><table><tr><td></table></table>",
    "<p><b>bold<p>still bold</b> not</p>",
    "<a href=/1>a<a href=/2>b</a>",
    "<svg viewBox='0 0 1 1'><title>t</title><path/></svg><a href=/1>x</a>",
    "<script>if (a<b) '<!--<script></script>-->'</script><style>a{}</style>",
    "</head><link rel=canonical href=/c><body class=a><body class=b></body></html> x",
    "<form><table><tr><td><input></form></table></form><select><option>a<option selected>b</select>",
    "<head><noscript><img src=/x></noscript></head>x",
]
REFUSED = [
    "<b><p></b>x",
    "<table>x<tr></table>",
    "<table><a href=/1>x</a></table>",
    "<template><a href=/1>x</a></template>",
    "<math><mi>x</mi></math>",
    "<svg><p>x</svg>",
    "<frameset><frame src=/1></frameset>",
    "<select><div><a href=/1>x</a></select>",
    "<a href=/1",
    "<script>x",
    "<div>" * 300,
    "a\0b",
]


def different(body: bytes, monkeypatch: pytest.MonkeyPatch, content_type: str = TYPE) -> list[str] | None:
    """The names of what the two ways read differently; None where the page is left to the parser."""
    if as_sent(body, content_type) is None:
        return None
    headers = {"Content-Type": content_type}
    ours = examine(URL, headers, body)
    with monkeypatch.context() as patched:
        patched.setattr(page, "read", by_parser)
        theirs = examine(URL, headers, body)
    return [
        name
        for one, other in ((ours.page, theirs.page), (ours.links, theirs.links))
        for name in one.__slots__
        if getattr(one, name) != getattr(other, name)
    ]


@pytest.mark.parametrize("body", REGULAR)
def test_what_real_pages_hold_needs_no_parser(body, monkeypatch):
    assert different(body.encode(), monkeypatch) == []


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: body[:20])
def test_what_moves_elements_or_is_cut_off_is_left_to_the_parser(body):
    assert as_sent(body.encode(), TYPE) is None


def test_a_real_page_reads_the_same_without_the_parser(shared, monkeypatch):
    folder = shared / "labels" / "pages"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = random.Random(1).sample(paths, min(PAGES, len(paths)))
    found = {path.name: different(path.read_bytes(), monkeypatch, "text/html") for path in chosen}

    assert {name: columns for name, columns in found.items() if columns} == {}
    assert sum(columns is not None for columns in found.values()) > len(found) / 2


def test_a_public_case_of_tree_construction_reads_the_same_or_is_left_to_the_parser(shared, monkeypatch):
    if not (shared / "conformance").is_dir():
        pytest.skip(f"{shared / 'conformance'} is absent")
    found = {
        case: different(case.encode("utf-8", "replace"), monkeypatch) for case in tree_inputs(shared / "conformance")
    }

    assert len(found) > 1000
    assert {case: columns for case, columns in found.items() if columns} == {}
    assert sum(columns is not None for columns in found.values()) > 300


def pieces() -> st.SearchStrategy[str]:
    tags = st.builds(lambda tag, rest: f"<{tag}{rest}>", st.sampled_from(TAGS), st.sampled_from(ATTRIBUTES))
    ends = st.sampled_from(TAGS).map(lambda tag: f"</{tag}>")
    return st.one_of(tags, tags, ends, st.sampled_from(TEXTS), st.just("<a href=/l>l</a>"))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pieces(), max_size=30).map("".join))
@example("<a><div><a href=/1>x")
@example("<table><tr><td><form></table></form><a href=/2>y")
@example("<p><a href=/1>x<p><param name=x>y<source><a href=/2>z")
def test_any_markup_reads_the_same_or_is_left_to_the_parser(monkeypatch, body):
    assert not different(body.encode(), monkeypatch)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from(["text/html", TYPE, "text/html; charset=latin1"]))
@example(b"\xef\xbb\xbf<a href=/\xc3\xa9>x", "text/html")
@example(b"<meta charset=utf-8><a href=/\xff>\xff\xc3", "text/html")
@example(b"\xfe\xff", TYPE)
@example(b"\xff\xfe<meta charset=utf-8>", "text/html")
@example("<a href=/é>é\r\n".encode(), "text/html")
def test_any_bytes_in_any_encoding_read_the_same_or_are_left_to_the_parser(monkeypatch, body, content_type):
    assert not different(body, monkeypatch, content_type)


DECLARING = """
<html lang=a>|<!doctype html>|<?x?>|<!--|-->|<!-->|<title>t</title>|<p a='|'>|<p b="|<meta charset=utf-8>|">|x|<|/>| |
<META charset="UTF-8"/>|<meta charset='utf-8>|<meta charset=euc-kr>|<meta name=a>|
<meta name=a content='charset=euc-kr'>|
<meta http-equiv=content-type content='text/html; charset=euc-jp'>|
<meta http-equiv=content-type content='text/html; charset=utf-8'>
""".strip().split("|")


@settings(max_examples=300)
@given(st.lists(st.sampled_from(DECLARING), max_size=10).map("".join), st.sampled_from([0, 980, 1000, 1010, 1020]))
def test_an_encoding_is_told_without_the_parser_only_as_the_parser_tells_it(markup, blanks):
    body = (" " * blanks + markup).encode()

    assert not _DECLARES_UTF8.match(body, 0, PRESCANNED) or parse(body, "text/html").charset == "utf-8"


def test_pages_are_told_to_be_utf8_without_the_parser():
    head = b"<!DOCTYPE html>\n<html lang=en><!-- x --><head><title>a</title><meta name='viewport' content='width=1'>"
    for meta in (b"<meta charset='utf-8'>", b'<meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />'):
        assert _DECLARES_UTF8.match(head + meta, 0, PRESCANNED)
