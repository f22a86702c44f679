"""Depth, scope, budgets and pace, each in a crawl with one limit."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import pytest
from crawling import Crawled, crawl
from web import Web, links, page, robots


def fetched(crawled: Crawled) -> set[str]:
    return {row["url"] for row in crawled.pages}


def pages_in_parallel(jobs: dict[str, Future]) -> dict[str, Crawled]:
    return {name: job.result() for name, job in jobs.items()}


def chain(host: str, length: int) -> dict:
    """A host whose every page links to the next, and to the home page of two others."""
    others = ("http://x.test/0", "http://y.test/0")
    return {(host, f"/{one}"): page(links(f"/{one + 1}", *others)) for one in range(length)}


LIMITED = {
    **{key: answer for host in ("x.test", "y.test", "z.test", "www.x.test") for key, answer in chain(host, 9).items()},
    ("delay.test", "/robots.txt"): robots("User-agent: *\nCrawl-delay: 0.8\nDisallow: /no"),
    ("delay.test", "/"): page(links("/1", "/2", "/no1", "/no2", "/no3", "/no4", "/no5", "/no6")),
    ("delay.test", "/1"): page("x"),
    ("delay.test", "/2"): page("x"),
}


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """Crawls with one limit each, two at a time: the web, and each crawl by name."""
    folder = tmp_path_factory.mktemp("limited")
    with Web(LIMITED) as served, ThreadPoolExecutor(2) as pool:

        def start(name: str, *arguments: str, **options: object) -> Future:
            def job() -> Crawled:
                return crawl(*arguments, data=folder / name, LINKGRAPH_RESOLVE=served.resolve, **options)

            return pool.submit(job)

        yield (
            served,
            pages_in_parallel(
                {
                    "depth": start("depth", "http://x.test/0", "--follow", "all", "--depth", "2"),
                    "run": start("run", "http://x.test/0", "--follow", "all", "--max-pages", "5"),
                    "domain": start("domain", "http://x.test/0", "--follow", "all", "--max-pages-per-domain", "3"),
                    "delay": start(
                        "delay", "http://delay.test/,http://z.test/0", "--depth", "2", LINKGRAPH_HOST_DELAY=0.4
                    ),
                }
            ),
        )


def test_depth_limits_the_hops_from_a_seed(limited):
    crawled = limited[1]["depth"]

    assert fetched(crawled) == {f"http://{host}.test/{one}" for host in "xy" for one in range(3)} - {"http://y.test/2"}
    assert "http://x.test/3" in crawled.targets("http://x.test/2")


def test_the_page_budget_of_a_run_is_exact(limited):
    assert len(limited[1]["run"].pages) == 5
    assert limited[1]["run"].problems == []


def test_the_page_budget_of_a_domain_is_exact(limited):
    counts = Counter(row["domain"] for row in limited[1]["domain"].pages)

    assert counts == {"x.test": 3, "y.test": 3}


def test_every_limited_crawl_finishes_well(limited):
    assert {name: (crawled.code, crawled.problems) for name, crawled in limited[1].items()} == {
        name: (0, []) for name in limited[1]
    }


def gaps(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


def test_the_host_delay_is_kept_between_all_requests_to_a_host(limited):
    moments = limited[0].times("z.test")

    assert len(moments) == 4
    # The server stamps a request when a thread of it wakes: a fifth of the delay is left for that.
    assert min(gaps(moments)) >= 0.4 * 0.8


def test_a_crawl_delay_is_kept_and_what_is_refused_costs_none(limited):
    served, crawled = limited[0], limited[1]["delay"]

    assert served.paths("delay.test") == ["/robots.txt", "/", "/1", "/2"]
    assert min(gaps(served.times("delay.test"))) >= 0.8 * 0.8
    assert Counter(row["outcome"] for row in crawled.pages if row["host"] == "delay.test") == {
        "fetched": 3,
        "refused-by-robots": 6,
    }
    assert served.times("delay.test")[-1] - served.times("delay.test")[0] < 0.8 * 6
