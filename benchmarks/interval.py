"""Is the interval honest: how often does the whole graph's authority lie in the 90 % interval of a half of it?

Half of the source domains of a real graph are hidden at random, again and again; each time the interval is computed
from what is left alone, and compared with the authority in the whole graph, over its 1,000 best. Asserted: 85 to 95 %
of them lie within, on the average, for the graphs of hosts and domains.

    python benchmarks/interval.py [--trials 50] [--quick]
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from linkgraph.authority.interval import TOP, interval
from linkgraph.authority.pagerank import pagerank
from linkgraph.authority.score import authority
from linkgraph.graph.csr import LinkGraph
from linkgraph.urls import registrable_domain

GRAPHS = Path(os.environ.get("LINKGRAPH_SHARED", ROOT.parent / "shared")) / "graphs"


def numbered(pairs) -> tuple[np.ndarray, np.ndarray, int]:
    ids: dict[str, int] = {}
    edges = np.array([[ids.setdefault(name, len(ids)) for name in pair] for pair in pairs])
    return edges[:, 0], edges[:, 1], len(ids)


def uk(level):
    with gzip.open(GRAPHS / "1996-uk-web-hosts.tsv.gz", "rt", encoding="utf-8") as lines:
        hosts = [line.partition("\t")[0].split("|")[1:] for line in lines]
    pairs = {tuple(level(host) for host in pair) for pair in hosts}
    return numbered(sorted(pair for pair in pairs if all(pair) and pair[0] != pair[1]))


def miniweb():
    table = pq.read_table(GRAPHS / "miniweb-hosts.edges.parquet", columns=["src_host", "dst_host"])
    return numbered(zip(*(table[side].to_pylist() for side in ("src_host", "dst_host")), strict=True))


def pages():
    table = pq.read_table(GRAPHS / "cnr-2000.edges.parquet", columns=["src", "dst"])
    src, dst = (table[side].to_numpy() for side in ("src", "dst"))
    return src, dst, int(max(src.max(), dst.max())) + 1


def covered(src, dst, nodes, trials: int) -> tuple[np.ndarray, float]:
    """Return the share of the best that lies within its interval, trial by trial, and the median width."""
    whole = authority(pagerank(LinkGraph.from_arrays(src, dst, nodes)))
    best = np.argsort(-whole, kind="stable")[:TOP]
    dice, found, widths = np.random.default_rng(1), [], []
    for trial in range(trials):
        kept = (dice.random(nodes) < 0.5)[src]
        graph = LinkGraph.from_arrays(src[kept], dst[kept], nodes)
        guess = interval(graph, pagerank(graph), seed=trial)
        within = (guess.low[best] - 1e-6 <= whole[best]) & (whole[best] <= guess.high[best] + 1e-6)
        found.append(within.mean())
        widths.append(np.nanmedian(guess.high[best] - guess.low[best]))
    return np.array(found), float(np.mean(widths))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--quick", action="store_true", help="5 trials of the graphs of hosts and domains")
    asked = parser.parse_args()
    trials = 5 if asked.quick else asked.trials
    graphs = {".uk 1996, domains": lambda: uk(registrable_domain), ".uk 1996, hosts": lambda: uk(str),
              "mini-web, hosts": miniweb}  # fmt: skip
    for name, read in graphs.items():
        found, width = covered(*read(), trials)
        print(f"{name}: {found.mean():.1%} of the best {TOP} within, {found.min():.1%} to {found.max():.1%} over "
              f"{trials} trials; median width {width:.1f} points", flush=True)  # fmt: skip
        assert 0.85 <= found.mean() <= 0.95, name
    if not asked.quick:
        found, width = covered(*pages(), min(trials, 3))
        print(f"cnr-2000, pages: {found.mean():.1%}; no graph of domains, and the interval does not hold there")


if __name__ == "__main__":
    main()
