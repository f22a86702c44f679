"""A run that visits again what an earlier run saw: what is sent, what is kept, what changes and what is gone.

The server honours ETag and Last-Modified, and its own log says what it sent.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from crawling import Crawled, crawl
from web import Answer, Web, links, page, robots

from linkgraph.edges.dataset import snapshot
from linkgraph.edges.invariants import examine
from linkgraph.edges.log import live_files
from linkgraph.edges.run import Run

WORDS = "What the page says at some length, so that its bytes are worth saving. " * 20
PATHS = ("/tagged", "/dated", "/plain", "/changing", "/leaving", "/moving", "/broken")


def tagged(body: str, tag: str) -> Answer:
    return page(body + WORDS, headers=(("ETag", f'"{tag}"'),))


FIRST = {
    ("a.test", "/robots.txt"): robots("User-agent: *\nDisallow:\n"),
    ("a.test", "/"): tagged(links(*PATHS), "root"),
    ("a.test", "/tagged"): tagged(links("/", "http://b.test/from-tagged", "/deep"), "one"),
    ("a.test", "/dated"): page(
        links("http://b.test/from-dated") + WORDS, headers=(("Last-Modified", "Sat, 01 Nov 2025 10:00:00 GMT"),)
    ),
    ("a.test", "/plain"): page(links("http://b.test/from-plain") + WORDS),
    ("a.test", "/changing"): tagged(links("http://b.test/old", "http://b.test/stays"), "old"),
    ("a.test", "/leaving"): tagged(links("http://b.test/from-leaving"), "leaving"),
    ("a.test", "/moving"): tagged(links("http://b.test/from-moving"), "moving"),
    ("a.test", "/broken"): tagged(links("http://b.test/from-broken"), "broken"),
    ("a.test", "/deep"): tagged(links("/"), "deep"),
}
LATER = {
    **FIRST,
    ("a.test", "/changing"): tagged(links("http://b.test/new", "http://b.test/stays", "/found"), "new"),
    ("a.test", "/found"): page("new"),
    ("a.test", "/leaving"): Answer(410),
    ("a.test", "/moving"): Answer(301, (("Location", "/tagged"),)),
    ("a.test", "/broken"): Answer(403),
}
UNCHANGED = ("/", "/tagged", "/dated", "/deep")


class Conditional(Web):
    """Answers 304 to whom has the newest version, and remembers what it said."""

    def __init__(self, pages: dict) -> None:
        super().__init__(pages)
        self.said: list[tuple[str, int, int]] = []

    def answer(self, host: str, path: str) -> Answer:
        found = super().answer(host, path)
        asked, has = self.log[-1].headers, dict(found.headers)
        if "If-None-Match" in asked:
            same = asked["If-None-Match"] == has.get("ETag")
        else:
            same = "Last-Modified" in has and asked.get("If-Modified-Since") == has["Last-Modified"]
        if found.status == 200 and same:
            found = Answer(304, [(name, value) for name, value in found.headers if name != "Content-Type"])
        self.said.append((path, found.status, len(found.body)))
        return found


def rows(data: Path, run: str, table: str) -> list[dict]:
    files = (data / file.path for file in live_files(Run(data, run).log) if file.table == table)
    return [row for path in files for row in pq.ParquetFile(path).read().to_pylist()]


@dataclass
class Told:
    """What each run left, and what the server said meanwhile."""

    data: Path
    runs: dict[str, Crawled] = field(default_factory=dict)
    said: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)

    def statuses(self, name: str) -> dict[str, int]:
        return {path: status for path, status, _ in self.said[name] if path != "/robots.txt"}

    def bytes(self, name: str) -> int:
        return sum(length for _, _, length in self.said[name])

    def page(self, run: str, path: str) -> dict:
        (found,) = [row for row in rows(self.data, run, "pages") if row["url"] == f"http://a.test{path}"]
        return found

    def links(self, run: str, path: str) -> list[dict]:
        found = [row for row in rows(self.data, run, "edges") if row["src_url"] == f"http://a.test{path}"]
        return [{name: value for name, value in row.items() if name != "observed_at"} for row in found]


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Told:
    told = Told(tmp_path_factory.mktemp("recrawl") / "data")
    with Conditional(FIRST) as web:

        def run(name: str, *arguments: str, **settings: object) -> None:
            web.said.clear()
            settings = {"LINKGRAPH_RESOLVE": web.resolve, "RETRY_TIMES": 0, **settings}
            told.runs[name] = crawl("a.test", *arguments, data=told.data, **settings)
            told.said[name] = list(web.said)
            assert told.runs[name].code == 0, told.runs[name].err

        run("r")
        run("nothing due", "--revisit", "latest")
        web.pages.update(LATER)
        run("r.3", "--revisit", "latest", "--due", "all")
        run("r.4", "--revisit", "latest", **{f"LINKGRAPH_REVISIT_{name}": 0 for name in ("FIRST", "LEAST", "MOST")})
    return told


def test_nothing_is_fetched_before_it_is_due_and_the_user_is_told_when_that_is(told):
    assert told.said["nothing due"] == []
    assert "0 of them due, the next on" in told.runs["nothing due"].err


def test_a_page_that_has_not_changed_is_not_sent_again(told):
    said = told.statuses("r.3")

    assert Counter(told.statuses("r").values()) == {200: 9}
    assert {path for path, status in said.items() if status == 304} == set(UNCHANGED)
    assert {path: status for path, status in said.items() if status != 304} == {
        "/plain": 200,
        "/changing": 200,
        "/found": 200,
        "/leaving": 410,
        "/moving": 301,
        "/broken": 403,
    }
    assert told.bytes("r.3") < told.bytes("r") * 0.45


def test_a_page_that_has_not_changed_keeps_every_column_of_every_link(told):
    for path in (*UNCHANGED, "/plain"):
        assert told.links("r.3", path) == told.links("r", path) != []


def test_a_page_that_has_not_changed_keeps_its_columns_and_says_when_it_was_seen(told):
    before, after = told.page("r", "/tagged"), told.page("r.3", "/tagged")

    assert (after["outcome"], after["status"]) == ("not-modified", 304)
    assert after["fetched_at"] > before["fetched_at"]
    for name in ("title", "content_digest", "etag", "simhash", "links_external", "depth", "discovered_from"):
        assert after[name] == before[name]
    moments = {row["observed_at"] for row in rows(told.data, "r.3", "edges") if row["src_url"].endswith("/tagged")}
    assert moments == {after["fetched_at"]}


def test_the_same_bytes_without_a_validator_are_no_change_either(told):
    page = told.page("r.3", "/plain")

    assert (page["outcome"], page["status"]) == ("not-modified", 200)


def test_a_page_that_changed_has_its_new_links_and_they_are_followed(told):
    assert [row["dst_url"] for row in told.links("r.3", "/changing")] == [
        "http://b.test/new",
        "http://b.test/stays",
        "http://a.test/found",
    ]
    assert told.page("r.3", "/changing")["outcome"] == "fetched"
    assert told.page("r.3", "/found")["status"] == 200


@pytest.mark.parametrize("path", ["/leaving", "/broken"])
def test_a_page_that_is_refused_or_gone_has_no_links_in_the_new_run(told, path):
    assert told.page("r.3", path)["outcome"] == "failed"
    assert told.links("r.3", path) == []


def test_the_next_run_knows_what_all_earlier_ones_saw(told):
    said = told.statuses("r.4")

    assert {path for path, status in said.items() if status == 304} == {*UNCHANGED, "/changing"}
    assert told.page("r.4", "/changing")["etag"] == '"new"'
    assert told.page("r.4", "/leaving")["status"] == 410


def test_each_run_is_whole_and_nothing_is_broken(told):
    assert [finding for finding in examine(told.data) if finding.problems] == []
    assert snapshot(told.data).rows("pages") == sum(len(rows(told.data, run, "pages")) for run in ("r", "r.3", "r.4"))
