"""`-O links.parquet`: observations and other items as one Parquet file."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from crawling import DRIVER, ROOT, environment, run
from web import Web, links, page

from linkgraph.edges.schema import EDGES
from linkgraph.errors import UsageError
from linkgraph.extract.answer import bare_page, links_to
from linkgraph.model import Observation
from linkgraph.urls import resolve
from pipelines import parquet
from pipelines.parquet import ParquetItemExporter


def export(*items: object, **options: object):
    """Return the table that a feed of *items* makes."""
    file = io.BytesIO()
    exporter = ParquetItemExporter(file, **options)
    exporter.start_exporting()
    for item in items:
        exporter.export_item(item)
    exporter.finish_exporting()
    return pq.read_table(io.BytesIO(file.getvalue()))


def observation(path: str, number: int) -> Observation:
    made = replace(bare_page(f"http://a.test/{path}"), fetched_at=datetime.now(UTC))
    targets = [resolve(f"http://b.test/{one}") for one in range(number)]
    return Observation(made, links_to(made, targets, "a", "html"))


def test_observations_are_the_edges_table():
    table = export(observation("1", 2), observation("2", 0), observation("3", 1))

    assert table.column_names == EDGES.names
    assert table.column("src_url").to_pylist() == ["http://a.test/1", "http://a.test/1", "http://a.test/3"]


def test_an_empty_feed_is_an_empty_edges_table():
    table = export()

    assert (table.num_rows, table.column_names) == (0, EDGES.names)


def test_items_keep_the_fields_of_all_of_them():
    table = export({"a": 1}, {"b": "x"}, {"a": 3, "c": [1, 2]})

    assert table.to_pylist() == [
        {"a": 1, "b": None, "c": None},
        {"a": None, "b": "x", "c": None},
        {"a": 3, "b": None, "c": [1, 2]},
    ]


def test_items_of_any_kind_that_scrapy_knows_are_rows():
    @dataclass
    class Item:
        name: str
        size: int = 0

    assert export(Item("x"), Item("y", 2)).to_pylist() == [{"name": "x", "size": 0}, {"name": "y", "size": 2}]


def test_the_fields_that_a_feed_names_are_its_columns():
    table = export({"a": 1, "b": 2}, {"b": 3}, fields_to_export={"b": "renamed"})

    assert table.to_pylist() == [{"renamed": 2}, {"renamed": 3}]


def test_links_and_items_do_not_share_a_file():
    with pytest.raises(UsageError, match="give each its own feed"):
        export({"a": 1}, observation("1", 1))


def test_memory_is_given_back_by_row_groups(monkeypatch):
    monkeypatch.setattr(parquet, "_ROWS_IN_MEMORY", 3)

    assert export(*(observation(str(one), 2) for one in range(5))).num_rows == 10
    assert export(*({"a": one} for one in range(10))).column("a").to_pylist() == list(range(10))


def test_a_field_that_comes_after_the_columns_are_settled_is_told(monkeypatch, caplog):
    monkeypatch.setattr(parquet, "_ROWS_IN_MEMORY", 2)

    table = export({"a": 1}, {"a": 2}, {"a": 3, "late": 1})

    assert table.to_pylist() == [{"a": 1}, {"a": 2}, {"a": 3}]
    assert "late left out" in caplog.text


def test_scrapy_crawl_site_writes_the_feed_beside_the_data(tmp_path):
    with Web({("a.test", "/"): page(links("/1", "http://b.test/")), ("a.test", "/1"): page(links("/"))}) as web:
        line = [sys.executable, "-c", DRIVER, "scrapy", "crawl", "site", "-a", "seeds=a.test", "-a", "depth=1"]
        variables = {
            "LINKGRAPH_DATA": str(tmp_path / "data"),
            "LINKGRAPH_RESOLVE": web.resolve,
            "LINKGRAPH_HOST_DELAY": "0",
            "LINKGRAPH_RUN": "by-variable",
        }
        more = [
            "-O",
            str(tmp_path / "links.parquet"),
            "-s",
            "LOG_LEVEL=ERROR",
            "-s",
            "ASYNCIO_EVENT_LOOP=asyncio.SelectorEventLoop",
        ]
        crawled = run([*line, *more], tmp_path / "data", cwd=ROOT, env=environment(**variables))

    assert crawled.code == 0, crawled.err
    feed = pq.read_table(tmp_path / "links.parquet")
    assert sorted(feed.column("dst_url").to_pylist()) == sorted(row["dst_url"] for row in crawled.edges)
    assert feed.num_rows == 3
    assert [path.name for path in (tmp_path / "data" / "runs").iterdir()] == ["by-variable"]
