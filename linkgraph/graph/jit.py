"""A Python loop over arrays → machine code: the one place that says how.

Promises code that releases the interpreter lock, is compiled at the first call and then kept on disk, and gives the
same bits on every run: no fast-math, no reordering of sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])


def kernel(loop: Loop) -> Loop:
    """Compile *loop* with numba when it is first called, for the array types that it is called with."""
    try:
        return cast("Loop", numba.njit(cache=True, nogil=True, fastmath=False)(loop))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written: compile in each process
        return cast("Loop", numba.njit(nogil=True, fastmath=False)(loop))


def inlined(loop: Loop) -> Loop:
    """Mark *loop* to be copied into the kernels that call it: a call with arrays costs 15 to 30 ns."""
    return cast("Loop", numba.njit(inline="always")(loop))
