"""Names in the text of pages that are no links: on the command line, and in a crawl."""

from __future__ import annotations

import csv

import pytest
import typer
from crawling import crawl
from typer.testing import CliRunner
from web import Web, links, page

from linkgraph.cli.mentions import mentions as verb
from linkgraph.edges.mentions import read_mentions
from linkgraph.errors import UsageError
from linkgraph.extract.mentions import MAX_NAMES, Name, Names, mentions, read_names

URL = "http://blog.test/post"
UTF8 = "<meta charset=utf-8>"


def found(html, *names, url=URL):
    return [one.text for one in mentions(url, (), html.encode(), read_names(names))]


def test_a_name_in_running_text_is_a_mention_and_one_in_a_link_is_none():
    html = "<p>We read the Harbour <b>Gazette</b> daily, see <a href='/x'>Harbour Gazette</a>."
    html += "<script>Harbour Gazette</script>"

    (one,) = mentions(URL, (), html.encode(), read_names(["harbour gazette,harbour.example"]))
    assert (one.text, one.before, one.after) == ("Harbour Gazette", "We read the", "daily, see Harbour Gazette.")
    assert (one.name, one.domain, one.page_links) == ("harbour gazette", "harbour.example", False)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Go to example.org.", ["example.org"]),
        ("Go to https://www.Example.org/path now", ["Example.org"]),
        ("notexample.org, example.organic, my-example.org, example.org.uk", []),
        ("write to me@example.org", []),
    ],
)
def test_a_domain_is_found_as_itself_and_not_as_part_of_another(text, wanted):
    assert found(f"<p>{text}", "example.org") == wanted


def test_names_match_whole_words_where_their_writing_has_words():
    paper = "\u6e2f\u65b0\u805e"

    assert found("<p>The Greens and a green thing", "Green") == ["green"]
    assert found(f"{UTF8}<p>\u6771\u4eac\u306e{paper}\u3092\u8aad\u3080", paper) == [paper]
    assert found(f"{UTF8}<p>a cafe\u0301 Noir", "Caf\u00e9 noir") == ["caf\u00e9 Noir"]


def test_a_list_finds_the_longer_of_two_names(tmp_path):
    file = tmp_path / "names.txt"
    file.write_text("Green\nGreen Grocer\n", "utf-8")

    assert found("<p>Green Grocer", str(file)) == ["Green Grocer"]


def test_a_page_of_the_named_domain_does_not_mention_itself_and_one_that_links_says_so():
    html = "<p>Harbour Gazette and <a href='http://www.harbour.example/x'>a link</a>"
    names = read_names(["Harbour Gazette,harbour.example"])

    assert mentions("http://www.harbour.example/about", (), html.encode(), names) == []
    assert [one.page_links for one in mentions(URL, (), html.encode(), names)] == [True]


def test_a_list_that_cannot_be_used_is_refused_in_words():
    with pytest.raises(UsageError, match="no names"):
        read_names(["", "# nothing"])
    with pytest.raises(UsageError, match="in parts"):
        Names(Name(f"name {number}") for number in range(MAX_NAMES + 1))
    with pytest.raises(UsageError, match="is no file"):
        read_names(["mistyped.txt"])
    with pytest.raises(UsageError, match="is no domain"):
        read_names(["Harbour,not a domain"])


def test_the_verb_looks_at_files(tmp_path):
    file = tmp_path / "page.html"
    file.write_text("<p>As the Harbour Gazette says", "utf-8")
    app = typer.Typer()
    app.command()(verb)

    done = CliRunner().invoke(app, [str(file), "--names", "Harbour Gazette", "--format", "csv"])
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert (row["text"], row["before"], row["page_links"]) == ("Harbour Gazette", "As the", "")


def test_a_crawl_writes_down_what_it_meets(tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("# ours\nHarbour Gazette,harbour.example\nshop.example\n", "utf-8")
    pages = {
        ("a.test", "/"): page("<p>The Harbour Gazette said so.</p>" + links("/b")),
        ("a.test", "/b"): page("<p>They sell at shop.example, cheaply."),
    }
    with Web(pages) as web:
        done = crawl("a.test", "--mentions", str(names), data=tmp_path / "data", LINKGRAPH_RESOLVE=web.resolve)
    assert done.code == 0, done.err
    rows = {(row["url"], row["name"], row["before"]) for row in read_mentions(tmp_path / "data").to_pylist()}
    assert rows == {
        ("http://a.test/", "Harbour Gazette", "The"),
        ("http://a.test/b", "shop.example", "They sell at"),
    }
