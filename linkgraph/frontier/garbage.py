"""Python's search for cyclic garbage → one that does not hold the event loop when it matters.

Promises that what was loaded before the crawl is not looked through again, and that the whole heap is searched just
after a commit only, when the rows that waited for it are gone, a hundredth of the time at most. `end` undoes it all.
An error that was dealt with leaves nothing to search for: `let_go`.
"""

from __future__ import annotations

import gc
import inspect
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

LEAST = 30.0
"""Seconds between two searches of the whole heap, at least."""

_SHARE = 0.01
_NEVER = 1 << 30
_RESUMED = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


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


def let_go(error: BaseException | None, trace: TracebackType | None = None) -> None:
    """Forget where *error* and its causes came from, once they were dealt with.

    A frame that an error passed may hold the error, which holds the frame: 260 objects of a host that refuses
    connections, which only a search for garbage finds, in a tenth of a second of the event loop.

    Args:
        error: it keeps its type and its words.
        trace: of the same error, where somebody else holds it too, as Twisted's `Failure` does.
    """
    _clear(trace)
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            _clear(one.__traceback__)
            one.__traceback__ = None
            waiting += [one.__cause__, one.__context__]


def _clear(trace: TracebackType | None) -> None:
    while trace is not None:
        # A coroutine that caught the error may go on: to clear its frame would close it.
        if not trace.tb_frame.f_code.co_flags & _RESUMED:
            with suppress(RuntimeError):  # it runs: what it holds goes when it ends
                trace.tb_frame.clear()
        trace = trace.tb_next
