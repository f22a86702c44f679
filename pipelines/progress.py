"""A live line while the crawl runs, a summary when it ends, and `run.json` for those who come later."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import AsyncioLoopingCall

from linkgraph.frontier.scheduler import FrontierScheduler

_LIVE_SECONDS = 0.5
_PLAIN_SECONDS = 10.0


class Progress:
    """Shows pages, pages a second, links, queue and errors on stderr; writes the run's record."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._console = Console(stderr=True, highlight=False)
        self._shown = crawler.settings.getbool("LINKGRAPH_PROGRESS")
        self._live = self._console.is_terminal and self._shown
        self._began = time.monotonic()
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Progress:
        """Build and listen; only crawls over our frontier have progress to tell."""
        if not issubclass(_scheduler_class(crawler), FrontierScheduler):
            raise NotConfigured
        progress = cls(crawler)
        crawler.signals.connect(progress.opened, signal=signals.spider_opened)
        crawler.signals.connect(progress.closed, signal=signals.spider_closed)
        return progress

    def opened(self) -> None:
        """Say what is resumed and what is wrong; begin to show progress."""
        spider: Any = self._crawler.spider
        self._run = spider.session.run
        for note in [*spider.seeds.problems, *spider.started.notes]:
            self._say(f"linkgraph: {note}")
        if spider.started.finished:
            self._say(
                f"linkgraph: run {self._run.name!r} is finished; nothing to fetch. "
                "To visit its pages again: revisit=latest; to crawl from nothing, another name: -s LINKGRAPH_RUN=NAME"
            )
            return
        if spider.started.resumed:
            self._say(f"linkgraph: resuming run {self._run.name!r}")
        self._record("running", None)
        if self._shown:
            self._loop = AsyncioLoopingCall(self.show)
            self._loop.start(_LIVE_SECONDS if self._live else _PLAIN_SECONDS, now=False)

    def show(self) -> None:
        """Show one line."""
        line = self._line()
        if self._live:
            self._console.file.write(f"\r\x1b[2K{line}")
            self._console.file.flush()
        else:
            self._say(line)

    def _stat(self, name: str) -> Any:
        return self._crawler.stats.get_value(f"linkgraph/{name}", 0) if self._crawler.stats else 0

    def _line(self) -> str:
        engine = self._crawler.engine
        scheduler: Any = engine.scheduler if engine else None
        queue = scheduler.session.ledger.pending if scheduler else 0
        pages, seconds = self._stat("pages"), max(time.monotonic() - self._began, 1e-9)
        return (
            f"{pages:,} pages  {pages / seconds:,.1f} pages/s  {self._stat('links'):,} links  "
            f"{queue:,} queued  {self._stat('outcome/failed'):,} errors"
        )

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)

    def closed(self, reason: str) -> None:
        """Print the summary and write `run.json`."""
        spider: Any = self._crawler.spider
        if hasattr(self, "_loop"):
            self._loop.stop()
        if self._live:
            self._console.file.write("\r\x1b[2K")
        if spider.started.finished:
            return
        self._record("finished" if reason == "finished" else "stopped", reason)
        if self._shown:
            self._console.print(self._summary(reason))
        if reason != "finished":
            self._say(f"linkgraph: stopped ({reason}); the same command resumes run {self._run.name!r}")

    def _summary(self, reason: str) -> Table:
        table = Table(title=f"run {self._run.name} ({reason})", title_justify="left", show_header=False)
        table.add_column(justify="left")
        table.add_column(justify="right")
        seconds = time.monotonic() - self._began
        pages = self._stat("pages")
        table.add_row("pages", f"{pages:,}")
        table.add_row("links", f"{self._stat('links'):,}")
        for name, value in sorted(self._outcomes().items()):
            table.add_row(f"  {name}", f"{value:,}")
        table.add_row("seconds", f"{seconds:,.1f}")
        table.add_row("pages a second", f"{pages / max(seconds, 1e-9):,.1f}")
        table.add_row("data", str(self._run.root))
        return table

    def _outcomes(self) -> dict[str, int]:
        stats = self._crawler.stats.get_stats() if self._crawler.stats else {}
        prefix = "linkgraph/outcome/"
        return {name.removeprefix(prefix): value for name, value in stats.items() if name.startswith(prefix)}

    def _record(self, status: str, reason: str | None) -> None:
        spider: Any = self._crawler.spider
        record = {
            "run": self._run.name,
            "status": status,
            "reason": reason,
            "process": os.getpid(),
            "started_at": self._started_at,
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._began, 3),
            "pages": self._stat("pages"),
            "links": self._stat("links"),
            "outcomes": self._outcomes(),
            "seeds": [seed.url for seed in spider.seeds.urls],
            "scope": spider.session.scope.options(),
        }
        _replace(self._run.folder / "run.json", json.dumps(record, indent=1))


def _replace(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        # The record is a courtesy; the log is the truth. A full disk has been told of already.
        sys.stderr.write(f"linkgraph: {path} was not written ({error.strerror})\n")


def _scheduler_class(crawler: Crawler) -> type:
    from scrapy.utils.misc import load_object

    found: type = load_object(crawler.settings["SCHEDULER"])
    return found
