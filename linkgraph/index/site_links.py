"""The links of whole pages, as they are sorted → who links to whom from how many pages, and what templates look like.

Promises counts over the links that still stand. Memory grows with the pairs of sites that link to each other.
"""

from __future__ import annotations

import zlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.classify.vocabulary import FRAME, LISTED
from linkgraph.graph.collapse.scan import among, utf8
from linkgraph.graph.collapse.standing import Standing
from linkgraph.graph.intern import Interner
from linkgraph.graph.sites.pairs import PairCounts
from linkgraph.graph.sites.templates import Templates

LINKS_SEEN = ("kind", "src_url", "observed_at", "src_domain", "dst_domain", "placement", "dom_path")
"""Columns of classified links that `SiteLinks` reads."""


class SiteLinks:
    """What is learnt from links on the way.

    Args:
        domains: numbers every domain.
        standing: tells which links still stand.
    """

    def __init__(self, domains: Interner, standing: Standing) -> None:
        self._domains, self._standing = domains, standing
        self.pairs, self.templates = PairCounts(), Templates(len(domains))

    def see(self, batch: pa.RecordBatch) -> None:
        """Take in classified links of whole pages, in working form."""
        chosen = among(batch.column("kind"), ("a", "area"))
        chosen &= self._standing.holds(batch.column("src_url"), batch.column("observed_at"))
        links = batch.filter(pa.array(chosen))
        src, dst = (self._domains.find(*utf8(links.column(f"{side}_domain"))) for side in ("src", "dst"))
        self._see_templates(src, links)
        apart = src != dst
        place = links.column("placement").filter(pa.array(apart))
        page = links.column("src_url").dictionary_encode().indices.to_numpy().astype(np.int64)[apart]
        self.pairs.add(page, src[apart], dst[apart], among(place, FRAME), among(place, LISTED))

    def _see_templates(self, src: NDArray[np.int32], links: pa.RecordBatch) -> None:
        """Take in the paths to links around the content; those within it tell what a page says."""
        around = among(links.column("placement"), FRAME)
        paths = links.column("dom_path").filter(pa.array(around)).dictionary_encode()
        texts = pc.replace_substring_regex(bare(paths.dictionary), r"#[^.>]*", "").to_pylist()
        crcs = np.array([zlib.crc32(text.encode()) for text in texts], np.uint32)
        self.templates.add(src[around], crcs[paths.indices.to_numpy()])


def bare(paths: pa.Array) -> pa.Array:
    """Return paths without digits, which number posts and comments and not places of a template."""
    return pc.replace_substring_regex(paths, r"[0-9]+", "")


def template_pages(links: pa.Table) -> NDArray[np.int64]:
    """Return on how many pages of its host each link stands again: same target, words and place; shape (n,).

    Args:
        links: every link to some targets, working form.
    """
    key = np.zeros(links.num_rows, np.int64)
    paths = links["dom_path"].combine_chunks().dictionary_encode()
    columns = [links[name].combine_chunks().dictionary_encode() for name in ("src_host", "dst_url", "anchor", "alt")]
    for column in (*columns, bare(paths.dictionary).take(paths.indices).dictionary_encode()):
        number = pc.fill_null(column.indices, -1).to_numpy().astype(np.int64) + 1
        _, key = np.unique(key * (number.max(initial=0) + 1) + number, return_inverse=True)
    page = links["src_url"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    once = np.unique(key * (page.max(initial=0) + 1) + page) // (page.max(initial=0) + 1)
    pages: NDArray[np.int64] = np.bincount(once, minlength=1)[key]
    return pages
