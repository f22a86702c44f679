"""What a person or program asks of a data folder, through the API and on the command line."""

from __future__ import annotations

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

import linkgraph
from linkgraph.cli.authority import authority
from linkgraph.cli.backlinks import backlinks
from linkgraph.cli.build import build as build_verb
from linkgraph.errors import StateError, UnknownDomainError, UsageError
from linkgraph.index import lookup
from linkgraph.index.build import build
from linkgraph.insights.target import target_of


@pytest.fixture
def data(observed):
    """Five domains: everybody votes for hub.example, hub.example votes for star.example."""
    for name in ("one", "two", "three"):
        observed.page(
            f"http://www.{name}.example/", "http://www.hub.example/", ("http://hub.example/p", {"anchor": name})
        )
    words = {"anchor": "star"}
    observed.page("http://hub.example/", ("http://star.example/", words), ("http://star.example/more", words))
    observed.page("http://one.example/sub", ("http://star.example/", {"nofollow": True, "rel": ("nofollow",)}))
    root = observed.commit()
    build(root)
    return linkgraph.open(root)


@pytest.mark.parametrize(
    ("text", "column", "value", "domain"),
    [
        ("example.org", "dst_domain", "example.org", "example.org"),
        (" Example.ORG ", "dst_domain", "example.org", "example.org"),
        ("www.example.org", "dst_host", "www.example.org", "example.org"),
        ("user.github.io", "dst_domain", "user.github.io", "user.github.io"),
        ("bücher.example", "dst_domain", "xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("127.0.0.1", "dst_domain", "127.0.0.1", "127.0.0.1"),
        ("http://www.example.org", "dst_url", "http://www.example.org/", "example.org"),
        ("https://example.org/a?b#c", "dst_url", "https://example.org/a?b", "example.org"),
    ],
)
def test_a_target_is_a_domain_a_host_or_a_url(text, column, value, domain):
    target = target_of(text)

    assert (target.column, target.value, target.domain) == (column, value, domain)


@pytest.mark.parametrize(
    "text", ["", "example.org/page", "a b.example", "ftp://example.org/", "http://", "a@b.example"]
)
def test_a_text_that_names_no_target_is_refused(text):
    with pytest.raises(UsageError, match="neither a domain"):
        target_of(text)


def test_backlinks_come_from_the_strongest_first(data):
    rows = data.backlinks("star.example").to_pylist()

    assert [(row["src_domain"], row["dst_url"]) for row in rows] == [
        ("hub.example", "http://star.example/"),
        ("hub.example", "http://star.example/more"),
        ("one.example", "http://star.example/"),
    ]
    assert rows[0]["src_authority"] > rows[2]["src_authority"] == 0.0
    assert data.backlinks("star.example", limit=2).to_pylist() == rows[:2]
    assert data.backlinks("star.example", limit=0).num_rows == 0


def test_backlinks_of_a_host_or_a_page_are_part_of_those_of_the_domain(data):
    whole = {(row["src_url"], row["dst_url"]) for row in data.backlinks("hub.example").to_pylist()}

    for part, url in (("www.hub.example", "http://www.hub.example/"), ("http://hub.example/p", "http://hub.example/p")):
        found = {(row["src_url"], row["dst_url"]) for row in data.backlinks(part).to_pylist()}
        assert found == {pair for pair in whole if pair[1] == url}
        assert len(found) == 3


def test_a_known_domain_without_backlinks_has_none(data):
    assert data.backlinks("two.example").num_rows == 0
    assert data.backlinks("http://hub.example/nobody-links-here").num_rows == 0


@pytest.mark.parametrize(
    ("asked", "near"),
    [("hubb.example", "hub.example"), ("www.hubs.example", "www.hub.example"), ("starr.example", "star.example")],
)
def test_an_unknown_name_is_answered_with_near_ones(data, asked, near):
    with pytest.raises(UnknownDomainError, match=asked) as error:
        data.backlinks(asked)
    assert error.value.near[0] == near


def test_a_name_like_no_other_has_no_near_ones(data):
    with pytest.raises(UnknownDomainError) as error:
        data.authority(["zzzzzzzzzzzz.test"])
    assert error.value.near == ()


def test_a_question_opens_one_bucket(data, monkeypatch):
    opened = []
    genuine = lookup.pq.ParquetFile
    monkeypatch.setattr(
        lookup.pq, "ParquetFile", lambda path, **options: opened.append(path) or genuine(path, **options)
    )
    data.backlinks("star.example")

    assert [path.name for path in opened] == ["backlinks.parquet"]


def test_authority_answers_in_the_order_of_the_question(data):
    asked = ["http://www.one.example/x", "star.example", "hub.example", "star.example"]
    table = data.authority(asked)

    assert table["domain"].to_pylist() == ["one.example", "star.example", "hub.example", "star.example"]
    assert data.authority(asked, top=1)["domain"].to_pylist() == ["one.example"]


def test_the_best_come_first(data):
    table = data.authority()

    # The whole vote of the hub is worth more than the three votes that made it.
    assert table["domain"].to_pylist()[:2] == ["star.example", "hub.example"]
    assert data.authority(top=2).to_pylist() == table.to_pylist()[:2]
    assert table["rank"].to_pylist() == [1, 2, 3, 3, 3]


@pytest.mark.parametrize("question", [lambda d: d.authority(top=-1), lambda d: d.backlinks("hub.example", limit=-1)])
def test_a_negative_number_of_rows_is_refused(data, question):
    with pytest.raises(UsageError, match="0 or more"):
        question(data)


@pytest.mark.parametrize("level", ["domain", "host", "page"])
def test_graphs_of_every_level_are_at_hand(data, level):
    edges = set(data.graph(level).to_networkx().edges)

    assert {
        "domain": ("hub.example", "star.example"),
        "host": ("hub.example", "star.example"),
        "page": ("http://hub.example/", "http://star.example/more"),
    }[level] in edges
    assert list(data.graph(level, policy="followed")) == list(data.graph(level))


def test_unknown_levels_and_policies_are_refused(data):
    with pytest.raises(UsageError, match="'planet'"):
        data.graph("planet")
    with pytest.raises(UsageError, match="'mine'"):
        data.graph(policy="mine")


def test_the_raw_tables_are_there_with_their_runs(data):
    assert data.edges().count_rows() == 9
    assert data.pages().to_table(columns=["run"])["run"].unique().to_pylist() == ["run"]


def test_a_question_without_a_build_says_what_to_run(observed):
    data = linkgraph.open(observed.commit())

    for question in (data.graph, data.authority, lambda: data.backlinks("a.example"), lambda: data.build):
        with pytest.raises(StateError, match="run `linkgraph build"):
            question()
    assert data.edges().count_rows() == 0
    assert len(data.graph("page")) == len(data.graph(policy="followed")) == 0


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        linkgraph.open(tmp_path / "nowhere")


def test_a_build_is_stale_once_the_data_changes(data, observed):
    assert not data.is_stale
    observed.page("http://new.example/", "http://hub.example/")
    observed.commit("later")

    assert data.is_stale
    build(data.root)
    assert not linkgraph.open(data.root).is_stale


@pytest.fixture
def run(data):
    app = typer.Typer()
    for verb in (build_verb, authority, backlinks):
        app.command(verb.__name__)(verb)

    def invoke(*words, code=0):
        result = CliRunner(env={"LINKGRAPH_DATA": str(data.root)}).invoke(app, list(words), catch_exceptions=True)
        assert result.exit_code == code or isinstance(result.exception, linkgraph.errors.LinkgraphError)
        return result

    return invoke


def test_the_commands_print_tables_for_people(run):
    assert "star.example" in run("authority", "--top", "1").stdout
    assert "hub.example" not in run("authority", "--top", "1").stdout
    shown = run("backlinks", "hub.example", "--limit", "2").stdout
    assert shown.count("http://www.") >= 2


def test_machine_formats_are_clean_on_stdout(run, data):
    result = run("backlinks", "hub.example", "--format", "json")
    assert [row["src_url"] for row in json.loads(result.stdout)] == data.backlinks("hub.example")["src_url"].to_pylist()
    assert result.stderr == ""
    rows = list(csv.DictReader(io.StringIO(run("authority", "hub.example", "--format", "csv").stdout, newline="")))
    assert [row["domain"] for row in rows] == ["hub.example"]
    parquet = run("authority", "--format", "parquet").stdout_bytes
    assert pq.read_table(io.BytesIO(parquet)).equals(data.authority())


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_the_suffix_of_the_file_chooses_the_format(run, tmp_path, suffix):
    out = tmp_path / f"answer.{suffix}"
    result = run("backlinks", "hub.example", "-o", str(out))

    assert result.stdout == ""
    size = {"csv": lambda: len(out.read_text().splitlines()) - 1, "json": lambda: len(json.loads(out.read_text()))}
    assert size.get(suffix, lambda: pq.read_metadata(out).num_rows)() == 6
    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == [out.name]


def test_a_stale_build_is_told_on_stderr_only(run, observed):
    observed.page("http://new.example/", "http://hub.example/")
    observed.commit("later")
    result = run("authority", "--format", "json")

    assert "linkgraph build" in result.stderr
    assert len(json.loads(result.stdout)) == 5


def test_the_build_command_reports_on_stderr(run):
    result = run("build")

    assert result.stdout == ""
    assert "votes of domains, editorial" in result.stderr


@pytest.mark.parametrize(
    ("words", "error", "exit_code"),
    [
        (["backlinks", "hubb.example"], UnknownDomainError, 1),
        (["authority", "hub.example", "nobody.test"], UnknownDomainError, 1),
        (["authority", "--format", "xml"], UsageError, 2),
        (["build", "--policy", "mine"], UsageError, 2),
        (["backlinks", "hub.example", "-o", "/nowhere/x.csv"], UsageError, 2),
    ],
)
def test_errors_of_the_commands_are_ours(run, words, error, exit_code):
    result = run(*words)

    assert isinstance(result.exception, error)
    assert result.exception.exit_code == exit_code
    assert result.stdout == ""


@pytest.mark.parametrize("verb", ["build", "authority", "backlinks"])
def test_help_shows_examples(run, verb):
    assert f"linkgraph {verb}" in run(verb, "--help").stdout


def test_an_empty_build_knows_no_domain(observed):
    build(root := observed.commit())
    data = linkgraph.open(root)

    assert data.authority(top=5).num_rows == 0
    for question in (lambda: data.backlinks("a.example"), lambda: data.authority(["a.example"])):
        with pytest.raises(UnknownDomainError):
            question()
