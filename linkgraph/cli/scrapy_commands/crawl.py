"""`scrapy crawl` as Scrapy has it, with exit codes that tell what happened."""

from __future__ import annotations

import argparse

from scrapy.commands.crawl import Command as ScrapyCrawl
from scrapy.exceptions import UsageError

from linkgraph.cli.running import exit_code, quiet_failures


class Command(ScrapyCrawl):
    """Runs a spider of the project. Exit codes: see `linkgraph.cli.running.exit_code`."""

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider named by *args*."""
        if len(args) != 1:
            raise UsageError("name one spider, e.g. scrapy crawl site -a seeds=example.org")
        assert self.crawler_process is not None  # noqa: S101 - Scrapy sets it for commands that need a project
        crawler = self._create_crawler(args[0])
        failures = quiet_failures(self.crawler_process.crawl(crawler, **opts.spargs))
        self.crawler_process.start()
        self.exitcode = exit_code(crawler, failures)
