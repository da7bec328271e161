"""Four colours in one number, interpolated at once: arithmetic on the 16-bit lanes of a 64-bit word.

A pixel is four bytes. Spread out to lanes of 16 bits it can be multiplied by weights that sum to 256
without any lane running over into the next ("SIMD within a register": Lamport, "Multiple byte processing
with full-word instructions", CACM 1975).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Packed = NDArray[np.uint32]
Floats = NDArray[np.float32]

_LANES = np.uint64(0x00FF00FF00FF00FF)
_HALF = np.uint64(0x0080008000800080)
#: Where the upper bits of each channel's lane begin.
_SHIFTS = (np.uint64(8), np.uint64(40), np.uint64(24))


@njit(cache=True, nogil=True, inline="always")
def spread(pixel: np.uint32) -> np.uint64:
    """The four bytes, one a lane: first, third, second, fourth."""
    wide = np.uint64(pixel)
    return (wide | (wide << np.uint64(24))) & _LANES


@njit(cache=True, nogil=True, inline="always")
def look_up(picture: Packed, x: int, y: int) -> np.uint64:
    """The colours at a place, bilinearly, each in the upper eight bits of its lane, its fraction below.

    The place is in 1/65536 pixels from the middle of the first, and must lie in the picture.
    """
    i, j = np.uint64(y >> 16), np.uint64(x >> 16)
    fx, fy = np.uint64(x >> 8) & np.uint64(255), np.uint64(y >> 8) & np.uint64(255)
    w11 = (fx * fy + np.uint64(128)) >> np.uint64(8)
    w01, w10 = fx - w11, fy - w11
    w00 = np.uint64(256) - fx - w10
    one = np.uint64(1)
    return (
        spread(picture[i, j]) * w00
        + spread(picture[i, j + one]) * w01
        + spread(picture[i + one, j]) * w10
        + spread(picture[i + one, j + one]) * w11
        + _HALF
    )


@njit(cache=True, nogil=True, inline="always")
def channel(colours: np.uint64, c: int) -> np.uint64:
    """Channel 0, 1 or 2 of what :func:`look_up` gives, as a whole number."""
    return (colours >> _SHIFTS[c]) & np.uint64(255)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def colour_at(picture: Packed, x: float, y: float, colour: Floats) -> None:
    """Channels 0, 1 and 2 at a place in pixels (centres at .5), edges repeated, into ``colour`` (3,)."""
    most_x, most_y = np.float32(picture.shape[1] - 1.01), np.float32(picture.shape[0] - 1.01)
    x = min(max(x - np.float32(0.5), np.float32(0)), most_x) * np.float32(65536)
    y = min(max(y - np.float32(0.5), np.float32(0)), most_y) * np.float32(65536)
    lanes = look_up(picture, np.int64(x), np.int64(y)) - _HALF
    for c in range(3):
        lane = (lanes >> (_SHIFTS[c] - np.uint64(8))) & np.uint64(0xFFFF)
        colour[c] = np.float32(np.int32(lane)) * np.float32(1 / 256)
