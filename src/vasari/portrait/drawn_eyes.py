"""Shut eyes for flat drawings: the eye goes, the line below it stays."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.portrait.eye_frame import EyeFrame
from vasari.portrait.pixels import disc, grown, polygon

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

#: What differs from the skin by more than this in any colour is drawn on it, levels.
DIFFERENT = 36
#: An eye lies within this much around the middle of the opening, along and across, widths of the opening.
EXTENT = 0.95, 0.75
#: ... and fills less than this of it; else the face has no one colour around it.
MOST_FILLED = 0.75
#: Lines that run from the eye into the face are thinner than this, and belong to it up to so far, widths.
THIN, LASHES = 0.1, 0.3
#: Lines are darker than this share of the skin, and this thick, pixels of a 512 view.
INK, THICKNESS_PX = 0.6, (1.2, 4.0)
#: Skin painted over the eye reaches this far beyond it, pixels of a 512 view.
MARGIN_PX = 1.5


def shut_drawn(
    patch: Bytes, upper: Floats, lower: Floats, seam: Floats, skin: Floats, unit: float
) -> Floats | None:
    """A part (h, w, 3) of a drawing with one eye shut; None if no drawn eye is found in it.

    Args:
        patch: (h, w, 3) with the eye open.
        upper, lower: (n, 2) its rims in the patch, from the inner to the outer corner.
        seam: (n, 2) where these meet when shut.
        skin: (3,) colour of the face. unit: pixels per pixel of a 512 view.
    """
    frame = EyeFrame.of(upper, lower)
    y, x = np.mgrid[: patch.shape[0], : patch.shape[1]].astype(np.float32) + 0.5
    along, height = frame.local(np.stack([x, y], -1))
    near = np.hypot((along - 0.5) / EXTENT[0], height / frame.width / EXTENT[1]) < 1
    opening = polygon(np.concatenate([upper, lower[::-1]]), patch.shape)
    eye = _drawn_eye((np.abs(patch - skin).max(-1) > DIFFERENT) & near, opening, frame.width)
    if not eye.any() or eye.sum() > MOST_FILLED * near.sum():
        return None
    bare = cv2.GaussianBlur(grown(eye, MARGIN_PX * unit).astype(np.float32), (0, 0), 0.7 * unit)[..., None]
    shut = patch + bare * (skin - patch)
    colour, thickness = _ink(patch, eye, skin, unit)
    rise = height - frame.height(seam, along)
    line = np.clip(0.5 + (0.5 * thickness - np.abs(rise - 0.5 * thickness)) / unit, 0, 1)
    line *= np.clip(0.5 + (0.5 - np.abs(along - 0.5)) * frame.width / unit, 0, 1)
    return np.asarray(shut + line[..., None] * (colour - shut), np.float32)


def _drawn_eye(drawn: Mask, opening: Mask, width: float) -> Mask:
    """All of what is drawn that belongs to an eye (h, w): what hangs together with the opening, no holes."""
    _, labels = cv2.connectedComponents((drawn | opening).astype(np.uint8), connectivity=8)
    if not opening.any():
        return opening
    eye = labels == np.bincount(labels[opening]).argmax()
    outside = np.pad(~eye, 1, constant_values=True).astype(np.uint8)
    _, parts = cv2.connectedComponents(outside, connectivity=4)
    whole = parts[1:-1, 1:-1] != parts[0, 0]
    core = cv2.morphologyEx((whole | opening).astype(np.uint8), cv2.MORPH_OPEN, disc(THIN * width)) > 0
    return np.asarray(whole & grown(core, LASHES * width))


def _ink(patch: Bytes, eye: Mask, skin: Floats, unit: float) -> tuple[Floats, float]:
    """Colour (3,) and thickness, pixels, of the line around a drawn eye."""
    light = patch.mean(-1)
    ink = eye & (light < INK * skin.mean())
    if not ink.any():
        return 0.5 * skin, THICKNESS_PX[0] * unit
    colour = patch[ink & (light <= np.quantile(light[ink], 0.3))].mean(0).astype(np.float32)
    edge = eye & ~grown(eye, -unit)
    from_paper = cv2.distanceTransform(ink.astype(np.uint8), cv2.DIST_L2, 5)
    across = cv2.dilate(from_paper, disc(THICKNESS_PX[1] * unit))[edge & ink]
    thickness = 2 * float(np.median(across)) if len(across) else 0.0
    return colour, float(np.clip(thickness, THICKNESS_PX[0] * unit, THICKNESS_PX[1] * unit))
