"""Raw links → placement, acquisition, their probabilities and the evidence, column by column.

Promises one answer a link from the page that it stands on, the same for the same columns; work is done once for each
distinct set of features. Refuses to guess where the language of a page is not one that the word lists know: what only
words could decide is then `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from linkgraph.classify.distinct import distinct_rows
from linkgraph.classify.evidence import FEATURES, observe
from linkgraph.classify.model import (
    ACQUISITION_INPUTS,
    PLACEMENT_INPUTS,
    WORD,
    Bools,
    Floats,
    Model,
    Numbers,
    acquisition_inputs,
    models,
    placement_inputs,
)
from linkgraph.classify.phrases import LANGUAGES
from linkgraph.classify.schema import CLASSES
from linkgraph.classify.vocabulary import ACQUISITIONS, INTERNAL, NO_HYPERLINK, PLACEMENTS, RULES_VERSION
from linkgraph.jit import kernel, leaf, word_at

WORDED = frozenset({"editorial", "placed", "directory", "reciprocal", "syndicated"})
"""Acquisitions that rest on what the text says; without words that are known they are not guessed."""

SHOWN = 3
"""Features named in the evidence of an answer, beside the rule; more are rarely read."""

SHARE = 0.2
"""The least weight of a feature that is named as evidence."""

LANGUAGE_COLUMN = "page_language"
"""An optional column of the links: the declared language of the page that they stand on."""

_FOREIGN = (
    r"[\p{Cyrillic}\p{Arabic}\p{Greek}\p{Hebrew}\p{Thai}\p{Hangul}\p{Devanagari}\p{Bengali}\p{Tamil}\p{Georgian}]{2}"
)
"""Scripts of languages without word lists."""

_PLACEMENTS, _ACQUISITIONS = tuple(PLACEMENTS), tuple(ACQUISITIONS)
_PLACEMENT_WORDS = (*_PLACEMENTS, *NO_HYPERLINK)
_ACQUISITION_WORDS = (*_ACQUISITIONS, INTERNAL)
_UNKNOWN = _ACQUISITIONS.index("unknown")
_INTERNAL = FEATURES.index("link:internal")
_NAMED = [FEATURES.index(name) for name in ("path:blogroll", "mark:blogroll")]
"""What markup says and words need not: a list of friends is named as one in any language."""


def classify(links: pa.Table) -> pa.Table:
    """Return the columns of `CLASSES` for each link.

    Args:
        links: the columns of the edges table; every page's links must be complete and in document order. A column
            `page_language` is read if there is one.

    The evidence of a link reads `placement: rule, feature, feature; acquisition: rule, feature`. A link within one
    domain has acquisition `internal`, probability 1. What is no hyperlink has placement `head`, `redirect` or
    `canonical`, and acquisition `unknown` with probability 0 where it leads to another site.
    """
    if not links.num_rows:
        return CLASSES.empty_table()
    observed = observe(links)
    row_of, first = distinct_rows(observed)
    answers = _Answers.of(observed[first])
    columns = _Columns(answers.place[row_of], answers.place_p[row_of], answers.way[row_of], answers.way_p[row_of])
    _refuse(columns, _foreign(links) & ~observed[:, _NAMED].any(axis=1), answers.unknown_p[row_of])
    _settle(columns, links)
    return columns.table(pa.DictionaryArray.from_arrays(pa.array(row_of, pa.int32()), answers.evidence))


def classify_batches(tables: Iterable[pa.Table]) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield each table of links, cut between pages, with the columns of `CLASSES`; memory holds one table and a page.

    Args:
        tables: edges in the order in which they were written, so that the links of a page follow each other.
    """
    held: pa.Table | None = None
    for table in tables:
        links = table if held is None else pa.concat_tables([held, table])
        pages = links["src_url"]
        last = len(links) - 1
        while last > 0 and pages[last - 1].as_py() == pages[len(links) - 1].as_py():
            last -= 1
        held = links.slice(last)
        if last:
            whole = links.slice(0, last)
            yield whole, classify(whole)
    if held is not None and held.num_rows:
        yield held, classify(held)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What the two models say of each distinct set of features."""

    place: Numbers
    place_p: Floats
    way: Numbers
    way_p: Floats
    unknown_p: Floats
    """The probability of `unknown`, answered where the word lists do not reach."""
    evidence: pa.Array

    @classmethod
    def of(cls, keys: Bools) -> _Answers:
        """Ask the models; that of acquisition about links to other sites only, three in ten on the real web.

        `unknown` is not chosen for being likeliest: in cross-validation it was right in none of nine cases.
        """
        placement, acquisition = models()
        inputs = placement_inputs(keys)
        where, settled = placement.answers(inputs)
        places = where.argmax(axis=1)
        outside = np.flatnonzero(~keys[:, _INTERNAL])
        ways, way_p = np.full(len(keys), _UNKNOWN), np.zeros((2, len(keys)), np.float32)
        ways_in = acquisition_inputs(keys[outside], places[outside])
        how, ruled = acquisition.answers(ways_in)
        known = np.delete(how, _UNKNOWN, axis=1)
        ways[outside] = np.delete(np.arange(how.shape[1]), _UNKNOWN)[known.argmax(axis=1)]
        way_p[:, outside] = known.max(axis=1), how[:, _UNKNOWN]
        told = pc.binary_join_element_wise(
            "placement: ", _strongest(inputs, PLACEMENT_INPUTS, placement, places, settled), ""
        )
        of_way = _strongest(ways_in, ACQUISITION_INPUTS, acquisition, ways[outside], ruled)
        with_way = pc.binary_join_element_wise(told.take(pa.array(outside)), "; acquisition: ", of_way, "")
        evidence = pc.replace_with_mask(told, pa.array(~keys[:, _INTERNAL]), with_way)
        return cls(places, where.max(axis=1), ways, way_p[0], way_p[1], evidence)


class _Columns:
    """The answers in the making, a row a link."""

    def __init__(self, place: Numbers, place_p: Floats, way: Numbers, way_p: Floats) -> None:
        self.place, self.place_p, self.way, self.way_p = place, place_p, way, way_p

    def table(self, evidence: pa.DictionaryArray) -> pa.Table:
        version = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(len(self.place)), pa.int32()), pa.array([RULES_VERSION])
        )
        return pa.table(
            [
                _words(self.place, _PLACEMENT_WORDS),
                pa.array(self.place_p, pa.float32()),
                _words(self.way, _ACQUISITION_WORDS),
                pa.array(self.way_p, pa.float32()),
                evidence,
                version,
            ],
            schema=CLASSES,
        )


def _words(numbers: Numbers, words: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(numbers, pa.int32()), pa.array(words))


def _foreign(links: pa.Table) -> Bools:
    """Return whether the page of each link is in a language, or the link in a script, without word lists."""
    anchors = links["anchor"].combine_chunks()
    foreign = ~np.asarray(pc.string_is_ascii(anchors).to_numpy(zero_copy_only=False), dtype=bool)
    beyond = pc.match_substring_regex(anchors.filter(pa.array(foreign)), _FOREIGN)
    foreign[foreign] = beyond.to_numpy(zero_copy_only=False)
    if LANGUAGE_COLUMN in links.column_names:
        language = pc.utf8_slice_codeunits(pc.utf8_lower(links[LANGUAGE_COLUMN].fill_null("en")), 0, 2)
        foreign = foreign | ~pc.is_in(language, pa.array(sorted(LANGUAGES))).to_numpy()
    return foreign


def _refuse(columns: _Columns, foreign: Bools, unknown: Floats) -> None:
    """Answer `unknown`, with the model's own probability of it, where the words that decide are not known."""
    worded = np.isin(columns.way, [_ACQUISITIONS.index(word) for word in sorted(WORDED)])
    refused = foreign & worded
    columns.way = np.where(refused, _UNKNOWN, columns.way)
    columns.way_p = np.where(refused, unknown, columns.way_p)


def _settle(columns: _Columns, links: pa.Table) -> None:
    """Answer what needs no model: links within a domain, and what is no hyperlink."""
    kinds = links["kind"]
    kinds = kinds.cast(pa.string()) if pa.types.is_dictionary(kinds.type) else kinds
    hyperlink = pc.is_in(kinds, pa.array(["a", "area"])).to_numpy()
    redirect = pc.is_in(kinds, pa.array(["redirect", "refresh"])).to_numpy()
    canonical = pc.equal(kinds, "link").to_numpy() & _has_token(links["rel"], "canonical")
    other = np.select([redirect, canonical], [_place("redirect"), _place("canonical")], _place("head"))
    internal = links["internal"].to_numpy()
    columns.place = np.where(hyperlink, columns.place, other)
    columns.place_p = np.where(hyperlink, columns.place_p, np.float32(1))
    columns.way = np.where(internal, len(_ACQUISITIONS), np.where(hyperlink, columns.way, _UNKNOWN))
    columns.way_p = np.where(internal, np.float32(1), np.where(hyperlink, columns.way_p, np.float32(0)))


def _place(word: str) -> int:
    return _PLACEMENT_WORDS.index(word)


def _has_token(rels: pa.ChunkedArray, token: str) -> Bools:
    array = rels.cast(pa.list_(pa.string())).combine_chunks()
    found = np.zeros(len(array), dtype=bool)
    hits = pc.equal(array.flatten(), token).to_numpy(zero_copy_only=False)
    found[pc.list_parent_indices(array).to_numpy()[hits]] = True
    return found


def _strongest(inputs: Bools, names: tuple[str, ...], model: Model, answers: Numbers, ruled: Bools) -> pa.Array:
    """Return for each set of features the rule that fired, and the features that weighed most unless it decided."""
    start = next(number for number, name in enumerate(names) if name.startswith("rule:"))
    end = len(names) - len(model.classes)
    words = pa.array([name.removeprefix("rule:") for name in names])
    numbers = np.empty((len(inputs), 1 + SHOWN), dtype=np.int32)
    numbers[:, 0] = start + inputs[:, start:end].argmax(axis=1)
    _weightiest(inputs.view(np.uint8).reshape(-1), model.weights, answers, start, np.float32(SHARE), numbers)
    numbers[ruled, 1:] = -1
    row_of, first = distinct_rows(numbers)
    named = [words.take(pa.array(column, mask=column < 0)) for column in numbers[first].T]
    return pc.binary_join_element_wise(*named, ", ", null_handling="skip").take(pa.array(row_of))


@kernel
def _weightiest(shown: Any, weights: Any, answers: Any, features: Any, least: Any, found: Any) -> None:
    """Write of each row the features shown that weigh most for its answer, the first of equals first; -1 for none."""
    width = weights.shape[0]
    for row in range(found.shape[0]):
        begin, feature = row * width, np.int64(0)
        for empty in range(1, found.shape[1]):
            found[row, empty] = -1
        while feature < features:
            if feature + WORD <= features and word_at(shown, begin + feature) == 0:
                feature += WORD
                continue
            weight = weights[feature, answers[row]]
            if shown[begin + feature] and weight >= least:
                _rank(feature, weight, weights, answers[row], found, row)
            feature += 1


@leaf
def _rank(feature: Any, weight: Any, weights: Any, answer: Any, best: Any, row: Any) -> None:
    """Put a feature in its place among the best of a row, behind the first, which is a rule, if it has one."""
    place = np.int64(best.shape[1])
    while place > 1 and _lighter(np.int64(best[row, place - 1]), weight, weights, answer):
        place -= 1
        if place + 1 < best.shape[1]:
            best[row, place + 1] = best[row, place]
    if place < best.shape[1]:
        best[row, place] = feature


@leaf
def _lighter(feature: Any, weight: Any, weights: Any, answer: Any) -> Any:
    return feature < 0 or weights[feature, answer] < weight
