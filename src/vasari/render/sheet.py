"""The sheet drawn: hair, neck and torso pulled along, over a background that stays where it is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.portrait.portrait import Portrait
from vasari.portrait.sheet import KNOTS
from vasari.render.compiled import inlined
from vasari.render.lanes import between, channels, lane, locate, pixel_of
from vasari.render.texture import fitted, packed, texels_of, texture

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Packed = NDArray[np.uint32]

#: The sheet is warped through a map this many times coarser than the picture.
COARSENESS = 4
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
        self._wide = (COARSENESS * len(axis), len(axis))
        matte = portrait.matte[..., None].astype(np.float32) / 255
        # colours weighted by their opacity: laid over the backdrop in place, they are the photo again
        person = np.clip(portrait.picture - (1 - matte) * portrait.backdrop, 0, 255 * matte)
        layer = np.concatenate([person + 0.5, portrait.matte[..., None]], -1).astype(np.uint8)
        self._layer = packed(texture(layer, scale))
        low = round(float(self._margin))
        self._backdrop = packed(fitted(portrait.backdrop, scale)[low : low + size, low : low + size])
        # where the coarse map may meet the person, on the knots' own grid
        near = cv2.dilate(portrait.matte, np.ones((2 * COARSENESS + 1,) * 2, np.uint8))
        self._near = cv2.resize(near, (4 * KNOTS, 4 * KNOTS), interpolation=cv2.INTER_AREA)

    def draw(self, places: Floats) -> Packed:
        """The picture (size, size), packed, with the knots (KNOTS^2, 2) at these places, pixels."""
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
        source = cv2.resize(source * (self._texels / self._knots_per_pixel), self._wide)
        lay_over(self._layer, source, seen, picture)
        return picture


@njit(cache=True, nogil=True, fastmath=True, boundscheck=False)
def lay_over(layer: Packed, source: Floats, seen: Bytes, picture: Packed) -> None:
    """Lay a bent layer over a picture, in place.

    Args:
        layer: (S, S) packed colours, weighted by their opacity, which is the fourth.
        source: (h, w, 2) which place of the layer, in texels, is seen in each column of the picture in the
            middle of rows of cells ``COARSENESS`` pixels wide; between the middles it is interpolated.
        seen: (h, w) 0 where there is nothing of the layer in a cell or near.
        picture: (H, W) packed RGB.
    """
    height, width = picture.shape
    x, y, at = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.int32)
    for row in range(height):
        above, below, part = _neighbours(row, len(source))
        run = _next_run(seen[row // COARSENESS], 0, width)
        while run[0] < run[1]:
            start, count = run[0], run[1] - run[0]
            for axis, place in ((0, x), (1, y)):
                for k in range(count):
                    upper, lower = source[above, start + k, axis], source[below, start + k, axis]
                    place[k] = upper + part * (lower - upper)
            locate(x, y, count, layer.shape[1], layer.shape[0], at)
            for k in range(count):
                i, j = np.uint64(row), np.uint64(start + k)
                colour = between(layer, layer.shape[1], at[k], x[k], y[k])
                rest = np.float32(1) - lane(colour, 3) * np.float32(1 / 255)
                picture[i, j] = pixel_of(colour + channels(picture[i, j]) * rest)
            run = _next_run(seen[row // COARSENESS], run[1], width)


@inlined
def _neighbours(pixel: int, cells: int) -> tuple[int, int, float]:
    """The two cells whose middles are around a pixel's, and how far it is from one to the other, 0..1."""
    place = (np.float32(pixel) + np.float32(0.5)) * np.float32(1 / COARSENESS) - np.float32(0.5)
    place = min(max(place, np.float32(0)), np.float32(cells - 1))
    cell = int(place)
    return cell, min(cell + 1, cells - 1), place - np.float32(cell)


@inlined
def _next_run(seen: Bytes, start: int, width: int) -> tuple[int, int]:
    """First and last but one of the next pixels in cells that are seen, from a cell's first one on."""
    first = start // COARSENESS
    while first < len(seen) and seen[first] == 0:
        first += 1
    last = first
    while last < len(seen) and seen[last] != 0:
        last += 1
    return min(first * COARSENESS, width), min(last * COARSENESS, width)


def _warp(picture: Any, places: Any, method: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    return np.asarray(cv2.remap(picture, places, _NO_MAP, method, borderMode=cv2.BORDER_REPLICATE))


def _rest_knots(portrait: Portrait, scale: float) -> Floats:
    """Places (KNOTS^2, 2) of the sheet's knots in the photo, pixels of the output view."""
    axis = (
        np.linspace(0, portrait.picture.shape[0] * scale, KNOTS, dtype=np.float32) - portrait.margin * scale
    )
    x, y = np.meshgrid(axis, axis)
    return np.stack([x, y], -1).reshape(-1, 2)
