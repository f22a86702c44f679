"""`linkgraph robots`: what a file or an address says, on clean stdout, with an exit code."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner
from web import Answer, Web, moved, robots

from linkgraph.cli import application
from linkgraph.errors import LinkgraphError

TEXT = "User-agent: *\nDisallow: /x # all of it\n\nUser-agent: examplebot\nAllow: /x/y\nDisallow: /x\n"


def ask(*arguments: str, **options: str):
    return CliRunner().invoke(application(), ["robots", *arguments], **options)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "robots.txt"
    path.write_text(TEXT)
    return str(path)


def test_each_url_is_told_with_the_line_that_decides(file):
    done = ask(file, "--agent", "ExampleBot/1.0", "--format", "json", "http://a.test/x/y", "/x/z", "/other")

    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"url": "http://a.test/x/y", "allowed": True, "line": 5, "rule": "Allow: /x/y"},
        {"url": "/x/z", "allowed": False, "line": 6, "rule": "Disallow: /x"},
        {"url": "/other", "allowed": True, "line": None, "rule": "no rule matches"},
    ]
    assert done.exit_code == 1


def test_the_exit_code_is_0_where_all_is_allowed(file):
    assert ask(file, "/y", "/z").exit_code == 0


def test_a_table_is_for_people(file):
    done = ask(file, "/x")

    assert "Disallow: /x" in done.stdout
    assert done.exit_code == 1


def test_standard_input_is_a_file_too():
    assert ask("-", "/x", input=TEXT).exit_code == 1


def test_an_address_is_fetched_with_its_redirects(monkeypatch):
    pages = {
        ("a.test", "/robots.txt"): moved("http://b.test/rules"),
        ("b.test", "/rules"): robots(TEXT),
        ("down.test", "/robots.txt"): Answer(503),
    }
    with Web(pages) as served:
        monkeypatch.setenv("LINKGRAPH_RESOLVE", served.resolve)
        told = ask("http://a.test/", "http://a.test/x", "--format", "json")
        down = ask("http://down.test/robots.txt", "/x", "--format", "json")
        none = ask("http://none.test/", "/x", "--format", "json")

    assert json.loads(told.stdout)["line"] == 2
    assert json.loads(down.stdout)["rule"] == "status 503: nothing is allowed"
    assert json.loads(none.stdout) == {"url": "/x", "allowed": True, "line": None, "rule": "status 404: no rules"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("absent.txt", "/x"), "cannot be read"),
        (("http://example.org/", "/x"), "LINKGRAPH_CONTACT"),
        (("-", "/x", "--format", "xml"), "table or json"),
    ],
)
def test_what_cannot_be_asked_is_told_in_words(arguments, says):
    done = ask(*arguments)

    assert isinstance(done.exception, LinkgraphError)
    assert says in str(done.exception)
    assert done.exception.exit_code == 2
