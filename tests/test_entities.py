"""Entities that a user's file defines: what they cover, how they rank in a real build, and which files are refused."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import linkgraph
from linkgraph.authority.pagerank import pagerank
from linkgraph.cli import application
from linkgraph.errors import StateError, UnknownDomainError, UsageError
from linkgraph.graph.collapse.entities import Entities
from linkgraph.insights.votes import compare, why, without
from linkgraph.urls import split

FILE = """entity,covers
# the two shops of one group, and its pages at a code host
Acme Group,acme.example
Acme Group,acme-shop.example
Acme Group,https://code.example/acme
Acme Labs,https://code.example/acme/labs/
Blog,blog.paper.example
"""

OWNERS = {
    "http://acme.example/": "Acme Group",
    "https://www.acme.example/a?b=c": "Acme Group",
    "http://acme-shop.example/x": "Acme Group",
    "http://code.example/acme": "Acme Group",
    "https://code.example/acme/tools?tab=1": "Acme Group",
    "http://code.example/acme?tab=1": "Acme Group",
    "http://code.example:8080/acme/": "Acme Group",
    "http://code.example/acme/labs": "Acme Labs",
    "http://code.example/acme/labs/deep/er": "Acme Labs",
    "http://code.example/acme/laboratory": "Acme Group",
    "http://code.example/acmegraph": "code.example",
    "http://code.example/": "code.example",
    "http://www.code.example/acme": "code.example",
    "http://blog.paper.example/1": "Blog",
    "http://paper.example/1": "paper.example",
    "http://deep.blog.paper.example/1": "paper.example",
}


def written(tmp_path, text=FILE, name="entities.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def web(observed):
    """Papers that link to the group's shops, its code, and one another."""
    observed.page("http://paper.example/", "http://acme.example/", "http://acme-shop.example/", "http://fan.example/")
    observed.page("http://blog.paper.example/", "http://code.example/acme/tools", "http://paper.example/")
    observed.page("http://fan.example/", "http://code.example/acme/labs/x", "http://code.example/other")
    observed.page(
        "http://acme.example/", "http://acme-shop.example/", "http://code.example/acme", "http://fan.example/"
    )
    observed.page("http://code.example/acme/labs/x", ("http://old.example/", {"kind": "redirect"}))
    return observed.commit()


@pytest.fixture
def data(web, tmp_path):
    linkgraph.build(web, entities=written(tmp_path))
    return linkgraph.open(web)


@pytest.mark.parametrize("url", OWNERS)
def test_the_longest_prefix_wins_then_the_host_then_the_domain(tmp_path, url):
    assert Entities.read(written(tmp_path)).of_url(url) == OWNERS[url]


def test_a_column_of_urls_has_the_entities_that_each_url_has_alone(tmp_path):
    entities, parts = Entities.read(written(tmp_path)), [split(url) for url in OWNERS]
    columns = [pa.array(column).dictionary_encode() for column in zip(*[part[:3] for part in parts], strict=True)]
    whole = entities.of(pa.array([part.url for part in parts]), *columns[1:])

    assert whole.to_pylist() == list(OWNERS.values())
    assert entities.of(*[pa.array([], pa.string())] * 3).to_pylist() == []


def test_votes_of_a_set_of_domains_and_prefixes_are_votes_of_one_entity(data):
    edges = set(data.graph("entity").to_networkx().edges)

    assert edges == {
        ("paper.example", "Acme Group"),
        ("paper.example", "fan.example"),
        ("Blog", "Acme Group"),
        ("Blog", "paper.example"),
        ("fan.example", "old.example"),  # where the labs' page redirects to
        ("fan.example", "code.example"),
        ("Acme Group", "fan.example"),
    }


def test_every_policy_and_the_table_have_the_level(data):
    rows = data.authority(level="entity").to_pylist()
    graph = data.graph("entity")
    ranks = dict(zip(graph.names, pagerank(graph).scores, strict=True))

    assert {row["entity"]: row["pagerank"] for row in rows} == ranks
    assert {row["entity"] for row in rows if row["defined"]} == {"Acme Group", "Acme Labs", "Blog"}
    (group,) = data.authority(["Acme Group"], level="entity").to_pylist()
    assert (group["votes"], group["votes_cast"]) == (2, 1)
    assert data.build.entities["named"] == data.build.entities["found"] == 3
    for policy in data.build.policies:
        assert data.authority(level="entity", policy=policy).num_rows == len(rows)
    keep = data.graph("entity", "followed/keep")  # not in the build: made from the edges and the build's entities
    assert list(keep.names) == list(graph.names)
    table = pq.read_table(data.build.folder / "entities.parquet")
    assert table.num_rows == len(rows) * len(data.build.policies)


def test_a_url_or_domain_is_answered_with_its_entity_and_an_unknown_one_is_named(data):
    asked = ["http://code.example/acme/labs/y", "acme-shop.example", "fan.example"]

    assert data.authority(asked, level="entity")["entity"].to_pylist() == ["Acme Labs", "Acme Group", "fan.example"]
    with pytest.raises(UnknownDomainError, match=r"nobody\.example"):
        data.authority(["nobody.example"], level="entity")
    with pytest.raises(UsageError, match="neither a domain"):
        data.authority(["Acme Gruop"], level="entity")
    assert data.authority(["http://www.paper.example/x"])["domain"].to_pylist() == ["paper.example"]
    with pytest.raises(UsageError, match=r"'page'.*domain, host or entity"):
        data.authority(level="page")


def test_reasons_and_what_ifs_are_told_of_entities(data):
    reasons = why(data, "acme.example", level="entity")
    gone = without(data, ["Acme Group"], ["fan.example"], level="entity").to_pylist()
    moved = compare(data, ["followed", "everything"], level="entity")

    assert reasons["share"].to_numpy().sum() == pytest.approx(1, abs=1e-9)
    assert set(reasons["src_entity"].to_pylist()) == {"paper.example", "Blog", None}
    assert gone[0]["entity"] == "fan.example"
    assert gone[0]["change"] < 0
    assert "entity" in moved.column_names


def test_trusted_domains_are_seeds_as_the_entities_of_their_home_pages(web, tmp_path):
    made = linkgraph.build(web, entities=written(tmp_path), trusted=["acme-shop.example"], policy="followed")
    rows = {row["entity"]: row["trust"] for row in linkgraph.open(web).authority(level="entity").to_pylist()}

    assert made.lists["trusted"]["found"] == 1
    assert rows["Acme Group"] > 0.15
    assert rows["Blog"] == 0


def test_the_order_of_the_file_changes_no_byte_of_the_tables(web, tmp_path):
    head, *lines = FILE.splitlines()
    turned = "\n".join([head, *reversed(lines)])
    one = linkgraph.build(web, entities=written(tmp_path))
    two = linkgraph.build(web, entities=written(tmp_path, turned, "turned.csv"))

    for name in ("entities.parquet", "entities.csv", "graph/editorial/entity.links.indices.npy"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()
    assert one.entities == two.entities


def test_without_entities_a_build_has_no_such_level(web):
    linkgraph.build(web)
    data = linkgraph.open(web)

    assert not (data.build.folder / "entities.parquet").exists()
    for ask in (lambda: data.graph("entity"), lambda: data.authority(level="entity")):
        with pytest.raises(StateError, match="has no entities; `linkgraph build --entities FILE`"):
            ask()


BAD = {
    "a prefix without a host": ("A,http:///team", r":2: 'http:///team' is no domain"),
    "one slash": ("A,http:/a.example", r":2: 'http:/a.example' is no domain"),
    "a path alone": ("A,/team", r":2: '/team' is no domain"),
    "a query": ("A,http://a.example/?q=1", r":2: .* is no domain"),
    "another scheme": ("A,ftp://a.example/", r":2: .* is no domain"),
    "a domain with a port": ("A,a.example:80x", r":2: .* is no domain"),
    "a name of two words": ("A,a example", r":2: 'a example' is no domain"),
    "no name": (",a.example", r":2: a line is two cells"),
    "three cells": ("A,a.example,b.example", r":2: a line is two cells"),
    "a prefix of two": ("A,http://a.example/x/\nB,https://a.example/x", r":3: .*/x/ is claimed by 'B', .*'A' in"),
    "a domain of two": ("A,a.example\n\nB,A.example", r":4: a\.example is claimed by 'B', and by 'A' in line 2"),
    "the name of a foreign domain": ("b.example,a.example", r":2: 'b\.example' is the name of a domain"),
    "an open quote": ('"A,a.example', "no CSV in UTF-8"),
    "nothing": ("# only a remark", "names no entity"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_is_named_with_its_file_and_number(tmp_path, case):
    text, message = BAD[case]
    path = written(tmp_path, f"entity,covers\n{text}\n")

    with pytest.raises(UsageError, match=message) as caught:
        Entities.read(path)
    assert str(path) in str(caught.value)


def test_a_file_without_its_header_or_none_at_all_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"entities\.csv:1: the header `entity,covers` comes first"):
        Entities.read(written(tmp_path, "A,a.example\n"))
    with pytest.raises(UsageError, match=r"absent\.csv cannot be read"):
        Entities.read(tmp_path / "absent.csv")
    (tmp_path / "latin.csv").write_bytes(b"entity,covers\nCaf\xe9,a.example\n")
    with pytest.raises(UsageError, match="no CSV in UTF-8"):
        Entities.read(tmp_path / "latin.csv")


def test_what_an_entity_says_twice_and_the_domain_that_it_is_called_after_are_no_mistakes(tmp_path):
    text = "entity,covers\na.example,a.example\na.example,http://a.example/\na.example,b.example\na.example,B.example\n"

    assert Entities.read(written(tmp_path, text)).names == ["a.example"]


def test_entities_of_another_web_make_no_build(web, tmp_path):
    with pytest.raises(UsageError, match=r"none of the 1 entities has a page or link in the data, e\.g\. 'A'"):
        linkgraph.build(web, entities=written(tmp_path, "entity,covers\nA,elsewhere.example\n"))
    assert not list((web / "builds").glob("2*"))


def test_the_verbs_take_the_file_and_the_level(web, tmp_path):
    path, run = written(tmp_path), CliRunner().invoke
    made = run(application(), ["build", "--data", str(web), "--entities", str(path), "--policy", "followed"])
    asked = ["authority", "Acme Group", "--level", "entity", "--data", str(web), "--format", "json"]
    told = json.loads(run(application(), asked).stdout)

    assert made.exit_code == 0
    assert [row["entity"] for row in told] == ["Acme Group"]
    assert json.loads(run(application(), [*asked, "--why"]).stdout)[-1]["src_entity"] is None
    assert run(application(), ["authority", "--level", "host", "--data", str(web), "--top", "1"]).exit_code == 0
    assert isinstance(run(application(), [*asked, "--why", "--pages"]).exception, UsageError)


CELLS = st.sampled_from(
    ["A", "B", "a.example", "http://a.example/", "http://a.example/x/y", "b.a.example", "#", '"', ""]
)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6))
def test_any_file_is_read_or_refused_by_name_and_survives_being_written_again(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("any") / "entities.csv"
    path.write_text("entity,covers\n" + "".join(f"{name},{covers}\n" for name, covers in rows), encoding="utf-8")
    try:
        entities = Entities.read(path)
    except UsageError as reason:
        if str(path) not in str(reason):
            raise
        return
    again = path.with_name("again.csv")
    again.write_text(entities.text(), encoding="utf-8")
    assert Entities.read(again) == entities
