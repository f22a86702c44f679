"""What kind of link each backlink is: the build says it, and answers can be narrowed to it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import linkgraph
from linkgraph.classify import RULES_VERSION, classify
from linkgraph.classify.answer import LANGUAGE_COLUMN
from linkgraph.errors import UsageError
from linkgraph.index import classified
from linkgraph.index.build import build
from linkgraph.index.schema import CLASSIFIED
from linkgraph.insights.summary import summarise

COMMENT = {"zone": "comments", "dom_path": "html>body>div#comments>ol>li.comment>cite>a", "rel": ("ugc", "nofollow")}
PAID = {"dom_path": "html>body>main>p>a", "rel": ("sponsored",), "sponsored": True, "link_density": 0.1}
FOOTER = {"zone": "footer", "dom_path": "html>body>footer>p>a", "text_before": "Powered by "}
TARGET = "http://target.example/"


@pytest.fixture
def web(observed):
    """Five pages of different sites, each with links of every kind to one target."""
    for number in range(5):
        links = [(TARGET, {"anchor": f"Anna Reader {number}"} | kind) for kind in (COMMENT, PAID, FOOTER)]
        observed.page(f"http://s{number}.example/", *links, f"http://s{number}.example/about", language="en")
    return observed


def by_link(rows):
    names = ("src_url", "dst_url", "anchor", "zone", "ordinal")
    return {tuple(row[name] for name in names): {name: row[name] for name in CLASSIFIED} for row in rows}


def built(root):
    files = build(root).folder.glob("links/*/*.parquet")
    return [row for path in files for row in pq.read_table(path, partitioning=None).to_pylist()]


def with_classes(edges, language):
    links = edges.append_column(LANGUAGE_COLUMN, pa.array([language] * edges.num_rows))
    classes = classify(links)
    return edges.to_pylist(), classes.to_pylist()


@pytest.mark.parametrize("together", [1, 7, 1 << 16])
def test_a_build_says_of_a_link_what_its_page_alone_says_however_rows_are_read(web, monkeypatch, together):
    monkeypatch.setattr(classified, "TOGETHER", together)
    rows, classes = with_classes(web.edges, "en")
    expected = by_link([row | kind for row, kind in zip(rows, classes, strict=True)])

    assert by_link(built(web.commit())) == expected


def test_the_language_of_a_page_is_that_of_its_own_segment(observed):
    words = {"anchor": "a study", "text_before": "as shown in", "link_density": 0.1, "dom_path": "html>body>main>p>a"}
    for run, language in (("one", "en"), ("two", "fi")):
        observed.page(f"http://{run}.example/", (TARGET, words), language=language)
        observed.commit(run)
    found = {row["src_domain"]: row["acquisition"] for row in built(observed.root)}

    assert found == {"one.example": "editorial", "two.example": "unknown"}


def test_backlinks_can_be_narrowed_to_a_place_and_to_how_they_came_about(web):
    data = linkgraph.open(web.commit())
    build(data.root)

    assert data.backlinks(TARGET).num_rows == 15
    comments = data.backlinks(TARGET, placement=["comment"])
    assert set(comments["zone"].to_pylist()) == {"comments"}
    several = data.backlinks(TARGET, acquisition=["ugc", "paid"])
    assert set(several["acquisition"].to_pylist()) == {"ugc", "paid"}
    assert several.num_rows == 10
    assert data.backlinks(TARGET, placement=["content"], acquisition=["ugc"]).num_rows == 0
    assert set(several["rules_version"].to_pylist()) == {RULES_VERSION}


@pytest.mark.parametrize(("axis", "word"), [("placement", "foot"), ("acquisition", "internal")])
def test_a_word_that_is_no_kind_of_link_is_refused_with_those_that_are(web, axis, word):
    data = linkgraph.open(web.commit())
    build(data.root)

    with pytest.raises(UsageError, match=f"{axis} '{word}' is unknown; choose one of .*(footer|editorial)"):
        data.backlinks(TARGET, **{axis: [word]})


def test_a_build_from_before_links_were_classified_is_still_read(web):
    data = linkgraph.open(web.commit())
    for path in build(data.root).folder.glob("links/*/*.parquet"):
        old = pq.read_table(path, partitioning=None)
        pq.write_table(old.drop_columns(list(CLASSIFIED)), path)
    links = data.backlinks(TARGET)

    assert links.num_rows == 15
    assert {links[name].null_count for name in CLASSIFIED} == {15}
    assert data.backlinks(TARGET, acquisition=["ugc"]).num_rows == 0
    (row,) = summarise(data, ["target.example"]).to_pylist()
    assert row["acquisitions"] is None


def test_a_report_counts_domains_and_backlinks_of_each_acquisition(web):
    web.page("http://s9.example/", (TARGET, COMMENT | {"anchor": "Bert"}), language="en")
    data = linkgraph.open(web.commit())
    build(data.root)
    (row,) = summarise(data, ["target.example"]).to_pylist()
    counted = zip(row["acquisitions"], row["acquisition_domains"], row["acquisition_backlinks"], strict=True)

    assert next(iter(counted)) == ("ugc", 6, 6)
    assert sum(row["acquisition_backlinks"]) == 16
