"""Links classified a second, where pages share their templates and where every page has names of its own, and memory.

    python benchmarks/classify_speed.py [--quick]

The peak memory of processes that read and classify 1, 4 and 16 batches of pages whose names are all different. Then
three sets of pages: those of the mini-web, of some 90 sites; the same with ids, classes and anchors of its own for each
page; and the public pages of some 2,000 sites that `labelled.py` finds under LINKGRAPH_PAGES, or says that they are
absent. Each beside one pass of a single regular expression in Python over the same links. Asserts that a page is
answered alone as it is among others.
"""

from __future__ import annotations

import argparse
import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pyarrow as pa
from labelled import CORPORA, HTML, miniweb, own

from linkgraph.classify import classify, classify_batches
from linkgraph.classify.pages import table_of_pages
from linkgraph.extract import extract
from linkgraph.index.classified import TOGETHER

SIZES = (1, 4, 16)
"""Batches of `TOGETHER` links whose peaks are compared."""

PAGES = 2400
"""Of the mini-web, spread over its sites: some 200,000 links."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a fifth of the pages, two sizes")
    parser.add_argument("--memory", type=int, help="classify so many batches and print the peak in KiB")
    options = parser.parse_args()
    if options.memory:
        print(peak(options.memory))
        return
    # First, since a process is told the peak of the one that started it, if that was higher.
    memory(SIZES[:2] if options.quick else SIZES)
    with miniweb() as sites:
        files = chosen(sites, PAGES // 5 if options.quick else PAGES)
        speed("mini-web", table_of_pages(pages(sites, files)))
        speed("names of its own for each page", table_of_pages(pages(sites, files, (b"p%d" % at for at in count()))))
    if (CORPORA / "wcxb").is_dir():
        speed("public pages of 2,000 sites", own().links)
    else:
        print(f"skipped: no pages of many sites in {CORPORA}; LINKGRAPH_PAGES names the folder, docs/classification.md")


def chosen(sites: Path, most: int) -> list[Path]:
    files = sorted(path for path in sites.rglob("*.htm*") if path.is_file())
    return files[:: max(1, len(files) // most)]


def pages(sites: Path, files: list[Path], tags: Iterator[bytes] | None = None) -> Iterator:
    for file in files:
        body = file.read_bytes()
        if tags:
            tag = next(tags)
            body = re.sub(rb"""(\s(?:class|id)\s*=\s*["']?)""", rb"\1" + tag + b"-", body)
            body = body.replace(b"</a>", b" " + tag + b"</a>")
        yield extract(f"http://{file.relative_to(sites).as_posix()}", HTML, body)


def speed(name: str, links: pa.Table) -> None:
    batches = [links.slice(start, TOGETHER) for start in range(0, links.num_rows, TOGETHER)]
    ours = [seconds(lambda: sum(table.num_rows for table, _ in classify_batches(batches)), links) for _ in range(3)]
    peer = seconds(lambda: one_pattern(links), links)
    paths, urls = len(links["dom_path"].unique()), len(links["src_url"].unique())
    fastest, first = links.num_rows / min(ours), links.num_rows / ours[0]
    print(f"\n{name}: {links.num_rows:,} links of {urls:,} pages, {paths:,} distinct paths")
    print(f"classify            {fastest:12,.0f} links a CPU second, {first:,.0f} in the first of three passes")
    print(f"one pattern, Python {links.num_rows / peer:12,.0f} links a CPU second; ratio {peer / min(ours):.2f}")
    alone_as_among_others(links)


def alone_as_among_others(links: pa.Table) -> None:
    whole, answers = next(iter(classify_batches([links])))
    urls = whole["src_url"].to_pylist()
    for row in range(0, len(urls), len(urls) // 8 + 1):
        begin = urls.index(urls[row])
        size = urls[begin:].count(urls[row])
        assert classify(whole.slice(begin, size)).to_pylist() == answers.slice(begin, size).to_pylist()


def seconds(work, links: pa.Table) -> float:
    began = time.process_time()
    assert work() == links.num_rows
    return time.process_time() - began


def one_pattern(links: pa.Table) -> int:
    words = re.compile(r"comment|author|footer|sidebar|nav|share|social|sponsor|advert", re.IGNORECASE)
    rows = zip(*(links[name].to_pylist() for name in ("dom_path", "anchor", "dst_url", "text_before")), strict=True)
    return sum(1 for row in rows if [words.search(text) for text in row])


def memory(sizes: tuple[int, ...]) -> None:
    print("peak of a process that reads and classifies pages with names of their own")
    peaks = [int(subprocess.check_output([sys.executable, __file__, "--memory", str(size)])) for size in sizes]
    for size, found in zip(sizes, peaks, strict=True):
        print(f"{size * TOGETHER:12,} links {found // 1024:6,} MiB, {found / peaks[0]:.2f} times the first")


def peak(size: int) -> int:
    with miniweb() as sites:
        tables = named_anew(sites, size * TOGETHER)
        assert sum(links.num_rows for links, _ in classify_batches(tables)) >= size * TOGETHER
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def named_anew(sites: Path, least: int) -> Iterator[pa.Table]:
    """Yield tables of links, a few hundred pages each, until they are *least*; no two pages share a name."""
    files, tags = chosen(sites, PAGES), (b"p%d" % at for at in count())
    waiting: list = []
    for found in (one for _ in count() for one in pages(sites, files, tags)):
        waiting.append(found)
        rows = sum(len(links) for _, links in waiting)
        if rows >= min(TOGETHER, least):
            least -= rows
            yield table_of_pages(waiting)
            waiting = []
        if least <= 0:
            return


if __name__ == "__main__":
    main()
