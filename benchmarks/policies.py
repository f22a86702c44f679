"""The best 30 domains under each policy, and what became of those that only resources or templates name.

A domain is *technical* where no other domain's hyperlink names it: what a page loads or declares, scripts, images,
style sheets, fonts, feeds. It is *boilerplate* where at least half of the domains that link to it do so from menus,
headers and footers alone. Crawl with `-s LINKGRAPH_RESOURCES=1` for the first to be there at all. Asserted: a technical
domain has no authority under `followed` and `editorial`.

    python benchmarks/policies.py DATA
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import linkgraph
from linkgraph.graph.policy import BUILT

TOP = 30
TEMPLATE_ZONES = {"nav", "header", "footer", "aside", "form", "head"}
HYPERLINKS = {"a", "area"}
MOSTLY = 0.5
FEW = 3


def kinds_of_target(data) -> tuple[set[str], set[str]]:
    """Return the technical and the boilerplate domains."""
    linking, texts = defaultdict(set), defaultdict(set)
    columns = ["src_domain", "dst_domain", "kind", "zone", "internal"]
    every: set[str] = set()
    for batch in data.edges().to_batches(columns=columns):
        rows = batch.to_pydict()
        for src, dst, kind, zone, internal in zip(*(rows[name] for name in columns), strict=True):
            if internal:
                continue
            every.add(dst)
            if kind in HYPERLINKS:
                linking[dst].add(src)
                if zone not in TEMPLATE_ZONES:
                    texts[dst].add(src)
    boilerplate = {
        domain
        for domain, sources in linking.items()
        if len(sources) >= FEW and len(texts[domain]) <= (1 - MOSTLY) * len(sources)
    }
    return every - linking.keys(), boilerplate


def main() -> None:
    data = linkgraph.open(sys.argv[1])
    technical, boilerplate = kinds_of_target(data)
    score = {
        policy: {row["domain"]: (row["authority"], row["rank"]) for row in data.authority(policy=policy).to_pylist()}
        for policy in BUILT
    }
    best = {policy: list(score[policy])[:TOP] for policy in BUILT}
    print(f"{len(score[BUILT[0]]):,} domains: {len(technical)} technical (T), {len(boilerplate)} boilerplate (B)")
    for place in range(TOP):
        cells = []
        for policy in BUILT:
            if place < len(best[policy]):
                domain = best[policy][place]
                mark = "T" if domain in technical else "B" if domain in boilerplate else " "
                cells.append(f"{mark} {domain[:30]:30} {score[policy][domain][0]:5.1f}")
        print(" | ".join(cells))
    for policy in BUILT:
        top = best[policy]
        print(
            f"{policy}: {sum(domain in technical for domain in top)} technical and "
            f"{sum(domain in boilerplate for domain in top)} boilerplate domains among the best {TOP}; the highest of "
            f"all at {min((score[policy][domain][1] for domain in technical), default=None)} and "
            f"{min((score[policy][domain][1] for domain in boilerplate), default=None)}"
        )
    for domain in technical:
        assert score["followed"][domain][0] < 1e-6, domain
        assert score["editorial"][domain][0] < 1e-6, domain


if __name__ == "__main__":
    main()
