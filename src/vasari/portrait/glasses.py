"""Glasses, taken off the face: rims, bridge and dark lenses become a stiff layer in front of it.

A rim is a thin closed line around an eye. About the eye it is found as the best closed path in polar
coordinates, by dynamic programming; the bridge as the best path from one rim to the other. Where any of it is
in doubt the glasses stay painted on the skin: that is less bad than wrinkles that float in the air.
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
from vasari.stages import stage

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.intp]

#: Band of the picture with both eyes: its width and height, their outer corners, pixels.
BAND, EYES_APART, EYES_DOWN = (320, 200), 150.0, 80.0
#: Polar grid about an eye: directions, nearest and farthest radius (pixels of the band), stretch sideways.
DIRECTIONS, NEAREST, FARTHEST, STRETCH = 120, 15, 62, 1.2
#: The middle of a lens lies this far below and outward of the eye's, pixels of the band.
LENS_BELOW, LENS_OUTWARD = 5.0, 2.0
#: Lines thinner than this stand out, pixels of the band; edges are taken over so many pixels each way.
LINE, EDGE = 13, 3
#: Contrast counts in parts of this share of the brightness and so many grey levels, up to a limit.
PART_OF_LIGHT, LEAST_LIGHT, MOST_CONTRAST = 0.35, 22.0, 1.2
#: Price of a step of a path across its direction, and the longest step, pixels of the band.
STEP_PRICE, LONGEST_STEP = 0.08, 2
#: Rims are about so much wider than their path, and stand at least so far apart, pixels of the band.
RIM_HALF, LEAST_GAP = 4, 4
#: The bridge lies this far above to this far below the eyes, pixels of the band.
BRIDGE_ROWS = (-28, 20)
#: Glasses are believed from these contrasts on: under the eye, all round, bridge; and their product.
LEAST_UNDER, LEAST_ROUND, LEAST_BRIDGE, LEAST_PRODUCT = 0.3, 0.45, 0.3, 0.33
#: ... and rims of this mean radius (pixels of the band), as like in size as this, closed and smooth so far.
LEAST_RADIUS, LEAST_LIKENESS, LEAST_CLOSED, MOST_ROUGH = 29.0, 0.75, 0.8, 1.15
#: A direction in which the contrast is above this belongs to a closed rim.
CLOSED = 0.35
#: A rim reaches at most so far inward and outward of its path, pixels of the band.
INWARD, OUTWARD = 5, 14
#: This share of a rim must stand out from the skin, or its lens be dark.
LEAST_WHOLE = 0.65
#: What is seen over fewer directions is not of the rim.
EVEN = 7
#: A rim that stands out less from the skin is not cut off, grey levels.
FAINT = 7.0
#: Lenses that are both darker than this share of the cheeks are opaque; fully at the second.
DARK = (0.5, 0.38)
#: The arms are followed so far out from the hinges, and fade over the last part, into the arm that stays on
#: the skin but for its very beginning, pixels of the band; there they are so far back, cm.
ARM, ARM_FADE, ARM_HIDES, ARM_BACK = 24, 12, 8, 3.5

_OUTER_CORNERS, _INNER_CORNERS = (33, 263), (133, 362)
_ANGLES = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS  # from the right downward


#: Glasses stand so far in front of the eyeballs (cm), and lean so far back against the head, their lower edge
#: in (degrees).
STAND_OFF, LEAN = 1.0, 8.0


@dataclass(frozen=True)
class _Rim:
    """A closed path around an eye: centre (2,), radius (DIRECTIONS,), and its contrast there."""

    center: Floats
    radius: NDArray[np.float64]
    contrast: Floats

    def place(self, radius: NDArray[np.floating]) -> Floats:
        """Places (..., 2) in the band at radii (..., DIRECTIONS)."""
        offset = np.stack([STRETCH * radius * np.cos(_ANGLES), radius * np.sin(_ANGLES)], -1)
        return (self.center + offset).astype(np.float32)

    @property
    def under(self) -> float:
        """Contrast that nearly all of the lower half has."""
        lower = np.sin(_ANGLES) > 0.42
        return float(np.percentile(self.contrast[lower], 25))

    @property
    def rough(self) -> float:
        """Mean distance from a smooth oval, pixels."""
        waves = np.fft.rfft(self.radius)
        waves[6:] = 0
        return float(np.abs(self.radius - np.fft.irfft(waves, DIRECTIONS)).mean())


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
    to_band = _band(landmarks)
    band = np.asarray(_warp(picture, to_band, BAND), np.uint8)
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
    alpha = np.clip(_warp(opacity, back, photo.shape[1::-1]), 0, 1)[..., None]
    share = np.clip(_warp(hidden, back, photo.shape[1::-1]), 0, 1)
    skin = smooth_fill(photo, share > 0.01)
    bare = picture.copy()
    bare[part] = np.rint(photo + share[..., None] * (skin - photo)).astype(np.uint8)
    colour = np.clip(photo - (1 - alpha) * bare[part], 0, 255 * alpha)
    layer = np.rint(np.concatenate([colour, 255 * alpha], -1)).astype(np.uint8)
    return bare, Glasses(layer, corner, folds)


def _band(landmarks: Floats) -> Floats:
    """Affine map (2, 3) from the picture to the band of the eyes."""
    right, left = landmarks[list(_OUTER_CORNERS)].astype(np.float64)
    across = left - right
    size = EYES_APART / (across @ across)
    turn = size * np.array([[across[0], across[1]], [-across[1], across[0]]])
    shift = np.array([BAND[0] / 2, EYES_DOWN]) - turn @ ((left + right) / 2)
    return np.concatenate([turn, shift[:, None]], 1).astype(np.float32)


def _warp(picture: NDArray[np.generic], affine: NDArray[np.floating], size: tuple[int, ...]) -> Floats:
    """A picture through an affine map of places whose pixel centres are at .5; shrunk by averaging."""
    shrink = float(np.sqrt(abs(np.linalg.det(affine[:, :2]))))
    if shrink < 1:
        picture = cv2.GaussianBlur(np.asarray(picture), (0, 0), 0.4 / shrink)
    moved = affine.astype(np.float64).copy()
    moved[:, 2] += moved[:, :2] @ [0.5, 0.5] - 0.5
    return np.asarray(
        cv2.warpAffine(
            np.asarray(picture),
            moved,
            (size[0], size[1]),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _cut(band: Bytes, landmarks: Floats) -> tuple[Floats, Floats, list[float]] | None:
    """Opacity (h, w) of glasses in the band, what of the skin they hide (h, w), columns where they fold."""
    rims = [
        _rim(band, landmarks[inner], landmarks[outer])
        for inner, outer in zip(_INNER_CORNERS, _OUTER_CORNERS, strict=True)
    ]
    rims.sort(key=lambda rim: float(rim.center[0]))
    bridge, strength = _bridge(band, rims)
    if not _believed(rims, strength):
        return None
    cuts = [_cut_rim(band, rim) for rim in rims]
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
        hinge = float((outward * rim.place(rim.radius)[:, 0]).max()) * outward
        arm, away = _arm(band, round(hinge), outward)
        _draw_line(opacity, arm, half, np.clip((ARM - away) / ARM_FADE, 0, 1))
        _draw_line(hidden, arm, half, (away < ARM_HIDES).astype(np.float32))
        hinges.append(hinge)
    hidden = _softened(cv2.dilate(np.minimum(4 * hidden, 1), np.ones((3, 3), np.uint8)))
    columns = [hinges[0] - ARM, *hinges, hinges[1] + ARM]
    opacity = _softened(opacity)
    return opacity, np.maximum(hidden, opacity), columns


def _softened(mask: NDArray[np.generic]) -> Floats:
    return np.asarray(cv2.GaussianBlur(np.asarray(mask, np.float32), (0, 0), 0.7), np.float32)


def _believed(rims: list[_Rim], bridge: float) -> bool:
    sizes = [float(rim.radius.mean()) for rim in rims]
    under = min(rim.under for rim in rims)
    around = min(float(np.percentile(rim.contrast, 25)) for rim in rims)
    closed = min(float((rim.contrast > CLOSED).mean()) for rim in rims)
    return (
        under > LEAST_UNDER
        and around > LEAST_ROUND
        and bridge > LEAST_BRIDGE
        and under * around * bridge > LEAST_PRODUCT
        and min(sizes) > LEAST_RADIUS
        and min(sizes) > LEAST_LIKENESS * max(sizes)
        and closed > LEAST_CLOSED
        and max(rim.rough for rim in rims) < MOST_ROUGH
    )


def _rim(band: Bytes, inner: Floats, outer: Floats) -> _Rim:
    """The strongest closed line around the eye with these corners."""
    center = (inner + outer) / 2 + np.array([LENS_OUTWARD * np.sign(outer[0] - inner[0]), LENS_BELOW])
    radii = np.arange(NEAREST, FARTHEST, dtype=np.float32)
    grid = _Rim(center, radii.astype(np.float64), radii).place(np.repeat(radii[:, None], DIRECTIONS, 1))
    polar = look_up(band, grid)
    line = _line(polar)
    soft = cv2.blur(polar.astype(np.float32), (1, 3))
    edge = np.zeros_like(line)
    edge[EDGE:-EDGE] = np.abs(soft[2 * EDGE :] - soft[: -2 * EDGE]).max(-1)
    contrast = np.maximum(line, 0.7 * edge) / (PART_OF_LIGHT * np.median(polar.mean(-1)) + LEAST_LIGHT)
    path = _closed_path(np.minimum(contrast, MOST_CONTRAST))
    return _Rim(center, NEAREST + path.astype(np.float64), contrast[path, np.arange(DIRECTIONS)])


def _line(columns: Bytes) -> Floats:
    """How much (h, w) a pixel is a thin dark or bright line across its column, grey levels."""
    kernel = np.ones((LINE, 1), np.uint8)
    dark = cv2.morphologyEx(columns, cv2.MORPH_BLACKHAT, kernel)
    bright = cv2.morphologyEx(columns, cv2.MORPH_TOPHAT, kernel)
    return np.asarray(np.maximum(dark, bright).max(-1), np.float32)


def _path(worth: NDArray[np.floating]) -> Ints:
    """Row (w,) in each column of the path from left to right that is worth most (dynamic programming)."""
    rows, columns = worth.shape
    best = worth[:, 0].astype(np.float32)
    came = np.zeros((columns, rows), np.intp)
    for column in range(1, columns):
        options = np.full((2 * LONGEST_STEP + 1, rows), -np.inf, np.float32)
        for k, step in enumerate(range(-LONGEST_STEP, LONGEST_STEP + 1)):
            to = slice(max(step, 0), rows + min(step, 0))
            options[k, to] = best[max(-step, 0) : rows - max(step, 0)] - STEP_PRICE * abs(step)
        choice = options.argmax(0)
        came[column] = choice - LONGEST_STEP
        best = options[choice, np.arange(rows)] + worth[:, column]
    path = np.empty(columns, np.intp)
    path[-1] = best.argmax()
    for column in range(columns - 1, 0, -1):
        path[column - 1] = path[column] - came[column, path[column]]
    return path


def _closed_path(worth: Floats) -> Ints:
    """As :func:`_path`, with ends that meet: the middle one of three rounds."""
    columns = worth.shape[1]
    return _path(np.tile(worth, (1, 3)))[columns : 2 * columns]


def _bridge(band: Bytes, rims: list[_Rim]) -> tuple[Floats, float]:
    """Places (n, 2) of the strongest line between the rims, and the contrast that nearly all of it has."""
    left = round(float(rims[0].place(rims[0].radius)[:, 0].max()))
    right = round(float(rims[1].place(rims[1].radius)[:, 0].min()))
    beside = max(min(RIM_HALF, (right - left - LEAST_GAP) // 2), 0)  # the rims themselves run the other way
    left, right = left + beside, right - beside
    if right - left < LEAST_GAP:
        return np.zeros((0, 2), np.float32), 0.0
    top = int(EYES_DOWN) + BRIDGE_ROWS[0]
    strip = band[top : int(EYES_DOWN) + BRIDGE_ROWS[1], left:right]
    contrast = _line(strip) / (PART_OF_LIGHT * np.median(strip) + LEAST_LIGHT)
    rows = _path(contrast)
    columns = np.arange(right - left)
    strength = float(np.percentile(contrast[rows, columns], 20))
    return np.stack([left + columns, top + rows], -1).astype(np.float32) + 0.5, strength


def _cut_rim(band: Bytes, rim: _Rim) -> tuple[Floats, float, float]:
    """Opacity (h, w) of a rim: what is like the path, not like both sides; its width; share that is seen."""
    offsets = np.arange(-INWARD - 4, OUTWARD + 5)
    polar = look_up(band, rim.place(rim.radius + offsets[:, None])).astype(np.float32)
    inside, outside = polar[:4].mean(0), polar[-4:].mean(0)
    part = np.linspace(0, 1, len(offsets), dtype=np.float32)[:, None, None]
    skin = inside + part * (outside - inside)
    away = polar - skin
    near = np.abs(offsets) <= 3
    strongest = np.linalg.norm(away[near], axis=-1).argmax(0)
    colour = away[near][strongest, np.arange(DIRECTIONS)]
    size = (colour**2).sum(-1)
    like = (away * colour).sum(-1) / np.maximum(size, 1)
    seen = smoothstep((like - 0.2) / 0.35) * smoothstep(np.sqrt(size) / FAINT - 1)
    middle = int(np.flatnonzero(near)[0]) + strongest
    alpha = _connected(seen, middle)
    lower = np.sin(_ANGLES) > 0
    width = float(np.median((alpha > 0.5).sum(0)[lower]))
    widest = width + 2 + (width + 1) * np.clip(-2 * np.sin(_ANGLES), 0, 1)  # brows are not, upper bars are
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


def _unrolled(alpha: Floats, rim: _Rim, first: int, shape: tuple[int, ...]) -> Floats:
    """Opacity (h, w) of a band from that around a rim (n, DIRECTIONS), ``first`` off its path and on."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + 0.5
    x, y = (x - rim.center[0]) / STRETCH, y - rim.center[1]
    direction = (np.arctan2(y, x) / (2 * np.pi) % 1 * DIRECTIONS).astype(np.float32)
    path = np.interp(direction, np.arange(DIRECTIONS + 1), np.append(rim.radius, rim.radius[0]))
    row = (np.hypot(x, y) - path - first).astype(np.float32)
    round_ = np.concatenate([alpha, alpha[:, :1]], 1)
    return np.asarray(cv2.remap(round_, direction, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))


def _inside(band: Bytes, rim: _Rim) -> Floats:
    """(h, w) 1 inside a rim, else 0."""
    inside = np.zeros(band.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(rim.place(rim.radius)).astype(np.int32)], 1)
    return inside.astype(np.float32)


def _darkness(band: Bytes, rim: _Rim) -> float:
    """0 for a clear lens to 1 for one that is much darker than the cheek below it."""
    below = look_up(band, rim.place(rim.radius + np.arange(OUTWARD, OUTWARD + 6)[:, None]))
    cheek = float(np.median(below[:, np.sin(_ANGLES) > 0.5]))
    light = float(np.median(band[_inside(band, rim) > 0])) / max(cheek, 1)
    return float(smoothstep(np.array((DARK[0] - light) / (DARK[0] - DARK[1]))))


def _arm(band: Bytes, hinge: int, outward: int) -> tuple[Floats, Floats]:
    """Places (n, 2) of an arm from its hinge (a column) outward, and how far away from that (n,); or none."""
    left, right = sorted((hinge, hinge + outward * ARM))
    left, right = max(left, 0), min(right, BAND[0])
    if right - left > ARM_FADE:
        top = int(EYES_DOWN) + BRIDGE_ROWS[0]
        strip = band[top : int(EYES_DOWN) + BRIDGE_ROWS[1], left:right]
        contrast = _line(strip) / (PART_OF_LIGHT * np.median(strip) + LEAST_LIGHT)
        rows = _path(contrast)
        columns = np.arange(right - left)
        if np.percentile(contrast[rows, columns], 25) > LEAST_BRIDGE:
            places = np.stack([left + columns, top + rows], -1).astype(np.float32) + 0.5
            return places, np.abs(places[:, 0] - hinge)
    return np.zeros((0, 2), np.float32), np.zeros(0, np.float32)


def _draw_line(opacity: Floats, places: Floats, radius: float, strength: NDArray[np.floating]) -> None:
    """Add a line along places (n, 2), of a half width and with strengths (n,), in place."""
    for (x, y), level in zip(places, strength, strict=True):
        patch = np.zeros_like(opacity)
        cv2.circle(patch, (round(float(x) - 0.5), round(float(y) - 0.5)), round(radius), float(level), -1)
        np.maximum(opacity, patch, out=opacity)
