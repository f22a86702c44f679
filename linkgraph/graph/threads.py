"""Work on parts of an array → the results of the parts, in their order, on every core that this process may use.

Promises results that do not depend on the number of threads: parts are cut by the graph alone, and each kernel writes
to its own part. Threads of Python and not of numba: kernels release the interpreter lock, and neither a fork nor two
callers at once upset them, as they do the OpenMP and work-queue layers of numba.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

MAX_PARTS = 64
"""Parts at most: enough to even out 16 cores, few enough that handing them out (20 us each) costs nothing."""

PART_WORK = 1 << 17
"""Edges and nodes in a part at least: a tenth of a millisecond of gathering."""


def thread_count() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def parts(indptr: NDArray[np.int64], limit: int = MAX_PARTS, row: int = 1) -> list[tuple[int, int]]:
    """Cut rows into runs of about the same work, an edge counting 1; at most *limit* runs.

    Args:
        indptr: offsets of n rows, shape (n + 1,).
        limit: runs at most.
        row: what a row counts.
    """
    rows = len(indptr) - 1
    work = int(indptr[-1]) + rows * row
    count = max(1, min(limit, work // PART_WORK))
    if count == 1:
        return [(0, rows)] if rows else []
    # The work before row i is indptr[i] + i * row, which ascends: no array of it is needed to search it.
    cuts = [_row_at(indptr, row, work * part // count) for part in range(count)] + [rows]
    return [(begin, end) for begin, end in pairwise(cuts) if begin < end]


def _row_at(indptr: NDArray[np.int64], row: int, wanted: int) -> int:
    low, high = 0, len(indptr) - 1
    while low < high:
        middle = (low + high) // 2
        if int(indptr[middle]) + middle * row < wanted:
            low = middle + 1
        else:
            high = middle
    return low


class Workers:
    """The calling thread and a pool of others that call kernels; a context manager.

    With one part, or one core, there is no other.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown()

    def each(self, call: Callable[..., Any], runs: Sequence[tuple[int, ...]]) -> list[Any]:
        """Return `call(*run)` for every run, mostly (begin, end), in the order of the runs.

        Each thread takes the next run until none is left; a thread that the system has not yet let begin by then is
        not waited for.
        """
        count = thread_count() if self._threads is None else self._threads
        if len(runs) < 2 or count < 2:
            return [call(*run) for run in runs]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(count - 1, "linkgraph-kernel")
        done: list[Any] = [None] * len(runs)
        places = iter(range(len(runs)))

        def work() -> None:
            for place in places:
                done[place] = call(*runs[place])

        others = [self._pool.submit(work) for _ in range(min(count, len(runs)) - 1)]
        work()
        for other in others:
            if not other.cancel():
                other.result()
        return done
