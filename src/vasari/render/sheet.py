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
from vasari.render.lanes import between, channels, climb, four_of, lane, locate, pixel_of, put
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
        # source = place - moved(source), all in knots, by fixed-point iteration
        pulled_to = self._grid - moved
        for _ in range(KNOT_ROUNDS):
            step_back(moved, self._grid, pulled_to)
        source = self._coarse.copy()
        step_back(self._grid - pulled_to, self._coarse, source)
        for _ in range(ROUNDS):
            step_back(moved, self._coarse, source)
        near = source * np.float32(len(self._near) / (KNOTS - 1)) - np.float32(0.5)
        near = cv2.remap(self._near, near, _NO_MAP, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        source *= self._texels / self._knots_per_pixel
        picture = np.empty_like(self._backdrop)
        lay_over(self._layer, source, cv2.dilate(near, _AROUND), self._backdrop, picture)
        return picture


@njit(cache=True, nogil=True, fastmath=True, boundscheck=False)
def step_back(moved: Floats, places: Floats, source: Floats) -> None:
    """Set ``source`` (h, w, 2) to ``places`` less what a field (n, n, 2) of movements is at ``source``.

    All in cells of the field, which goes on beyond its edges as it is there.
    """
    rows, columns = moved.shape[:2]
    right, bottom = np.float32(columns - 1) - np.float32(1e-3), np.float32(rows - 1) - np.float32(1e-3)
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            x = min(max(source[i, j, 0], np.float32(0)), right)
            y = min(max(source[i, j, 1], np.float32(0)), bottom)
            column, row = np.int32(x), np.int32(y)
            # the movements of two neighbours are four numbers
            upper = four_of(moved, 2 * (np.int64(row) * columns + column))
            lower = four_of(moved, 2 * (np.int64(row + 1) * columns + column))
            both = upper + (lower - upper) * (y - np.float32(row))
            part = x - np.float32(column)
            source[i, j, 0] = places[i, j, 0] - lane(both, 0) - part * (lane(both, 2) - lane(both, 0))
            source[i, j, 1] = places[i, j, 1] - lane(both, 1) - part * (lane(both, 3) - lane(both, 1))


@njit(cache=True, nogil=True, fastmath=True, boundscheck=False)
def lay_over(layer: Packed, source: Floats, seen: Bytes, backdrop: Packed, picture: Packed) -> None:
    """Lay a bent layer over a backdrop.

    Args:
        layer: (S, S) packed colours, weighted by their opacity, which is the fourth.
        source: (h, w, 2) which place of the layer, in texels, is seen in the middle of each cell of the
            picture, ``COARSENESS`` pixels wide; between the middles it is interpolated.
        seen: (h, w) 0 where there is nothing of the layer in a cell or near.
        backdrop: (H, W) packed RGB. picture: (H, W) filled.
    """
    height, width = picture.shape
    cells = source.shape[1]
    # a pixel's place is ahead by half a cell, from where the middle of one before the first would be
    ahead = COARSENESS // 2
    across = np.empty((2, cells + 2), np.float32)
    places, at = np.empty((2, COARSENESS * (cells + 1)), np.float32), np.empty(width, np.int32)
    for row in range(height):
        above, below, part = _neighbours(row, len(source))
        for axis in range(2):
            for j in range(cells):
                upper, lower = source[above, j, axis], source[below, j, axis]
                across[axis, j + 1] = upper + part * (lower - upper)
            across[axis, 0], across[axis, cells + 1] = across[axis, 1], across[axis, cells]
            for j in range(cells + 1):
                start, step = across[axis, j], (across[axis, j + 1] - across[axis, j]) / COARSENESS
                put(places, axis * places.shape[1] + COARSENESS * j, climb(start + step / 2, step))
        end = 0
        while end < width:
            start, stop = _next_run(seen[row // COARSENESS], end, width)
            for k in range(end, start):
                picture[row, k] = backdrop[row, k]
            x, y = places[0, start + ahead :], places[1, start + ahead :]
            locate(x, y, stop - start, layer.shape[1], layer.shape[0], at)
            for k in range(stop - start):
                i, j = np.uint64(row), np.uint64(start + k)
                colour = between(layer, layer.shape[1], at[k], x[k], y[k])
                rest = np.float32(1) - lane(colour, 3) * np.float32(1 / 255)
                picture[i, j] = pixel_of(colour + channels(backdrop[i, j]) * rest)
            end = stop


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


def _rest_knots(portrait: Portrait, scale: float) -> Floats:
    """Places (KNOTS^2, 2) of the sheet's knots in the photo, pixels of the output view."""
    axis = (
        np.linspace(0, portrait.picture.shape[0] * scale, KNOTS, dtype=np.float32) - portrait.margin * scale
    )
    x, y = np.meshgrid(axis, axis)
    return np.stack([x, y], -1).reshape(-1, 2)
