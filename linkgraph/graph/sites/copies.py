"""Fingerprints of pages → which pages are copies of pages of another site, and of which.

Two pages have the same text when their simhashes (Charikar 2002) differ in at most three of 64 bits, the distance that
Manku, Jain and Das Sarma (2007) found right for web pages; equal content digests are a case of it. Promises the same
answer in any order of pages. Refuses to call a text a copy that stands on many sites, or that is all two sites share:
that is a default page of their software.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linkgraph.graph.collapse.pairs import packed, unpacked
from linkgraph.graph.components import weak_components
from linkgraph.graph.csr import LinkGraph

BITS = 3
MOST_SITES = 20
"""Sites on which a copied text stands at most."""

FEWEST_TEXTS = 2
"""Texts that two sites share at least."""

MIRROR_PAGES = 5
MIRROR_SHARE = 0.5
"""A mirror: so many pages, and this share of the smaller site's, stand on the other."""

_RUN = 64
"""Simhashes alike in a quarter of their bits that are compared with each other at most: longer runs are templates."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Copies:
    """Pairs of pages of two sites with the same text; shape (k,)."""

    one: Numbers
    other: Numbers


def near(simhash: Numbers) -> tuple[Numbers, Numbers]:
    """Return the pairs (i < j) of places whose distinct simhashes differ in at most `BITS` bits.

    Two such simhashes agree in at least one quarter of their bits, so that sorting by each brings them together.
    """
    values = simhash.astype(np.uint64)
    found = []
    for quarter in range(4):
        part = (values >> np.uint64(16 * quarter)) & np.uint64(0xFFFF)
        order = np.lexsort((values, part))
        part, at, step = part[order], np.arange(len(values)), 1
        while step <= _RUN and len(at):
            at = at[at + step < len(values)]
            at = at[part[at] == part[at + step]]
            left, right = order[at], order[at + step]
            close = np.bitwise_count(values[left] ^ values[right]) <= BITS
            found.append(packed(np.minimum(left, right)[close], np.maximum(left, right)[close]))
            step += 1
    left, right = unpacked(np.unique(np.concatenate([np.empty(0, np.int64), *found])))
    return left.astype(np.int64), right.astype(np.int64)


def copies(simhash: Numbers, site: NDArray[np.int32]) -> Copies:
    """Return the pairs of pages that have the same text on two sites.

    Args:
        simhash: of each page, shape (n,).
        site: of each page.
    """
    values, text = np.unique(simhash, return_inverse=True)
    one, other = near(values)
    # Each text with itself and with its near ones: places of pages, text after text.
    left, right = (np.concatenate([np.arange(len(values)), side]) for side in (one, other))
    spread = _sites_of(text, site, len(values))
    few = (spread[left] <= MOST_SITES) & (spread[right] <= MOST_SITES) & ((left != right) | (spread[left] > 1))
    pages = _joined(text, left[few], right[few], len(values))
    apart = site[pages.one] != site[pages.other]
    # Near texts are one: a default page in several wordings is still all that two sites share.
    same, _ = weak_components(LinkGraph.from_arrays(one, other, len(values)))
    return _shared(Copies(pages.one[apart], pages.other[apart]), same[text].astype(np.int64), site)


def _sites_of(text: Numbers, site: NDArray[np.int32], texts: int) -> Numbers:
    pairs = np.unique(packed(text.astype(np.int32), site))
    return np.bincount(pairs >> 32, minlength=texts)


def _joined(text: Numbers, left: Numbers, right: Numbers, texts: int) -> Copies:
    """Return every pair of a page of each left text and a page of its right text, none of them twice."""
    order = np.argsort(text, kind="stable")
    count = np.bincount(text, minlength=texts)
    begin = np.cumsum(count) - count
    sizes = count[left] * count[right]
    row = np.repeat(np.arange(len(left)), sizes)
    within = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    wide = count[right][row]
    one, other = order[begin[left][row] + within // wide], order[begin[right][row] + within % wide]
    once = one < other
    once |= left[row] != right[row]
    return Copies(one[once], other[once])


def _shared(found: Copies, text: Numbers, site: NDArray[np.int32]) -> Copies:
    """Return the pairs whose two sites share at least `FEWEST_TEXTS` texts."""
    low, high = np.sort(np.stack([site[found.one], site[found.other]]), axis=0)
    sites, of = np.unique(packed(low, high), return_inverse=True)
    texts = np.unique(packed(of.astype(np.int32), np.minimum(text[found.one], text[found.other]).astype(np.int32)))
    enough = np.bincount(texts >> 32, minlength=len(sites)) >= FEWEST_TEXTS
    return Copies(found.one[enough[of]], found.other[enough[of]])


def originals(found: Copies, site: NDArray[np.int32], canonical: NDArray[np.int32], known: Numbers) -> Numbers:
    """Return the site whose text each page copies, -1 for pages that are no copies; shape (n,).

    Of two sites the original is the one that the other's pages name as canonical; else the one that more sites link to;
    else the one with more pages here; else the first.

    Args:
        found: pairs of pages.
        site: of each page.
        canonical: the other site that a page names as its canonical home, -1 for none; shape (n,).
        known: how many sites link to each site.
    """
    one, other = site[found.one], site[found.other]
    low, high = np.minimum(one, other), np.maximum(one, other)
    sites, of = np.unique(packed(low, high), return_inverse=True)
    swapped = one != low
    page_low, page_high = np.where(swapped, found.other, found.one), np.where(swapped, found.one, found.other)
    named = np.bincount(of, canonical[page_high] == low, len(sites)) - np.bincount(
        of, canonical[page_low] == high, len(sites)
    )
    first, second = unpacked(sites)
    pages = np.bincount(site, minlength=len(known))
    signs = np.sign(np.stack([named, known[first] - known[second], pages[first] - pages[second], np.ones(len(sites))]))
    low_first = signs[(signs != 0).argmax(axis=0), np.arange(len(sites))] > 0
    copied = np.where(low_first[of], page_high, page_low)
    origin = np.full(len(site), -1, np.int64)
    # The lowest original by number, so that the order of pages does not matter.
    source = np.where(low_first[of], low, high)
    order = np.argsort(-source, kind="stable")
    origin[copied[order]] = source[order]
    return origin


def mirrors(found: Copies, site: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the pairs of sites (lower first) of which one is for the most part a copy of the other."""
    low, high = np.sort(np.stack([site[found.one], site[found.other]]), axis=0)
    sites, of = np.unique(packed(low, high), return_inverse=True)
    first, second = unpacked(sites)
    pages = np.bincount(site)
    shared = []
    for mine in (first, second):
        page = np.where(site[found.one] == mine[of], found.one, found.other)
        shared.append(
            np.bincount(np.unique(packed(of.astype(np.int32), page.astype(np.int32))) >> 32, minlength=len(sites))
        )
    smaller = np.minimum(pages[first], pages[second]) if len(sites) else np.empty(0)
    least = np.where(pages[first] <= pages[second], *shared) if len(sites) else np.empty(0)
    is_mirror = (least >= MIRROR_PAGES) & (least >= MIRROR_SHARE * smaller)
    return first[is_mirror], second[is_mirror]
