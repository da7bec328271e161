"""Four numbers in one register: a colour, or four values over the picture, computed at once (SIMD).

numba has no type for them; this gives it ``FOUR``, four floats with ``+ - *`` among themselves and by a
number. LLVM translates them into whatever the processor has (SSE, AVX, NEON). They live inside compiled
functions only.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending, types
from numba.extending import models, overload, register_model
from numba.np import arrayobj
from numpy.typing import NDArray

from vasari.render.compiled import inlined

Packed = NDArray[np.uint32]
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

# what numba does not type
intrinsic: Any = extending.intrinsic
make_array: Any = arrayobj.make_array
_Type: Any = types.Type
_Model: Any = models.PrimitiveModel

_INT, _FLOAT = ir.IntType(32), ir.FloatType()
_FAST = ("fast",)


class _Lanes(_Type):  # type: ignore[misc]
    """So many floats in one register."""

    def __init__(self, count: int) -> None:
        super().__init__(f"Lanes({count})")
        self.count = count


FOUR, EIGHT = _Lanes(4), _Lanes(8)


@register_model(_Lanes)
class _LanesModel(_Model):  # type: ignore[misc]
    def __init__(self, manager: Any, numba_type: Any) -> None:
        super().__init__(manager, numba_type, _vector(_FLOAT, numba_type.count))


def _vector(element: Any, count: int) -> Any:
    return ir.VectorType(element, count)


def _all(value: float, element: Any, count: int) -> Any:
    return ir.Constant(_vector(element, count), [value] * count)


def _splat(build: Any, number: Any, count: int) -> Any:
    """The instructions that repeat a number."""
    empty = ir.Constant(_vector(number.type, count), ir.Undefined)
    one = build.insert_element(empty, number, ir.Constant(_INT, 0))
    return build.shuffle_vector(one, empty, _all(0, _INT, count))


def _pointer(context: Any, build: Any, numba_type: Any, array: Any, at: Any, kind: Any) -> Any:
    """Where a vector begins in the memory of a contiguous array, ``at`` elements from its start."""
    if numba_type.layout != "C":
        raise TypeError("the array must be contiguous")
    data = make_array(numba_type)(context, build, array).data
    return build.bitcast(build.gep(data, [at]), kind.as_pointer())


def _floats(build: Any, octets: Any, count: int) -> Any:
    """Bytes as numbers."""
    return build.sitofp(build.zext(octets, _vector(_INT, count)), _vector(_FLOAT, count))


def _mixed(build: Any, a: Any, b: Any, part: Any) -> Any:
    """``a + part (b - a)``."""
    return build.fadd(a, build.fmul(build.fsub(b, a, flags=_FAST), part, flags=_FAST), flags=_FAST)


@intrinsic
def four_of(typing: Any, array: Any, at: Any) -> Any:
    """Four floats that follow each other in a contiguous array, ``at`` elements from its start."""

    def load(context: Any, build: Any, signature: Any, args: Any) -> Any:
        kind = _vector(_FLOAT, 4)
        return build.load(_pointer(context, build, signature.args[0], args[0], args[1], kind), align=4)

    return FOUR(array, at), load


@intrinsic(prefer_literal=True)
def lane(typing: Any, numbers: Any, which: Any) -> Any:
    """One of four numbers; which one must be a constant."""

    def extract(context: Any, build: Any, signature: Any, args: Any) -> Any:
        return build.extract_element(args[0], ir.Constant(_INT, which.literal_value))

    return types.float32(FOUR, which), extract


@intrinsic
def channels(typing: Any, pixel: Any) -> Any:
    """The four bytes of a pixel."""

    def widen(context: Any, build: Any, signature: Any, args: Any) -> Any:
        return _floats(build, build.bitcast(args[0], _vector(ir.IntType(8), 4)), 4)

    return FOUR(types.uint32), widen


@intrinsic
def pixel_of(typing: Any, colour: Any) -> Any:
    """A pixel of four numbers, rounded, kept within 0..255."""

    def narrow(context: Any, build: Any, signature: Any, args: Any) -> Any:
        rounded = build.fptosi(build.fadd(args[0], _all(0.5, _FLOAT, 4), flags=_FAST), _vector(_INT, 4))
        for bound, beyond in ((0, "<"), (255, ">")):
            limit = _all(bound, _INT, 4)
            rounded = build.select(build.icmp_signed(beyond, rounded, limit), limit, rounded)
        return build.bitcast(build.trunc(rounded, _vector(ir.IntType(8), 4)), _INT)

    return types.uint32(FOUR), narrow


@intrinsic
def between(typing: Any, pixels: Any, width: Any, at: Any, x: Any, y: Any) -> Any:
    """The colour ``FOUR`` at fractions ``x``, ``y`` from one pixel to its neighbours, bilinearly.

    Args:
        pixels: (height, width) packed, contiguous. at: number of the pixel above and to the left.
    """

    def mix(context: Any, build: Any, signature: Any, args: Any) -> Any:
        pixels, width, at, x, y = args
        pairs = []  # the pixel and the one to its right, above and below: eight channels
        for start in (at, build.add(at, width)):
            place = _pointer(context, build, signature.args[0], pixels, start, _vector(ir.IntType(8), 8))
            pairs.append(_floats(build, build.load(place, align=4), 8))
        both = _mixed(build, pairs[0], pairs[1], _splat(build, y, 8))
        left, right = (
            build.shuffle_vector(both, both, ir.Constant(_vector(_INT, 4), [*range(start, start + 4)]))
            for start in (0, 4)
        )
        return _mixed(build, left, right, _splat(build, x, 4))

    return FOUR(pixels, types.intp, types.intp, types.float32, types.float32), mix


def _rising(lanes: Any) -> Any:
    """The operation that makes numbers which grow by the same step, from the first one and the step."""

    @intrinsic
    def rise(typing: Any, start: Any, step: Any) -> Any:
        def grow(context: Any, build: Any, signature: Any, args: Any) -> Any:
            count = ir.Constant(_vector(_FLOAT, lanes.count), list(range(lanes.count)))
            start, step = (_splat(build, number, lanes.count) for number in args)
            return build.fadd(build.fmul(count, step, flags=_FAST), start, flags=_FAST)

        return lanes(types.float32, types.float32), grow

    return rise


climb, ramp = _rising(FOUR), _rising(EIGHT)


@intrinsic
def put(typing: Any, array: Any, at: Any, numbers: Any) -> Any:
    """Write four numbers into a contiguous array, ``at`` elements from its start."""

    def store(context: Any, build: Any, signature: Any, args: Any) -> Any:
        place = _pointer(context, build, signature.args[0], args[0], args[1], args[2].type)
        build.store(args[2], place, align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, FOUR), store


@intrinsic
def keep_nearest(
    typing: Any, depth: Any, owner: Any, at: Any, nearness: Any, w0: Any, w1: Any, w2: Any, number: Any
) -> Any:
    """Draw a triangle on eight samples of a row of a visibility buffer; returns whether it is seen on any.

    Args:
        depth, owner: contiguous arrays, changed in place from their element ``at`` on.
        nearness, w0, w1, w2: its nearness and weights, ``EIGHT`` each; nothing is drawn where a weight is
            negative.
        number: the new owner.
    """

    def draw(context: Any, build: Any, signature: Any, args: Any) -> Any:
        drawn = args[3], _splat(build, args[7], 8)
        places = [
            _pointer(context, build, signature.args[k], args[k], args[2], values.type)
            for k, values in enumerate(drawn)
        ]
        kept = [build.load(place, align=4) for place in places]
        nearer = build.fcmp_ordered(">", drawn[0], kept[0])
        for weight in args[4:7]:
            nearer = build.and_(nearer, build.fcmp_ordered(">=", weight, _all(0, _FLOAT, 8)))
        for place, new, old in zip(places, drawn, kept, strict=True):
            build.store(build.select(nearer, new, old), place, align=4)
        return build.icmp_unsigned("!=", build.bitcast(nearer, ir.IntType(8)), ir.Constant(ir.IntType(8), 0))

    return types.boolean(depth, owner, types.intp, EIGHT, EIGHT, EIGHT, EIGHT, types.int32), draw


def _arithmetic(instruction: str, operation: Callable[[Any, Any], Any]) -> None:
    """Teach numba one operation between registers, and between a register and a number."""

    @intrinsic
    def combine(typing: Any, a: Any, b: Any) -> Any:
        def compute(context: Any, build: Any, signature: Any, args: Any) -> Any:
            b = args[1] if isinstance(signature.args[1], _Lanes) else _splat(build, args[1], a.count)
            return getattr(build, instruction)(args[0], b, flags=_FAST)

        return a(a, b if isinstance(b, _Lanes) else types.float32), compute

    @overload(operation, strict=False)
    def operate(a: Any, b: Any) -> Any:
        if isinstance(a, _Lanes) and (a == b or isinstance(b, types.Float)):
            return lambda a, b: combine(a, b)
        return None


for _instruction, _operation in (("fadd", operator.add), ("fsub", operator.sub), ("fmul", operator.mul)):
    _arithmetic(_instruction, _operation)


@inlined
def locate(x: Floats, y: Floats, count: int, width: int, height: int, at: Ints) -> None:
    """Where in a picture ``count`` places lie, in pixels with centres at .5; edges are repeated.

    Args:
        x, y: the places; their fractions within the pixel are left there.
        at: filled with the number of the pixel above and to the left, counted along the rows.
    """
    right, bottom = np.float32(width) - np.float32(1.01), np.float32(height) - np.float32(1.01)
    for k in range(count):
        left_by = min(max(x[k] - np.float32(0.5), np.float32(0)), right)
        down_by = min(max(y[k] - np.float32(0.5), np.float32(0)), bottom)
        column, row = np.int32(left_by), np.int32(down_by)
        x[k], y[k] = left_by - np.float32(column), down_by - np.float32(row)
        at[k] = row * np.int32(width) + column


@inlined
def colour_at(picture: Packed, x: float, y: float, colour: Floats) -> None:
    """Channels 0, 1 and 2 at a place in pixels (centres at .5), edges repeated, into ``colour`` (3,)."""
    height, width = picture.shape
    x = min(max(x - np.float32(0.5), np.float32(0)), np.float32(width) - np.float32(1.01))
    y = min(max(y - np.float32(0.5), np.float32(0)), np.float32(height) - np.float32(1.01))
    column, row = np.int32(x), np.int32(y)
    at = row * np.int64(width) + column
    found = between(picture, width, at, x - np.float32(column), y - np.float32(row))
    colour[0], colour[1], colour[2] = lane(found, 0), lane(found, 1), lane(found, 2)
