"""Every answer has an outcome."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.extract.answer import bare_page, observe
from linkgraph.model import LINK_COLUMNS, OUTCOMES, REASONS

URL = "http://www.a.test/dir/page"
HTML = (("Content-Type", "text/html"),)


def redirect(location: str, status: int = 302):
    return observe(URL, status, [("LOCATION", location)], b"moved")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/x", "http://www.a.test/x"),
        ("x#part", "http://www.a.test/dir/x"),
        (" https://b.test ", "https://b.test/"),
        ("//b.test/x", "http://b.test/x"),
        ("?q=ü", "http://www.a.test/dir/page?q=%C3%BC"),
        ("", "http://www.a.test/dir/page"),
    ],
)
def test_a_redirect_is_a_link(status, location, target):
    page, links = redirect(location, status)

    assert (page.outcome, page.outcome_reason, page.redirect_to, page.status) == (
        "redirected",
        "redirect",
        target,
        status,
    )
    assert (links.dst_url, links.kind, links.origin) == ([target], ["redirect"], ["http-header"])


def test_a_redirects_fragment_is_kept_apart():
    _, links = redirect("/x#part")

    assert links.dst_fragment == ["part"]


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "data:text/html,x", "javascript:alert(1)", "ftp://a.test/", "http://"]
)
def test_a_redirect_to_no_page_is_a_failure_without_a_link(location):
    page, links = redirect(location)

    assert (page.outcome, page.outcome_reason, page.redirect_to) == ("failed", "redirect:target", None)
    assert len(links) == 0


@pytest.mark.parametrize("status", [300, 304, 305, 306, 400, 404, 410, 418, 429, 500, 503, 599, 999])
def test_an_error_status_is_a_failed_page_whatever_its_body_says(status):
    page, links = observe(URL, status, HTML, b"<a href=/x>x</a>")

    assert (page.outcome, page.outcome_reason, page.status) == ("failed", "http:status", status)
    assert len(links) == 0


@pytest.mark.parametrize("status", [200, 201, 203, 206])
def test_html_is_read_for_its_links(status):
    page, links = observe(URL, status, HTML, b"<a href=/x>x</a>")

    assert (page.outcome, page.status, links.dst_url) == ("fetched", status, ["http://www.a.test/x"])


def test_a_body_that_was_cut_is_marked_whatever_it_is():
    for body, kind in (
        (b"<a href=/x>x", "text/html"),
        (b"<urlset><url>", "text/xml"),
        (b"%PDF-1.4", "application/pdf"),
    ):
        page, _ = observe(URL, 200, [("content-type", kind)], body, truncated=True)
        assert page.truncated


def test_other_types_are_fetched_pages_without_links():
    page, links = observe(URL, 200, [("Content-Type", "Application/PDF; x=y")], b"%PDF-1.4 <a href=/x>")

    assert (page.outcome, page.outcome_reason, page.content_type) == ("fetched", "content:type", "application/pdf")
    assert page.content_length == 20
    assert len(links) == 0


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_sitemap_is_a_list_of_links_to_its_own_site(pack):
    body = (
        b"<urlset><url><loc>http://www.a.test/1</loc></url><url><loc>https://shop.a.test/2</loc></url>"
        b"<url><loc>http://b.test/3</loc></url><url><loc>http://www.a.test/1</loc></url><url><loc>mailto:x</loc></url></urlset>"
    )
    page, links = observe(URL, 200, [("Content-Type", "application/xml")], pack(body))

    assert page.outcome == "fetched"
    assert links.dst_url == ["http://www.a.test/1", "https://shop.a.test/2"]
    assert set(links.kind) == set(links.origin) == {"sitemap"}


def test_a_robots_file_is_a_list_of_the_sitemaps_it_names():
    body = b"User-agent: *\nDisallow: /\nSitemap: https://b.test/s.xml\nSitemap: /t.xml\nSitemap: ftp://x/\n"
    page, links = observe("http://a.test/robots.txt", 200, [("Content-Type", "text/html")], body)

    assert page.outcome == "fetched"
    assert links.dst_url == ["https://b.test/s.xml", "http://a.test/t.xml"]
    assert set(links.kind) == {"sitemap"}


def test_what_is_no_canonical_url_is_refused():
    with pytest.raises(ValueError, match="no http"):
        bare_page("ftp://a.test/")


@given(
    st.integers(100, 999),
    st.lists(
        st.tuples(
            st.sampled_from(["Content-Type", "location", "Link", "X-Robots-Tag", "Refresh"]), st.text(max_size=30)
        )
    ),
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
    st.booleans(),
)
def test_any_answer_has_an_outcome_and_columns_of_one_length(status, headers, body, truncated):
    page, links = observe(URL, status, headers, body, truncated=truncated)

    assert page.outcome in OUTCOMES
    assert page.outcome_reason is None or page.outcome_reason in REASONS
    assert len({len(getattr(links, name)) for name in LINK_COLUMNS}) == 1
    assert page.url == URL


@pytest.mark.row("C9")
@pytest.mark.parametrize("status", range(100, 1000))
def test_every_status_has_an_outcome_by_its_class(status):
    page, links = observe("http://a.test/", status, [("Content-Type", "text/html")], b"<a href=/x>x</a>")

    expected = ("fetched", None, 1) if 200 <= status < 300 else ("failed", "http:status", 0)
    assert (page.outcome, page.outcome_reason, len(links)) == expected
    assert page.status == status
