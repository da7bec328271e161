"""Portraits made by the recipes of ``manifest/portraits.csv``: steps applied in order to a source file.

A recipe is a list of steps separated by ``;``: ``board N`` (a painting of GCompris put together), ``crop LEFT
TOP RIGHT BOTTOM``, ``scale FACTOR``, or the name of a style.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from puzzle import assemble
from styles import STYLES

Picture = NDArray[np.uint8]  # (height, width, 3) BGR

#: What stands behind transparent pictures.
BACKGROUND = (206, 212, 215)


def make_picture(file: Path, recipe: str) -> Picture:
    """Carry out a recipe on a file.

    Raises:
        ValueError: the file is no picture, or a step is unknown.
    """
    steps = [step.split() for step in recipe.split(";") if step.strip()]
    if steps and steps[0][0] == "board":
        picture: Picture = assemble(file.read_bytes(), int(steps.pop(0)[1]))
    else:
        picture = _read(file)
    for name, *numbers in steps:
        if name == "crop":
            left, top, right, bottom = map(int, numbers)
            picture = picture[top:bottom, left:right]
        elif name == "scale":
            factor = float(numbers[0])
            way = cv2.INTER_LANCZOS4 if factor > 1 else cv2.INTER_AREA
            picture = np.asarray(cv2.resize(picture, None, fx=factor, fy=factor, interpolation=way), np.uint8)
        elif name in STYLES:
            picture = STYLES[name](picture)
        else:
            raise ValueError(f"unknown step {name!r}; there are board, crop, scale, {', '.join(STYLES)}")
    return np.ascontiguousarray(picture)


def fingerprint(picture: Picture) -> str:
    """sha256 of the pixels and the shape: how a file compresses them does not matter."""
    return hashlib.sha256(repr(picture.shape).encode() + picture.tobytes()).hexdigest()


def _read(file: Path) -> Picture:
    data = np.frombuffer(file.read_bytes(), np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError(f"{file.name} is no picture")
    if picture.ndim == 2 or picture.shape[2] == 3 or picture.dtype != np.uint8:
        return np.asarray(
            cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8
        )  # this one turns it as its EXIF says
    alpha = picture[..., 3:].astype(np.float32) / 255
    return np.round(picture[..., :3] * alpha + np.array(BACKGROUND) * (1 - alpha)).astype(np.uint8)
