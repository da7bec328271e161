"""The sheet drawn: hair, neck and torso pulled along, over a background that stays where it is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.portrait.portrait import Portrait
from vasari.portrait.sheet import KNOTS
from vasari.render.texture import fitted, texels_of, texture

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

#: The sheet is warped through a map this many times coarser than the picture.
COARSENESS = 4
#: Rounds of solving where each place of the sheet comes from: first where the knots are, then on that map.
KNOT_ROUNDS, ROUNDS = 8, 2
#: Height of the strips it is drawn in, rows of that map.
STRIP = 8

_BORDER = cv2.BORDER_REFLECT_101
#: An empty second map: the first then holds both coordinates.
_NO_MAP: Any = None


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
        self._coarse = np.stack(np.meshgrid(axis, axis), -1)
        matte = portrait.matte[..., None].astype(np.float32) / 255
        # colours weighted by their opacity: laid over the backdrop in place, they are the photo again
        person = np.clip(portrait.picture - (1 - matte) * portrait.backdrop, 0, 255 * matte)
        layer = np.concatenate([person + 0.5, portrait.matte[..., None]], -1).astype(np.uint8)
        self._layer = texture(layer, scale)
        low = round(float(self._margin))
        self._backdrop = np.ascontiguousarray(
            fitted(portrait.backdrop, scale)[low : low + size, low : low + size]
        )
        # where the coarse map may meet the person, on the knots' own grid
        near = cv2.dilate(portrait.matte, np.ones((2 * COARSENESS + 1,) * 2, np.uint8))
        self._near = cv2.resize(near, (4 * KNOTS, 4 * KNOTS), interpolation=cv2.INTER_AREA)

    def draw(self, places: Floats) -> Bytes:
        """The picture (size, size, 3) with the knots (KNOTS^2, 2) at these places, pixels."""
        moved = (places - self._knots).reshape(KNOTS, KNOTS, 2)
        pulled = moved  # source = place - moved(source), by fixed-point iteration
        for _ in range(KNOT_ROUNDS):
            pulled = _warp(moved, self._grid - pulled * self._knots_per_pixel, cv2.BORDER_REPLICATE)
        at = (self._coarse + self._margin) * self._knots_per_pixel
        source = self._coarse - _warp(pulled, at, cv2.BORDER_REPLICATE)
        for _ in range(ROUNDS):
            at = (source + self._margin) * self._knots_per_pixel
            source = self._coarse - _warp(moved, at, cv2.BORDER_REPLICATE)
        picture = self._backdrop.copy()
        texels = (source + self._margin) * self._texels - np.float32(0.5)
        fine = cv2.resize(texels, None, fx=COARSENESS, fy=COARSENESS)
        for rows, columns in self._parts(source):
            fixed = cv2.convertMaps(fine[rows, columns], _NO_MAP, cv2.CV_16SC2)  # half the time of floats
            person = cv2.remap(self._layer, fixed[0], fixed[1], cv2.INTER_LINEAR, borderMode=_BORDER)
            _lay_over(np.asarray(person, np.uint8), picture[rows, columns])
        return picture

    def _parts(self, source: Floats) -> list[tuple[slice, slice]]:
        """Rows and columns of the picture, in strips, that show some of the person."""
        per_pixel = np.float32(len(self._near) / (self.size + 2 * float(self._margin)))
        at = (source + self._margin) * per_pixel - np.float32(0.5)
        seen = cv2.remap(self._near, at, _NO_MAP, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE) > 0
        parts = []
        for top in range(0, len(seen), STRIP):
            columns = np.flatnonzero(seen[top : top + STRIP].any(0))
            if len(columns):
                left, right = COARSENESS * int(columns[0]), COARSENESS * (int(columns[-1]) + 1)
                parts.append((slice(COARSENESS * top, COARSENESS * (top + STRIP)), slice(left, right)))
        return parts


@njit(cache=True, nogil=True, fastmath=True)
def _lay_over(layer: Bytes, picture: Bytes) -> None:
    """Lay colours, already weighted by their opacity, (H, W, 4), over a picture (H, W, 3), in place."""
    height, width = picture.shape[:2]
    for row in range(height):
        for column in range(width):
            opacity = layer[row, column, 3]
            if opacity == 0:
                continue
            rest = np.int32(255) - opacity
            for c in range(3):
                below = (rest * picture[row, column, c] * 257 + 32768) >> 16  # rest * picture / 255
                picture[row, column, c] = min(layer[row, column, c] + below, 255)


def _warp(picture: Any, places: Any, border: int) -> NDArray[Any]:
    return np.asarray(cv2.remap(picture, places, _NO_MAP, cv2.INTER_LINEAR, borderMode=border))


def _rest_knots(portrait: Portrait, scale: float) -> Floats:
    """Places (KNOTS^2, 2) of the sheet's knots in the photo, pixels of the output view."""
    axis = (
        np.linspace(0, portrait.picture.shape[0] * scale, KNOTS, dtype=np.float32) - portrait.margin * scale
    )
    x, y = np.meshgrid(axis, axis)
    return np.stack([x, y], -1).reshape(-1, 2)
