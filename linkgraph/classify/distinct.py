"""The columns of a table of links → their texts, and the numbers of the distinct ones.

Promises that each column is read once, without an object a text. Two texts are the same if a hash of 64 bits with a
seed of its own in each process is. Refuses nothing: what a table lacks of its pages is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify.steps import Paths
from linkgraph.classify.texts import Texts, texts_of
from linkgraph.extract.strings import SEED, mix, number_for
from linkgraph.jit import kernel

TITLE_COLUMN, GENERATOR_COLUMN = "page_title", "page_generator"
"""Optional columns of the links: title and generator of the page that they stand on."""

SPREAD = 0x9E3779B97F4A7C1

Scalar = TypeVar("Scalar", bound=np.generic)
Numbers = npt.NDArray[np.int64]


class Distinct:
    """The texts of the columns of a table, and the distinct ones of them, each found once."""

    def __init__(self, links: pa.Table) -> None:
        self.links = links
        self._texts: dict[str, Texts] = {}
        self._numbered: dict[str, tuple[Numbers, Numbers]] = {}

    def texts(self, name: str) -> Texts:
        """Return the texts of a column, or of one that is made from others."""
        if name not in self._texts:
            self._texts[name] = self._read(name)
        return self._texts[name]

    def numbered(self, name: str) -> tuple[Numbers, Numbers]:
        """Return which of the distinct texts of a column each row has, and a row that has each."""
        if name not in self._numbered:
            self._numbered[name] = numbered(self.texts(name))
        return self._numbered[name]

    def numbers(self, name: str) -> Numbers:
        """Return which of the distinct values of a column each row has."""
        return self.paths.bare[self.numbers("dom_path")] if name == "bare_path" else self.numbered(name)[0]

    def values(self, name: str) -> pa.Array:
        """Return the distinct values of a column; null is an empty text."""
        if name not in self.links.column_names:
            return pa.array([""] * bool(self.links.num_rows), pa.string())
        values = self.links[name].take(pa.array(self.numbered(name)[1])).combine_chunks()
        return values.cast(pa.string()).fill_null("")

    def spread(self, name: str, read: Callable[[pa.Array], npt.NDArray[Scalar]]) -> npt.NDArray[Scalar]:
        """Return for each row what *read* says of its value, asked once a distinct value."""
        return read(self.values(name))[self.numbers(name)]

    @cached_property
    def paths(self) -> Paths:
        """The distinct paths."""
        texts, first = self.texts("dom_path"), self.numbered("dom_path")[1]
        return Paths(Texts(texts.source, texts.begins[first], texts.ends[first]))

    def _read(self, name: str) -> Texts:
        if name == "label":
            return texts_of(_labels(self.links))
        if name.endswith("_tail"):
            whole = self.texts(name.replace("_tail", "_url"))
            begins = whole.begins.copy()
            _skip_hosts(whole, begins)
            return Texts(whole.source, begins, whole.ends)
        if name in (TITLE_COLUMN, GENERATOR_COLUMN) and name not in self.links.column_names:
            return Texts(np.frombuffer(b"", np.uint8), *np.zeros((2, self.links.num_rows), np.int64))
        return texts_of(self.links[name])


def _labels(links: pa.Table) -> pa.ChunkedArray:
    """Return what each link reads: anchor and alternative text, else its title."""
    label = pc.utf8_trim_whitespace(pc.binary_join_element_wise(links["anchor"], links["alt"].fill_null(""), " "))
    return pc.if_else(pc.equal(label, ""), links["title"].fill_null(""), label)


def numbered(texts: Texts) -> tuple[Numbers, Numbers]:
    """Return which of the distinct texts each is, and the first of each."""
    of, first = np.empty((2, len(texts.begins)), np.int64)
    return of, first[: _number(texts, *_slots(len(of)), SEED, of, first)]


def distinct_rows(matrix: npt.NDArray[Any]) -> tuple[Numbers, Numbers]:
    """Return which of the distinct rows of a contiguous matrix each is, and the first of each."""
    width = matrix.shape[1] * matrix.itemsize
    begins = np.arange(len(matrix)) * width
    return numbered(Texts(matrix.view(np.uint8).reshape(-1), begins, begins + width))


def paired(one: Numbers, other: Numbers) -> tuple[Numbers, Numbers]:
    """Return which of the distinct pairs of numbers each is, and the first of each."""
    of, first = np.empty((2, len(one)), np.int64)
    keys = (one * (other.max(initial=0) + 1) + other + 1) * SPREAD
    return of, first[: _number_keys(keys, *_slots(len(of)), of, first)]


def _slots(count: int) -> tuple[Numbers, Numbers]:
    size = 1 << (2 * count).bit_length()
    return np.zeros(size, np.int64), np.empty(size, np.int64)


@kernel
def _number(texts: Any, keys: Any, numbers: Any, seed: Any, of: Any, first: Any) -> Any:
    count = np.int64(0)
    for text in range(of.size):
        key = mix(texts.source, texts.begins[text], texts.ends[text], seed) | 1
        of[text] = number_for(keys, numbers, key, count)
        if of[text] == count:
            first[count] = text
            count += 1
    return count


@kernel
def _number_keys(given: Any, keys: Any, numbers: Any, of: Any, first: Any) -> Any:
    count = np.int64(0)
    for row in range(of.size):
        of[row] = number_for(keys, numbers, given[row], count)
        if of[row] == count:
            first[count] = row
            count += 1
    return count


@kernel
def _skip_hosts(urls: Any, begins: Any) -> None:
    """Move the begin of each address that is one of the web behind its host."""
    source = urls.source
    for row in range(begins.size):
        at, end = begins[row], urls.ends[row]
        if end - at < 7 or source[at] != 104 or source[at + 1] != 116 or source[at + 2] != 116 or source[at + 3] != 112:
            continue
        at += 5 if source[at + 4] == 115 else 4
        if end - at < 3 or source[at] != 58 or source[at + 1] != 47 or source[at + 2] != 47:
            continue
        at += 3
        while at < end and source[at] != 47 and source[at] != 63 and source[at] != 35:
            at += 1
        begins[row] = at
