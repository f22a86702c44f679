"""The two ends of each link → what their names and addresses have in common.

Promises comparisons of text alone: names of sites in addresses and anchors, and how the paths of two pages of a site
relate. Refuses to know who owns what.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

SHORTEST_NAME = 4
"""Letters that a name needs to be told from chance."""

LEVELS = 3
"""Folders above a page that are compared with the other end."""

_ADDRESSES = ("name:host", "name:address", "url:this site", "url:no path")
_READ = ("name:label", "label:its name")
_PATHS = ("url:this page", "url:same folder", "url:folder above", "url:folder below")

FEATURES: tuple[str, ...] = (*_ADDRESSES, *_READ, *_PATHS)


def observe_relations(
    links: pa.Table, labels: pa.DictionaryArray, sources: pa.DictionaryArray, targets: pa.DictionaryArray
) -> Bools:
    """Return a boolean matrix, a row a link and a column a feature of `FEATURES`.

    Args:
        links: the columns of the edges table.
        labels: what each link reads.
        sources: the addresses of the pages that link.
        targets: the addresses that are linked to.
    """
    found = np.zeros((links.num_rows, len(FEATURES)), dtype=bool)
    internal = links["internal"].to_numpy()
    outside = pa.array(np.flatnonzero(~internal))
    rows = links.select(["src_host", "src_domain", "dst_host", "dst_domain", "dst_url"]).take(outside)
    columns = [rows[name].to_pylist() for name in rows.column_names]
    read = labels.take(outside).cast(pa.string()).to_pylist()
    addresses = [_related(*row) for row in zip(*columns, strict=True)]
    named = [_named(*row) for row in zip(columns[1], columns[3], read, strict=True)]
    found[~internal, : len(_ADDRESSES)] = np.array(addresses, dtype=bool).reshape(-1, len(_ADDRESSES))
    found[~internal, len(_ADDRESSES) : -len(_PATHS)] = np.array(named, dtype=bool).reshape(-1, len(_READ))
    found[:, -len(_PATHS) :] = _paths(sources, targets) & internal[:, None]
    return found


@lru_cache(maxsize=1 << 16)
def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


@lru_cache(maxsize=1 << 16)
def _related(src_host: str, src_domain: str, dst_host: str, dst_domain: str, dst_url: str) -> tuple[bool, ...]:
    """Return whether the target's host or address has the site's name, its address the site's host, or no path."""
    name, other = _plain(src_domain.partition(".")[0]), _plain(dst_domain.partition(".")[0])
    tail = dst_url[dst_url.find(dst_host) + len(dst_host) :]
    carries = src_host.removeprefix("www.") in tail
    close = min(len(name), len(other)) >= SHORTEST_NAME and (name in other or other in name)
    named = len(name) >= SHORTEST_NAME and not carries and name in _plain(tail)
    return close, named, carries, len(tail) <= 1


@lru_cache(maxsize=1 << 16)
def _named(src_domain: str, dst_domain: str, label: str) -> tuple[bool, bool]:
    """Return whether the link reads the site's own name, and the target's."""
    read = _plain(label)
    name, other = _plain(src_domain.partition(".")[0]), _plain(dst_domain.partition(".")[0])
    return len(name) >= SHORTEST_NAME and name in read, len(other) >= SHORTEST_NAME and other in read


def _paths(sources: pa.DictionaryArray, targets: pa.DictionaryArray) -> Bools:
    """Return how the addresses relate: the same but for the query, in one folder, or one's folder above the other."""
    start = len(sources.dictionary)
    addresses = pa.concat_arrays([sources.dictionary.cast(pa.string()), targets.dictionary.cast(pa.string())])
    levels = [pc.replace_substring_regex(addresses, r"(/(index\.\w+)?)?([?#].*)?$", "")]
    for _ in range(LEVELS):
        levels.append(pc.replace_substring_regex(levels[-1], r"/[^/]*$", ""))
    whole = pa.concat_arrays(levels).dictionary_encode().indices.to_numpy().reshape(len(levels), -1)
    here, there = whole[:, sources.indices.to_numpy()], whole[:, start + targets.indices.to_numpy()]
    same = here[0] == there[0]
    above, below = ((one[1:] == other[0]).any(axis=0) & ~same for one, other in ((here, there), (there, here)))
    deep = here[1] != here[2]
    return np.stack([same, (here[1] == there[1]) & deep & ~same, above, below], axis=1)
