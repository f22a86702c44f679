"""Python's search for cyclic garbage → one that does not hold the event loop when it matters.

Promises that what was loaded before the crawl is not looked through again, and that the whole heap is searched just
after a commit only, when the rows that waited for it are gone, a hundredth of the time at most. `end` undoes it all.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

LEAST = 30.0
"""Seconds between two searches of the whole heap, at least: what they find is the traces of failed requests, some 2,000
objects a second among hostile hosts."""

_SHARE = 0.01
_NEVER = 1 << 30


class Garbage:
    """The collector of the process while a crawl runs."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._due = 0.0
        self._before: tuple[int, int, int] | None = None

    def begin(self) -> None:
        """Take over: what a crawl has imported took a tenth of a second of the loop at each search."""
        gc.collect()
        gc.freeze()
        self._before = gc.get_threshold()
        # A search reads every string of every row that waits: up to 0.15 s with 200,000 links.
        gc.set_threshold(self._before[0], self._before[1], _NEVER)
        self._due = self._clock() + LEAST

    def committed(self) -> None:
        """Search the whole heap if it is time: what was recorded has just been let go."""
        began = self._clock()
        if self._before is None or began < self._due:
            return
        gc.collect()
        now = self._clock()
        self._due = now + max(LEAST, (now - began) / _SHARE)

    def end(self) -> None:
        """Give the collector back as it was."""
        if self._before is not None:
            gc.set_threshold(*self._before)
            gc.unfreeze()
            self._before = None
