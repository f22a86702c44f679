"""The names on the paths to links, page by page → which software made the page, and what its templates call a place.

Promises knowledge that can be read and checked: `software.toml` lists the names that public templates of widely used
software give to the parts of a page. A name counts only on pages of its software. Refuses to guess what no list names.
"""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from itertools import accumulate
from operator import or_
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify.names import keys_of
from linkgraph.classify.steps import Paths
from linkgraph.classify.tables import read_table
from linkgraph.classify.texts import Texts, texts_of
from linkgraph.jit import kernel

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

_TABLE = read_table("software.toml")

SOFTWARE: dict[str, dict[str, Any]] = _TABLE["software"]
"""Software or service → the names that its templates give to parts, its addresses and the hosts that it credits."""

MARKS: dict[str, str] = _TABLE["marks"]
"""Part of a page → the placement of what stands in it."""

ADDRESSES: dict[str, dict[str, str]] = _TABLE["addresses"]
"""Feature → the column and the addresses that it is about."""

KINDS = tuple(sorted({each["kind"] for each in SOFTWARE.values() if "kind" in each}))

FEATURES: tuple[str, ...] = (*(f"mark:{mark}" for mark in MARKS), *(f"software:{kind}" for kind in KINDS))

CREDITED = frozenset(host for each in SOFTWARE.values() for host in each.get("hosts", ()))
"""Hosts that footers name."""

_MADE = tuple(name for name, each in SOFTWARE.items() if "kind" in each)
_ANYWHERE = len(_MADE)
"""The column of services, which need no page of their own."""


def addresses(of: str) -> str:
    """Return one RE2 pattern for the addresses that all software lists as `thread_address` and so on."""
    return "(?i)" + "|".join(f"(?:{each[of]})" for each in SOFTWARE.values() if of in each)


class _Listed(NamedTuple):
    """The listed names by their keys, and what each tells and marks."""

    keys: Numbers
    """Sorted."""
    told: Numbers
    """The software that each tells, as bits."""
    starts: Numbers
    """Where the claims of each begin, and those of the last end."""
    claims: Numbers
    """Pairs of the software's column and the number of a mark."""


def _listed() -> _Listed:
    told: dict[str, int] = defaultdict(int)
    claims: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for software, each in SOFTWARE.items():
        column = _ANYWHERE if each.get("everywhere") else _MADE.index(software)
        for name in each.get("known", ()):
            told[name] |= 1 << column
        for number, mark in enumerate(MARKS):
            for name in each.get(mark, ()):
                claims[name].append((column, number))
    names = [*{**told, **claims}]
    found, of = keys_of(texts_of(pa.array(names)))
    by_key: dict[int, list[str]] = defaultdict(list)
    for key, name in sorted(zip(found.tolist(), of.tolist(), strict=True)):
        by_key[key].append(names[name])
    lists = [[claim for name in each for claim in claims.get(name, ())] for each in by_key.values()]
    return _Listed(
        np.array([*by_key]),
        np.array([reduce(or_, (told.get(name, 0) for name in each)) for each in by_key.values()]),
        np.array([0, *accumulate(map(len, lists))]),
        np.array([claim for each in lists for claim in each]),
    )


_LISTED = _listed()


def observe_software(paths: Paths, of_link: Numbers, pages: Numbers, generators: Numbers) -> Bools:
    """Return a boolean matrix, a row a link and a column a feature of `FEATURES`.

    Args:
        paths: the distinct `dom_path`.
        of_link: which of them each link has.
        pages: which page each link stands on.
        generators: the software that the generator of each link's page names, as bits.
    """
    told, starts, claims = _read_steps(paths.steps)
    made = np.zeros(pages.max(initial=-1) + 1, dtype=np.int64)
    software = np.bitwise_or.reduceat(told[paths.numbers], paths.starts)
    np.bitwise_or.at(made, pages, software[of_link] | generators)
    found = np.zeros((len(pages), len(FEATURES)), dtype=bool)
    counts = made | 1 << _ANYWHERE
    _mark(paths.numbers, paths.starts, paths.ends, of_link, counts[pages], starts, claims, found)
    by = (made[:, None] >> np.arange(_ANYWHERE) & 1).astype(bool)
    kinds = np.stack([by[:, [SOFTWARE[name]["kind"] == kind for name in _MADE]].any(axis=1) for kind in KINDS], axis=1)
    found[:, len(MARKS) :] = kinds[pages]
    return found


def generated(generators: pa.Array) -> Numbers:
    """Return for each generator the software that it names, as bits."""
    texts, bits = pc.utf8_lower(generators), np.zeros(len(generators), dtype=np.int64)
    for column, name in enumerate(_MADE):
        if "generator" in SOFTWARE[name]:
            hits = pc.match_substring_regex(texts, SOFTWARE[name]["generator"])
            bits |= hits.to_numpy(zero_copy_only=False).astype(np.int64) << column
    return bits


def _read_steps(steps: Texts) -> tuple[Numbers, Numbers, Numbers]:
    """Return of each step the software that its names tell, as bits, where its claims begin and end, and these."""
    keys, of = keys_of(steps)
    entries = np.searchsorted(_LISTED.keys, keys)
    hits = np.flatnonzero(_LISTED.keys[np.minimum(entries, len(_LISTED.keys) - 1)] == keys)
    entries, of = entries[hits], of[hits]
    told = np.zeros(len(steps.begins), dtype=np.int64)
    np.bitwise_or.at(told, of, _LISTED.told[entries])
    begins, counts = _LISTED.starts[entries], np.diff(_LISTED.starts)[entries]
    ends = np.cumsum(counts)
    rows = np.arange(counts.sum()) + np.repeat(begins - ends + counts, counts)
    starts = np.concatenate([[0], np.cumsum(np.bincount(of, weights=counts, minlength=len(steps.begins)))]).astype(
        np.int64
    )
    return told, starts, _LISTED.claims[rows]


@kernel
def _mark(
    numbers: Any, starts: Any, ends: Any, of_link: Any, counts: Any, claim_of: Any, claims: Any, found: Any
) -> None:
    """Set for each link the first of the marks that the innermost step claims whose claims count on its page."""
    for link in range(of_link.size):
        path = of_link[link]
        none = np.int64(found.shape[1])
        best, at = none, ends[path]
        while best == none and at > starts[path]:
            at -= 1
            step = np.int64(numbers[at])
            for claim in range(claim_of[step], claim_of[step + 1]):
                if counts[link] >> claims[claim, 0] & 1:
                    best = min(best, claims[claim, 1])
        if best != none:
            found[link, best] = True
