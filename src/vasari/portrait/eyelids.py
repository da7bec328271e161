"""Shut eyes for a photo that shows them open."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.portrait.pixels import box, grown, polygon, unit_of
from vasari.stages import stage

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# Pixels of a 512 view, and shares:
REACH_PX = 22.0  # around an eye that is looked at
LASHES_PX = 4.0, 9.0  # by which lashes and the fold above stand out from the opening, least and most
FOLD_SHARE = 0.28  # ... in heights of the opening
FEATHER_PX = 3.2  # over which the made lid passes into the photo's skin
RING_PX = 12.0  # width of the skin around the eye that tells the lid's colour
SKIN_BLUR_PX = 3.0  # over which that colour is averaged
WIDE_PX, WIDE_SHARE = 10.0, 0.3  # ... and farther about, with its share
FAINT = 0.02  # trust in skin below which it is its farther surroundings that count
CHEEK_SHARE = 0.45  # say of the skin below the eye, as the shut lid comes down from above
DETAIL_PX = 2.5  # coarsest texture taken from the cheek


@stage("lids")
def close_eyes(picture: Bytes, openings: list[Floats], seams: list[Floats]) -> Bytes:
    """The picture (P, P, 3) with both eyes shut.

    Args:
        picture: (P, P, 3) RGB.
        openings: outline (n, 2) of each visible eye, pixels.
        seams: (n, 2) where the lids of each eye meet when shut, inner to outer corner, pixels.

    The photo's own skin stays wherever it shows some. Over the open eye a membrane is spanned from the lids
    around it, rounded by shading, with the texture of the cheek below, and lashes along the seam.
    """
    result = picture.astype(np.float32)
    unit = unit_of(picture)
    for opening, seam in zip(openings, seams, strict=True):
        rows, columns = box(np.concatenate([opening, seam]), picture.shape, REACH_PX * unit)
        patch = result[rows, columns]
        offset = np.array([columns.start, rows.start], np.float32)
        # lashes and their liner lie on the rim of the open eye: they go with it
        hole = grown(polygon(opening - offset, patch.shape[:2]), _beyond(opening, unit))
        say = np.where(_above(seam - offset, patch.shape[:2]), 1, CHEEK_SHARE).astype(np.float32)
        lid = _membrane(patch, hole, say, unit)
        lid *= 1 + _skin_detail(picture, opening, rows, columns, unit)
        lid *= _lid_relief(seam - offset, patch.shape[:2])[..., None]
        soft = cv2.GaussianBlur(hole.astype(np.float32), (0, 0), FEATHER_PX * unit)[..., None]
        closed = patch + np.clip(soft * 1.6, 0, 1) * (lid - patch)
        result[rows, columns] = _lash_line(closed, seam - offset, unit)
    return np.asarray(np.clip(result + 0.5, 0, 255), np.uint8)


def _beyond(opening: Floats, unit: float) -> float:
    """How far lashes and the lid's fold reach beyond an opening (n, 2), pixels: farther from a wide eye."""
    return float(np.clip(FOLD_SHARE * np.ptp(opening[:, 1]), LASHES_PX[0] * unit, LASHES_PX[1] * unit))


def _above(seam: Floats, shape: tuple[int, int]) -> Mask:
    """The side (h, w) of the upper lid, of the line through an eye's corners."""
    (x0, y0), (x1, y1) = seam[np.argsort(seam[:, 0])][[0, -1]]
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + 0.5
    return np.asarray(y - y0 < (x - x0) * (y1 - y0) / max(float(x1 - x0), 1e-3))


def _membrane(patch: Floats, hole: Mask, say: Floats, unit: float) -> Floats:
    """The patch (h, w, 3) with a soap film over the hole, held by the skin around it, each pixel by its say.

    Brows, lashes, ink and rims of glasses around the eye are no skin: they stray from the plane (colour over
    place) that fits most of the surroundings, and do not hold the film. The plane itself lends no
    colour: in hard light it runs into greys that no skin has.
    """
    around = grown(hole, RING_PX * unit) & ~hole
    y, x = np.nonzero(around)
    basis = np.stack([np.ones(len(x)), x / patch.shape[1], y / patch.shape[0]], 1).astype(np.float32)
    colours = patch[around]
    weight = say[around]
    for _ in range(8):  # iteratively reweighted least squares; what is dark is the likelier stranger
        scaled = basis * weight[:, None]
        plane = np.linalg.solve(scaled.T @ basis + 1e-3 * np.eye(3, dtype=np.float32), scaled.T @ colours)
        error = colours - basis @ plane
        stray = error.mean(1)
        tint = np.abs(error - stray[:, None]).sum(1)  # grey on brown skin: lashes, glints
        far = np.where(stray < 0, 2, 1.5) * stray / _spread(stray)
        weight = say[around] / (1 + far**2 + (tint / _spread(tint)) ** 2)
    trust = np.zeros(patch.shape[:2], np.float32)
    trust[around] = weight**2
    overall = (patch * trust[..., None]).sum((0, 1)) / max(float(trust.sum()), 1e-6)
    wide = _blurred(patch, trust, WIDE_PX * unit, overall)
    held = _blurred(patch, trust, SKIN_BLUR_PX * unit, wide)
    held += WIDE_SHARE * (wide - held)
    film = np.where(hole[..., None], wide, held).astype(np.float32)
    for size in (15, 9, 5, 3):  # relaxation, from coarse to fine
        for _ in range(40):
            film = np.where(hole[..., None], cv2.blur(film, (size, size)), held).astype(np.float32)
    return np.asarray(film)


def _spread(errors: Floats) -> float:
    """Standard deviation of errors (levels) that are normal but for outliers; grain at the least."""
    return max(1.48 * float(np.median(np.abs(errors))), 4.0)


def _blurred(patch: Floats, trust: Floats, sigma: float, fallback: Floats) -> Floats:
    """Mean colours (h, w, 3) of what is trusted (h, w) near each pixel; else the fallback."""
    known = cv2.GaussianBlur(trust, (0, 0), sigma)[..., None]
    total = cv2.GaussianBlur(patch * trust[..., None], (0, 0), sigma)
    return np.asarray((total + FAINT * fallback) / (known + FAINT), np.float32)


def _skin_detail(picture: Bytes, opening: Floats, rows: slice, columns: slice, unit: float) -> Floats:
    """Fine texture (h, w, 3) of the cheek under an eye, to lay over its lid: pores, grain, brushwork.

    In shares of the cheek's brightness: what is lit by less shows less of it.
    """
    height = rows.stop - rows.start
    down = round(float(np.ptp(opening[:, 1])) + 2 * _beyond(opening, unit) + 0.6 * height)
    first = min(rows.start + down, picture.shape[0] - height)
    cheek = picture[first : first + height, columns].astype(np.float32)
    coarse = cv2.GaussianBlur(cheek, (0, 0), DETAIL_PX * unit)
    fine = cheek - coarse
    most = 2 * 1.48 * max(float(np.median(np.abs(fine))), 0.7)
    lit = np.maximum(coarse.mean(-1), 40)[..., None]
    return np.asarray(0.8 * np.clip(fine, -most, most) / lit, np.float32)


def _lid_relief(seam: Floats, shape: tuple[int, int]) -> Floats:
    """Brightness of a shut lid: a ball behind skin, lit from above, in shade at its lashes and corners."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + 0.5
    along = seam[np.argsort(seam[:, 0])]
    width = max(float(along[-1, 0] - along[0, 0]), 1e-3)
    across = np.clip((x - along[0, 0]) / width, 0, 1)
    line = np.interp(x, along[:, 0], along[:, 1]).astype(np.float32)
    height = (line - y) / (0.5 * width)  # 0 on the seam, up positive
    arch = np.sqrt(np.clip(1 - (2 * across - 1) ** 2, 0, 1))  # the ball's outline over the width
    ball = 0.09 * arch * np.exp(-(((height - 0.32) / 0.18) ** 2))
    fold = -0.05 * arch * np.exp(-(((height - 0.62 * arch) / 0.07) ** 2))
    under = -0.08 * arch * np.exp(-(((height + 0.05) / 0.10) ** 2))
    return np.asarray(1 + ball + fold + under, np.float32)


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
