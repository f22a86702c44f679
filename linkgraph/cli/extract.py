"""`linkgraph extract`: what one page links to, from a file, standard input or an address."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkgraph.errors import UsageError

if TYPE_CHECKING:
    from linkgraph.model import Links, Page

_SHOWN = ("kind", "dst_url", "rel", "anchor", "zone", "link_density")


def extract(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="A file, - for standard input, or an address")],
    url: Annotated[str, typer.Option(help="The address that the file was fetched from")] = "",
    form: Annotated[str, typer.Option("--format", help="table or json")] = "table",
    resources: Annotated[bool, typer.Option(help="Also images, scripts and style sheets")] = False,
) -> None:
    """Print a page and its links, all columns with --format json: the page on the first line, then a line a link.

    An address is fetched as a crawl would: robots.txt, address guard and LINKGRAPH_CONTACT apply. Examples:

      linkgraph extract page.html --url https://example.org/page

      linkgraph extract - --url https://example.org/page --format json < page.html
    """
    from linkgraph.extract import extract as extract_links

    if form not in ("table", "json"):
        raise UsageError(f"--format {form}: give table or json")
    address, headers, body = read_source(source, url)
    page, links = extract_links(address, headers, body, resources=resources)
    if form == "json":
        _print_json(page, links)
    else:
        _print_table(page, links)


def read_source(source: str, url: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return the address, headers and body of a file, standard input or an address.

    Raises:
        UsageError: the file cannot be read.
    """
    if source.startswith(("http://", "https://")):
        from linkgraph.fetch.once import fetch_once

        return fetch_once(source)
    try:
        body = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{source} cannot be read ({error.strerror}); give a file, - or an address") from error
    return url or "http://localhost/", [("Content-Type", "text/html")], body


def _print_json(page: Page, links: Links) -> None:
    print(json.dumps({"type": "page", **asdict(page)}, default=_plain))  # noqa: T201 - the output itself
    for row in links.rows():
        print(json.dumps({"type": "link", **row}, default=_plain))  # noqa: T201 - the output itself


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _print_table(page: Page, links: Links) -> None:
    from linkgraph.reports.terminal import print_rows

    rows = [[row[name] for name in _SHOWN] for row in links.rows()]
    print_rows(_SHOWN, rows, title=f"{page.title or page.url}: {len(links)} links")
