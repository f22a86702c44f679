"""Claimed and known backlinks, asked for page by page over a little web of their own."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import pyarrow.parquet as pq
import pytest
from crawling import DRIVER, environment, run
from web import Answer, Web, links, moved, page, robots

import linkgraph
from linkgraph.edges.claims import Claim, read_claims
from linkgraph.edges.dataset import snapshot
from linkgraph.edges.lineage import to_work_on
from linkgraph.edges.run import Run, runs
from linkgraph.edges.targets import to_check
from linkgraph.edges.verified import VERDICTS, pages_of, verified
from linkgraph.errors import UsageError
from linkgraph.insights.history import history
from linkgraph.urls import split

SHOP = "http://shop.test/"

PAGES = {
    ("blog.test", "/robots.txt"): robots("User-agent: *\nDisallow: /closed\n"),
    ("blog.test", "/live"): page(f'<a href="{SHOP}">shop</a>' + links("/never-followed")),
    ("blog.test", "/words"): page(f'<a href="{SHOP}">other words</a>'),
    ("blog.test", "/nofollowed"): page(f'<a href="{SHOP}" rel="nofollow">shop</a>'),
    ("blog.test", "/without"): page(links("http://else.test/")),
    ("blog.test", "/went"): moved("/live", 301),
    ("blog.test", "/went-away"): moved("/without", 301),
    ("blog.test", "/closed"): page(f'<a href="{SHOP}">shop</a>'),
    ("blog.test", "/busy"): Answer(503),
    ("blog.test", "/gone"): Answer(410),
}
FILE = """page,target,anchor,rel
http://blog.test/live,http://shop.test/,shop,
not a link at all,http://shop.test/
http://blog.test/words,http://shop.test/,shop
http://blog.test/nofollowed,shop.test,shop,""

# what others say
http://blog.test/without,shop.test
http://blog.test/went,shop.test
http://blog.test/went-away,shop.test
http://blog.test/closed,shop.test
http://blog.test/busy,shop.test
http://blog.test/gone,shop.test
http://nobody.test/,shop.test
mailto:me@blog.test,shop.test
http://blog.test/live,http://
"""
WANTED = {
    "/live": ("live", None, None, None),
    "/words": ("changed", None, "shop", "other words"),
    "/nofollowed": ("changed", None, "", "nofollow"),
    "/without": ("removed", "lost:removed", None, None),
    "/went": ("changed", None, "http://blog.test/went", "http://blog.test/live"),
    "/went-away": ("removed", "lost:redirected", None, None),
    "/closed": ("blocked", "robots:disallowed", None, None),
    "/busy": ("unreachable", "http:status", None, None),
    "/gone": ("removed", "lost:page-gone", None, None),
    "/": ("unreachable", "dns:failed", None, None),
}


def command(web, data, *arguments, verb="verify", **settings):
    """Return the line and the environment of a verb of the command line."""
    hosts = web.resolve_hosts("blog.test", "shop.test", "parked.test", "soft.test")
    fixed = {"LINKGRAPH_RESOLVE": hosts, "LINKGRAPH_CONTACT": "me@x.test", "RETRY_TIMES": 0, "LINKGRAPH_HOST_DELAY": 0}
    settings = {**fixed, "LOG_LEVEL": "ERROR", "ASYNCIO_EVENT_LOOP": "asyncio.SelectorEventLoop", **settings}
    sets = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    line = [sys.executable, "-c", DRIVER, "linkgraph", verb, *arguments, "--data", str(data), *sets]
    return line, environment()


def ask(web, data, *arguments, **settings):
    """Run a verb of the command line as a process of its own."""
    line, env = command(web, data, *arguments, **settings)
    return run(line, data, env=env)


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify")
    (folder / "claims.csv").write_text(FILE, "utf-8")
    with Web(PAGES) as web:
        done = ask(web, folder / "data", str(folder / "claims.csv"), "--format", "json")
        return done, json.loads(done.out), web.paths("blog.test")


def test_each_claim_is_live_changed_removed_unreachable_or_blocked(checked):
    _, rows, _ = checked
    found = {row["src_url"].removeprefix("http://blog.test").replace("http://nobody.test", ""): row for row in rows}

    assert {
        path: tuple(row[name] for name in ("verdict", "reason", "before", "after")) for path, row in found.items()
    } == WANTED
    assert {row["verdict"] for row in rows} == set(VERDICTS) - {"pending"}


def test_claims_that_are_no_links_are_named_by_line_and_the_exit_code_says_so(checked):
    done, *_ = checked

    assert done.code == 1
    assert "claims.csv:3: 'not a link at all'" in done.err
    assert "claims.csv:15: 'mailto:me@blog.test'" in done.err
    assert "claims.csv:16: 'http://' is no domain" in done.err


def test_what_an_interrupted_run_did_not_come_to_is_pending(checked):
    (place,) = checked[0].data.glob("runs/verify-*")
    claim = Claim(split("http://blog.test/never"), "dst_domain", "shop.test")

    assert verified(Run(checked[0].data, place.name), [claim])["verdict"].to_pylist() == ["pending"]


def test_each_page_is_asked_for_once_and_no_link_of_it_is_followed(checked):
    _, _, paths = checked

    assert sorted(paths) == sorted(
        ["/robots.txt", "/live", "/words", "/nofollowed", "/without", "/went", "/went-away", "/busy", "/gone"]
    )


def test_known_backlinks_are_checked_again_and_a_history_tells_what_became_of_them(tmp_path):
    data = tmp_path / "data"
    pages = {
        ("blog.test", "/"): page(links("/one", "/two", "/other")),
        ("blog.test", "/one"): page(f'<a href="{SHOP}">shop</a>'),
        ("blog.test", "/two"): page(f'<a href="{SHOP}">shop</a>'),
        ("blog.test", "/other"): page(links("http://else.test/")),
    }
    with Web(pages) as web:
        done = ask(web, data, "blog.test", verb="crawl")
        assert done.code == 0, done.err
        web.pages["blog.test", "/two"] = page("no more")
        web.log.clear()
        done = ask(web, data, "--target", "shop.test", "--format", "csv")
        assert done.code == 0, done.err
        assert sorted(web.paths("blog.test")) == ["/one", "/robots.txt", "/two"]
    rows = {row["src_url"]: row["verdict"] for row in csv.DictReader(io.StringIO(done.out))}
    assert rows == {"http://blog.test/one": "live", "http://blog.test/two": "removed"}
    (saved,) = data.glob("runs/verify-*/verified.parquet")
    assert pq.read_table(saved)["verdict"].to_pylist() == ["live", "removed"]
    assert to_work_on(data, saved.parent.name) == f"{saved.parent.name}.2", "the next one checks anew"
    linkgraph.build(data)
    opened = linkgraph.open(data)
    assert [row["event"] for row in history(opened, "shop.test").to_pylist()] == ["found", "found", "lost"]
    assert history(opened, "else.test")["event"].to_pylist() == ["found"], "a check of other pages misses none of these"


def test_a_file_may_have_tabs_and_the_names_of_an_export(tmp_path):
    file = tmp_path / "export.tsv"
    file.write_text(
        "\ufeffAnchor text\tReferring page URL\tTarget URL\nwords\thttp://a.test/p,q\thttp://b.test/\n", "utf-8"
    )

    (claim,) = read_claims(file).claims
    assert (claim.page.url, claim.target, claim.anchor, claim.rel) == (
        "http://a.test/p,q",
        "http://b.test/",
        "words",
        None,
    )


@pytest.mark.parametrize("text", ["", "page,target\n", "no\n", "http://a.test/\n"])
def test_a_file_without_a_usable_link_is_refused_in_words(tmp_path, text):
    file = tmp_path / "claims.csv"
    file.write_text(text, "utf-8")

    with pytest.raises(UsageError, match="holds no usable link"):
        read_claims(file)


def test_targets_are_asked_for_once_and_the_broken_ones_are_listed_with_their_pages(tmp_path):
    data = tmp_path / "data"
    shell = page("<p>Our shop has everything that you want, look around for yourself.</p>", title="Soft")
    pages = {
        ("blog.test", "/robots.txt"): robots("User-agent: *\nDisallow:\n"),
        ("blog.test", "/"): page(
            links(
                "http://shop.test/", "http://shop.test/old", "http://shop.test/moved", "http://shop.test/busy",
                "http://soft.test/", "http://soft.test/lost", "http://parked.test/", "http://nobody.test/x",
                "http://shop.test/list.pdf", "/two",
            )
        ),
        ("blog.test", "/two"): page(links("http://shop.test/old")),
        ("shop.test", "/"): page("A shop" + links("/inside")),
        ("shop.test", "/moved"): moved("/", 301),
        ("shop.test", "/busy"): Answer(500),
        ("parked.test", "/"): page("Enquire now", title="parked.test: this domain is for sale"),
    }  # fmt: skip

    class Soft(Web):
        def answer(self, host, path):
            return shell if host == "soft.test" and path != "/robots.txt" else super().answer(host, path)

    with Soft(pages) as web:
        assert ask(web, data, "blog.test", verb="crawl").code == 0
        web.log.clear()
        done = ask(web, data, "--every", "--format", "json", verb="targets")
        assert done.code == 0, done.err
        asked = [path for path in web.paths("shop.test") if len(path) < 20]
        assert sorted(asked) == ["/", "/busy", "/moved", "/old", "/robots.txt"]
        assert web.paths("blog.test") == []
        rows = {row["dst_url"]: row for row in json.loads(done.out)}
    assert [target.url for target in to_check(snapshot(data))] == ["http://nobody.test/x", "http://shop.test/busy"]
    assert {url: row["state"] for url, row in rows.items()} == {
        "http://shop.test/": "live",
        "http://shop.test/old": "gone",
        "http://shop.test/moved": "redirected",
        "http://shop.test/busy": "error",
        "http://soft.test/": "live",
        "http://soft.test/lost": "soft-404",
        "http://parked.test/": "parked",
        "http://nobody.test/x": "unreachable",
    }
    old = rows["http://shop.test/old"]
    assert old["pages"] == ["http://blog.test/", "http://blog.test/two"]
    assert (old["dst_status"], old["referring_domains"], old["referring_pages"]) == (404, 1, 2)
    assert rows["http://shop.test/moved"]["final_url"] == "http://shop.test/"
    linkgraph.build(data)
    statuses = {row["dst_url"]: row["dst_status"] for row in linkgraph.open(data).backlinks("shop.test").to_pylist()}
    assert statuses["http://shop.test/old"] == 404


def kill_when(process, reached):
    """SIGKILL *process* and all below it as soon as *reached* says so."""
    deadline = time.monotonic() + 100
    while not reached():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


@pytest.mark.parametrize("verb", ["verify", "targets"])
def test_a_killed_check_goes_on_where_it_was_and_asks_for_nothing_twice_that_was_committed(tmp_path, verb):
    """What lies between the last commit and the kill is asked for again, and nothing else."""
    data, count = tmp_path / "data", 60
    paths = [f"/{number}" for number in range(count)]
    pages = {("blog.test", path): page(f'<a href="{SHOP}">shop</a>') for path in paths}
    pages["blog.test", "/"] = page(links(*paths))
    pages |= {("shop.test", path): page("a shop") for path in paths}
    pages["parked.test", "/"] = page(links(*(f"http://shop.test{path}" for path in paths)))
    host, arguments = ("blog.test", ["--target", "shop.test"]) if verb == "verify" else ("shop.test", [])
    settings = {"LINKGRAPH_COMMIT_PAGES": 5, "LINKGRAPH_HOST_DELAY": 0.05}
    with Web(pages) as web:
        assert ask(web, data, "blog.test" if verb == "verify" else "parked.test", verb="crawl").code == 0
        web.log.clear()
        line, env = command(web, data, *arguments, "--format", "json", verb=verb, **settings)
        with tempfile.NamedTemporaryFile() as told:
            process = subprocess.Popen(line, env=env | {"TEST_PEAK": told.name}, start_new_session=True)
            kill_when(process, lambda: len(committed(data, verb)) >= 20)
        before, done_before = web.paths(host), committed(data, verb)
        done = ask(web, data, *arguments, *(["--every"] if verb == "targets" else []), "--format", "json", verb=verb)
        assert done.code == 0, done.err
    again = [path for path in web.paths(host)[len(before) :] if path != "/robots.txt"]
    assert not {f"http://{host}{path}" for path in again} & done_before
    rows = json.loads(done.out)
    wanted = {f"http://{host}{path}" for path in paths}
    assert wanted <= {row["src_url" if verb == "verify" else "dst_url"] for row in rows}
    assert {row["verdict" if verb == "verify" else "state"] for row in rows} == {"live"}
    assert len(list(data.glob(f"runs/{verb}-*"))) == 1, "the same run went on"


def committed(data, verb):
    """The pages that runs of *verb* have committed."""
    return {url for run in runs(data) if run.name.startswith(verb) for url in pages_of(run, ["url"])}
