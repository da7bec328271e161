"""Glasses drawn: stiff panes that move with the head alone, in front of the lids."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.head.camera import Camera
from vasari.portrait.portrait import Portrait
from vasari.render.texture import fitted, texels_of
from vasari.stages import stage

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


class GlassesPainter:
    """Draws the glasses of one portrait at one size.

    Args:
        portrait: whose glasses; it must have some.
        scale: pixels of the output per pixel of the portrait's picture.
        camera: the output's.
    """

    def __init__(self, portrait: Portrait, scale: float, camera: Camera) -> None:
        fine = scale * texels_of(scale * portrait.picture.shape[0])
        height, width = (round(n * fine) for n in portrait.glasses.shape[:2])
        small = fitted(portrait.glasses, scale)
        layer = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
        folds = ((portrait.folds - portrait.glasses_at) * fine).astype(np.float32)
        panes = [_pane(layer, folds[k : k + 2]) for k in range(len(folds) - 1)]
        self._panes = [(k, *pane) for k, pane in enumerate(panes) if pane[0].any()]
        self._worn = portrait.worn
        self._pivot, self._camera = portrait.pivot, camera

    @stage("glasses")
    def draw(self, turn: Floats, translation: Floats, picture: Bytes) -> None:
        """Lay them over the picture (H, W, 3) of a head turned (3, 3) and moved (3,) so, in place."""
        moved = (self._worn - self._pivot) @ turn.T + self._pivot + translation
        places = self._camera.project(moved).astype(np.float32) - np.float32(0.5)
        for k, pane, at in self._panes:
            if places[k + 1, :, 0].sum() > places[k, :, 0].sum():  # else an arm shows its back
                _lay(pane, at, places[k : k + 2].reshape(4, 2), picture)


def _pane(layer: Bytes, folds: Floats) -> tuple[Bytes, Floats]:
    """The layer (h, w, 4) between two folds (2, 2, 2), pixels, and where these are in it (4, 2)."""
    own = np.zeros(layer.shape[:2], np.uint8)
    outline = np.concatenate([folds[0], folds[1, ::-1]]) - np.float32(0.5)
    cv2.fillConvexPoly(own, np.round(outline * 8).astype(np.int32), 1, cv2.LINE_8, 3)
    low = np.maximum(np.floor(outline.min(0)), 0).astype(int)
    part = slice(low[1], int(outline[:, 1].max()) + 2), slice(low[0], int(outline[:, 0].max()) + 2)
    pane = np.ascontiguousarray(layer[part] * own[part][..., None])
    return pane, (folds.reshape(4, 2) - np.float32(0.5) - low).astype(np.float32)


def _lay(pane: Bytes, at: Floats, places: Floats, picture: Bytes) -> None:
    """Lay a pane (h, w, 4) over the picture so that its places (4, 2) come to other ones, in place."""
    low = np.maximum(np.floor(places.min(0)), 0).astype(int)
    high = np.minimum(np.ceil(places.max(0)) + 1, picture.shape[1::-1]).astype(int)
    if (high <= low).any():
        return
    to_part = cv2.getPerspectiveTransform(at, places - low.astype(np.float32))
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    layer = np.asarray(cv2.warpPerspective(pane, to_part, size, flags=cv2.INTER_LINEAR), np.uint8)
    lay_pane(layer, picture[low[1] : high[1], low[0] : high[0]])


@njit(cache=True, nogil=True, fastmath=True)
def lay_pane(layer: Bytes, picture: Bytes) -> None:
    """Lay a layer (h, w, 4), weighted by its opacity, over a picture (h, w, 3), in place."""
    for y in range(layer.shape[0]):
        for x in range(layer.shape[1]):
            opacity = layer[y, x, 3]
            if opacity == 0:
                continue
            rest = np.int32(255) - opacity
            for c in range(3):
                under = (rest * picture[y, x, c] * np.int32(257) + np.int32(32768)) >> 16
                picture[y, x, c] = min(layer[y, x, c] + under, np.int32(255))
