"""How light the skin in a picture is: the individual typology angle (Chardon 1991).

It judges skin and lighting together: in blue shade a light face reads darker than a dark one in the sun. So
it does not decide anybody's group; it only stands beside the groups told by eye.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

#: Middles of both cheeks and of the forehead among the 468 points of the face mesh.
_PATCHES = (50, 280, 101, 330, 151, 108, 337)

#: Chroma of Lab under which there is no colour to read.
_GREY = 4.0


def typology_angle(picture: NDArray[np.uint8]) -> float | None:
    """atan((L - 50) / b) of the face's skin, degrees; none where no face is found or the picture is grey.

    Args:
        picture: (height, width, 3) BGR.
    """
    from vasari.head.landmarks import FaceLandmarker

    rgb = np.ascontiguousarray(picture[..., ::-1])
    face = next(iter(FaceLandmarker().find(rgb)), None)
    if face is None:
        return None
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    radius = max(1, round(0.03 * float(face.box[2] - face.box[0])))
    patches = []
    for x, y in face.points[list(_PATCHES), :2].round().astype(int):
        patch = lab[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
        patches.append(np.median(patch.reshape(-1, 3), axis=0))
    lightness, red, yellow = np.median(patches, axis=0)
    if np.hypot(red, yellow) < _GREY:
        return None
    return float(np.degrees(np.arctan2(lightness - 50, max(yellow, 1e-3))))
