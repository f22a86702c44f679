"""`linkgraph report` over a real data folder: pages that were observed, committed, built and asked about."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer
from selectolax.lexbor import LexborHTMLParser
from typer.testing import CliRunner

from linkgraph.cli.report import report
from linkgraph.edges.run import Run
from linkgraph.edges.segment import Segment, commit
from linkgraph.errors import StateError, UsageError
from linkgraph.extract.answer import observe
from linkgraph.index.build import build

HOSTILE = "<img src=x onerror=alert(1)>"
SITES = {
    "http://harbour.example/": '<a href="http://mill.example/">the mill</a> <a href="/own">own</a>',
    "http://ferry.example/": '<a href="http://harbour.example/tides">tides</a><a href="http://buoy.example/">buoy</a>',
    "http://mill.example/": '<a href="http://harbour.example/" rel="ugc">=cmd()</a>',
    "http://spam.example/": f'<a href="http://harbour.example/">{HOSTILE.replace("<", "&lt;")}</a>',
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "data"
    run = Run(folder, "report")
    run.create()
    segment = Segment()
    for url, body in SITES.items():
        page, links = observe(url, 200, [("Content-Type", "text/html")], f"<p>{body}".encode())
        segment.add(replace(page, fetched_at=datetime.now(UTC)), links)
    commit(run, 1, segment, "")
    build(folder)
    return folder


def ask(data: Path, *words: object):
    app = typer.Typer()
    app.command()(report)
    return CliRunner().invoke(app, [*map(str, words), "--data", str(data)])


def test_a_page_is_written_for_a_list_of_domains(data, tmp_path):
    clients = tmp_path / "clients.txt"
    clients.write_text("harbour.example\nhttp://www.mill.example/page\n")
    out = tmp_path / "clients.html"
    done = ask(data, "--domains", clients, "-o", out)
    tree = LexborHTMLParser(out.read_text(encoding="utf-8"))

    assert (done.exit_code, done.output) == (0, "")
    assert sorted(node.text() for node in tree.css("h3")) == ["harbour.example", "mill.example"]
    assert tree.css("img, script") == []
    assert HOSTILE in [node.text() for node in tree.css(".pair th bdi")]


def test_domains_may_be_given_as_arguments_and_keep_their_order_in_data(data, tmp_path):
    out = tmp_path / "clients.json"
    done = ask(data, "--domains", "mill.example", "harbour.example", "-o", out)
    rows = json.loads(out.read_bytes())

    assert done.exit_code == 0
    assert [row["domain"] for row in rows] == ["mill.example", "harbour.example"]
    assert rows[1]["referring_domains"] == 3
    assert rows[1]["backlinks_followed"] == 2
    assert rows[1]["followed_share"] == pytest.approx(2 / 3)
    assert sorted(rows[1]["top_anchors"]) == sorted([HOSTILE, "=cmd()", "tides"])


def test_a_linked_domain_that_was_not_crawled_says_so(data, tmp_path):
    out = tmp_path / "clients.parquet"
    ask(data, "--domains", "mill.example", "buoy.example", "-o", out)

    assert pq.read_table(out).column("status").to_pylist() == ["crawled", "linked"]


def test_an_unknown_domain_is_named_with_near_names_and_the_others_are_written(data, tmp_path):
    out = tmp_path / "clients.csv"
    done = ask(data, "--domains", "harbor.example", "harbour.example", "-o", out)
    with out.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))

    assert done.exit_code == 1
    assert "'harbor.example'" in done.stderr
    assert "near names: harbour.example" in done.stderr
    assert [row["status"] for row in rows] == ["unknown", "crawled"]


def test_a_junk_line_is_named_with_its_number_and_the_others_are_written(data, tmp_path):
    clients = tmp_path / "clients.txt"
    clients.write_text("harbour.example\nnot a domain\n")
    out = tmp_path / "clients.csv"
    done = ask(data, "--domains", clients, "-o", out)

    assert done.exit_code == 1
    assert f"{clients}:2: 'not a domain'" in done.stderr
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2


def test_without_a_file_the_table_is_on_stdout_and_json_is_nothing_but_json(data):
    table = ask(data, "--domains", "harbour.example")
    as_json = ask(data, "--domains", "harbour.example", "--format", "json")

    assert "harbour.example" in table.stdout
    assert json.loads(as_json.stdout)[0]["domain"] == "harbour.example"


@pytest.mark.parametrize("words", [[], ["--domains", "a.example", "-o", "report.docx"], ["--domains", "missing.txt"]])
def test_what_cannot_be_answered_is_a_usage_error(data, words):
    assert isinstance(ask(data, *words).exception, UsageError)


def test_a_data_folder_without_a_build_says_how_to_make_one(tmp_path):
    done = ask(tmp_path, "--domains", "a.example")

    assert isinstance(done.exception, StateError)
    assert "linkgraph build" in str(done.exception)
