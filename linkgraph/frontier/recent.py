"""What was met lately → the value that was remembered of it, so that the ledger need not be asked again.

Promises at most so many keys, and that forgetting takes half of them at a time, those longest unmet: a memory that
grows for an hour, or that is emptied and filled again, is none that a long crawl can be planned with.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")


class Recent(Generic[K]):
    """Integers by key, in two halves of at most *most* keys together."""

    __slots__ = ("_half", "_old", "_young")

    def __init__(self, most: int) -> None:
        self._half = max(1, most // 2)
        self._young: dict[K, int] = {}
        self._old: dict[K, int] = {}

    def __len__(self) -> int:
        """Return how many keys are held; one that was met again may count twice."""
        return len(self._young) + len(self._old)

    def get(self, key: K, default: int) -> int:
        """Return what was put under *key*; *default* where it is forgotten."""
        found = self._young.get(key)
        if found is not None:
            return found
        found = self._old.get(key)
        if found is None:
            return default
        self.put(key, found)
        return found

    def put(self, key: K, value: int) -> None:
        """Remember *value* under *key*."""
        if len(self._young) >= self._half:
            self._young, self._old = {}, self._young
        self._young[key] = value

    def clear(self) -> None:
        """Forget all."""
        self._young.clear()
        self._old.clear()
