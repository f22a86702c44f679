"""The columns of raw links → which named features each link shows, as a matrix of booleans.

Promises one row a link and one column a feature of `FEATURES`, computed a column at a time and once a distinct value.
Every feature is observable on the page that the link stands on. Refuses tables that lack a column of the data contract.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify import context, measures, relations, software
from linkgraph.classify.automaton import matcher
from linkgraph.classify.bits import Bits, joined
from linkgraph.classify.distinct import GENERATOR_COLUMN, Distinct, paired
from linkgraph.classify.hosts import KINDS, kinds_of
from linkgraph.classify.measures import TELLING, Counted, Group, grouped
from linkgraph.classify.phrases import PHRASES
from linkgraph.classify.steps import FEATURES as STEP_FEATURES
from linkgraph.classify.steps import read_paths
from linkgraph.jit import kernel
from linkgraph.model import ZONES

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

REL_TOKENS = (
    "nofollow", "ugc", "sponsored", "external", "author", "me", "license", "tag", "bookmark", "next", "prev",
    "generator", "friend", "acquaintance", "contact", "category",
)  # fmt: skip
"""Link types and hints that a feature looks for."""

_COMPUTED = (
    "link:internal",
    "label:none",
    "label:one word",
    "label:few words",
    "label:many words",
    "link:image",
    "link:titled",
    "link:repeated",
    "density:0",
    "density:low",
    "density:middle",
    "density:high",
    "density:all",
    "place:first tenth",
    "place:first third",
    "place:last third",
    "place:last tenth",
    "run:3",
    "run:8",
    "run:external",
    "run:many domains",
    "target:repeated",
    "page:sponsors",
    "page:few external",
    "page:one target",
    "page:few links",
    "page:many external",
    "page:mostly external",
    "place:first ten",
    "place:last ten",
    "heading:none",
)

_OWN: tuple[str, ...] = (
    *STEP_FEATURES,
    *(f"zone:{zone}" for zone in ZONES),
    *(f"rel:{token}" for token in REL_TOKENS),
    *(f"host:{kind}" for kind in KINDS),
    *relations.FEATURES,
    *software.FEATURES,
    *(phrase.name for phrase in PHRASES),
    *_COMPUTED,
)
"""What a link shows by itself."""

NAMED: tuple[str, ...] = (*_OWN, *context.FEATURES)
"""What rules name, and what tells how a link came about."""

FEATURES: tuple[str, ...] = (*NAMED, *measures.FEATURES)
"""The name of each column of the matrix."""


def observe(links: pa.Table) -> Bools:
    """Return a boolean matrix, a row a link and a column a feature of `FEATURES`.

    Args:
        links: edges of the data contract; all the links of a page must be in it, in document order, since some
            features compare a link with the others of its page.
    """
    distinct = Distinct(links)
    paths, internal = distinct.numbers("dom_path"), links["internal"].to_numpy()
    counts = measures.counted(distinct.numbers("src_url"), internal)
    pages = counts.pages
    tags = grouped(pages, distinct.numbers("bare_path"))
    ends = relations.Ends._make(distinct.texts(name) for name in relations.Ends._fields)
    found = np.empty((links.num_rows, len(FEATURES)), dtype=bool)
    joined(
        [
            *read_paths(distinct.paths, paths),
            distinct.spread("zone", _zones),
            _rels(links["rel"]),
            _hosts(distinct),
            relations.observe_relations(ends, internal),
            software.observe_software(
                distinct.paths, paths, pages, distinct.spread(GENERATOR_COLUMN, software.generated)
            ),
            *_phrases(distinct),
            _computed(links, distinct, counts, tags),
        ],
        found,
    )
    found[:, len(_OWN) : len(NAMED)] = context.observe_context(found[:, : len(_OWN)], _OWN, pages)
    found[:, len(NAMED) :] = measures.observe_measures(distinct, counts, tags, links["link_density"].to_numpy())
    return found


def _zones(zones: pa.Array) -> Bools:
    values = zones.to_pylist()
    return np.array([[value == zone for zone in ZONES] for value in values], dtype=bool).reshape(-1, len(ZONES))


def _rels(column: pa.ChunkedArray) -> Bools:
    # As strings, since chunks of several files number their tokens differently.
    array = column.cast(pa.list_(pa.string())).combine_chunks()
    found = np.zeros((len(array), len(REL_TOKENS)), dtype=bool)
    tokens = array.flatten()
    known = pc.index_in(tokens, pa.array(REL_TOKENS))
    wanted = known.is_valid().to_numpy(zero_copy_only=False)
    found[pc.list_parent_indices(array).to_numpy()[wanted], known.drop_null().to_numpy()] = True
    return found


def _hosts(distinct: Distinct) -> Bools:
    numbers, first = distinct.numbered("dst_host")
    hosts, domains = (distinct.links[name].take(pa.array(first)).to_pylist() for name in ("dst_host", "dst_domain"))
    listed = np.zeros((len(first), len(KINDS)), dtype=bool)
    kinds = list(KINDS)
    for number, (host, domain) in enumerate(zip(hosts, domains, strict=True)):
        for kind in kinds_of(host, domain):
            listed[number, kinds.index(kind)] = True
    return np.asarray(listed[numbers])


def _phrases(distinct: Distinct) -> list[Bits]:
    by_column: dict[str, tuple[str, ...]] = {}
    for phrase in PHRASES:
        by_column[phrase.column] = (*by_column.get(phrase.column, ()), phrase.pattern)
    return [bits for name, patterns in by_column.items() for bits in matcher(patterns).columns(distinct.texts(name))]


def _computed(links: pa.Table, distinct: Distinct, counts: Counted, tags: Group) -> Bools:
    density = links["link_density"].to_numpy()
    anchor = links["anchor"]
    words = pc.add(pc.count_substring(anchor, " "), 1).to_numpy()
    letters = pc.utf8_length(anchor).to_numpy()
    pages, rank, all_links, external_links = counts
    internal = links["internal"].to_numpy()
    sponsored = links["sponsored"].to_numpy()
    position = _position(links, pages)
    runs, outside, domains = tags.sizes, tags.mean(~internal), _domains(distinct, tags)
    targets = grouped(pages, distinct.numbers("dst_domain")).sizes
    telling = all_links >= TELLING
    no_heading = distinct.spread("heading", lambda headings: pc.equal(headings, "").to_numpy(zero_copy_only=False))
    found = {
        "link:internal": internal,
        "label:none": letters == 0,
        "label:one word": (letters > 0) & (words == 1),
        "label:few words": (words >= 2) & (words <= 4),
        "label:many words": words >= 7,
        "link:image": links["alt"].is_valid().to_numpy(),
        "link:titled": links["title"].is_valid().to_numpy(),
        "link:repeated": links["instances"].to_numpy() > 1,
        "density:0": density == 0,
        "density:low": (density > 0) & (density < 0.15),
        "density:middle": (density >= 0.15) & (density < 0.5),
        "density:high": (density >= 0.5) & (density < 0.95),
        "density:all": density >= 0.95,
        "place:first tenth": telling & (position < 0.1),
        "place:first third": telling & (position < 1 / 3),
        "place:last third": telling & (position > 2 / 3),
        "place:last tenth": telling & (position > 0.9),
        "run:3": runs >= 3,
        "run:8": runs >= 8,
        "run:external": outside >= 0.6,
        "run:many domains": domains >= 4,
        "target:repeated": targets >= 3,
        "page:sponsors": np.bincount(pages, weights=sponsored)[pages] > 0,
        "page:few external": external_links <= 5,
        "page:one target": (targets >= 2) & (targets >= 0.4 * external_links),
        "page:few links": telling & (all_links <= 30),
        "page:many external": external_links >= 40,
        "page:mostly external": telling & (external_links > 0.5 * all_links),
        "place:first ten": telling & (rank < 10),
        "place:last ten": telling & (rank >= all_links - 10),
        "heading:none": no_heading & (np.bincount(pages, weights=~no_heading)[pages] > 0),
    }
    return np.stack([found[name] for name in _COMPUTED], axis=1)


def _position(links: pa.Table, pages: Numbers) -> npt.NDArray[np.float64]:
    """Return where each link stands among its page's, from 0 to 1."""
    ordinal = links["ordinal"].to_numpy()
    last = np.zeros(pages.max(initial=-1) + 1)
    _raise_to(last, pages, ordinal)
    return np.asarray(ordinal / np.maximum(last[pages], 1))


@kernel
def _raise_to(most: Any, of: Any, numbers: Any) -> None:
    for row in range(of.size):
        most[of[row]] = max(most[of[row]], numbers[row])


def _domains(distinct: Distinct, tags: Group) -> Numbers:
    """Return to how many domains the links lead that stand on a page with the same tags as each."""
    _, first = paired(tags.of, distinct.numbers("dst_domain"))
    return np.asarray(np.bincount(tags.of[first])[tags.of])
