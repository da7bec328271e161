"""Small tools for looking things up in pictures and marking places in them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def unit_of(picture: Bytes) -> float:
    """Pixels of this picture per pixel of a 512 view (the picture has a margin of an eighth all round)."""
    return float(picture.shape[0]) / 640


def look_up(picture: Bytes, place: Floats) -> Bytes:
    """Colours of a picture at places (..., 2) in pixels, bilinear, edges repeated."""
    x, y = place[..., 0] - 0.5, place[..., 1] - 0.5
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def carried_on(part: NDArray[Any], seen: tuple[slice, slice], shape: tuple[int, ...]) -> NDArray[Any]:
    """What fills the rows and columns ``seen`` of a picture of this shape, its edges repeated beyond them."""
    rows, columns = seen
    borders = rows.start, shape[0] - rows.stop, columns.start, shape[1] - columns.stop
    return np.asarray(cv2.copyMakeBorder(part, *borders, cv2.BORDER_REPLICATE))


def polygon(outline: Floats, shape: tuple[int, ...]) -> Mask:
    """The inside of an outline (n, 2), pixels."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round((outline - 0.5) * 8).astype(np.int32)], 1, cv2.LINE_8, 3)
    return mask > 0


def grown(mask: Mask, radius: float) -> Mask:
    """A mask made larger all round, or smaller if ``radius`` is negative, by so many pixels."""
    if abs(radius) < 0.5:
        return mask
    change = cv2.dilate if radius > 0 else cv2.erode
    return np.asarray(change(mask.astype(np.uint8), disc(abs(radius)))) > 0


def disc(radius: float) -> Bytes:
    """A round structuring element of at least one pixel's radius."""
    size = 2 * max(round(radius), 1) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def box(points: Floats, shape: tuple[int, ...], pad: float) -> tuple[slice, slice]:
    """Rows and columns of the box around points (n, 2), with ``pad`` pixels more, inside the picture."""
    low = np.maximum(np.floor(points.min(0) - pad), 0).astype(int)
    high = np.minimum(np.ceil(points.max(0) + pad).astype(int), [shape[1], shape[0]])
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def spread_colour(texture: Floats, known: Mask, reaches: tuple[float, ...]) -> Floats:
    """Normalised convolution, from near to far: every pixel gets the mean of the nearest known colours."""
    result = texture * known[..., None]
    covered = known.astype(np.float32)
    filled = np.where(known[..., None], texture, 0)
    for reach in reaches:
        weight = cv2.GaussianBlur(covered, (0, 0), reach)
        mean = cv2.GaussianBlur(result, (0, 0), reach) / np.maximum(weight, 1e-6)[..., None]
        trust = np.clip(weight * 20, 0, 1)[..., None]
        empty = (filled.sum(-1) == 0)[..., None]
        filled = np.where(empty & (trust > 0.2), mean, filled)
    return np.asarray(np.where((filled.sum(-1) == 0)[..., None], texture[known].mean(0), filled), np.float32)
