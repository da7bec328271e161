"""Which part of a picture is the person: hair, head, shoulders, and what is worn on them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.network import load_network
from vasari.portrait.pixels import carried_on, polygon

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

#: Side of the net's picture, pixels.
NET_SIDE = 256
#: Probabilities below the first are background, above the second person.
BACKGROUND, PERSON = 0.12, 0.6
#: A mask is believed if it holds this share of the face, and leaves this share of the picture free.
LEAST_FACE, LEAST_BACKGROUND = 0.85, 0.03
#: The crown is so far above the face's outline, heights of the face; a cut-off head is completed by a dome
#: of this least and greatest height, in half widths of the cut, with so soft an edge, pixels.
CROWN, DOME_RANGE, EDGE_SOFT = 0.42, (0.2, 0.8), 6.0
#: The head's width at the cut, and how fast it narrows there, are read off so far below it, where the mask
#: errs less, heights of the face.
SLOPE_BETWEEN = (0.025, 0.08)
#: From this share on of its width at the cut the head is solid above it.
SOLID = 0.7
#: Hair that is cut off at a side ends this far beyond it, in sides of the picture.
HAIR_BEYOND = 0.05
#: Radius of the window in which the edge follows the picture's own, in sides of the picture; its tolerance.
EDGE_WINDOW, EDGE_TOLERANCE = 1 / 80, 2e-4


def person_matte(picture: Bytes, seen: tuple[slice, slice], face: Floats) -> Floats | None:
    """Opacity (P, P), 0..1, of the person in a picture, soft at hair; ``None`` if it cannot be told.

    Args:
        picture: (P, P, 3) RGB.
        seen: rows and columns that the photo shows; beyond them the picture is made up.
        face: (n, 2) outline of the face, pixels.
    """
    part = np.ascontiguousarray(picture[seen])
    small = cv2.resize(part, (NET_SIDE, NET_SIDE), interpolation=cv2.INTER_AREA)
    (probability,) = _net().run(["person"], {"picture": small})
    rough = np.clip((probability - BACKGROUND) / (PERSON - BACKGROUND), 0, 1)
    rough = _one_piece(cv2.resize(rough, part.shape[1::-1], interpolation=cv2.INTER_LINEAR), face, seen)
    matte = np.asarray(_edge_aware(part, rough), np.float32)
    whole = carried_on(matte, seen, picture.shape)
    inside = polygon(face, picture.shape)
    if whole[inside].mean() < LEAST_FACE or (matte < 0.5).mean() < LEAST_BACKGROUND:
        return None
    _round_off(whole, seen[0].start, face)
    _end_beside(whole, seen[1], face)
    whole = np.maximum(whole, cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.5))
    return np.asarray(whole, np.float32)


def _one_piece(rough: NDArray[np.generic], face: Floats, seen: tuple[slice, slice]) -> Floats:
    """The mask without islands: only what hangs together with the face, and holes in it filled."""
    solid = (np.asarray(rough) > 0.5).astype(np.uint8)
    _, labels = cv2.connectedComponents(solid)
    x, y = np.clip(face.mean(0) - [seen[1].start, seen[0].start], 0, np.array(solid.shape[::-1]) - 1).astype(
        int
    )
    own = (labels == labels[y, x]) & (solid > 0)
    _, holes, stats, _ = cv2.connectedComponentsWithStats((~own).astype(np.uint8))
    small = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] < 0.004 * solid.size)
    own |= np.isin(holes, small[small > 0])
    near = cv2.dilate(own.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    return np.where(own, np.maximum(rough, 0.5), np.where(near, np.minimum(rough, 0.5), 0)).astype(np.float32)


def _edge_aware(picture: Bytes, rough: Floats) -> Floats:
    """The mask's edge moved onto the picture's own edges.

    K. He, J. Sun and X. Tang, "Guided Image Filtering", PAMI 2013, with the luminance as the guide.
    """
    guide = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) / 255, np.float32)
    size = 2 * max(round(EDGE_WINDOW * max(picture.shape[:2])), 2) + 1

    def mean(x: NDArray[Any]) -> Floats:
        return np.asarray(cv2.boxFilter(x.astype(np.float32), -1, (size, size)), np.float32)

    average, target = mean(guide), mean(rough)
    slope = (mean(guide * rough) - average * target) / (mean(guide * guide) - average**2 + EDGE_TOLERANCE)
    matte = mean(slope) * guide + mean(target - slope * average)
    return np.asarray(np.clip((matte - 0.08) / 0.84, 0, 1), np.float32)


def _round_off(matte: NDArray[Any], top: int, face: Floats) -> None:
    """Where the photo cuts the head off, its made-up part above becomes a dome, in place.

    The dome is a conic that goes on from the head's width near the cut, and from how fast it narrows there.
    """
    if top == 0 or not (matte[top] > 0.5).any():
        return
    face_height = float(np.ptp(face[:, 1]))
    foot, lower = (top + max(round(share * face_height), 1) for share in SLOPE_BETWEEN)
    near, below = (np.flatnonzero(matte[min(row, len(matte) - 1)] > 0.5) for row in (foot, lower))
    if not len(near) or not len(below):
        return
    half, wider = ((row[-1] - row[0] + 1) / 2 for row in (near, below))
    crown = float(face[:, 1].min()) - CROWN * face_height
    dome = foot - top + float(np.clip(top - crown, DOME_RANGE[0] * half, DOME_RANGE[1] * half))
    slope = max(wider**2 - half**2, 0) / max(lower - foot, 1)  # of the squared half width
    if slope * dome > half**2:  # it closes sooner
        dome = half**2 / slope
    bend = (half**2 - slope * dome) / dome**2
    y, x = np.mgrid[:top, : matte.shape[1]].astype(np.float32)
    up, aside = foot - y, x - (near[0] + near[-1]) / 2
    inside = half**2 - slope * up - bend * up**2 - aside**2
    steep = np.hypot(slope + 2 * bend * up, 2 * aside)
    shape = np.clip(inside / (EDGE_SOFT * steep + 1e-6) + 0.5, 0, 1)
    solid = len(near) > SOLID * 2 * half  # then gaps between strands do not go on
    matte[:top] = shape if solid else shape * matte[:top]


def _end_beside(matte: NDArray[Any], columns: slice, face: Floats) -> None:
    """Hair that the photo cuts off at its sides soon ends beyond them, in place; shoulders go on."""
    beyond = np.arange(matte.shape[1]) + 0.5
    beyond = np.maximum(columns.start - beyond, beyond - columns.stop) / matte.shape[1]
    hair = 1 - np.clip(beyond / HAIR_BEYOND, 0, 1)
    chin = int(np.clip(face[:, 1].max(), 0, len(matte)))
    matte[:chin] *= hair[None].astype(matte.dtype)


@lru_cache(1)
def _net() -> Any:
    return load_network("person_mask.onnx")
