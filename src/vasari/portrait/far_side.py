"""The side of the face that a three-quarter photo hides, borrowed from the side it shows.

Faces are nearly symmetric: a vertex the camera did not see takes its texture from its mirror twin, in the
light of its own side.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.model import HeadModel
from vasari.portrait.nearness import neighbours, smoothstep
from vasari.portrait.pixels import look_up
from vasari.render.raster import SUPERSAMPLING, rasterise

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

#: How well a place is seen is the cosine between its normal and the view; badly up to the first, ...
BADLY_SEEN, WELL_SEEN = 0.15, 0.5
#: ... and its twin must be better seen by so much at least: not at all up to, wholly from.
BETTER_FROM, BETTER_TO = 0.12, 0.35
#: Faces turned less than this (degrees) hide too little to borrow anything; wholly from the second on.
TURNED_FROM, TURNED_TO = 8, 16
#: Something this far in front of a vertex hides it, cm.
HIDING = 0.25
#: What is next to something hidden is not trusted either: so many rings of triangles.
RINGS = 3
#: Rounds of averaging over neighbours that widen the seam.
SEAM = 8
#: Light is compared where a place of the far side and its twin are seen at least so well, over this width,
#: heights of the face, ...
LIT, TWIN_LIT, LIGHT_BLUR = 0.3, 0.42, 0.012
#: ... and so many of them are carried so far beyond, cm; of its colour only a part is believed.
LIGHT_PLACES, LIGHT_REACH, LIGHT_CHROMA = 64, 2.0, 0.4
#: The far side may be this much darker or brighter than the lamp would have it.
GAIN_RANGE = (0.2, 1.25)
#: Side of the small picture in which hiding is found out, pixels.
_SIDE = 192


@dataclass(frozen=True)
class FarSide:
    """What is borrowed from the other side.

    Attributes:
        share: (V,) of the twin's texture, 0..1, once the vertex has turned towards the camera.
        twin: (V,) the vertex opposite.
        gain: (V, 3) colour factors from the twin's light to the vertex' own, beyond what the lamp explains.
        side: the hidden side, -1 or 1 as the sign of x in the picture, times how much is hidden, 0..1.
    """

    share: Floats
    twin: Ints
    gain: Floats
    side: float


def borrow_far_side(
    model: HeadModel,
    photo: Floats,
    normals: Floats,
    light: Floats,
    uv: Floats,
    picture: Bytes,
    height: float,
    yaw: float,
) -> FarSide:
    """Find what the camera did not see, and what of the other side may stand for it.

    Args:
        model: the head model. photo: (V, 3) vertices in camera space, cm. normals: (V, 3).
        light: (V,) of the lamp on them.
        uv: (V, 2) places of the vertices in the picture (P, P, 3), pixels. height: of the face, pixels.
        yaw: of the head against the view, degrees; positive if its left ear is nearer.
    """
    twin = twins(model)
    quality = _seen(model, photo, normals, uv, picture.shape[0])
    better = smoothstep((quality[twin] - quality - BETTER_FROM) / (BETTER_TO - BETTER_FROM))
    badly = 1 - smoothstep((quality - BADLY_SEEN) / (WELL_SEEN - BADLY_SEEN))
    skin = np.zeros(len(photo))
    skin[np.unique(model.part_triangles("skin"))] = 1
    turned = float(smoothstep(np.array((abs(yaw) - TURNED_FROM) / (TURNED_TO - TURNED_FROM))))
    share = turned * better * badly * skin
    share = np.maximum(share, _spread(model.part_triangles("skin"), share))
    gain = np.ones((len(photo), 3), np.float32)
    if share.any():
        gain = _gain(photo, uv, twin, quality, light, picture, LIGHT_BLUR * height)
    return FarSide(share.astype(np.float32), twin, gain, -turned * float(np.sign(yaw)))


def _spread(triangles: Ints, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (V,) averaged with their neighbours', ``SEAM`` times: seams run softly into what was seen."""
    count = np.maximum(np.bincount(triangles.ravel(), minlength=len(values)), 1)
    for _ in range(SEAM):
        mean = np.repeat(values[triangles].mean(1), 3)
        values = np.bincount(triangles.ravel(), mean, len(values)) / count
    return values


def twins(model: HeadModel) -> Ints:
    """(V,) the vertex opposite to each in the middle plane of the head."""
    return neighbours(model.neutral, model.neutral * [-1, 1, 1], 1)[1][:, 0].astype(np.int32)


def _seen(model: HeadModel, photo: Floats, normals: Floats, uv: Floats, side: int) -> Floats:
    """(V,) cosine between normal and view, 0 where something else is in front."""
    view = -photo / np.linalg.norm(photo, axis=1, keepdims=True)
    facing = np.einsum("vc,vc->v", normals, view)
    places = (uv * (_SIDE / side)).astype(np.float32)
    skin = model.part_triangles("skin")
    samples = (SUPERSAMPLING * _SIDE, SUPERSAMPLING * _SIDE)
    depth, owner = np.empty(samples, np.float32), np.empty(samples, np.int32)
    rasterise(
        places,
        photo[:, 2].copy(),
        skin,
        np.arange(len(skin), dtype=np.int32),
        np.zeros(len(skin), np.uint8),
        np.array([[0, 0, _SIDE, _SIDE]], np.float32),
        np.array([0, 0, _SIDE, _SIDE], np.int32),
        depth,
        owner,
        np.empty((len(skin), 6), np.float32),
        np.empty(len(skin), np.int32),
    )
    column, row = np.clip(SUPERSAMPLING * places, 0, samples[0] - 1).astype(int).T
    hidden = depth[row, column] > photo[:, 2] + HIDING
    seen = np.where(hidden, 0, np.maximum(facing, 0)).astype(np.float32)
    for _ in range(RINGS):
        least = seen[skin].min(1)
        for corner in skin.T:
            np.minimum.at(seen, corner, least)
    return seen


def _gain(
    photo: Floats, uv: Floats, twin: Ints, quality: Floats, light: Floats, picture: Bytes, blur: float
) -> Floats:
    """(V, 3) brightness of each place over that of its twin, as far as the lamp does not explain it.

    Known where both are seen, and carried outward.
    """
    both = np.flatnonzero((quality > LIT) & (quality[twin] > TWIN_LIT) & (twin != np.arange(len(twin))))
    if len(both) < 16:
        return np.ones((len(photo), 3), np.float32)
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8)
    colour = look_up(soft, uv[None])[0].astype(np.float32) + 4
    ratio = np.log(colour / colour[twin]) - np.log(light / light[twin])[:, None]
    ratio = np.clip(ratio, *np.log(GAIN_RANGE))
    distance, near = neighbours(photo[both], photo, min(LIGHT_PLACES, len(both)))
    weight = np.exp(-((distance - distance[:, :1]) / LIGHT_REACH)) * quality[both][near]
    mean = np.einsum("vk,vkc->vc", weight, ratio[both][near]) / weight.sum(1, keepdims=True)
    grey = mean.mean(1, keepdims=True)
    return np.asarray(np.exp(grey + LIGHT_CHROMA * (mean - grey)), np.float32)
