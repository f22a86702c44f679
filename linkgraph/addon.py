"""One `ADDONS` line makes any Scrapy project keep every link of every HTML response that its spiders get.

    ADDONS = {"linkgraph.addon.LinkgraphAddon": 500}

Adds the pipeline, the Parquet feed and a spider middleware; leaves the project's own scheduler and fetching alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings

from linkgraph.extract.answer import observe
from linkgraph.model import Observation
from linkgraph.urls import resolve

_HOME = "linkgraph." if find_spec("linkgraph.spiders") else ""
_DEFAULTS = {"LINKGRAPH_DATA": "data", "LINKGRAPH_RUN": "", "LINKGRAPH_COMMIT_LINKS": 200_000}


class LinkgraphAddon:
    """The add-on; see the module."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Enter our components into the project's settings, below what the project itself says."""
        settings["ITEM_PIPELINES"].setdefault(f"{_HOME}pipelines.edges.EdgesPipeline", 100)
        settings["SPIDER_MIDDLEWARES"].setdefault("linkgraph.addon.ObserveMiddleware", 50)
        settings["FEED_EXPORTERS"].setdefault("parquet", f"{_HOME}pipelines.parquet.ParquetItemExporter")
        for name, value in _DEFAULTS.items():
            if name not in settings:
                settings.set(name, value, "addon")


class ObserveMiddleware:
    """Adds an observation to what a spider's callback yields for a response."""

    def __init__(self, crawler: Crawler) -> None:
        self._resources = crawler.settings.getbool("LINKGRAPH_RESOURCES")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ObserveMiddleware:
        """Build from a crawler's settings."""
        return cls(crawler)

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Yield what the callback yields, then the observation of *response*."""
        async for item in result:
            yield item
        url = resolve(response.url)
        if url is not None:
            headers = [(name, value) for name, value in response.headers.to_tuple_list()]
            page, links = observe(url.url, response.status, headers, response.body, resources=self._resources)
            yield Observation(replace(page, fetched_at=datetime.now(UTC), ip=_text(response.ip_address)), links)


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)
