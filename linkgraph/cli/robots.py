"""`linkgraph robots`: what a robots.txt allows one crawler, and by which line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from linkgraph.errors import UsageError

_SHOWN = ("url", "allowed", "line", "rule")


def robots(
    source: Annotated[
        str, typer.Argument(metavar="FILE|URL", help="A robots.txt: a file, - for standard input, a URL")
    ],
    urls: Annotated[list[str], typer.Argument(metavar="URL…", help="What is asked about; paths will do")],
    agent: Annotated[str, typer.Option(help="Name of the crawler; its product token counts")] = "linkgraph",
    form: Annotated[str, typer.Option("--format", help="table or json")] = "table",
) -> None:
    """Say of each URL whether a robots.txt allows it, and by which line of the file (RFC 9309).

    An address is fetched under the rules of a crawl: address guard and LINKGRAPH_CONTACT apply; of a site's address its
    /robots.txt is read. No line means that none matches, which allows. Exit code: 0 all are allowed, 1 some are not,
    2 the source cannot be read. Examples:

      linkgraph robots robots.txt --agent examplebot https://example.org/private/page /search?q=x

      linkgraph robots https://example.org/ https://example.org/page --format json
    """
    from linkgraph.fetch.robots import explain

    if form not in ("table", "json"):
        raise UsageError(f"--format {form}: give table or json")
    status, body = _read(source)
    answers = [explain(status, body, agent, url) for url in urls]
    if form == "json":
        for answer in answers:
            print(json.dumps(answer._asdict(), ensure_ascii=False))  # noqa: T201 - the output itself
    else:
        from linkgraph.reports.terminal import print_rows

        rows = [[answer.url, answer.allowed, answer.line, answer.rule] for answer in answers]
        print_rows(_SHOWN, rows, title=f"{source} for {agent}")
    raise typer.Exit(0 if all(answer.allowed for answer in answers) else 1)


def _read(source: str) -> tuple[int | None, bytes]:
    if source.startswith(("http://", "https://")):
        from linkgraph.fetch.once import fetch_robots

        return fetch_robots(source)
    try:
        return 200, sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{source} cannot be read ({error.strerror}); give a file, - or an address") from error
