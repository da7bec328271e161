"""Where to look for faces in a picture, in order of effort."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.detector import Square

Picture = NDArray[np.uint8]

#: A picture, where to look for faces in it and the least detector score.
Look = tuple[Picture, Square, float]
#: Detector scores that make a candidate: at first, and when little else has helped.
SURE, UNSURE = 0.5, 0.25
#: The search goes down to parts of a picture this many pixels wide, where a face of 64 pixels is found,
#: but not below an eighth of the picture.
LEAST_PART, MOST_PARTS = 340, 8
#: From this effort on, turned faces have been looked for.
TURNED_EFFORT = 2


def searches(image: Picture) -> Iterator[list[Look]]:
    """Where to look for faces, in lists of increasing effort."""
    height, width = image.shape[:2]
    x, y, side = width / 2, height / 2, max(width, height)
    turned = [Square(x, y, side, np.radians(angle)) for angle in (45, -45, 90, -90, 180)]
    padded = [Square(x, y, side * factor) for factor in (1.5, 2.0)]
    yield [(image, Square(x, y, side), SURE)]
    yield [(image, square, SURE) for square in [*padded, *_parts(width, height, 2)]]
    yield [(image, square, SURE) for square in turned]
    n = 4
    while n <= MOST_PARTS and side / n > LEAST_PART / 2:
        yield [(image, square, SURE) for square in _parts(width, height, n)]
        n *= 2
    for picture in (image, _more_contrast(image)):
        everywhere = [Square(x, y, side), *padded, *_parts(width, height, 2), *turned]
        yield [(picture, square, UNSURE) for square in everywhere]


def _parts(width: int, height: int, n: int) -> list[Square]:
    """Squares an n-th of the picture's longer side wide, each overlapping half of the next."""
    side = max(width, height) / n

    def middles(length: int) -> NDArray[np.float64]:
        count = max(int(np.ceil(2 * length / side)) - 1, 1)
        return np.linspace(side / 2, length - side / 2, count) if count > 1 else np.array([length / 2])

    return [Square(float(x), float(y), side) for y in middles(height) for x in middles(width)]


def _more_contrast(image: Picture) -> Picture:
    """The picture with its local contrast evened out (limited adaptive histogram equalization)."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(4.0, (8, 8)).apply(lab[..., 0])
    out: Picture = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)  # type: ignore[assignment]
    return out
