"""The compiled loops under extraction: when they are compiled, and the tables that they work with."""

from __future__ import annotations

import unicodedata
from importlib import import_module

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkgraph.extract import extract, prepare
from linkgraph.extract.flow import may_compose
from linkgraph.extract.markup import MERGE_CHECKED
from linkgraph.extract.strings import mix
from linkgraph.extract.tags import ATTRIBUTE_TABLE, ATTRIBUTES, SLOTS, TAG_TABLE, TAGS, hash_of
from linkgraph.extract.tokenizer import _find
from linkgraph.jit import kernel, leaf

MODULES = ("fingerprint", "flow", "joining", "markup", "regular", "rows", "scan", "sheet", "strings", "survey", "texts")
PAGES = [
    b"",
    b"<a href=/1>x</a>",
    b"<form action=/f><img alt=x src=/y></form><map><area href=/z alt=q></map><link rel=canonical href=/c>",
    "<a href=/1 title=té>é<img alt=a><svg><title>b</title></svg></a><meta name=robots content=none>".encode(),
    "<h1>e\u0301</h1><p>\u0301<a href=/1>o\u0308</a> x".encode(),
    "<a href=/1>e\u0301</a><a href=/2>x</a>".encode(),
    b"<table><a href=/1>left to the parser</a></table>",
    b"<math>" + b" " * MERGE_CHECKED,
    b"<script>UA-12345-6</script><noscript><a href=/1>x</a></noscript><template><a href=/></template>",
]


def loops() -> list:
    modules = [import_module(f"linkgraph.extract.{name}") for name in MODULES]
    return [one for module in modules for one in vars(module).values() if hasattr(one, "signatures")]


def test_no_page_waits_for_a_compiler_once_the_loops_are_prepared():
    prepare()
    before = {loop: len(loop.signatures) for loop in loops()}
    for body in PAGES:
        for resources in (False, True):
            extract("http://a.test/", [("Link", "</x>; rel=next"), ("Refresh", "0;/y")], body, resources=resources)

    assert len(before) > 5
    assert {loop: len(loop.signatures) for loop in loops()} == before


@pytest.mark.parametrize(("table", "names"), [(TAG_TABLE, TAGS), (ATTRIBUTE_TABLE, ATTRIBUTES)])
def test_every_name_has_a_hash_and_a_slot_of_its_own(table, names):
    assert len({hash_of(name) for name in names}) == len(names)
    assert sorted(table.numbers[table.numbers > 0].tolist()) == list(range(1, len(names)))
    assert len(names) < SLOTS / 4


def test_what_is_taken_for_composed_is_composed():
    """A character after which, or by which, NFC changes a text is never passed over."""
    composing = set()
    for point in range(0x110000):
        character = chr(point)
        if 0xD800 <= point < 0xE000:
            continue
        if unicodedata.combining(character) or unicodedata.normalize("NFC", character) != character:
            composing.add(point)
        parts = unicodedata.decomposition(character).split()
        if len(parts) == 2 and not parts[0].startswith("<"):
            composing.add(int(parts[1], 16))
    composing |= {*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)}  # Hangul vowels and finals (Unicode 3.12)

    assert [hex(point) for point in sorted(composing) if not may_compose.py_func(point)] == []
    assert not any(may_compose.py_func(ord(letter)) for letter in "aéßжλ한例ひカ…€😀")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_sixteen_bytes_at_a_time_find_what_one_at_a_time_finds(text, begin, end):
    array = np.frombuffer(text, np.uint8)
    end = min(end, len(text))
    begin = min(begin, end)
    stops = [at for at in range(begin, end) if text[at] in b"<&"]

    assert first_of(array, begin, end) == (stops[0] if stops else end)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=40), st.integers(0, 1 << 60))
def test_a_hash_tells_texts_apart_and_knows_no_text(one, other, seed):
    assert (hashed(one, seed) == hashed(other, seed)) == (one == other)
    assert hashed(b"", seed) == seed


def test_no_loop_asks_whether_an_index_counts_from_the_end():
    def byte_at(text, rows, at, row):
        return text[at] + rows[row, at]

    of_numba, ours = (made_of(compiler(byte_at)) for compiler in (numba.njit, leaf))

    assert "icmp slt i64 %arg.at, 0" in of_numba
    assert "icmp" not in ours


def made_of(loop) -> str:
    loop.compile((numba.uint8[::1], numba.int64[:, ::1], numba.int64, numba.int64))
    made = loop.inspect_llvm(loop.signatures[0])
    return made[made.index("define") : made.index("}")]


@kernel
def first_of(text, begin, end):
    return _find(text, begin, end, np.int64(ord("<")), np.int64(ord("&")))


@kernel
def mixed(text, begin, end, seed):
    return mix(text, begin, end, seed)


def hashed(text: bytes, seed: int) -> int:
    return mixed(np.frombuffer(b"x" + text + b"y", np.uint8), 1, 1 + len(text), seed)
