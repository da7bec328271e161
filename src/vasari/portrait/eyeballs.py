"""The eyeballs of a portrait: they can turn, their reflections and the shade of the lids stay."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera, rotation_matrix, yaw_pitch
from vasari.portrait.lamp import FLAT
from vasari.portrait.pixels import box, disc, grown, look_up, polygon, spread_colour, unit_of
from vasari.stages import stage

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)

#: Side of an eyeball's texture, pixels: a Lambert equal-area map of the hemisphere about the pupil.
TEXTURE_SIDE = 192
#: Neutral value of the overlay's shade.
SHADE_ONE = 128
#: Radius of the iris over that of the eyeball, in humans about 5.9 mm / 12 mm; the fit may say otherwise.
IRIS_LEAST, IRIS_MOST = 0.36, 0.58
#: Width over which the seen white of the eye passes into its continuation, texels.
WHITE_FEATHER = 10.0
#: The rim of the visible eye is at most this much brighter than the eyeball: its wet line, not the skin.
BRIGHTEST_RIM = 1.03
#: Brightness of white that the photo does not show, as a share of what it shows.
HIDDEN_WHITE = 0.93
#: White darker than this share of its median is shade of lashes, and is not the eye's own.
SHADED_WHITE = 0.82
#: Brightness over the eyeball's that is gleam, grey levels.
GLEAM_OVER = 24.0
#: Where the rim is this much brighter than the eyeball it is skin: begins, and is sure.
SKIN_FROM, SKIN_FULL = 1.15, 1.6
#: Blur of the edge of the iris where it is made up, in radii of the iris.
LIMBUS_BLUR = 0.09
#: Half the width of the iris' edge, in radii of the iris.
LIMBUS = 0.15
#: Reach of the soft shade on the eyeball, pixels at 512; what is darker is no shade, but drawn otherwise.
SOFT_SHADE_PX, DEEPEST_SHADE = 2.5, 0.75
#: Reach along the rim over which the white tells the shade on the iris, pixels at 512.
WIDE_SHADE_PX = 6.0
#: The rim of the visible eye that lashes and lids shade, pixels at 512.
SHADED_RIM_PX = 2.0


@dataclass(frozen=True)
class Eyeball:
    """One eye of the photo, in camera space at the photo's pose.

    Attributes:
        center: (3,) cm. radius: cm.
        gaze: (2,) direction of the pupil, yaw and pitch in degrees of camera space.
        iris: (5, 2) centre and four rim points in the picture, pixels.
        opening: (n, 2) outline of the visible part, pixels.
    """

    center: Floats
    radius: float
    gaze: Floats
    iris: Floats
    opening: Floats

    @property
    def turn(self) -> Floats:
        """(3, 3) camera directions to eye directions (pupil along +z)."""
        return np.asarray(rotation_matrix(*self.gaze).T, np.float32)

    @classmethod
    def looking(cls, center: Floats, radius: float, iris: Floats, opening: Floats, camera: Camera) -> Eyeball:
        """The eyeball whose pupil is seen at the centre of ``iris``."""
        hit, _ = _on_sphere(camera.ray(iris[:1]), center, radius)
        return cls(center, radius, np.asarray(yaw_pitch(hit[0]), np.float32), iris, opening)


@stage("eyes")
def eye_texture(picture: Bytes, eye: Eyeball, camera: Camera) -> Bytes:
    """The whole front of an eyeball (TEXTURE_SIDE, TEXTURE_SIDE, 3), completed from its visible part.

    Iris: what the lids hide is filled from the mirrored side and the ring's median, and
    reflections are removed. White of the eye: continued smoothly.
    """
    toward, dome = _texture_directions()
    points = eye.center + eye.radius * (toward @ eye.turn)  # eye to camera directions: turn is orthogonal
    place = camera.project(points).astype(np.float32)
    colour = look_up(picture, place)
    unit = unit_of(picture)
    opening = _opening_mask(eye, picture.shape, shrink=SHADED_RIM_PX * unit)
    seen = dome & (look_up(opening.astype(np.uint8) * 255, place) > 127) & (points[..., 2] > eye.center[2])

    iris_radius = _iris_radius(eye, camera)
    around = np.hypot(*_texture_grid())
    edge = np.sqrt(1 - np.sqrt(1 - iris_radius**2))
    ring = around / edge  # 1 on the iris' edge
    texture = colour.astype(np.float32)
    iris = ring < 1.04
    # how far the photo's own colour is used: it fades towards the lids, lest their edges show on the ball
    own = np.clip(cv2.distanceTransform(seen.astype(np.uint8), cv2.DIST_L2, 5) / WHITE_FEATHER - 0.2, 0, 1)
    texture, known = _fill_iris(texture, seen, ring, iris)
    white = dome & (ring > 1.12)
    texture = _fill_white(texture, known & white, ~iris, own)
    soft = cv2.GaussianBlur(texture, (0, 0), LIMBUS_BLUR * edge * TEXTURE_SIDE / 2)
    made = np.clip((0.3 - np.abs(ring - 1)) / 0.15, 0, 1) * (1 - own)
    texture = texture + made[..., None] * (soft - texture)
    return np.asarray(np.clip(texture + 0.5, 0, 255), np.uint8)


@stage("eyes")
def eye_overlay(
    picture: Bytes, eyes: list[Eyeball], textures: list[Bytes], camera: Camera, modelled: float
) -> Bytes:
    """What stays in its place over the eyeballs (2, P, P, 3) while they turn.

    Drawn eyes (``modelled`` 0 rather than 1) are no balls: they stay as they are.

    First the shade of lids and lashes: a factor for each colour, SHADE_ONE is 1. Then three maps: the gleam
    of the lens, which adds; where the photo shows eyeballs, 0..255; how far it is skin that it shows there.
    With shade and gleam, the eyeballs' textures are nearly the photo at its own gaze.
    """
    overlay = np.zeros((2, *picture.shape), np.uint8)
    overlay[0] = SHADE_ONE
    for eye, texture in zip(eyes, textures, strict=True):
        rows, columns = box(eye.opening, picture.shape, 8 * unit_of(picture))
        part = _socket(picture, eye, texture, camera, rows, columns)
        if modelled < FLAT:
            part[1][..., 2] = part[1][..., 1]
        overlay[0, rows, columns] = part[0]
        overlay[1, rows, columns] = np.maximum(overlay[1, rows, columns], part[1])
    return overlay


def _socket(
    picture: Bytes, eye: Eyeball, texture: Bytes, camera: Camera, rows: slice, columns: slice
) -> tuple[Floats, Floats]:
    """The overlay (h, w, 3) each, in bytes' range, about one eye."""
    unit = unit_of(picture)
    y, x = np.mgrid[rows, columns].astype(np.float32) + 0.5
    toward, hit = _on_sphere(camera.ray(np.stack([x, y], -1)), eye.center, eye.radius)
    drawn = look_up(texture, _texture_place(toward @ eye.turn.T)).astype(np.float32)
    photo = picture[rows, columns].astype(np.float32)
    wide = _opening_mask(eye, picture.shape, shrink=-1.0 * unit)[rows, columns]
    inner = _opening_mask(eye, picture.shape, shrink=(SHADED_RIM_PX + 1) * unit)[rows, columns]
    rim = np.clip(cv2.GaussianBlur((wide & ~inner).astype(np.float32), (0, 0), 0.7 * unit) * 1.6, 0, 1)
    place = np.minimum(2 * cv2.GaussianBlur(wide.astype(np.float32), (0, 0), 0.7 * unit), 1)
    from_iris = np.hypot(x - eye.iris[0, 0], y - eye.iris[0, 1]) / _iris_px(eye)

    near_iris = from_iris < 0.95
    more = (photo - drawn) @ _LUMA - GLEAM_OVER
    gleam = cv2.GaussianBlur(np.where(near_iris & inner & hit, np.maximum(more, 0), 0), (0, 0), 0.5 * unit)
    ratio = (photo @ _LUMA) / np.maximum(drawn @ _LUMA, 8)
    skin = rim * np.clip((ratio - SKIN_FROM) / (SKIN_FULL - SKIN_FROM), 0, 1)
    skin = cv2.GaussianBlur(skin, (0, 0), 0.6 * unit) * place

    # the iris goes with the eye and has its own colour: what shade lies on it is that of the white beside it
    white = wide & hit & (from_iris > 1 + LIMBUS)
    tint = np.clip(photo / np.maximum(drawn, 8), 0.25, BRIGHTEST_RIM).astype(np.float32)
    beside = _local_mean(tint, (rim * white).astype(np.float32), WIDE_SHADE_PX * unit)
    tint = np.where(white[..., None], tint, np.minimum(beside, np.clip(ratio, 0.25, 1)[..., None]))
    told = (white & (ratio > DEEPEST_SHADE)).astype(np.float32)
    soft = np.maximum(_local_mean(tint, told, SOFT_SHADE_PX * unit), DEEPEST_SHADE)
    shade = np.where(hit[..., None], soft + rim[..., None] * (tint - soft), 1).astype(np.float32)
    shade = np.asarray(cv2.GaussianBlur(shade, (0, 0), 0.6 * unit), np.float32)
    # lids that follow the gaze uncover what lies in the shade of their edge
    edge = (wide & ~inner).astype(np.float32)
    shade = np.where(wide[..., None], shade, _local_mean(shade, edge, SOFT_SHADE_PX * unit))
    return np.clip(shade * SHADE_ONE, 0, 255), np.stack([np.minimum(gleam, 255), 255 * place, 255 * skin], -1)


def _local_mean(values: Floats, weight: Floats, sigma: float) -> Floats:
    """Weighted mean (h, w, 3) around each pixel; the overall one where nothing is known, or else 1."""
    overall = (np.tensordot(weight, values, 2) + 0.1) / (weight.sum() + 0.1)
    total = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
    mean = cv2.GaussianBlur(values * weight[..., None], (0, 0), sigma)
    return np.asarray((mean + 0.02 * overall) / (total + 0.02), np.float32)


def _texture_grid() -> tuple[Floats, Floats]:
    """X (right) and y (up) of the texture's pixels, each in -1..1."""
    axis = ((np.arange(TEXTURE_SIDE, dtype=np.float32) + 0.5) / TEXTURE_SIDE) * 2 - 1
    x, y = np.meshgrid(axis, -axis)
    return x.astype(np.float32), y.astype(np.float32)


def _texture_directions() -> tuple[Floats, Mask]:
    """Unit eye directions (S, S, 3) of the texture's pixels, and which of them lie on the hemisphere."""
    x, y = _texture_grid()
    square = np.minimum(x**2 + y**2, 1)
    k = np.sqrt(2 - square)
    return np.stack([x * k, y * k, 1 - square], -1), x**2 + y**2 < 0.97


def _texture_place(toward: Floats) -> Floats:
    """Texture pixels (..., 2) of unit eye directions (..., 3)."""
    k = 1 / np.sqrt(1 + np.maximum(toward[..., 2], 0))
    half = TEXTURE_SIDE / 2
    return np.stack([half * (1 + toward[..., 0] * k), half * (1 - toward[..., 1] * k)], -1).astype(np.float32)


def _on_sphere(rays: NDArray[np.floating], center: Floats, radius: float) -> tuple[Floats, Mask]:
    """Direction from the centre to where each ray from the lens meets the sphere, and whether it does."""
    along = rays @ center
    missed = float(center @ center) - along**2 - radius**2
    reach = along - np.sqrt(np.maximum(-missed, 0))
    toward = rays * reach[..., None] - center
    toward = toward / np.linalg.norm(toward, axis=-1, keepdims=True)
    return toward.astype(np.float32), np.asarray(missed < 0)


def _iris_px(eye: Eyeball) -> float:
    return float(np.linalg.norm(eye.iris[1:] - eye.iris[0], axis=1).mean())


def _iris_radius(eye: Eyeball, camera: Camera) -> float:
    """Sine of the angle under which the eye's centre sees the iris' radius."""
    size = _iris_px(eye) * float(-eye.center[2]) / camera.focal / eye.radius
    return float(np.clip(size, IRIS_LEAST, IRIS_MOST))


def _fill_iris(texture: Floats, seen: Mask, ring: Floats, iris: Mask) -> tuple[Floats, Mask]:
    """Complete the iris and take reflections out of it."""
    median = _ring_median(texture, seen & iris, ring)
    brightness = texture.sum(-1) - median.sum(-1)
    gleam = seen & iris & (brightness > 90)
    gleam = iris & (cv2.dilate(gleam.astype(np.uint8), disc(2.5)) > 0)
    good = seen & iris & ~gleam
    for flipped_good, flipped in ((good[:, ::-1], texture[:, ::-1]), (good[::-1], texture[::-1])):
        use = iris & ~good & flipped_good
        # a mirrored half keeps the own half's brightness through the ring's median
        texture = np.where(use[..., None], 0.5 * flipped + 0.5 * median, texture)
        good = good | use
    missing = iris & ~good
    texture = np.where(missing[..., None], median, texture)
    blurred = cv2.GaussianBlur(texture, (0, 0), 1.5)
    return np.where(
        cv2.dilate(missing.astype(np.uint8), disc(1.5))[..., None] > 0, blurred, texture
    ), seen | iris


def _ring_median(texture: Floats, good: Mask, ring: Floats, steps: int = 14) -> Floats:
    """Median colour over thin rings, as a picture; rings nobody has seen take their neighbours' colour."""
    centers = (np.arange(steps) + 0.5) / steps * 1.1
    colours = np.full((steps, 3), np.nan, np.float32)
    for k, center in enumerate(centers):
        members = good & (np.abs(ring - center) < 0.8 / steps)
        if members.sum() >= 6:
            colours[k] = np.median(texture[members], 0)
    known = np.isfinite(colours[:, 0])
    if not known.any():
        colours[:] = (60, 45, 38)
        known[:] = True
    profile = [np.interp(ring, centers[known], colours[known, c]) for c in range(3)]
    return np.stack(profile, -1).astype(np.float32)


def _fill_white(texture: Floats, known: Mask, region: Mask, own: Floats) -> Floats:
    """Continue the white of the eye over ``region`` from where ``known``; ``own`` of the texture stays."""
    if known.sum() < 12:
        usual = np.array([196, 186, 180], np.float32)
        return np.where(region[..., None], 0.5 * usual + 0.5 * texture[region].mean(0), texture)
    level = cv2.GaussianBlur(texture.sum(-1), (0, 0), 2)
    known = known & (level >= SHADED_WHITE * np.median(level[known]))
    bright = texture.sum(-1) >= np.quantile(texture[known].sum(-1), 0.25)
    filled = spread_colour(texture, known & bright, (3, 9, 27, 81))
    # what the lids covered lies in their shade, where they uncover it
    mixed = HIDDEN_WHITE * filled + own[..., None] * (texture - HIDDEN_WHITE * filled)
    return np.where(region[..., None], mixed, texture)


def _opening_mask(eye: Eyeball, shape: tuple[int, ...], shrink: float) -> Mask:
    """The visible eye, made smaller by ``shrink`` pixels (larger if negative)."""
    return grown(polygon(eye.opening, shape), -shrink)
