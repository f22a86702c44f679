"""The links of whole pages → which share of a reader's clicks each probably gets, and how many links compete for them.

After the reasonable surfer of Dean, Anderson and Battle (US patent 7,716,225): a link is chosen by where it stands and
how it looks. Promises shares that add up to 1 on every page that has a hyperlink. Refuses to say how many readers click
at all: a share is of the clicks that there are.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.classify.vocabulary import CHOSEN
from linkgraph.graph.collapse.scan import among, mask
from linkgraph.graph.collapse.weigh import link_weights
from linkgraph.graph.policy import EDITORIAL, Weighing

_UNSPACED = re.compile("[\u2e80-\ud7ff]+")
"""Han, kana, hangul."""

_BLANK = pa.scalar(" ", pa.large_string())

_PLACELESS: Weighing = replace(cast("Weighing", EDITORIAL.weighing), zones=())
"""How the policy `editorial` weighs crowded blocks, position and words; the placement says more than the zone."""


def clicks(batch: pa.RecordBatch) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return how many hyperlinks stand on each link's page, and the link's share of clicks; both shape (n,).

    Args:
        batch: classified links of whole pages; what is no hyperlink has share 0.
    """
    hyperlink = among(batch.column("kind"), ("a", "area"))
    place = batch.column("placement").dictionary_encode()
    chosen = np.array([CHOSEN.get(word, 0.0) for word in place.dictionary.to_pylist()] or [0.0])
    weight = chosen[place.indices.to_numpy()] * link_weights(batch, _PLACELESS) * hyperlink
    page = batch.column("src_url").dictionary_encode().indices.to_numpy()
    total = np.bincount(page, weight, minlength=1)[page] if len(page) else weight
    count = np.bincount(page, hyperlink, minlength=1)[page] if len(page) else weight
    share = np.divide(weight, total, out=np.zeros(len(weight)), where=total > 0)
    return count.astype(np.int32), share.astype(np.float32)


def title_fit(links: pa.Table, titles: pa.Table) -> pa.Array:
    """Return the share of the words of each target's title that stand in and around the link; null where not known.

    Words are runs of three letters or more, compared in lower case; in scripts that write no spaces between words, any
    two characters that follow each other, as text search takes them. A title without such words says nothing.

    Args:
        links: to other sites, working form.
        titles: `url` and `title` of the targets' pages.
    """
    target = links["dst_url"].combine_chunks().dictionary_encode()
    row = pc.index_in(target.dictionary, value_set=titles["url"].combine_chunks()).take(target.indices)
    texts = titles["title"].combine_chunks()
    wanted: dict[int, frozenset[str]] = {}
    fits: list[float | None] = [None] * links.num_rows
    known = np.flatnonzero(mask(row.is_valid()))
    around = pc.utf8_lower(pc.binary_join_element_wise(*_context(links.take(pa.array(known))), _BLANK))
    for place, target, text in zip(
        known.tolist(), row.take(pa.array(known)).to_pylist(), around.to_pylist(), strict=True
    ):
        if target not in wanted:
            wanted[target] = _words(texts[target].as_py() or "")
        if wanted[target]:
            fits[place] = sum(word in text for word in wanted[target]) / len(wanted[target])
    return pa.array(fits, pa.float32())


def _context(links: pa.Table) -> list[pa.ChunkedArray]:
    names = ("text_before", "anchor", "text_after", "alt", "heading")
    return [links[name].cast(pa.large_string()).fill_null("") for name in names]


def _words(title: str) -> frozenset[str]:
    letters = "".join(letter if letter.isalpha() else " " for letter in title.lower())
    pairs = {run[at : at + 2] for run in _UNSPACED.findall(letters) for at in range(len(run) - 1)}
    return frozenset(pairs.union(word for word in _UNSPACED.sub(" ", letters).split() if len(word) >= 3))
