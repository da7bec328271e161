"""A plain border around a picture within the photo: paper, a mount, a page. It is no background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

#: Pixels of a border differ from its colour by at most so many grey levels, but for a small share of strays.
ALIKE, STRAYS = 14.0, 0.02
#: A picture begins where at least this share of a line differs from the border, so many pixels farther in.
PICTURE, SOFT_EDGE = 0.65, 3
#: No border is wider than this share of the picture.
WIDEST = 0.3


def within_border(picture: Bytes, seen: tuple[slice, slice]) -> tuple[slice, slice]:
    """Rows and columns of the picture proper, without plain borders; ``seen`` itself if there are none.

    Args:
        picture: (P, P, 3). seen: its rows and columns that the photo shows.

    One plain strip may be anything; a border has at least two sides.
    """
    lines = [np.moveaxis(picture[seen], axis, 0) for axis in (0, 1)]
    widths = [(_border(part), _border(part[::-1])) for part in lines]
    if np.count_nonzero(widths) < 2:
        return seen
    rows, columns = (
        slice(whole.start + first, whole.stop - last)
        for whole, (first, last) in zip(seen, widths, strict=True)
    )
    return rows, columns


def _border(lines: Bytes) -> int:
    """How many of the first lines (n, m, 3) are a border."""
    colour = np.median(lines[0], 0).astype(np.float32)

    def unlike(part: Bytes) -> NDArray[np.float64]:
        return np.asarray((np.abs(part - colour).max(-1) > ALIKE).mean(1), np.float64)

    if unlike(lines[:1])[0] > STRAYS:
        return 0
    most = int(WIDEST * len(lines))
    share = unlike(lines[:most])
    edge = int(np.argmax(share > STRAYS))
    begins = edge > 0 and share[edge : edge + SOFT_EDGE + 1].max() > PICTURE
    return edge + SOFT_EDGE if begins else 0
