"""Faces of the test set that may be shown: three moments each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.landmark_clip import pictures
from vasari.measure.results.design import Item
from vasari.measure.results.trial import film_of

Bytes = NDArray[np.uint8]

#: Shown is old art in the public domain; photos, also traced ones, are not: their people did not agree to it.
STYLES, LICENCE = ("painting", "statue"), "public domain"
#: Moments of a film, as parts of its length; side of a tile, pixels; faces in a row; JPEG quality.
MOMENTS, TILE, FACES, QUALITY = (0.2, 0.45, 0.7), 96, 4, 72


def contact_sheet(items: Sequence[Item], folder: Path, size: int, out: Path) -> bool:
    """Draw the sheet as JPEG; whether there was anything to draw."""
    strips = []
    for item in items:
        film = film_of(item, folder, size)
        free = LICENCE in item.attributes.get("licence", "")
        if free and item.attributes.get("style") in STYLES and film.is_file():
            strips.append(_strip(film))
    if not strips:
        return False
    strips += [np.full_like(strips[0], 255)] * (-len(strips) % FACES)
    rows = [np.hstack(strips[k : k + FACES]) for k in range(0, len(strips), FACES)]
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    part = out.with_name(out.name + ".part")
    part.write_bytes(data.tobytes())
    part.replace(out)
    return True


def _strip(film: Path) -> Bytes:
    shown = [picture for _, _, picture in pictures(film)]
    tiles = [
        cv2.resize(shown[round(m * (len(shown) - 1))], (TILE, TILE), interpolation=cv2.INTER_AREA)
        for m in MOMENTS
    ]
    return np.asarray(np.hstack(tiles), np.uint8)
