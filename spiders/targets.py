"""`scrapy crawl targets`: the targets of links → each asked for once. Thin: `edges.targets` chooses."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from scrapy.crawler import Crawler

from linkgraph.edges.dataset import snapshot
from linkgraph.edges.targets import probes, to_check
from linkgraph.frontier.seeds import Seeds

from .plan import Plan, due_of, given_pages, given_run
from .site import SiteSpider


class TargetsSpider(SiteSpider):
    """Asks for what pages link to: of `-a source=DOMAIN`, to `-a target=DOMAIN`, or of all pages to all domains."""

    name = "targets"
    arguments: ClassVar[tuple[str, ...]] = ("source", "target", "due", "render")

    def plan(self, crawler: Crawler, arguments: dict[str, Any]) -> Plan:
        """Return the targets and a probe of each of their hosts as seeds, at depth 0.

        Raises:
            SeedsError: nothing is left to check.
            UsageError: an argument cannot be used.
        """
        source, target = arguments["source"], arguments["target"]
        root = Path(crawler.settings.get("LINKGRAPH_DATA") or "data")
        found = to_check(snapshot(root), source, target, again=due_of(arguments) == "all")
        run = given_run(crawler, "targets", f"{source or 'all'}-{target or 'all'}")
        return given_pages(crawler, Seeds((*found, *probes(found)), ()), run)
