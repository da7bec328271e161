"""Shut eyes for a photo that shows them open."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.portrait.pixels import box, grown, polygon, spread_colour, unit_of
from vasari.stages import stage

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


@stage("lids")
def close_eyes(picture: Bytes, openings: list[Floats], seams: list[Floats], skin: Floats) -> Bytes:
    """The picture (P, P, 3) with both eyes shut.

    Args:
        picture: (P, P, 3) RGB.
        openings: outline (n, 2) of each visible eye, pixels.
        seams: (n, 2) where the lids of each eye meet when shut, inner to outer corner, pixels.
        skin: (3,) colour of the face's skin.

    The photo's own skin stays wherever it shows some. Over the open eye a membrane is spanned from the skin
    around it, rounded by shading, with grain of the cheek's strength, and lashes along the seam.
    """
    result = picture.astype(np.float32)
    unit = unit_of(picture)
    for opening, seam in zip(openings, seams, strict=True):
        rows, columns = box(np.concatenate([opening, seam]), picture.shape, 22 * unit)
        patch = result[rows, columns]
        offset = np.array([columns.start, rows.start], np.float32)
        eye = polygon(opening - offset, patch.shape[:2])
        # lashes and their liner lie on the rim of the open eye: they go with it
        replaced = grown(eye, 3.5 * unit)
        membrane = _membrane(patch, replaced, skin)
        shaded = membrane * _lid_relief(seam - offset, patch.shape[:2], unit)[..., None]
        soft = cv2.GaussianBlur(replaced.astype(np.float32), (0, 0), 2.5 * unit)[..., None]
        closed = patch + np.clip(soft * 1.5, 0, 1) * (shaded - patch)
        result[rows, columns] = _lash_line(closed, seam - offset, unit)
    return np.asarray(np.clip(result + 0.5, 0, 255), np.uint8)


def _membrane(patch: Floats, hole: Mask, skin: Floats) -> Floats:
    """Smooth surface over a hole, from the skin-like pixels around it, with grain of their strength."""
    around = grown(hole, 12) & ~grown(hole, 2)
    if around.any():  # the sockets may lie in shade: their own tone counts as much as the cheeks'
        skin = np.asarray((skin + np.median(patch[around], 0)) / 2, np.float32)
        likeness = np.abs(patch - skin).sum(-1)
        good = around & (likeness <= np.quantile(likeness[around], 0.5))
    else:
        good = ~hole
    smooth = spread_colour(patch, good, (2.5, 5, 10, 20, 40))
    smooth = np.asarray(cv2.GaussianBlur(smooth, (0, 0), 3), np.float32)
    fine = patch - cv2.GaussianBlur(patch, (0, 0), 1.5)
    strength = min(float(np.median(np.abs(fine[good]))) * 1.48, 4.0)
    grain = np.random.default_rng(0).normal(0, strength, patch.shape[:2]).astype(np.float32)
    return smooth + cv2.GaussianBlur(grain, (0, 0), 0.7)[..., None] * 1.4


def _lid_relief(seam: Floats, shape: tuple[int, int], unit: float) -> Floats:
    """Brightness of a shut lid: a ball behind skin, lit from above."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + 0.5
    order = np.argsort(seam[:, 0])
    along = seam[order]
    width = float(along[-1, 0] - along[0, 0])
    across = np.clip((x - along[0, 0]) / max(width, 1e-3), 0, 1)
    height = (np.interp(x, along[:, 0], along[:, 1]).astype(np.float32) - y) / (
        0.5 * width
    )  # 0 seam, up positive
    arch = np.sqrt(np.clip(1 - (2 * across - 1) ** 2, 0, 1))  # the ball's outline over the width
    ball = 0.05 * arch * np.exp(-(((height - 0.35) / 0.25) ** 2)) - 0.03 * (1 - arch)
    under = -0.07 * arch * np.exp(-(((height + 0.07) / 0.10) ** 2))
    return np.asarray(1 + ball + under, np.float32)


def _lash_line(patch: Floats, seam: Floats, unit: float) -> Floats:
    """Draw the seam: a soft dark line, thicker outward, and short lashes that fan out below it."""
    ss = 8  # fixed-point sub-pixels of OpenCV's line drawing, as a power-of-two shift of 3 bits
    curve = np.stack(
        [np.interp(np.linspace(0, len(seam) - 1, 33), np.arange(len(seam)), seam[:, c]) for c in (0, 1)], 1
    )
    line = np.zeros(patch.shape[:2], np.uint8)
    cv2.polylines(
        line,
        [np.round((curve - 0.5) * ss).astype(np.int32)],
        False,
        255,
        max(round(1.4 * unit), 1),
        cv2.LINE_AA,
        3,
    )
    lashes = np.zeros_like(line)
    outward = np.sign(curve[-1, 0] - curve[0, 0])
    rng = np.random.default_rng(1)
    for t in np.linspace(0.12, 0.98, 22):
        root = curve[int(t * 32)]
        length = unit * (2.2 + 3.2 * t) * rng.uniform(0.75, 1.1)
        slant = outward * (t - 0.35) * 1.1
        tip = root + length * np.array([slant, 1.0]) / np.hypot(slant, 1.0)
        ends = np.round((np.stack([root, tip]) - 0.5) * ss).astype(np.int32)
        cv2.line(lashes, tuple(map(int, ends[0])), tuple(map(int, ends[1])), 255, 1, cv2.LINE_AA, 3)
    ink = 0.66 * cv2.GaussianBlur(line, (0, 0), 0.6 * unit) + 0.24 * cv2.GaussianBlur(
        lashes, (0, 0), 0.55 * unit
    )
    dark = patch * np.array([0.34, 0.28, 0.27], np.float32)
    return patch + np.clip(ink / 255, 0, 0.85)[..., None].astype(np.float32) * (dark - patch)
