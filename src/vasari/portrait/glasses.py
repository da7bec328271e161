"""Glasses, taken off the face: rims, bridge and dark lenses become a stiff layer in front of it.

Where they are is told by :mod:`vasari.portrait.rims`. Where any of it is in doubt the glasses stay painted on
the skin: that is less bad than wrinkles that float in the air.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera
from vasari.portrait.backdrop import smooth_fill
from vasari.portrait.eyeballs import Eyeball
from vasari.portrait.nearness import smoothstep
from vasari.portrait.pixels import box, look_up
from vasari.portrait.rims import (
    ANGLES,
    ARM,
    BAND,
    DIRECTIONS,
    Rim,
    band_map,
    believed,
    brows_worth,
    find_arm,
    find_bridge,
    find_rims,
    warped,
)
from vasari.stages import stage

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.intp]

#: A rim reaches at most so far inward and outward of its path, pixels of the band.
INWARD, OUTWARD = 5, 14
#: This share of a rim must stand out from the skin, or its lens be dark.
LEAST_WHOLE = 0.65
#: What is seen over fewer directions is not of the rim.
EVEN = 7
#: A rim that stands out less from the skin is not cut off, grey levels.
FAINT = 7.0
#: ... nor one that does so less than twice this share of what half of it does: that is shading of the skin.
SHADING = 0.22
#: Lenses that are both darker than this share of the cheeks are opaque; fully at the second.
DARK = (0.5, 0.38)
#: Arms of at least this contrast fade over the last part into the arm that stays on the skin but for its very
#: beginning, pixels of the band; there they are so far back, cm.
LEAST_ARM_CONTRAST, ARM_FADE, ARM_HIDES, ARM_BACK = 0.3, 12, 8, 3.5

#: Glasses stand so far in front of the eyeballs (cm), and lean so far back against the head, their lower edge
#: in (degrees).
STAND_OFF, LEAN = 1.0, 8.0


@dataclass(frozen=True, eq=False)
class Glasses:
    """Glasses cut out of a picture.

    Attributes:
        layer: (h, w, 4) RGB weighted by opacity, which is the fourth; (0, 0, 4) if there are none.
        corner: (2,) column and row of the picture where the layer begins.
        folds: (4, 2, 2) pixels of the picture, upper and lower end of the lines between which the glasses
            are flat: end of one arm, its hinge, the other hinge, end of the other arm; from left to right.
    """

    layer: Bytes
    corner: NDArray[np.integer]
    folds: Floats

    @classmethod
    def none(cls) -> Glasses:
        """No glasses."""
        return cls(np.zeros((0, 0, 4), np.uint8), np.zeros(2, np.intp), np.zeros((4, 2, 2), np.float32))

    def worn(self, eyes: list[Eyeball], turn: Floats, camera: Camera) -> Floats:
        """Camera-space points (4, 2, 3) of the folds, cm: in a plane before the eyes, the arms leading back.

        Args:
            eyes: left and right. turn: (3, 3) of the head.
        """
        lean = np.radians(LEAN)
        out = turn @ np.array([0, -np.sin(lean), np.cos(lean)])
        forward = np.mean([eye.radius for eye in eyes]) + STAND_OFF
        back = np.array([ARM_BACK, 0, 0, ARM_BACK])[:, None]
        ray = camera.ray(self.folds)
        middle = np.mean([eye.center for eye in eyes], 0) + forward * turn[:, 2]
        return np.asarray(ray * ((middle @ out - back) / (ray @ out))[..., None], np.float32)

    def lay_over(self, picture: Bytes) -> None:
        """Put them on a picture (P, P, 3) where they were, in place."""
        height, width = self.layer.shape[:2]
        part = slice(self.corner[1], self.corner[1] + height), slice(self.corner[0], self.corner[0] + width)
        rest = 1 - self.layer[..., 3:].astype(np.float32) / 255
        picture[part] = np.rint(np.minimum(self.layer[..., :3] + rest * picture[part], 255)).astype(np.uint8)


@stage("glasses")
def take_off_glasses(picture: Bytes, landmarks: Floats) -> tuple[Bytes, Glasses]:
    """The picture (P, P, 3) without glasses, and the glasses: laid over it they give the photo again.

    Args:
        picture: (P, P, 3) RGB. landmarks: (468, 2) pixels.

    Where there are none, or that is in doubt, the picture stays as it is.
    """
    to_band = band_map(landmarks)
    band = np.asarray(warped(picture, to_band, BAND), np.uint8)
    cut = _cut(band, cv2.transform(landmarks[None], to_band)[0])
    if cut is None:
        return picture, Glasses.none()
    opacity, hidden, columns = cut
    back = np.asarray(cv2.invertAffineTransform(to_band), np.float64)
    filled = np.flatnonzero((opacity > 0.01).any(1))
    lines = np.array([[(x, filled[0] - 1), (x, filled[-1] + 2)] for x in columns], np.float32)
    folds = np.asarray(cv2.transform(lines, back), np.float32)
    part = box(folds.reshape(-1, 2), picture.shape, 2)
    corner = np.array([part[1].start, part[0].start])
    back[:, 2] -= corner
    photo = picture[part]
    alpha = np.clip(warped(opacity, back, photo.shape[1::-1]), 0, 1)[..., None]
    share = np.clip(warped(hidden, back, photo.shape[1::-1]), 0, 1)
    skin = smooth_fill(photo, share > 0.01)
    bare = picture.copy()
    bare[part] = np.rint(photo + share[..., None] * (skin - photo)).astype(np.uint8)
    colour = np.clip(photo - (1 - alpha) * bare[part], 0, 255 * alpha)
    layer = np.rint(np.concatenate([colour, 255 * alpha], -1)).astype(np.uint8)
    return bare, Glasses(layer, corner, folds)


def _cut(band: Bytes, landmarks: Floats) -> tuple[Floats, Floats, list[float]] | None:
    """Opacity (h, w) of glasses in the band, what of the skin they hide (h, w), columns where they fold."""
    rims = find_rims(band, landmarks)
    bridge, strength = find_bridge(band, rims)
    if not believed(band, rims, strength):
        return None
    brows = brows_worth(landmarks)
    cuts = [_cut_rim(band, rim, brows) for rim in rims]
    dark = min(_darkness(band, rim) for rim in rims)
    if max(dark, min(whole for _, _, whole in cuts)) < LEAST_WHOLE:
        return None  # half a rim must not come off the other half
    opacity = np.asarray(dark * np.maximum(*(_inside(band, rim) for rim in rims)), np.float32)
    for drawn, _, _ in cuts:
        np.maximum(opacity, drawn, out=opacity)
    half = max(0.5 * min(width for _, width, _ in cuts), 2.0) + 1
    _draw_line(opacity, bridge, half, np.ones(len(bridge)))
    hidden, hinges = opacity.copy(), []
    for rim, outward in zip(rims, (-1, 1), strict=True):
        hinge = rim.hinge(outward)
        arm, contrast = find_arm(band, rim, outward)
        arm = arm if contrast > LEAST_ARM_CONTRAST else arm[:0]
        away = np.abs(arm[:, 0] - round(hinge))
        _draw_line(opacity, arm, half, np.clip((ARM - away) / ARM_FADE, 0, 1))
        _draw_line(hidden, arm, half, (away < ARM_HIDES).astype(np.float32))
        hinges.append(hinge)
    hidden = _softened(cv2.dilate(np.minimum(4 * hidden, 1), np.ones((3, 3), np.uint8)))
    columns = [hinges[0] - ARM, *hinges, hinges[1] + ARM]
    opacity = _softened(opacity)
    return opacity, np.maximum(hidden, opacity), columns


def _softened(mask: NDArray[np.generic]) -> Floats:
    return np.asarray(cv2.GaussianBlur(np.asarray(mask, np.float32), (0, 0), 0.7), np.float32)


def _cut_rim(band: Bytes, rim: Rim, brows: Bytes) -> tuple[Floats, float, float]:
    """Opacity (h, w) of a rim: what is like the path, not like both sides; its width; share that is seen."""
    offsets = np.arange(-INWARD - 4, OUTWARD + 5)
    place = rim.place(rim.radius + offsets[:, None])
    polar = look_up(band, place).astype(np.float32)
    inside, outside = polar[:4].mean(0), polar[-4:].mean(0)
    part = np.linspace(0, 1, len(offsets), dtype=np.float32)[:, None, None]
    skin = inside + part * (outside - inside)
    away = polar - skin
    near = np.abs(offsets) <= 3
    away = np.linalg.norm(away, axis=-1)
    strength = away[near].max(0)
    like = cv2.morphologyEx(away / np.maximum(strength, 1), cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8))
    seen = smoothstep((like - 0.3) / 0.35) * smoothstep(strength / FAINT - 1)
    seen *= smoothstep(strength / (SHADING * np.median(strength)) - 1)
    middle = int(np.flatnonzero(near)[0]) + away[near].argmax(0)
    alpha = _connected(seen, middle)
    lower = np.sin(ANGLES) > 0
    width = float(np.median((alpha > 0.5).sum(0)[lower]))
    bar = np.clip(-2 * np.sin(ANGLES), 0, 1) * (look_up(brows, place) > 250)
    bleeds = (alpha > 0.5).sum(0) > width + 3  # into hair or shading
    widest = np.where(bleeds, 0.5 * width + 1.5, width + 1) + (width + 1) * bar
    alpha = alpha * (np.abs(np.arange(len(offsets))[:, None] - middle) <= widest)
    round_ = np.tile(alpha.astype(np.float32), (1, 3))  # no teeth: a rim is even along its way
    even = cv2.morphologyEx(round_, cv2.MORPH_OPEN, np.ones((1, EVEN), np.uint8))
    even = cv2.blur(cv2.dilate(even, np.ones((3, 1), np.uint8)), (5, 1))
    alpha = np.asarray(even[:, DIRECTIONS : 2 * DIRECTIONS], np.float32)
    whole = float((alpha.max(0) > 0.5).mean())
    return _unrolled(alpha, rim, int(offsets[0]), band.shape), width, whole


def _connected(alpha: NDArray[np.float64], middle: Ints) -> Floats:
    """Opacity (n, DIRECTIONS) without what is cut off from the path at rows ``middle`` (DIRECTIONS,)."""
    result = np.zeros_like(alpha)
    for k, start in enumerate(middle):
        result[start:, k] = np.minimum.accumulate(alpha[start:, k])
        result[: start + 1, k] = np.minimum.accumulate(alpha[start::-1, k])[::-1]
    return np.asarray(result, np.float32)


def _unrolled(alpha: Floats, rim: Rim, first: int, shape: tuple[int, ...]) -> Floats:
    """Opacity (h, w) of a band from that around a rim (n, DIRECTIONS), ``first`` off its path and on."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + 0.5
    x, y = (x - rim.center[0]) / rim.stretch, y - rim.center[1]
    direction = (np.arctan2(y, x) / (2 * np.pi) % 1 * DIRECTIONS).astype(np.float32)
    path = np.interp(direction, np.arange(DIRECTIONS + 1), np.append(rim.radius, rim.radius[0]))
    row = (np.hypot(x, y) - path - first).astype(np.float32)
    round_ = np.concatenate([alpha, alpha[:, :1]], 1)
    return np.asarray(cv2.remap(round_, direction, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))


def _inside(band: Bytes, rim: Rim) -> Floats:
    """(h, w) 1 inside a rim, else 0."""
    inside = np.zeros(band.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(rim.place(rim.radius)).astype(np.int32)], 1)
    return inside.astype(np.float32)


def _darkness(band: Bytes, rim: Rim) -> float:
    """0 for a clear lens to 1 for one that is much darker than the cheek below it."""
    below = look_up(band, rim.place(rim.radius + np.arange(OUTWARD, OUTWARD + 6)[:, None]))
    cheek = float(np.median(below[:, np.sin(ANGLES) > 0.5]))
    light = float(np.median(band[_inside(band, rim) > 0])) / max(cheek, 1)
    return float(smoothstep(np.array((DARK[0] - light) / (DARK[0] - DARK[1]))))


def _draw_line(opacity: Floats, places: Floats, radius: float, strength: NDArray[np.floating]) -> None:
    """Add a line along places (n, 2), of a half width and with strengths (n,), in place."""
    for (x, y), level in zip(places, strength, strict=True):
        patch = np.zeros_like(opacity)
        cv2.circle(patch, (round(float(x) - 0.5), round(float(y) - 0.5)), round(radius), float(level), -1)
        np.maximum(opacity, patch, out=opacity)
