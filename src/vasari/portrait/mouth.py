"""Colours of the inside of the mouth, chosen to belong to this photo."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.model import HeadModel
from vasari.portrait.nearness import neighbours, smoothstep
from vasari.portrait.pixels import box, grown, polygon, unit_of
from vasari.portrait.rig import lips_parted
from vasari.portrait.teeth_row import SIDES
from vasari.stages import stage

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

IVORY = np.array([238, 228, 208], np.float32)
#: Skin in white light, and how far its deviation is the light's.
USUAL_SKIN = np.array([205, 158, 136], np.float32)
LIGHT_ON_TEETH = 0.5
#: Teeth are this bright compared with the photo's bright skin.
TEETH_LUMINANCE = 1.08
#: Between parted lips there are teeth if at least so many pixels are at least so bright, over the skin.
LEAST_TEETH_PX, SEEN_TEETH = 60, 0.75
#: The lower row lies in the shade of the upper one.
LOWER_TEETH = 0.82
#: Teeth from this far behind the front ones take the colour of flesh, up to a share over a depth, cm.
FRONT_TEETH_DEPTH, BACK_TEETH, BACK_TEETH_DEPTH = 0.4, 0.8, 1.8
#: Brightness of crowns from the middle incisor to the second molar; colour of their necks and edges.
CROWN_LIGHT = np.array([1.0, 0.97, 0.93, 0.95, 0.95, 0.93, 0.92], np.float32)
NECK, EDGE = np.array([0.97, 0.91, 0.84]), np.array([0.93, 0.95, 0.97])
#: Lining of the lips: this far in (cm) the lip's colour has become that of the cavity.
LINING_DEPTH = 1.1
#: The groove of the tongue: its shade and its width, cm. Its tip is paler, by a share over a length, cm.
GROOVE, GROOVE_WIDTH = 0.12, 0.35
PALE_TIP, PALE_REACH = 0.25, 3.0
#: ... and its root lies in the shade, from and to so far behind the tip, cm.
DARK_ROOT, ROOT = 0.65, (0.8, 4.5)
#: How far into the lips the colours between them bleed, pixels at 512.
RIM_INSET_PX = 2.0
#: In drawings: colour of teeth; of the tongue over that of a shaded one, of the mouth behind over that.
DRAWN_TEETH, DRAWN_TONGUE, DRAWN_MOUTH = 245.0, np.array([0.85, 0.55, 0.55], np.float32), 0.45
GUMS = ("gums_upper", "gums_lower")
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@stage("mouth")
def mouth_tints(model: HeadModel, photo: Floats, picture: Bytes, uv: Floats, skin_pixels: Bytes) -> Floats:
    """Own colours (V, 3), 0..255, of lips' lining, gums, teeth and tongue (zero elsewhere).

    Args:
        model: the head model.
        photo: (V, 3) vertices in camera space, cm.
        picture: (P, P, 3) RGB. uv: (V, 2) the vertices' place in it, pixels.
        skin_pixels: (n, 3) colours of the cheeks.

    Teeth have the colour of those the photo shows; else they follow its light and tone (a
    black-and-white photo gets grey teeth). Soft parts derive from the colour of the lips.
    """
    lips = _colours_at(picture, uv[_outer_lips(model)])
    skin = np.median(skin_pixels, 0).astype(np.float32)
    lip = _living(np.median(lips, 0), skin)
    saturation = float(np.clip((skin.max() - skin.min()) / 70, 0, 1))
    tints = np.zeros((model.n_vertices, 3), np.float32)
    teeth = _seen_teeth(model, picture, uv, skin)
    if teeth is None:
        teeth = _teeth(skin_pixels, saturation)
    crown = teeth * _crowns()
    tints[model.groups["teeth_upper"]] = crown
    tints[model.groups["teeth_lower"]] = LOWER_TEETH * crown
    flesh = _tone(lip, np.array([1.12, 0.80, 0.80], np.float32), saturation)
    for row in ("teeth_upper", "teeth_lower"):  # back teeth lie in light that cheeks and tongue have coloured
        ids = model.groups[row]
        behind = model.neutral[ids, 2].max() - model.neutral[ids, 2:]
        part = BACK_TEETH * np.clip((behind - FRONT_TEETH_DEPTH) / BACK_TEETH_DEPTH, 0, 1)
        tints[ids] += part * (0.6 * flesh - tints[ids])
    for gums in GUMS:
        tints[model.groups[gums]] = 0.92 * flesh
    tints[model.groups["tongue"]] = _tongue(
        model, _tone(lip, np.array([1.5, 1.2, 1.24], np.float32), saturation)
    )
    _line_mouth(
        tints, model, photo, picture, uv, _tone(lip, np.array([0.9, 0.56, 0.56], np.float32), saturation)
    )
    return tints


def flatten_mouth(model: HeadModel, tints: Floats) -> None:
    """One colour a part, as drawings have it; of the teeth only the upper ones. Changes ``tints`` (V, 3)."""
    tongue = model.groups["tongue"]
    tints[tongue] = np.median(tints[tongue], 0).clip(0, 255) * DRAWN_TONGUE
    tints[model.groups["teeth_upper"]] = DRAWN_TEETH
    rims = np.concatenate([model.groups["lip_upper_rim"], model.groups["lip_lower_rim"]])
    behind = [np.setdiff1d(model.groups["mouth"], rims), *(model.groups[g] for g in (*GUMS, "teeth_lower"))]
    tints[np.concatenate(behind)] = DRAWN_MOUTH * tints[tongue[0]]


def _crowns() -> Floats:
    """How a row's vertices (n, 3) differ from its colour: canines deeper, necks warmer, edges clearer."""
    rings = np.repeat(np.stack([NECK, NECK, [1, 1, 1], [1, 1, 1], EDGE, EDGE]), SIDES, 0)
    crown = np.concatenate([rings, [EDGE]])
    kinds = np.repeat(CROWN_LIGHT, 2)[:, None, None]  # right and left
    warm = np.array([0.4, 1.0, 2.0])  # what is darker is more so in the blue
    return np.asarray((crown * kinds**warm).reshape(-1, 3), np.float32)


def _living(lip: Floats, skin: Floats) -> Floats:
    """The lips' colour, unless a beard or a deep shade hides it: then a guess from the skin's."""
    guess = skin * np.array([0.60, 0.50, 0.52], np.float32)
    trust = np.clip((lip @ _LUMA) / (guess @ _LUMA) * 2 - 0.7, 0, 1)
    return np.asarray(guess + trust * (lip - guess), np.float32)


@stage("mouth")
def lips_alone(model: HeadModel, picture: Bytes, uv: Floats, landmarks: Floats) -> tuple[Bytes, Ints]:
    """A patch (h, w, 3) for the picture and its column and row (2,): lips without what shows between them.

    The rims of parted lips are drawn with the colours next to them in the photo; in the patch the lips' own
    go on there. It is empty where lips are shut.

    Args:
        model: the head model. picture: (P, P, 3). uv: (V, 2) pixels. landmarks: (468, 2) pixels.
    """
    if not lips_parted(landmarks):
        return np.zeros((0, 0, 3), np.uint8), np.zeros(2, np.int32)
    unit = unit_of(picture)
    outline = np.concatenate([uv[model.groups["lip_upper_rim"]], uv[model.groups["lip_lower_rim"]][::-1]])
    rows, columns = box(outline, picture.shape, 12 * unit)
    place = np.array([columns.start, rows.start], np.int32)
    patch = picture[rows, columns]
    between = grown(polygon((outline - place).astype(np.float32), patch.shape), RIM_INSET_PX * unit)
    _, nearest = cv2.distanceTransformWithLabels(
        between.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    colours = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    colours[nearest[~between]] = patch[~between]
    spread = np.where(between[..., None], colours[nearest], patch)
    soft = cv2.GaussianBlur(spread, (0, 0), 1.5 * unit)
    return np.asarray(np.where(between[..., None], soft, patch), np.uint8), place


def _seen_teeth(model: HeadModel, picture: Bytes, uv: Floats, skin: Floats) -> Floats | None:
    """Colour (3,) of the teeth that show between the lips of the photo, if enough of them do."""
    outline = np.concatenate([uv[model.groups["lip_upper_rim"]], uv[model.groups["lip_lower_rim"]][::-1]])
    between = picture[grown(polygon(outline, picture.shape), -2.5 * unit_of(picture))].astype(np.float32)
    if len(between) < LEAST_TEETH_PX:
        return None
    luminance = between @ _LUMA
    bright = between[luminance >= np.quantile(luminance, 0.6)]
    colour = np.median(bright, 0)
    if colour @ _LUMA < SEEN_TEETH * (skin @ _LUMA):  # an open mouth, but dark: no teeth in sight
        return None
    return np.asarray(np.clip(colour * 1.08, 0, 250), np.float32)


def _teeth(skin_pixels: Bytes, saturation: float) -> Floats:
    bright = np.quantile(skin_pixels @ _LUMA, 0.85)
    skin = np.median(skin_pixels, 0)
    # skin tells the colour of the light (or of an old varnish), which falls on the teeth as well
    light = (skin / (skin @ _LUMA)) / (USUAL_SKIN / (USUAL_SKIN @ _LUMA))
    chroma = IVORY / (IVORY @ _LUMA) * np.clip(light, 0.5, 1.6) ** LIGHT_ON_TEETH
    chroma /= chroma @ _LUMA
    chroma = 1 + saturation * (chroma - 1)
    return np.asarray(np.clip(max(TEETH_LUMINANCE * bright, 95.0) * chroma, 0, 245), np.float32)


def _tone(colour: Floats, factor: Floats, saturation: float) -> Floats:
    """Colour times factor; the hue of the factor only as far as the photo has colours."""
    grey = float(factor @ _LUMA)
    return np.asarray(colour * (grey + saturation * (factor - grey)), np.float32)


def _line_mouth(
    tints: Floats, model: HeadModel, photo: Floats, picture: Bytes, uv: Floats, cavity: Floats
) -> None:
    """Inner lips take the colour of the nearest visible lip, fading to the cavity's further in."""
    rims = np.unique(np.concatenate([model.groups["lip_upper_rim"], model.groups["lip_lower_rim"]]))
    lining = np.unique(np.concatenate([model.groups["mouth"], rims]))
    rim_colour = _colours_at(picture, _pull_outward(model, uv, rims))
    distance, nearest = neighbours(photo[rims], photo[lining], 4)
    weight = 1 / (distance + 0.05)
    near = (rim_colour[nearest] * weight[..., None]).sum(1) / weight.sum(1, keepdims=True)
    part = np.clip(distance[:, :1] / LINING_DEPTH, 0, 1) ** 0.8
    tints[lining] = near + part * (cavity - near)


def _pull_outward(model: HeadModel, uv: Floats, rims: NDArray[np.int32], share: float = 0.25) -> Floats:
    """Where on the red of the lips the rim's colour is read: a little off the dark line between them."""
    lips = _outer_lips(model)
    upper = np.isin(rims, model.groups["lip_upper_rim"])
    middle = uv[lips].mean(0)
    height = np.ptp(uv[lips][:, 1])
    moved = uv[rims].copy()
    moved[:, 1] += np.where(upper, -1, 1) * share * 0.5 * height
    moved[:, 0] += 0.05 * (middle[0] - moved[:, 0])
    return moved


def _outer_lips(model: HeadModel) -> NDArray[np.int32]:
    rims = np.concatenate([model.groups["lip_upper_rim"], model.groups["lip_lower_rim"]])
    return np.setdiff1d(model.groups["lips"], np.concatenate([rims, model.groups["mouth"]])).astype(np.int32)


def _colours_at(picture: Bytes, place: Floats) -> Floats:
    x = np.clip(place[:, 0].astype(int), 0, picture.shape[1] - 1)
    y = np.clip(place[:, 1].astype(int), 0, picture.shape[0] - 1)
    return np.asarray(picture[y, x], np.float32)


def _tongue(model: HeadModel, colour: Floats) -> Floats:
    """Colours (n, 3) of the tongue: paler towards the tip, darker in the groove and at the root."""
    x, _, z = model.neutral[model.groups["tongue"]].T
    groove = GROOVE * np.exp(-((x / GROOVE_WIDTH) ** 2))
    pale = PALE_TIP * np.clip(1 - (z.max() - z) / PALE_REACH, 0, 1)
    grey = float(colour @ _LUMA)
    tinted = colour + pale[:, None] * (1.1 * grey - colour)
    shade = 1 - DARK_ROOT * smoothstep((z.max() - z - ROOT[0]) / (ROOT[1] - ROOT[0]))
    return np.asarray(tinted * (shade * (1 - groove))[:, None], np.float32)
