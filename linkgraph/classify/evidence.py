"""The columns of raw links → which named features each link shows, as a matrix of booleans.

Promises one row a link and one column a feature of `FEATURES`, computed a column at a time and once a distinct value.
Every feature is observable on the page that the link stands on. Refuses tables that lack a column of the data contract.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify import context, relations, software
from linkgraph.classify.automaton import matcher
from linkgraph.classify.hosts import KINDS, kinds_of
from linkgraph.classify.phrases import PHRASES
from linkgraph.classify.steps import FEATURES as STEP_FEATURES
from linkgraph.classify.steps import Paths, read_paths
from linkgraph.model import ZONES

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

TITLE_COLUMN, GENERATOR_COLUMN = "page_title", "page_generator"
"""Optional columns of the links: title and generator of the page that they stand on."""

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

FEATURES: tuple[str, ...] = (*_OWN, *context.FEATURES)
"""The name of each column of the matrix."""


def observe(links: pa.Table) -> Bools:
    """Return a boolean matrix, a row a link and a column a feature of `FEATURES`.

    Args:
        links: edges of the data contract; all the links of a page must be in it, in document order, since some
            features compare a link with the others of its page.
    """
    distinct = Distinct(links)
    paths, pages = distinct.numbers("dom_path"), distinct.numbers("src_url")
    columns = [
        read_paths(distinct.paths)[paths],
        distinct.spread("zone", _zones),
        _rels(links["rel"]),
        _hosts(distinct),
        relations.observe_relations(links, distinct.of("label")),
        software.observe_software(distinct.paths, paths, pages, distinct.of(GENERATOR_COLUMN)),
        _phrases(distinct),
        _computed(links, distinct),
    ]
    found = np.empty((links.num_rows, len(FEATURES)), dtype=bool)
    seen = np.concatenate(columns, axis=1, out=found[:, : len(_OWN)])
    found[:, len(_OWN) :] = context.observe_context(seen, _OWN, pages)
    return found


class Distinct:
    """The distinct values of the columns of a table, each found once."""

    def __init__(self, links: pa.Table) -> None:
        self.links = links
        self._known: dict[str, pa.DictionaryArray] = {}
        self.paths = Paths(self.of("dom_path").dictionary)

    def of(self, name: str) -> pa.DictionaryArray:
        """Return a column as numbers and the distinct values that they mean; null is an empty text."""
        if name not in self._known:
            column = self._column(name)
            array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
            if not pa.types.is_dictionary(array.type):
                array = array.fill_null("").dictionary_encode()
            self._known[name] = array
        return self._known[name]

    def numbers(self, name: str) -> Numbers:
        """Return which of the distinct values of a column each row has."""
        return np.asarray(self.of(name).indices.to_numpy(), dtype=np.int64)

    def spread(self, name: str, read: Callable[[pa.Array], Bools]) -> Bools:
        """Return for each row what *read* says of its value, asked once a distinct value."""
        return np.asarray(read(self.of(name).dictionary)[self.numbers(name)])

    def _column(self, name: str) -> pa.ChunkedArray | pa.Array:
        """Return a column of the table, or one that is made from others."""
        if name == "label":
            return _labels(self.links)
        if name.endswith("_tail"):
            whole = self.of(name.replace("_tail", "_url"))
            return pc.replace_substring_regex(whole.dictionary, r"^https?://[^/?#]*", "").take(whole.indices)
        if name == "bare_path":
            return self.paths.bare().take(self.of("dom_path").indices)
        if name in (TITLE_COLUMN, GENERATOR_COLUMN) and name not in self.links.column_names:
            return pa.repeat("", self.links.num_rows)
        return self.links[name]


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
    numbers = distinct.numbers("dst_host")
    hosts, first = np.unique(numbers, return_index=True)
    names = distinct.of("dst_host").dictionary.to_pylist()
    domains = distinct.links["dst_domain"].take(pa.array(first)).to_pylist()
    listed = np.zeros((len(names), len(KINDS)), dtype=bool)
    kinds = list(KINDS)
    for host, domain in zip(hosts.tolist(), domains, strict=True):
        for kind in kinds_of(names[host], domain):
            listed[host, kinds.index(kind)] = True
    return np.asarray(listed[numbers])


def _phrases(distinct: Distinct) -> Bools:
    by_column: dict[str, tuple[str, ...]] = {}
    for phrase in PHRASES:
        by_column[phrase.column] = (*by_column.get(phrase.column, ()), phrase.pattern)
    return np.concatenate([distinct.spread(name, matcher(patterns)) for name, patterns in by_column.items()], axis=1)


def _labels(links: pa.Table) -> pa.ChunkedArray:
    """Return what each link reads: anchor and alternative text, else its title."""
    label = pc.utf8_trim_whitespace(pc.binary_join_element_wise(links["anchor"], links["alt"].fill_null(""), " "))
    return pc.if_else(pc.equal(label, ""), links["title"].fill_null(""), label)


def _computed(links: pa.Table, distinct: Distinct) -> Bools:
    density = links["link_density"].to_numpy()
    anchor = links["anchor"]
    words = pc.add(pc.count_substring(anchor, " "), 1).to_numpy()
    letters = pc.utf8_length(anchor).to_numpy()
    pages = distinct.numbers("src_url")
    internal = links["internal"].to_numpy()
    sponsored = links["sponsored"].to_numpy()
    position = _position(links, pages)
    runs, outside, domains = _runs(distinct, pages, internal)
    external_links = np.bincount(pages, weights=~internal)[pages]
    all_links = np.bincount(pages)[pages]
    rank = _rank(pages)
    targets = _repeats(distinct, pages)
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
        "place:first tenth": position < 0.1,
        "place:first third": position < 1 / 3,
        "place:last third": position > 2 / 3,
        "place:last tenth": position > 0.9,
        "run:3": runs >= 3,
        "run:8": runs >= 8,
        "run:external": outside >= 0.6,
        "run:many domains": domains >= 4,
        "target:repeated": targets >= 3,
        "page:sponsors": np.bincount(pages, weights=sponsored)[pages] > 0,
        "page:few external": external_links <= 5,
        "page:one target": (targets >= 2) & (targets >= 0.4 * external_links),
        "page:few links": all_links <= 30,
        "page:many external": external_links >= 40,
        "page:mostly external": external_links > 0.5 * all_links,
        "place:first ten": rank < 10,
        "place:last ten": rank >= all_links - 10,
    }
    return np.stack([found[name] for name in _COMPUTED], axis=1)


def _position(links: pa.Table, pages: Numbers) -> npt.NDArray[np.float64]:
    """Return where each link stands among its page's, from 0 to 1."""
    ordinal = links["ordinal"].to_numpy()
    last = np.zeros(pages.max(initial=-1) + 1)
    np.maximum.at(last, pages, ordinal)
    return np.asarray(ordinal / np.maximum(last[pages], 1))


def _rank(pages: Numbers) -> Numbers:
    """Return how many links of the page stand before each; the links of a page follow each other."""
    starts = np.flatnonzero(np.r_[True, pages[1:] != pages[:-1]])
    return np.asarray(np.arange(len(pages)) - np.repeat(starts, np.diff(np.r_[starts, len(pages)])))


def _runs(distinct: Distinct, pages: Numbers, internal: Bools) -> tuple[Numbers, npt.NDArray[np.float64], Numbers]:
    """Return of the links of a page with the same path of tags: how many, the external share, the domains."""
    _, of, count = _grouped(pages, distinct.numbers("bare_path"))
    outside = np.bincount(of, weights=~internal)[of] / count[of]
    numbers = distinct.numbers("dst_domain")
    several = numbers.max(initial=0) + 1
    domains = np.bincount(np.unique(of * several + numbers) // several, minlength=len(count))
    return count[of], outside, domains[of]


def _repeats(distinct: Distinct, pages: Numbers) -> Numbers:
    """Return how many links of the page lead to the same domain."""
    _, of, count = _grouped(pages, distinct.numbers("dst_domain"))
    return np.asarray(count[of])


def _grouped(pages: Numbers, numbers: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the distinct pairs, which of them each row is, and how many rows each has."""
    return np.unique(pages * (numbers.max(initial=0) + 1) + numbers, return_inverse=True, return_counts=True)
