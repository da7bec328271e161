"""The sheet drawn: hair, neck and torso pulled along, over a background that stays where it is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.portrait.portrait import Portrait
from vasari.portrait.sheet import KNOTS
from vasari.render.lanes import channel, look_up
from vasari.render.texture import fitted, packed, texels_of, texture

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Packed = NDArray[np.uint32]
Words = NDArray[np.uint32]

#: The sheet is warped through a map this many times coarser than the picture.
COARSENESS = 4
_SHIFT = COARSENESS.bit_length() - 1
#: Rounds of solving where each place of the sheet comes from: first where the knots are, then on that map.
KNOT_ROUNDS, ROUNDS = 8, 2

#: An empty second map: the first then holds both coordinates.
_NO_MAP: Any = None
#: A cell of the map and those around it.
_AROUND = np.ones((3, 3), np.uint8)


class SheetPainter:
    """Draws the sheet of one portrait at one size.

    Args:
        portrait: whom to draw. size: side of the pictures, pixels.
    """

    def __init__(self, portrait: Portrait, size: int) -> None:
        scale = size / portrait.side
        self.size = size
        self._texels = np.float32(texels_of(scale * portrait.picture.shape[0]))
        self._margin = np.float32(portrait.margin * scale)
        self._knots = _rest_knots(portrait, scale)
        self._knots_per_pixel = np.float32((KNOTS - 1) / (size + 2 * self._margin))
        axis = np.arange(KNOTS, dtype=np.float32)
        self._grid = np.stack(np.meshgrid(axis, axis), -1)
        axis = (np.arange(-(-size // COARSENESS), dtype=np.float32) + 0.5) * COARSENESS
        self._coarse = (np.stack(np.meshgrid(axis, axis), -1) + self._margin) * self._knots_per_pixel
        matte = portrait.matte[..., None].astype(np.float32) / 255
        # colours weighted by their opacity: laid over the backdrop in place, they are the photo again
        person = np.clip(portrait.picture - (1 - matte) * portrait.backdrop, 0, 255 * matte)
        layer = np.concatenate([person + 0.5, portrait.matte[..., None]], -1).astype(np.uint8)
        self._layer = packed(texture(layer, scale))
        low = round(float(self._margin))
        self._backdrop = np.ascontiguousarray(
            fitted(portrait.backdrop, scale)[low : low + size, low : low + size]
        )
        # where the coarse map may meet the person, on the knots' own grid
        near = cv2.dilate(portrait.matte, np.ones((2 * COARSENESS + 1,) * 2, np.uint8))
        self._near = cv2.resize(near, (4 * KNOTS, 4 * KNOTS), interpolation=cv2.INTER_AREA)

    def draw(self, places: Floats) -> Bytes:
        """The picture (size, size, 3) with the knots (KNOTS^2, 2) at these places, pixels."""
        moved = ((places - self._knots) * self._knots_per_pixel).reshape(KNOTS, KNOTS, 2)
        pulled = moved  # source = place - moved(source), all in knots, by fixed-point iteration
        for _ in range(KNOT_ROUNDS):
            pulled = _warp(moved, self._grid - pulled)
        source = self._coarse - _warp(pulled, self._coarse)
        for _ in range(ROUNDS):
            source = self._coarse - _warp(moved, source)
        near = source * np.float32(len(self._near) / (KNOTS - 1)) - np.float32(0.5)
        seen = cv2.dilate(_warp(self._near, near, cv2.INTER_NEAREST), _AROUND)
        picture = self._backdrop.copy()
        lay_over(self._layer, source * (self._texels / self._knots_per_pixel), seen, picture)
        return picture


@njit(cache=True, nogil=True, fastmath=True, boundscheck=False)
def lay_over(layer: Packed, source: Floats, seen: Bytes, picture: Bytes) -> None:
    """Lay a bent layer over a picture, in place.

    Args:
        layer: (S, S) packed colours, weighted by their opacity, which is the fourth.
        source: (h, w, 2) which place of the layer, in texels, is seen in the middle of each cell of the
            picture, ``COARSENESS`` pixels wide; between the middles it is interpolated.
        seen: (h, w) 0 where there is nothing of the layer in a cell or near.
        picture: (H, W, 3) RGB.
    """
    height, width = picture.shape[:2]
    rows, columns = source.shape[:2]
    row = np.empty((2, columns), np.int32)
    for y in range(height):
        middle = (np.float32(y) + np.float32(0.5)) * np.float32(1 / COARSENESS) - np.float32(0.5)
        above = max(int(np.floor(middle)), 0)
        below = min(above + 1, rows - 1)
        _interpolate(
            source[above], source[below], max(middle - np.float32(above), np.float32(0)), layer.shape, row
        )
        for j in range(-1, columns):  # from the middle of one cell to that of the next
            a, b = max(j, 0), min(j + 1, columns - 1)
            if seen[above, a] | seen[above, b] | seen[below, a] | seen[below, b] == 0:
                continue
            du, dv = (row[0, b] - row[0, a]) >> _SHIFT, (row[1, b] - row[1, a]) >> _SHIFT
            u, v = row[0, a] + (du >> 1), row[1, a] + (dv >> 1)
            start = j * COARSENESS + COARSENESS // 2
            for x in range(start, start + COARSENESS):
                if 0 <= x < width:
                    _blend(look_up(layer, u, v), picture, y, x)
                u += du
                v += dv


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _interpolate(above: Floats, below: Floats, part: float, shape: tuple[int, int], row: Ints) -> None:
    """Places between two rows of cells (w, 2), in 1/65536 texels from the first one's middle, into (2, w)."""
    for axis in range(2):
        limit = np.float32(shape[1 - axis] - 1.01)
        for j in range(len(above)):
            place = above[j, axis] + part * (below[j, axis] - above[j, axis]) - np.float32(0.5)
            row[axis, j] = np.int32(min(max(place, np.float32(0)), limit) * np.float32(65536))


@njit(cache=True, nogil=True, inline="always")
def _blend(colour: np.uint64, picture: Bytes, y: int, x: int) -> None:
    """Lay a colour, weighted by its opacity, over a pixel."""
    i, j = np.uint64(y), np.uint64(x)
    opacity = colour >> np.uint64(56)
    if opacity == np.uint64(255):
        for c in range(3):
            picture[i, j, c] = channel(colour, c)
    elif opacity > np.uint64(0):
        rest = np.uint32(255) - np.uint32(opacity)
        for c in range(3):
            under = rest * np.uint32(picture[i, j, c]) * np.uint32(257) + np.uint32(32768)
            picture[i, j, c] = min(np.uint32(channel(colour, c)) + (under >> np.uint32(16)), np.uint32(255))


def _warp(picture: Any, places: Any, method: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    return np.asarray(cv2.remap(picture, places, _NO_MAP, method, borderMode=cv2.BORDER_REPLICATE))


def _rest_knots(portrait: Portrait, scale: float) -> Floats:
    """Places (KNOTS^2, 2) of the sheet's knots in the photo, pixels of the output view."""
    axis = (
        np.linspace(0, portrait.picture.shape[0] * scale, KNOTS, dtype=np.float32) - portrait.margin * scale
    )
    x, y = np.meshgrid(axis, axis)
    return np.stack([x, y], -1).reshape(-1, 2)
