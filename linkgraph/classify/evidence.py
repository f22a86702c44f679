"""The columns of raw links → which named features each link shows, as a matrix of booleans.

Promises one row a link and one column a feature of `FEATURES`, computed a column at a time and once a distinct value.
Every feature is observable on the page that the link stands on. Refuses tables that lack a column of the data contract.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify.hosts import KINDS, kinds_of
from linkgraph.classify.phrases import PHRASES
from linkgraph.classify.steps import FEATURES as STEP_FEATURES
from linkgraph.classify.steps import read_paths
from linkgraph.model import ZONES

Bools = npt.NDArray[np.bool_]

REL_TOKENS = (
    "nofollow", "ugc", "sponsored", "external", "author", "me", "license", "tag", "bookmark", "next", "prev",
    "generator", "friend", "acquaintance", "contact", "category",
)  # fmt: skip
"""Link types and hints that a feature looks for."""

_RELATIONS = ("name:host", "name:address", "url:this site", "url:no path")
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
)

FEATURES: tuple[str, ...] = (
    *STEP_FEATURES,
    *(f"zone:{zone}" for zone in ZONES),
    *(f"rel:{token}" for token in REL_TOKENS),
    *(f"host:{kind}" for kind in KINDS),
    *_RELATIONS,
    *(phrase.name for phrase in PHRASES),
    *_COMPUTED,
)
"""The name of each column of the matrix."""


def observe(links: pa.Table) -> Bools:
    """Return a boolean matrix, a row a link and a column a feature of `FEATURES`.

    Args:
        links: edges of the data contract; all the links of a page must be in it, in document order, since some
            features compare a link with the others of its page.
    """
    columns = [
        _paths(links["dom_path"]),
        np.stack([_is(links["zone"], zone) for zone in ZONES], axis=1),
        _rels(links["rel"]),
        _hosts(links),
        _relations(links),
        _phrases(links),
        _computed(links),
    ]
    return np.concatenate(columns, axis=1)


def _encoded(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """Return the number of each row's value, and the distinct values."""
    array = column.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode(null_encoding="encode")
    codes = array.indices.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, array.dictionary.to_pylist()


def _paths(column: pa.ChunkedArray) -> Bools:
    array = column.combine_chunks().dictionary_encode()
    return np.asarray(read_paths(array.dictionary)[array.indices.to_numpy()])


def _is(column: pa.ChunkedArray, word: str) -> Bools:
    codes, values = _encoded(column)
    return np.asarray(np.array([value == word for value in values] or [False])[codes])


def _rels(column: pa.ChunkedArray) -> Bools:
    array = column.combine_chunks()
    found = np.zeros((len(array), len(REL_TOKENS)), dtype=bool)
    rows = pc.list_parent_indices(array).to_numpy()
    tokens = array.flatten()
    codes, values = _encoded(pa.chunked_array([tokens]))
    numbers = np.array([REL_TOKENS.index(value) if value in REL_TOKENS else -1 for value in values] or [-1])[codes]
    known = numbers >= 0
    found[rows[known], numbers[known]] = True
    return found


def _hosts(links: pa.Table) -> Bools:
    host_codes, hosts = _encoded(links["dst_host"])
    domain_codes, domains = _encoded(links["dst_domain"])
    first = dict(zip(host_codes.tolist(), domain_codes.tolist(), strict=True))
    listed = np.zeros((max(len(hosts), 1), len(KINDS)), dtype=bool)
    kinds = list(KINDS)
    for host, domain in first.items():
        for kind in kinds_of(hosts[host], domains[domain]):
            listed[host, kinds.index(kind)] = True
    return listed[host_codes]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _relations(links: pa.Table) -> Bools:
    """Return whether a target's host or address has the site's name, or its address the site's host."""
    found = np.zeros((links.num_rows, len(_RELATIONS)), dtype=bool)
    external = np.flatnonzero(~links["internal"].to_numpy())
    names = [links[name].to_pylist() for name in ("src_host", "src_domain", "dst_host", "dst_domain", "dst_url")]
    labels: dict[str, str] = {}
    for row in external.tolist():
        src_host, src_domain, dst_host, dst_domain, dst_url = (column[row] for column in names)
        name = labels.get(src_domain)
        if name is None:
            name = labels[src_domain] = _plain(src_domain.partition(".")[0])
        other = _plain(dst_domain.partition(".")[0])
        tail = dst_url[dst_url.find(dst_host) + len(dst_host) :]
        carries = src_host.removeprefix("www.") in tail
        close = min(len(name), len(other)) >= 4 and (name in other or other in name)
        found[row] = close, len(name) >= 4 and not carries and name in _plain(tail), carries, len(tail) <= 1
    return found


def _phrases(links: pa.Table) -> Bools:
    columns = _texts(links)
    matched = np.zeros((links.num_rows, len(PHRASES)), dtype=bool)
    encoded = {name: column.combine_chunks().dictionary_encode() for name, column in columns.items()}
    for at, phrase in enumerate(PHRASES):
        array = encoded[phrase.column]
        if len(array.dictionary):
            hits = pc.match_substring_regex(array.dictionary, phrase.pattern).to_numpy(zero_copy_only=False)
            matched[:, at] = hits[array.indices.to_numpy()]
    return matched


def _texts(links: pa.Table) -> dict[str, pa.ChunkedArray]:
    """Return the columns that `PHRASES` read, nulls as empty text."""
    alt, title = links["alt"].fill_null(""), links["title"].fill_null("")
    label = pc.binary_join_element_wise(links["anchor"], alt, " ")
    label = pc.if_else(pc.equal(pc.utf8_trim_whitespace(label), ""), title, pc.utf8_trim_whitespace(label))
    tail = r"^https?://[^/?#]*"
    return {
        "label": label,
        "dst_tail": pc.replace_substring_regex(links["dst_url"], tail, ""),
        "src_tail": pc.replace_substring_regex(links["src_url"], tail, ""),
        "src_url": links["src_url"],
        "text_before": links["text_before"],
        "text_after": links["text_after"],
        "heading": links["heading"].fill_null(""),
    }


def _computed(links: pa.Table) -> Bools:
    density = links["link_density"].to_numpy()
    anchor = links["anchor"]
    words = pc.add(pc.count_substring(anchor, " "), 1).to_numpy()
    letters = pc.utf8_length(anchor).to_numpy()
    pages, _ = _encoded(links["src_url"])
    internal = links["internal"].to_numpy()
    sponsored = links["sponsored"].to_numpy()
    position = _position(links, pages)
    runs, outside, domains = _runs(links, pages, internal)
    external_links = np.bincount(pages, weights=~internal)[pages]
    targets = _repeats(links, pages)
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
    }
    return np.stack([found[name] for name in _COMPUTED], axis=1)


def _position(links: pa.Table, pages: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return where each link stands among its page's, from 0 to 1."""
    ordinal = links["ordinal"].to_numpy()
    last = np.zeros(pages.max(initial=-1) + 1)
    np.maximum.at(last, pages, ordinal)
    return np.asarray(ordinal / np.maximum(last[pages], 1))


def _runs(
    links: pa.Table, pages: npt.NDArray[np.int64], internal: Bools
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return of the links of a page with the same path but for numbers: how many, the external share, the domains."""
    paths = pc.replace_substring_regex(links["dom_path"], r"[#.][^>]*", "")
    path_codes, values = _encoded(paths)
    group = pages * max(len(values), 1) + path_codes
    _, of, count = np.unique(group, return_inverse=True, return_counts=True)
    outside = np.bincount(of, weights=~internal)[of] / count[of]
    domain_codes, names = _encoded(links["dst_domain"])
    pairs = np.unique(of * max(len(names), 1) + domain_codes)
    domains = np.bincount(pairs // max(len(names), 1), minlength=len(count))
    return count[of], outside, domains[of]


def _repeats(links: pa.Table, pages: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many links of the page lead to the same domain."""
    codes, names = _encoded(links["dst_domain"])
    _, of, count = np.unique(pages * max(len(names), 1) + codes, return_inverse=True, return_counts=True)
    return np.asarray(count[of])
