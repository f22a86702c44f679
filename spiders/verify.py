"""`scrapy crawl verify`: backlinks → their pages, each asked for once. Thin: `edges.verified` judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from scrapy.crawler import Crawler

from linkgraph.edges.claims import Claims, known_claims, read_claims
from linkgraph.edges.dataset import snapshot
from linkgraph.edges.verified import save
from linkgraph.errors import UsageError
from linkgraph.frontier.seeds import Seeds

from .plan import Plan, given_pages, given_run
from .site import SiteSpider


class VerifySpider(SiteSpider):
    """Asks for the page of each backlink of `-a links=FILE`, or of every known one to `-a target=DOMAIN`."""

    name = "verify"
    arguments: ClassVar[tuple[str, ...]] = ("links", "target", "render")
    claims: Claims

    def plan(self, crawler: Crawler, arguments: dict[str, Any]) -> Plan:
        """Return the pages of the claims as seeds, at depth 0.

        Raises:
            UsageError: neither *links* nor *target*, or one that cannot be used.
        """
        links, target = arguments["links"], arguments["target"]
        if not links and not target:
            raise UsageError("nothing to verify: give -a links=FILE or -a target=example.org")
        root = Path(crawler.settings.get("LINKGRAPH_DATA") or "data")
        run = given_run(crawler, "verify", str(links or target))
        self.claims = read_claims(Path(links), target) if links else known_claims(snapshot(root), str(target), run.name)
        return given_pages(crawler, Seeds(self.claims.pages, self.claims.problems), run)

    def closed(self, reason: str) -> None:
        """Write what became of each claim, and count it."""
        super().closed(reason)
        for verdict, count in save(self.session.run, self.claims.claims).items():
            if self.crawler.stats is not None:
                self.crawler.stats.set_value(f"linkgraph/verify/{verdict}", count)
