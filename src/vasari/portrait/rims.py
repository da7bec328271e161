"""The rims of glasses in a photo, the bridge between them, and how surely they are glasses.

A rim is a thin closed line around an eye: the best closed path in polar coordinates, by dynamic programming,
of both eyes together, as glasses are alike on both sides. The bridge is the best path from rim to rim.

There is such a path on every face. Whether it is a rim tells a logistic regression on a few signs, fitted by
``train/fit_glasses.py`` on 1229 portraits of SFHQ-T2I (MIT), 183 with glasses: of held-out fifths it finds
84 % of the glasses (82 % of those with clear lenses), and none on the 1046 faces without.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.portrait.pixels import look_up

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.intp]

#: Band of the picture with both eyes: its width and height, their outer corners, pixels.
BAND, EYES_APART, EYES_DOWN = (320, 200), 150.0, 80.0
#: Polar grid about an eye: directions, nearest and farthest radius (pixels of the band), stretch sideways.
DIRECTIONS, NEAREST, FARTHEST, STRETCH = 120, 15, 62, 1.2
#: The middle of a lens lies this far below and outward of the eye's, pixels of the band.
LENS_BELOW, LENS_OUTWARD = 5.0, 2.0
#: ... and where the bridge of the nose is beside their middle, this share of that aside; a turned eye looks
#: narrower, within limits.
TURNED, NARROWED = 0.5, (0.75, 1.2)
#: A rim stays so far on its own side of the nose, pixels of the band.
BESIDE_NOSE = 2.0
#: A line in a brow is worth this share of one on bare skin.
BROW_WORTH = 0.55
#: Price of each pixel by which rims are less alike than by two.
OFF_PRICE = 0.12
#: Lines thinner than this stand out, pixels of the band; edges are taken over so many pixels each way.
LINE, EDGE = 13, 3
#: Contrast counts in parts of this share of the brightness and so many grey levels, up to a limit.
PART_OF_LIGHT, LEAST_LIGHT, MOST_CONTRAST = 0.35, 22.0, 1.2
#: Price of a step of a path across its direction, and the longest step, pixels of the band.
STEP_PRICE, LONGEST_STEP = 0.12, 2
#: Rims are about so much wider than their path, and stand at least so far apart, pixels of the band.
RIM_HALF, LEAST_GAP = 4, 4
#: The bridge lies this far above to this far below the eyes, pixels of the band.
BRIDGE_ROWS = (-28, 20)
#: Arms are followed so far out from the hinges, if the band leaves at least so much, pixels of the band.
ARM, LEAST_ARM = 24, 12
#: Mean radius of the lower half of most rims, pixels of the band.
FULL_SIZE = 40.0
#: Even the smoothest skin has so much contrast; flat drawings have less.
LEAST_BESIDE = 0.3
#: Logistic regression on the signs of glasses, and from what on they are believed.
WEIGHTS = np.array(
    [5.196, 4.504, 1.571, -6.679, 6.805, -11.886, -8.271, 5.615, 1.693, 1.188, 2.654], np.float32
)
BIAS = -11.793
LEAST_SURE = 1.5
_OUTER_CORNERS, _INNER_CORNERS = (33, 263), (133, 362)
_BRIDGE_OF_NOSE = 168
_BROWS = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46), (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
ANGLES = 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS  # from the right downward
_LOWER = np.sin(ANGLES) > 0.42
_MIRRORED = (DIRECTIONS // 2 - np.arange(DIRECTIONS)) % DIRECTIONS
_RADII = np.arange(NEAREST, FARTHEST, dtype=np.float64)


@dataclass(frozen=True)
class Rim:
    """A closed path around an eye: centre (2,), radius (DIRECTIONS,), and its contrast there."""

    center: Floats
    radius: NDArray[np.float64]
    contrast: Floats
    stretch: float

    def place(self, radius: NDArray[np.floating]) -> Floats:
        """Places (..., 2) in the band at radii (..., DIRECTIONS)."""
        offset = np.stack([self.stretch * radius * np.cos(ANGLES), radius * np.sin(ANGLES)], -1)
        return (self.center + offset).astype(np.float32)

    def hinge(self, outward: int) -> float:
        """Column of the place farthest outward (-1 to the left, 1 to the right)."""
        return outward * float((outward * self.place(self.radius)[:, 0]).max())

    @property
    def under(self) -> float:
        """Contrast that nearly all of the lower half has."""
        return float(np.percentile(self.contrast[_LOWER], 25))


def band_map(landmarks: Floats) -> Floats:
    """Affine map (2, 3) from the picture to the band of the eyes."""
    right, left = landmarks[list(_OUTER_CORNERS)].astype(np.float64)
    across = left - right
    size = EYES_APART / (across @ across)
    turn = size * np.array([[across[0], across[1]], [-across[1], across[0]]])
    shift = np.array([BAND[0] / 2, EYES_DOWN]) - turn @ ((left + right) / 2)
    return np.concatenate([turn, shift[:, None]], 1).astype(np.float32)


def warped(picture: NDArray[np.generic], affine: NDArray[np.floating], size: tuple[int, ...]) -> Floats:
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


def find_rims(band: Bytes, landmarks: Floats) -> list[Rim]:
    """The strongest closed lines around both eyes, from left to right, alike as in a mirror."""
    nose = landmarks[_BRIDGE_OF_NOSE]
    corners = sorted(landmarks[[_OUTER_CORNERS, _INNER_CORNERS]].swapaxes(0, 1), key=lambda eye: eye[0, 0])
    wide = np.array([np.linalg.norm(outer - inner) for outer, inner in corners])
    turned = TURNED * (nose[0] - np.mean([outer[0] for outer, _ in corners]))  # they stand before the eyes
    brows = brows_worth(landmarks)
    frames, contrasts = [], []
    for (outer, inner), width, side in zip(corners, wide, (-1, 1), strict=True):
        eye = (outer + inner) / 2
        center = (eye + np.array([LENS_OUTWARD * side + turned, LENS_BELOW])).astype(np.float32)
        stretch = STRETCH * float(np.clip(width / wide.mean(), *NARROWED))
        frame = Rim(center, _RADII, _RADII.astype(np.float32), stretch)
        place = frame.place(np.repeat(_RADII[:, None], DIRECTIONS, 1))
        worth = look_up(brows, place) / np.float32(255)
        contrast = np.minimum(_contrast(look_up(band, place)) * worth, MOST_CONTRAST)
        x, y = np.moveaxis(place - eye.astype(np.float32), -1, 0)
        own = side * (place[..., 0] - nose[0]) > BESIDE_NOSE
        outside = (x / (0.5 * width + 4)) ** 2 + (y / (0.24 * width + 3)) ** 2 > 1
        frames.append(frame)
        contrasts.append(np.where(own & outside, contrast, 0))
    common = _closed_path(contrasts[0] + contrasts[1][:, _MIRRORED])
    rims = []
    for frame, contrast, path in zip(frames, contrasts, (common, common[_MIRRORED]), strict=True):
        off = np.abs(np.arange(len(_RADII))[:, None] - path)
        path = _closed_path(contrast - OFF_PRICE * np.maximum(off - 2, 0))
        rims.append(Rim(frame.center, _RADII[path], contrast[path, np.arange(DIRECTIONS)], frame.stretch))
    return rims


def brows_worth(landmarks: Floats) -> Bytes:
    """Worth (h, w), in 255ths, of what is seen in the band: less where the brows are."""
    worth = np.full(BAND[::-1], 255, np.uint8)
    for brow in _BROWS:
        cv2.fillPoly(worth, [np.round(landmarks[list(brow)]).astype(np.int32)], 255 * BROW_WORTH)
    return np.asarray(cv2.blur(worth, (5, 5)), np.uint8)


def _contrast(polar: Bytes) -> Floats:
    """How much (h, w) each pixel of a polar picture (h, w, 3) looks like a line around its middle."""
    line = line_contrast(polar)
    soft = cv2.blur(polar.astype(np.float32), (1, 3))
    edge = np.zeros_like(line)
    edge[EDGE:-EDGE] = np.abs(soft[2 * EDGE :] - soft[: -2 * EDGE]).max(-1)
    light = PART_OF_LIGHT * np.median(polar.mean(-1)) + LEAST_LIGHT
    return np.asarray(np.maximum(line, 0.7 * edge) / light, np.float32)


def line_contrast(columns: Bytes) -> Floats:
    """How much (h, w) a pixel is a thin dark or bright line across its column, grey levels."""
    kernel = np.ones((LINE, 1), np.uint8)
    dark = cv2.morphologyEx(columns, cv2.MORPH_BLACKHAT, kernel)
    bright = cv2.morphologyEx(columns, cv2.MORPH_TOPHAT, kernel)
    return np.asarray(np.maximum(dark, bright).max(-1), np.float32)


def best_path(worth: NDArray[np.floating]) -> Ints:
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
    """As :func:`best_path`, with ends that meet: the middle one of three rounds."""
    columns = worth.shape[1]
    return best_path(np.tile(worth, (1, 3)))[columns : 2 * columns]


def find_bridge(band: Bytes, rims: list[Rim]) -> tuple[Floats, float]:
    """Places (n, 2) of the strongest line between the rims, and the contrast that nearly all of it has."""
    left, right = round(rims[0].hinge(1)), round(rims[1].hinge(-1))
    beside = max(min(RIM_HALF, (right - left - LEAST_GAP) // 2), 0)  # the rims themselves run the other way
    left, right = left + beside, right - beside
    if right - left < LEAST_GAP:
        return np.zeros((0, 2), np.float32), 0.0
    places, contrast = _level(band, left, right)
    return places, float(np.percentile(contrast, 20))


def _level(band: Bytes, left: int, right: int) -> tuple[Floats, Floats]:
    """Places (n, 2) of the strongest line across, between two columns, and its contrast (n,)."""
    top = int(EYES_DOWN) + BRIDGE_ROWS[0]
    strip = band[top : int(EYES_DOWN) + BRIDGE_ROWS[1], left:right]
    contrast = line_contrast(strip) / (PART_OF_LIGHT * np.median(strip) + LEAST_LIGHT)
    rows = best_path(contrast)
    columns = np.arange(right - left)
    places = np.stack([left + columns, top + rows], -1).astype(np.float32) + np.float32(0.5)
    return places, np.asarray(contrast[rows, columns], np.float32)


def find_arm(band: Bytes, rim: Rim, outward: int) -> tuple[Floats, float]:
    """Places (n, 2) of an arm from the hinge outward (-1 or 1), and the contrast that most of it has."""
    hinge = round(rim.hinge(outward))
    left, right = sorted((hinge, hinge + outward * ARM))
    left, right = max(left, 0), min(right, BAND[0])
    if right - left < LEAST_ARM:
        return np.zeros((0, 2), np.float32), 0.0
    places, contrast = _level(band, left, right)
    return places, float(np.percentile(contrast, 25))


def believed(band: Bytes, rims: list[Rim], bridge: float) -> bool:
    """Whether these are the rims of glasses, with a bridge of such a contrast."""
    return float(signs(band, rims, bridge) @ WEIGHTS) + BIAS > LEAST_SURE


def signs(band: Bytes, rims: list[Rim], bridge: float) -> Floats:
    """Signs (11,) of glasses: contrasts, evenness, size, what is beside the rims, their colours, arms."""
    beside = [_beside(band, rim) for rim in rims]
    colours = np.stack([colour for _, _, colour in beside])
    lengths = np.linalg.norm(colours, axis=1)
    low = min(float(rim.radius[_LOWER].mean()) for rim in rims) / FULL_SIZE
    arms = [find_arm(band, rim, outward)[1] for rim, outward in zip(rims, (-1, 1), strict=True)]
    return np.array(
        [
            min(rim.under for rim in rims),
            min(bridge, MOST_CONTRAST),
            np.abs(rims[0].radius - rims[1].radius[_MIRRORED]).mean(),
            max(float(np.abs(np.diff(rim.radius)).mean()) for rim in rims),
            low,
            (low - 1) ** 2,
            max(float(np.mean([outside for outside, _, _ in beside])), LEAST_BESIDE),
            np.mean([inside for _, inside, _ in beside]),
            np.linalg.norm(colours[0] - colours[1]),
            colours[0] @ colours[1] / (lengths.prod() + 0.02),
            min(max(arms), MOST_CONTRAST),
        ],
        np.float32,
    )


def _beside(band: Bytes, rim: Rim) -> tuple[float, float, Floats]:
    """Below an eye: contrast outside a rim, how much more the rim has than what is inside; its colour (3,)
    in all, as it differs from that of the skin, in parts of the light.
    """
    offsets = np.arange(-9, 20)
    polar = look_up(band, rim.place(rim.radius + offsets[:, None]))
    contrast = np.minimum(_contrast(polar), MOST_CONTRAST)[:, _LOWER]
    inside, on, outside = (contrast[a:b] for a, b in ((0, 6), (7, 12), (16, 26)))
    colours = polar.astype(np.float32)
    away = colours[7:12] - (colours[:4].mean(0) + colours[16:20].mean(0)) / 2
    strongest = np.linalg.norm(away, axis=-1).argmax(0)
    colour = np.median(away[strongest, np.arange(DIRECTIONS)], 0)
    light = PART_OF_LIGHT * np.median(polar.mean(-1)) + LEAST_LIGHT
    return float(outside.mean()), float((on.max(0) - inside.max(0)).mean()), colour / light
