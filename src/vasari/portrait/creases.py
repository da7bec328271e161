"""Folds that expressions put into the skin: where they run on this face and how they shade it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from vasari.head.expressions import EXPRESSION_INDEX
from vasari.portrait.infancy import infancy

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

#: Groups of folds, and the expressions that raise each with their shares.
GROUPS: dict[str, dict[str, float]] = {
    **{
        f"nasolabial_{side.lower()}": {
            f"mouthSmile{side}": 0.9,
            f"noseSneer{side}": 0.7,
            f"mouthUpperUp{side}": 0.5,
            f"cheekSquint{side}": 0.3,
        }
        for side in ("Left", "Right")
    },
    **{
        f"crow_{side.lower()}": {
            f"mouthSmile{side}": 0.35,
            f"cheekSquint{side}": 0.5,
            f"eyeSquint{side}": 0.5,
        }
        for side in ("Left", "Right")
    },
    "forehead": {"browInnerUp": 0.6, "browOuterUpLeft": 0.35, "browOuterUpRight": 0.35},
    "frown": {"browDownLeft": 0.55, "browDownRight": 0.55, "noseSneerLeft": 0.15, "noseSneerRight": 0.15},
}
#: The maps are this many times coarser than the picture.
COARSENESS = 2
#: Value of a map where the skin stays as it is; a fold's bottom is this much darker at full weight.
EVEN, DEPTH = 128, 0.3

#: Share of its folds that a baby's skin does not show.
SMOOTH_BABIES = 0.8

#: Folds are drawn in full on skin as rough as the second, to the least share on skin as smooth as the first:
#: flat paint, a child's. Roughness is a share of brightness, see :func:`_roughness`.
SMOOTH, ROUGH, LEAST_FOLD = 0.006, 0.03, 0.3

# Where roughness is read: both cheeks above and below, and the forehead.
_PATCHES = (50, 280, 205, 425, 151, 108, 337)
# Chains of landmarks that a fold follows; the subject's left mirrors the right.
_NASOLABIAL = ((129, 203, 206, 216), (358, 423, 426, 436))
_OUTER_CORNER, _INNER_CORNER = (33, 263), (133, 362)
_BROW_TOP = (70, 63, 105, 66, 107, 9, 336, 296, 334, 293, 300)
_HAIRLINE = (21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251)
_BROW_INNER, _NOSE_ROOT = (55, 285), 8


def crease_maps(picture: Bytes, landmarks: Floats, skin: Floats, modelled: float = 1.0) -> Bytes:
    """Maps (K, P / COARSENESS, ...) of the groups of folds: EVEN, below it darker, above brighter.

    Args:
        picture: (P, P, 3) RGB. landmarks: (468, 2) pixels. skin: (3,) colour of the face's skin; what differs
            from it (a fringe, a hat, a beard) does not fold. modelled: 0 for drawings in flat colours, whose
            skin does not fold either, to 1.
    """
    points = np.asarray(landmarks / COARSENESS, np.float32)
    size = picture.shape[0] // COARSENESS
    coarse = np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    bare = _likeness(coarse, skin)
    eyes = float(np.linalg.norm(points[_OUTER_CORNER[0]] - points[_OUTER_CORNER[1]]))
    bare = bare * modelled * (1 - SMOOTH_BABIES * infancy(landmarks))
    rough = np.clip((_roughness(coarse, points, eyes) - SMOOTH) / (ROUGH - SMOOTH), 0, 1)
    bare = bare * np.float32(LEAST_FOLD + (1 - LEAST_FOLD) * rough)
    maps = []
    for curves in _curves(points).values():
        total = np.zeros((size, size), np.float32)
        for curve, width, strength in curves:
            _add_fold(total, curve, width * eyes, strength)
        maps.append(np.clip(EVEN + 127 * bare * total, 0, 255).astype(np.uint8))
    return np.stack(maps)


def crease_weights(expression: Floats) -> Floats:
    """Weights (K,), 0..1, of the groups of folds at expression weights (52,)."""
    weights = expression.tolist()
    sums = [
        sum(share * weights[EXPRESSION_INDEX[name]] for name, share in group.items())
        for group in GROUPS.values()
    ]
    return np.clip(np.asarray(sums, np.float32), 0, 1)


def _likeness(picture: Bytes, skin: Floats) -> Floats:
    """(h, w) 1 where the colour is that of skin in some light, 0 where it is not."""
    colour = cv2.GaussianBlur(picture, (0, 0), 1.5).astype(np.float32) + 8
    skin = skin + 8
    light = colour.sum(-1) / skin.sum()
    tone = np.abs(colour / colour.sum(-1, keepdims=True) - skin / skin.sum()).sum(-1)
    dark = np.clip((light - 0.35) / 0.25, 0, 1)
    return np.asarray(dark * np.clip(2 - tone / 0.08, 0, 1), np.float32)


def _roughness(picture: Bytes, points: Floats, eyes: float) -> float:
    """How much the brightness of the skin varies at the scale of wrinkles, as a share of it.

    Args:
        picture: (h, w, 3). points: (468, 2) landmarks in it. eyes: distance of the outer corners, pixels.
    """
    reach, found = max(round(0.13 * eyes), 4), []
    for x, y in points[list(_PATCHES)].astype(int):
        patch = (
            picture[max(y - reach, 0) : y + reach, max(x - reach, 0) : x + reach].astype(np.float32).mean(-1)
        )
        if min(patch.shape) < reach:
            continue
        fine, even = (cv2.GaussianBlur(patch, (0, 0), sigma * eyes) for sigma in (0.012, 0.05))
        within = (fine - even)[2:-2, 2:-2]
        found.append(float(np.sqrt((within**2).mean()) / max(patch.mean(), 20)))
    return float(np.quantile(found, 0.25)) if found else ROUGH


def _curves(points: Floats) -> dict[str, list[tuple[Floats, float, float]]]:
    """Curve (n, 2), half width (in distances between the eyes' outer corners) and strength of each fold."""
    folds: dict[str, list[tuple[Floats, float, float]]] = {}
    for k, side in enumerate(("right", "left")):
        chain = points[list(_NASOLABIAL[k])]
        folds[f"nasolabial_{side}"] = [(chain, 0.014, 0.75), (chain, 0.045, 0.35)]
        outer = points[_OUTER_CORNER[k]]
        way = outer - points[_INNER_CORNER[k]]
        across = np.array([-way[1], way[0]]) * (1 if k else -1)  # down the face
        folds[f"crow_{side}"] = [
            (
                np.stack(
                    [outer + way * 0.16 + across * a * 0.3, outer + way * (0.5 - 0.3 * abs(a)) + across * a]
                ),
                0.011,
                0.5,
            )
            for a in (-0.28, 0.0, 0.3)
        ]
    low, high = points[list(_BROW_TOP)], points[list(_HAIRLINE)]
    middle = slice(1, -1)
    folds["forehead"] = [
        ((low + share * (high - low))[middle], 0.016, strength)
        for share, strength in ((0.30, 0.6), (0.48, 0.75), (0.66, 0.5))
    ]
    root = points[_NOSE_ROOT]
    folds["frown"] = []
    for inner in _BROW_INNER:
        foot = root + 0.32 * (points[inner] - root)
        up = points[9] - points[_NOSE_ROOT]
        folds["frown"].append((np.stack([foot - 0.2 * up, foot + 0.5 * up, foot + 1.1 * up]), 0.014, 0.7))
    return {name: folds[name] for name in GROUPS}


def _add_fold(total: Floats, curve: Floats, width: float, strength: float) -> None:
    """Add a valley along a curve, with the swollen skin on both its sides; it fades towards its ends."""
    t = np.linspace(0, 1, 200)
    knots = np.linspace(0, 1, len(curve))
    straight = np.stack([np.interp(t, knots, curve[:, c]) for c in (0, 1)], 1).astype(np.float32)
    line = np.asarray(cv2.GaussianBlur(straight, (1, 31), 0, borderType=cv2.BORDER_REPLICATE), np.float32)
    reach = 5 * width + 2
    left, top = np.maximum(np.floor(line.min(0) - reach), 0).astype(int)
    right, bottom = np.minimum(np.ceil(line.max(0) + reach), total.shape[0]).astype(int)
    if right <= left or bottom <= top:
        return
    y, x = np.mgrid[top:bottom, left:right]
    distance, nearest = KDTree(line).query(np.stack([x, y], -1) + 0.5)
    taper = np.sin(np.pi * np.clip(0.06 + 0.88 * t[nearest], 0, 1)) ** 0.7
    q = distance / max(width, 0.7)
    profile = -np.exp(-(q**2)) + 0.35 * np.exp(-(((q - 2.4) / 1.1) ** 2))
    total[top:bottom, left:right] += (strength * taper * profile).astype(np.float32)
