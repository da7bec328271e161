"""What colour each sample of the visibility buffer has.

A pixel whose samples all lie on skin is looked up once, at the mean of their texture positions, a row of
them after the other; only pixels at an edge (lips, lids, outline) are shaded sample by sample. So edges are
anti-aliased at the price of the edges alone (the idea of multisampling).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.render.compiled import inlined
from vasari.render.lanes import between, channels, colour_at, four_of, lane, locate, pixel_of
from vasari.render.raster import SUPERSAMPLING

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Packed = NDArray[np.uint32]

# Columns of the vertex attributes.
U, V = 0, 1  # place in the photo, pixels
CLOSED_U, CLOSED_V = 2, 3  # place in the picture of the closed eyes, pixels
LID = 4  # how much of the closed eyes' picture the vertex takes, 0..1: at rest, when the eye is shut
ALPHA = 5  # opacity over the sheet, 0..1
LIGHT = 6  # brightness factor
RED, GREEN, BLUE = (
    7,
    8,
    9,
)  # own colour 0..255 (inside of the mouth); direction from an eyeball's centre; gain of the far side
TURNED = 10  # opacity of the far side when it has turned to the camera, 0..1
SHARE = 11  # how much of its twin's texture the far side takes, of the photo's teeth a tooth, 0..1
TWIN_U, TWIN_V = 12, 13  # place of the twin in the photo, pixels; of a tooth in the teeth's texture, texels
N_ATTRIBUTES = 14

# Kinds of surface.
SKIN, LID_LEFT, LID_RIGHT, FAR_LEFT, FAR_RIGHT, TINTED, EYE_LEFT, EYE_RIGHT, SOCKET = range(9)

#: Samples of one pixel farther apart than this in the texture lie on different folds of skin, texels.
ONE_STRETCH_PX = 12.0
#: How far below the upper lid its shadow reaches on the eyeball, pixels of a 512 picture.
LID_SHADOW_PX = 3.0
#: The upper lip's shadow on teeth and tongue: its depth, and its reach over that of a lid.
LIP_SHADOW, LIP_REACH = 0.35, 2.0
#: The photo's own teeth have part of that shadow in the photo.
OWN_SHADE = 0.6


@inlined
def _corner(size: int, x: float) -> tuple[int, float]:
    """Whole and fractional part of a place (pixel centres at .5), kept inside the picture."""
    x = min(max(x - np.float32(0.5), np.float32(0)), np.float32(size - 1.001))
    i = int(x)
    return i, x - np.float32(i)


@inlined
def _bilinear(picture: Bytes, x: float, y: float, c: int) -> float:
    """One channel of a picture at a place in pixels, edges repeated."""
    i, fy = _corner(picture.shape[0], y)
    j, fx = _corner(picture.shape[1], x)
    upper = picture[i, j, c] + fx * (np.float32(picture[i, j + 1, c]) - picture[i, j, c])
    lower = picture[i + 1, j, c] + fx * (np.float32(picture[i + 1, j + 1, c]) - picture[i + 1, j, c])
    return upper + fy * (lower - upper)


@inlined
def _look_up(picture: Bytes, x: float, y: float, colour: Floats) -> None:
    """The colour (3,) of a picture at a place in pixels, edges repeated."""
    i, fy = _corner(picture.shape[0], y)
    j, fx = _corner(picture.shape[1], x)
    w11 = fx * fy
    w01, w10 = fx - w11, fy - w11
    w00 = np.float32(1) - fx - w10
    for c in range(3):
        colour[c] = (
            w00 * picture[i, j, c] + w01 * picture[i, j + 1, c]
            + w10 * picture[i + 1, j, c] + w11 * picture[i + 1, j + 1, c]
        )  # fmt: skip


@inlined
def _fold(creases: Floats, scale: float, u: float, v: float) -> float:
    """Brightness factor of the folds at a place in the texture."""
    if scale == 0:
        return np.float32(1)
    i, fy = _corner(creases.shape[0], v * scale)
    j, fx = _corner(creases.shape[1], u * scale)
    upper = creases[i, j] + fx * (creases[i, j + 1] - creases[i, j])
    lower = creases[i + 1, j] + fx * (creases[i + 1, j + 1] - creases[i + 1, j])
    return np.float32(1) + upper + fy * (lower - upper)


@inlined
def _sample(
    f: int,
    w1: float,
    w2: float,
    kind: int,
    triangles: Ints,
    attributes: Floats,
    photo: Packed,
    closed: Packed,
    overlay: Packed,
    teeth: Bytes,
    eye_textures: Bytes,
    eye_turns: Floats,
    closing: Floats,
    photographed: Floats,
    creases: Floats,
    crease_scale: float,
    shadow: float,
    colour: Floats,
    other: Floats,
) -> float:
    """Colour of one sample into ``colour`` (3,), with ``other`` (3,) to work in; returns its opacity."""
    i, j, m = triangles[f, 0], triangles[f, 1], triangles[f, 2]
    w0 = np.float32(1) - w1 - w2
    u = w0 * attributes[i, U] + w1 * attributes[j, U] + w2 * attributes[m, U]
    v = w0 * attributes[i, V] + w1 * attributes[j, V] + w2 * attributes[m, V]
    light = w0 * attributes[i, LIGHT] + w1 * attributes[j, LIGHT] + w2 * attributes[m, LIGHT]
    if kind in (EYE_LEFT, EYE_RIGHT):
        eye = kind - EYE_LEFT
        _eye(f, w0, w1, w2, eye, triangles, attributes, eye_textures, eye_turns[eye], colour)
        # lashes' shade and the lens' reflection stay with the socket while the eye turns; shut, both are gone
        open_ = np.float32(1) - closing[eye]
        slit = np.float32(1) - closing[eye] * np.float32(0.45) * (shadow + closing[eye])
        light *= slit - np.float32(0.15) * shadow
        colour_at(overlay[0], u, v, other)
        for c in range(3):
            shade = np.float32(1) + open_ * (other[c] * np.float32(1 / 128) - np.float32(1))
            colour[c] *= shade * light
        colour_at(overlay[1], u, v, other)
        gleam = open_ * other[0]
        own = max(photographed[eye] * other[1], other[2]) * np.float32(1 / 255)
        for c in range(3):
            colour[c] += gleam * (np.float32(1) - min(colour[c] * np.float32(1 / 255), np.float32(1)))
        if own > 0:
            colour_at(photo, u, v, other)
            for c in range(3):
                colour[c] += own * (other[c] * slit - colour[c])
        return np.float32(1)
    if kind == TINTED:
        for c in range(3):
            t = w0 * attributes[i, RED + c] + w1 * attributes[j, RED + c] + w2 * attributes[m, RED + c]
            colour[c] = t
        own = w0 * attributes[i, SHARE] + w1 * attributes[j, SHARE] + w2 * attributes[m, SHARE]
        if own > 0:
            tu = w0 * attributes[i, TWIN_U] + w1 * attributes[j, TWIN_U] + w2 * attributes[m, TWIN_U]
            tv = w0 * attributes[i, TWIN_V] + w1 * attributes[j, TWIN_V] + w2 * attributes[m, TWIN_V]
            own *= _bilinear(teeth, tu, tv, 3) * np.float32(1 / 255)
            for c in range(3):
                colour[c] += own * (_bilinear(teeth, tu, tv, c) - colour[c])
        light *= np.float32(1) - LIP_SHADOW * shadow * (np.float32(1) - OWN_SHADE * own)
        for c in range(3):
            colour[c] *= light
        return np.float32(1)
    colour_at(photo, u, v, colour)
    if kind in (FAR_LEFT, FAR_RIGHT):
        part = w0 * attributes[i, SHARE] + w1 * attributes[j, SHARE] + w2 * attributes[m, SHARE]
        if part > 0:
            tu = w0 * attributes[i, TWIN_U] + w1 * attributes[j, TWIN_U] + w2 * attributes[m, TWIN_U]
            tv = w0 * attributes[i, TWIN_V] + w1 * attributes[j, TWIN_V] + w2 * attributes[m, TWIN_V]
            colour_at(photo, tu, tv, other)
            for c in range(3):
                g = w0 * attributes[i, RED + c] + w1 * attributes[j, RED + c] + w2 * attributes[m, RED + c]
                colour[c] += part * (min(g * other[c], np.float32(255)) - colour[c])
    if SKIN < kind <= FAR_RIGHT:
        part = w0 * attributes[i, LID] + w1 * attributes[j, LID] + w2 * attributes[m, LID]
        if part > 0:
            cu = w0 * attributes[i, CLOSED_U] + w1 * attributes[j, CLOSED_U] + w2 * attributes[m, CLOSED_U]
            cv = w0 * attributes[i, CLOSED_V] + w1 * attributes[j, CLOSED_V] + w2 * attributes[m, CLOSED_V]
            colour_at(closed, cu, cv, other)
            for c in range(3):
                colour[c] += part * (other[c] - colour[c])
    light *= _fold(creases, crease_scale, u, v)
    for c in range(3):
        colour[c] *= light
    return w0 * attributes[i, ALPHA] + w1 * attributes[j, ALPHA] + w2 * attributes[m, ALPHA]


@inlined
def _eye(
    f: int,
    w0: float,
    w1: float,
    w2: float,
    eye: int,
    triangles: Ints,
    attributes: Floats,
    textures: Bytes,
    turn: Floats,
    colour: Floats,
) -> None:
    """Colour of a point of an eyeball, by its direction from the eye's centre after turning the eye.

    The texture is a Lambert azimuthal equal-area map of the hemisphere about the pupil.
    """
    i, j, m = triangles[f, 0], triangles[f, 1], triangles[f, 2]
    x = w0 * attributes[i, RED] + w1 * attributes[j, RED] + w2 * attributes[m, RED]
    y = w0 * attributes[i, GREEN] + w1 * attributes[j, GREEN] + w2 * attributes[m, GREEN]
    z = w0 * attributes[i, BLUE] + w1 * attributes[j, BLUE] + w2 * attributes[m, BLUE]
    inverse = np.float32(1) / np.sqrt(x * x + y * y + z * z)
    ex = (turn[0, 0] * x + turn[0, 1] * y + turn[0, 2] * z) * inverse
    ey = (turn[1, 0] * x + turn[1, 1] * y + turn[1, 2] * z) * inverse
    ez = (turn[2, 0] * x + turn[2, 1] * y + turn[2, 2] * z) * inverse
    k = np.float32(1) / np.sqrt(np.float32(1) + max(ez, np.float32(0)))
    half = np.float32(textures.shape[1]) * np.float32(0.5)
    _look_up(textures[eye], half * (1 + ex * k), half * (1 - ey * k), colour)


@njit(cache=True, nogil=True, fastmath=True)
def shade(
    owner: Ints,
    plane: Floats,
    skin: Floats,
    triangles: Ints,
    kinds: Bytes,
    attributes: Floats,
    photo: Packed,
    closed: Packed,
    overlay: Packed,
    teeth: Bytes,
    eye_textures: Bytes,
    eye_turns: Floats,
    closing: Floats,
    photographed: Floats,
    creases: Floats,
    crease_scale: float,
    folded: Floats,
    shadow_px: float,
    box: Ints,
    skin_count: int,
    plain_count: int,
    picture: Packed,
) -> None:
    """Shade the visibility buffer over what is already in ``picture``.

    Args:
        owner, plane, box: as left by :func:`vasari.render.raster.rasterise`. skin: by :func:`skin_planes`.
        triangles: (F, 3) vertex ids. kinds: (F,) kind of surface of each.
        attributes: (V, N_ATTRIBUTES), columns as named in this file.
        photo, closed: (S, S) the portrait, packed, and the same with the eyes shut.
        teeth: (h, w, 4) the photo's own (:mod:`vasari.portrait.own_teeth`).
        overlay: (2, S, S) what stays over the eyeballs (see :mod:`vasari.portrait.eyeballs`), packed.
        eye_textures: (2, E, E, 3) left, right eyeball. eye_turns: (2, 3, 3) head to eye rotation.
        closing: (2,) how far each eye is shut, 0..1.
        photographed: (2,) how far each eye is seen as the photo has it, 0..1.
        creases: (h, w) change of the skin's brightness by folds. crease_scale: its pixels per texel; 0: none.
        folded: (4,) left, top, right, bottom of where there are any, texels.
        shadow_px: reach of an upper lid's shadow, pixels.
        skin_count: so many triangles, the first ones, are skin (``FAR_RIGHT`` or less).
        plain_count: and so many, the first of these, show it as in the photo.
        picture: (H, W) packed RGB, changed in place.
    """
    height, width = owner.shape[0] // SUPERSAMPLING, owner.shape[1] // SUPERSAMPLING
    colour, other, total = np.empty(3, np.float32), np.empty(3, np.float32), np.empty(4, np.float32)
    plain = np.empty((4, width), np.float32)  # pixels of skin as in the photo: texture place, light, opacity
    columns, at = np.empty(width, np.int32), np.empty(width, np.int32)
    first_row = np.full((3, width), -1000, np.int32)  # where in each column either eye, or the mouth, begins
    low, high, one = np.float32(0.25), np.float32(0.75), np.float32(1)
    for row in range(height):
        count = 0
        for column in range(width):
            s0, s1 = owner[2 * row, 2 * column], owner[2 * row, 2 * column + 1]
            s2, s3 = owner[2 * row + 1, 2 * column], owner[2 * row + 1, 2 * column + 1]
            if s0 < 0 and s1 < 0 and s2 < 0 and s3 < 0:
                continue
            x, y = np.float32(box[0] + column), np.float32(box[1] + row)
            greatest = max(np.uint32(s0), np.uint32(s1), np.uint32(s2), np.uint32(s3))
            smooth = s0 == s1 and s0 == s2 and s0 == s3
            if greatest < skin_count:
                # the middle of two opposite samples is the middle of the pixel
                here, there = _skin_at(skin, s0, x + low, y + low), _skin_at(skin, s3, x + high, y + high)
                apart = here - there
                stretch = abs(lane(apart, 0)) + abs(lane(apart, 1)) < np.float32(ONE_STRETCH_PX)
                if stretch and greatest < plain_count:
                    mean = (here + there) * np.float32(0.5)
                    plain[0, count], plain[1, count] = lane(mean, 0), lane(mean, 1)
                    plain[2, count], plain[3, count] = lane(mean, 2), lane(mean, 3)
                    columns[count] = box[0] + column
                    count += 1
                    continue
                least = min(s0, s1, s2, s3)
                smooth = smooth or (
                    stretch and kinds[np.uint64(least)] == kinds[np.uint64(greatest)] >= FAR_LEFT
                )
            # one triangle, or one stretch of the far side: looked up in the middle, or twice around it
            samples, alone = (s0, s1, s2, s3), smooth and s0 == s3
            step, part = (4, one) if alone else (3, np.float32(0.5)) if smooth else (1, np.float32(0.25))
            total[:] = 0
            alpha = np.float32(0)
            for k in range(0, 4, step):
                f = samples[k]
                if f < 0:
                    continue
                px = x + (np.float32(0.5) if alone else low + np.float32(0.5) * np.float32(k % 2))
                py = y + (np.float32(0.5) if alone else low + np.float32(0.5) * np.float32(k // 2))
                w1 = plane[f, 0] * px + plane[f, 1] * py + plane[f, 2]
                w2 = plane[f, 3] * px + plane[f, 4] * py + plane[f, 5]
                kind = kinds[f]
                shadow = np.float32(0)
                if kind in (TINTED, EYE_LEFT, EYE_RIGHT):
                    hole = kind - TINTED
                    if first_row[hole, column] < 0:
                        first_row[hole, column] = row
                    reach = np.float32(shadow_px if hole > 0 else LIP_REACH * shadow_px)
                    shadow = np.exp(np.float32(first_row[hole, column] - row) / reach)
                a = _sample(
                    f, w1, w2, kind, triangles, attributes, photo, closed, overlay, teeth,
                    eye_textures, eye_turns, closing, photographed, creases, crease_scale, shadow,
                    colour, other,
                )  # fmt: skip
                a *= part
                alpha += a
                for c in range(3):
                    total[c] += a * colour[c]
            i, j = np.uint64(box[1] + row), np.uint64(box[0] + column)
            picture[i, j] = pixel_of(four_of(total, 0) + channels(picture[i, j]) * (one - alpha))
        _lay_skin(
            photo, plain, columns, count, creases, crease_scale, folded, at, picture, box[1] + row
        )  # fmt: skip


@inlined
def _lay_skin(
    photo: Packed,
    plain: Floats,
    columns: Ints,
    count: int,
    creases: Floats,
    crease_scale: float,
    folded: Floats,
    at: Ints,
    picture: Packed,
    row: int,
) -> None:
    """Lay ``count`` pixels of skin over a row of the picture.

    Args:
        plain: (4, n) texture place, light and opacity of each, changed. columns: (n,) where it is.
        at: (n,) to work in.
    """
    u, v, light, alpha = plain[0], plain[1], plain[2], plain[3]
    left, top, right, bottom = folded
    for k in range(count):
        if left < u[k] < right and top < v[k] < bottom:
            light[k] *= _fold(creases, crease_scale, u[k], v[k])
    width = photo.shape[1]
    locate(u, v, count, width, photo.shape[0], at)
    for k in range(count):
        i, j = np.uint64(row), np.uint64(columns[k])
        colour = between(photo, width, at[k], u[k], v[k]) * (light[k] * alpha[k])
        picture[i, j] = pixel_of(colour + channels(picture[i, j]) * (np.float32(1) - alpha[k]))


@inlined
def _skin_at(skin: Floats, f: int, x: float, y: float) -> Any:
    """Texture place, light and opacity ``FOUR`` of a triangle of skin at a place in the picture."""
    start = 12 * np.int64(f)
    return four_of(skin, start) * x + four_of(skin, start + 4) * y + four_of(skin, start + 8)


@njit(cache=True, nogil=True, fastmath=True)
def skin_planes(
    drawn: Ints, plane: Floats, triangles: Ints, kinds: Bytes, attributes: Floats, skin: Floats
) -> None:
    """Texture place, light and opacity of skin triangles as ``a x + b y + c`` over the picture.

    Args:
        drawn: (n,) numbers of the triangles. plane: (F, 6) as left by the rasteriser.
        triangles, kinds, attributes: as for :func:`shade`.
        skin: (F, 3, 4) filled for the drawn triangles of skin.
    """
    columns = (U, V, LIGHT, ALPHA)
    for n in range(len(drawn)):
        f = drawn[n]
        if kinds[f] > FAR_RIGHT:
            continue
        i, j, m = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        for k in range(4):
            c = columns[k]
            origin = attributes[i, c]
            d1, d2 = attributes[j, c] - origin, attributes[m, c] - origin
            skin[f, 0, k] = d1 * plane[f, 0] + d2 * plane[f, 3]
            skin[f, 1, k] = d1 * plane[f, 1] + d2 * plane[f, 4]
            skin[f, 2, k] = d1 * plane[f, 2] + d2 * plane[f, 5] + origin
