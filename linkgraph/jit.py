"""A Python loop over arrays → machine code: the one place that says how, and instructions beyond Python.

Those for rows of numbers, one for each of several vectors, are in `graph.lanes`.

Promises code that releases the interpreter lock, is compiled at the first call and then kept on disk, and gives the
same bits on every run: no fast-math, no reordering of sums. Refuses negative indexes: they are not looked at, and lead
out of the array.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.compiler import CompilerBase
from numba.core.compiler_machinery import FunctionPass
from numba.extending import intrinsic

Loop = TypeVar("Loop", bound=Callable[..., Any])


def kernel(loop: Loop) -> Loop:
    """Compile *loop* with numba when it is first called, for the array types that it is called with."""
    try:
        compiled = numba.njit(cache=True, nogil=True, fastmath=False, pipeline_class=_Compiler)(loop)
        kept = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
        if kept is not None:  # there is no public way
            kept._source_stamp = _stamp(Path(loop.__code__.co_filename).parent)  # noqa: SLF001 - see above
        return cast("Loop", compiled)
    except RuntimeError:  # neither the package's folder nor the user's cache can be written: compile in each process
        return cast("Loop", numba.njit(nogil=True, fastmath=False, pipeline_class=_Compiler)(loop))


@cache
def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return by what kept code is told from outdated: numba looks at a loop's own file, not at its parts'."""
    files = [(path.name, path.stat()) for path in [*sorted(folder.glob("*.py")), Path(__file__)]]
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in files)


def part(loop: Loop) -> Loop:
    """Compile *loop* for the kernels that call it, and for these only: without a way in from Python, which costs most.

    A number that a caller writes out, `0` or `False`, is a type of its own to numba, and makes it compile the loop
    again: give `np.int64(0)`.
    """
    bare: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast("Loop", numba.njit(nogil=True, pipeline_class=_Compiler, **bare)(loop))


def leaf(loop: Loop) -> Loop:
    """Compile *loop* as `part` does, for loops that make no array: without counting the references to those given.

    The counting costs a third of what small loops take that call each other.
    """
    bare: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
    return cast("Loop", numba.njit(nogil=True, pipeline_class=_Compiler, **bare)(loop))


def hot(loop: Loop) -> Loop:
    """Compile *loop* as `leaf` does, and copy it into the loops that call it: for what every tag of a page passes.

    A quarter of what reading a page took were calls between these.
    """
    bare: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False, "forceinline": True}
    return cast("Loop", numba.njit(nogil=True, pipeline_class=_Compiler, **bare)(loop))


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


_core: Any = numba.core
"""Numba's own parts: its types are not written down."""


def _unsigned(index: Any) -> Any:
    """Return the type of an index that is never below zero; what is no number stays as it is."""
    kinds = _core.types
    if isinstance(index, kinds.Integer):
        return kinds.uintp
    several = isinstance(index, kinds.BaseTuple) and all(isinstance(one, kinds.Integer) for one in index.types)
    return kinds.UniTuple(kinds.uintp, len(index)) if several else index


@_instruction
def _from_start(_typing: Any, index: Any) -> Any:
    """Return an index as an unsigned number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        found = context.cast(builder, arguments[0], signature.args[0], signature.return_type)
        return _core.imputils.impl_ret_borrowed(context, builder, signature.return_type, found)

    return _unsigned(index)(index), generate


def _plain(scope: Any, statement: Any) -> list[Any]:
    """Return a statement of a loop, after those that pass its index through `_from_start`."""
    ir = _core.ir
    place = statement if isinstance(statement, ir.SetItem) else getattr(statement, "value", None)
    if not isinstance(place, ir.SetItem) and not (isinstance(place, ir.Expr) and place.op == "getitem"):
        return [statement]
    at = place.loc
    function, index = (scope.redefine(name, at) for name in ("$from_start", "$index"))
    call = ir.Expr.call(function, [place.index], (), at)
    place.index = index
    known = ir.Global("_from_start", _from_start, at)
    return [ir.Assign(known, function, at), ir.Assign(call, index, at), statement]


@_core.compiler_machinery.register_pass(mutates_CFG=False, analysis_only=False)
class _PlainIndexes(FunctionPass):
    """Makes the indexes of a loop unsigned: of any other numba asks at each use whether it counts from the end."""

    _name = "linkgraph_plain_indexes"

    def __init__(self) -> None:
        """Say that there is nothing to set up, as numba wants to be told."""

    def run_pass(self, state: Any) -> bool:
        blocks = state.func_ir.blocks
        for block in blocks.values():
            block.body = [one for statement in block.body for one in _plain(block.scope, statement)]
        state.func_ir._definitions = _core.ir_utils.build_definitions(blocks)  # noqa: SLF001 - as numba's passes do
        return True


class _Compiler(CompilerBase):
    """Numba's compiler with plain indexes: reading a page takes an eighth less time."""

    def define_pipelines(self) -> list[Any]:
        passes = _core.compiler.DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(_PlainIndexes, _core.untyped_passes.ReconstructSSA)
        passes.finalize()
        return [passes]


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


SUMS = 16
"""Running sums of a scalar product: as many as hide what an addition waits for the one before."""


@_instruction
def product_of(_typing: Any, one: Any, other: Any) -> Any:
    """Return the scalar product of two vectors whose length is a multiple of `SUMS`.

    Every 16th product joins one sum, and the halves of those are added up: the same bits on every processor. A loop
    with four sums takes three times as long.
    """

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        lanes, word = ir.VectorType(ir.DoubleType(), SUMS), ir.IntType(64)
        first, second = (context.make_array(one)(context, builder, each) for each in arguments)
        zeros = ir.Constant(lanes, [0.0] * SUMS)
        sums = cgutils.alloca_once_value(builder, zeros)  # type: ignore[no-untyped-call] # as above
        through = cgutils.for_range_slice(builder, word(0), first.nitems, word(SUMS), word)
        with through as (at, _):
            places = [builder.bitcast(builder.gep(each.data, [at]), lanes.as_pointer()) for each in (first, second)]
            pair = [builder.load(place, align=8, typ=lanes) for place in places]
            builder.store(builder.fadd(builder.load(sums, typ=lanes), builder.fmul(*pair)), sums)
        return _folded_sums(builder, builder.load(sums, typ=lanes))

    return types.float64(one, other), generate


def _folded_sums(builder: Any, sums: Any) -> Any:
    """Return the sum of a vector: the upper half of its numbers is added to the lower, until one is left."""
    width, number = SUMS, ir.IntType(32)
    while width > 1:
        width //= 2
        half = ir.VectorType(number, width)
        lower, upper = (ir.Constant(half, [*range(low, low + width)]) for low in (0, width))
        sums = builder.fadd(*[builder.shuffle_vector(sums, sums, places) for places in (lower, upper)])
    return builder.extract_element(sums, number(0))
