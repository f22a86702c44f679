"""A key → the same throws on every machine.

Promises to draw on `random.Random.random` alone, the one method whose sequence Python promises to keep between
versions (docs.python.org/3/library/random.html, notes on reproducibility).
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Choices that depend on the key only; two dice of one key throw alike."""

    __slots__ = ("throw",)

    def __init__(self, *key: object) -> None:
        self.throw = Random("\x1f".join(map(str, key))).random

    def below(self, count: int) -> int:
        """Return an integer in [0, count)."""
        return int(self.throw() * count)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of *choices*, each as likely as the others."""
        return choices[int(self.throw() * len(choices))]

    def early(self, choices: Sequence[T]) -> T:
        """Return one of *choices*, the first ones far more often: the square law makes a few targets popular."""
        return choices[int(self.throw() ** 2 * len(choices))]

    def chance(self, probability: float) -> bool:
        """Return True with *probability*."""
        return self.throw() < probability

    def some(self, choices: Sequence[T], count: int) -> list[T]:
        """Return *count* different ones of *choices* (all, if there are fewer) in drawn order."""
        left = list(choices)
        return [left.pop(int(self.throw() * len(left))) for _ in range(min(count, len(left)))]
