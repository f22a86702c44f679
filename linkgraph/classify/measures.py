"""Counts of a link, of its block and of its page → which bounds each exceeds.

Promises yes or no for each measure and bound of `measures.toml`, so that a weight can speak for "more than twenty links
before". Refuses to say where a link stands on a page of few links: each is among the first and the last.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from linkgraph.classify.distinct import SPREAD, Distinct, paired
from linkgraph.classify.tables import read_table
from linkgraph.classify.texts import Texts
from linkgraph.extract.strings import SEED, number_for
from linkgraph.jit import folded, kernel

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

BOUNDS: dict[str, tuple[float, ...]] = {name: tuple(bounds) for name, bounds in read_table("measures.toml").items()}
"""Measure → the bounds that it is compared with."""

FEATURES = tuple(f"{name} > {bound:g}" for name, bounds in BOUNDS.items() for bound in bounds)

TELLING = 8
"""Links that a page needs for the place of one among them, and for their shares, to say anything: of a page of three,
each is among the first and the last."""

INNER = 2
"""Steps of a path that its block leaves out: the link's own, and that of the item that it is in."""

_HYPHEN, _SLASH = b"-/"


class Group(NamedTuple):
    """The links of a page that have something in common."""

    of: Numbers
    """The group of each link."""
    counts: Numbers
    """How many links each group has."""

    @property
    def sizes(self) -> Numbers:
        """How many links the group of each link has."""
        return np.asarray(self.counts[self.of])

    def mean(self, values: npt.NDArray[Any]) -> Floats:
        """Return the mean of the values in the group of each link."""
        return np.asarray((np.bincount(self.of, weights=values) / self.counts)[self.of])


def grouped(pages: Numbers, common: Numbers) -> Group:
    """Return the links of each page by what they have in common, a number a link."""
    of, _ = paired(pages, common)
    return Group(of, np.bincount(of))


class Counted(NamedTuple):
    """What other features count, too; a number a link."""

    pages: Numbers
    """Which page it stands on, from 0 in the order of the links. One that comes twice, of two crawls, is two."""
    before: Numbers
    """How many links of the page stand before."""
    links: Numbers
    """How many links the page has."""
    outside: Numbers
    """How many of them lead to other sites."""


def counted(addresses: Numbers, internal: Bools) -> Counted:
    """Return the counts of each link's page, given the number of its address; the links of a page follow each other."""
    starts = np.flatnonzero(np.r_[True, addresses[1:] != addresses[:-1]])
    sizes = np.diff(np.r_[starts, len(addresses)])
    pages = np.repeat(np.arange(len(starts)), sizes)
    before = np.arange(len(pages)) - starts[pages]
    outside = np.bincount(pages, weights=~internal).astype(np.int64)
    return Counted(pages, before, sizes[pages], outside[pages])


def observe_measures(distinct: Distinct, counts: Counted, tags: Group, density: Floats) -> Bools:
    """Return a boolean matrix, a row a link and a column a feature of `FEATURES`.

    Args:
        distinct: the columns of the links.
        counts: of the page of each.
        tags: the links of each page by the tags of their path.
        density: its link density, from 0 to 1.
    """
    paths = _shapes(distinct)
    of_path = distinct.numbers("dom_path")
    target, label, before = (_signs(distinct.texts(name)) for name in ("dst_url", "label", "text_before"))
    page, heading = (_signs_once(distinct, name) for name in ("src_url", "heading"))
    block = grouped(counts.pages, paths.block[of_path])
    telling = counts.links >= TELLING
    found = {
        "links before": np.where(telling, counts.before, 0),
        "links after": np.where(telling, counts.links - counts.before - 1, 0),
        "share before": np.where(telling, counts.before / counts.links, 0),
        "page links": counts.links,
        "page address letters": page.letters,
        "page address slashes": page.slashes,
        "page address hyphens": page.hyphens,
        "page address digits": page.digits,
        "in block": block.sizes,
        "on path": grouped(counts.pages, paths.shape[of_path]).sizes,
        "on tags": tags.sizes,
        "under heading": grouped(counts.pages, distinct.numbers("heading")).sizes,
        "block density": block.mean(density),
        "block letters": block.mean(label.letters),
        "block text before": block.mean(before.letters),
        "density": density,
        "letters": label.letters,
        "heading letters": heading.letters,
        "steps": (distinct.paths.ends - distinct.paths.starts)[of_path],
        "lists": paths.lists[of_path],
        "address letters": target.letters,
        "address slashes": target.slashes,
        "address hyphens": target.hyphens,
        "address digits": target.digits,
    }
    return np.stack([found[name] > bound for name, bounds in BOUNDS.items() for bound in bounds], axis=1)


class _Shapes(NamedTuple):
    """What the paths are without their digits; a number a distinct path."""

    shape: Numbers
    block: Numbers
    lists: Numbers
    """How many list items are on each."""


def _shapes(distinct: Distinct) -> _Shapes:
    paths = distinct.paths
    keys = np.empty(len(paths.steps.begins), np.int64)
    _read_steps(paths.steps, SEED, keys)
    found = np.empty((3, len(paths.starts)), np.int64)
    slots = np.zeros((4, 1 << (2 * len(paths.starts)).bit_length()), np.int64)
    _read_shapes(keys, paths.tagged("li"), paths.numbers, paths.starts, paths.ends, SEED, slots, found)
    return _Shapes(*found)


@kernel
def _read_steps(steps: Any, seed: Any, keys: Any) -> None:
    """Write a key of each step without its digits."""
    source = steps.source
    for step in range(keys.size):
        key = seed
        for at in range(steps.begins[step], steps.ends[step]):
            if not 48 <= source[at] <= 57:
                key = folded(key ^ np.int64(source[at]), SPREAD)
        keys[step] = key


@kernel
def _read_shapes(
    keys: Any, items: Any, numbers: Any, starts: Any, ends: Any, seed: Any, slots: Any, found: Any
) -> None:
    """Number the distinct paths without digits and the distinct blocks, and count the list items on each path."""
    shapes, blocks = np.int64(0), np.int64(0)
    for path in range(starts.size):
        shape, block, lists = seed, seed, np.int64(0)
        for at in range(starts[path], ends[path]):
            if at == ends[path] - INNER:
                block = shape
            shape = folded(shape ^ keys[numbers[at]], SPREAD)
            lists += items[numbers[at]]
        found[0, path] = number_for(slots[0], slots[1], shape | 1, shapes)
        shapes = max(shapes, found[0, path] + 1)
        found[1, path] = number_for(slots[2], slots[3], block | 1, blocks)
        blocks = max(blocks, found[1, path] + 1)
        found[2, path] = lists


class _Signs(NamedTuple):
    """What is in the texts; a number a text."""

    letters: Numbers
    """Code points of any kind."""
    slashes: Numbers
    hyphens: Numbers
    digits: Numbers


def _signs(texts: Texts) -> _Signs:
    counts = np.empty((len(_Signs._fields), len(texts.begins)), np.int64)
    _count_signs(texts, counts)
    return _Signs(*counts)


def _signs_once(distinct: Distinct, name: str) -> _Signs:
    """Return what is in the texts of a column whose distinct ones are known, each read once."""
    texts, (of, first) = distinct.texts(name), distinct.numbered(name)
    read = _signs(Texts(texts.source, texts.begins[first], texts.ends[first]))
    return _Signs(*(counts[of] for counts in read))


@kernel
def _count_signs(texts: Any, counts: Any) -> None:
    for text in range(counts.shape[1]):
        letters, slashes, hyphens, digits = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
        for at in range(texts.begins[text], texts.ends[text]):
            sign = np.int64(texts.source[at])
            letters += sign & 0xC0 != 0x80
            slashes += sign == _SLASH
            hyphens += sign == _HYPHEN
            digits += (sign >= 48) & (sign <= 57)
        counts[0, text], counts[1, text], counts[2, text], counts[3, text] = letters, slashes, hyphens, digits
