"""The names on the paths to links, page by page → which software made the page, and what its templates call a place.

Promises knowledge that can be read and checked: `software.toml` lists the names that public templates of widely used
software give to the parts of a page. A name counts only on pages of its software. Refuses to guess what no list names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify.steps import Paths
from linkgraph.classify.tables import read_table

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

_NAME = re.compile(r"[#.][^#.]+")

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

_WIDTH = _ANYWHERE + 1
_DEPTH = 64
"""A claim is the level of the step that makes it times this, plus a number that is greater for marks listed earlier."""


def addresses(of: str) -> str:
    """Return one RE2 pattern for the addresses that all software lists as `thread_address` and so on."""
    return "(?i)" + "|".join(f"(?:{each[of]})" for each in SOFTWARE.values() if of in each)


def _plain(name: str) -> str:
    return re.sub(r"\d+", "0", name.lower())


def _listed() -> tuple[dict[str, int], dict[str, list[tuple[int, int]]]]:
    """Return what software each name tells, as bits, and what it marks in which."""
    told: dict[str, int] = defaultdict(int)
    marked: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for software, each in SOFTWARE.items():
        column = _ANYWHERE if each.get("everywhere") else _MADE.index(software)
        for name in each.get("known", ()):
            told[_plain(name)] |= 1 << column
        for number, mark in enumerate(MARKS):
            for name in each.get(mark, ()):
                marked[_plain(name)].append((column, _DEPTH - 1 - number))
    return dict(told), dict(marked)


_TOLD, _MARKED = _listed()


def observe_software(paths: Paths, of_link: Numbers, pages: Numbers, generators: pa.DictionaryArray) -> Bools:
    """Return a boolean matrix, a row a link and a column a feature of `FEATURES`.

    Args:
        paths: the distinct `dom_path`.
        of_link: which of them each link has.
        pages: which page each link stands on.
        generators: the generator that the page of each link names, or an empty text.
    """
    told, claims = _read_paths(paths)
    made = np.zeros(pages.max(initial=-1) + 1, dtype=np.int64)
    np.bitwise_or.at(made, pages, told[of_link] | _generated(generators.dictionary)[generators.indices.to_numpy()])
    by = (made[:, None] >> np.arange(_ANYWHERE) & 1).astype(bool)
    valid = np.concatenate([by, np.ones((len(by), 1), bool)], axis=1)
    claim = (claims[of_link] * valid[pages]).max(axis=1, initial=0)
    found = np.zeros((len(pages), len(FEATURES)), dtype=bool)
    rows = np.flatnonzero(claim)
    found[rows, _DEPTH - 1 - claim[rows] % _DEPTH] = True
    kinds = np.stack([by[:, [SOFTWARE[name]["kind"] == kind for name in _MADE]].any(axis=1) for kind in KINDS], axis=1)
    found[:, len(MARKS) :] = kinds[pages]
    return found


def _generated(generators: pa.Array) -> Numbers:
    """Return for each generator the software that it names, as bits."""
    texts, bits = pc.utf8_lower(generators), np.zeros(len(generators), dtype=np.int64)
    for column, name in enumerate(_MADE):
        if "generator" in SOFTWARE[name]:
            hits = pc.match_substring_regex(texts, SOFTWARE[name]["generator"])
            bits |= hits.to_numpy(zero_copy_only=False).astype(np.int64) << column
    return bits


def _read_paths(paths: Paths) -> tuple[Numbers, npt.NDArray[np.int16]]:
    """Return the software that each path tells, as bits, and the innermost claim of each software on it."""
    starts, of = paths.starts, paths.numbers.to_numpy()
    read = [_read_step(step) for step in paths.steps.to_pylist()]
    told = np.bitwise_or.reduceat(np.array([bits for bits, _ in read], dtype=np.int64)[of], starts)
    path = np.repeat(np.arange(len(starts)), paths.ends - starts)
    level = np.arange(len(of)) - starts[path] + 1
    counts = np.array([len(claims) for _, claims in read], dtype=np.int64)
    listed = np.array([claim for _, claims in read for claim in claims], dtype=np.int64).reshape(-1, 2)
    ends = np.cumsum(counts[of])
    made = np.repeat(np.arange(len(of)), counts[of])
    column, value = listed[np.arange(len(made)) - (ends - counts[of])[made] + (np.cumsum(counts) - counts)[of[made]]].T
    innermost = np.zeros((len(starts), _WIDTH), dtype=np.int16)
    # Of several claims of one software the last one written stays: that of the innermost step.
    innermost[path[made], column] = level[made] * _DEPTH + value
    return told, innermost


@lru_cache(maxsize=1 << 16)
def _read_step(step: str) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Return the software that the names of a step tell, as bits, and what they mark in which software."""
    names = [_plain(name) for name in _NAME.findall(step)]
    told = 0
    for name in names:
        told |= _TOLD.get(name, 0)
    best: dict[int, int] = {}
    for column, value in (claim for name in names for claim in _MARKED.get(name, ())):
        best[column] = max(best.get(column, 0), value)
    return told, tuple(best.items())
