"""The moving head within its whole photo, at the photo's own size and shape."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.motion.motion import MotionFrame
from vasari.portrait.nearness import smoothstep
from vasari.portrait.portrait import Portrait
from vasari.portrait.sheet import KNOTS
from vasari.render.renderer import Renderer

Reals = NDArray[np.float64]
Bytes = NDArray[np.uint8]

#: The sheet is held where the photo goes on: still up to, free from, in sides of the moving square.
HELD, FREE = 0.03, 0.2


class WholeRenderer:
    """Draws one portrait within its photo; may be called from several threads at once.

    Only the square around the head is drawn anew; all else is the photo, pixel by pixel. A head wider
    than about 1000 pixels is drawn smaller and enlarged.

    Args:
        portrait: whom to draw, prepared with ``frame="whole"``.

    Raises:
        UsageError: the portrait was prepared without its surroundings.
    """

    def __init__(self, portrait: Portrait) -> None:
        self._photo = portrait.surroundings
        height, width = self._photo.shape[:2]
        left, top, extent = (int(n) for n in portrait.place)
        self._rows = slice(max(top, 0), min(top + extent, height))
        self._columns = slice(max(left, 0), min(left + extent, width))
        self._inside = (
            slice(self._rows.start - top, self._rows.stop - top),
            slice(self._columns.start - left, self._columns.stop - left),
        )
        goes_on = (left > 0, top > 0, left + extent < width, top + extent < height)
        rigidity, sway = portrait.rigidity.copy(), portrait.sway.copy()
        axis = np.linspace(0, 1, KNOTS)
        held = _from_edges(axis, goes_on)
        for share in (rigidity, sway):
            share[len(portrait.attributes) :] *= smoothstep((held - HELD) / (FREE - HELD)).ravel()
        self._extent = extent
        drawn = min(extent, portrait.picture.shape[0])  # finer than what is known of the head it need not be
        moving = replace(portrait, margin=0, rigidity=rigidity, sway=sway)
        self._renderer = Renderer(moving, drawn, steady=True)
        axis = (np.arange(extent) + 0.5) / extent
        opacity = np.clip(_from_edges(axis, goes_on) / HELD, 0, 1)
        self._opacity = np.ascontiguousarray(np.rint(255 * opacity[self._inside]).astype(np.uint8))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures."""
        return self._photo.shape[1], self._photo.shape[0]

    def render(self, frame: MotionFrame) -> Bytes:
        """The picture (H, W, 3), RGB, of one moment."""
        picture = self._photo.copy()
        square = self._renderer.render(frame)
        if self._renderer.size < self._extent:
            whole = (self._extent, self._extent)
            square = np.asarray(cv2.resize(square, whole, interpolation=cv2.INTER_CUBIC), np.uint8)
        _blend(square[self._inside], self._opacity, picture[self._rows, self._columns])
        return picture


def _from_edges(axis: Reals, goes_on: tuple[bool, bool, bool, bool]) -> Reals:
    """Distance (n, n) from those edges of the unit square beyond which the photo goes on, at most 1."""
    far = np.ones(len(axis))
    across = np.minimum(axis if goes_on[0] else far, 1 - axis if goes_on[2] else far)
    down = np.minimum(axis if goes_on[1] else far, 1 - axis if goes_on[3] else far)
    return np.minimum(across[None], down[:, None])


@njit(cache=True, nogil=True, fastmath=True)
def _blend(square: Bytes, opacity: Bytes, picture: Bytes) -> None:
    """Lay a square (H, W, 3) over a picture of the same shape, in place, with its opacity (H, W)."""
    height, width = opacity.shape
    for row in range(height):
        for column in range(width):
            part = np.int32(opacity[row, column])
            for c in range(3):
                below = picture[row, column, c]
                mixed = part * square[row, column, c] + (255 - part) * below
                picture[row, column, c] = (mixed * 257 + 32768) >> 16
