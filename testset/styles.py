"""A photo as if drawn, painted, printed or badly copied."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # (height, width, 3) BGR


def pencil(picture: Picture) -> Picture:
    """Graphite on paper: a grey picture divided by its own blur, with the grain of paper."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    blurred = cv2.GaussianBlur(grey, (0, 0), grey.shape[1] / 60)
    drawn = np.clip(grey / np.maximum(blurred, 1), 0, 1) ** 1.6 * (0.75 + 0.25 * grey / 255)
    grain = np.random.default_rng(0).normal(0, 0.02, grey.shape).astype(np.float32)
    return _to_bytes(cv2.merge([250 * (drawn + grain)] * 3))


def oil(picture: Picture) -> Picture:
    """Thick brush strokes: in each neighbourhood the mean colour of its commonest brightness."""
    radius, levels = max(2, picture.shape[1] // 160), 12
    level = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.int32) * levels // 256
    best = np.zeros(level.shape, np.float32)
    painted = np.zeros(picture.shape, np.float32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2).astype(np.float32)
    for k in range(levels):
        member = (level == k).astype(np.float32)
        count = cv2.filter2D(member, -1, kernel)
        total = cv2.filter2D(picture.astype(np.float32) * member[..., None], -1, kernel)
        wins = count > best
        painted[wins] = total[wins] / count[wins][:, None]
        best[wins] = count[wins]
    return _to_bytes(painted)


def poster(picture: Picture) -> Picture:
    """A cartoon: five tones to each channel, with dark outlines."""
    smooth = picture
    for _ in range(3):
        smooth = np.asarray(cv2.bilateralFilter(smooth, 9, 40, 9), np.uint8)
    tones = np.round(smooth.astype(np.float32) / 255 * 4) / 4 * 255
    grey = cv2.medianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), 7)
    block = max(9, picture.shape[1] // 40 | 1)
    lines = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, block, 5)
    return _to_bytes(np.where(lines[..., None] > 0, tones, 25))


def black_and_white(picture: Picture) -> Picture:
    """Grey, with film grain and strong contrast."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    grey = 128 + 1.25 * (grey - 128) + np.random.default_rng(0).normal(0, 6, grey.shape)
    return _to_bytes(cv2.merge([grey] * 3))


def mosaic(picture: Picture) -> Picture:
    """Square stones, a hundred to a row, each a little off in tone."""
    height, width = picture.shape[:2]
    stones = cv2.resize(picture, (100, max(1, round(100 * height / width))), interpolation=cv2.INTER_AREA)
    tone = np.random.default_rng(0).normal(0, 5, (*stones.shape[:2], 1))
    large = cv2.resize(_to_bytes(stones + tone), (width, height), interpolation=cv2.INTER_NEAREST)
    rows, columns = (np.arange(n) * m % n < m for n, m in zip((height, width), stones.shape[:2], strict=True))
    large[rows] = large[rows] // 4 * 3
    large[:, columns] = large[:, columns] // 4 * 3
    return np.asarray(large, np.uint8)


def small_copy(picture: Picture) -> Picture:
    """A thumbnail that went through strong JPEG compression."""
    scale = 160 / picture.shape[1]
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 35])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


STYLES: dict[str, Callable[[Picture], Picture]] = {
    "pencil": pencil,
    "oil": oil,
    "poster": poster,
    "black-and-white": black_and_white,
    "mosaic": mosaic,
    "small-copy": small_copy,
}


def _to_bytes(picture: NDArray[np.floating]) -> Picture:
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)
