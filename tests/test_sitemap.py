"""Sitemaps as servers send them, and as attackers do."""

from __future__ import annotations

import gzip
import tracemalloc
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkgraph.extract import sitemap
from linkgraph.extract.sitemap import MAX_ELEMENTS, MAX_LOCATIONS, is_sitemap, sitemap_locations

OPEN = b'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
CLOSE = b"</urlset>"


def entries(number: int) -> bytes:
    return b"".join(
        b"<url><loc>http://a.test/%d</loc><lastmod>2026-01-01</lastmod></url>" % one for one in range(number)
    )


def locations(body: bytes) -> list[str]:
    return list(sitemap_locations(body))


def test_locations_come_in_order():
    assert locations(OPEN + entries(3) + CLOSE) == [f"http://a.test/{one}" for one in range(3)]


def test_an_index_lists_sitemaps():
    body = b"<sitemapindex><sitemap><loc> http://a.test/1.xml\n</loc></sitemap></sitemapindex>"

    assert is_sitemap(body)
    assert locations(body) == ["http://a.test/1.xml"]


def test_a_prefix_and_a_byte_order_mark_are_no_obstacle():
    body = b'\xef\xbb\xbf<s:urlset xmlns:s="x"><s:url><s:loc>http://a.test/</s:loc></s:url></s:urlset>'

    assert is_sitemap(body)
    assert locations(body) == ["http://a.test/"]


def test_extensions_name_no_pages():
    body = (
        b'<urlset xmlns:image="i" xmlns:video="v"><url><loc>http://a.test/</loc>'
        b"<image:image><image:loc>http://a.test/x.jpg</image:loc></image:image>"
        b"<video:video><video:content_loc>http://a.test/x.mp4</video:content_loc></video:video></url></urlset>"
    )

    assert locations(body) == ["http://a.test/"]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (b"http://a.test/?a=1&amp;b=2", "http://a.test/?a=1&b=2"),
        (b"http://a.test/?a=1&b=2", "http://a.test/?a=1&b=2"),
        (b"<![CDATA[http://a.test/?a=1&b=2]]>", "http://a.test/?a=1&b=2"),
        (b"http://a.test/&#38;&#x26;", "http://a.test/&&"),
        ("http://a.test/ü".encode(), "http://a.test/ü"),
    ],
)
def test_ampersands_are_read_as_they_are_meant(text, url):
    assert locations(OPEN + b"<url><loc>" + text + b"</loc></url>" + CLOSE) == [url]


@pytest.mark.parametrize(
    "body", [b"", b"<html><body>urlset</body></html>", b"\x1f\x8b broken", b"<urlsets>", b"\x00" * 50]
)
def test_other_bytes_are_no_sitemap(body):
    assert not is_sitemap(body)


def test_packed_sitemaps_are_unpacked_all_members_of_them():
    body = OPEN + entries(5000) + CLOSE
    middle = len(body) // 2
    packed = gzip.compress(body[:middle]) + gzip.compress(body[middle:])

    assert is_sitemap(packed)
    assert locations(packed) == [f"http://a.test/{one}" for one in range(5000)]


def test_a_broken_tail_costs_the_tail_only():
    plain = OPEN + entries(5000) + CLOSE
    packed = gzip.compress(plain)
    damaged = bytearray(packed)
    damaged[len(packed) * 3 // 4] ^= 0xFF
    for body, least in (
        (plain[: len(plain) // 2], 2480),
        (plain[:-20], 4999),
        (packed[: len(packed) // 2], 2000),
        (bytes(damaged), 2000),
        (packed + b"garbage", 5000),
        (OPEN + entries(10) + b"<url><loc></url></x></urlset>" + entries(1), 10),
    ):
        found = locations(body)
        assert len(found) >= least
        assert found[:10] == [f"http://a.test/{one}" for one in range(10)]


def test_a_location_that_is_cut_is_not_a_shorter_one():
    assert locations(OPEN + b"<url><loc>http://a.test/whole</loc></url><url><loc>http://a.test/cu") == [
        "http://a.test/whole"
    ]


@pytest.mark.row("S2")
def test_no_more_than_the_protocols_number_of_locations_is_read():
    assert len(locations(OPEN + entries(MAX_LOCATIONS + 1000) + CLOSE)) == MAX_LOCATIONS


@pytest.mark.row("S1")
def test_entities_are_never_expanded_and_files_never_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("http://a.test/secret")
    laughs = b"".join(b'<!ENTITY %c "%s">' % (98 + one, b"&%c;" % (97 + one) * 10) for one in range(9))
    body = (
        b'<!DOCTYPE x [<!ENTITY a "ha">' + laughs + f'<!ENTITY f SYSTEM "file://{secret}">'.encode() + b"]>"
        b"<urlset><url><loc>&j;</loc></url><url><loc>&f;</loc></url><url><loc>http://a.test/</loc></url></urlset>"
    )

    assert locations(body) == ["&j;", "&f;", "http://a.test/"]


@pytest.mark.row("S2")
@pytest.mark.parametrize("filler", [bytes(11), b"<x a='1'/>&", b"<![CDATA[&]]>", b"<url>"])
def test_a_bomb_is_read_piece_by_piece(filler):
    body = gzip.compress(OPEN) + gzip.compress(filler * 100_000) * 4
    tracemalloc.start()
    found = locations(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == []
    assert peak < 2_500_000


def test_reading_ends_after_so_many_elements():
    assert locations(OPEN + b"<x/>" * MAX_ELEMENTS + b"\n" * 100_000 + entries(1)) == []


@pytest.mark.row("S1")
@pytest.mark.parametrize(
    "tail",
    [
        pytest.param(b"<x>" * 50_000, id="deep nesting"),
        pytest.param(b"<x " + b" ".join(b'a%d="1"' % one for one in range(50_000)), id="50,000 attributes"),
        pytest.param(b"<url><loc>" + b"a" * 3_000_000, id="a long location"),
        pytest.param(b"<![CDATA[" * 100_000, id="sections without end"),
        pytest.param(b"&" * 500_000, id="ampersands"),
    ],
)
def test_a_hostile_tail_is_survived(tail):
    found = locations(OPEN + entries(2) + tail)

    assert found[:2] == ["http://a.test/0", "http://a.test/1"]
    assert all(len(one) < 10_000 for one in found)


@given(st.binary(max_size=300))
def test_any_bytes_give_an_answer(tail):
    for body in (tail, OPEN + tail, gzip.compress(OPEN)[:-8] + tail, OPEN + b"<url><loc>" + tail):
        is_sitemap(body)
        assert all(isinstance(one, str) for one in locations(body))


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1).map(str.strip).filter(bool), max_size=8
    )
)
def test_what_is_written_is_read(texts):
    body = OPEN + "".join(f"<url><loc>{escape(text)}</loc></url>" for text in texts).encode() + CLOSE

    assert [one for one in locations(body) if one] == [
        text for text in texts if "\ufffe" not in text and "\uffff" not in text
    ]


@given(
    st.lists(st.sampled_from(["&", "&amp;", "&#38;", "&#x10ffff;", "<![CDATA[", "]]>", "]", "é", "a\0b", "x" * 9])),
    st.integers(1, 30),
)
def test_where_pieces_end_changes_nothing(parts, size):
    text = "".join(parts) + ("]]>" if "".join(parts).rfind("<![CDATA[") > "".join(parts).rfind("]]>") else "")
    body = OPEN + f"<url><loc>{text}</loc></url><url><loc>last</loc></url>".encode() + CLOSE

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sitemap, "_FED", size)
        piecewise = [locations(body), locations(gzip.compress(body))]

    assert piecewise == [locations(body)] * 2
