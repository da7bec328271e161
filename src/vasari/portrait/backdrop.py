"""What lies behind the person: the photo's background, continued where the person hides it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.portrait.border import within_border
from vasari.portrait.completion import complete
from vasari.portrait.crop import continue_outside
from vasari.portrait.matte import person_matte
from vasari.portrait.nearness import smoothstep
from vasari.portrait.pixels import carried_on, disc, grown, polygon, unit_of
from vasari.stages import stage

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

#: Opacity of the person up to which a pixel counts as background.
CLEAR = 0.02
#: This far round the face, and round the head with its ears, nothing is background, heights of the face.
AROUND_FACE, AROUND_HEAD = 0.1, 0.02
#: The background nearest to the person may carry hair and blur: it is not believed up to the first distance,
#: and up to the second only if it has nothing of the person's colour, pixels at 512.
DISTRUSTED_PX, DOUBTED_PX = 4, 14
#: Softness of the edge of what goes with the person for that, pixels at 512.
WISPS_PX = 2.0
#: What hangs on a person ends within this distance, pixels at 512.
HANGS_PX = 45
#: What differs from the background by so many times its spread there, and so many grey levels, is theirs too.
OUTLIER, LEAST_UNLIKE = 3.0, 18.0
#: Share of the person's colour in that of the background from which on it is not believed, how much of the
#: opposite is a halo left by sharpening; the person's least contrast with the background, grey levels; and
#: how far around both are looked for, pixels at 512.
STAINED, HALO, LEAST_STAIN, NEARBY_PX, AFAR_PX = 0.2, 0.08, 25.0, 10, 25
#: Depth, and blur of the mirrored background from there on, pixels at 512.
SOFTENING_PX = ((5, 1.5), (18, 5.0), (45, 12.0))
#: Detail is what differs from the mean over so many pixels, itself averaged over so many, at 512. Backgrounds
#: with less than the first level (grey) are plain or out of focus, those with the second are clear. Where no
#: place is clearer than the last share nothing is completed.
DETAIL_PX, DETAIL_AROUND_PX = 2, 30
PLAIN, CLEAR_DETAIL, LEAST_CLEAR = 0.9, 1.8, 0.05
#: Nearest to what is seen the mirror image goes on best: a clear background is completed from the first depth
#: on, wholly from the second, up to the third, fading out over the last part, pixels at 512.
MIRROR_PX, MIRROR_FADE_PX, COMPLETE_PX, COMPLETE_FADE_PX = 8, 24, 75, 20
#: From the first to the second depth a smooth fill takes over, pixels at 512.
SHARP_PX, SMOOTH_PX = 40, 100


def cut_out(
    picture: Bytes, seen: tuple[slice, slice], face: Floats, head: Floats
) -> tuple[Bytes, Bytes, bool]:
    """The person's opacity (P, P) 0..255, the picture (P, P, 3) without them, and whether they could be told.

    Args:
        picture, seen, face: as for :func:`~vasari.portrait.matte.person_matte`.
        head: (n, 2) points all over the head, pixels.

    Where they could not, everything belongs to the person. A border around the picture belongs to nobody.
    """
    proper = within_border(picture, seen)
    if proper == seen:
        return _cut_out(picture, seen, face, head)
    matte, backdrop, free = _cut_out(continue_outside(picture, proper), proper, face, head)
    if not free:
        return matte, picture, False
    border = np.ones(matte.shape, np.bool_)
    border[proper] = False
    matte[border], backdrop[border] = 0, picture[border]
    return matte, backdrop, True


def _cut_out(
    picture: Bytes, seen: tuple[slice, slice], face: Floats, head: Floats
) -> tuple[Bytes, Bytes, bool]:
    """As :func:`cut_out` without a look at borders."""
    with stage("person"):
        matte = person_matte(picture, seen, face)
    if matte is None:
        return np.full(picture.shape[:2], 255, np.uint8), picture, False
    with stage("backdrop"):
        # glasses reach beyond the face, and ears may be missed: none of that may stay behind
        height = float(np.ptp(face[:, 1]))
        around = grown(polygon(face, picture.shape), AROUND_FACE * height)
        hull = np.asarray(cv2.convexHull(head.astype(np.float32)), np.float32)[:, 0]
        around |= grown(polygon(hull, picture.shape), AROUND_HEAD * height)
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        small = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8)
        small_matte = np.asarray(cv2.resize(matte, half, interpolation=cv2.INTER_AREA), np.float32)
        small_around = cv2.resize(around.astype(np.uint8), half, interpolation=cv2.INTER_NEAREST) > 0
        low = np.zeros(small_around.shape, np.bool_)
        low[max(int(face[:, 1].mean() / 2), 0) :] = True
        missed, hidden = _missed(small, small_matte, small_around, low)
        beyond = cv2.resize(_person_beyond(matte, seen), half, interpolation=cv2.INTER_AREA) > 0
        beyond = grown(beyond, DISTRUSTED_PX * unit_of(small))
        hidden[beyond], missed[beyond] = 1, 0  # neither background nor a thing that hangs there
        backdrop = continue_background(picture, seen, hidden)
        matte = np.maximum(matte, cv2.resize(missed, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR))
    return np.asarray(np.rint(255 * matte), np.uint8), backdrop, True


def _person_beyond(matte: Floats, seen: tuple[slice, slice]) -> Bytes:
    """255 outside of what is ``seen`` where the photo's edge, which goes on there, shows the person."""
    person = np.where(matte[seen] > CLEAR, 255, 0).astype(np.uint8)
    beyond = carried_on(person, seen, matte.shape)
    beyond[seen] = 0
    return beyond


def continue_background(picture: Bytes, seen: tuple[slice, slice], hidden: Bytes) -> Bytes:
    """The picture (P, P, 3) without the person.

    Behind the outline a clear background is completed from its other parts; one that is plain or out of focus
    goes on as its own mirror image. Farther in, where no movement shows it, both fade to a smooth fill.

    Args:
        picture: (P, P, 3) RGB. seen: its rows and columns that the photo shows.
        hidden: (P / 2, P / 2) not 0 where it does not show the background.
    """
    if hidden.all():
        return picture
    half = (hidden.shape[1], hidden.shape[0])
    small = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8)
    clear = _clearness(small, hidden)
    whole = cv2.resize(hidden, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    filled = _filled(picture, seen, small, hidden, clear)
    edge = cv2.GaussianBlur(whole.astype(np.float32), (0, 0), 0.8 * unit_of(picture))[..., None]
    edge = np.where(whole[..., None] > 0, np.clip(2 * edge - 0.5, 0, 1), 0)
    result = picture + edge * (filled - picture.astype(np.float32))
    return np.asarray(np.clip(result + 0.5, 0, 255), np.uint8)


def _missed(
    picture: Bytes, matte: Floats, around: NDArray[np.bool_], low: NDArray[np.bool_]
) -> tuple[Floats, Bytes]:
    """What the matte missed of the person, opacity (H, W), and 1 where the background is not believed.

    Wisps of hair have something of the person's colour; ear-rings and what else hangs on a person stand out
    from the background around them, ``low`` at the head: higher up it is the background that has such spots.
    """
    unit = unit_of(picture)
    person = (matte > CLEAR).astype(np.uint8)
    hidden = np.asarray(cv2.dilate(person, disc(DISTRUSTED_PX * unit)), np.uint8)
    doubted = cv2.dilate(person, disc(DOUBTED_PX * unit)) | around.astype(np.uint8)
    within = np.asarray(cv2.dilate(person, disc(HANGS_PX * unit)), np.uint8)
    near, hanging = within, np.zeros_like(doubted)
    for reach in (AFAR_PX * unit, NEARBY_PX * unit):  # what hangs on the person is no background either
        clear = (near | hanging) == 0
        behind = _nearby(picture, clear, reach)
        away = picture - behind
        unlike = np.linalg.norm(away, axis=-1)
        spread = np.sqrt(_nearby((unlike**2)[..., None], clear, reach)[..., 0])
        alien = smoothstep((unlike - OUTLIER * spread - LEAST_UNLIKE) / LEAST_UNLIKE).astype(np.float32)
        hanging = cv2.dilate(_hanging((alien > 0) & (within > 0) & low, doubted, within), disc(2 * unit))
        near = doubted
    theirs = _nearby(picture, matte > 0.9, NEARBY_PX * unit) - behind
    share = (away * theirs).sum(-1) / ((theirs**2).sum(-1) + LEAST_STAIN**2)
    # a background with structure differs from place to place anyway: only one without is doubted
    unlike_plain = ((share > STAINED) | (share < -HALO) | (alien > 0)) & (_clearness(picture, hidden) < 0.5)
    stained = cv2.dilate(unlike_plain.astype(np.uint8) & doubted, disc(2 * unit)) & doubted
    # it goes with the person: where nothing has structure nobody sees it move, and wisps of hair stay
    wisps = cv2.GaussianBlur(stained.astype(np.float32), (0, 0), WISPS_PX * unit)
    missed = np.maximum(alien * (hanging > 0), wisps)
    return np.asarray(missed, np.float32), np.asarray(hidden | stained | hanging, np.uint8)


def _hanging(alien: NDArray[np.bool_], doubted: Bytes, within: Bytes) -> Bytes:
    """(H, W) 1 for those pieces of what is not like the background that begin at the person and soon end."""
    _, labels = cv2.connectedComponents(alien.astype(np.uint8))
    inside = cv2.erode(within, np.ones((3, 3), np.uint8))
    begins = np.unique(labels[doubted > 0])
    goes_on = np.unique(labels[(within > 0) & (inside == 0)])
    pieces = np.setdiff1d(begins, np.append(goes_on, 0))
    return np.isin(labels, pieces).astype(np.uint8)


def _nearby(values: NDArray[Any], where: NDArray[np.bool_], reach: float) -> Floats:
    """Mean (H, W, n) about each pixel of those values (H, W, n) that lie ``where`` (H, W)."""
    part = where.astype(np.float32)
    weight = cv2.GaussianBlur(part, (0, 0), reach)[..., None] + np.float32(1e-4)
    mean = cv2.GaussianBlur(values * part[..., None], (0, 0), reach)
    return np.asarray(mean.reshape(values.shape) / weight, np.float32)


def _filled(picture: Bytes, seen: tuple[slice, slice], small: Bytes, hidden: Bytes, clear: Floats) -> Floats:
    """The picture (P, P, 3) with the hidden part (p, p) continued from around it.

    Args:
        picture, seen, hidden: as for :func:`continue_background`. small: (p, p, 3) the picture, smaller.
        clear: (p, p) how clear the background is, 0..1.
    """
    whole = picture.shape[1::-1]
    smooth = smooth_fill(small, hidden)
    filled = np.asarray(cv2.resize(_reflected(small, hidden, smooth), whole), np.float32)
    if clear[hidden > 0].max() < LEAST_CLEAR:
        return filled
    completed = complete(picture, seen, hidden, smooth, COMPLETE_PX / 640)
    if completed is None:
        return filled
    copied, both = completed
    # light that differs from where it was copied is made good all the way in
    coarse = both.shape[::-1]
    lacking = cv2.resize(small, coarse, interpolation=cv2.INTER_AREA) - cv2.resize(
        copied, coarse, interpolation=cv2.INTER_AREA
    )
    copied += cv2.resize(smooth_fill(np.asarray(lacking, np.float32), both == 0), whole)
    depth = cv2.distanceTransform(hidden, cv2.DIST_L2, 5) / unit_of(small)
    part = clear * np.clip((COMPLETE_PX - depth) / COMPLETE_FADE_PX, 0, 1)
    part = part * smoothstep((depth.astype(np.float32) - MIRROR_PX) / (MIRROR_FADE_PX - MIRROR_PX))
    return np.asarray(
        filled + cv2.resize(part.astype(np.float32), whole)[..., None] * (copied - filled), np.float32
    )


def _clearness(picture: Bytes, hidden: Bytes) -> Floats:
    """(p, p) 0 where the background around is plain or out of focus, to 1 where it shows clear structure."""
    unit = unit_of(picture)
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)
    detail = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), DETAIL_PX * unit))
    apart = cv2.dilate(hidden, disc(2 * DETAIL_PX * unit)) == 0
    coarse = (picture.shape[1] // 4, picture.shape[0] // 4)  # a wide mean needs few places
    known = np.asarray(cv2.resize(apart.astype(np.float32), coarse, interpolation=cv2.INTER_AREA), np.float32)
    detail = np.asarray(cv2.resize(detail * apart, coarse, interpolation=cv2.INTER_AREA), np.float32)
    reach = DETAIL_AROUND_PX * unit / 4
    near = cv2.GaussianBlur(detail, (0, 0), reach) / (cv2.GaussianBlur(known, (0, 0), reach) + 1e-4)
    clear = smoothstep((near - PLAIN) / (CLEAR_DETAIL - PLAIN)).astype(np.float32)
    return np.asarray(cv2.resize(clear, picture.shape[1::-1]), np.float32)


def _reflected(picture: Bytes, hidden: NDArray[np.generic], smooth: Floats) -> Floats:
    """The picture with the hidden part continued as a mirror image of what is around it, soon blurred."""
    unit = unit_of(picture)
    depth, labels = cv2.distanceTransformWithLabels(
        np.asarray(hidden, np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    mirrored, valid = _mirrored(picture, hidden, labels)
    trust = cv2.GaussianBlur(valid.astype(np.float32), (0, 0), 2 * unit)[..., None]
    filled = smooth + trust * (mirrored - smooth)
    known = np.where(np.asarray(hidden)[..., None] > 0, filled, picture).astype(np.float32)
    for reach, blur in SOFTENING_PX:  # ever softer farther in, or the mirror's folds would show
        blurred = cv2.GaussianBlur(known, (0, 0), blur * unit)
        filled += np.clip(depth / (reach * unit), 0, 1)[..., None] * (blurred - filled)
    part = np.clip((depth - SHARP_PX * unit) / ((SMOOTH_PX - SHARP_PX) * unit), 0, 1)[..., None]
    return np.asarray(filled + part * (smooth - filled), np.float32)


def _mirrored(
    picture: Bytes, hidden: NDArray[np.generic], labels: NDArray[np.generic]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Each hidden pixel mirrored at the background pixel nearest to it, and where that shows background."""
    height, width = hidden.shape
    place_of = np.zeros((int(np.max(labels)) + 1, 2), np.float32)
    y, x = np.nonzero(np.asarray(hidden) == 0)
    place_of[np.asarray(labels)[y, x]] = np.stack([x, y], -1)
    nearest = cv2.blur(place_of[np.asarray(labels)], (5, 5))  # neighbours mirror at neighbouring places
    own = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    source = 2 * nearest - own
    inside = (source >= 0).all(-1) & (source[..., 0] < width) & (source[..., 1] < height)
    reflected = cv2.remap(picture, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)  # type: ignore[call-overload]
    lands = cv2.remap(
        np.asarray(hidden, np.uint8), source, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )  # type: ignore[call-overload]
    return np.asarray(reflected, np.float32), inside & (lands == 0)


def smooth_fill(picture: Bytes | Floats, hidden: NDArray[np.generic]) -> Floats:
    """Hidden pixels from their nearest background, ever smoother (a pyramid of normalised averages)."""
    known = (np.asarray(hidden) == 0).astype(np.float32)
    levels = [(picture * known[..., None], known)]
    while min(levels[-1][1].shape) > 4:
        colour, weight = levels[-1]
        half = (max(weight.shape[1] // 2, 1), max(weight.shape[0] // 2, 1))
        levels.append(
            (
                np.asarray(cv2.resize(colour, half, interpolation=cv2.INTER_AREA)),
                np.asarray(cv2.resize(weight, half, interpolation=cv2.INTER_AREA)),
            )
        )
    colour, weight = levels.pop()
    filled = colour / np.maximum(weight, 1e-6)[..., None]
    filled = np.where(weight[..., None] > 1e-3, filled, filled.sum((0, 1)) / max((weight > 1e-3).sum(), 1))
    while levels:
        colour, weight = levels.pop()
        coarse = cv2.resize(filled.astype(np.float32), weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
        own = colour / np.maximum(weight, 1e-6)[..., None]
        filled = coarse + np.clip(weight, 0, 1)[..., None] * (own - coarse)
    return np.asarray(filled, np.float32)
