"""What was met lately → the value that was remembered of it, so that the ledger need not be asked again.

Promises at most so many keys, and that forgetting takes half of them at a time, those longest unmet: a memory that
grows for an hour, or that is emptied and filled again, is none that a long crawl can be planned with.
"""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")


class Recent(dict[K, int]):
    """Integers by key, in two halves of at most *most* keys together; the dictionary itself is the younger half.

    `recent[key]` is what was put under the key, and *unknown* where it is forgotten. A crawl asks once a link: what is
    found at once is found without a call of Python.
    """

    __slots__ = ("_half", "_old", "_unknown")

    def __init__(self, most: int, unknown: int) -> None:
        super().__init__()
        self._half = max(1, most // 2)
        self._unknown = unknown
        self._old: dict[K, int] = {}

    def __len__(self) -> int:
        """Return how many keys are held; one that was met again may count twice."""
        return super().__len__() + len(self._old)

    def __missing__(self, key: K) -> int:
        """Look for *key* in the older half; what is found there is young again."""
        found = self._old.get(key)
        if found is None:
            return self._unknown
        self.put(key, found)
        return found

    def put(self, key: K, value: int) -> None:
        """Remember *value* under *key*."""
        if super().__len__() >= self._half:
            self._old = super().copy()
            super().clear()
        self[key] = value

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self._old.clear()
