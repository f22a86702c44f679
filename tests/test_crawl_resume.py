"""One run through its life: interrupted, resumed, finished, damaged, changed; and what cannot be started.

Kills and full disks are in test_crash.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from crawling import ROOT, Crawled, command, crawl, environment
from scrapy.crawler import Crawler
from scrapy.settings import Settings
from web import Answer, Web, links, page, robots

from linkgraph.edges.log import live_files, read
from linkgraph.edges.run import Run
from linkgraph.errors import UsageError
from linkgraph.fetch.handler import guard_from
from spiders.site import SiteSpider

NUMBER = 40
PAGES = {
    ("a.test", "/robots.txt"): robots("User-agent: *\nDisallow:\nSitemap: http://a.test/sitemap.xml\n"),
    ("a.test", "/sitemap.xml"): Answer(
        200, (("Content-Type", "text/xml"),), b"<urlset><url><loc>http://a.test/listed</loc></url></urlset>"
    ),
    ("a.test", "/listed"): page(links("/")),
    ("a.test", "/"): page(links(*(f"/{one}" for one in range(NUMBER)))),
    **{("a.test", f"/{one}"): page(links("/", f"/{one}/x", "http://b.test/")) for one in range(NUMBER)},
    **{("a.test", f"/{one}/x"): page(links("/"), title=f"Page {one}") for one in range(NUMBER)},
    ("b.test", "/"): page(links("http://a.test/")),
}
SLOW = {key: Answer(answer.status, answer.headers, answer.body, wait=0.03) for key, answer in PAGES.items()}
OF_A = {f"http://{host}{path}" for host, path in PAGES if host == "a.test"}


HALF_WRITTEN = ".00000009.4711.tmp"


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def edges_of(crawled: Crawled) -> Counter:
    return Counter((row["src_url"], row["dst_url"], row["kind"], row["ordinal"]) for row in crawled.edges)


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@dataclass
class Story:
    """What each chapter left."""

    data: Path
    interrupted: tuple[int, str] = (0, "")
    second: Crawled | None = None
    asked_before: int = 0
    chapters: dict[str, Crawled] = field(default_factory=dict)
    asked: dict[str, list[str]] = field(default_factory=dict)
    kept: dict[str, dict[str, tuple[bytes, int]]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)


def first_chapter(web: Web, told: Story, **options: object) -> None:
    """Start, let a second process try, interrupt."""
    line = command("a.test", data=told.data, LINKGRAPH_COMMIT_SECONDS=0.3, **options)
    with subprocess.Popen(
        line, cwd=ROOT, env={**environment(), "TEST_PEAK": os.devnull}, stderr=subprocess.PIPE, text=True
    ) as first:
        wait_for(lambda: len(web.log) >= 10 and list((told.data / "edges").rglob("*.parquet")))
        told.second = crawl("a.test", data=told.data, **options)
        first.send_signal(signal.SIGINT)
        told.interrupted = (first.wait(timeout=60), first.stderr.read())


def flip_in_first_segment(data: Path) -> set[str]:
    """Flip a byte of a committed file, add a foreign one; return the pages of the entry."""
    entry = next(entry for entry in read(Run(data, "r").log) if entry.kind == "segment")
    path = data / entry.files[0].path
    flipped = bytearray(path.read_bytes())
    flipped[len(flipped) // 3] ^= 1
    path.write_bytes(flipped)
    pq.write_table(pa.table({"not": ["ours"]}), data / "edges" / "20260101-foreign.parquet")
    return {url for url, _ in entry.pages}


def the_story(folder: Path) -> Story:
    told = Story(folder / "data")
    with Web(SLOW) as web:

        def chapter(name: str, *seeds: str, **more: object) -> None:
            began = len(web.log)
            told.chapters[name] = crawl(
                ",".join(seeds or ("a.test",)), data=told.data, LINKGRAPH_RESOLVE=web.resolve, **more
            )
            told.chapters[name].edges  # noqa: B018 - read now: a later chapter changes the folder
            told.chapters[name].pages  # noqa: B018 - as above
            told.asked[name] = [f"http://{one.host}{one.path}" for one in web.log[began:]]
            told.kept[name] = contents(told.data)

        first_chapter(web, told, LINKGRAPH_RESOLVE=web.resolve)
        told.asked_before = len(web.log)
        told.asked["interrupted"] = [f"http://{one.host}{one.path}" for one in web.log]
        web.pages.update(PAGES)
        (told.data / "runs/r/log" / HALF_WRITTEN).write_bytes(b'{"sequence": 9')
        chapter("resumed")
        chapter("finished")
        told.lost = flip_in_first_segment(told.data)
        chapter("repaired")
        chapter("changed", "b.test")
    return told


def not_interrupted(folder: Path) -> Crawled:
    with Web(PAGES) as web:
        return crawl("a.test", data=folder, LINKGRAPH_RESOLVE=web.resolve)


def patient(folder: Path) -> tuple[int, float, list[str]]:
    """Interrupt a crawl whose only host asks for five minutes between requests: exit code, seconds, requests."""
    pages = {("a.test", "/"): page("x"), ("a.test", "/robots.txt"): robots("User-agent: *\nCrawl-delay: 300")}
    with Web(pages) as web:
        line = command("a.test", data=folder, LINKGRAPH_RESOLVE=web.resolve)
        with subprocess.Popen(
            line, cwd=ROOT, env={**environment(), "TEST_PEAK": os.devnull}, stderr=subprocess.DEVNULL
        ) as process:
            wait_for(lambda: web.log)
            time.sleep(0.5)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=60)
        return code, time.monotonic() - began, web.paths("a.test")


def empty(folder: Path) -> Crawled:
    with Web({}) as web:
        return crawl("a.test", data=folder, LINKGRAPH_RESOLVE=web.resolve)


@pytest.fixture(scope="module")
def crawls(tmp_path_factory):
    """Every crawl of this file, two at a time; a test waits for its own."""
    with ThreadPoolExecutor(2) as pool:
        jobs = (the_story, not_interrupted, patient, empty)
        yield {job.__name__: pool.submit(job, tmp_path_factory.mktemp(job.__name__)) for job in jobs}


@pytest.fixture(scope="module")
def story(crawls) -> Story:
    return crawls["the_story"].result()


@pytest.mark.row("D2")
def test_an_interrupted_crawl_ends_cleanly_and_says_how_to_go_on(story):
    code, err = story.interrupted

    assert code == 130
    assert "the same command resumes run 'r'" in err
    assert "Traceback" not in err


def test_a_second_process_is_refused_and_told_who_works(story):
    assert story.second.code == 3
    assert "run 'r'" in story.second.err
    assert "is worked on by process" in story.second.err
    assert "Traceback" not in story.second.err


def test_a_resumed_crawl_equals_one_that_was_not_interrupted(story, crawls):
    whole = crawls["not_interrupted"].result()
    resumed = story.chapters["resumed"]

    assert resumed.code == whole.code == 0
    assert edges_of(resumed) == edges_of(whole)
    assert {row["url"]: (row["outcome"], row["depth"], row["status"]) for row in resumed.pages} == {
        row["url"]: (row["outcome"], row["depth"], row["status"]) for row in whole.pages
    }
    assert {row["url"] for row in whole.pages} == OF_A


def test_follow_seeds_records_links_to_other_domains_and_stays(story):
    resumed = story.chapters["resumed"]

    assert {row["domain"] for row in resumed.pages} == {"a.test"}
    assert sum(row["dst_domain"] == "b.test" for row in resumed.edges) == NUMBER


def test_nothing_is_lost_or_published_twice_or_fetched_twice(story):
    resumed = story.chapters["resumed"]

    assert set(Counter(row["url"] for row in resumed.pages).values()) == {1}
    assert set(edges_of(resumed).values()) == {1}
    asked = Counter(story.asked["interrupted"] + story.asked["resumed"])
    assert set(asked.values()) == {1}, "robots.txt is kept over restarts too"
    assert resumed.problems == []


def test_an_entry_that_a_killed_process_had_begun_to_write_is_removed(story):
    assert HALF_WRITTEN not in {path.rpartition("/")[2] for path in story.kept["resumed"]}
    assert not list((story.data / "runs/r/log").glob(".*"))


@pytest.mark.row("D7")
def test_a_finished_run_says_so_and_changes_nothing(story):
    finished = story.chapters["finished"]

    assert finished.code == 0
    assert "run 'r' is finished; nothing to fetch" in finished.err
    assert story.asked["finished"] == []
    assert story.kept["finished"] == story.kept["resumed"]


@pytest.mark.row("D8")
def test_a_corrupt_and_a_foreign_file_are_named_and_set_aside(story):
    err = story.chapters["repaired"].err

    assert "quarantined: " in err
    assert "differs from the digest" in err
    assert f"its {len(story.lost)} pages will be fetched again" in err
    assert "20260101-foreign.parquet is in no log" in err
    assert (story.data / "quarantine" / "edges" / "20260101-foreign.parquet").is_file()


@pytest.mark.row("D8")
def test_the_pages_of_a_corrupt_file_are_fetched_again_and_only_they(story):
    repaired = story.chapters["repaired"]

    assert "http://a.test/robots.txt" in story.lost
    assert set(story.asked["repaired"]) == story.lost
    assert edges_of(repaired) == edges_of(story.chapters["resumed"])
    assert Counter(row["url"] for row in repaired.pages) == Counter(OF_A)
    assert repaired.problems == []


@pytest.mark.row("D13")
def test_changed_seeds_are_told_and_applied(story):
    changed = story.chapters["changed"]

    assert "seeds changed: 1 added, 1 removed; recorded and applied" in changed.err
    assert story.asked["changed"] == ["http://b.test/robots.txt", "http://b.test/"]
    assert changed.problems == []


def test_an_interrupt_does_not_wait_for_a_hosts_delay(crawls):
    code, seconds, asked = crawls["patient"].result()

    assert code == 130
    assert seconds < 30
    assert asked == ["/robots.txt"]


def test_an_empty_crawl_leaves_readable_empty_tables(crawls):
    crawled = crawls["empty"].result()

    assert crawled.code == 0
    assert crawled.edges == []
    assert [(row["url"], row["outcome"], row["status"]) for row in crawled.pages] == [("http://a.test/", "failed", 404)]
    assert [file.rows for file in live_files(Run(crawled.data, "r").log)] == [0, 1]


REFUSED = {
    "no contact": (["example.org"], 2, "LINKGRAPH_CONTACT is not set, and example.org is not on this machine"),
    "a file in place of the folder": (["127.0.0.1"], 3, "cannot be written"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_started_is_told_in_words_and_by_the_exit_code(tmp_path, name):
    arguments, code, message = REFUSED[name]
    data = tmp_path / "data"
    if name == "a file in place of the folder":
        data.write_text("a file")

    found = crawl(*arguments, data=data)

    assert found.code == code, found.err
    assert message in found.err
    assert "Traceback" not in found.err
    assert not (data / "edges").exists()


OPEN = {"LINKGRAPH_HOST_DELAY": 0}
WRONG = {
    "no seeds": ({"seeds": ""}, {}, "no seeds"),
    "only junk": ({"seeds": "no seed"}, {}, "'no seed' is no domain"),
    "no argument": ({}, {}, "no seeds"),
    "a follow that is none": ({"follow": "some"}, {}, "follow=some"),
    "a depth that is none": ({"depth": "-1"}, {}, "depth=-1"),
    "a depth that is a word": ({"depth": "deep"}, {}, "depth=deep"),
    "a budget of none": ({"max_pages": "0"}, {}, "max_pages=0"),
    "half a page": ({"max_pages_per_domain": "0.5"}, {}, "max_pages_per_domain=0.5"),
    "a delay that is none": ({}, {"LINKGRAPH_HOST_DELAY": "soon"}, "LINKGRAPH_HOST_DELAY"),
    "a delay below zero": ({}, {"LINKGRAPH_HOST_DELAY": -1}, "LINKGRAPH_HOST_DELAY"),
    "an endless delay": ({}, {"LINKGRAPH_HOST_DELAY": "inf"}, "LINKGRAPH_HOST_DELAY"),
    "a delay that is no number": ({}, {"LINKGRAPH_HOST_DELAY": "nan"}, "LINKGRAPH_HOST_DELAY"),
    "a map that is none": ({}, {"LINKGRAPH_RESOLVE": "a=b"}, "LINKGRAPH_RESOLVE: 'a=b'"),
    "a network that is none": ({}, {"LINKGRAPH_ALLOW_ADDRESSES": "x"}, "LINKGRAPH_ALLOW_ADDRESSES: 'x'"),
    "a port that is none": ({}, {"LINKGRAPH_ALLOW_PORTS": "web"}, "LINKGRAPH_ALLOW_PORTS"),
    "a run's name that is none": ({}, {"LINKGRAPH_RUN": "../x"}, "LINKGRAPH_RUN"),
    "a seed elsewhere among others": ({"seeds": "127.0.0.1,8.8.8.8"}, {}, "8.8.8.8 is not on this machine"),
    "a map that leads elsewhere": ({}, {"LINKGRAPH_RESOLVE": "*=10.0.0.1"}, "LINKGRAPH_CONTACT is not set"),
}


def spider(tmp_path: Path, arguments: dict[str, str], options: dict[str, object]) -> SiteSpider:
    """Open a run as Scrapy does, without an engine."""
    settings = Settings({**OPEN, "LINKGRAPH_DATA": str(tmp_path / "data"), "LINKGRAPH_CONTACT": "", **options})
    return SiteSpider.from_crawler(Crawler(SiteSpider, settings), **{"seeds": "127.0.0.1", **arguments})


@pytest.mark.parametrize("name", WRONG)
def test_an_option_that_cannot_be_used_is_named_before_a_run_is_made(tmp_path, name):
    arguments, options, message = WRONG[name]
    if name == "no argument":
        arguments = {"seeds": None}

    with pytest.raises(UsageError) as error:
        spider(tmp_path, arguments, options)

    assert message in str(error.value)
    assert error.value.exit_code == 2
    assert not (tmp_path / "data").exists()


def test_the_ports_of_all_seeds_and_of_the_user_are_allowed(tmp_path):
    options = {"LINKGRAPH_ALLOW_PORTS": "9000", "LINKGRAPH_RUN": "r"}

    made = spider(tmp_path, {"seeds": "127.0.0.1:8001,127.0.0.1:8002,https://127.0.0.1"}, options)
    made.session.close()

    assert guard_from(made.settings).ports == {80, 443, 8001, 8002, 9000}


def test_the_contact_joins_a_user_agent_of_the_users_own(tmp_path):
    options = {"USER_AGENT": "mine/1", "LINKGRAPH_CONTACT": "me@example.org"}

    made = spider(tmp_path, {}, options)
    made.session.close()

    assert made.settings["USER_AGENT"] == "mine/1 (+me@example.org)"
