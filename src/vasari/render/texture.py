"""A portrait's pictures at the resolution they are drawn at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Packed = NDArray[np.uint32]

#: Texels per pixel along each side: bilinear lookups in a finer grid keep the photo's sharpness. Very large
#: pictures do without, from this side on.
TEXELS, LARGE = 2, 1536


def fitted(picture: Bytes, scale: float) -> Bytes:
    """A square picture (P, P[, C]) resized by ``scale``."""
    side = round(picture.shape[0] * scale)
    if side == picture.shape[0]:
        return picture
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (side, side), interpolation=method), np.uint8)


def texels_of(side: float) -> int:
    """Texels per pixel of a picture drawn ``side`` pixels wide."""
    return TEXELS if side < LARGE else 1


def texture(picture: Bytes, scale: float) -> Bytes:
    """A picture (P, P[, C]) at the output's resolution, on a finer grid (:func:`texels_of`).

    Band-limited first and enlarged after, so that looking it up bilinearly neither aliases nor blurs.
    """
    small = fitted(picture, scale)
    fine = texels_of(scale * picture.shape[0])
    if fine == 1:
        return small
    return np.asarray(cv2.resize(small, None, fx=fine, fy=fine, interpolation=cv2.INTER_LANCZOS4), np.uint8)


def packed(picture: Bytes) -> Packed:
    """A picture (H, W, 3 or 4), one number a pixel (H, W), for :mod:`vasari.render.lanes`."""
    filled = picture if picture.shape[2] == 4 else cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)
    return np.ascontiguousarray(filled).view("<u4")[..., 0].astype(np.uint32, copy=False)


def unpacked(picture: Packed) -> Bytes:
    """The first three channels (H, W, 3) of a packed picture (H, W)."""
    channels = picture.astype("<u4", copy=False).view(np.uint8).reshape(*picture.shape, 4)
    return np.asarray(cv2.cvtColor(channels, cv2.COLOR_RGBA2RGB), np.uint8)
