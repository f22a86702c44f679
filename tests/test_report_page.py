"""The batch report as a page: nothing from the web becomes markup, nothing is asked for, nothing runs."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from linkgraph.errors import UsageError
from linkgraph.insights.summary import BINS, SUMMARY
from linkgraph.reports.batch import SEPARATOR, report_format, write_report
from linkgraph.reports.distributions import Distribution, distributions
from linkgraph.reports.html import CONTENT_SECURITY_POLICY, MOST_PROFILES, Facts, page
from linkgraph.reports.markup import Markup, link, tag, text
from linkgraph.reports.profile import profile
from linkgraph.reports.rows import rows_of
from linkgraph.reports.scatter import Point, scatter, trend
from linkgraph.reports.terminal import safe

FACTS = Facts("data", datetime(2026, 11, 22, 12, 0, tzinfo=UTC), "0.1.0")
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "</title><script>alert(1)</script>",
    "</style></svg><iframe src=//evil.example>",
    "' onmouseover='alert(1)",
    "<!--",
    "]]>",
    "&lt;b&gt;&#x3c;i&#x3e;",
    "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "\u202egnp.exe",
    '=HYPERLINK("http://evil.example")',
]


def row(domain: str = "asked.example", **columns) -> dict:
    return {
        "domain": domain,
        "status": "crawled",
        "authority": 12.5,
        "rank": 3,
        "referring_domains": 1,
        "referring_domains_followed": 1,
        "backlinks": 1,
        "backlinks_followed": 1,
        "followed_share": 1.0,
        "referring_authority_median": 5.0,
        "referring_by_authority": [0, 1, *[0] * (BINS - 2)],
        "top_anchors": ["an anchor"],
        "top_anchor_domains": [1],
        "top_anchor_backlinks": [1],
        "top_referring_domains": ["ref.example"],
        "top_referring_authority": [5.0],
        "top_referring_backlinks": [1],
        "top_referring_pages": ["http://ref.example/page"],
        "quality_median": 30.0,
        "best_pages": ["http://ref.example/page"],
        "best_anchors": ["an anchor"],
        "best_qualities": [30.0],
    } | columns


def table(*rows: dict) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=SUMMARY)


def parse(*rows: dict, facts: Facts = FACTS) -> LexborHTMLParser:
    return LexborHTMLParser(page(table(*rows), facts))


def hostile_row(string: str) -> dict:
    """A row in which every string from the web is *string*."""
    lists = ("top_anchors", "top_referring_domains", "top_referring_pages", "best_pages", "best_anchors", "near_names")
    return row(string, **{name: [string] for name in lists})


def shape(tree: LexborHTMLParser) -> list[tuple[str, tuple[str, ...]]]:
    """Every element with its attributes' names, in order: what a string may not change."""
    return [(node.tag, tuple(sorted(node.attributes))) for node in tree.root.traverse()]


@pytest.mark.row("O2")
@pytest.mark.parametrize("string", HOSTILE)
def test_a_hostile_string_adds_no_element_and_no_attribute(string):
    harmless, hostile = (parse(hostile_row(one), row(authority=1.0)) for one in ("harmless", string))

    # A name may break at its dots: that much may differ.
    def kept(tree):
        return [one for one in shape(tree) if one[0] != "wbr"]

    assert kept(hostile) == kept(harmless)


@pytest.mark.row("O2")
@pytest.mark.parametrize("string", HOSTILE)
def test_a_hostile_string_is_shown_as_the_text_that_it_is(string):
    anchors = parse(hostile_row(string)).css(".pair th bdi")

    assert anchors[0].text() == safe(string)


@pytest.mark.row("O2")
@given(st.text(max_size=60))
def test_whatever_an_anchor_holds_the_page_has_the_same_elements(string):
    found = LexborHTMLParser(profile(rows_of(table(row(top_anchors=[f"x{string}"])))[0], "d1"))

    assert [node.tag for node in found.css(".pair > div:first-child tbody *")] == ["tr", "th", "bdi", "td", "td"]
    assert found.css_first(".pair th bdi").text() == safe(f"x{string}")


@pytest.mark.row("O2")
def test_no_element_that_loads_or_runs_anything_is_in_the_page():
    tags = {node.tag for node in parse(*(hostile_row(string) for string in HOSTILE), row()).root.traverse()}

    assert tags.isdisjoint({"script", "img", "image", "iframe", "object", "embed", "form", "input", "video", "use"})


def test_the_page_asks_for_nothing_outside_itself():
    tree = parse(row())
    sources = [
        (node.tag, name, value)
        for node in tree.root.traverse()
        for name, value in node.attributes.items()
        if value and ("//" in value or name in ("src", "href", "style", "srcset"))
    ]
    asking = [one for one in sources if one[0] != "a" and one != ("link", "href", "data:,")]

    assert asking == []
    assert re.findall(r"url\(|@import|//", tree.css_first("style").text()) == []


@pytest.mark.row("O2")
def test_the_policy_forbids_what_the_page_does_not_need():
    policy = parse(row()).css_first("meta[http-equiv]").attributes["content"]

    assert policy == CONTENT_SECURITY_POLICY
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


@pytest.mark.row("O2")
def test_every_link_to_the_web_is_http_and_tells_nothing_of_the_reader():
    links = [node.attributes for node in parse(row()).css("a") if not node.attributes["href"].startswith("#")]

    assert [one["href"] for one in links] == ["http://ref.example/page"] * 2
    assert all(one["rel"] == "noopener nofollow noreferrer" for one in links)


@pytest.mark.row("O2")
@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//a.example/", "JAVASCRIPT:x", "ftp://a/"])
def test_what_is_no_http_url_becomes_no_link(url):
    assert link(url, "words") == "words"


@pytest.mark.parametrize("attributes", [{"onclick": "x"}, {"src": "x"}, {"href": "javascript:x"}, {"style": "x"}])
def test_an_attribute_that_could_load_or_run_something_cannot_be_written(attributes):
    with pytest.raises(ValueError, match="nothing that a report may hold"):
        tag("a", "words", **attributes)


def test_only_markup_is_written_as_it_is():
    assert text("<b>") == "&lt;b&gt;"
    assert text(Markup("<b>")) == "<b>"
    assert tag("p", "<b>", title='"') == '<p title="&quot;">&lt;b&gt;</p>'


def test_a_hostile_name_of_the_data_set_stays_text():
    tree = parse(row(), facts=Facts("</title><script>x</script>", FACTS.made_at, "0"))

    assert tree.css("script") == []


def test_charts_and_tables_can_be_read_without_seeing_them():
    tree = parse(row("one.example"), row("two.example", authority=50.0))

    for chart in tree.css("svg.chart"):
        assert chart.attributes["role"] == "img"
        assert chart.css_first("title").text()
        assert "two.example" in chart.css_first("desc").text()
    assert all(one.css_first("caption").text() for one in tree.css("table"))
    assert all(head.attributes.get("scope") in ("col", "row") for head in tree.css("th"))
    assert tree.css_first("html").attributes["lang"] == "en"
    assert tree.css_first("title").text() == "Domain authority report: 2 domains"


def test_what_the_page_says_itself_holds_no_character_that_has_to_be_made_visible():
    said = parse(row(), row("other.example", top_anchors=["another"])).text()
    assert "by followed links, weighed by where they stand" in said
    assert not re.search("[\u2400-\u2426\ufffd]", said)


def test_ids_are_unique_and_every_inner_link_leads_somewhere():
    tree = parse(*(row(f"d{number}.example") for number in range(5)))
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    targets = {node.attributes["href"][1:] for node in tree.css('a[href^="#"]')}

    assert len(ids) == len(set(ids))
    assert targets <= set(ids)


def test_the_table_is_ordered_by_authority_and_unknown_domains_come_last_with_near_names():
    tree = parse(
        {"domain": "unknwon.example", "status": "unknown", "near_names": ["unknown.example"]},
        row("low.example", authority=1.0),
        row("high.example", authority=60.0),
    )
    rows = [node.text() for node in tree.css(".ranking tbody tr")]

    assert [re.search(r"[a-z]+\.example", one)[0] for one in rows] == ["high.example", "low.example", "unknwon.example"]
    assert "near names: unknown.example" in rows[2]
    assert [node.text() for node in tree.css("h3")] == ["high.example", "low.example"]


def test_a_report_of_unknown_domains_only_says_so():
    tree = parse({"domain": "a.example", "status": "unknown", "near_names": []})

    assert "None of these domains is in the data set." in tree.body.text()
    assert tree.css(".chart") == []


def test_a_domain_without_backlinks_says_so():
    nothing = {name: [] for name in SUMMARY.names if name.startswith("top_")}
    empty = row(backlinks=0, followed_share=None, referring_authority_median=None, **nothing)

    assert "No other domain of the data set links here." in parse(empty).body.text()


def test_a_large_batch_has_a_row_for_every_domain_and_profiles_for_the_first():
    tree = parse(*(row(f"d{number}.example", authority=float(number % 90)) for number in range(MOST_PROFILES + 20)))

    assert len(tree.css(".ranking tbody tr")) == MOST_PROFILES + 20
    assert len(tree.css("section")) == MOST_PROFILES
    assert "20 further domains" in tree.body.text()


def test_the_usual_line_is_the_least_squares_line():
    points = [Point(str(count), count, 3 + 10 * power) for power, count in enumerate([0, 9, 99, 999, 9999])]
    line = trend(points)

    assert line.base == pytest.approx(3)
    assert line.slope == pytest.approx(10)


@pytest.mark.parametrize("counts", [[1, 2, 3], [4, 4, 4, 4, 4, 4]])
def test_too_few_points_or_one_count_have_no_line(counts):
    assert trend([Point(str(place), count, 1.0) for place, count in enumerate(counts)]) is None


@pytest.mark.parametrize("count", [0, 3, 46, 123_456, 40_000_000])
def test_the_axis_of_counts_of_one_size_has_some_marks(count):
    chart = LexborHTMLParser(scatter([Point("a", count, 10.0), Point("b", count + 1, 12.0)]))
    marks = [text.text().replace(",", "") for text in chart.css("text")]

    assert 2 <= len([mark for mark in marks if mark.isdigit() and count / 2 <= int(mark) <= 2 * count + 2]) <= 9


def test_a_page_without_a_usual_line_does_not_speak_of_one():
    few = [row(f"d{number}.example", referring_domains=10 * number) for number in range(1, 4)]
    more = [row(f"d{number}.example", referring_domains=10 * number) for number in range(1, 9)]

    assert "dashed line" not in parse(*few).body.text()
    assert "dashed line" in parse(*more).body.text()


def test_points_stand_where_their_numbers_say():
    points = [Point("a", 0, 10.0), Point("b", 99, 20.0), Point("c", 9, 20.0)]
    dots = LexborHTMLParser(scatter(points)).css("circle")
    place = {
        dot.css_first("title").text()[0]: (float(dot.attributes["cx"]), float(dot.attributes["cy"])) for dot in dots
    }

    assert place["c"][0] - place["a"][0] == pytest.approx(place["b"][0] - place["c"][0], abs=0.3)
    assert place["b"][1] == place["c"][1] < place["a"][1]


def test_bars_are_as_high_as_their_share_and_the_mark_is_at_the_median():
    chart = LexborHTMLParser(distributions([Distribution("a", (4, 2, 0, 0), 25.0)]))
    first, second = chart.css("rect.bar")
    median = float(chart.css_first("line.median").attributes["x1"])

    assert float(first.attributes["height"]) == 2 * float(second.attributes["height"])
    assert median == pytest.approx(float(second.attributes["x"]) - 1, abs=0.2)


def written(tmp_path, form: str, *rows: dict):
    out = tmp_path / f"report.{form}"
    write_report(table(*rows), report_format(None, out), out, FACTS)
    return out


def test_json_and_parquet_hold_the_same_rows(tmp_path):
    rows = [hostile_row(string) for string in HOSTILE] + [row()]
    parquet = pq.read_table(written(tmp_path, "parquet", *rows)).to_pylist()
    as_json = json.loads(written(tmp_path, "json", *rows).read_bytes())

    assert parquet == table(*rows).to_pylist()
    assert as_json == parquet


def test_csv_joins_lists_and_no_cell_is_a_formula(tmp_path):
    anchors = ["=1+1", "a, b", "+49 1234"]
    counts = {"top_anchor_domains": [1, 1, 1], "top_anchor_backlinks": [1, 1, 1]}
    out = written(tmp_path, "csv", row("=cmd.example", top_anchors=anchors, **counts))
    (cells,) = pyarrow.csv.read_csv(out).to_pylist()

    assert cells["top_anchors"] == f"'{SEPARATOR.join(anchors)}"
    assert cells["domain"] == "'=cmd.example"
    assert cells["top_anchor_domains"] == "1 | 1 | 1"


@pytest.mark.parametrize(
    ("wanted", "name"),
    [(None, "report"), (None, "report.xlsx"), ("html", None), ("docx", "report.html")],
)
def test_a_format_that_cannot_be_is_refused_before_anything_is_computed(wanted, name, tmp_path):
    with pytest.raises(UsageError):
        report_format(wanted, None if name is None else tmp_path / name)


def test_the_suffix_chooses_and_the_option_overrules(tmp_path):
    assert report_format(None, tmp_path / "a.HTML") == "html"
    assert report_format("json", tmp_path / "a.html") == "json"
    assert report_format(None, None) == "table"
