"""Domains → the sites that belong with them: those of the same owner, their mirrors, and what they mirror.

Promises every site of an owner once one of them is asked for. Refuses a domain that the data set has never seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.insights.dataset import Dataset
from linkgraph.insights.target import target_of


def kin(dataset: Dataset, domains: Sequence[str] | None = None) -> pa.Table:
    """Return rows of `Dataset.sites` with `joined_by`: what joins each to others, and to how many of them.

    Args:
        dataset: with a build.
        domains: registrable domains, or hosts or URLs for theirs; None or none for all sites.

    Raises:
        UnknownDomainError: a domain that no page or link names.
        StateError: no build yet.
    """
    sites = dataset.sites()
    if domains:
        names = [target_of(domain).domain for domain in domains]
        dataset.nodes(names)
        sites = _of(sites, pa.array(names, pa.string()))
    return sites.append_column("joined_by", pa.array(map(_in_short, sites["evidence"].to_pylist()), pa.string()))


def _of(sites: pa.Table, asked: pa.Array) -> pa.Table:
    """Return the rows of the asked sites, of their owners' others, of their mirrors, and of what they mirror."""
    own = sites.filter(pc.is_in(sites["domain"], asked))
    groups = (("domain", asked), ("owner", own["owner"]), ("domain", own["mirror_of"]), ("mirror_of", asked))
    wanted = [pc.is_in(sites[column], values.drop_null()) for column, values in groups]
    return sites.filter(pc.or_(pc.or_(wanted[0], wanted[1]), pc.or_(wanted[2], wanted[3])))


def _in_short(evidence: Sequence[str]) -> str | None:
    """Return "shared account id (5); site-wide link, like templates (2)": what joins a site, most often first."""
    counts = Counter(told.rpartition(": ")[0] for told in evidence)
    return "; ".join(f"{words} ({count})" for words, count in counts.most_common()) or None
