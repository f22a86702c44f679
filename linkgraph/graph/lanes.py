"""Rows of numbers, one for each of several vectors → their sums, all numbers of a row in one instruction.

The loops over the votes of several right-hand sides are made of these. Promises the same bits on every processor: a
number is only ever added to those of its own vector, in the order of the entries. Refuses nothing: the arrays must be
contiguous, of float32 or float64, and `LANES` wide; no index is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import DTypeLike, NDArray

LANES = 16
"""Vectors that are worked on at once: in float32 their numbers of one voter are one line of the cache."""

_LINE = 64
"""Bytes of a line of the cache."""

_WORD = ir.IntType(64)


def zeros(rows: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return zeros of shape (rows, LANES) that begin with a line of the cache: else each row would lie on one more."""
    size = rows * LANES * np.dtype(dtype).itemsize
    room = np.zeros(size + _LINE, np.uint8)
    first = -room.ctypes.data % _LINE
    return room[first : first + size].view(dtype).reshape(rows, LANES)


def _instruction(describe: Callable[..., Any]) -> Callable[..., Any]:
    return cast("Callable[..., Any]", intrinsic(describe))


def _lanes(kind: Any) -> Any:
    """Return LLVM's type of a row of an array."""
    return ir.VectorType(ir.FloatType() if kind.dtype == types.float32 else ir.DoubleType(), LANES)


class _Row:
    """A row of an array in LLVM's terms."""

    def __init__(self, context: Any, builder: Any, kind: Any, array: Any, row: Any) -> None:
        self._builder, self._lanes = builder, _lanes(kind)
        begin = builder.gep(context.make_array(kind)(context, builder, array).data, [builder.mul(row, _WORD(LANES))])
        self._place = builder.bitcast(begin, self._lanes.as_pointer())

    def load(self) -> Any:
        return self._builder.load(self._place, align=4, typ=self._lanes)

    def store(self, numbers: Any) -> None:
        self._builder.store(numbers, self._place, align=4)


def _filled(builder: Any, lanes: Any, number: Any) -> Any:
    """Return a row of one number, narrowed to what a row holds."""
    if number.type != lanes.element:
        number = builder.fptrunc(number, lanes.element)
    nothing, places = ir.Constant(lanes, ir.Undefined), ir.VectorType(ir.IntType(32), LANES)
    first = builder.insert_element(nothing, number, ir.IntType(32)(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(places, [0] * LANES))


def _gathering(operation: str) -> Callable[..., Any]:
    """Return an instruction that adds to `out[row]`, or takes from it, the rows of a table that some entries name."""

    def gather(
        _typing: Any, table: Any, columns: Any, weights: Any, _first: Any, _last: Any, out: Any, _row: Any
    ) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            lanes, named = _lanes(table), context.make_array(columns)(context, builder, arguments[1]).data
            result = _Row(context, builder, out, *arguments[5:7])
            sums = cgutils.alloca_once_value(builder, result.load())  # type: ignore[no-untyped-call] # as in `jit`
            first, last = arguments[3:5]
            with cgutils.for_range_slice(builder, first, last, _WORD(1), _WORD) as (entry, _):
                column = builder.zext(builder.load(builder.gep(named, [entry])), _WORD)
                numbers = _Row(context, builder, table, arguments[0], column).load()
                if weights != types.none:
                    weighed = context.make_array(weights)(context, builder, arguments[2]).data
                    weight = builder.load(builder.gep(weighed, [entry]))
                    numbers = builder.fmul(numbers, _filled(builder, lanes, weight))
                builder.store(getattr(builder, operation)(builder.load(sums, typ=lanes), numbers), sums)
            result.store(builder.load(sums, typ=lanes))
            return context.get_dummy_value()

        index = types.uint64
        return types.void(table, columns, weights, index, index, out, index), generate

    return _instruction(gather)


add_rows = _gathering("fadd")
take_rows = _gathering("fsub")


@_instruction
def settle(
    _typing: Any, gathered: Any, _from: Any, offset: Any, _first: Any, _counts: Any, gain: Any, _scale: Any,
    shares: Any, _row: Any, change: Any,
) -> Any:  # fmt: skip
    """Compute gain * (gathered[from] + offset[first]) for the vectors whose bit is set in `counts`, and 0 for others.

    Leave it at shares[row], and what that changed, without sign and times `scale`, added to change[0].
    """

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        lanes = _lanes(shares)
        kinds = ((gathered, *arguments[:2]), (offset, *arguments[2:4]), (change, arguments[9], _WORD(0)))
        sums, outside, moved = (_Row(context, builder, *place) for place in kinds)
        held, nothing = _Row(context, builder, shares, *arguments[7:9]), ir.Constant(lanes, [0.0] * LANES)
        chosen = builder.bitcast(arguments[4], ir.VectorType(ir.IntType(1), LANES))
        full = builder.fmul(_filled(builder, lanes, arguments[5]), builder.fadd(sums.load(), outside.load()))
        share = builder.select(chosen, full, nothing)
        step = builder.fsub(share, held.load())
        step = builder.select(builder.fcmp_ordered("<", step, nothing), builder.fneg(step), step)
        moved.store(builder.fadd(moved.load(), builder.fmul(step, _filled(builder, lanes, arguments[6]))))
        held.store(share)
        return context.get_dummy_value()

    index = types.uint64
    taken = (gathered, index, offset, index, types.uint16, gain, gain, shares, index, change)
    return types.void(*taken), generate
