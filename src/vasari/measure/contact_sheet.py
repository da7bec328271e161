"""A contact sheet of a portrait: the poses and expressions in which renderers betray themselves.

python -m vasari.measure.contact_sheet photo.jpg -o sheet.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.motion.motion import MotionFrame
from vasari.portrait.portrait import Portrait
from vasari.render.renderer import Renderer

Bytes = NDArray[np.uint8]

_SMILE = {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "cheekSquintLeft": 0.4, "cheekSquintRight": 0.4}
_FROWN = {"mouthFrownLeft": 0.7, "mouthFrownRight": 0.7, "browDownLeft": 0.7, "browDownRight": 0.7}
_SPEAK = {
    "jawOpen": 0.25,
    "mouthFunnel": 0.2,
    "mouthLowerDownLeft": 0.3,
    "mouthLowerDownRight": 0.3,
    "browInnerUp": 0.4,
}

#: Name -> (expression weights, rotation yaw pitch roll, gaze).
POSES: dict[str, tuple[dict[str, float], tuple[float, float, float], tuple[float, float]]] = {
    "neutral": ({}, (0, 0, 0), (0, 0)),
    "jaw .3": ({"jawOpen": 0.3}, (0, 0, 0), (0, 0)),
    "jaw .6": ({"jawOpen": 0.6}, (0, 0, 0), (0, 0)),
    "funnel": ({"mouthFunnel": 0.8, "jawOpen": 0.15}, (0, 0, 0), (0, 0)),
    "pucker": ({"mouthPucker": 0.9}, (0, 0, 0), (0, 0)),
    "closed": (
        {"jawOpen": 0.2, "mouthClose": 0.2, "mouthPressLeft": 0.4, "mouthPressRight": 0.4},
        (0, 0, 0),
        (0, 0),
    ),
    "smile": (_SMILE, (0, 0, 0), (0, 0)),
    "smile open": (_SMILE | {"jawOpen": 0.25}, (0, 0, 0), (0, 0)),
    "frown": (_FROWN, (0, 0, 0), (0, 0)),
    "blink .5": ({"eyeBlinkLeft": 0.5, "eyeBlinkRight": 0.5}, (0, 0, 0), (0, 0)),
    "blink": ({"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}, (0, 0, 0), (0, 0)),
    "gaze left": ({}, (0, 0, 0), (20, 0)),
    "gaze right": ({}, (0, 0, 0), (-20, 0)),
    "gaze up": ({}, (0, 0, 0), (0, 12)),
    "gaze down": ({}, (0, 0, 0), (0, -12)),
    "yaw +15": ({}, (15, 0, 0), (0, 0)),
    "yaw -15": ({}, (-15, 0, 0), (0, 0)),
    "pitch +10": ({}, (0, 10, 0), (0, 0)),
    "pitch -10": ({}, (0, -10, 0), (0, 0)),
    "roll 10": ({}, (0, 0, 10), (0, 0)),
    "speaking": (_SPEAK, (5, 3, 2), (0, 0)),
}


def pose_frame(name: str) -> MotionFrame:
    """The named pose as a motion frame."""
    weights, rotation, gaze = POSES[name]
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    for key, weight in weights.items():
        expression[EXPRESSION_INDEX[key]] = weight
    return MotionFrame(expression, np.array(rotation, np.float32), gaze=np.array(gaze, np.float32))


def contact_sheet(
    portrait: Portrait, size: int = 384, columns: int = 6, zoom: tuple[float, ...] | None = None
) -> Bytes:
    """All poses side by side, with their names, the photo first.

    Args:
        portrait: whom to draw.
        size: side of each picture, pixels.
        columns: pictures in a row.
        zoom: (left, top, right, bottom) part of each picture to show enlarged, 0..1.
    """
    renderer = Renderer(portrait, 512)
    pictures = [("photo", cv2.resize(portrait.photo, (512, 512), interpolation=cv2.INTER_AREA))]
    pictures += [(name, renderer.render(pose_frame(name))) for name in POSES]
    tiles = [_tile(np.asarray(picture, np.uint8), name, size, zoom) for name, picture in pictures]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)


def _tile(picture: Bytes, name: str, size: int, zoom: tuple[float, ...] | None) -> Bytes:
    if zoom:
        left, top, right, bottom = (round(z * picture.shape[0]) for z in zoom)
        picture = picture[top:bottom, left:right]
    height = round(size * picture.shape[0] / picture.shape[1])
    tile = np.asarray(cv2.resize(picture, (size, height), interpolation=cv2.INTER_CUBIC), np.uint8).copy()
    cv2.putText(tile, name, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(tile, name, (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return tile


def main() -> None:
    """Command line: photos in, one sheet each out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--zoom", type=float, nargs=4, metavar=("L", "T", "R", "B"))
    arguments = parser.parse_args()
    sheet = contact_sheet(Portrait.create(arguments.photo), arguments.size, arguments.columns, arguments.zoom)
    cv2.imwrite(str(arguments.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
