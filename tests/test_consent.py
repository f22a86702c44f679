"""What a webmaster may ask for: not to be crawled, by a list that a running crawl heeds; and to know who asks."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from crawling import ROOT, TIMEOUT, Crawled, command, crawl, environment
from hypothesis import given
from hypothesis import strategies as st
from web import Answer, Web, links, page

from linkgraph.errors import UsageError
from linkgraph.extract import extract
from linkgraph.fetch.consent import REREAD_SECONDS, DenyFile, DenyList
from linkgraph.urls import resolve

LINES = [
    "# a comment",
    "",
    "a.test",
    "https://b.test/private/",
    "c.test/x?y=",
    "  D.Test.  ",
    "münchen.test",
    "127.0.0.9",
]
DENIED = {
    "http://a.test/": True,
    "https://www.a.test/x": True,
    "http://deep.www.a.test/": True,
    "http://nota.test/": False,
    "http://test/": False,
    "https://b.test/private/1": True,
    "http://b.test/private/1": False,
    "https://b.test/public": False,
    "https://www.b.test/private/": False,
    "http://c.test/x?y=1": True,
    "https://c.test/x?y=2&z": True,
    "http://c.test/x": False,
    "http://d.test./": True,
    "http://xn--mnchen-3ya.test/": True,
    "http://127.0.0.9/": True,
    "http://127.0.0.99/": False,
}


@pytest.mark.parametrize("url", DENIED)
def test_a_line_denies_a_host_with_those_below_it_or_what_a_url_begins_with(url):
    assert DenyList(LINES).denies(resolve(url).url) is DENIED[url]


@pytest.mark.parametrize("line", ["no host", "ftp://a.test/", "http://", "nodots", "*", "mailto:me@a", "a.test b.test"])
def test_a_line_that_is_none_is_named_with_its_number(tmp_path, line):
    path = tmp_path / "deny.txt"
    path.write_text(f"a.test\n{line}\n")

    with pytest.raises(UsageError, match=r"deny\.txt:2: "):
        DenyFile(path)


@given(st.lists(st.text(max_size=30), max_size=5), st.text(max_size=30))
def test_any_lines_are_read_and_any_url_gets_an_answer(lines, url):
    assert DenyList(lines).denies(url) in (True, False)


def test_a_changed_file_counts_soon_and_one_that_is_gone_changes_nothing(tmp_path):
    path = tmp_path / "deny.txt"
    path.write_text("a.test\n")
    deny = DenyFile(path)
    assert [deny.denies(f"http://{host}.test/", 0.0) for host in "ab"] == [True, False]
    path.write_text("b.test\nno host\n")
    assert [deny.denies(f"http://{host}.test/", 0.0 + REREAD_SECONDS / 2) for host in "ab"] == [True, False]
    assert [deny.denies(f"http://{host}.test/", REREAD_SECONDS) for host in "ab"] == [False, True]
    path.unlink()
    assert [deny.denies(f"http://{host}.test/", 9 * REREAD_SECONDS) for host in "ab"] == [False, True]


@pytest.mark.parametrize("problem", ["absent", "folder", "junk"])
def test_a_deny_list_that_cannot_be_used_stops_before_the_first_request(tmp_path, problem):
    path = tmp_path / "deny"
    if problem == "folder":
        path.mkdir()
    elif problem == "junk":
        path.write_text("this is a sentence\n")
    with Web({("a.test", "/"): page("x")}) as served:
        crawled = crawl("http://a.test/", data=tmp_path / "data", LINKGRAPH_RESOLVE=served.resolve, LINKGRAPH_DENY=path)

    assert crawled.code == 2
    assert "LINKGRAPH_DENY: " in crawled.err
    assert "Traceback" not in crawled.err
    assert served.log == []


NUMBER = 60
PAGES = {
    ("a.test", "/"): page(links(*(f"/{one}" for one in range(NUMBER)), "http://b.test/", "http://denied.test/")),
    **{("a.test", f"/{one}"): page(links("/"), title=f"Page {one}") for one in range(NUMBER)},
    ("b.test", "/"): page(links("/1", "/2")),
    ("b.test", "/1"): page("x"),
    ("b.test", "/2"): page("y"),
    ("denied.test", "/"): page("never"),
}


@pytest.fixture(scope="module")
def denied(tmp_path_factory) -> tuple[Web, Crawled, float]:
    """A crawl during which the owner of a.test is heeded: the web, what the crawl left, and when the list changed."""
    folder = tmp_path_factory.mktemp("denied")
    deny = folder / "deny.txt"
    deny.write_text("denied.test\n")
    slow = {key: Answer(answer.status, answer.headers, answer.body, wait=0.1) for key, answer in PAGES.items()}
    with Web(slow) as served:
        line = command(
            "http://a.test/",
            "--follow",
            "all",
            data=folder / "data",
            LINKGRAPH_RESOLVE=served.resolve,
            LINKGRAPH_DENY=deny,
            LINKGRAPH_CONTACT="me@example.org",
        )
        began = time.monotonic()
        with subprocess.Popen(
            line, cwd=ROOT, env={**environment(), "TEST_PEAK": os.devnull}, stderr=subprocess.PIPE, text=True
        ) as process:
            while len(served.paths("a.test")) < 8:
                assert time.monotonic() - began < TIMEOUT
                time.sleep(0.02)
            deny.write_text("denied.test\na.test\n")
            changed = time.monotonic()
            _, err = process.communicate(timeout=TIMEOUT)
    return served, Crawled(process.returncode, "", err, 0.0, Path(folder / "data")), changed


def test_a_running_crawl_heeds_a_new_line_of_the_deny_list(denied):
    served, crawled, changed = denied
    late = [moment for moment in served.times("a.test") if moment > changed + 2 * REREAD_SECONDS]

    assert crawled.code == 0
    assert late == []
    assert 8 <= len(served.paths("a.test")) < NUMBER


def test_what_waits_of_a_denied_host_ends_as_excluded_and_the_rest_is_fetched(denied):
    _, crawled, _ = denied
    outcomes = [crawled.outcome(f"http://a.test/{one}")[:2] for one in range(NUMBER)]

    assert set(outcomes) == {("fetched", None), ("excluded", "consent:denied")}
    assert crawled.outcome("http://b.test/1")[0] == crawled.outcome("http://b.test/2")[0] == "fetched"
    assert crawled.problems == []


def test_a_denied_host_is_not_even_asked_for_its_robots_file(denied):
    served, crawled, _ = denied

    assert served.paths("denied.test") == []
    assert crawled.outcome("http://denied.test/") == ("excluded", "consent:denied", None)


def test_every_request_names_the_crawler_its_contact_and_a_mailbox(denied):
    agents = {asked.headers.get("User-Agent") for asked in denied[0].log}
    mailboxes = {asked.headers.get("From") for asked in denied[0].log}

    assert len(agents) == 1
    assert agents.pop().endswith(" (+me@example.org)")
    assert mailboxes == {"me@example.org"}


DATE = ("Date", "Sun, 01 Nov 2026 12:00:00 GMT")


@pytest.mark.row("H9")
@pytest.mark.parametrize(
    ("header", "noindex"),
    [
        ("unavailable_after: 25 Jun 2010 15:00:00 GMT", True),
        ("unavailable_after: 2010-06-25", True),
        ("unavailable_after: Friday, 25-Jun-10 15:00:00 UTC", True),
        ("linkgraph: unavailable_after: 25 Jun 2010 15:00:00 GMT", True),
        ("noarchive, unavailable_after: 25 Jun 2010 15:00:00 GMT", True),
        ("otherbot: unavailable_after: 25 Jun 2010 15:00:00 GMT", False),
        ("unavailable_after: 25 Jun 2099 15:00:00 GMT", False),
        ("unavailable_after: soon", False),
        ("unavailable_after:", False),
    ],
)
def test_a_page_whose_time_is_over_is_not_to_be_indexed(header, noindex):
    page_, _ = extract("http://a.test/", [DATE, ("Content-Type", "text/html"), ("X-Robots-Tag", header)], b"<p>x")

    assert page_.noindex is noindex
    assert page_.nofollow is False


@pytest.mark.row("H9")
def test_a_meta_element_may_say_when_a_page_ends():
    body = b'<meta name=robots content="unavailable_after: 25 Jun 2010 15:00:00 GMT, nofollow"><a href=/x>x</a>'
    page_, found = extract("http://a.test/", [DATE, ("Content-Type", "text/html")], body)

    assert (page_.noindex, page_.nofollow, found.nofollow) == (True, True, [True])
