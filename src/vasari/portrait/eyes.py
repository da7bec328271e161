"""The eyes of a portrait: eyeballs that can turn, reflections that stay, lids that close."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera, rotation_matrix, yaw_pitch

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

#: Side of an eyeball's texture, pixels: a Lambert equal-area map of the hemisphere about the pupil.
TEXTURE_SIDE = 192
#: Neutral value of the overlay's shade.
SHADE_ONE = 128
#: Radius of the iris over that of the eyeball, in humans about 5.9 mm / 12 mm; the fit may say otherwise.
IRIS_LEAST, IRIS_MOST = 0.36, 0.58
#: Width over which the seen white of the eye passes into its continuation, texels.
WHITE_FEATHER = 10.0
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


def eye_texture(picture: Bytes, eye: Eyeball, camera: Camera) -> Bytes:
    """The whole front of an eyeball (TEXTURE_SIDE, TEXTURE_SIDE, 3), completed from its visible part.

    Iris: what the lids hide is filled from the mirrored side and the ring's median, and
    reflections are removed. White of the eye: continued smoothly.
    """
    toward, dome = _texture_directions()
    points = eye.center + eye.radius * (toward @ eye.turn)  # eye to camera directions: turn is orthogonal
    place = camera.project(points).astype(np.float32)
    colour = _look_up(picture, place)
    unit = _unit(picture)
    opening = _opening_mask(eye, picture.shape, shrink=SHADED_RIM_PX * unit)
    seen = dome & (_look_up(opening.astype(np.uint8) * 255, place) > 127) & (points[..., 2] > eye.center[2])

    iris_radius = _iris_radius(eye, camera)
    around = np.hypot(*_texture_grid())
    ring = around / np.sqrt(1 - np.sqrt(1 - iris_radius**2))  # 1 on the iris' edge
    texture = colour.astype(np.float32)
    iris = ring < 1.04
    texture, seen = _fill_iris(texture, seen, ring, iris)
    white = dome & (ring > 1.12)
    texture = _fill_white(texture, seen & white, ~iris)
    return np.asarray(np.clip(texture + 0.5, 0, 255), np.uint8)


def eye_overlay(picture: Bytes, eyes: list[Eyeball], textures: list[Bytes], camera: Camera) -> Bytes:
    """Shade and gleam (P, P, 2) that, over the eyeballs' textures, give the photo back at its own gaze.

    Shade multiplies (SHADE_ONE is 1) in the rim under lashes and lids; gleam adds, for the lens' reflection.
    """
    overlay = np.zeros((*picture.shape[:2], 2), np.uint8)
    overlay[..., 0] = SHADE_ONE
    luminance = picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    unit = _unit(picture)
    for eye, texture in zip(eyes, textures, strict=True):
        rows, columns = _box(eye.opening, picture.shape, 6 * unit)
        y, x = np.mgrid[rows, columns].astype(np.float32) + 0.5
        toward, hit = _on_sphere(camera.ray(np.stack([x, y], -1)), eye.center, eye.radius)
        base = _look_up(texture, _texture_place(toward @ eye.turn.T)) @ np.array(
            [0.299, 0.587, 0.114], np.float32
        )
        wide = _opening_mask(eye, picture.shape, shrink=-1.0 * unit)[rows, columns]
        inner = _opening_mask(eye, picture.shape, shrink=(SHADED_RIM_PX + 1) * unit)[rows, columns]
        rim = np.clip(cv2.GaussianBlur((wide & ~inner).astype(np.float32), (0, 0), 0.7 * unit) * 1.6, 0, 1)
        ratio = np.clip(luminance[rows, columns] / np.maximum(base, 8), 0.25, 1.25)
        shade = np.where(hit, 1 + rim * (ratio - 1), 1)
        overlay[rows, columns, 0] = np.where(wide, np.clip(shade * SHADE_ONE, 0, 255), SHADE_ONE)
        near_iris = np.hypot(x - eye.iris[0, 0], y - eye.iris[0, 1]) < 0.95 * _iris_px(eye)
        gleam = np.where(near_iris & inner & hit, luminance[rows, columns] - base - 24, 0)
        overlay[rows, columns, 1] = np.clip(cv2.GaussianBlur(gleam, (0, 0), 0.5 * unit), 0, 255)
    return overlay


def close_eyes(
    picture: Bytes, openings: list[Floats], lids: list[Mask], seams: list[Floats], skin: Floats
) -> Bytes:
    """The picture (P, P, 3) with both eyes shut.

    Args:
        picture: (P, P, 3) RGB.
        openings: outline (n, 2) of each visible eye, pixels.
        lids: (P, P) where each eye's lids lie when shut.
        seams: (n, 2) where the lids of each eye meet when shut, inner to outer corner, pixels.
        skin: (3,) colour of the face's skin.

    The lid's skin is a membrane spanned from the skin around it, rounded by shading, with a crease
    above, fine grain of the cheek's strength, and a line of lashes along the seam.
    """
    result = picture.astype(np.float32)
    unit = _unit(picture)
    for opening, lid, seam in zip(openings, lids, seams, strict=True):
        rows, columns = _box(np.concatenate([opening, seam]), picture.shape, 22 * unit)
        patch = result[rows, columns]
        offset = np.array([columns.start, rows.start], np.float32)
        eye = _polygon(opening - offset, patch.shape[:2])
        # lashes and their liner lie on the rim of the open eye: they go with it
        lashes = _grown(eye, 4 * unit)
        replaced = _grown(lid[rows, columns], 1.5 * unit) | lashes
        membrane = _membrane(patch, replaced, skin)
        shaded = membrane * _lid_relief(seam - offset, patch.shape[:2], unit)[..., None]
        soft = cv2.GaussianBlur(replaced.astype(np.float32), (0, 0), 2.5 * unit)[..., None]
        closed = patch + np.clip(soft * 1.5, 0, 1) * (shaded - patch)
        result[rows, columns] = _lash_line(closed, seam - offset, unit)
    return np.asarray(np.clip(result + 0.5, 0, 255), np.uint8)


# -- eyeball -----------------------------------------------------------------------------------


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
    gleam = iris & (cv2.dilate(gleam.astype(np.uint8), _disc(2.5)) > 0)
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
        cv2.dilate(missing.astype(np.uint8), _disc(1.5))[..., None] > 0, blurred, texture
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


def _fill_white(texture: Floats, known: Mask, region: Mask) -> Floats:
    """Continue the white of the eye over ``region`` from where it is ``known``."""
    if known.sum() < 12:
        usual = np.array([196, 186, 180], np.float32)
        return np.where(region[..., None], 0.5 * usual + 0.5 * texture[region].mean(0), texture)
    bright = texture.sum(-1) >= np.quantile(texture[known].sum(-1), 0.25)
    filled = _spread_colour(texture, known & bright, (3, 9, 27, 81))
    # what was seen fades into what was made up over a few texels, so that no edge shows when the eye turns
    inside = cv2.distanceTransform((known & region).astype(np.uint8), cv2.DIST_L2, 5)
    keep = np.clip(inside / WHITE_FEATHER - 0.2, 0, 1)[..., None]
    mixed = filled + keep * (texture - filled)
    return np.where(region[..., None], mixed, texture)


def _spread_colour(texture: Floats, known: Mask, reaches: tuple[float, ...]) -> Floats:
    """Normalised convolution, from near to far: every pixel gets the mean of the nearest known colours."""
    result = texture * known[..., None]
    covered = known.astype(np.float32)
    filled = np.where(known[..., None], texture, 0)
    for reach in reaches:
        weight = cv2.GaussianBlur(covered, (0, 0), reach)
        mean = cv2.GaussianBlur(result, (0, 0), reach) / np.maximum(weight, 1e-6)[..., None]
        trust = np.clip(weight * 20, 0, 1)[..., None]
        empty = (filled.sum(-1) == 0)[..., None]
        filled = np.where(empty & (trust > 0.2), mean, filled)
    return np.asarray(np.where((filled.sum(-1) == 0)[..., None], texture[known].mean(0), filled), np.float32)


# -- lids --------------------------------------------------------------------------------------


def _membrane(patch: Floats, hole: Mask, skin: Floats) -> Floats:
    """Smooth surface over a hole, from the skin-like pixels around it, with grain of their strength."""
    around = _grown(hole, 12) & ~_grown(hole, 2)
    if around.any():  # the sockets may lie in shade: their own tone counts as much as the cheeks'
        skin = np.asarray((skin + np.median(patch[around], 0)) / 2, np.float32)
        likeness = np.abs(patch - skin).sum(-1)
        good = around & (likeness <= np.quantile(likeness[around], 0.5))
    else:
        good = ~hole
    smooth = _spread_colour(patch, good, (2.5, 5, 10, 20, 40))
    smooth = np.asarray(cv2.GaussianBlur(smooth, (0, 0), 3), np.float32)
    fine = patch - cv2.GaussianBlur(patch, (0, 0), 1.5)
    strength = min(float(np.median(np.abs(fine[good]))) * 1.48, 4.0)
    grain = np.random.default_rng(0).normal(0, strength, patch.shape[:2]).astype(np.float32)
    return smooth + cv2.GaussianBlur(grain, (0, 0), 0.7)[..., None] * 1.4


def _lid_relief(seam: Floats, shape: tuple[int, int], unit: float) -> Floats:
    """Brightness of a shut lid: a ball behind skin, lit from above, with the crease over it."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32) + 0.5
    order = np.argsort(seam[:, 0])
    along = seam[order]
    width = float(along[-1, 0] - along[0, 0])
    across = np.clip((x - along[0, 0]) / max(width, 1e-3), 0, 1)
    height = (np.interp(x, along[:, 0], along[:, 1]).astype(np.float32) - y) / (
        0.5 * width
    )  # 0 seam, up positive
    arch = np.sqrt(np.clip(1 - (2 * across - 1) ** 2, 0, 1))  # the ball's outline over the width
    ball = 0.06 * arch * np.exp(-(((height - 0.42) / 0.28) ** 2)) - 0.05 * (1 - arch)
    crease = -0.10 * arch * np.exp(-(((height - (0.25 + 0.6 * arch)) / 0.10) ** 2))
    under = -0.10 * arch * np.exp(-(((height + 0.07) / 0.10) ** 2))
    return np.asarray(1 + ball + crease + under, np.float32)


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
    ink = 0.62 * cv2.GaussianBlur(line, (0, 0), 0.6 * unit) + 0.38 * cv2.GaussianBlur(
        lashes, (0, 0), 0.55 * unit
    )
    dark = patch * np.array([0.34, 0.28, 0.27], np.float32)
    return patch + np.clip(ink / 255, 0, 0.85)[..., None].astype(np.float32) * (dark - patch)


# -- pictures ----------------------------------------------------------------------------------


def _unit(picture: Bytes) -> float:
    """Pixels of this picture per pixel of a 512 view (the picture has a margin of an eighth all round)."""
    return float(picture.shape[0]) / 640


def _look_up(picture: NDArray[np.uint8], place: Floats) -> NDArray[np.uint8]:
    x, y = place[..., 0] - 0.5, place[..., 1] - 0.5
    return np.asarray(cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _polygon(outline: Floats, shape: tuple[int, ...]) -> Mask:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round((outline - 0.5) * 8).astype(np.int32)], 1, cv2.LINE_8, 3)
    return mask > 0


def _opening_mask(eye: Eyeball, shape: tuple[int, ...], shrink: float) -> Mask:
    """The visible eye, made smaller by ``shrink`` pixels (larger if negative)."""
    mask = _polygon(eye.opening, shape).astype(np.uint8)
    if abs(shrink) < 0.5:
        return mask > 0
    change = cv2.erode if shrink > 0 else cv2.dilate
    return np.asarray(change(mask, _disc(abs(shrink)))) > 0


def _grown(mask: Mask, radius: float) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _disc(radius))) > 0


def _disc(radius: float) -> Bytes:
    size = 2 * max(round(radius), 1) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _box(points: Floats, shape: tuple[int, ...], pad: float) -> tuple[slice, slice]:
    low = np.maximum(np.floor(points.min(0) - pad), 0).astype(int)
    high = np.minimum(np.ceil(points.max(0) + pad).astype(int), [shape[1], shape[0]])
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
