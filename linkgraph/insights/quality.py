"""Backlinks → how good each is, from 0 to 100, with the parts that make it, and how many readers it may bring.

Promises one documented formula (docs/quality.md) whose parts stand beside the score, and no part that is not in the
data: what is not known counts as the middle. Refuses to weigh what a build did not look at: its links have no score.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.classify.vocabulary import CHOSEN

Floats = NDArray[np.float64]

WEIGHTS: dict[str, float] = {
    "authority": 0.25,
    "acquisition": 0.25,
    "placement": 0.15,
    "trust": 0.05,
    "company": 0.10,
    "fit": 0.10,
    "age": 0.05,
    "followed": 0.05,
}
"""Exponents of the parts in the weighted geometric mean; they add up to 1."""

MERIT: dict[str, float] = {
    "editorial": 1.0, "placed": 0.5, "profile": 0.5, "directory": 0.4, "unknown": 0.4, "ugc": 0.3, "reciprocal": 0.3,
    "paid": 0.2, "owner": 0.1, "syndicated": 0.1, "boilerplate": 0.1,
}  # fmt: skip
"""What a link of each acquisition says of its target: how far somebody else chose it on merit."""

UNTRUSTED = 0.5
"""The trust in a source none of whose rank comes from the user's trusted domains: unknown, which is no guilt."""

UNKNOWN_TRUST = 0.75
"""The trust in a source of a build without such a list: the middle between none of its rank (0.5) and all (1)."""

SPAM = 0.1
"""The trust in a source that the user's list of spam names, or that leads there as much."""

UNVOTED = 5.0
"""Points of authority that every source is given: a site that nobody votes for has readers, too."""

ALONE = 10
"""Hyperlinks on a page up to which a link is in good company."""

UNKNOWN_FIT = 0.75
"""The part for a target whose title is not known, between none of its words (0.5) and all of them (1)."""

HALF_YEAR = 180.0
"""Days of standing in which what a link lacks for its age falls by the factor e."""

UNFOLLOWED = 0.3
"""The part of a link that its author disowns by nofollow, ugc or sponsored."""

ORDERS = {"authority": "src_authority", "quality": "quality", "referral": "referral_value"}
"""By what backlinks can be sorted, and the column that it is."""

QUALITY: tuple[pa.Field, ...] = (
    pa.field("quality", pa.float64()),
    *(pa.field(f"quality_{part}", pa.float64()) for part in WEIGHTS),
    pa.field("referral_value", pa.float64()),
)
"""What is added to backlinks, null for links of a build that did not look for it."""


def trust_in(mass: Floats | None, leads: Floats | None) -> Floats | float:
    """Return the part `trust`, from `SPAM` times `UNTRUSTED` to 1, of the shape of its arguments.

    Args:
        mass: share of a source's rank that the trusted domains do not account for; None without a list of them.
        leads: how far a source leads to known spam, 1 what is on the list itself; None without a list of spam.
    """
    of_mass = UNKNOWN_TRUST if mass is None else 1 - (1 - UNTRUSTED) * np.clip(mass, 0, 1)
    return of_mass if leads is None else of_mass * (1 - (1 - SPAM) * np.clip(leads, 0, 1))


def with_quality(
    links: pa.Table, views: Mapping[str, float] | None = None, trust: Mapping[str, float] | None = None
) -> pa.Table:
    """Return backlinks with the columns of `QUALITY`.

    Args:
        links: rows of the links table.
        views: page views by URL, the user's own; None for the proxy that the build made.
        trust: by source domain, `trust_in`; None where the build has no lists.
    """
    known = links["acquisition"].is_valid() if links.num_rows else pa.chunked_array([pa.array([], pa.bool_())])
    shown = known.to_numpy()
    values = parts(links, trust or {})
    score = 100 * np.exp(sum(weight * np.log(values[part]) for part, weight in WEIGHTS.items()))
    share = _numbers(links, "click_share", np.nan)
    columns = [score, *(values[part] for part in WEIGHTS), share * _popularity(links, views)]
    for column, value in zip(QUALITY, columns, strict=True):
        links = links.append_column(column, pa.array(value, mask=~shown | np.isnan(value)))
    return links


def _popularity(links: pa.Table, views: Mapping[str, float] | None) -> Floats:
    if views is None:
        return _numbers(links, "src_popularity", np.nan)
    return np.array([views.get(url, np.nan) for url in links["src_url"].to_pylist()], np.float64)


def parts(links: pa.Table, trust: Mapping[str, float]) -> dict[str, Floats]:
    """Return each part of the score, from 0 (excluded) to 1; shape (n,). *trust* is by source domain."""
    sure = _numbers(links, "acquisition_probability", 0.0)
    merit = sure * _looked_up(links, "acquisition", MERIT) + (1 - sure) * MERIT["unknown"]
    days = (
        pc.subtract(links["last_seen"].cast(pa.int64()), links["first_seen"].cast(pa.int64())).to_numpy() / 86_400_000
    )
    disowned = np.zeros(links.num_rows, bool)
    for name in ("nofollow", "ugc", "sponsored"):
        disowned |= links[name].to_numpy()
    return {
        "authority": (links["src_authority"].to_numpy() + UNVOTED) / (100 + UNVOTED),
        "acquisition": merit,
        "placement": np.maximum(_looked_up(links, "placement", CHOSEN), 0.01),
        "trust": _looked_up(links, "src_domain", trust, UNKNOWN_TRUST),
        "company": 1 / (1 + np.log10(np.maximum(_numbers(links, "page_links", ALONE), ALONE) / ALONE)),
        "fit": np.where(np.isnan(fit := _numbers(links, "title_fit", np.nan)), UNKNOWN_FIT, 0.5 + 0.5 * fit),
        "age": 1 - 0.5 * np.exp(-days / HALF_YEAR),
        "followed": np.where(disowned, UNFOLLOWED, 1.0),
    }


def collapsed(links: pa.Table) -> pa.Table:
    """Return backlinks with one row, the first, for each site-wide link: same host, target, words and zone."""
    names = ("src_host", "dst_url", "anchor", "alt", "zone")
    rows = zip(*(links[name].to_pylist() for name in (*names, "sitewide")), strict=True)
    seen: set[tuple[object, ...]] = set()
    kept = []
    for *key, sitewide in rows:
        kept.append(not sitewide or tuple(key) not in seen)
        if sitewide:
            seen.add(tuple(key))
    return links.filter(pa.array(kept, pa.bool_()))


def _looked_up(links: pa.Table, column: str, values: Mapping[str, float], blank: float = 0.0) -> Floats:
    words = links[column].cast(pa.string()).to_pylist()
    return np.array([values.get(word, blank) if word else blank for word in words], np.float64)


def _numbers(links: pa.Table, column: str, blank: float) -> Floats:
    return np.asarray(links[column].cast(pa.float64()).fill_null(blank).to_numpy(), dtype=np.float64)
