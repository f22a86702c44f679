"""Every column of a page and its links, rule by rule, on pages small enough to check by eye."""

from __future__ import annotations

import hashlib
import unicodedata

import pytest

from linkgraph.errors import UsageError
from linkgraph.extract import extract, is_html
from linkgraph.model import Links, Page

URL = "http://www.a.test/d/page?q=1"


def read(markup: str | bytes, *headers: tuple[str, str], **options) -> tuple[Page, Links]:
    body = markup.encode() if isinstance(markup, str) else markup
    given = {name.lower() for name, _ in headers}
    typed = headers if "content-type" in given else (("Content-Type", "text/html; charset=utf-8"), *headers)
    return extract(URL, typed, body, **options)


def rows(markup: str | bytes, *headers: tuple[str, str], **options) -> list[dict]:
    return list(read(markup, *headers, **options)[1].rows())


def only(markup: str | bytes, *headers: tuple[str, str]) -> dict:
    (row,) = rows(markup, *headers)
    return row


def targets(markup: str | bytes, *headers: tuple[str, str], **options) -> list[tuple[str, str]]:
    return [(row["kind"], row["dst_url"]) for row in rows(markup, *headers, **options)]


# Where links come from


@pytest.mark.row("H5")
@pytest.mark.parametrize(
    ("markup", "kind"),
    [
        ("<a href=http://b.test/x>t</a>", "a"),
        ("<map><area href=http://b.test/x></map>", "area"),
        ("<form action=http://b.test/x></form>", "form"),
        ("<frameset><frame src=http://b.test/x></frameset>", "frame"),
        ("<iframe src=http://b.test/x></iframe>", "iframe"),
        ("<link rel=next href=http://b.test/x>", "link"),
        ("<link rel=alternate hreflang=de href=http://b.test/x>", "link"),
        ("<link rel=alternate type=application/rss+xml href=http://b.test/x>", "feed"),
        ("<link rel='ALTERNATE home' type='Application/Atom+XML; charset=utf-8' href=http://b.test/x>", "feed"),
        ("<link rel=alternate type=application/feed+json href=http://b.test/x>", "feed"),
        ("<meta http-equiv=refresh content='0; url=http://b.test/x'>", "refresh"),
        ("<noscript><a href=http://b.test/x>t</a></noscript>", "a"),
        ("<noscript><iframe src=http://b.test/x></iframe></noscript>", "iframe"),
        ("<details><summary>s</summary><a href=http://b.test/x>t</a></details>", "a"),
        ("<p hidden><a href=http://b.test/x>t</a>", "a"),
    ],
)
def test_each_source_gives_one_link_of_its_kind(markup, kind):
    assert targets(markup) == [(kind, "http://b.test/x")]
    assert only(markup)["origin"] == "html"


@pytest.mark.parametrize(
    "markup",
    [
        "<template>t</template>",
        "<svg><a href=/x xlink:href=/x>t</a></svg>",
        "<math><a href=/x>t</a></math>",
        "<a href=mailto:a@b.test>t</a>",
        "<a href='JavaScript:void(0)'>t</a>",
        "<a href='&#1;javascript:x'>t</a>",
        "<a href='java\tscript:x'>t</a>",
        "<a href='data:text/html,<a href=/x>'>t</a>",
        "<a href=tel:+1>t</a>",
        "<a href=http://>t</a>",
        "<a name=x>t</a>",
        "<form><input></form>",
        "<iframe></iframe>",
        "<iframe srcdoc='<a href=/x>t</a>'></iframe>",
        "<link rel=stylesheet href=/x.css>",
        "<script src=/x.js></script>",
        "<script>document.write('<a href=/x>t</a>')</script>",
        "<style>a{background:url(/x)}</style>",
        "<img src=/x.png srcset='/y.png 2x'>",
        "<textarea><a href=/x>t</a></textarea>",
        "<title><a href=/x>t</a></title>",
        "<!-- <a href=/x>t</a> -->",
        "<meta http-equiv=refresh content=30>",
        "<a ping=http://b.test/x>t</a>",
    ],
)
def test_what_leads_to_no_other_page_is_no_link(markup):
    assert rows(markup) == []


@pytest.mark.parametrize(
    "template",
    [
        "<template><a href=/x>t</a></template>",
        "<div><template><nav><a href=/x>t</a><a href=/z>t</a></nav></template></div>",
        "<template><template><a href=/x>t</a></template></template>",
        "<template><base href=/t/></template>",
        "<template><script>x</script></template>",
        "<template><h1>t</h1></template>",
    ],
)
def test_links_inside_templates_are_none_and_those_after_are_kept(template):
    assert targets(f"{template}<a href=y>t</a>") == [("a", "http://www.a.test/d/y")]


def test_directives_inside_templates_say_nothing():
    page, _ = read("<template><meta name=robots content=none></template>")

    assert (page.noindex, page.nofollow) == (False, False)


@pytest.mark.parametrize(
    "hidden",
    [
        "<template>text</template>",
        "<noscript><p>x <b>y</b></noscript>",
        "<iframe src=mailto:x><a href=/x>t</a></iframe>",
        "<svg><title><h1>t</h1></title></svg>",
    ],
)
def test_a_link_after_what_no_reader_sees_is_kept(hidden):
    assert targets(f"{hidden}<a href=/y>t</a>") == [("a", "http://www.a.test/y")]


@pytest.mark.parametrize("element", ["<style><a>x</a></style>", "<script><g><title>x</title></g></script>"])
def test_a_link_after_a_drawings_style_or_script_with_elements_inside_is_kept(element):
    assert targets(f"<svg>{element}</svg><a href=/y>t</a>") == [("a", "http://www.a.test/y")]


def test_an_html_link_inside_svg_foreign_content_counts():
    assert targets("<svg><foreignObject><a href=/x>t</a></foreignObject></svg>") == [("a", "http://www.a.test/x")]


def test_resources_are_links_only_on_request():
    markup = "<link rel=stylesheet href=/c><script src=/s></script><img src=/i alt=I>"

    assert targets(markup) == []
    assert targets(markup, resources=True) == [
        ("style", "http://www.a.test/c"),
        ("script", "http://www.a.test/s"),
        ("img", "http://www.a.test/i"),
    ]
    assert rows(markup, resources=True)[2]["alt"] == "I"


def test_a_link_without_a_text_or_with_an_empty_href_means_what_a_browser_makes_of_it():
    assert targets("<a href></a>") == [("a", "http://www.a.test/d/page?q=1")]
    assert only("<a href='#top'>t</a>")["dst_fragment"] == "top"
    assert targets("<form action=''></form>") == []


def test_blanks_newlines_and_entities_in_an_href_are_read_as_browsers_do():
    assert targets("<a href=' \n/x?a=1&amp;b=2&copy=3 '>t</a>") == [("a", "http://www.a.test/x?a=1&b=2&copy=3")]
    assert targets("<a href='/a b'>t</a>") == [("a", "http://www.a.test/a%20b")]
    assert targets("<a href=\\\\b.test\\x>t</a>") == [("a", "http://b.test/x")]


@pytest.mark.row("H5")
def test_nested_links_are_two_as_the_parser_closes_the_first():
    assert [row["anchor"] for row in rows("<a href=/1>one <a href=/2>two</a> three</a>")] == ["one", "two"]


def test_link_headers_give_links_with_their_rel_and_title():
    value = (
        '</n>; rel="next"; title="The, \\"next\\" one", <http://b.test/f>; rel=alternate; type="application/rss+xml"'
    )
    first, second = rows("", ("Link", value))

    assert (first["kind"], first["dst_url"], first["rel"]) == ("link", "http://www.a.test/n", ("next",))
    assert first["title"] == 'The, "next" one'
    assert (second["kind"], second["dst_url"]) == ("feed", "http://b.test/f")
    assert {row["origin"] for row in (first, second)} == {"http-header"}
    assert {row["zone"] for row in (first, second)} == {"head"}


@pytest.mark.parametrize(
    "value",
    ["", "<", "</x", "/x; rel=next", ">", "<mailto:a@b>; rel=x", '</x>; rel=x; anchor="/other"', "</s>;rel=stylesheet"],
)
def test_link_headers_that_say_nothing_to_us_give_nothing(value):
    assert rows("", ("Link", value)) == []


def test_a_malformed_link_header_keeps_the_links_that_can_be_read():
    header = ("LINK", '</1>; rel=";;; </2>, </3> rel=next,, <> ; =, </4>; rel=up; rel=down')

    assert ("link", "http://www.a.test/3") in targets("", header)
    assert [row["rel"] for row in rows("", header)][-1] == ("up",)


def test_refresh_headers_are_links_and_do_not_heed_the_base():
    row = only("<base href=http://c.test/>", ("Refresh", "5;URL='x'"))

    assert (row["kind"], row["dst_url"], row["origin"]) == ("refresh", "http://www.a.test/d/x", "http-header")


@pytest.mark.parametrize(
    ("content", "url"),
    [
        ("0;url=/x", "http://www.a.test/x"),
        ("0; URL = /x", "http://www.a.test/x"),
        (" 3.5 , /x", "http://www.a.test/x"),
        ("0 url='/x'tail", "http://www.a.test/x"),
        ('0;url="/x', "http://www.a.test/x"),
        ("0;/x", "http://www.a.test/x"),
        (".5;/x", "http://www.a.test/x"),
    ],
)
def test_refreshes_are_read_by_the_html_standard(content, url):
    assert targets(f"<meta http-equiv=Refresh content='{content.replace(chr(39), '&#39;')}'>") == [("refresh", url)]


@pytest.mark.parametrize(
    "content", ["", "0", "0;", "0;url=", "url=/x", "-1;url=/x", "0;url=javascript:x", "x;/x", "0x;/y"]
)
def test_refreshes_to_nowhere_are_no_links(content):
    assert targets(f'<meta http-equiv=refresh content="{content}">') == []


def test_a_refresh_in_noscript_is_not_obeyed_and_an_own_one_comes_first_without_order():
    assert targets("<noscript><meta http-equiv=refresh content='0;url=/x'></noscript>") == []


# rel and robots


@pytest.mark.row("H9")
@pytest.mark.parametrize(
    ("rel", "tokens", "flags"),
    [
        ("nofollow", ("nofollow",), (True, False, False)),
        ("UGC NoFollow", ("ugc", "nofollow"), (True, True, False)),
        ("sponsored,noopener", ("sponsored", "noopener"), (False, False, True)),
        (" \t\nugc\f", ("ugc",), (False, True, False)),
        ("nofollowed no-follow dofollow", ("nofollowed", "no-follow", "dofollow"), (False, False, False)),
        ("nofollow nofollow", ("nofollow", "nofollow"), (True, False, False)),
        ("", (), (False, False, False)),
        ("x" * 100_000, None, (False, False, False)),
    ],
)
def test_rel_tokens_are_lower_case_in_order_and_set_the_flags(rel, tokens, flags):
    row = only(f'<a href=/x rel="{rel}">t</a>')

    assert (row["nofollow"], row["ugc"], row["sponsored"]) == flags
    assert tokens is None or row["rel"] == tokens
    assert sum(map(len, row["rel"])) <= 256


def test_an_areas_and_a_forms_rel_count_too():
    found = rows("<map><area href=/1 rel=nofollow></map><form action=/2 rel=sponsored></form>")

    assert [(row["nofollow"], row["sponsored"]) for row in found] == [(True, False), (False, True)]


@pytest.mark.row("H9")
@pytest.mark.parametrize(
    ("markup", "headers", "noindex", "nofollow"),
    [
        ("", [], False, False),
        ("<meta name=robots content=noindex>", [], True, False),
        ("<meta name=ROBOTS content='NoFollow , NOINDEX'>", [], True, True),
        ("<meta name=robots content=none>", [], True, True),
        ("<meta name=robots content='index,follow,all'>", [], False, False),
        ("<meta name=robots content='noindex nofollow'>", [], True, True),
        ("<meta name=robots content='noindex;nofollow'>", [], True, True),
        ("<meta name=robots content=',,;;noindex,,'>", [], True, False),
        ("<meta name=robots><meta name=robots content=''>", [], False, False),
        ("<meta name=robots content=noindexed>", [], False, False),
        ("<meta name=linkgraph content=nofollow>", [], False, True),
        ("<meta name=otherbot content=none>", [], False, False),
        ("<meta name=robots content=noindex><meta name=robots content=nofollow>", [], True, True),
        ("<meta property=robots content=none>", [], False, False),
        ("", ["none"], True, True),
        ("", ["noindex", "NOFOLLOW"], True, True),
        ("", ["otherbot: noindex, nofollow"], False, False),
        ("", ["otherbot: noindex, linkgraph: nofollow"], False, True),
        ("", ["LinkGraph: none"], True, True),
        ("", ["otherbot: noindex", "nofollow"], False, True),
        ("", ["unavailable_after: 25 Jun 2030 15:00:00 PST, nofollow"], False, True),
        ("", ["max-snippet:10, noindex"], True, False),
        ("", ["max-image-preview:none"], False, False),
        ("<meta name=robots content='max-image-preview:none'>", [], False, False),
        ("", ["", ",,:,", ":", "\x00\xff"], False, False),
    ],
)
def test_page_directives(markup, headers, noindex, nofollow):
    page, links = read(markup + "<a href=/x>t</a>", *[("X-Robots-Tag", value) for value in headers])

    assert (page.noindex, page.nofollow) == (noindex, nofollow)
    assert links.nofollow == [nofollow]
    assert links.rel == [()]


@pytest.mark.parametrize("value", ["max-image-preview: none", "noarchive, max-image-preview: none"])
def test_no_picture_previews_is_no_ban_of_indexing_in_headers(value):
    page, _ = read("", ("X-Robots-Tag", value))

    assert (page.noindex, page.nofollow) == (False, False)


def test_no_picture_previews_is_no_ban_of_indexing_in_the_document():
    page, _ = read("<meta name=robots content='index, max-image-preview: none'>")

    assert (page.noindex, page.nofollow) == (False, False)


# The base


@pytest.mark.row("H5")
@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("<base href=/other/>", "http://www.a.test/other/x"),
        ("<base href=../up/>", "http://www.a.test/up/x"),
        ("<base href=http://b.test/y/z>", "http://b.test/y/x"),
        ("<base href=//c.test>", "http://c.test/x"),
        ("<base href=/1/><base href=/2/>", "http://www.a.test/1/x"),
        ("<base target=_top><base href=/2/>", "http://www.a.test/2/x"),
        ("<base href=''>", "http://www.a.test/d/x"),
        ("<base href=javascript:alert(1)>", "http://www.a.test/d/x"),
        ("<base href=data:,>", "http://www.a.test/d/x"),
        ("<base href=http://>", "http://www.a.test/d/x"),
        (f"<base href=http://b.test/{'y' * 1_000_000}/>", "http://www.a.test/d/x"),
        ("<svg><base href=/t/></svg>", "http://www.a.test/d/x"),
    ],
)
def test_the_first_base_that_is_an_address_joins_the_links(base, url):
    assert targets(base + "<a href=x>t</a>") == [("a", url)]


def test_a_base_after_the_links_joins_them_too():
    assert targets("<a href=x>t</a><base href=http://b.test/>") == [("a", "http://b.test/x")]


def test_a_foreign_base_makes_relative_links_external():
    assert only("<base href=http://b.test/><a href=x>t</a>")["internal"] is False


# Encodings


@pytest.mark.row("H1")
@pytest.mark.parametrize(
    ("body", "content_type", "charset"),
    [
        ("<title>é例</title>".encode(), "text/html; charset=utf-8", "utf-8"),
        ("<title>é例</title>".encode(), 'text/html; Charset="UTF8"', "utf-8"),
        (b"\xef\xbb\xbf" + "<title>é例</title>".encode(), "text/html; charset=iso-8859-1", "utf-8"),
        (b"\xff\xfe" + "<title>é例</title>".encode("utf-16-le"), "text/html; charset=utf-8", "utf-16le"),
        (b"\xfe\xff" + "<title>é例</title>".encode("utf-16-be"), "text/html", "utf-16be"),
        ("<title>é例</title>".encode("utf-16-le"), "text/html; charset=utf-16", "utf-16le"),
        ("<title>é例</title>".encode("utf-16-be"), "text/html; charset=utf-16be", "utf-16be"),
        ("<meta charset=big5><title>é例</title>".encode(), "text/html; charset=utf-8", "utf-8"),
        ("<meta charset=gb18030><title>é例</title>".encode("gb18030"), "text/html", "gb18030"),
        ("<meta charset=shift_jis><title>例</title>".encode("shift_jis"), "text/html", "shift_jis"),
        (
            b"<meta http-equiv=content-type content='text/html; charset=euc-jp'><title>\xce\xe3</title>",
            "text/html",
            "euc-jp",
        ),
        ("<meta charset=utf-16><title>é例</title>".encode(), "text/html", "utf-8"),
        ("<meta charset=utf-8><title>é例</title>".encode(), "text/html; charset=no-such-name", "utf-8"),
        (b"<title>\xe9</title>", "text/html; charset=latin1", "windows-1252"),
        (b"<meta charset=iso-8859-1><title>\xe9\x80</title>", "text/html", "windows-1252"),
    ],
)
def test_byte_order_mark_then_header_then_meta_decides(body, content_type, charset):
    page, _ = read(body, ("Content-Type", content_type))

    assert page.charset == charset
    assert page.title in ("é例", "例", "é", "é€")


def test_without_any_declaration_old_western_bytes_are_read_as_browsers_do():
    page, _ = read(b"<title>caf\xe9</title>", ("Content-Type", "text/html"))

    assert page.title == "café"


@pytest.mark.row("H1")
def test_utf_7_and_broken_bytes_are_replaced_never_raised():
    assert read(b"<title>+ADw-a+AD4-</title>", ("Content-Type", "text/html; charset=utf-7"))[0].title == "+ADw-a+AD4-"
    assert read(b"<title>a\xff\xfeb\xc3</title>")[0].title == "a\ufffd\ufffdb\ufffd"


def test_queries_are_escaped_in_the_pages_encoding_and_paths_in_utf_8():
    body = "<meta charset=windows-1252><a href='/é?q=é#é'>t</a>".encode("cp1252")

    assert targets(body, ("Content-Type", "text/html")) == [("a", "http://www.a.test/%C3%A9?q=%E9")]


# Texts


@pytest.mark.parametrize(
    ("inner", "anchor"),
    [
        ("plain", "plain"),
        ("  a \n\t b&nbsp;c ", "a b c"),
        ("<b>bo</b>ld", "bold"),
        ("a<br>b", "a b"),
        ("<div>a</div><div>b</div>", "a b"),
        ("e&#x301;", "é"),
        ("a&#x202e;b&#x2066;c&#x200b;d&#xad;e", "abcde"),
        ("a&#0;b&#7;c&#x1b;[31md&#x7f;e", None),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("<script>x</script>a<style>y</style><template>z</template>", "a"),
        ("a<!-- c -->b", "ab"),
        ("&lt;script&gt;", "<script>"),
        ("&#xD800;", "\ufffd"),
        ("", ""),
    ],
)
def test_an_anchor_is_the_visible_text_cleaned(inner, anchor):
    row = only(f"<div>x <a href=/x>{inner}</a>")

    if anchor is not None:
        assert row["anchor"] == anchor
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in row["anchor"])
    assert row["anchor_truncated"] is False


@pytest.mark.parametrize(("length", "kept", "truncated"), [(511, 511, False), (512, 512, False), (513, 512, True)])
def test_an_anchor_is_cut_at_512_code_points_and_says_so(length, kept, truncated):
    row = only(f"<a href=/x>{'例' * length}</a>")

    assert (len(row["anchor"]), row["anchor_truncated"]) == (kept, truncated)


def test_an_anchor_of_many_elements_says_that_it_was_cut():
    row = only(f"<a href=/x>{'<b>x</b>' * 1000}</a>")

    assert row["anchor_truncated"] is True
    assert set(row["anchor"]) == {"x"}


def test_alternative_texts_are_apart_from_the_anchor():
    row = only("<a href=/x title=' T\n1 '>see <img alt='A&#x202e; b'><img alt=second> this</a>")

    assert (row["anchor"], row["alt"], row["title"]) == ("see this", "A b second", "T 1")
    assert only("<a href=/x><img src=i></a>")["alt"] is None
    assert only("<map><area href=/x alt=Map></map>")["alt"] == "Map"
    assert only("<a href=/x title=''>t</a>")["title"] is None
    assert len(only(f"<a href=/x title='{'t' * 600}'><img alt='{'a' * 600}'></a>")["alt"]) == 512


def test_the_text_around_is_that_of_the_links_own_block():
    row = only("<p>other block</p><p>left <b>bold</b> <a href=/x>t</a>, right <i>end</i></p><p>next block</p>")

    assert (row["text_before"], row["text_after"]) == ("left bold", ", right end")


def test_the_text_around_is_at_most_120_code_points_next_to_the_link():
    row = only(f"<p>{'word ' * 100}near <a href=/x>t</a> close {'word ' * 100}</p>")

    assert row["text_before"].endswith("word near")
    assert row["text_after"].startswith("close word")
    assert 110 <= len(row["text_before"]) <= 120
    assert 110 <= len(row["text_after"]) <= 120


def test_a_neighbours_anchor_is_text_around_a_link():
    first, second = rows("<p><a href=/1>one</a> and <a href=/2>two</a>")

    assert (first["text_after"], second["text_before"]) == ("and two", "one and")


def test_a_link_alone_has_no_text_around():
    row = only("<p>before</p><p><a href=/x>t</a></p><p>after</p>")

    assert (row["text_before"], row["text_after"]) == ("", "")


def test_the_heading_is_the_nearest_above():
    found = rows("<a href=/0>0</a><h1>A <b>b</b></h1><a href=/1>1</a><h3> C\n</h3><div><a href=/2>2</a></div>")

    assert [row["heading"] for row in found] == [None, "A b", "C"]
    assert only("<h2><a href=/x>in it</a></h2>")["heading"] == "in it"
    assert only("<h2> </h2><a href=/x>t</a>")["heading"] is None


# Places


@pytest.mark.parametrize(
    ("around", "zone"),
    [
        ("{}", "content"),
        ("<main>{}</main>", "content"),
        ("<nav>{}</nav>", "nav"),
        ("<header>{}</header>", "header"),
        ("<footer>{}</footer>", "footer"),
        ("<aside>{}</aside>", "aside"),
        ("<form>{}</form>", "form"),
        ("<search>{}</search>", "form"),
        ("<article><header>{}</header></article>", "content"),
        ("<article><footer>{}</footer></article>", "content"),
        ("<main><section><footer>{}</footer></section></main>", "content"),
        ("<footer><nav>{}</nav></footer>", "nav"),
        ("<nav><div>{}</div></nav>", "nav"),
        ("<div role=navigation>{}</div>", "nav"),
        ("<div role=banner>{}</div>", "header"),
        ("<div role=contentinfo>{}</div>", "footer"),
        ("<div role=complementary>{}</div>", "aside"),
        ("<aside role=main>{}</aside>", "content"),
        ("<div id=comments>{}</div>", "comments"),
        ("<ol class=commentlist><li>{}</ol>", "comments"),
        ("<div class='site-footer'>{}</div>", "footer"),
        ("<div id=Sidebar>{}</div>", "aside"),
        ("<div class=page-header>{}</div>", "header"),
        ("<div class=main-nav>{}</div>", "nav"),
        ("<div class=navigator>{}</div>", "content"),
        ("<form><header></header><main>{}</main></form>", "content"),
        ("<form><h1>t</h1><p>{}</form>", "content"),
    ],
)
def test_the_zone_is_the_nearest_that_the_table_names(around, zone):
    assert only(around.format("<a href=/x>t</a>"))["zone"] == zone


def test_links_of_the_head_are_in_the_head():
    assert only("<head><link rel=next href=/x></head>")["zone"] == "head"


def test_the_path_names_tags_ids_and_classes_to_the_link():
    row = only('<body><div id=main class="a b"><ul><li class="c>d"><a id=k href=/x>t</a></li></ul></div>')

    assert row["dom_path"] == "div#main.a.b>ul>li.c_d>a#k"


def test_the_path_is_bounded():
    deep = "".join(f"<div id={'i' * 500}{n} class='{'c ' * 500}'>" for n in range(40))
    row = only(f"{deep}<a href=/x>t</a>")

    assert len(row["dom_path"]) <= 256
    assert row["dom_path"].endswith(">a")


@pytest.mark.parametrize(
    ("markup", "density"),
    [
        ("<p><a href=/x>1234</a></p>", 1.0),
        ("<p>1234 <a href=/x>1234</a></p>", 0.5),
        ("<p>12 34 56<a href=/x>1 2</a></p>", 0.25),
        ("<p><a href=/x><img></a></p>", 1.0),
        ("<div>12345678<p><a href=/x>t</a></p></div>", 1.0),
    ],
)
def test_link_density_is_linked_characters_over_all_of_the_block(markup, density):
    assert only(markup)["link_density"] == pytest.approx(density)


def test_all_the_links_of_a_block_count_for_its_density():
    found = rows("<p>1234<a href=/1>12</a><a href=/2>12</a></p>")

    assert [row["link_density"] for row in found] == [0.5, 0.5]


# Counts and identity


def test_equal_links_are_one_row_with_the_first_ones_position_and_their_number():
    found = rows("<a href=/1>x</a><a href=/2>y</a><a href=/1> x </a><a href=/3>z</a><p><a href=/1>x</a>")

    assert [(row["dst_url"][-1], row["ordinal"], row["instances"]) for row in found] == [
        ("1", 0, 3),
        ("2", 1, 1),
        ("3", 3, 1),
    ]


@pytest.mark.parametrize(
    "second",
    [
        "<a href=/y>x</a>",
        "<a href=/x#f>x</a>",
        "<a href=/x>other</a>",
        "<a href=/x rel=nofollow>x</a>",
        "<a href=/x>x<img alt=i></a>",
        "<nav><a href=/x>x</a></nav>",
        "<map><area href=/x></map>",
    ],
)
def test_links_that_differ_in_anything_named_are_two_rows(second):
    assert [row["instances"] for row in rows(f"<a href=/x>x</a>{second}")] == [1, 1]


def test_refused_references_take_no_ordinal():
    assert [row["ordinal"] for row in rows("<a href=mailto:a>m</a><a href=/1>x</a><a>n</a><a href=/2>y</a>")] == [0, 1]


def test_internal_links_are_those_of_the_same_registrable_domain():
    page, links = extract(
        "http://www.a.co.uk/",
        {},
        b"<a href=http://b.a.co.uk/>1</a><a href=http://b.co.uk/>2</a><a href=http://c.b.co.uk/>3</a>"
        b"<a href=http://d.test/>4</a><a href=http://d.test/>4</a><link rel=next href=http://e.test/><a href=/>5</a>",
    )

    assert links.internal == [True, False, False, False, False, True]
    assert (page.links_internal, page.links_external, page.external_domains) == (2, 3, 2)


def test_private_suffixes_part_users_of_one_host():
    _, links = extract(
        "http://x.github.io/", {}, b"<a href=http://y.github.io/>1</a><a href=http://x.github.io/2>2</a>"
    )

    assert links.internal == [False, True]
    assert links.dst_domain == ["y.github.io", "x.github.io"]


# The page


def test_the_page_row_says_what_headers_and_document_say():
    body = (
        b"<html lang='de-AT'><title> A\n title &amp; more </title><meta name=Generator content='WordPress 6.1'>"
        b"<link rel=canonical href=/c#f><body>text"
    )
    page, _ = read(body, ("ETAG", 'W/"x"'), ("Last-Modified", "Sat, 01 Nov 2025 00:00:00 GMT"))

    assert (page.url, page.host, page.domain) == (URL, "www.a.test", "a.test")
    assert (page.title, page.language, page.generator) == ("A title & more", "de-at", "WordPress 6.1")
    assert page.canonical_url == "http://www.a.test/c"
    assert (page.etag, page.last_modified) == ('W/"x"', "Sat, 01 Nov 2025 00:00:00 GMT")
    assert (page.content_type, page.charset) == ("text/html", "utf-8")
    assert page.content_length == len(body)
    assert page.content_digest == hashlib.sha256(body).hexdigest()
    assert (page.outcome, page.outcome_reason, page.truncated) == ("fetched", None, False)


def test_an_empty_answer_has_a_row_without_links():
    page, links = extract(URL, {}, b"")

    assert len(links) == 0
    assert (page.title, page.canonical_url, page.language, page.generator, page.etag) == (None,) * 5
    assert (page.simhash, page.content_length, page.content_digest) == (None, 0, hashlib.sha256(b"").hexdigest())


def test_truncation_is_recorded_and_the_cut_page_is_read():
    page, links = read("<a href=/1>x</a><a href=/2", truncated=True)

    assert page.truncated is True
    assert links.dst_url == ["http://www.a.test/1"]


@pytest.mark.parametrize(
    ("markup", "headers", "canonical"),
    [
        ("<link rel=canonical href=http://b.test/>", [], "http://b.test/"),
        ("<link rel='x CANONICAL' href=/1>", [], "http://www.a.test/1"),
        ("<link rel=canonical href=/1><link rel=canonical href=/2>", [], "http://www.a.test/1"),
        ("<link rel=canonical href=mailto:x><link rel=canonical href=/2>", [], "http://www.a.test/2"),
        ("<base href=http://b.test/><link rel=canonical href=1>", [], "http://b.test/1"),
        ("<body><p><link rel=canonical href=/1>", [], None),
        ("<a rel=canonical href=/1>t</a>", [], None),
        ("", [("Link", "</h>; rel=canonical")], "http://www.a.test/h"),
        ("<link rel=canonical href=/1>", [("Link", "</h>; rel=canonical")], "http://www.a.test/1"),
        ("<link rel=canonical href=http://>", [], None),
    ],
)
def test_the_canonical_is_the_heads_first_else_the_headers(markup, headers, canonical):
    assert read(markup, *headers)[0].canonical_url == canonical


@pytest.mark.parametrize("element", ["<link rel=canonical>", "<link rel=canonical href=''>"])
def test_a_canonical_without_an_address_is_none_and_hides_no_later_one(element):
    assert read(element)[0].canonical_url is None
    assert read(f"{element}<link rel=canonical href=/2>")[0].canonical_url == "http://www.a.test/2"


@pytest.mark.parametrize(
    ("markup", "headers", "language"),
    [
        ("<html lang=en>", [("Content-Language", "fr")], "en"),
        ("<html>", [("Content-Language", "fr, de")], "fr"),
        ("<html lang=''>", [("Content-Language", "pt_BR")], "pt-br"),
        ("<meta http-equiv=content-language content=nl>", [], "nl"),
        ("<html lang='<script>'>", [], None),
        ("<html lang=''><p lang=en>", [], None),
    ],
)
def test_the_language_is_the_documents_then_the_headers_then_the_metas(markup, headers, language):
    assert read(markup, *headers)[0].language == language


def test_a_meta_element_without_content_says_nothing_of_the_one_before():
    page, _ = read("<meta itemprop=x content=noindex><meta name=robots><meta name=generator>")

    assert (page.noindex, page.generator) == (False, None)


def test_owner_ids_are_read_from_scripts_each_once_and_not_from_text():
    page, _ = read(
        "<script src='https://t.test/gtag/js?id=G-ABCDEF1234'></script><script>ga('UA-12345-6');x('G-ABCDEF1234')"
        "</script><script>GTM-ABC123 AW-123456789 ca-pub-1234567890123456 XUA-99999-9 UA-1-1</script><p>UA-77777-1</p>"
    )

    assert page.owner_ids == ("G-ABCDEF1234", "UA-12345-6", "GTM-ABC123", "AW-123456789", "ca-pub-1234567890123456")


def test_owner_ids_are_bounded():
    script = " ".join(f"UA-{10_000 + number}-1" for number in range(100))

    assert len(read(f"<script>{script}</script>")[0].owner_ids) == 32


def test_headers_are_read_in_any_case_and_form():
    as_mapping, _ = extract(URL, {"CONTENT-TYPE": "Text/HTML; charset=UTF-8", "etag": "x"}, b"")
    as_pairs, _ = extract(URL, [("content-type", "Text/HTML; charset=UTF-8"), ("ETag", "x"), ("ETag", "y")], b"")

    assert as_mapping == as_pairs


def test_an_overlong_validator_is_dropped_not_cut():
    assert read("", ("ETag", "x" * 1025), ("Last-Modified", "y" * 1024))[0].etag is None


def test_the_pages_own_address_is_made_canonical_and_another_scheme_refused():
    assert extract("HTTP://A.test:80/x#f", {}, b"")[0].url == "http://a.test/x"
    with pytest.raises(UsageError, match="ftp://a"):
        extract("ftp://a.test/", {}, b"")


# Sniffing


@pytest.mark.row("C11")
@pytest.mark.parametrize(
    ("content_type", "body", "expected"),
    [
        ("text/html", b"", True),
        ("text/html; charset=utf-8", b"just text", True),
        ("Application/XHTML+XML", b"<html>", True),
        ("text/html", b"\x89PNG\r\n\x1a\n\x00\x00", False),
        ("text/html", b"%PDF-1.4\n\x00\x01", False),
        ("text/html", b"\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00", True),
        ("application/octet-stream", b"  <!DOCTYPE html><p>", True),
        ("text/plain", b"<html><p>", True),
        ("text/plain", b"plain <html>", False),
        (None, b"<!-- c --><HTML>", True),
        (None, b"", False),
        ("image/png", b"<html>", False),
        ("application/json", b'{"a": "<html>"}', False),
        ("text/xml", b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", True),
        ("application/xml", b"<?xml version='1.0'?><rss>", False),
        ("text/plain", b"x" * 600 + b"<html>", False),
    ],
)
def test_only_html_is_html_whatever_the_answer_calls_itself(content_type, body, expected):
    assert is_html(content_type, body) is expected


def test_a_pages_fingerprint_is_the_texts_not_the_markups():
    text = "Seven wise masons carried the sundial over the old bridge before noon. " * 20
    one, _ = read(f"<p>{text}</p><script>a()</script>")
    same, _ = read(f"<div class=x><b>{text}</b></div><style>p{{}}</style>")
    near, _ = read(f"<p>{text} One more sentence.</p>")
    other, _ = read("<p>" + "Quite another matter is told on this page, of ships and tides and salt. " * 20)

    assert one.simhash == same.simhash
    assert (one.simhash ^ near.simhash).bit_count() <= 8
    assert (one.simhash ^ other.simhash).bit_count() > 8
