"""Domains → one row a domain: its authority, how many backlinks it has, how good they are, and the best of them.

Promises a row for every domain that is asked about, in the order of the question, and one look-up by target each.
A domain that the data set has never seen is a row of status `unknown` with near names, not an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.errors import UnknownDomainError
from linkgraph.model import RESOURCE_KINDS

BIN_POINTS = 2
"""Points of authority in a bin of `referring_by_authority`: a factor of 1.4 in rank."""

BINS = 100 // BIN_POINTS
TOP = 5
"""Anchors and referring domains that a row names: what a reader compares at a glance."""

STATUSES = ("crawled", "linked", "unknown")
"""`crawled`: pages of it were fetched; `linked`: only links to it are known; `unknown`: nothing is."""

SUMMARY: pa.Schema = pa.schema(
    [
        pa.field("domain", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("authority", pa.float64()),
        pa.field("rank", pa.int64()),
        pa.field("referring_domains", pa.int64()),
        pa.field("referring_domains_followed", pa.int64()),
        pa.field("independent_owners", pa.int64()),
        pa.field("backlinks", pa.int64()),
        pa.field("backlinks_followed", pa.int64()),
        pa.field("followed_share", pa.float64()),
        pa.field("referring_authority_median", pa.float64()),
        pa.field("referring_by_authority", pa.list_(pa.int64())),
        pa.field("top_anchors", pa.list_(pa.string())),
        pa.field("top_anchor_domains", pa.list_(pa.int64())),
        pa.field("top_anchor_backlinks", pa.list_(pa.int64())),
        pa.field("quality_median", pa.float64()),
        pa.field("best_pages", pa.list_(pa.string())),
        pa.field("best_anchors", pa.list_(pa.string())),
        pa.field("best_qualities", pa.list_(pa.float64())),
        pa.field("acquisitions", pa.list_(pa.string())),
        pa.field("acquisition_domains", pa.list_(pa.int64())),
        pa.field("acquisition_backlinks", pa.list_(pa.int64())),
        pa.field("top_referring_domains", pa.list_(pa.string())),
        pa.field("top_referring_authority", pa.list_(pa.float64())),
        pa.field("top_referring_backlinks", pa.list_(pa.int64())),
        pa.field("top_referring_pages", pa.list_(pa.string())),
        pa.field("near_names", pa.list_(pa.string())),
    ]
)
"""One row a domain. Lists whose names begin alike have equal lengths, best first; null where nothing is known.

`followed_share` is `backlinks_followed / backlinks`, 0 to 1. `referring_by_authority` counts referring domains in
bins of `BIN_POINTS` points of authority, from 0. `top_anchors` are ordered by the number of domains that use them,
so that a site-wide footer counts once; where a link shows an image, its alt text is the anchor. `acquisitions` are the
words of `linkgraph.classify.ACQUISITIONS` for how the backlinks probably came about, ordered likewise; null for links
of a build that did not classify them. `best_pages` hold the backlinks of greatest quality, 0 to 100
(`linkgraph.insights.quality`), one a referring domain; `quality_median` is the median of the best backlink of each
referring domain, so that a thousand footers of one site weigh as much as one; null where a build did not look for it.
"""


class Answers(Protocol):
    """What a summary asks of a data set; `linkgraph.open` returns one."""

    def authority(self, domains: Sequence[str] | None = None) -> pa.Table:
        """Return a row a domain of the domains table."""

    def backlinks(self, domain: str) -> pa.Table:
        """Return the links from other domains, every edges column and `src_authority`."""


def summarise(data: Answers, domains: Sequence[str], *, top: int = TOP) -> pa.Table:
    """Return the `SUMMARY` row of each of *domains*, in their order.

    Args:
        data: the data set.
        domains: registrable domains, each once.
        top: how many anchors and referring domains a row names.
    """
    return pa.Table.from_pylist([_row(data, domain, top) for domain in domains], schema=SUMMARY)


def _row(data: Answers, domain: str, top: int) -> dict[str, Any]:
    try:
        known = data.authority(domains=[domain]).to_pylist()[0]
        links = data.backlinks(domain)
    except UnknownDomainError as error:
        return {"domain": domain, "status": "unknown", "near_names": list(error.near)}
    links = _with_strings(links)
    return {
        "domain": domain,
        "status": "crawled" if known["crawled_pages"] else "linked",
        **{name: known[name] for name in ("authority", "rank", *_COUNTS)},
        "independent_owners": known.get("independent_owners"),  # builds from before did not look for owners
        "followed_share": known["backlinks_followed"] / known["backlinks"] if known["backlinks"] else None,
        **_referring(links, top),
        **_anchors(links, top),
        **_acquisitions(links),
        **_best(links, top),
    }


_COUNTS = ("referring_domains", "referring_domains_followed", "backlinks", "backlinks_followed")


def _with_strings(links: pa.Table) -> pa.Table:
    """Return the columns of the backlinks that a summary reads, dictionaries unpacked, followed links first.

    What a page loads to be shown (`RESOURCE_KINDS`) is no backlink, as in the domains table.
    """
    links = links.filter(pc.invert(pc.is_in(pc.cast(links.column("kind"), pa.string()), pa.array(RESOURCE_KINDS))))
    names = ("src_domain", "src_url", "anchor", "alt", "acquisition")
    text = {name: pc.cast(links.column(name), pa.string()) for name in names if name in links.column_names}
    shown = pc.if_else(pc.equal(text["anchor"], ""), pc.coalesce(text["alt"], pa.scalar("")), text["anchor"])
    unfollowed = pc.or_(pc.or_(links.column("nofollow"), links.column("ugc")), links.column("sponsored"))
    return pa.table(
        {
            "domain": text["src_domain"],
            "page": text["src_url"],
            "anchor": shown,
            "acquisition": text.get("acquisition", pa.nulls(links.num_rows, pa.string())),
            "authority": pc.coalesce(pc.cast(links.column("src_authority"), pa.float64()), pa.scalar(0.0)),
            "unfollowed": pc.cast(unfollowed, pa.int8()),
            "quality": links["quality"] if "quality" in links.column_names else pa.nulls(links.num_rows, pa.float64()),
        }
    ).sort_by([("unfollowed", "ascending"), ("page", "ascending")])


def _referring(links: pa.Table, top: int) -> dict[str, Any]:
    # use_threads=False: only then is "first" the first row, which is a followed link where there is one.
    grouped = links.group_by("domain", use_threads=False).aggregate(
        [("authority", "max"), ("page", "count"), ("page", "first")]
    )
    values = grouped.column("authority_max").to_numpy()
    order = [("authority_max", "descending"), ("page_count", "descending"), ("domain", "ascending")]
    best = grouped.sort_by(order).slice(0, top)
    bins = np.minimum(values / BIN_POINTS, BINS - 1).astype(np.int64)
    return {
        "referring_authority_median": float(np.median(values)) if len(values) else None,
        "referring_by_authority": np.bincount(bins, minlength=BINS).tolist(),
        "top_referring_domains": best.column("domain").to_pylist(),
        "top_referring_authority": best.column("authority_max").to_pylist(),
        "top_referring_backlinks": best.column("page_count").to_pylist(),
        "top_referring_pages": best.column("page_first").to_pylist(),
    }


def _anchors(links: pa.Table, top: int) -> dict[str, Any]:
    best = _by_domains(links, "anchor").slice(0, top)
    return {
        "top_anchors": best.column("anchor").to_pylist(),
        "top_anchor_domains": best.column("domain_count_distinct").to_pylist(),
        "top_anchor_backlinks": best.column("domain_count").to_pylist(),
    }


def _acquisitions(links: pa.Table) -> dict[str, Any]:
    classified = links.filter(links.column("acquisition").is_valid())
    if not classified.num_rows:
        return {}
    found = _by_domains(classified, "acquisition")
    return {
        "acquisitions": found.column("acquisition").to_pylist(),
        "acquisition_domains": found.column("domain_count_distinct").to_pylist(),
        "acquisition_backlinks": found.column("domain_count").to_pylist(),
    }


def _best(links: pa.Table, top: int) -> dict[str, Any]:
    judged = links.filter(links.column("quality").is_valid())
    if not judged.num_rows:
        return {}
    order = [("quality", "descending"), ("page", "ascending"), ("anchor", "ascending")]
    firsts = [(name, "first") for name in ("quality", "page", "anchor")]
    # use_threads=False: only then is "first" the first row, which is the best link.
    best = judged.sort_by(order).group_by("domain", use_threads=False).aggregate(firsts)
    shown = best.slice(0, top)
    return {
        "quality_median": float(np.median(best.column("quality_first").to_numpy())),
        "best_pages": shown.column("page_first").to_pylist(),
        "best_anchors": shown.column("anchor_first").to_pylist(),
        "best_qualities": shown.column("quality_first").to_pylist(),
    }


def _by_domains(links: pa.Table, column: str) -> pa.Table:
    """Return each value of a column with the domains and backlinks that have it, most domains first."""
    grouped = links.group_by(column).aggregate([("domain", "count_distinct"), ("domain", "count")])
    order = [("domain_count_distinct", "descending"), ("domain_count", "descending"), (column, "ascending")]
    return grouped.sort_by(order)
