"""Scrapy spiders that linkgraph is compared with, each a process of its own: `python -m support.peer KIND JSON`.

`follow`: a CrawlSpider with one LinkExtractor pass a page, one item a page, a JSON-lines feed. `empty`: a list of
URLs, an empty callback. `trimmed`: the same without two known costs of Scrapy (see `TRIMMED`). `tuned`: the empty
spider under linkgraph's settings and download handler. Every name resolves to 127.0.0.1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, ClassVar

from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.http import Response
from scrapy.linkextractors import LinkExtractor
from scrapy.resolver import CachingHostnameResolver, HostResolution
from scrapy.settings import Settings
from scrapy.spiders import CrawlSpider, Rule
from twisted.internet.address import IPv4Address

BROAD_CRAWL = {
    "CONCURRENT_REQUESTS": 100,
    "REACTOR_THREADPOOL_MAXSIZE": 20,
    "LOG_LEVEL": "INFO",
    "COOKIES_ENABLED": False,
    "RETRY_ENABLED": False,
    "DOWNLOAD_TIMEOUT": 15,
    "REDIRECT_ENABLED": False,
}
"""What Scrapy's page on broad crawls (docs/topics/broad-crawls) says; its queue is the default since 2.19."""

TRIMMED = {
    "COMPRESSION_ENABLED": False,  # of a gzipped body the charset is guessed, at some milliseconds a page
    "CONCURRENT_ITEMS": 1,  # 100 starts as many tasks for each response
}


class Loopback(CachingHostnameResolver):
    """Resolves every name to 127.0.0.1 and each port to the one that `ports` names for it, or for all (`*`)."""

    ports: ClassVar[dict[str, int]] = {}

    def resolveHostName(self, resolutionReceiver, hostName, portNumber=0, *_args, **_kwargs):  # noqa: N802, N803 - Twisted's names
        resolutionReceiver.resolutionBegan(HostResolution(hostName))
        port = self.ports.get(str(portNumber)) or self.ports["*"]
        resolutionReceiver.addressResolved(IPv4Address("TCP", "127.0.0.1", port))
        resolutionReceiver.resolutionComplete()
        return resolutionReceiver


class Once(LinkExtractor):
    """Extracts each response's links once, though both the feed and the rule ask: the peer at its fastest."""

    def extract_links(self, response: Response) -> list[Any]:
        found = response.meta.get("links")
        if found is None:
            found = response.meta["links"] = super().extract_links(response)
        return found


class Follow(CrawlSpider):
    name = "follow"
    rules = (Rule(Once(), callback="page", follow=True, process_links="inside"),)

    def __init__(self, seeds: list[str], domains: list[str] | None = None) -> None:
        super().__init__()
        self.start_urls = seeds
        self._inside = None if domains is None else tuple(domains)

    def inside(self, links: list[Any]) -> list[Any]:
        """Keep the links that stay; cheaper than making requests for the offsite middleware to drop."""
        return links if self._inside is None else [link for link in links if _within(link.url, self._inside)]

    def page(self, response: Response) -> dict[str, Any]:
        links = Once().extract_links(response)
        return {"url": response.url, "links": [[link.url, link.text, link.nofollow] for link in links]}

    parse_start_url = page


def _within(url: str, domains: tuple[str, ...]) -> bool:
    host = url.split("/", 3)[2].partition(":")[0] if "://" in url else ""
    return host.endswith(domains) and any(host == domain or host.endswith("." + domain) for domain in domains)


class Empty(Spider):
    name = "empty"
    statuses: ClassVar[dict[str, int]] = {}
    handle_httpstatus_all = True

    def __init__(self, urls: str) -> None:
        super().__init__()
        self._urls = Path(urls).read_text(encoding="utf-8").splitlines()

    async def start(self) -> AsyncIterator[Request]:
        for url in self._urls:
            yield Request(url, dont_filter=True, meta={"verbatim_url": True, "handle_httpstatus_all": True})

    def parse(self, response: Response) -> Iterator[Any]:
        self.statuses[response.url] = response.status
        return iter(())


def settings_of(kind: str, options: dict[str, Any]) -> Settings:
    settings = Settings()
    if kind == "tuned":
        settings.setmodule("linkgraph.settings", priority="project")
        ours = {"SCHEDULER": "scrapy.core.scheduler.Scheduler", "ITEM_PIPELINES": {}, "EXTENSIONS": {}}
        settings.update({**ours, "SPIDER_MODULES": [], "LINKGRAPH_RESOLVE": options["resolve"]}, 40)
        settings.set("DOWNLOAD_VERIFY_CERTIFICATES", False)
    else:
        settings.update({**BROAD_CRAWL, "DNS_RESOLVER": Loopback, "TELNETCONSOLE_ENABLED": False}, 40)
        settings.set("REMOTE_CONTROL_ENABLED", False)
    settings.update(TRIMMED if kind == "trimmed" else {}, 40)
    settings.update(options.get("settings", {}), 40)
    return settings


def main(kind: str, options: dict[str, Any]) -> None:
    """Run one peer, and write its counts and seconds to `options["result"]`."""
    for pair in options["resolve"].split(","):
        left, right = pair.split("=")
        Loopback.ports[left.rpartition(":")[2]] = int(right.rpartition(":")[2])
    process = AsyncCrawlerProcess(settings_of(kind, options))
    crawler = process.create_crawler(Follow if kind == "follow" else Empty)
    process.crawl(crawler, **options["spider"])
    process.start()
    stats = crawler.stats.get_stats() if crawler.stats else {}
    result = {
        "seconds": stats["elapsed_time_seconds"],
        "responses": stats.get("response_received_count", 0),
        "ok": stats.get("downloader/response_status_count/200", 0),
        "reason": stats.get("finish_reason"),
        "statuses": Empty.statuses,
    }
    Path(options["result"]).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
