"""One pass over a text tells of every pattern what RE2 tells of it alone."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.classify.automaton import MOST, Matcher
from linkgraph.classify.bits import joined
from linkgraph.classify.phrases import PHRASES
from linkgraph.classify.steps import LANDMARKS, TAGS
from linkgraph.classify.texts import texts_of
from linkgraph.errors import CorruptFileError

PATTERNS = (*(phrase.pattern for phrase in PHRASES), *LANDMARKS.values(), *(f"^({tag})$" for tag in TAGS.values()))

SMALL = (
    "a", "^a", "a$", "^$", "", r"\ba", r"a\b", r"\Ba\B", r"^\W*(a|b.)\W*$", "a{2,3}b", "(ab?){2}", "a{0,2}$", "a{2,}",
    "(?i)[a-c]é", "^a|(?i)b", "(?i)(?:s|k)", r"(?i)\Wk", "[^a.]b", "[«b-]a", r"\.|[\]a]\s", "(a|ab)(c|bcd)?(d*)$",
    r"a\b.", r"\b", "(?:a*)*b", "(a?b?)+$", "(?i)ß|å", r"x\b|\by|\Bz", "(^a|b)c", "(a$|b)c?", "[]a]",
)  # fmt: skip
"""Patterns of few signs, whose meaning short texts put to the test."""

PARTS = sorted({part for pattern in PATTERNS for part in re.findall(r"[^\W\d_]+|[^\w\s]", pattern)})
REAL = st.lists(
    st.sampled_from(PARTS) | st.sampled_from([" ", "-", "_", "/", "?", "=", "2024", "7", "\n"]), max_size=9
).map("".join)
FEW = st.text("abcdkszéßåẞ\N{LATIN SMALL LETTER LONG S}Å\N{KELVIN SIGN}S.«-_] \n0", max_size=8)


@cache
def machine(patterns: tuple[str, ...]) -> Matcher:
    return Matcher(patterns)


def asked_together(matcher: Matcher, texts: pa.Array) -> np.ndarray:
    found = np.zeros((len(texts), matcher.size), bool)
    assert joined(matcher.columns(texts_of(texts)), found) == matcher.size
    return found


def asked_alone(patterns: tuple[str, ...], texts: list[str]) -> np.ndarray:
    column = pa.array(texts, pa.string())
    return np.stack(
        [pc.match_substring_regex(column, pattern).to_numpy(zero_copy_only=False) for pattern in patterns], axis=1
    )


@given(st.lists(REAL | st.text(max_size=12), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_each_pattern_of_the_data_files_matches_what_re2_matches(texts):
    assert (asked_together(machine(PATTERNS), pa.array(texts, pa.string())) == asked_alone(PATTERNS, texts)).all()


@given(st.lists(FEW, min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_each_sign_means_what_it_means_to_re2(texts):
    assert (asked_together(machine(SMALL), pa.array(texts, pa.string())) == asked_alone(SMALL, texts)).all()


def test_letters_that_fold_to_those_of_a_pattern_match_as_in_re2():
    letters = sorted({letter for letter in "".join(PATTERNS) if letter.isalpha()})
    alike = {
        chr(point) for point in range(0x1_FFFF) if not 0xD800 <= point < 0xE000
        if {chr(point).lower(), chr(point).upper(), chr(point).casefold()} & {*letters, *map(str.upper, letters)}
    }  # fmt: skip
    patterns = tuple(f"(?i)^{letter}$" for letter in letters)
    assert (asked_together(machine(patterns), pa.array(sorted(alike))) == asked_alone(patterns, sorted(alike))).all()


def test_answers_do_not_change_when_the_table_is_full_and_begun_anew():
    texts = pa.array([f"{one}-{other}/{one}?{other}=1" for one in PARTS[:90] for other in PARTS[-60:]])
    small = Matcher(PATTERNS[:MOST], states=40)
    assert (asked_together(small, texts) == asked_together(Matcher(PATTERNS[:MOST]), texts)).all()
    assert (asked_together(small, texts.slice(100, 50)) == asked_together(small, texts)[100:150]).all()


def test_large_strings_slices_and_empty_columns_are_read():
    texts = pa.array(["", "comment", "é"], pa.large_string())
    assert asked_together(machine(("comment", "^$")), texts).tolist() == [[False, True], [True, False], [False, False]]
    assert asked_together(machine(("é",)), texts.slice(1)).tolist() == [[False], [True]]
    assert asked_together(machine(("é",)), pa.array([], pa.string())).shape == (0, 1)


@pytest.mark.parametrize(
    "pattern", [r"\p{Greek}", "(?s)a", "(?P<n>a)", "a*?", "a)", "(a", "[a", "a\\", "*a", r"\1", "[[:alpha:]]", "a{2"]
)
def test_syntax_that_is_not_read_is_named(pattern):
    with pytest.raises(CorruptFileError, match="write it another way"):
        Matcher([pattern])
