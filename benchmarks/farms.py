"""Artificial link farms in a real graph: which are found, who is flagged by mistake, how far a farm lifts its target.

Twenty farms of five shapes and four sizes are written as pages and links into the .uk web of 1996 (domains), and the
links are collapsed under each policy as a build does; and four more, counted apart, of a pyramid in which nobody votes
for the lowest members, of which the search sees those of eight upper members and more. Every member also links to two
domains that many link to, and three honest domains have a comment with a link to the target. Asserted: seven farms in
ten are found, and at most one honest domain in 300 is flagged.

    python benchmarks/farms.py [--quick]
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from linkgraph.authority.farms import find_farms, votes_cast
from linkgraph.authority.pagerank import pagerank
from linkgraph.authority.reasons import what_if
from linkgraph.authority.score import authority, positions
from linkgraph.edges.schema import EDGES, PAGES
from linkgraph.graph.collapse import collapse_each
from linkgraph.graph.collapse.scan import TableScan
from linkgraph.graph.policy import BUILT, policies_named
from linkgraph.urls import registrable_domain

SHARED = Path(os.environ.get("LINKGRAPH_SHARED", ROOT.parent / "shared"))
SHAPES = ("star", "clique", "ring", "pyramid", "alliance")
UNVOTED = ("one-way",)
HONEST_FLAGGED = 300


@dataclass
class Web:
    """Links between domains: (source, target, zone, whether the author disowns it)."""

    links: set[tuple[str, str, str, bool]] = field(default_factory=set)

    def link(self, source: str, target: str, zone: str = "content", *, nofollow: bool = False) -> None:
        if source != target:
            self.links.add((source, target, zone, nofollow))

    def edges(self) -> pa.Table:
        """Each domain as one page."""
        rows, ordinals = sorted(self.links), defaultdict(int)
        columns: dict[str, list[object]] = defaultdict(list)
        for source, target, zone, nofollow in rows:
            columns["src_url"].append(f"http://{source}/")
            columns["src_domain"].append(source)
            columns["dst_url"].append(f"http://{target}/")
            columns["dst_domain"].append(target)
            columns["dst_host"].append(target)
            columns["zone"].append(zone)
            columns["nofollow"].append(nofollow)
            columns["ordinal"].append(ordinals[source])
            ordinals[source] += 1
        same = {"kind": "a", "ugc": False, "sponsored": False, "link_density": 0.2, "anchor": "words", "rel": []}
        same |= {"alt": None, "observed_at": 0}
        columns |= {name: [value] * len(rows) for name, value in same.items()}
        return pa.table({name: pa.array(values, EDGES.field(name).type) for name, values in columns.items()})


def real() -> Web:
    web = Web()
    with gzip.open(SHARED / "graphs" / "1996-uk-web-hosts.tsv.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            _, source, target = (registrable_domain(part) for part in line.partition("\t")[0].split("|"))
            if source and target:
                web.link(source, target)
    return web


def plant(web: Web, shape: str, size: int, name: str) -> tuple[str, list[str]]:
    """Add one farm; return its target and its members."""
    target, members = f"{name}-target.test", [f"{name}-{number}.test" for number in range(size)]
    for number, member in enumerate(members):
        after = members[(number + 1) % size]
        if shape in {"pyramid", "one-way"} and number >= size // 10:
            above = members[number % max(size // 10, 1)]
            web.link(member, above)
            if shape == "pyramid":
                web.link(above, member, "footer")
            continue
        web.link(member, target)
        if shape in {"star", "alliance", "pyramid"}:
            web.link(target, member, "content" if shape == "alliance" else "footer")
        elif shape == "ring":
            web.link(member, after, "footer")
        elif shape == "clique":
            for other in members:
                web.link(member, other, "aside")
    return target, members


def planted(web: Web, sizes: list[int]) -> dict[str, tuple[str, int, str, list[str]]]:
    """Add a farm of each shape and size with its disguise; return (shape, size, target, members) by name."""
    dice = np.random.default_rng(7)
    voted = [target for _, target, *_ in sorted(web.links)]
    voters = sorted({source for source, *_ in web.links})
    farms = {}
    for shape in SHAPES + UNVOTED:
        for size in sizes:
            name = f"{shape}{size}"
            target, members = plant(web, shape, size, name)
            for member in members:
                for place in dice.integers(0, len(voted), 2).tolist():
                    web.link(member, voted[place])
            for place in dice.integers(0, len(voters), 3).tolist():
                web.link(voters[place], target, "comments", nofollow=place % 2 == 0)
            farms[name] = shape, size, target, members
    allied = [target for shape, _, target, _ in farms.values() if shape == "alliance"]
    for one in allied:
        for other in allied:
            web.link(one, other)
    return farms


def flagged(graph, ranks) -> tuple[set[str], set[str], list]:
    farms = find_farms(graph, ranks)
    targets = {graph.names[node] for farm in farms for node in farm.targets.tolist()}
    return targets, {graph.names[node] for farm in farms for node in farm.nodes.tolist()}, farms


def tell(policy: str, graph, before: set[str], farms) -> None:
    ranks = pagerank(graph)
    targets, everyone, found = flagged(graph, ranks)
    clean = what_if(graph, ranks, removed=votes_cast(graph, found)).ranks
    scores, without, place = authority(ranks), authority(clean), positions(ranks.scores)
    honest = {name for name in everyone if not name.endswith(".test")}
    seen = {name: farm for name, farm in farms.items() if farm[0] in SHAPES}
    members = {member for *_, listed in seen.values() for member in listed}
    caught = [target for *_, target, _ in seen.values() if target in targets]
    print(f"\n{policy}: {len(caught)} of {len(seen)} farms found, "
          f"{len(everyone & members)} of {len(members)} members; honest domains flagged: {len(honest)}, of which "
          f"{len(honest - before)} only beside the farms")  # fmt: skip
    print("   farm          found  lifted to  position  without the suspicious part")
    for name, (_, _, target, _) in farms.items():
        node = graph.node(target)
        word = "yes" if target in targets else "no"
        print(f"   {name:14}{word:5}{scores[node]:10.1f}{place[node]:10,}{without[node]:12.1f}")
    assert len(caught) >= 0.7 * len(seen), f"{len(caught)} farms found"
    assert len(honest) * HONEST_FLAGGED <= len(graph), f"{len(honest)} honest domains flagged"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two sizes, and the default policy only")
    asked = parser.parse_args()
    policies = policies_named(BUILT[:1] if asked.quick else BUILT)
    web, pages = real(), TableScan(pa.table({name: pa.array([], PAGES.field(name).type) for name in PAGES.names}))
    alone = collapse_each(TableScan(web.edges()), pages, policies)
    farms = planted(web, [10, 100] if asked.quick else [10, 30, 100, 300])
    with_farms = collapse_each(TableScan(web.edges()), pages, policies)
    for policy in policies:
        graph = alone[policy.name]["domain"]
        _, before, _ = flagged(graph, pagerank(graph))
        print(f"{policy.name}: {len(before)} of {len(graph):,} domains flagged without farms")
        tell(policy.name, with_farms[policy.name]["domain"], before, farms)


if __name__ == "__main__":
    main()
