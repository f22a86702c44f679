"""One `ADDONS` line makes any Scrapy project keep every link of every HTML response that its spiders get.

    ADDONS = {"linkgraph.addon.LinkgraphAddon": 500}

Adds a spider middleware that only looks, and Parquet to the formats of `FEEDS` (Scrapy reads `-O` before add-ons: for
that, put the exporter into FEED_EXPORTERS). Leaves the project's scheduler, fetching, items and pipelines alone.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.settings import BaseSettings

from linkgraph.extract import prepare
from linkgraph.extract.answer import bare_page, observe
from linkgraph.model import Links, Observation, Page
from linkgraph.urls import resolve

logger = logging.getLogger(__name__)

_HOME = "linkgraph." if find_spec("linkgraph.spiders") else ""
_DEFAULTS = {"LINKGRAPH_DATA": "data", "LINKGRAPH_RUN": "", "LINKGRAPH_COMMIT_LINKS": 200_000}
_FIRST = 40
"""Before Scrapy's own spider middlewares: HttpErrorMiddleware, at 50, hides what answered with an error."""


class LinkgraphAddon:
    """The add-on; see the module."""

    def update_settings(self, settings: BaseSettings) -> None:
        """Enter our components into the project's settings, below what the project itself says."""
        settings["SPIDER_MIDDLEWARES"].setdefault("linkgraph.addon.ObserveMiddleware", _FIRST)
        settings["FEED_EXPORTERS"].setdefault("parquet", f"{_HOME}pipelines.parquet.ParquetItemExporter")
        for name, value in _DEFAULTS.items():
            if name not in settings:
                settings.set(name, value, "addon")


class ObserveMiddleware:
    """Hands an observation of each response straight to the commit; the project's items never meet it."""

    def __init__(self, crawler: Crawler) -> None:
        self._resources = crawler.settings.getbool("LINKGRAPH_RESOURCES")
        self._edges = import_module(f"{_HOME}pipelines.edges").EdgesPipeline(crawler)
        self._edges.open_run()
        prepare()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ObserveMiddleware:
        """Open a run.

        Raises:
            StateError: the data folder cannot be written.
        """
        middleware = cls(crawler)
        crawler.signals.connect(middleware.spider_closed, signal=signals.spider_closed)
        return middleware

    def process_spider_input(self, response: Response) -> None:
        """Record *response*, whatever its callback will make of it."""
        url = resolve(response.url)
        if url is not None:
            page, links = self._observe(url.url, response)
            page = replace(page, fetched_at=datetime.now(UTC), ip=_text(response.ip_address))
            self._edges.process_item(Observation(page, links))

    def _observe(self, url: str, response: Response) -> tuple[Page, Links]:
        headers = [
            (name.decode("latin-1"), value.decode("utf-8", "replace"))
            for name, values in response.headers.items()
            for value in values
        ]
        try:
            return observe(url, response.status, headers, response.body, resources=self._resources)
        except Exception:
            logger.exception("No links were taken from %s", url)
            return replace(bare_page(url), outcome="failed", outcome_reason="extract:error"), Links()

    async def spider_closed(self) -> None:
        """Commit what is left."""
        await self._edges.close_spider()


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
