"""Observations → the commit. In a crawl of ours the frontier's scheduler commits; in any other project this does."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Response

from linkgraph.edges.run import Run
from linkgraph.edges.session import PlainSession
from linkgraph.extract.answer import bare_page, links_to
from linkgraph.fetch.middleware import RULES_READ
from linkgraph.fetch.robots import Rules
from linkgraph.frontier.scheduler import FrontierScheduler
from linkgraph.model import Links, Observation
from linkgraph.urls import resolve


class EdgesPipeline:
    """Writes every observation to `LINKGRAPH_DATA`; other items pass through."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._plain: PlainSession | None = None
        self._links_limit = crawler.settings.getint("LINKGRAPH_COMMIT_LINKS")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> EdgesPipeline:
        """Build from a crawler and listen for sitemaps and for callbacks that raised."""
        pipeline = cls(crawler)
        crawler.signals.connect(pipeline.rules_read, signal=RULES_READ)
        crawler.signals.connect(pipeline.spider_error, signal=signals.spider_error)
        return pipeline

    def open_spider(self) -> None:
        """In a project with another scheduler, open a run of our own."""
        if self._scheduler is None:
            self.open_run()

    def open_run(self) -> None:
        """Open a run that has no frontier; from now on observations are written to it.

        Raises:
            StateError: the data folder cannot be written.
        """
        settings = self._crawler.settings
        spider = getattr(self._crawler.spider, "name", "crawl")
        slug = re.sub(r"[^A-Za-z0-9]+", "-", spider).strip("-") or "crawl"
        name = settings.get("LINKGRAPH_RUN") or f"{slug[:40]}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        self._plain = PlainSession(Run(Path(settings.get("LINKGRAPH_DATA") or "data"), name))
        self._plain.start()

    @property
    def _scheduler(self) -> FrontierScheduler | None:
        engine = self._crawler.engine
        scheduler = None if engine is None else engine.scheduler
        return scheduler if isinstance(scheduler, FrontierScheduler) else None

    def process_item(self, item: Any) -> Any:
        """Record an observation; hand every other item on."""
        if isinstance(item, Observation):
            self._record(item)
        return item

    def _record(self, item: Observation) -> None:
        if self._plain is not None:
            self._plain.record(item.page, item.links)
            if len(self._plain.segment.links) >= self._links_limit:
                self._plain.commit()
            self._count(item)
        elif (scheduler := self._scheduler) is None:
            return
        elif item.taken is None:
            scheduler.record(item.page, item.links)
            self._count(item)
        elif scheduler.acknowledge(item.taken, item.page, item.links, item.retry_after):
            self._count(item)
        else:
            self._inc("retries")

    def _count(self, item: Observation) -> None:
        self._inc("pages")
        self._inc("links", len(item.links))
        self._inc(f"outcome/{item.page.outcome}")
        if item.page.outcome_reason:
            self._inc(f"reason/{item.page.outcome_reason}")
        if item.page.truncated:
            self._inc("truncated")

    def _inc(self, name: str, by: int = 1) -> None:
        if self._crawler.stats is not None:
            self._crawler.stats.inc_value(f"linkgraph/{name}", by)

    def rules_read(self, url: str, rules: Rules) -> None:
        """Record the sitemaps that a robots.txt names, once a run, as links of that robots.txt."""
        scheduler = self._scheduler
        targets = [target for target in (resolve(found, url) for found in rules.sitemaps) if target]
        if scheduler is None or not targets:
            return
        page = replace(bare_page(url), fetched_at=datetime.now(UTC), status=200, content_type="text/plain")
        scheduler.record_unasked(page, links_to(page, targets, "sitemap", "sitemap"))

    def spider_error(self, response: Response | None) -> None:
        """Record a page whose callback raised, so that nothing waits for it for ever."""
        taken = None if response is None else response.meta.get("linkgraph")
        if taken is not None and response is not None:
            page = replace(
                bare_page(response.url),
                fetched_at=datetime.now(UTC),
                status=response.status,
                outcome="failed",
                outcome_reason="extract:error",
            )
            self._record(Observation(page, Links(), taken))

    async def close_spider(self) -> None:
        """Commit what is left."""
        if self._plain is not None:
            await asyncio.to_thread(self._plain.close)
        elif self._scheduler is not None:
            await self._scheduler.drain()
