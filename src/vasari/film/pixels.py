"""RGB pictures as encoders want them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

#: Luma of red and blue in ITU-R BT.709.
RED, BLUE = 0.2126, 0.0722
GREEN = 1 - RED - BLUE


def _bt709() -> NDArray[np.float64]:
    """(3, 4): RGB 0..255 to Y 16..235 and Cb, Cr 16..240, the "TV" range."""
    luma = np.array([RED, GREEN, BLUE])
    blue = (np.array([0, 0, 1]) - luma) / (2 * (1 - BLUE))
    red = (np.array([1, 0, 0]) - luma) / (2 * (1 - RED))
    scale = np.array([219, 224, 224]) / 255
    return np.column_stack([scale[:, None] * [luma, blue, red], [16, 128, 128]])


#: Computed once: the conversion runs for every picture.
BT709 = _bt709()


def i420(image: Pixels) -> Pixels:
    """An RGB picture (H, W, 3) as BT.709 planes Y, Cb, Cr in one array (H * 3 / 2, W); H and W even."""
    height, width = image.shape[:2]
    full = cv2.transform(image, BT709)
    half = cv2.resize(full, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    planes = np.empty((height * 3 // 2, width), np.uint8)
    colour = planes[height:].reshape(2, height // 2, width // 2)
    for channel, source, plane in ((0, full, planes[:height]), (1, half, colour[0]), (2, half, colour[1])):
        cv2.extractChannel(source, channel, plane)
    return planes
