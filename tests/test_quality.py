"""How good a backlink is and how many readers it may bring: the parts, the order they give, and what is not known."""

from __future__ import annotations

import json
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import linkgraph
from linkgraph.classify.vocabulary import ACQUISITIONS, CHOSEN, PLACEMENTS
from linkgraph.cli import application
from linkgraph.errors import UsageError
from linkgraph.index.build import build
from linkgraph.index.schema import CLICK_COLUMNS
from linkgraph.insights.quality import MERIT, SPAM, UNKNOWN_TRUST, UNTRUSTED, WEIGHTS
from linkgraph.insights.views import read_views

TARGET = "http://target.example/guide"
STUDY = {
    "anchor": "a careful study of tides",
    "text_before": "as shown in ",
    "dom_path": "html>body>main>p>a",
    "link_density": 0.1,
}
FOOTER = {"zone": "footer", "dom_path": "html>body>footer>p>a", "anchor": "Partner", "link_density": 1.0, "ordinal": 40}
UGC = STUDY | {"rel": ("ugc",), "ugc": True, "zone": "comments", "dom_path": "html>body>div#comments>ol>li.comment>p>a"}


@pytest.fixture
def data(observed):
    """A target with a title, and links to it of three kinds from sites alike."""
    observed.page(TARGET, title="Tides: a careful guide", language="en")
    for host, kind in (("study.example", STUDY), ("footer.example", FOOTER), ("reader.example", UGC)):
        observed.page(f"http://{host}/", (TARGET, kind), *(f"http://{host}/{n}" for n in range(9)), language="en")
    data = linkgraph.open(observed.commit())
    build(data.root)
    return data


def by_source(table):
    return {row["src_domain"].partition(".")[0]: row for row in table.to_pylist()}


def test_the_score_is_the_weighted_geometric_mean_of_the_parts_that_stand_beside_it(data):
    for row in data.backlinks(TARGET).to_pylist():
        parts = [row[f"quality_{part}"] ** weight for part, weight in WEIGHTS.items()]
        assert row["quality"] == pytest.approx(100 * np.prod(parts))
        assert all(0 < row[f"quality_{part}"] <= 1 for part in WEIGHTS)
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_a_chosen_link_in_the_text_is_worth_more_than_a_footer_or_a_readers(data):
    found = by_source(data.backlinks(TARGET, sort="quality"))

    assert next(iter(found)) == "study"
    assert found["study"]["acquisition"] == "editorial"
    assert found["study"]["quality"] > 1.2 * max(found["footer"]["quality"], found["reader"]["quality"])
    assert found["reader"]["quality_followed"] < found["study"]["quality_followed"] == 1


def test_the_fit_is_the_share_of_the_titles_words_around_the_link(data):
    found = by_source(data.backlinks(TARGET))

    assert found["study"]["title_fit"] == pytest.approx(2 / 3)  # tides and careful, not guide
    assert found["footer"]["title_fit"] == 0
    assert found["study"]["quality_fit"] == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_titles_in_scripts_without_spaces_fit_by_their_pairs_of_characters(observed):
    observed.page(TARGET, title="潮汐指南 2024", language="zh")
    observed.page("http://study.example/", (TARGET, STUDY | {"anchor": "潮汐", "text_before": "参见"}), language="zh")
    data = linkgraph.open(observed.commit())
    build(data.root)

    assert data.backlinks(TARGET)["title_fit"].to_pylist() == [pytest.approx(1 / 3)]  # not 汐指 and 指南


def test_trust_in_the_source_counts_as_far_as_the_users_lists_tell_of_it(data):
    without = by_source(data.backlinks(TARGET))
    build(data.root, trusted=["study.example"], spam=["footer.example"])
    found = by_source(linkgraph.open(data.root).backlinks(TARGET))
    trust = {name: row["quality_trust"] for name, row in found.items()}

    assert {row["quality_trust"] for row in without.values()} == {UNKNOWN_TRUST}
    assert trust == {"study": 1.0, "reader": UNTRUSTED, "footer": pytest.approx(UNTRUSTED * SPAM)}
    assert found["study"]["quality"] > without["study"]["quality"]
    assert found["footer"]["quality"] < without["footer"]["quality"]


def test_the_shares_of_a_page_add_up_and_its_footer_gets_few_clicks(data):
    (path,) = data.build.folder.glob("links/*/backlinks.parquet")
    (inside,) = data.build.folder.glob("links/*/internal.parquet")
    rows = [row for one in (path, inside) for row in pq.read_table(one, partitioning=None).to_pylist()]
    pages = {}
    for row in rows:
        pages.setdefault(row["src_url"], []).append(row)

    assert all(sum(row["click_share"] for row in page) == pytest.approx(1, abs=1e-5) for page in pages.values())
    assert {row["page_links"] for row in rows} == {10}
    found = by_source(data.backlinks(TARGET))
    assert found["footer"]["click_share"] < found["study"]["click_share"] / 5


def test_referral_value_is_the_share_of_clicks_times_the_pages_views(data):
    proxy = by_source(data.backlinks(TARGET, sort="referral"))
    own = by_source(data.backlinks(TARGET, views={"http://footer.example/": 50_000.0}))

    assert list(proxy) == sorted(proxy, key=lambda name: -proxy[name]["referral_value"])
    pagerank = data.authority(["study.example"])["pagerank"][0].as_py()
    assert proxy["study"]["referral_value"] == pytest.approx(1e6 * pagerank * proxy["study"]["click_share"])
    assert own["footer"]["referral_value"] == pytest.approx(50_000 * own["footer"]["click_share"])
    assert own["study"]["referral_value"] is None


def test_links_of_a_build_from_before_have_no_score(data):
    (path,) = data.build.folder.glob("links/*/backlinks.parquet")
    old = pq.read_table(path, partitioning=None)
    gone = [
        "placement",
        "acquisition",
        "acquisition_probability",
        "title_fit",
        *(field.name for field in CLICK_COLUMNS),
    ]
    pq.write_table(old.drop_columns(gone), path)
    links = data.backlinks(TARGET, sort="quality")

    assert links.num_rows == links["quality"].null_count == links["referral_value"].null_count == 3


def test_a_domain_without_backlinks_has_none(data):
    assert data.backlinks("study.example", sort="referral", collapse=True).num_rows == 0


def test_a_site_wide_link_becomes_one_row_with_its_count(observed):
    for number in range(8):
        observed.page(f"http://big.example/{number}", (TARGET, FOOTER), links_external=1)
    observed.page("http://small.example/", (TARGET, STUDY), links_external=1)
    data = linkgraph.open(observed.commit())
    build(data.root)
    found = data.backlinks(TARGET, collapse=True).to_pylist()

    assert data.backlinks(TARGET).num_rows == 9
    assert {(row["src_domain"], row["sitewide_pages"], row["sitewide"]) for row in found} == {
        ("big.example", 8, True),
        ("small.example", 1, False),
    }


def test_every_word_of_the_classification_has_a_weight():
    assert set(CHOSEN) == set(PLACEMENTS)
    assert set(MERIT) == set(ACQUISITIONS)


def test_an_unknown_order_is_refused(data):
    with pytest.raises(UsageError, match="sort 'best' is unknown; choose one of authority, quality, referral"):
        data.backlinks(TARGET, sort="best")


def test_page_views_are_read_with_or_without_a_header_and_junk_is_told(tmp_path):
    path = tmp_path / "views.csv"
    path.write_text(
        "Page,Views\nHTTP://A.example,10\nhttp://a.example/,5\n/relative,3\nhttp://b.example/,-1\nhttp://c.example/,x\n"
    )
    views, problems = read_views(path)

    assert views == {"http://a.example/": 15}
    assert [int(re.search(r":(\d+):", problem)[1]) for problem in problems] == [4, 5, 6]


@pytest.mark.parametrize("text", ["", "url,views\n", "a,b\nc,d\n"])
def test_a_file_without_one_line_of_views_is_refused(tmp_path, text):
    path = tmp_path / "views.csv"
    path.write_text(text)

    with pytest.raises(UsageError, match=r"views\.csv has no line of a URL and a number of views"):
        read_views(path)


def test_the_command_sorts_by_referral_value_with_the_users_own_views(data, tmp_path):
    path = tmp_path / "views.csv"
    path.write_text("url,views\nhttp://footer.example/,1000\nnonsense\n")
    asked = ["backlinks", TARGET, "--sort", "referral", "--views", str(path), "--collapse", "--format", "json"]
    result = CliRunner().invoke(application(), [*asked, "--data", str(data.root)])

    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert rows[0]["src_domain"] == "footer.example"
    assert [row["referral_value"] is None for row in rows] == [False, True, True]
    assert "views.csv:3: 'nonsense' is no URL and number of views" in result.stderr
