"""Owners, mirrors and kinds of link on the demo web, whose plan is the truth; and the clusters of real data.

    python benchmarks/sites.py [--quick] [--data DIR]

Prints right, wrong and missed pairs of domains with one owner, and of mirrors; for each planting how many links were
called right, from their pages alone and with what is known of their sites; and processor seconds of finding owners and
copies beside those of the whole build. With --data, the ten largest clusters and the mirrors of the current build of a
data folder. Asserts that every planted owner and mirror is found and that knowing the sites helps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support.planted import CALLED, Counts, called, mirrored, observe, owned, pairs_of

from linkgraph.demo import DemoWeb
from linkgraph.edges.dataset import snapshot
from linkgraph.index import sites as site_evidence
from linkgraph.index.build import build
from linkgraph.index.classified import ClassifiedScan
from linkgraph.insights.dataset import open_dataset

QUICK = ("farm", "money", "network", "mirror", "blog", "user", "old", "shop")


COLUMNS = ["src_url", "dst_url", "anchor", "alt", "kind", "src_domain", "dst_domain", "acquisition", "evidence"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="without magazines, forums and encyclopaedias")
    parser.add_argument("--data", type=Path, help="a data folder whose clusters to print")
    options = parser.parse_args()
    if options.data:
        read_by_hand(options.data)
        return
    web = DemoWeb.build()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        genres = {*QUICK, "magazine"} if options.quick else ()
        pages = observe(web, root, genres)
        spent = timed(root)
        data = open_dataset(root)
        rows = [row for path in data.build.folder.glob("links/*/backlinks.parquet") for row in links(path)]
        alone = by_pages_alone(root)
        sites = data.sites().to_pylist()
    print(f"{pages:,} pages, {len(rows):,} backlinks; sites {spent['sites']:.1f} of {spent['build']:.1f} CPU seconds")
    clusters = by_owner(sites)
    found = Counts.of(pairs_of(clusters.values()), owned(web))
    copied = {frozenset((row["domain"], row["mirror_of"])) for row in sites if row["mirror_of"]}
    print(f"pairs with one owner: {found}")
    print(f"mirrors and originals: {Counts.of(copied, {pair for pair in mirrored(web) if originals(web) & pair})}")
    assert found.missed == 0
    assert {row["domain"] for row in sites if row["mirror_of"]} == {s.host for s in web.sites if s.genre == "mirror"}
    assert kinds(web, rows, alone) > 0


def by_pages_alone(root: Path) -> list[dict]:
    live = snapshot(root)
    scan = ClassifiedScan(live.edge_files, live.page_files)
    return [row for batch in scan.batches(COLUMNS) for row in batch.to_pylist()]


def originals(web: DemoWeb) -> set[str]:
    return {site.of for site in web.sites if site.genre == "mirror"}


def timed(root: Path) -> dict[str, float]:
    spent = {"sites": 0.0}
    for name in ("of", "add_to"):
        work = getattr(site_evidence.Sites, name)

        def watched(*arguments, work=work):
            began = time.process_time()
            found = work(*arguments)
            spent["sites"] += time.process_time() - began
            return found

        setattr(site_evidence.Sites, name, watched)
    began = time.process_time()
    build(root)
    return spent | {"build": time.process_time() - began}


def links(path: Path) -> list[dict]:
    return pq.read_table(path, columns=COLUMNS, partitioning=None).to_pylist()


def by_owner(sites: list[dict]) -> dict[str, list[str]]:
    clusters: dict[str, list[str]] = defaultdict(list)
    for row in sites:
        if row["owner"]:
            clusters[row["owner"]].append(row["domain"])
    return clusters


def kinds(web: DemoWeb, rows: list[dict], alone: list[dict]) -> int:
    """Print what planted links are called; return how many more are right than from their pages alone."""
    print("\nplanted      links  right  wrong  alone  called")
    right = total = before = 0
    by_pages = called(web, alone)
    for planting, counter in called(web, rows).items():
        good = sum(number for word, number in counter.items() if word in CALLED[planting])
        less = sum(number for word, number in by_pages[planting].items() if word in CALLED[planting])
        right, total, before = right + good, total + counter.total(), before + less
        told = ", ".join(f"{word} {number}" for word, number in counter.most_common(4))
        print(f"{planting:11s} {counter.total():6d} {good:6d} {counter.total() - good:6d} {less:6d}  {told}")
    judged = sum("; site: " in row["evidence"] for row in rows)
    print(f"all         {total:6d} {right:6d} {total - right:6d} {before:6d}  {judged} judged by their sites")
    return right - before


def read_by_hand(folder: Path) -> None:
    rows = open_dataset(folder).sites().to_pylist()
    told = {row["domain"]: row["evidence"] for row in rows}
    clusters = sorted(by_owner(rows).items(), key=lambda item: (-len(item[1]), item[0]))
    print(f"{len(clusters)} clusters of one owner")
    for owner, domains in clusters[:10]:
        print(f"{len(domains):4d}  {owner}: {', '.join(domains[:12])}\n      {told[domains[0]][:3]}")
    for row in rows:
        if row["mirror_of"]:
            print(f"mirror {row['domain']} of {row['mirror_of']}")


if __name__ == "__main__":
    main()
