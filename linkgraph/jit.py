"""A Python loop over arrays → machine code: the one place that says how.

Promises code that releases the interpreter lock, is compiled at the first call and then kept on disk, and gives the
same bits on every run: no fast-math, no reordering of sums.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Loop = TypeVar("Loop", bound=Callable[..., Any])


def kernel(loop: Loop) -> Loop:
    """Compile *loop* with numba when it is first called, for the array types that it is called with."""
    try:
        compiled = numba.njit(cache=True, nogil=True, fastmath=False)(loop)
        kept = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
        if kept is not None:  # there is no public way
            kept._source_stamp = _stamp(Path(loop.__code__.co_filename).parent)  # noqa: SLF001 - see above
        return cast("Loop", compiled)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written: compile in each process
        return cast("Loop", numba.njit(nogil=True, fastmath=False)(loop))


@cache
def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return by what kept code is told from outdated: numba looks at a loop's own file, not at its parts'."""
    files = [(path.name, path.stat()) for path in sorted(folder.glob("*.py"))]
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in files)


def part(loop: Loop) -> Loop:
    """Compile *loop* for the kernels that call it, and for these only: without a way in from Python, which costs most.

    A number that a caller writes out, `0` or `False`, is a type of its own to numba, and makes it compile the loop
    again: give `np.int64(0)`.
    """
    bare: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast("Loop", numba.njit(nogil=True, **bare)(loop))


def leaf(loop: Loop) -> Loop:
    """Compile *loop* as `part` does, for loops that make no array: without counting the references to those given.

    The counting costs a third of what small loops take that call each other.
    """
    bare: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
    return cast("Loop", numba.njit(nogil=True, **bare)(loop))


def hot(loop: Loop) -> Loop:
    """Compile *loop* as `leaf` does, and copy it into the loops that call it: for what every tag of a page passes.

    A quarter of what reading a page took were calls between these.
    """
    bare: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False, "forceinline": True}
    return cast("Loop", numba.njit(nogil=True, **bare)(loop))


def inlined(loop: Loop) -> Loop:
    """Mark *loop* to be copied into the kernels that call it: a call with arrays costs 15 to 30 ns."""
    return cast("Loop", numba.njit(inline="always")(loop))
