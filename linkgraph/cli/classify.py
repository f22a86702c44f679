"""`linkgraph classify`: what kind of link each link of one page is, from the page alone."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from linkgraph.cli.extract import read_source
from linkgraph.errors import UsageError

if TYPE_CHECKING:
    from linkgraph.model import Links, Page

_SHOWN = ("placement", "acquisition", "acquisition_probability", "anchor", "dst_url", "evidence")

_ALONE = (
    "linkgraph: from this page alone; site-level evidence (site-wide links, shared owners, mirrors, exchanged links) "
    "is absent\n"
)


def classify(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="A file, - for standard input, or an address")],
    url: Annotated[str, typer.Option(help="The address that the file was fetched from")] = "",
    form: Annotated[str, typer.Option("--format", help="table or json")] = "table",
) -> None:
    """Print the links of a page with placement, acquisition, its probability and the rules that fired.

    Placement is where a link stands, acquisition how it probably came about; docs/classification.md defines the
    words. An address is fetched as a crawl would: robots.txt, address guard and LINKGRAPH_CONTACT apply. Examples:

      linkgraph classify page.html --url https://example.org/page

      linkgraph classify - --url https://example.org/page --format json < page.html
    """
    from linkgraph.extract import extract

    if form not in ("table", "json"):
        raise UsageError(f"--format {form}: give table or json")
    address, headers, body = read_source(source, url)
    page, links = extract(address, headers, body)
    sys.stderr.write(_ALONE)
    rows = _rows(page, links)
    if form == "json":
        for row in rows:
            print(json.dumps(row))  # noqa: T201 - the output itself
        return
    from linkgraph.reports.terminal import print_rows

    print_rows(_SHOWN, [[row[name] for name in _SHOWN] for row in rows], title=f"{page.title or page.url}")


def _rows(page: Page, links: Links) -> list[dict[str, Any]]:
    """Return the answer for each link, with the evidence as lists and the words of backlink texts."""
    from linkgraph.classify import backlink_words, classify
    from linkgraph.classify.pages import table_of_pages

    answers = classify(table_of_pages([(page, links)])).to_pylist()
    return [
        {
            "dst_url": links.dst_url[at],
            "anchor": links.anchor[at] or links.alt[at] or "",
            "kind": links.kind[at],
            **answer,
            "backlink_words": list(backlink_words(answer["acquisition"])),
            "site_evidence": "absent",
        }
        for at, answer in enumerate(answers)
    ]
