"""Shut eyes for a photo that shows them open.

A shut lid is the plate of skin that was drawn in under the fold above the eye. It has the tone of the skin
between that fold and the lashes, is rounded by the ball behind it, and ends at the fold and at the lashes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

from vasari.head.model import HeadModel
from vasari.portrait import lashes
from vasari.portrait.drawn_eyes import shut_drawn
from vasari.portrait.eye_frame import EyeFrame
from vasari.portrait.lamp import FLAT
from vasari.portrait.lashes import Lashes
from vasari.portrait.pixels import box, look_up, unit_of
from vasari.stages import stage

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

# Lengths in widths of the eye, or (_PX) in pixels of a 512 view:
REACH = 0.6  # what is looked at around an eye
FOLDS = np.linspace(0.09, 0.24, 13)  # heights over the upper rim, in the middle, at which a fold may lie
USUAL_FOLD = 0.12  # ... where there is none to be seen
BESIDE_FOLD = 0.06  # distance at which the skin on both sides of a fold is brighter than in it
FAINT_FOLD, DEEP_FOLD = 0.02, 0.06  # how much brighter, as a share, in no fold and in one that is sure
ON_LID_PX, ABOVE = 2.5, 0.42  # skin over the upper rim: past the lashes, up to the brow
UNDER_PX, BELOW = 2.5, 0.2  # skin under the lower rim: past the wet line and the lashes
TONES = np.linspace(0.1, 0.9, 5)  # places along the eye whose tone is taken
TONE_REACH = 0.16  # ... from so far around
ABOVE_FOLD = 0.8  # say of the skin above the fold beside that of the lid
LIT = 0.65, 0.95  # the part of the skin, from dark to bright, that has its tone: no lashes, no gleam
CHEEK_TINT = 0.65  # say of the skin below the eye in the lid's hue: lashes over the lid grey it
LEAST_OF_CHEEK = 0.7  # a lid is at least so bright beside it: what seems darker is hair
CHEEK_SHARE, CHEEK_MOST = 0.4, 1.25  # ... in its brightness, and how much brighter it counts at most
FEATHER_PX = 1.5  # over which the lid passes into the skin below it, and into a fold of the photo's own
FADE = 0.4  # ... and, where there is none, into the skin above it, in heights of the lid
UNFOLDED = 0.06, 0.2  # height over the fold up to which the shut lid draws it flat: whole, not at all
# Over the fold: share of the skin's tone below which it is shade, how much of that goes, and the least left.
LEAST_LIGHT, UNFOLDING, DARKEST = 0.85, 0.65, 0.68
# Under the seam: how far down wet line and lashes go (wholly, not at all), shares of the tone that stay, and
# blur of what is left.
WIPED, WIPED_RANGE, WIPED_BLUR_PX = (0.1, 0.2), (0.8, 1.1), 1.2
OWN_FOLD = 0.6  # less is drawn of a fold where the photo has its own
HAIRY = 0.3  # skin over the rim is hidden by lashes where it is darker than its tone by this share
GRAIN_PX = 2.5  # coarsest texture taken from the cheek
# Shading, as shares of the skin's brightness: of the ball, in the fold, at the lashes, in the corners.
BALL, FOLD, RIM, CORNERS = 0.09, 0.22, 0.2, 0.14
DEEPER = 0.9  # how much more saturated it is in there

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Lids:
    """The lids of one eye in the picture, pixels.

    Attributes:
        upper, lower: (n, 2) their rims, from the inner to the outer corner.
        seam: (n, 2) where these meet when shut.
        skin, shut: (m, 2) points of the skin around, and where they lie when the eye is shut.
    """

    upper: Floats
    lower: Floats
    seam: Floats
    skin: Floats
    shut: Floats

    @classmethod
    def of(cls, model: HeadModel, side: str, skin: Ints, uv: Floats, closed_uv: Floats) -> Lids:
        """The lids of the ``"left"`` or ``"right"`` eye.

        Args:
            skin: ids of the skin's vertices that the camera sees.
            uv, closed_uv: (V, 2) places of all vertices, as in the photo and with the eyes shut.
        """
        upper, lower = (model.groups[f"lid_{part}_{side}"] for part in ("upper", "lower"))
        width = float(np.linalg.norm(uv[upper[-1]] - uv[upper[0]]))
        near = skin[np.linalg.norm(uv[skin] - uv[upper].mean(0), axis=1) < (0.4 + REACH) * width]
        return cls(uv[upper], uv[lower], closed_uv[upper], uv[near], closed_uv[near])


@stage("lids")
def close_eyes(picture: Bytes, eyes: list[Lids], skin: Floats, modelled: float) -> Bytes:
    """The picture (P, P, 3) with the eyes shut.

    Args:
        picture: (P, P, 3). eyes: their lids. skin: (3,) colour of the cheeks.
        modelled: 0 for flat drawings to 1 for pictures with shading and texture.

    Skin goes where the lids take it. Over the eye, up to the fold above it, a lid is made: with the tone of
    the photo's own, the texture of the cheek, and a line of lashes along the seam as dark as the photo's.
    """
    result = picture.copy()
    fold = _fold(picture, eyes)
    for lids in eyes:
        rows, columns = box(
            np.concatenate([lids.upper, lids.lower, lids.seam]),
            picture.shape,
            REACH * float(np.linalg.norm(lids.upper[-1] - lids.upper[0])),
        )
        shut = None
        if modelled < FLAT:
            corner = np.array([columns.start, rows.start], np.float32)
            upper, lower, seam = (curve - corner for curve in (lids.upper, lids.lower, lids.seam))
            shut = shut_drawn(picture[rows, columns], upper, lower, seam, skin, unit_of(picture))
        if shut is None:
            shut = _shut(picture, lids, fold, rows, columns)
        result[rows, columns] = np.clip(shut + 0.5, 0, 255)
    return result


def _shut(picture: Bytes, lids: Lids, fold_seen: tuple[float, float], rows: slice, columns: slice) -> Floats:
    """A part (h, w, 3) of the picture with one eye shut; ``fold_seen`` as by :func:`_fold`."""
    unit = unit_of(picture)
    frame = EyeFrame.of(lids.upper, lids.lower)
    y, x = np.mgrid[rows, columns].astype(np.float32) + 0.5
    pixels = np.stack([x, y], -1)
    along, height = frame.local(pixels)
    depth = fold_seen[1]
    fold = max(fold_seen[0] * frame.width, _fringe(picture, lids, frame))
    upper, lower = _tones(picture[rows, columns].astype(np.float32), along, height, fold, lids, frame, unit)
    fine = _grain(picture, lids, frame, rows, columns, unit)

    moved = look_up(picture, pixels + _carried(lids.shut, lids.skin - lids.shut, pixels, unit)).astype(
        np.float32
    )
    rise = height - frame.height(lids.seam, along)
    top = np.maximum(_fold_over_seam(fold, lids, frame, along), 3 * unit).astype(np.float32)
    skin = np.where(rise[..., None] > 0, _between(upper, along), _between(lower, along)) * (1 + fine)
    moved = _wiped(_unfolded(moved, skin, (rise - top) / frame.width), skin, -rise / frame.width, along, unit)
    lid = _in_light(skin, 1 + _ball(rise / top, along))
    fade = (2 * FEATHER_PX * unit + (1 - depth) * FADE * top).astype(np.float32)
    shut = moved + _cover(rise, top, along, fade, unit)[..., None] * (lid - moved)
    shut = _in_light(shut, 1 - _crease(rise / top, along, 1 - OWN_FOLD * depth))
    line = Lashes.seen(picture, _between(upper, lashes.COLUMNS), frame, lids.upper, unit)
    roots = lids.seam - np.array([columns.start, rows.start], np.float32)
    return line.drawn(shut, along, rise, roots, frame.outward, unit)


def _arch(along: Floats) -> Floats:
    """Height of the fold over the rim (0..1) along the eye: it nears the corners."""
    return np.asarray(0.45 + 0.55 * np.maximum(np.sin(np.pi * np.clip(along, 0, 1)), 0) ** 0.8, np.float32)


def _fold(picture: Bytes, eyes: list[Lids]) -> tuple[float, float]:
    """Height of the fold over the upper rim, in the middle, widths of the eye, and how surely it is seen."""
    valleys = np.mean([_valleys(picture, lids) for lids in eyes], 0)
    best = int(valleys.argmax())
    surely = float(np.clip((valleys[best] - FAINT_FOLD) / (DEEP_FOLD - FAINT_FOLD), 0, 1))
    return (float(FOLDS[best]) if surely > 0 else USUAL_FOLD), surely


def _valleys(picture: Bytes, lids: Lids) -> Floats:
    """How much darker (n,), as a share, the skin over an eye is at FOLDS than below and above."""
    frame = EyeFrame.of(lids.upper, lids.lower)
    along = np.linspace(0.2, 0.85, 14).astype(np.float32)
    rim = frame.height(lids.upper, along)
    offsets = np.array([-BESIDE_FOLD, 0, BESIDE_FOLD])[:, None]
    heights = rim + frame.width * (FOLDS[:, None, None] * _arch(along) + offsets)  # (folds, 3, places)
    places = frame.place(np.broadcast_to(along, heights.shape), heights.astype(np.float32))
    light = (look_up(picture, places.reshape(-1, 1, 2)).astype(np.float32) @ _LUMA).reshape(heights.shape)
    below, there, above = np.moveaxis(light, 1, 0)
    return np.asarray(np.median((np.minimum(below, above) - there) / np.maximum(there, 30), -1), np.float32)


def _fringe(picture: Bytes, lids: Lids, frame: EyeFrame) -> float:
    """Height over the upper rim up to which lashes hide the skin, in the middle of the eye, pixels."""
    along = np.linspace(0.3, 0.7, 9).astype(np.float32)
    over = np.linspace(0.02, FOLDS[-1], 24).astype(np.float32) * frame.width
    heights = frame.height(lids.upper, along)[:, None] + over
    places = frame.place(np.broadcast_to(along[:, None], heights.shape), heights)
    light = np.median(look_up(picture, places).astype(np.float32) @ _LUMA, 0)
    hidden = light < (1 - HAIRY) * np.quantile(light, 0.9)
    return float(over[0 if not hidden[0] else len(over) - 1 if hidden.all() else hidden.argmin()])


def _fold_over_seam(fold: float, lids: Lids, frame: EyeFrame, along: Floats) -> Floats:
    """Height of the fold over the seam of the shut eye, pixels."""
    steps = np.linspace(0, 1, 25).astype(np.float32)
    places = frame.place(steps, frame.height(lids.upper, steps) + fold * _arch(steps))
    move = LinearNDInterpolator(lids.skin, lids.shut - lids.skin, fill_value=0)(places)
    a, h = frame.local(places + move.astype(np.float32))
    rise = h - frame.height(lids.seam, a)
    order = np.argsort(a)
    smooth = cv2.GaussianBlur(rise[order][None], (0, 0), 1.5, borderType=cv2.BORDER_REPLICATE)[0]
    return np.asarray(np.interp(along, a[order], smooth), np.float32)


def _carried(at: Floats, moves: Floats, pixels: Floats, unit: float) -> Floats:
    """Moves (m, 2) known at scattered points (m, 2), at pixels (h, w, 2); none beyond the points."""
    step = max(round(unit), 1)
    coarse = LinearNDInterpolator(at, moves, fill_value=0)(pixels[step // 2 :: step, step // 2 :: step])
    size = pixels.shape[1], pixels.shape[0]
    return np.asarray(cv2.resize(coarse.astype(np.float32), size, interpolation=cv2.INTER_LINEAR))


def _tones(
    patch: Floats, along: Floats, height: Floats, fold: float, lids: Lids, frame: EyeFrame, unit: float
) -> tuple[Floats, Floats]:
    """Tone of the upper and of the lower lid at TONES along the eye, each (n, 3)."""
    over = height - frame.height(lids.upper, along)
    under = frame.height(lids.lower, along) - height
    on_lid = (over > ON_LID_PX * unit) & (over < fold * _arch(along) - unit)
    above = (over > ON_LID_PX * unit) & (over < ABOVE * frame.width) & ~on_lid
    beneath = (under > UNDER_PX * unit) & (under < BELOW * frame.width)
    upper = _lit_mean(patch, along, on_lid + ABOVE_FOLD * above)
    lower = _lit_mean(patch, along, beneath.astype(np.float32))
    bright = ((lower @ _LUMA) / np.maximum(upper @ _LUMA, 1))[:, None]
    upper += CHEEK_TINT * (lower / np.maximum(bright, 1e-3) - upper)
    upper *= np.maximum(LEAST_OF_CHEEK * bright, 1)
    return upper * (1 + CHEEK_SHARE * (np.minimum(bright, CHEEK_MOST) - 1)), lower


def _lit_mean(patch: Floats, along: Floats, weight: Floats) -> Floats:
    """Mean colour (n, 3) at TONES of what is neither dark nor gleaming among the pixels that count."""
    used = (weight > 0) & (along > -0.1) & (along < 1.1)
    colours, a, weight = patch[used], along[used], weight[used]
    if len(colours) < 8:
        return np.tile(patch.reshape(-1, 3).mean(0), (len(TONES), 1))
    order = np.argsort(colours @ _LUMA)
    result = np.empty((len(TONES), 3), np.float32)
    for k, tone in enumerate(TONES):
        near = (weight * np.exp(-0.5 * ((a - tone) / TONE_REACH) ** 2))[order] + 1e-6
        rank = (np.cumsum(near) - 0.5 * near) / near.sum()
        near *= (rank >= LIT[0]) & (rank <= LIT[1])
        result[k] = near @ colours[order] / max(float(near.sum()), 1e-9)
    return result


def _between(tones: Floats, along: Floats) -> Floats:
    """Tones (..., 3) along the eye from those at TONES (n, 3), without kinks."""
    weight = np.exp(-0.5 * ((np.clip(along, 0, 1)[..., None] - TONES) / (0.8 * TONE_REACH)) ** 2)
    return np.asarray(weight @ tones / weight.sum(-1, keepdims=True), np.float32)


def _grain(picture: Bytes, lids: Lids, frame: EyeFrame, rows: slice, columns: slice, unit: float) -> Floats:
    """Fine texture (h, w, 3) of the cheek under an eye, to lay over its lid: pores, grain, brushwork.

    In shares of the cheek's brightness: what is lit by less shows less of it.
    """
    height = rows.stop - rows.start
    below = int(lids.lower[:, 1].max() + 0.25 * frame.width)
    first = min(below, picture.shape[0] - height)
    cheek = picture[first : first + height, columns].astype(np.float32)
    coarse = cv2.GaussianBlur(cheek, (0, 0), GRAIN_PX * unit)
    fine = cheek - coarse
    most = 2 * 1.48 * max(float(np.median(np.abs(fine))), 0.3)
    lit = np.maximum(coarse.mean(-1), 40)[..., None]
    return np.asarray(0.8 * np.clip(fine, -most, most) / lit, np.float32)


def _unfolded(moved: Floats, skin: Floats, over: Floats) -> Floats:
    """Skin (h, w, 3) with less of the shade in the fold, and of lashes that lay over it: a shut lid opens it.

    Args:
        over: (h, w) height over the fold, widths of the eye.
    """
    here = np.clip((UNFOLDED[1] - over) / (UNFOLDED[1] - UNFOLDED[0]), 0, 1)[..., None]
    lifted = moved + UNFOLDING * np.maximum(LEAST_LIGHT * skin - moved, 0)
    lifted = np.maximum(lifted, DARKEST * skin)
    return np.asarray(moved + here * (lifted - moved), np.float32)


def _wiped(moved: Floats, skin: Floats, under: Floats, along: Floats, unit: float) -> Floats:
    """Skin (h, w, 3) under the seam without the wet line and the lower lashes.

    Args:
        under: (h, w) depth under the seam, widths of the eye.
    """
    here = np.clip((WIPED[1] - under) / (WIPED[1] - WIPED[0]), 0, 1) * (under > 0) * _inside(along)
    plain = cv2.GaussianBlur(
        np.clip(moved, WIPED_RANGE[0] * skin, WIPED_RANGE[1] * skin), (0, 0), WIPED_BLUR_PX * unit
    )
    return np.asarray(moved + here[..., None] * (plain - moved), np.float32)


def _in_light(skin: Floats, factor: Floats) -> Floats:
    """Skin (h, w, 3) that much brighter or darker (h, w): shade of skin on skin is deeper in colour."""
    grey = (skin @ _LUMA)[..., None]
    factor = factor[..., None]
    return np.asarray(factor * skin + DEEPER * (1 - factor) * (skin - grey), np.float32)


def _ball(rise: Floats, along: Floats) -> Floats:
    """Change of brightness (h, w) of a lid over a ball, in shade at its lashes and corners.

    Args:
        rise: height over the seam, 1 in the fold.
    """
    aside = np.clip(np.abs(2 * along - 1), 0, 1)
    ball = BALL * np.sqrt(1 - aside**2) * np.exp(-(((rise - 0.5) / 0.3) ** 2))
    rim = -RIM * np.exp(-((np.maximum(rise, 0) / 0.33) ** 2))
    return np.asarray(ball + rim - CORNERS * aside**3, np.float32)


def _crease(rise: Floats, along: Floats, drawn: float) -> Floats:
    """Shade (h, w) in the fold, sharper above than below; ``drawn`` of it: the photo may show its own."""
    ends = np.clip(along / 0.2, 0, 1) * np.clip((1 - along) / 0.2, 0, 1)
    width = np.where(rise > 1, 0.12, 0.22)
    return np.asarray(FOLD * drawn * ends * np.exp(-(((rise - 1) / width) ** 2)), np.float32)


def _cover(rise: Floats, top: Floats, along: Floats, fade: Floats, unit: float) -> Floats:
    """Opacity (h, w) of the made lid: from a little below the seam up to where it fades into the fold."""
    feather = FEATHER_PX * unit
    up = np.clip((top + feather - rise) / (feather + fade), 0, 1)
    down = np.clip((rise + 3 * feather) / (2 * feather), 0, 1)
    return np.asarray(up * up * (3 - 2 * up) * down * down * (3 - 2 * down) * _inside(along), np.float32)


def _inside(along: Floats) -> Floats:
    """1 between the corners of the eye, 0 outside."""
    return np.asarray(np.clip((along + 0.04) / 0.08, 0, 1) * np.clip((1.04 - along) / 0.08, 0, 1), np.float32)
