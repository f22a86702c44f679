"""What pages and links of a crawl tell about their sites → owners, copies and exchanges, and what they say of a link.

Promises columns that `linkgraph backlinks` shows: `same_owner`, `sitewide` with its count and share, and an acquisition
that takes them into account. Thin: what decides lies in `linkgraph/graph/sites/` and `linkgraph/classify/sites.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.classify.sites import Facts, revise
from linkgraph.graph.collapse.pairs import packed, places, unpacked
from linkgraph.graph.collapse.scan import Scan, among, ids_of
from linkgraph.graph.collapse.standing import Standing
from linkgraph.graph.intern import Interner
from linkgraph.graph.names import Names
from linkgraph.graph.sites.copies import Copies, copies, mirrors, originals
from linkgraph.graph.sites.owners import SITEWIDE_PAGES, SITEWIDE_SHARE, Owners, owners, sitewide
from linkgraph.graph.sites.pairs import Pairs
from linkgraph.index.clicks import title_fit
from linkgraph.index.schema import JUDGED_COLUMNS, SITE_COLUMNS, SITES
from linkgraph.index.site_links import LINKS_SEEN, SiteLinks, template_pages
from linkgraph.index.site_pages import SitePages

SHORTEST_NAME = 5
"""Letters that a name needs before it says something that it stands in another."""


@dataclass(frozen=True, slots=True)
class Sites:
    """Everything that was found out about the sites of a data set."""

    pages: SitePages
    pairs: Pairs
    owners: Owners
    copied: Copies
    """Pairs of pages; rows of `pages`."""
    origin: NDArray[np.int64]
    """The site whose text each page copies, -1 for none."""
    exchanged: NDArray[np.int64]
    """Packed pairs of sites, both ways, that list each other."""
    credited: NDArray[np.int64]
    """How many owners link to each site from the frame of most pages; shape (n,)."""

    @classmethod
    def read(cls, edges: Scan, pages: Scan, names: Mapping[str, Names], standing: Standing) -> Sites:
        """Find out about the sites of a data set without building it.

        Args:
            edges: rows of the edges table, classified.
            pages: rows of the pages table.
            names: of the domains and hosts, node by node.
            standing: tells which links still stand.
        """
        domains, hosts = Interner.of(names["domain"]), Interner.of(names["host"])
        seen = SiteLinks(domains, standing)
        for batch in edges.batches(LINKS_SEEN):
            seen.see(batch)
        return cls.of(SitePages.read(pages, domains, hosts), seen, names["domain"])

    @classmethod
    def of(cls, pages: SitePages, links: SiteLinks, names: Names) -> Sites:
        """Decide, once every page and link was seen."""
        pairs, site = links.pairs.found(), pages.column("site")
        known = np.bincount(pairs.dst, minlength=pages.sites)
        with_text = np.flatnonzero(pages.column("simhash"))
        found = copies(pages.column("simhash")[with_text], site[with_text])
        copied = Copies(with_text[found.one], with_text[found.other])
        origin = originals(copied, site, pages.column("canonical"), known)
        one, other = site[copied.one], site[copied.other]
        texts = np.unique(packed(np.minimum(one, other), np.maximum(one, other)))
        read = pages.pages_of("site")
        framed = sitewide(pairs, read, pairs.frame)
        same = owners(pairs, read, pages.shared(), links.templates, _like_names(pairs, framed, names), texts)
        by_owner = np.unique(packed(same.cluster[pairs.src[framed]], pairs.dst[framed]))
        credited = np.bincount(unpacked(by_owner)[1], minlength=pages.sites)
        return cls(pages, pairs, same, copied, origin, _exchanged(pairs, same), credited)

    def popularity(self, pagerank: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how many of a million page views of the random surfer fall on a page of each site; shape (n,).

        Args:
            pagerank: of each site: the surfer's time there, which is spread evenly over its pages.
        """
        return 1e6 * pagerank / np.maximum(self.pages.pages_of("site"), 1)

    def owner_names(self, names: Names) -> dict[str, str]:
        """Return the first site of its owner for each site that shares one with another; *names* are the sites'."""
        size = np.bincount(self.owners.cluster)[self.owners.cluster]
        leader: dict[int, str] = {}
        return {
            names[site]: leader.setdefault(int(self.owners.cluster[site]), names[site])
            for site in np.flatnonzero(size > 1).tolist()
        }

    def mirrors(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the pairs of sites (lower first) of which one mirrors the other."""
        return mirrors(self.copied, self.pages.column("site"))

    def table(self, names: Names) -> pa.Table:
        """Return the rows of `SITES`, by owner and domain."""
        first, second = self.mirrors()
        mirror_of = dict(zip(*self._by_origin(first, second), strict=True))
        owner = self.owner_names(names)
        told: dict[int, list[str]] = {}
        one, other = unpacked(self.owners.key)
        for left, right, words in zip(one.tolist(), other.tolist(), self.owners.words(one, other), strict=True):
            for site, partner in ((left, right), (right, left)):
                told.setdefault(site, []).append(f"{words}: {names[partner]}")
        rows = []
        for site in sorted({*map(names.find, owner), *mirror_of}):
            original = mirror_of.get(site)
            rows.append(
                {
                    "domain": names[site],
                    "owner": owner.get(names[site]),
                    "evidence": told.get(site, []),
                    "mirror_of": None if original is None else names[original],
                }
            )
        return pa.Table.from_pylist(rows, schema=SITES).sort_by([("owner", "ascending"), ("domain", "ascending")])

    def _by_origin(self, first: NDArray[np.int32], second: NDArray[np.int32]) -> tuple[list[int], list[int]]:
        """Return the copy and the original of each pair of mirrors: most copied pages decide."""
        site = self.pages.column("site")
        copied = packed(site, np.maximum(self.origin, 0).astype(np.int32))[self.origin >= 0]
        pairs, count = np.unique(copied, return_counts=True)
        count = np.append(count, 0)
        swapped = count[places(pairs, packed(second, first))] > count[places(pairs, packed(first, second))]
        return np.where(swapped, second, first).tolist(), np.where(swapped, first, second).tolist()

    def add_to(
        self, links: pa.Table, pages: pa.Table, domains: Interner, hosts: Interner, popularity: NDArray[np.float64]
    ) -> pa.Table:
        """Return the links of one bucket with `SITE_COLUMNS` and `JUDGED_COLUMNS`, and their acquisition judged again.

        Args:
            links: working form.
            pages: the newest row of each of the targets' pages.
            domains: numbers every domain.
            hosts: numbers every host.
            popularity: of each domain.
        """
        src, dst = (ids_of(domains.find, links[f"{side}_domain"].combine_chunks()) for side in ("src", "dst"))
        apart = np.flatnonzero((src != dst) & among(links["kind"].combine_chunks(), ("a", "area")))
        rows, source, target = links.take(pa.array(apart)), src[apart], dst[apart]
        same = self.owners.same(source, target)
        on = template_pages(rows)
        of_host = self.pages.pages_of("host")[ids_of(hosts.find, rows["src_host"].combine_chunks())]
        share = np.minimum(on / np.maximum(of_host, 1), 1.0)
        often = (on >= SITEWIDE_PAGES) & (share >= SITEWIDE_SHARE)
        row = ids_of(self.pages.urls.find, rows["src_url"].combine_chunks())
        facts = Facts(
            owner=self._owner_words(source, target, same),
            copied=(row >= 0) & (self.origin[row] >= 0) if len(self.origin) else row >= 0,
            exchanged=np.isin(packed(source, target), self.exchanged),
            sitewide=often,
            credited=self.credited[target],
        )
        judged = revise(rows, facts)
        for name, values in judged.items():
            place = links.schema.get_field_index(name)
            links = links.set_column(place, name, _replaced(links[name], apart, values))
        for column, values in zip(
            (*SITE_COLUMNS, *JUDGED_COLUMNS),
            (same, often, on, share, title_fit(rows, pages), popularity[source]),
            strict=True,
        ):
            blank = pa.nulls(links.num_rows, column.type)
            links = links.append_column(
                column, _replaced(pa.chunked_array([blank]), apart, pa.array(values, column.type))
            )
        return links

    def _owner_words(self, src: NDArray[np.int32], dst: NDArray[np.int32], same: NDArray[np.bool_]) -> list[str]:
        """Return what speaks for one owner of both ends of each link, empty where nothing does."""
        words = np.full(len(src), "", object)
        words[same] = self.owners.words(src[same], dst[same])
        return list(words)


def without_sites(links: pa.Table) -> pa.Table:
    """Return links that no longer stand with `SITE_COLUMNS` and `JUDGED_COLUMNS`, null: only what stands was judged."""
    for column in (*SITE_COLUMNS, *JUDGED_COLUMNS):
        links = links.append_column(column, pa.nulls(links.num_rows, column.type))
    return links


def _replaced(column: pa.ChunkedArray, rows: NDArray[np.int64], values: pa.Array) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        return pa.chunked_array([_recoded(column.combine_chunks(), rows, values.dictionary_encode())])
    chosen = np.zeros(len(column), bool)
    chosen[rows] = True
    return pc.replace_with_mask(column, pa.array(chosen), values.cast(column.type))


def _recoded(column: pa.DictionaryArray, rows: NDArray[np.int64], values: pa.DictionaryArray) -> pa.DictionaryArray:
    """Return a coded column without nulls with other values in some rows."""
    words = pa.concat_arrays([column.dictionary, values.dictionary.cast(column.type.value_type)]).dictionary_encode()
    number = words.indices.to_numpy()
    codes = number[column.indices.to_numpy()]
    codes[rows] = number[values.indices.to_numpy() + len(column.dictionary)]
    return pa.DictionaryArray.from_arrays(pa.array(codes), words.dictionary)


def _exchanged(pairs: Pairs, same: Owners) -> NDArray[np.int64]:
    back = pairs.reverse()
    both = (back >= 0) & (pairs.listed > 0) & (pairs.listed[back] > 0) if len(back) else np.zeros(0, bool)
    return packed(pairs.src, pairs.dst)[both & ~same.same(pairs.src, pairs.dst)]


def _like_names(pairs: Pairs, framed: NDArray[np.bool_], names: Names) -> NDArray[np.int64]:
    """Return the packed pairs of linked sites of which one has the other's name in its own."""
    found = []
    for one, other in zip(pairs.src[framed].tolist(), pairs.dst[framed].tolist(), strict=True):
        short, long = sorted((names[one].partition(".")[0], names[other].partition(".")[0]), key=len)
        if len(short) >= SHORTEST_NAME and short in long:
            found.append((min(one, other) << 32) | max(one, other))
    return np.unique(np.array(found, np.int64))
