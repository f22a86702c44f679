"""Texts → which of many patterns match each: one pass over a text, however many patterns there are.

Promises the answers of RE2 for each pattern, by a deterministic automaton of all of them that is made as texts need it
(Aho, Sethi, Ullman 1986, algorithm 3.20 and its lazy form in section 3.7). Its memory is bounded: a full table is
begun anew. Refuses more than `MOST` patterns at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from linkgraph.classify.bits import Bits
from linkgraph.classify.patterns import AFTER, BEFORE, END, LAST, OTHER, START, WORD, Letters, Piece, Ranges, read
from linkgraph.classify.texts import Texts
from linkgraph.jit import kernel, leaf, word_at

MOST = 64
"""Patterns of one automaton: the bits of a word."""

STATES = 1 << 14
"""States kept, at most 65,536. What the links of 2,100 sites read needs 15,300, anything else half of that."""

ROOM = 64
"""Letters of a state, for which there is room; most have a dozen."""

ASCII = 128
WORD_SIZE = 8
"""Bytes compared at once."""
STATES_MADE, CLOCK, TIMES_FULL = 0, 1, 2

_WORDS: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
SPREAD = 0x9E3779B97F4A7C1

Numbers = npt.NDArray[np.int64]


class Rules(NamedTuple):
    """The letters of all patterns as arrays; a kind is a set of code points that no pattern tells apart."""

    ascii: npt.NDArray[np.uint8]
    """The kind of each ASCII character."""
    borders: npt.NDArray[np.int32]
    """Where the other code points change their kind."""
    kinds: npt.NDArray[np.uint8]
    """Of the code points from each border on."""
    is_word: npt.NDArray[np.uint8]
    """What each kind is beside a gap: WORD or OTHER, and END for the kind after the last."""
    fits: npt.NDArray[np.bool_]
    """Of each letter the kinds that it stands for."""
    begins: npt.NDArray[np.int32]
    """The letters that patterns may begin with, kind after kind, and the gaps at which they may."""
    begin_of: npt.NDArray[np.int32]
    follows: npt.NDArray[np.int32]
    """The letters that may follow each letter, letter after letter, and the gaps at which they may."""
    follow_of: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    """The patterns that each letter may end, letter after letter, and the gaps at which it may."""
    end_of: npt.NDArray[np.int32]
    empty: npt.NDArray[np.uint64]
    """The patterns that match nothing at all, at each gap."""


class Table(NamedTuple):
    """The states met so far; state 1 is the one before the first letter of a text."""

    next: npt.NDArray[np.uint16]
    """The state after each state and kind; 0 where it is not known yet."""
    matched: npt.NDArray[np.uint64]
    """The patterns, as bits, that are known to match when a state is reached."""
    before: npt.NDArray[np.uint8]
    """What the letter was that led to a state."""
    span: npt.NDArray[np.int64]
    """Where the letters of each state begin in `pool`."""
    pool: npt.NDArray[np.int32]
    slots: npt.NDArray[np.uint16]
    """A hash table of the states."""
    making: npt.NDArray[np.int32]
    """The letters of the state in the making."""
    stamps: npt.NDArray[np.int64]
    """When each letter was last among them."""
    counts: npt.NDArray[np.int64]
    """The number of the next state, the time in states made, and how often the table was begun anew."""


class Matcher:
    """Patterns that are asked of many texts at once."""

    def __init__(self, patterns: Sequence[str], states: int = STATES) -> None:
        self.size = len(patterns)
        self._rules = [_rules(patterns[first : first + MOST]) for first in range(0, self.size, MOST)]
        self._tables = [_table(rules, states) for rules in self._rules]
        self._lock = Lock()

    def bits(self, texts: Texts) -> list[npt.NDArray[np.uint64]]:
        """Return the patterns that each text matches, as bits; a word for each `MOST` patterns."""
        found = []
        with self._lock:
            for rules, table in zip(self._rules, self._tables, strict=True):
                bits = np.zeros(len(texts.begins), dtype=np.uint64)
                _run(texts, rules, table, bits)
                found.append(bits)
        return found

    def columns(self, texts: Texts) -> list[Bits]:
        """Return a column a pattern, a row a text."""
        widths = [min(MOST, self.size - first) for first in range(0, self.size, MOST)]
        return [Bits(words, width) for words, width in zip(self.bits(texts), widths, strict=True)]


@lru_cache(maxsize=32)
def matcher(patterns: tuple[str, ...]) -> Matcher:
    """Return the matcher of some patterns, with the states that were met before."""
    return Matcher(patterns)


def _rules(patterns: Sequence[str]) -> Rules:
    letters = Letters()
    pieces = [read(pattern, letters) for pattern in patterns]
    distinct = {ranges: number for number, ranges in enumerate(dict.fromkeys([_WORDS, *letters.ranges]))}
    borders, kinds, members = _kinds(list(distinct))
    fits = members[:, [distinct[ranges] for ranges in letters.ranges]].T
    fits = np.concatenate([fits, np.zeros((len(fits), 1), bool)], axis=1)
    begins = [
        {letter: at for piece in pieces for letter, at in piece.first.items() if fits[letter, kind]}
        for kind in range(len(members))
    ]
    return Rules(
        kinds[np.searchsorted(borders, np.arange(ASCII), side="right") - 1].astype(np.uint8),
        borders.astype(np.int32),
        kinds.astype(np.uint8),
        np.array([*np.where(members[:, 0], WORD, OTHER), END], np.uint8),
        fits,
        *_listed([*begins, {}]),
        *_listed(letters.follow),
        *_listed(_ended(pieces, len(letters.ranges))),
        _empty(pieces),
    )


def _kinds(sets: list[Ranges]) -> tuple[Numbers, Numbers, npt.NDArray[np.bool_]]:
    """Return where code points change their kind, the kinds, and which sets each kind is in."""
    edges = {0, *(edge for ranges in sets for first, last in ranges for edge in (first, last + 1) if edge <= LAST)}
    borders = np.array(sorted(edges))
    inside = np.zeros((len(borders), len(sets)), bool)
    for column, ranges in enumerate(sets):
        for first, last in ranges:
            inside[np.searchsorted(borders, first) : np.searchsorted(borders, last, side="right"), column] = True
    members, kinds = np.unique(inside, axis=0, return_inverse=True)
    return borders, kinds.reshape(-1), members


def _ended(pieces: list[Piece], letters: int) -> list[dict[int, int]]:
    ends: list[dict[int, int]] = [{} for _ in range(letters)]
    for pattern, piece in enumerate(pieces):
        for letter, at in piece.last.items():
            ends[letter][pattern] = at
    return ends


def _empty(pieces: list[Piece]) -> npt.NDArray[np.uint64]:
    found = np.zeros(len(BEFORE) * len(AFTER), np.uint64)
    for pattern, piece in enumerate(pieces):
        for number in range(len(found)):
            found[number] |= np.uint64((piece.empty >> number & 1) << pattern)
    return found


def _listed(lists: Iterable[dict[int, int]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return pairs, list after list, and where each list begins and the last ends."""
    lists = list(lists)
    pairs = np.array([pair for one in lists for pair in one.items()], np.int32).reshape(-1, 2)
    return pairs, np.array([0, *accumulate(len(one) for one in lists)], np.int32)


def _table(rules: Rules, states: int) -> Table:
    table = Table(
        np.zeros((states, len(rules.is_word)), np.uint16),
        np.zeros(states, np.uint64),
        np.zeros(states, np.uint8),
        np.zeros(states + 1, np.int64),
        np.zeros(states * ROOM + len(rules.fits), np.int32),
        np.zeros(1 << (4 * states).bit_length(), np.uint16),
        np.zeros(len(rules.fits), np.int32),
        np.zeros(len(rules.fits), np.int64),
        np.zeros(3, np.int64),
    )
    table.counts[STATES_MADE] = 2
    table.before[1] = START
    return table


@kernel
def _run(texts: Any, rules: Any, table: Any, found: Any) -> None:
    """Write which patterns each text matches, as bits."""
    source, end = texts.source, np.int64(rules.is_word.size - 1)
    for text in range(texts.begins.size):
        if text > 0 and _repeats(texts, text):
            found[text] = found[text - 1]
            continue
        state, bits = np.int64(1), np.uint64(0)
        at, stop = texts.begins[text], texts.ends[text]
        while at < stop:
            kind = np.int64(source[at])
            if kind < ASCII:
                kind = np.int64(rules.ascii[kind])
                at += 1
            else:
                kind, at = _beyond(source, at, rules)
            known = np.int64(table.next[state, kind])
            state = known if known != 0 else _made(state, kind, rules, table)
            bits |= table.matched[state]
        known = np.int64(table.next[state, end])
        state = known if known != 0 else _made(state, end, rules, table)
        found[text] = bits | table.matched[state]


@leaf
def _repeats(texts: Any, text: Any) -> Any:
    """Return whether a text is the one before it: one in three of what stands around the links of a page."""
    at, other, stop = texts.begins[text], texts.begins[text - 1], texts.ends[text]
    if texts.ends[text - 1] - other != stop - at:
        return False
    while at + WORD_SIZE <= stop and word_at(texts.source, at) == word_at(texts.source, other):
        at += WORD_SIZE
        other += WORD_SIZE
    while at < stop and texts.source[at] == texts.source[other]:
        at += 1
        other += 1
    return at == stop


@leaf
def _beyond(source: Any, at: Any, rules: Any) -> Any:
    """Return the kind of a letter beyond ASCII, and where the next letter begins."""
    lead = np.int64(source[at])
    size = np.int64(2 + (lead >= 0xE0) + (lead >= 0xF0))
    point = lead & (0x7F >> size)
    for place in range(at + 1, at + size):
        point = point << 6 | np.int64(source[place]) & 0x3F
    low, high = np.int64(0), np.int64(rules.borders.size)
    while high - low > 1:
        middle = (low + high) >> 1
        if rules.borders[middle] <= point:
            low = middle
        else:
            high = middle
    return np.int64(rules.kinds[low]), at + size


@leaf
def _made(state: Any, kind: Any, rules: Any, table: Any) -> Any:
    """Return the state after *state* and a letter of *kind*, made if it is new."""
    after = np.int64(rules.is_word[kind])
    place = 3 * np.int64(table.before[state]) + after - 1
    table.counts[CLOCK] += 1
    bits, size = rules.empty[place], np.int64(0)
    for each in range(table.span[state], table.span[state + 1]):
        letter = np.int64(table.pool[each])
        for pair in range(rules.end_of[letter], rules.end_of[letter + 1]):
            if rules.ends[pair, 1] >> place & 1:
                bits |= np.uint64(1) << np.uint64(rules.ends[pair, 0])
        size = _reached(rules.follows, rules.follow_of, letter, rules.fits[:, kind], place, table, size)
    size = _reached(rules.begins, rules.begin_of, kind, rules.fits[:, kind], place, table, size)
    found = np.int64(table.slots[_slot(after, bits, size, table)])
    if found == 0:
        made = table.counts[STATES_MADE]
        if made == table.matched.size or table.span[made] + size > table.pool.size:
            _begin_anew(table)
            return _kept(after, bits, size, table)
        found = _kept(after, bits, size, table)
    table.next[state, kind] = found
    return found


@leaf
def _reached(pairs: Any, starts: Any, number: Any, fits: Any, place: Any, table: Any, size: Any) -> Any:
    """Add to the state in the making those letters of a list that fit and may stand there; return its size."""
    now = table.counts[CLOCK]
    for pair in range(starts[number], starts[number + 1]):
        letter = np.int64(pairs[pair, 0])
        if fits[letter] and pairs[pair, 1] >> place & 1 and table.stamps[letter] != now:
            table.stamps[letter] = now
            table.making[size] = letter
            size += 1
    return size


@leaf
def _slot(after: Any, bits: Any, size: Any, table: Any) -> Any:
    """Return the slot of the state in the making; an empty one where it is new."""
    mixed = np.int64(bits) * SPREAD + after
    for each in range(size):  # a sum, since the same letters may be met in another order
        letter = (np.int64(table.making[each]) + 1) * SPREAD
        mixed += letter ^ letter >> 29
    mixed *= SPREAD
    slot = (mixed ^ mixed >> 32) & (table.slots.size - 1)
    while table.slots[slot] != 0 and not _same(np.int64(table.slots[slot]), after, bits, size, table):
        slot = (slot + 1) & (table.slots.size - 1)
    return slot


@leaf
def _same(state: Any, after: Any, bits: Any, size: Any, table: Any) -> Any:
    """Return whether a state is the one in the making."""
    begin, end = table.span[state], table.span[state + 1]
    if end - begin != size or table.before[state] != after or table.matched[state] != bits:
        return False
    while begin < end and table.stamps[np.int64(table.pool[begin])] == table.counts[CLOCK]:
        begin += 1
    return begin == end


@leaf
def _kept(after: Any, bits: Any, size: Any, table: Any) -> Any:
    """Number the state in the making."""
    slot, state = _slot(after, bits, size, table), table.counts[STATES_MADE]
    table.slots[slot] = state
    table.counts[STATES_MADE] += 1
    begin = table.span[state]
    for each in range(size):
        table.pool[begin + each] = table.making[each]
    table.span[state + 1] = begin + size
    table.before[state], table.matched[state] = after, bits
    return state


@leaf
def _begin_anew(table: Any) -> None:
    """Forget all states but the one before the first letter."""
    table.next[:, :] = 0
    table.slots[:] = 0
    table.counts[STATES_MADE] = 2
    table.counts[TIMES_FULL] += 1
