"""The photo's own upper teeth: between its lips they are read into a texture that the modelled row wears.

The row is unrolled (:mod:`vasari.portrait.teeth_row`). The photo is looked up there through the fitted
pose; where lips hide the teeth, columns continue upward, and what the smile does not reach is its twin's on
the other side.

Of 30 portraits of SFHQ-T2I with parted lips 17 show enough. Redrawn as they stand, these differ from the
photo between the lips by 30 levels of 255 on average; with modelled teeth in their colour, by 50.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera
from vasari.head.model import HeadModel
from vasari.portrait.pixels import grown, look_up, polygon, unit_of
from vasari.portrait.teeth_row import CROWN_VERTICES, RINGS, SIDES, TeethRow
from vasari.stages import stage

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

#: Texels per cm of the unrolled row; its reach to either side and the heights that it spans, cm.
TEXELS = 40
REACH, LOWEST, HIGHEST = 3.2, -0.3, 1.3
WIDTH, HEIGHT = round(2 * REACH * TEXELS), round((HIGHEST - LOWEST) * TEXELS)
#: Heights looked at in the photo: the fitted row may sit this much too low or too high, cm.
SEARCH = (-1.1, 2.1)

#: Teeth are at least this bright beside the skin, and beside the brightest of them (middle, side of the row).
LEAST_BRIGHT, OF_BRIGHTEST = 0.5, (0.6, 0.3)
#: ... and at most so red beside the skin; in grey photos, where nothing is red, at most so red at all.
PALE, GREY = 0.85, 0.05
#: The four middle teeth, cm to either side; share of their columns that must show, and by how much, cm.
FRONT, LEAST_SHOWN, LEAST_HEIGHT = 1.5, 0.6, 0.2
#: Under the upper lip there are at most so many cm of dark before the teeth begin.
MOST_DARK = 0.45
#: The photo has the row at most this far from where it is fitted; it moves there, down and up by at most.
MOST_OFF, MOST_DOWN, MOST_UP = 0.75, 0.12, 0.4
#: Edges of teeth differ from the row's line by at most this much, cm.
MOST_UNEVEN = 0.14
#: A dark line between upper and lower teeth is at least so much darker than they are.
BITE_LINE = 0.1
#: Edges hidden by the lower lip lie this far under it, cm.
HIDDEN = 0.06
#: Of a column at least this share looks like a tooth: the dark beside the row is not read, gaps in it are.
LEAST_WHITE = 0.45
#: A tooth seen so much more edge-on than the front ones is not read.
EDGE_ON = 0.4
#: The shade of the upper lip is taken off the teeth up to this factor.
MOST_LIT = 1.5
#: Teeth darker than this beside the skin lie in the shade of a mouth: they are lifted, by at most a factor.
LIT, MOST_GAIN = 0.75, 1.4
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class OwnTeeth:
    """The upper row as the photo shows it.

    Attributes:
        texture: (HEIGHT, WIDTH, 4) colour and opacity of the unrolled row, root above.
        place: (n, 2) of the upper teeth's vertices in it, texels.
        worn: (n,) 1 on the crowns that wear it.
        row: (n, 3) the upper teeth as a wall that ends where the photo's teeth do, camera space, cm.
        shift: (3,) from the fitted to the seen row, for all that sits in the mouth, cm.
        colour: (3,) of the teeth, for those that do not show.
    """

    texture: Bytes
    place: Floats
    worn: Floats
    row: Floats
    shift: Floats
    colour: Floats


def no_texture() -> Bytes:
    """The texture (2, 2, 4) of a photo that shows no teeth."""
    return np.zeros((2, 2, 4), np.uint8)


@stage("mouth")
def see_teeth(
    model: HeadModel, seated: Floats, picture: Bytes, camera: Camera, uv: Floats, skin: Floats
) -> OwnTeeth | None:
    """The upper teeth that show between the lips of the photo; None unless enough of the front ones do.

    Args:
        model: the head model. seated: (V, 3) in camera space, cm, with the teeth in their place.
        picture: (P, P, 3). camera: of the picture. uv: (V, 2) the photo's places of the vertices, pixels.
        skin: (3,) colour of the cheeks.
    """
    row = TeethRow.of(model, seated[model.groups["teeth_upper"]])
    length = ((np.arange(WIDTH) + 0.5) / TEXELS - REACH).astype(np.float32)
    height = np.arange(SEARCH[1], SEARCH[0], -1 / TEXELS, dtype=np.float32)
    place = camera.project(row.at(length, height[:, None])).astype(np.float32)
    outline = np.concatenate([uv[model.groups["lip_upper_rim"]], uv[model.groups["lip_lower_rim"]][::-1]])
    between = grown(polygon(outline, picture.shape), -1.0 * unit_of(picture)).astype(np.uint8) * 255
    inside = look_up(between, place) > 127
    if inside.sum() < FRONT * LEAST_HEIGHT * TEXELS**2:
        return None
    colour = look_up(picture, place).astype(np.float32)
    tooth = _like_teeth(colour, inside, length, skin)
    found = _edges(colour @ _LUMA, inside, tooth, length, height)
    if found is None:
        return None
    top, edge, shown = found
    shift = float(np.median(edge[np.abs(length) < FRONT]))
    if abs(shift) > MOST_OFF:
        return None
    edge = shift + np.clip(edge - shift, -MOST_UNEVEN, MOST_UNEVEN)
    step = np.linalg.norm(np.gradient(place, axis=1), axis=2).mean(0)
    shown &= step > EDGE_ON * step.max()
    known = inside & (height[:, None] >= edge) & (height[:, None] <= top)
    known &= _run(shown & ((known & tooth).sum(0) > LEAST_WHITE * known.sum(0)))
    if not (known & tooth).any():
        return None
    known_teeth = known & tooth
    lit = _evenly_lit(colour, known, inside)
    white = np.median(lit[known_teeth], 0)
    gain = float(np.clip(LIT * (skin @ _LUMA) / (white @ _LUMA), 1, MOST_GAIN))
    texture = _filled(np.minimum(gain * lit, 255), known, known_teeth, height, shift)
    place_in, worn, wall = _wall(row, seated[model.groups["teeth_upper"]], edge - shift, length, texture)
    move = (np.clip(shift, -MOST_DOWN, MOST_UP) * row.up).astype(np.float32)
    return OwnTeeth(texture, place_in, worn, wall + move, move, (gain * white).astype(np.float32))


def _like_teeth(colour: Floats, inside: Mask, length: Floats, skin: Floats) -> Mask:
    """Which texels (h, w) have a tooth's colour: bright, and paler than skin, lips and tongue."""
    luma = colour @ _LUMA
    front = inside & (np.abs(length) < 2)
    brightest = float(np.quantile(luma[front], 0.85)) if front.any() else 0.0
    if brightest < LEAST_BRIGHT * float(skin @ _LUMA):
        return np.zeros_like(inside)
    part = np.clip(np.abs(length) / 2.5, 0, 1)
    least = brightest * (OF_BRIGHTEST[0] + part * (OF_BRIGHTEST[1] - OF_BRIGHTEST[0]))
    pale = _redness(colour) < max(PALE * float(_redness(skin)), GREY)
    return np.asarray(inside & (luma > least) & pale)


def _redness(colour: Floats) -> Floats:
    return np.asarray((colour[..., 0] - colour[..., 1]) / (colour[..., 0] + colour[..., 1] + 8), np.float32)


def _edges(
    luma: Floats, inside: Mask, tooth: Mask, length: Floats, height: Floats
) -> tuple[Floats, Floats, Mask] | None:
    """Heights (w,) at which the upper teeth begin to show and end, and which columns (w,) show any."""
    n = len(height)
    rows = np.arange(n)[:, None]
    start = np.where(tooth.any(0), tooth.argmax(0), n)
    lip = np.where(inside.any(0), inside.argmax(0), n)
    # from the first tooth-like texel down to the first that is none; specks of dark do not count
    closed = cv2.morphologyEx(tooth.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8)) > 0
    over = (rows >= start) & ~closed
    end = np.where(over.any(0), over.argmax(0), n)
    bottom = n - inside[::-1].argmax(0)  # one past the last row inside
    end = np.minimum(end, np.where(inside.any(0), bottom, 0))
    line = _bite_line(luma, closed, start, end)
    hidden = (end >= bottom - 2) & (line >= end)
    end = np.minimum(end, line)
    shown = (start < n) & (end - start >= LEAST_HEIGHT / 2 * TEXELS)
    front = np.abs(length) < FRONT
    if shown[front].mean() < LEAST_SHOWN:
        return None
    seen = shown & front
    if np.median((end - start)[seen]) < LEAST_HEIGHT * TEXELS:
        return None
    if np.median((start - lip)[seen]) > MOST_DARK * TEXELS:
        return None
    top = _envelope(height[0] - start / TEXELS, shown)
    edge = -_envelope(end / TEXELS - height[0] + HIDDEN * hidden, shown)
    return top, edge, shown


def _envelope(level: Reals, shown: Mask) -> Floats:
    """The smooth line (w,) over the tops of ``level`` (w,): notches between teeth are the texture's."""
    columns = np.flatnonzero(shown)
    line = np.interp(np.arange(len(level)), columns, level[columns]).astype(np.float32)[None]
    over = cv2.dilate(cv2.medianBlur(line, 5), np.ones((1, round(0.2 * TEXELS)), np.uint8))
    return np.asarray(cv2.GaussianBlur(over, (0, 0), 0.1 * TEXELS)[0], np.float32)


def _run(shown: Mask) -> Mask:
    """The run of columns around the middle that has no gap wider than a tooth's half."""
    wide = cv2.morphologyEx(shown[None].astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 15), np.uint8))[0] > 0
    columns = np.flatnonzero(wide)
    if not len(columns):
        return shown
    middle = len(wide) // 2
    middle = int(columns[np.abs(columns - middle).argmin()])
    gone = np.concatenate([[-1], np.flatnonzero(~wide), [len(wide)]])
    at = np.arange(len(wide))
    return np.asarray((at > gone[gone < middle].max()) & (at < gone[gone > middle].min()))


def _bite_line(luma: Floats, tooth: Mask, start: Ints, end: Ints) -> Ints:
    """Row (w,) of the dark line between touching upper and lower teeth; past the end where there is none."""
    reach = round(0.12 * TEXELS)
    smooth = cv2.GaussianBlur(luma, (0, 0), 0.15 * TEXELS, sigmaY=1.0)
    above, below = np.roll(smooth, reach, 0), np.roll(smooth, -reach, 0)
    depth = 1 - smooth / np.maximum(np.minimum(above, below), 1)
    rows = np.arange(len(luma))[:, None]
    depth = np.where((rows > start + 2 * reach) & (rows < end - 2 * reach), depth, 0)
    best = depth.argmax(0)
    found = depth.max(0) > BITE_LINE
    columns = np.flatnonzero(found)
    if len(columns) < 0.4 * ((end - start) > 4 * reach).sum() or len(columns) < 0.8 * TEXELS:
        return np.full(len(start), len(luma))
    line = np.median(best[columns])
    agree = columns[np.abs(best[columns] - line) < 0.25 * TEXELS]
    if len(agree) < 0.7 * len(columns):
        return np.full(len(start), len(luma))
    return np.asarray(np.interp(np.arange(len(start)), agree, best[agree]), np.int32)


def _evenly_lit(colour: Floats, known: Mask, inside: Mask) -> Floats:
    """Colours without the upper lip's shade: the mean darkening by distance under the lip taken back."""
    luma = np.log(np.maximum(colour @ _LUMA, 4))
    under = np.cumsum(inside, 0) - 1
    typical = np.median(luma[known])
    bins = np.arange(0, round(0.35 * TEXELS))
    shade = np.zeros(len(bins))
    for k in bins:
        here = luma[known & (under == k)]
        shade[k] = np.median(here) - typical if len(here) > 20 else 0
    shade = np.minimum(np.maximum.accumulate(shade), 0)
    factor = np.exp(-np.where(under < len(bins), shade[np.clip(under, 0, len(bins) - 1)], 0))
    return np.asarray(np.clip(colour * np.clip(factor, 1, MOST_LIT)[..., None], 0, 255), np.float32)


def _filled(colour: Floats, known: Mask, tooth: Mask, height: Floats, shift: float) -> Bytes:
    """The texture (HEIGHT, WIDTH, 4): columns continued up and down, missing ones from the other side."""
    n = len(height)
    any_known = np.asarray(known.any(0), np.float32)
    top = known.argmax(0)
    bottom = n - 1 - known[::-1].argmax(0)
    depth = round(0.12 * TEXELS)
    rows = np.arange(n)[:, None]

    def mean_of(place: Mask) -> Floats:
        weight = (tooth & place).astype(np.float32)[..., None]
        sums = np.concatenate([colour * weight, weight], -1).sum(0)  # (w, 4)
        sums = np.asarray(cv2.GaussianBlur(sums[None], (0, 0), 1.5)[0], np.float32)
        return np.asarray(sums[:, :3] / np.maximum(sums[:, 3:], 1e-2), np.float32)

    above, below = mean_of(rows < top + 2 * depth), mean_of(rows > bottom - 2 * depth)
    full = np.where((rows < top)[..., None], above, colour)
    full = np.where((rows > bottom)[..., None], below, full)
    near = np.clip((rows - top) / depth, 0, 1)[..., None]  # from continued to seen without a line
    full = np.where(((rows >= top) & (rows <= bottom))[..., None], above + near * (full - above), full)
    sure = cv2.erode(any_known[None], np.ones((1, 9), np.uint8))
    share = np.asarray(cv2.GaussianBlur(sure, (0, 0), 3)[0], np.float32)
    twin, twin_share = full[:, ::-1], share[::-1]
    lacking = (1 - share) * twin_share
    opacity = share + lacking
    full = (full * share[:, None] + twin * lacking[:, None]) / np.maximum(opacity, 1e-3)[:, None]
    offset = int(np.abs(height - (HIGHEST + shift)).argmin())
    rgb = full[offset : offset + HEIGHT]
    alpha = np.broadcast_to(255 * opacity[None, :, None], (*rgb.shape[:2], 1))
    return np.asarray(np.clip(np.concatenate([rgb, alpha], -1) + 0.5, 0, 255), np.uint8)


def _wall(
    row: TeethRow, seated: Floats, edge: Floats, length: Floats, texture: Bytes
) -> tuple[Floats, Floats, Floats]:
    """Places (n, 2) in the texture, wearing (n,), and the new shape (n, 3) of the upper teeth's vertices."""
    crowns = seated.reshape(-1, CROWN_VERTICES, 3).copy()
    place = np.zeros((*crowns.shape[:2], 2), np.float32)
    worn = np.zeros(crowns.shape[:2], np.float32)
    opacity = texture[HEIGHT // 2, :, 3] / 255
    across = np.cos(2 * np.pi * (np.arange(SIDES) + 0.5) / SIDES)
    across /= across.max()
    steps = np.diff(row.middle)
    half = np.concatenate([[steps[0]], (steps[1:] + steps[:-1]) / 2, [steps[-1]]]) / 2
    for k, crown in enumerate(row.order):
        s = row.middle[k] + half[k] * across  # (SIDES,)
        level = row.height[k][:, None] + np.zeros(SIDES)  # (RINGS, SIDES)
        wears = np.interp(row.middle[k], length, opacity) > 0.05
        if wears:
            low = np.interp(s, length, edge)
            part = (level - level[0]) / (level[-1] - level[0])
            level = level[0] + part * (low - level[0])
            new = row.at(s.astype(np.float32), level.astype(np.float32))
            rings = crowns[crown, :-1].reshape(RINGS, SIDES, 3)
            behind = np.arange(SIDES) >= SIDES // 2
            rise = (level - row.height[k][:, None])[..., None] * row.up
            rings[:] = np.where(behind[:, None], rings + rise, new)
            crowns[crown, -1] = rings[-1].mean(0)
            worn[crown] = 1
        flat = np.concatenate([level.ravel(), [level[-1].mean()]])
        place[crown, :, 0] = (np.concatenate([np.tile(s, RINGS), [row.middle[k]]]) + REACH) * TEXELS
        place[crown, :, 1] = (HIGHEST - flat) * TEXELS
    return place.reshape(-1, 2), worn.ravel(), np.asarray(crowns.reshape(-1, 3), np.float32)
