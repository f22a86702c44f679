"""What is known of the sites at both ends of a link, and what its page alone said → how the link probably came about.

Promises to change an answer only where something about the sites speaks for another one, and to say so in the evidence.
The probabilities are set by hand: no labelled links come with whole sites; docs/measured.md tells how often each is
right on the demo web. Refuses to overrule what a link says of itself: paid, or written by a reader.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linkgraph.classify.vocabulary import FRAME, LISTED

PROBABILITY = {"owner": 0.95, "syndicated": 0.9, "boilerplate": 0.9, "reciprocal": 0.6}
"""Of each answer that rests on sites."""

CREDITED = 5
"""Owners whose sites all credit a target from the frame of most pages, for such a link to be boilerplate."""

LIKELIER_THAN_NOT = 0.5
"""The least probability with which a link speaks for itself: less is a guess of its page's, and sites know more."""

SPEAKS_FOR_ITSELF = ("ugc", "paid")
"""Acquisitions that a page tells by its markup; whose site it is does not change them, but a copy does."""

_EXCHANGED = ("editorial", "directory", "unknown", "boilerplate", "owner", "profile")
"""What a link in a list may be taken for on its page alone."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the sites at both ends of each link to another site; every array has shape (n,)."""

    owner: list[str]
    """What speaks for one owner of both; empty for nothing."""
    copied: NDArray[np.bool_]
    """The page's text stands on another site, which is taken for the original."""
    exchanged: NDArray[np.bool_]
    """The target's site lists the source's, too."""
    sitewide: NDArray[np.bool_]
    """The link is part of a template."""
    credited: NDArray[np.int64]
    """Owners whose sites link to the target's from the frame of most pages."""


def revise(links: pa.Table, facts: Facts) -> dict[str, pa.Array]:
    """Return `acquisition`, `acquisition_probability` and `evidence` of links to other sites, judged again.

    Args:
        links: with these columns and `placement`, as the pages alone gave them.
        facts: of the same rows.
    """
    before = links["acquisition"].combine_chunks().cast(pa.large_string())
    place = links["placement"].combine_chunks().cast(pa.large_string())
    likely = links["acquisition_probability"].to_numpy() >= LIKELIER_THAN_NOT
    own = _among(before, SPEAKS_FOR_ITSELF) & likely
    owned = np.array([bool(words) for words in facts.owner], bool)
    credit = facts.sitewide & (facts.credited >= CREDITED) & _among(place, FRAME)
    exchange = facts.exchanged & _among(place, LISTED) & _among(before, _EXCHANGED)
    choices = {"owner": owned & ~own, "syndicated": facts.copied, "boilerplate": credit & ~own, "reciprocal": exchange}
    answer = np.select(list(choices.values()), list(choices), default="").astype(object)
    says = {"syndicated": "copied page", "boilerplate": "credited site-wide", "reciprocal": "listed by each other"}
    told = [
        "" if not word else f"; site: {facts.owner[row] if word == 'owner' else says[word]}"
        for row, word in enumerate(answer)
    ]
    changed = pa.array(answer != "")
    sure = np.array([PROBABILITY.get(word, 0.0) for word in answer], np.float32)
    return {
        "acquisition": pc.if_else(changed, pa.array(answer, pa.large_string()), before),
        "acquisition_probability": pc.if_else(
            changed, pa.array(sure), links["acquisition_probability"].combine_chunks()
        ),
        "evidence": pc.binary_join_element_wise(
            links["evidence"].combine_chunks().cast(pa.large_string()),
            pa.array(told, pa.large_string()),
            pa.scalar("", pa.large_string()),
        ),
    }


def _among(words: pa.Array, wanted: tuple[str, ...]) -> NDArray[np.bool_]:
    return np.asarray(
        pc.is_in(words, value_set=pa.array(wanted, words.type)).to_numpy(zero_copy_only=False), dtype=bool
    )
