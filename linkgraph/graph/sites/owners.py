"""What pairs of sites share → clusters of sites that one owner probably runs, and what speaks for each pair.

Every piece of evidence has points; two sites of together 1 or more are one owner's, and so is whoever is joined to
either. Promises that no single weak sign (an address, a template, a name) joins two sites, and that what many share (an
id, an address, a site that everybody's footer credits) joins nobody. The points are ours: judged on the demo web and by
reading clusters of real sites, see docs/measured.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import packed, places, sharing, unpacked
from linkgraph.graph.components import weak_components
from linkgraph.graph.csr import LinkGraph
from linkgraph.graph.sites.pairs import Pairs
from linkgraph.graph.sites.templates import Templates

POINTS: dict[str, float] = {
    "shared account id": 1.0,
    "mutual site-wide links": 1.0,
    "site-wide link": 0.4,
    "shared address": 0.4,
    "shared subnet": 0.2,
    "like templates": 0.4,
    "common site-wide target": 0.2,
    "like names": 0.3,
}
"""Evidence → its points. A pair of 1 or more is one owner's."""

_BITS = {word: 1 << place for place, word in enumerate(POINTS)}

ID_SITES = 50
"""Sites that share an account id at most: beyond that it is the id of a service."""

ID_SHARE = 0.3
"""Share of a site's pages that carry an id before it counts as the site's: less is a quoted script."""

ADDRESS_SITES, SUBNET_SITES = 10, 50
"""Sites at an address, or in its /24 (IPv6: /48), at most: beyond that it is a shared server."""

CREDITED_BY = 5
"""Sites whose frame links to a site on most pages, before it speaks for none of them: a theme, a host."""

SITEWIDE_PAGES, SITEWIDE_SHARE = 5, 0.5
"""Site-wide: on so many pages, and on this share of the pages of a site that were read."""

LIKENESS = 0.5
"""Estimated share of common link paths from which two templates are alike."""

Nodes = NDArray[np.int32]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Shared:
    """Things that sites have in common: thing k belongs to site `site[k]`; sorted by nothing."""

    thing: Nodes
    site: Nodes


@dataclass(frozen=True, slots=True)
class Owners:
    """Who belongs together."""

    cluster: Nodes
    """Shape (n,): a number for the owner of each site; sites that nothing joins have one of their own."""
    key: NDArray[np.int64]
    """The joined pairs, lower site first, packed and ascending."""
    evidence: NDArray[np.int32]
    """What speaks for each of them, as bits in the order of `POINTS`."""

    def same(self, one: Nodes, other: Nodes) -> Bools:
        """Return whether one owner runs both sites."""
        joined: Bools = self.cluster[one] == self.cluster[other]
        return joined

    def words(self, one: Nodes, other: Nodes) -> list[str]:
        """Return what speaks for each pair: words of `POINTS`, or that others join them."""
        pairs = packed(np.minimum(one, other), np.maximum(one, other))
        bits = np.append(self.evidence, 0)[places(self.key, pairs)]
        said = {value: ", ".join(word for word, bit in _BITS.items() if value & bit) for value in set(bits.tolist())}
        return [said[value] or "joined by other sites" for value in bits.tolist()]


def sitewide(pairs: Pairs, pages: NDArray[np.int64], on: NDArray[np.int32]) -> Bools:
    """Return which pairs have links on most pages of their source.

    Args:
        pairs: who links to whom.
        pages: how many pages of each site were read.
        on: pages with such a link, of each pair.
    """
    often: Bools = on >= np.maximum(SITEWIDE_PAGES, SITEWIDE_SHARE * pages[pairs.src])
    return often


def owners(
    pairs: Pairs,
    pages: NDArray[np.int64],
    shared: dict[str, Shared],
    templates: Templates,
    like_names: NDArray[np.int64],
    copied: NDArray[np.int64],
) -> Owners:
    """Return the clusters.

    Args:
        pairs: who links to whom.
        pages: how many pages of each site were read; shape (n,).
        shared: `shared account id`, `shared address` and `shared subnet`: who has which.
        templates: signatures of the sites' templates.
        like_names: packed pairs (lower first, ascending) of linked sites with like names.
        copied: packed pairs (lower first, ascending) that share texts: an id may have been copied with them.
    """
    found: list[tuple[NDArray[np.int64], int]] = []
    most = {"shared account id": ID_SITES, "shared address": ADDRESS_SITES, "shared subnet": SUBNET_SITES}
    for word, things in shared.items():
        keys = _together(things, most[word])
        found.append((np.setdiff1d(keys, copied) if word == "shared account id" else keys, _BITS[word]))
    framed = sitewide(pairs, pages, pairs.frame)
    credited = np.bincount(pairs.dst[framed], minlength=len(pages)) >= CREDITED_BY
    back = pairs.reverse()
    mutual = framed & (back >= 0) & framed[back]
    telling = framed & ~mutual & ~credited[pairs.dst]
    found += [(_key(pairs, mutual), _BITS["mutual site-wide links"]), (_key(pairs, telling), _BITS["site-wide link"])]
    key, evidence = _collected(found)
    evidence |= np.where(np.isin(key, like_names), _BITS["like names"], 0).astype(np.int32)
    one, other = unpacked(key)
    evidence |= np.where(templates.likeness(one, other) >= LIKENESS, _BITS["like templates"], 0).astype(np.int32)
    often = sitewide(pairs, pages, pairs.pages) & ~credited[pairs.dst]
    common = _common_target(one, other, pairs.src[often], pairs.dst[often])
    evidence |= np.where(common, _BITS["common site-wide target"], 0).astype(np.int32)
    points = sum((evidence & bit > 0) * POINTS[word] for word, bit in _BITS.items())
    joined = np.asarray(points) >= 1.0 - 1e-9
    return _clustered(key[joined], evidence[joined], len(pages))


def _key(pairs: Pairs, chosen: Bools) -> NDArray[np.int64]:
    src, dst = pairs.src[chosen], pairs.dst[chosen]
    return np.unique(packed(np.minimum(src, dst), np.maximum(src, dst)))


def _together(things: Shared, most: int) -> NDArray[np.int64]:
    """Return the pairs of sites that have a thing in common which at most *most* sites have."""
    every = np.unique(sharing(np.unique(packed(things.thing, things.site)), most))
    one, other = unpacked(every)
    return every[one < other]


def _collected(found: list[tuple[NDArray[np.int64], int]]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    keys = np.concatenate([keys for keys, _ in found])
    bits = np.concatenate([np.full(len(keys), bit, np.int32) for keys, bit in found])
    key, of = np.unique(keys, return_inverse=True)
    evidence = np.zeros(len(key), np.int32)
    np.bitwise_or.at(evidence, of, bits)
    return key, evidence


def _common_target(one: Nodes, other: Nodes, src: Nodes, dst: Nodes) -> Bools:
    """Return which pairs of sites have a third that both link to on most pages."""
    starts = np.searchsorted(src, np.arange(max(src.max(initial=-1), one.max(initial=0), other.max(initial=0)) + 2))
    found = np.zeros(len(one), bool)
    for place, (left, right) in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
        mine, theirs = (dst[starts[site] : starts[site + 1]] for site in (left, right))
        found[place] = bool(len(np.intersect1d(mine, theirs, assume_unique=True)))
    return found


def _clustered(key: NDArray[np.int64], evidence: NDArray[np.int32], sites: int) -> Owners:
    one, other = unpacked(key)
    cluster = np.arange(sites, dtype=np.int32)
    if len(key):
        cluster, _ = weak_components(LinkGraph.from_arrays(one, other, sites))
    return Owners(cluster, key, evidence)
