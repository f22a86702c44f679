"""The voters of a domain → the pages that carry their votes.

A voter gives what it gives once, however many of its pages link; here that is divided among the pages, in proportion
to what the best link of each weighs under the policy; pages that link to a URL which a redirect or canonical folds into
the domain are among them. Promises shares that add up to 1, as `votes.why` has them. Refuses to guess: where a build
from before folds were kept knows no page, the page is null.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pyarrow as pa

from linkgraph.graph.collapse import votes
from linkgraph.graph.collapse.weigh import link_weights
from linkgraph.graph.policy import VotePolicy, policy_named
from linkgraph.insights.dataset import Dataset
from linkgraph.insights.votes import why

WHY_PAGES = pa.schema(
    [
        pa.field("src_domain", pa.string()),
        pa.field("src_url", pa.string()),
        pa.field("share", pa.float64()),
        pa.field("cumulative", pa.float64()),
        pa.field("units", pa.float64()),
    ]
)
"""One row a page, the one that carries most first, and last, with null sources, what every domain has."""


def why_pages(dataset: Dataset, domain: str, policy: str | None = None) -> pa.Table:
    """Return which pages carry the score of *domain*; see `WHY_PAGES`.

    Raises:
        UnknownDomainError: a domain that no page or link names.
        StateError: no build yet, or none under *policy*.
    """
    chosen = policy_named(dataset.build.ranking(policy).policy)
    weights = _page_weights(dataset.links_landing(domain, policy), chosen)
    rows = []
    *voters, being = why(dataset, domain, policy).to_pylist()
    for voter in voters:
        pages = weights.get(voter["src_domain"]) or {None: 1.0}
        total = sum(pages.values())
        for url, weight in pages.items():
            part = weight / total if total else 1.0 / len(pages)
            rows.append((voter["src_domain"], url, part * voter["share"], part * voter["units"]))
    rows.sort(key=lambda row: (-row[2], row[0], row[1] or ""))
    rows.append((None, None, being["share"], being["units"]))
    domains, urls, shares, units = zip(*rows, strict=True)
    return pa.table([domains, urls, shares, np.cumsum(shares), units], schema=WHY_PAGES)


def _page_weights(links: pa.Table, policy: VotePolicy) -> dict[str, dict[str | None, float]]:
    """Return what the best vote of each page weighs, by domain and page."""
    found: dict[str, dict[str | None, float]] = defaultdict(dict)
    for batch in links.combine_chunks().to_batches():
        weight = link_weights(batch, policy.weighing) if policy.weighing else np.ones(len(batch))
        names = zip(batch.column("src_domain").to_pylist(), batch.column("src_url").to_pylist(), strict=True)
        for (name, url), is_vote, of_link in zip(names, votes(batch, policy).tolist(), weight.tolist(), strict=True):
            if is_vote:
                found[name][url] = max(found[name].get(url, 0.0), of_link)
    return found
