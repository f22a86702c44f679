"""A Scrapy crawl → an exit code: 0 done, 1 done but some seeds were junk, 2 usage, 3 state, 130 interrupted."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

from scrapy.crawler import Crawler
from twisted.internet.defer import Deferred

from linkgraph.errors import LinkgraphError

INTERRUPTED = 130
"""What shells use for a process that Ctrl-C ended."""


def quiet_failures(started: Any) -> list[BaseException]:
    """Collect what makes a crawl fail before it runs; our own errors lose their traceback, being told in words."""
    failures: list[BaseException] = []
    if isinstance(started, Deferred):

        def note(failure: Any) -> Any:
            failures.append(failure.value)
            return None if isinstance(failure.value, LinkgraphError) else failure

        started.addErrback(note)
    elif isinstance(started, asyncio.Task):
        started.add_done_callback(lambda task: failures.extend(filter(None, [task.exception()])))
    return failures


def exit_code(crawler: Crawler, failures: list[BaseException]) -> int:
    """Return the exit code of a crawl that has ended, and tell on stderr why it failed."""
    for failure in failures:
        if isinstance(failure, LinkgraphError):
            sys.stderr.write(f"linkgraph: {failure}\n")
            return failure.exit_code
    for failure in failures:  # a bug of ours, or of a library: asyncio has kept it to itself
        logging.getLogger(__name__).error("The crawl could not begin", exc_info=failure)
    if failures or crawler.spider is None:
        return 1
    error = getattr(crawler.spider, "error", None)  # the engine has let go of the scheduler by now
    if isinstance(error, LinkgraphError):
        sys.stderr.write(f"linkgraph: {error}\n")
        return error.exit_code
    reason = crawler.stats.get_value("finish_reason") if crawler.stats else None
    if reason == "shutdown":
        return INTERRUPTED
    seeds = getattr(crawler.spider, "seeds", None)
    return 1 if seeds is not None and seeds.problems else 0


def run_spider(settings: dict[str, object], arguments: dict[str, object], spider: str = "site") -> int:
    """Run a spider of ours in this process under our settings and return the exit code.

    A process can do this once: Twisted's reactor cannot be started again. `linkgraph.crawl` starts a process for it.
    """
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.settings import Settings

    merged = Settings()
    merged.setmodule("linkgraph.settings", priority="project")
    merged.set("LOG_LEVEL", "WARNING", priority="project")  # the progress line tells the rest
    merged.update(settings, priority="cmdline")
    process = AsyncCrawlerProcess(merged)
    crawler = process.create_crawler(spider)
    failures = quiet_failures(process.crawl(crawler, **arguments))
    process.start()
    return exit_code(crawler, failures)
