"""A Python loop over arrays → machine code: the one place that says how, and instructions beyond Python.

Promises code that releases the interpreter lock, is compiled at the first call and then kept on disk, and gives the
same bits on every run: no fast-math, no reordering of sums.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

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


LANES = 16
"""Bytes that `run_of` looks at: a vector of every processor of the last twenty years."""

_BYTE, _WORD, _DOUBLE = ir.IntType(8), ir.IntType(64), ir.IntType(128)
_BYTES = ir.VectorType(_BYTE, LANES)


def _instruction(describe: Callable[..., Any]) -> Callable[..., Any]:
    """Make what *describe* returns, types and a writer of LLVM's instructions, a function that loops can call."""
    return cast("Callable[..., Any]", intrinsic(describe))


def _place(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    """Return the pointer to a place of an array of bytes."""
    return builder.gep(context.make_array(array_type)(context, builder, array).data, [at])


@_instruction
def run_of(_typing: Any, source: Any, _at: Any, _one: Any, _other: Any) -> Any:
    """Return how many of the 16 bytes from a place on stand before the first that is *one* or *other*.

    Sixteen bytes are compared at a time: one after the other takes ten times as long.
    """

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        found = _lanes_at(context, builder, source, *arguments[:2])
        equal = [builder.icmp_unsigned("==", found, _filled(builder, byte)) for byte in arguments[2:]]
        return _lanes_before(builder, builder.or_(*equal))

    return types.int64(source, types.int64, types.uint8, types.uint8), generate


@_instruction
def run_within(_typing: Any, source: Any, _at: Any, _first: Any, _width: Any, _but: Any) -> Any:
    """Return how many of the 16 bytes from a place on stand before the first outside a range, or that is *but*.

    The range begins with *first* and is *width* bytes wide.
    """

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        first, width, but = [_filled(builder, byte) for byte in arguments[2:]]
        found = _lanes_at(context, builder, source, *arguments[:2])
        outside = builder.icmp_unsigned(">=", builder.sub(found, first), width)
        return _lanes_before(builder, builder.or_(outside, builder.icmp_unsigned("==", found, but)))

    return types.int64(source, types.int64, types.uint8, types.uint8, types.uint8), generate


def _lanes_at(context: Any, builder: Any, array_type: Any, array: Any, at: Any) -> Any:
    """Return the 16 bytes from a place of an array on."""
    pointer = _place(context, builder, array_type, array, at)
    return builder.load(builder.bitcast(pointer, _BYTES.as_pointer()), align=1, typ=_BYTES)


def _lanes_before(builder: Any, lanes: Any) -> Any:
    """Return how many of 16 bits come before the first that is set."""
    mask = builder.zext(builder.bitcast(lanes, ir.IntType(LANES)), _WORD)
    return builder.cttz(builder.or_(mask, _WORD(1 << LANES)), ir.IntType(1)(1))


def _filled(builder: Any, byte: Any) -> Any:
    """Return a vector of one byte."""
    nothing = ir.Constant(_BYTES, ir.Undefined)
    lanes = ir.VectorType(ir.IntType(32), LANES)
    return builder.shuffle_vector(
        builder.insert_element(nothing, byte, ir.IntType(32)(0)), nothing, ir.Constant(lanes, [0] * LANES)
    )


@_instruction
def word_at(_typing: Any, source: Any, _at: Any) -> Any:
    """Return the eight bytes from a place on as one number."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = _place(context, builder, source, *arguments)
        return builder.load(builder.bitcast(pointer, _WORD.as_pointer()), align=1, typ=_WORD)

    return types.int64(source, types.int64), generate


@_instruction
def folded(_typing: Any, _one: Any, _other: Any) -> Any:
    """Return the upper half of the product of two words, XOR its lower half: all of their bits tell in all of its."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        product = builder.mul(*[builder.zext(word, _DOUBLE) for word in arguments])
        upper = builder.trunc(builder.lshr(product, _DOUBLE(64)), _WORD)
        return builder.xor(upper, builder.trunc(product, _WORD))

    return types.int64(types.int64, types.int64), generate


@_instruction
def copied(_typing: Any, source: Any, _begin: Any, _end: Any, out: Any, _size: Any) -> Any:
    """Copy the bytes of *source* from *begin* to *end* to place *size* of *out*; return the place after them there."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        array, begin, end, other, size = arguments
        length = builder.sub(end, begin)
        to, start = _place(context, builder, out, other, size), _place(context, builder, source, array, begin)
        cgutils.raw_memcpy(builder, to, start, length, 1)  # type: ignore[no-untyped-call] # numba has no types here
        return builder.add(size, length)

    return types.int64(source, types.int64, types.int64, out, types.int64), generate
