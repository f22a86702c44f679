"""`linkgraph crawl` with or without politeness: `python -m support.impolite VARIANT ARGUMENT...`.

`whole`: nothing is left out. `bare`: no robots.txt is asked for, no address or port is judged, no answer is learnt
from. For servers of one's own, to see what these cost; there is no such setting.
"""

from __future__ import annotations

import sys
from typing import Any

import typer

from linkgraph.cli.crawl import crawl
from linkgraph.fetch.guard import Guard
from linkgraph.fetch.middleware import PolitenessMiddleware
from linkgraph.fetch.resolve import GuardedResolver
from linkgraph.frontier.frontier import Frontier


async def let_through(_middleware: PolitenessMiddleware, request: Any) -> None:
    """Ask nobody; Scrapy gives the request by its name."""
    del request


def main(variant: str, arguments: list[str]) -> None:
    if variant == "bare":
        PolitenessMiddleware.process_request = let_through
        GuardedResolver.refuses = Guard.refuses = Guard.refuses_port = lambda *_: None
        Frontier.answered = lambda *_: None
    sys.argv = ["linkgraph crawl", *arguments]
    typer.run(crawl)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
