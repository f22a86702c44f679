"""Extraction of all columns against Scrapy's LinkExtractor, on the same real pages.

    python benchmarks/extract.py [FOLDER] [--quick]

FOLDER holds HTML files by host (default: the mini-web of ../shared, unpacked to a temporary folder). Asserts that no
http(s) link that LinkExtractor finds is missing from ours, up to the spelling of the URL. Prints milliseconds a page
of each, a third of the pages after the other, the ratio over all pages, and the median of the thirds' ratios, which a
page that takes either very long moves less.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor

from linkgraph.extract import extract, prepare
from linkgraph.urls import resolve

SHARED = Path(os.environ.get("LINKGRAPH_SHARED", Path(__file__).resolve().parents[2] / "shared"))
SEED = 1
TYPE = "text/html"
WARM = 20
"""Pages that are not timed, after the loops are loaded. Each other page is timed once, as a crawl sees it once."""

Page = tuple[str, bytes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true", help="60 pages instead of 600")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or unpacked(Path(temporary))
        pages = sample(folder, WARM + (60 if options.quick else 600))
    thirds, warm = [pages[third:-WARM:3] for third in range(3)], pages[-WARM:]
    prepare()
    seconds(ours, warm), seconds(theirs, warm)
    rounds = [(seconds(ours, third), seconds(theirs, third)) for third in thirds]
    links = sum(ours(page) for page in pages)
    mine, peer = sum(own for own, _ in rounds), sum(other for _, other in rounds)
    timed = sum(map(len, thirds))
    size = sum(len(body) for _, body in pages) / len(pages) / 1024
    covered = check(pages)
    print(
        f"{len(pages)} pages of {size:.0f} KiB, {links / len(pages):.0f} distinct links each; {covered} of theirs found"
    )
    print(f"linkgraph.extract, all columns {1000 * mine / timed:8.2f} ms a page")
    print(f"LinkExtractor, url and text    {1000 * peer / timed:8.2f} ms a page")
    print(f"ratio of pages a second        {peer / mine:8.2f}")
    print(f"the same, median of thirds     {median(other / own for own, other in rounds):8.2f}")


def unpacked(folder: Path) -> Path:
    archive = SHARED / "miniweb" / "pages.tar.xz"
    if not archive.exists():
        sys.exit(f"skipped: {archive} is absent; name a folder of HTML files")
    subprocess.run(["tar", "-xJf", archive, "-C", folder], check=True)
    return folder


def sample(folder: Path, number: int) -> list[Page]:
    files = sorted(path for path in folder.rglob("*.htm*") if path.is_file())
    chosen = random.Random(SEED).sample(files, min(number, len(files)))
    return [(f"http://{path.relative_to(folder).as_posix()}", path.read_bytes()) for path in chosen]


def ours(page: Page) -> int:
    return len(extract(page[0], [("Content-Type", TYPE)], page[1])[1])


def theirs(page: Page) -> int:
    return len(_LINKS.extract_links(HtmlResponse(page[0], body=page[1], headers={"Content-Type": TYPE})))


def seconds(work: Callable[[Page], int], pages: list[Page]) -> float:
    began = time.process_time()
    for page in pages:
        work(page)
    return time.process_time() - began


def check(pages: list[Page]) -> int:
    """Assert that what LinkExtractor finds is among ours, and return how many that are."""
    everything = LinkExtractor(deny_extensions=[], unique=True)
    found = 0
    missing: list[str] = []
    for url, body in pages:
        page, links = extract(url, [("Content-Type", TYPE)], body)
        if page.outcome_reason == "parser:links-capped":
            continue  # what lies beyond the limit is left out on purpose
        mine = {spelling(target) for target in links.dst_url}
        response = HtmlResponse(url, body=body, headers={"Content-Type": TYPE})
        for link in everything.extract_links(response):
            target = resolve(link.url)
            if target is not None:
                found += 1
                if spelling(target.url) not in mine:
                    missing.append(f"{url} -> {link.url}")
    # lxml is no WHATWG parser: it takes a few references of broken markup for links that no browser shows.
    assert len(missing) <= found / 1000, missing[:10]
    return found - len(missing)


def spelling(url: str) -> str:
    """Return *url* without what the two serialise differently: percent-encoding and slashes at the end."""
    from urllib.parse import unquote

    return unquote(url).rstrip("/").lower()


_LINKS = LinkExtractor()

if __name__ == "__main__":
    main()
