r"""A regular expression → its letters, and which of them may follow which, where.

Promises the meaning of RE2's syntax (https://github.com/google/re2/wiki/Syntax) for what the data files use: literals,
classes, groups, alternatives, repetition, `(?i)`, `^ $ \b \B`, by position automata (Glushkov 1961). Refuses the rest
with a message: Unicode classes, flags but `i`, references, lazy repetition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from linkgraph.errors import CorruptFileError

Ranges = tuple[tuple[int, int], ...]
"""Code points from the first to the last of each, sorted, apart from each other."""

LAST = 0x10FFFF
START, WORD, OTHER, END = 0, 1, 2, 3
"""What stands on a side of a gap between letters: nothing before, a letter, digit or `_`, another, nothing after."""

BEFORE, AFTER = (START, WORD, OTHER), (WORD, OTHER, END)
ANYWHERE = (1 << 9) - 1

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\t\n\f\r "}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_COUNTS = frozenset("*+?{")
_ALSO = {"s": "\N{LATIN SMALL LETTER LONG S}", "k": "\N{KELVIN SIGN}", "å": "\N{ANGSTROM SIGN}", "ß": "ẞ"}
"""Letters that only folding makes equal (Unicode's CaseFolding.txt, the simple foldings of what patterns contain)."""


def _gaps(holds: Iterable[bool]) -> int:
    return sum(1 << number for number, one in enumerate(holds) if one)


_PAIRS = [(before, after) for before in BEFORE for after in AFTER]
_GAPS = {
    "^": _gaps(before == START for before, _ in _PAIRS),
    "$": _gaps(after == END for _, after in _PAIRS),
    "b": _gaps((before == WORD) != (after == WORD) for before, after in _PAIRS),
    "B": _gaps((before == WORD) == (after == WORD) for before, after in _PAIRS),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a pattern: what it may begin and end with; each by the gaps, as bits, at which it may."""

    empty: int
    first: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)


class Letters:
    """The letters of patterns, numbered, each with the code points that it stands for."""

    def __init__(self) -> None:
        self.ranges: list[Ranges] = []
        self.follow: list[dict[int, int]] = []
        """Of each letter those that may come next, by the gaps between them at which they may."""

    def one(self, ranges: Ranges) -> Piece:
        """Return a letter, newly numbered."""
        self.ranges.append(ranges)
        self.follow.append({})
        return Piece(0, {len(self.ranges) - 1: ANYWHERE}, {len(self.ranges) - 1: ANYWHERE})

    def joined(self, left: Piece, right: Piece) -> Piece:
        """Return one piece after the other."""
        self._link(left, right)
        return Piece(
            left.empty & right.empty,
            _either(left.first, _only(right.first, left.empty)),
            _either(right.last, _only(left.last, right.empty)),
        )

    def repeated(self, piece: Piece) -> Piece:
        """Return a piece once or more."""
        self._link(piece, piece)
        return piece

    def _link(self, left: Piece, right: Piece) -> None:
        for letter, at in left.last.items():
            follow = self.follow[letter]
            for other, where in right.first.items():
                if at & where:
                    follow[other] = follow.get(other, 0) | at & where


def _only(letters: dict[int, int], gaps: int) -> dict[int, int]:
    return {letter: at & gaps for letter, at in letters.items() if at & gaps} if gaps else {}


def _either(one: dict[int, int], other: dict[int, int]) -> dict[int, int]:
    return one | {letter: at | one.get(letter, 0) for letter, at in other.items()}


def read(pattern: str, letters: Letters) -> Piece:
    """Return the piece that *pattern* means; its letters are added to *letters*.

    Raises:
        CorruptFileError: syntax that this module does not read; names the pattern and the place.
    """
    reader = _Reader(pattern, letters)
    piece = reader.alternatives()
    if reader.at < len(pattern):
        raise reader.refused("a bracket that nothing opened")
    return piece


class _Reader:
    """A pattern, and how far it has been read."""

    def __init__(self, pattern: str, letters: Letters) -> None:
        self.pattern, self.letters, self.at, self.folds = pattern, letters, 0, False

    def refused(self, what: str) -> CorruptFileError:
        return CorruptFileError(f"pattern {self.pattern[:80]!r} has {what} at {self.at}: write it another way")

    def _next(self) -> str:
        if self.at >= len(self.pattern):
            raise self.refused("no end")
        self.at += 1
        return self.pattern[self.at - 1]

    def _skip(self, text: str) -> bool:
        found = self.pattern.startswith(text, self.at)
        self.at += len(text) * found
        return found

    def alternatives(self) -> Piece:
        """Read up to the end of the group; a flag counts up to there."""
        folds = self.folds
        found = self._sequence()
        while self._skip("|"):
            other = self._sequence()
            found = Piece(found.empty | other.empty, _either(found.first, other.first), _either(found.last, other.last))
        self.folds = folds
        return found

    def _sequence(self) -> Piece:
        found = Piece(ANYWHERE)
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            if self.pattern[self.at] == "(" and self._skip("(?i)"):
                self.folds = True
                continue
            begin, folds = self.at, self.folds
            piece = self._single()
            found = self.letters.joined(found, self._counted(piece, begin, folds=folds))
        return found

    def _single(self) -> Piece:
        sign = self._next()
        if sign == "(":
            if self._skip("?") and not self._skip(":"):
                raise self.refused("a group of an unknown kind")
            inside = self.alternatives()
            if not self._skip(")"):
                raise self.refused("no closing bracket")
            return inside
        if sign in "^$":
            return Piece(_GAPS[sign])
        if sign == "\\" and self.pattern[self.at : self.at + 1] in {"b", "B"}:
            return Piece(_GAPS[self._next()])
        if sign in "*+?{":
            raise self.refused("nothing to repeat")
        return self.letters.one(self._letter(sign))

    def _letter(self, sign: str) -> Ranges:
        if sign == ".":
            return _without(((10, 10),))
        if sign == "[":
            return self._class()
        return self._folded(self._escaped() if sign == "\\" else ((ord(sign), ord(sign)),))

    def _escaped(self) -> Ranges:
        sign = self._next()
        if sign.lower() in _CLASSES:
            inside = self._folded(_points(_CLASSES[sign.lower()]))
            return _without(inside) if sign.isupper() else inside
        if sign.isalnum():
            if sign not in _CONTROLS:
                raise self.refused(f"\\{sign}")
            sign = _CONTROLS[sign]
        return ((ord(sign), ord(sign)),)

    def _class(self) -> Ranges:
        negated, begin = self._skip("^"), self.at
        found: list[tuple[int, int]] = []
        while not (self.at > begin and self._skip("]")):
            sign = self._next()
            if sign == "[" and self.pattern[self.at : self.at + 1] == ":":
                raise self.refused("a class by name")
            one = self._escaped() if sign == "\\" else ((ord(sign), ord(sign)),)
            if self.pattern[self.at : self.at + 1] == "-" and self.pattern[self.at + 1 : self.at + 2] not in {"]", ""}:
                self.at += 1
                to = self._next()
                other = self._escaped() if to == "\\" else ((ord(to), ord(to)),)
                one = ((one[0][0], other[0][1]),)
            found.extend(self._folded(one))
        ranges = _merged(found)
        return _without(ranges) if negated else ranges

    def _folded(self, ranges: Ranges) -> Ranges:
        """Return code points with their other cases, if these count the same."""
        return _in_any_case(ranges) if self.folds and ranges[-1][1] != LAST else ranges

    def _counted(self, piece: Piece, begin: int, *, folds: bool) -> Piece:
        """Return a piece as often as the sign after it says; what is written once is read again for each copy."""
        letters = self.letters
        if self.pattern[self.at : self.at + 1] not in _COUNTS:
            return piece
        if self._skip("*"):
            found = Piece(ANYWHERE, *_ends(letters.repeated(piece)))
        elif self._skip("+"):
            found = letters.repeated(piece)
        elif self._skip("?"):
            found = Piece(ANYWHERE, *_ends(piece))
        else:
            self.at += 1
            found = self._times(piece, begin, folds=folds)
        if self.pattern[self.at : self.at + 1] in _COUNTS:
            raise self.refused("a second repetition")
        return found

    def _times(self, piece: Piece, begin: int, *, folds: bool) -> Piece:
        count = re.match(r"(\d+)(,?)(\d*)}", self.pattern[self.at :])
        if not count:
            raise self.refused("no count")
        end, comma = self.at + count.end(), count[2]
        low, high = int(count[1]), int(count[3]) if count[3] else None
        copies = [piece]
        for _ in range(max(low, high or 0, 1) - 1):
            self.at, self.folds = begin, folds
            copies.append(self._single())
        self.at = end
        if comma and high is None:
            copies[-1] = self.letters.repeated(copies[-1])
        found = Piece(ANYWHERE)
        for number in reversed(range(len(copies))):
            found = self.letters.joined(copies[number], found)
            if number >= low:
                found = Piece(ANYWHERE, *_ends(found))
        return found


def _ends(piece: Piece) -> tuple[dict[int, int], dict[int, int]]:
    return piece.first, piece.last


def _points(text: str) -> Ranges:
    """Return the code points of the inside of a plain class: signs and ranges."""
    found, at = [], 0
    while at < len(text):
        wide = text[at + 1 : at + 2] == "-" and at + 2 < len(text)
        found.append((ord(text[at]), ord(text[at + 2 if wide else at])))
        at += 3 if wide else 1
    return _merged(found)


@lru_cache(maxsize=1 << 10)
def _in_any_case(ranges: Ranges) -> Ranges:
    cases = {ord(case) for first, last in ranges for point in range(first, last + 1) for case in _cases(chr(point))}
    return _merged([*ranges, *((case, case) for case in cases)])


def _cases(letter: str) -> str:
    alike = {letter, letter.lower(), letter.upper()}
    return "".join(case + _ALSO.get(case, "") for case in alike if len(case) == 1)


def _merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def _without(ranges: Ranges) -> Ranges:
    edges = [-1, *(edge for one in ranges for edge in one), LAST + 1]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple((last + 1, first - 1) for last, first in pairs if last + 1 <= first - 1)
