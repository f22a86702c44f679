"""Rows R1, R6, R7 and R8 in crawls: a robots.txt that fails for a while, moves, differs by scheme, or changes."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from crawling import crawl, environment
from web import Answer, Web, links, moved, page, robots

BUSY = (("Retry-After", "2"),)
PAGES = {
    ("flaky.test", "/robots.txt"): (
        Answer(503),
        Answer(429, (("Retry-After", "1"),)),
        robots("User-agent: *\nDisallow: /no"),
    ),
    ("flaky.test", "/"): page(links("/1", "/2", "/no")),
    ("flaky.test", "/1"): page("x"),
    ("flaky.test", "/2"): page("x"),
    ("cut.test", "/robots.txt"): (
        Answer(200, (), b"User-agent: *", cut=-1),
        Answer(500),
        robots("User-agent: *\nDisallow:"),
    ),
    ("cut.test", "/"): page("x"),
    ("down.test", "/robots.txt"): Answer(500),
    ("down.test", "/"): page(links("/never")),
    ("held.test", "/"): page(links("/1", "/2", "/3")),
    ("held.test", "/1"): (Answer(429, BUSY), page("x")),
    ("held.test", "/2"): page("x"),
    ("held.test", "/3"): page("x"),
    ("five.test", "/robots.txt"): moved("/r/1"),
    **{("five.test", f"/r/{at}"): moved(f"/r/{at + 1}") for at in range(1, 5)},
    ("five.test", "/r/5"): robots("User-agent: *\nDisallow: /no"),
    ("five.test", "/"): page(links("/no", "/yes")),
    ("five.test", "/yes"): page("x"),
    ("six.test", "/robots.txt"): moved("/r/1"),
    **{("six.test", f"/r/{at}"): moved(f"/r/{at + 1}") for at in range(1, 6)},
    ("six.test", "/r/6"): robots("User-agent: *\nDisallow: /no"),
    ("six.test", "/"): page(links("/no")),
    ("six.test", "/no"): page("x"),
    ("ring.test", "/robots.txt"): moved("http://ring2.test/robots.txt"),
    ("ring2.test", "/robots.txt"): moved("http://ring.test/robots.txt"),
    ("ring.test", "/"): page("x"),
    ("away.test", "/robots.txt"): moved("http://rules.test/robots.txt"),
    ("rules.test", "/robots.txt"): robots("User-agent: *\nDisallow: /no"),
    ("away.test", "/"): page(links("/no", "http://rules.test/no")),
    ("dot.test", "/"): page(links("http://dot.test./other")),
    ("dot.test.", "/other"): page("x"),
    ("dot.test", "/other"): page("x"),
    ("ports.test", "/robots.txt"): (
        robots("User-agent: *\nDisallow: /http"),
        robots("User-agent: *\nDisallow: /other"),
    ),
    ("ports.test", "/"): page(links("/http", "/other", "http://ports.test:8080/http", "http://ports.test:8080/other")),
    ("ports.test", "/http"): page("x"),
    ("ports.test", "/other"): page("x"),
}
HOSTS = ("flaky", "cut", "down", "held", "five", "six", "ring", "away", "dot")
CHANGING = {
    ("change.test", "/robots.txt"): (robots("User-agent: *\nDisallow:"), robots("User-agent: *\nDisallow: /late")),
    ("change.test", "/"): page(links("/1", "/2", "/3", "/late")),
    **{("change.test", f"/{at}"): page("x") for at in (1, 2, 3, "late")},
    ("single.test", "/robots.txt"): Answer(404, wait=0.3),
    ("single.test", "/"): page(links(*(f"/{at}" for at in range(20)))),
}
SHORT_DAY = "import linkgraph.fetch.robots as r\nr.MAX_AGE = 0.5"


@pytest.fixture(scope="module")
def crawls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("robots")
    with Web(PAGES) as web, Web(CHANGING) as changing, ThreadPoolExecutor(2) as pool:
        seeds = ",".join([f"http://{host}.test/" for host in HOSTS] + ["http://ports.test/"])
        where = f"{web.resolve},*:8080=127.0.0.1:{web.port}"
        main = pool.submit(
            crawl, seeds, "--follow", "all", data=folder / "main", LINKGRAPH_RESOLVE=where, LINKGRAPH_ALLOW_PORTS=8080
        )
        # A day of half a second: between the first page and the last one the rules grow old.
        other = pool.submit(
            crawl,
            "http://change.test/",
            data=folder / "change",
            env=environment(patch=SHORT_DAY),
            LINKGRAPH_RESOLVE=changing.resolve,
            LINKGRAPH_HOST_DELAY=0.4,
        )
        single = pool.submit(
            crawl,
            "http://single.test/",
            data=folder / "single",
            LINKGRAPH_RESOLVE=changing.resolve,
            CONCURRENT_REQUESTS_PER_DOMAIN=8,
        )
        yield web, changing, main.result(), other.result(), single.result()


@pytest.mark.row("R1")
def test_r1_a_robots_file_that_fails_for_a_while_refuses_nobody(crawls):
    web, _, crawled, *_ = crawls

    assert crawled.code == 0, crawled.err
    assert crawled.outcome("http://flaky.test/2") == ("fetched", None, 200)
    assert crawled.outcome("http://flaky.test/no") == ("refused-by-robots", "robots:disallowed", None)
    assert web.paths("flaky.test")[:3] == ["/robots.txt"] * 3
    assert crawled.outcome("http://cut.test/") == ("fetched", None, 200)
    assert crawled.problems == []


@pytest.mark.row("R1")
def test_r1_a_robots_file_that_fails_for_good_refuses_its_host(crawls):
    web, _, crawled, *_ = crawls

    assert crawled.outcome("http://down.test/") == ("refused-by-robots", "robots:unreachable", None)
    assert web.paths("down.test") == ["/robots.txt"] * 3
    times = web.times("down.test")
    assert times[1] - times[0] >= 0.9
    assert times[2] - times[1] >= 1.9


def test_a_retry_after_stops_the_whole_host(crawls):
    web, _, crawled, *_ = crawls
    asked = [one for one in web.log if one.host == "held.test"]
    busy = next(at for at, one in enumerate(asked) if one.path == "/1")

    assert asked[busy + 1].at - asked[busy].at >= 1.9
    assert {crawled.outcome(f"http://held.test/{at}")[0] for at in (1, 2, 3)} == {"fetched"}
    assert [one.path for one in asked].count("/1") == 2


@pytest.mark.row("R6")
def test_r6_five_redirects_of_a_robots_file_bind_and_a_sixth_is_none(crawls):
    web, _, crawled, *_ = crawls

    assert crawled.outcome("http://five.test/no")[1] == "robots:disallowed"
    assert crawled.outcome("http://five.test/yes")[0] == "fetched"
    assert "/r/6" not in web.paths("six.test")
    assert crawled.outcome("http://six.test/no")[0] == "fetched"
    assert crawled.outcome("http://ring.test/")[0] == "fetched"
    assert web.paths("ring.test").count("/robots.txt") <= 6


@pytest.mark.row("R6")
def test_r6_the_rules_bind_the_host_that_was_asked_first(crawls):
    crawled = crawls[2]

    assert crawled.outcome("http://away.test/no")[1] == "robots:disallowed"
    assert crawled.outcome("http://rules.test/no")[1] == "robots:disallowed"


@pytest.mark.row("R7")
def test_r7_another_port_has_rules_of_its_own(crawls):
    web, _, crawled, *_ = crawls

    assert web.paths("ports.test").count("/robots.txt") == 2
    assert crawled.outcome("http://ports.test/http")[1] == "robots:disallowed"
    assert crawled.outcome("http://ports.test/other")[0] == "fetched"
    assert crawled.outcome("http://ports.test:8080/http")[0] == "fetched"
    assert crawled.outcome("http://ports.test:8080/other")[1] == "robots:disallowed"


@pytest.mark.row("R8")
def test_r8_rules_that_change_in_the_middle_bind_what_waits_already(crawls):
    _, changing, _, crawled, _ = crawls

    assert crawled.outcome("http://change.test/late") == ("refused-by-robots", "robots:disallowed", None)
    assert changing.paths("change.test").count("/robots.txt") >= 2
    assert "/late" not in changing.paths("change.test")


@pytest.mark.row("R8")
def test_r8_many_requests_at_once_ask_once(crawls):
    _, changing, *_, crawled = crawls

    assert Counter(changing.paths("single.test"))["/robots.txt"] == 1
    assert len(crawled.pages) == 21
