"""One `ADDONS` line in somebody else's project: every link is kept, and nothing of theirs is touched."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from crawling import DRIVER, ROOT, Crawled, environment, run
from scrapy.settings import Settings
from web import Answer, Web, links, page

from linkgraph.addon import LinkgraphAddon

PAGES = {
    ("127.0.0.1", "/"): page(links("/1", "/raises", "/gone", "/data.json", "http://b.test/")),
    ("127.0.0.1", "/1"): page(links("http://c.test/")),
    ("127.0.0.1", "/raises"): page(links("http://d.test/")),
    ("127.0.0.1", "/data.json"): Answer(200, (("Content-Type", "application/json"),), b"{}"),
}

SETTINGS = """
BOT_NAME = "theirs"
SPIDER_MODULES = ["theirs.spiders"]
ADDONS = {"linkgraph.addon.LinkgraphAddon": 500}
ITEM_PIPELINES = {"theirs.pipelines.Strict": 50}
FEEDS = {"items.parquet": {"format": "parquet"}, "items.json": {"format": "json"}}
LINKGRAPH_DATA = "kept"
LOG_LEVEL = "ERROR"
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False
"""

PIPELINES = """
class Strict:
    def process_item(self, item):
        assert type(item) is dict, item
        return {**item, "seen": True}
"""

SPIDER = """
import scrapy

class Theirs(scrapy.Spider):
    name = "their spider!"
    start_urls = ["START"]

    def parse(self, response):
        if response.url.endswith("/raises"):
            raise ValueError("their own mistake")
        if not hasattr(response, "css"):
            return
        item = {"url": response.url}
        if response.url.endswith("/1"):
            item["extra"] = 1
        yield item
        yield from response.follow_all(css="a[href^='/']")
"""


def project(folder: Path, start: str) -> None:
    (folder / "theirs" / "spiders").mkdir(parents=True)
    (folder / "scrapy.cfg").write_text("[settings]\ndefault = theirs.settings\n")
    for name, text in {
        "__init__": "",
        "settings": SETTINGS,
        "pipelines": PIPELINES,
        "spiders/__init__": "",
        "spiders/one": SPIDER.replace("START", start),
    }.items():
        (folder / "theirs" / f"{name}.py").write_text(text)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory) -> Crawled:
    folder = tmp_path_factory.mktemp("theirs")
    with Web(PAGES) as web:
        project(folder, f"http://127.0.0.1:{web.port}/")
        line = [sys.executable, "-c", DRIVER, "scrapy", "crawl", "their spider!"]
        crawled = run(line, folder / "kept", cwd=folder, env=environment(PYTHONPATH=str(ROOT)))
    assert crawled.code == 0, crawled.err
    return crawled


def ending(crawled: Crawled, path: str) -> dict:
    return next(row for row in crawled.pages if row["url"].endswith(path))


def test_every_link_of_every_page_is_kept(theirs):
    found = {
        (row["src_url"].rpartition("/")[2], row["dst_url"].partition("127.0.0.1")[2] or row["dst_url"])
        for row in theirs.edges
    }

    assert {target for source, target in found if source == "raises"} == {"http://d.test/"}
    assert {target for source, target in found if source == "1" and "c.test" in target} == {"http://c.test/"}
    assert len(theirs.edges) == 7


def test_pages_of_every_outcome_are_kept(theirs):
    assert len(theirs.pages) == 5
    assert ending(theirs, "/gone")["outcome_reason"] == "http:status"
    assert ending(theirs, "/data.json")["outcome_reason"] == "content:type"
    assert ending(theirs, "/1")["ip"] == "127.0.0.1"


def test_the_folder_is_well_and_the_run_is_called_after_the_spider(theirs):
    assert theirs.problems == []
    names = [path.name for path in (theirs.data / "runs").iterdir()]
    assert [re.fullmatch(r"their-spider-\d{8}-\d{6}-\d{6}", name) is not None for name in names] == [True]


def test_their_feeds_and_pipelines_meet_their_items_only(theirs):
    items = json.loads((theirs.data.parent / "items.json").read_text())

    assert sorted(item["url"].rpartition("/")[2] for item in items) == ["", "1", "data.json"]
    assert {name for item in items for name in item} == {"extra", "seen", "url"}
    assert "AssertionError" not in theirs.err


def test_a_parquet_feed_of_their_items_has_all_their_fields(theirs):
    table = pq.read_table(theirs.data.parent / "items.parquet")

    assert set(table.column_names) == {"url", "seen", "extra"}
    assert sorted(table.column("extra").to_pylist(), key=str) == [1, None, None]


def test_their_own_mistakes_are_still_told(theirs):
    assert "their own mistake" in theirs.err


def test_what_the_project_itself_says_stays():
    settings = Settings(
        {
            "SPIDER_MIDDLEWARES": {"linkgraph.addon.ObserveMiddleware": None},
            "FEED_EXPORTERS": {"parquet": "theirs.Exporter"},
            "LINKGRAPH_DATA": "elsewhere",
        }
    )

    LinkgraphAddon().update_settings(settings)

    assert settings["SPIDER_MIDDLEWARES"]["linkgraph.addon.ObserveMiddleware"] is None
    assert settings["FEED_EXPORTERS"]["parquet"] == "theirs.Exporter"
    assert settings["LINKGRAPH_DATA"] == "elsewhere"
    assert settings["LINKGRAPH_COMMIT_LINKS"] == 200_000
    assert "linkgraph" not in str(dict(settings["ITEM_PIPELINES"]))
