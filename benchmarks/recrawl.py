"""Crawl real sites, change a few of their files, and visit them again: what the server sends the second time.

Peer: the first crawl, of the same run. Asserts that every unchanged page keeps all its links, that changed pages have
their new link, and that the links of deleted pages no longer stand in a build.

    python benchmarks/recrawl.py [--quick] [--pages 3000]
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import duckdb
from support.miniweb import Miniweb, Site, _shared, _sites, reason_to_skip, served

import linkgraph

SHARE = 0.03
"""Of the pages changed, and as many deleted, before the second crawl."""

NEW = "http://new.example/found"


def unpack(folder: Path, pages: int) -> list[Site]:
    """Unpack sites of middling size that have *pages* pages together; the mini-web is served from *folder* then."""
    chosen, total = [], 0
    for site in sorted(_sites(_shared() / "hosts.tsv"), key=lambda site: abs(site.pages - 150)):
        if total < pages and not any(site.host in other.host for other in chosen):
            chosen.append(site)
            total += site.pages
    (folder / "www").mkdir(parents=True)
    archive = str(_shared() / "pages.tar.xz")
    hosts = [site.host for site in chosen]
    subprocess.run(["tar", "-xJf", archive, "-C", str(folder / "www"), *hosts], check=True)
    (folder / ".unpacked").touch()
    return chosen


def crawl(web: Miniweb, seeds: list[str], data: Path, **options: object) -> float:
    began = time.perf_counter()
    settings = {
        "LINKGRAPH_RESOLVE": web.resolve,
        "LINKGRAPH_HOST_DELAY": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": 0,
        "LINKGRAPH_PROGRESS": False,
        "LOG_LEVEL": "ERROR",
    }
    linkgraph.crawl(seeds, data=data, run="r", settings=settings, **options)
    return time.perf_counter() - began


def answers(folder: Path, begin: int) -> Counter[str]:
    """Return the statuses of the server's log after its first *begin* lines, robots.txt aside."""
    time.sleep(2)  # the server writes its log once a second
    lines = (folder / "access.log").read_text().splitlines()[begin:]
    return Counter(line.split()[4] for line in lines if "/robots.txt " not in line)


def alter(web: Miniweb, data: Path, count: int) -> tuple[set[str], set[str]]:
    """Add a link to some of the crawled pages and delete some; return the URLs of both."""
    query = f"SELECT url FROM '{data}/pages/run=r/*.parquet' WHERE outcome = 'fetched' AND url LIKE '%.html'"
    urls = sorted(row[0] for row in duckdb.sql(f"{query} AND content_type = 'text/html'").fetchall())
    random.Random(1).shuffle(urls)
    changed, deleted = set(), set()
    for url in urls:
        parts = urlsplit(url)
        file = web.www / parts.hostname / parts.path.lstrip("/")
        if not file.is_file() or parts.query or parts.scheme != "http":
            continue
        if len(changed) < count:
            text = file.read_bytes()
            file.write_bytes(text + f'<p><a href="{NEW}">new</a></p>'.encode())
            changed.add(url)
        elif len(deleted) < count:
            file.unlink()
            deleted.add(url)
    return changed, deleted


def check(data: Path, changed: set[str], deleted: set[str]) -> int:
    """Check the links of the second run against those of the first; return how many links were kept."""
    edges = {
        run: f"(SELECT * EXCLUDE (observed_at, run) FROM '{data}/edges/run={run}/*.parquet')" for run in ("r", "r.2")
    }
    unchanged = f"SELECT url FROM '{data}/pages/run=r.2/*.parquet' WHERE outcome = 'not-modified'"
    of = {run: f"SELECT * FROM {table} WHERE src_url IN ({unchanged})" for run, table in edges.items()}
    for one, other in (("r", "r.2"), ("r.2", "r")):
        lost = duckdb.sql(f"SELECT count(*) FROM ({of[one]} EXCEPT ALL {of[other]})").fetchall()[0][0]
        assert lost == 0, f"{lost} links of unchanged pages are in {one} and not in {other}"
    new = {row[0] for row in duckdb.sql(f"SELECT src_url FROM {edges['r.2']} WHERE dst_url = '{NEW}'").fetchall()}
    assert changed <= new, changed - new  # a file answers under more URLs than one
    linkgraph.build(data)
    built = f"'{data}/builds/*/links/*/*.parquet'"
    gone = ", ".join(f"'{url}'" for url in deleted)
    assert (
        duckdb.sql(f"SELECT count(*) FROM {built} WHERE src_url IN ({gone}) AND state <> 'lost'").fetchall()[0][0] == 0
    )
    return duckdb.sql(f"SELECT count(*) FROM ({of['r']})").fetchall()[0][0]


def sent(data: Path, run: str) -> int:
    query = f"SELECT coalesce(sum(content_length), 0) FROM '{data}/pages/run={run}/*.parquet' WHERE status <> 304"
    return duckdb.sql(query).fetchall()[0][0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=3000)
    parser.add_argument("--quick", action="store_true", help="300 pages")
    options = parser.parse_args()
    if reason := reason_to_skip():
        sys.exit(reason)
    with tempfile.TemporaryDirectory(prefix="linkgraph-recrawl-") as name:
        folder, data = Path(name), Path(name) / "data"
        folder.chmod(0o755)  # the server's workers are another user's
        sites = unpack(folder, 300 if options.quick else options.pages)
        seeds = [seed for site in sites for seed in site.seeds]
        with served(folder) as web:
            seconds = [crawl(web, seeds, data)]
            said = [answers(folder, 0)]
            changed, deleted = alter(web, data, max(3, int(said[0]["200"] * SHARE)))
            begin = len((folder / "access.log").read_text().splitlines())
            seconds.append(crawl(web, seeds, data, revisit="latest", due="all"))
            said.append(answers(folder, begin))
        kept = check(data, changed, deleted)
        print(f"{len(sites)} sites; {len(changed)} pages changed and {len(deleted)} deleted in between")
        print(f"{'':14} {'200':>8} {'304':>8} {'404':>8} {'other':>8} {'bytes of bodies':>16} {'seconds':>8}")
        for run, statuses, taken in zip(("r", "r.2"), said, seconds, strict=True):
            known = [statuses[status] for status in ("200", "304", "404")]
            rest = sum(statuses.values()) - sum(known)
            counts = " ".join(f"{count:8,}" for count in (*known, rest))
            print(f"{'first crawl' if run == 'r' else 'second crawl':14} {counts} {sent(data, run):16,} {taken:8.1f}")
        print(f"{kept:,} links of unchanged pages are the same in both")
        print(f"ratio of bytes sent {sent(data, 'r') / sent(data, 'r.2'):.1f}")


if __name__ == "__main__":
    main()
