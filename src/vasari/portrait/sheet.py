"""The sheet: hair, ears, neck and torso as one elastic picture behind the face.

A coarse grid over the picture. Each knot has a depth (from the head where it covers the knot, spread
smoothly beyond), a share in the head's movement, and a share in the expressions of the face next to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera, rotation_matrix
from vasari.portrait.nearness import neighbours, smoothstep

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

#: Knots along each side of the grid.
KNOTS = 57
#: Depth behind the outline of the face is flattened to this share: ears at full depth would swing out.
DEPTH_BEHIND_FACE = 0.55
#: Hair and hat beside the far outline of a turned head go back with its hidden side, so that they stay beside
#: the outline when that side turns to the camera: wholly at this turn (degrees), from this far out on, and by
#: as much as the outline there moves; heights of outlines are told apart by so much, heights of the face.
RETREAT_TURN, FAR_WIDTH, FAR_STEP = 15, 0.16, 0.06
#: The head, as an ellipse in heights of the face; its share in the movement falls from here to here.
HEAD_ELLIPSE = (0.62, 0.85)
FALL_FROM, FALL_TO = 1.25, 2.5
#: ... but a person who is told from the background moves as a whole above the chin, this far out.
WHOLE_FROM, WHOLE_TO = 2.4, 3.4
#: Share of the torso in the head's turns, and in its way up, down and aside: shoulders sway and breathe.
TORSO, SWAY = 0.05, 0.6
#: Shoulders that the photo cuts off are held at the cut, up to this far in, heights of the face; what reaches
#: its sides beside the head keeps quite still there up to the second.
CUT_REACH, STILL_EDGE = 0.3, 0.06
#: The neck follows the head down to this far below the chin, heights of the face.
NECK_FROM, NECK_TO = 0.02, 0.75
#: ... and beside it the shoulders only to this far.
SHOULDERS_TO = 0.6
#: How far an expression tugs at the sheet beyond the face, heights of the face.
TUG_REACH = 0.16


@dataclass(frozen=True)
class FaceFrame:
    """Where the face is in the picture: middle (2,) and height in pixels, and up-direction (2,) unit."""

    middle: Floats
    height: float
    up: Floats

    @classmethod
    def of(cls, landmarks: Floats) -> FaceFrame:
        """From 468 landmarks (468, 2) in pixels."""
        top, chin = landmarks[10], landmarks[152]
        height = float(np.linalg.norm(top - chin))
        return cls(((top + chin) / 2).astype(np.float32), height, ((top - chin) / height).astype(np.float32))

    def place(self, points: Floats) -> Floats:
        """Pixels (..., 2) of points in face coordinates; the inverse of :meth:`along`."""
        right = np.array([-self.up[1], self.up[0]], np.float32)
        offset = points[..., :1] * right + points[..., 1:] * self.up
        return np.asarray(self.middle + self.height * offset, np.float32)

    def along(self, points: Floats) -> Floats:
        """Points (..., 2) in face coordinates: x to the right, y up, in heights of the face."""
        offset = points - self.middle
        right = np.array([-self.up[1], self.up[0]], np.float32)
        return np.asarray(np.stack([offset @ right, offset @ self.up], -1) / self.height, np.float32)


def held(points: Floats, frame: FaceFrame, seen: tuple[slice, slice], matte: Bytes) -> Floats:
    """Freedom (n,) of places (n, 2): 0 where the photo cuts off the person, but for the head, else 1.

    Args:
        points: (n, 2) pixels. frame: of the face. seen: rows and columns of the picture proper.
        matte: (P, P) opacity of the person.
    """
    x, y = np.moveaxis(frame.along(points), -1, 0)
    rows, columns = seen
    left, right = points[:, 0] - columns.start, columns.stop - points[:, 0]
    aside = np.minimum(left, right) / frame.height
    margin = np.minimum(aside, (rows.stop - points[:, 1]) / frame.height)
    shoulders = smoothstep((-y - 0.3) / 0.3) * (1 - smoothstep(margin / CUT_REACH))
    row = np.clip(points[:, 1].astype(int), rows.start, rows.stop - 1)
    touches = np.where(left < right, matte[row, columns.start + 1], matte[row, columns.stop - 2]) / 255
    beside = smoothstep((np.hypot(x / HEAD_ELLIPSE[0], y / HEAD_ELLIPSE[1]) - 1) / 0.3)
    beside *= touches * (1 - smoothstep((aside - STILL_EDGE) / CUT_REACH))
    return np.asarray((1 - shoulders) * (1 - beside), np.float32)


def rigidity(points: Floats, frame: FaceFrame, *, free: bool) -> tuple[Floats, Floats]:
    """Shares (n,) in the turns and in the shifts of the head of places (n, 2) in the picture: 1 on the head.

    Args:
        points: (n, 2) pixels. frame: of the face.
        free: whether the person is cut out; else the background hangs on them, and must stay behind.
    """
    x, y = np.moveaxis(frame.along(points), -1, 0)
    radius = np.hypot(x / HEAD_ELLIPSE[0], y / HEAD_ELLIPSE[1])
    head = 1 - smoothstep((radius - FALL_FROM) / (FALL_TO - FALL_FROM))
    neck_to = NECK_TO + smoothstep((np.abs(x) - 0.3) / 0.3) * (SHOULDERS_TO - NECK_TO) * free
    neck = 1 - smoothstep((-y - 0.5 - NECK_FROM) / (neck_to - NECK_FROM))
    if not free:
        return np.asarray(head * neck, np.float32), np.asarray(head * neck, np.float32)
    whole = 1 - smoothstep((radius - WHOLE_FROM) / (WHOLE_TO - WHOLE_FROM))  # hats and hair reach far out
    head += smoothstep((y + 0.5) / 0.5) * (whole - head)
    turns, shifts = (least + (1 - least) * head * neck for least in (TORSO, SWAY))
    return np.asarray(turns, np.float32), np.asarray(shifts, np.float32)


def knots(side: int) -> Floats:
    """Places (KNOTS^2, 2) of the knots on a picture of the given side, pixels, row by row."""
    axis = np.linspace(0, side, KNOTS, dtype=np.float32)
    x, y = np.meshgrid(axis, axis)
    return np.stack([x, y], -1).reshape(-1, 2)


def beyond_far_side(places: Floats, oval: Floats, frame: FaceFrame, side: float) -> Floats:
    """How much places (n, 2) lie beyond the far outline of a turned head, 0..1.

    Args:
        places: (n, 2) pixels. oval: (m, 2) outline of the face, pixels. frame: of the face.
        side: the hidden side, as the sign of x in the picture, times how much of it is hidden.
    """
    inside = [cv2.pointPolygonTest(oval, (float(x), float(y)), True) for x, y in places]
    outside = np.maximum(-np.array(inside) / frame.height, 0)
    x, y = np.moveaxis(frame.along(places), -1, 0)
    aside = smoothstep((np.sign(side) * x - 0.05) / 0.3) * smoothstep((y + 0.45) / 0.3)
    return np.asarray(abs(side) * aside * smoothstep(outside / FAR_WIDTH), np.float32)


def retreat(points: Floats, head: Floats, pivot: Floats, camera: Camera, side: float) -> Floats:
    """How much farther from the camera points (n, 3) of the sheet must be, as a share of their distance.

    So far that they move as the outline of the head does when its hidden side turns to the camera.

    Args:
        points, head: (n, 3) and (V, 3) in camera space, cm; they turn about ``pivot`` (3,).
        camera: the photo's. side: as for :func:`beyond_far_side`, not 0.
    """
    sign = float(np.sign(side))
    turn = np.asarray(rotation_matrix(-sign * RETREAT_TURN, 0, 0), np.float32)

    def turned(points: Floats) -> Floats:
        return np.asarray(camera.project((points - pivot) @ turn.T + pivot), np.float32)

    before, after = np.asarray(camera.project(head), np.float32), turned(head)
    step = FAR_STEP * float(np.ptp(before[:, 1]))
    heights = np.arange(before[:, 1].min(), before[:, 1].max(), step) + step / 2
    edges = np.full((2, len(heights)), -np.inf)
    for k, outline in enumerate((before, after)):
        row = np.clip(((outline[:, 1] - heights[0]) / step + 0.5).astype(int), 0, len(heights) - 1)
        np.maximum.at(edges[k], row, sign * outline[:, 0])
    moves = sign * np.convolve(np.pad(edges[1] - edges[0], 2, "edge"), np.array([1, 2, 3, 2, 1]) / 9, "valid")
    places = camera.project(points)
    wanted = np.interp(places[:, 1], heights, moves)
    farthest = head[:, 2].min() / points[:, 2]
    here = turned(points)[:, 0] - places[:, 0]
    there = turned(points * farthest[:, None])[:, 0] - places[:, 0]
    share = np.clip((wanted - here) / np.where(here == there, np.inf, there - here), 0, 1)
    return np.asarray(share * np.maximum(farthest - 1, 0), np.float32)


def knot_points(
    places: Floats, head: Floats, head_places: Floats, outline_depth: float, camera: Camera
) -> Floats:
    """Camera-space points (n, 3) of the knots, cm.

    Args:
        places: (n, 2) pixels.
        head: (V, 3) visible vertices of the face, cm, and ``head_places`` (V, 2) their pixels.
        outline_depth: z of the outline of the face, cm.
        camera: the photo's.
    """
    spacing = float(places[1, 0] - places[0, 0])
    distance, nearest = neighbours(head_places, places, 4)
    weight = 1 / (distance + 0.05 * spacing)
    depth = (head[nearest, 2] * weight).sum(1) / weight.sum(1)
    depth[distance[:, 0] > 0.75 * spacing] = np.nan
    depth = depth.reshape(KNOTS, KNOTS)
    behind = depth < outline_depth
    depth[behind] = outline_depth + DEPTH_BEHIND_FACE * (depth[behind] - outline_depth)
    z = _fill(depth).reshape(-1, 1)
    ray = camera.ray(places)
    return np.asarray(ray * (z / ray[:, 2:]), np.float32)


def tug(
    places: Floats, face_places: Floats, frame: FaceFrame, count: int = 8
) -> tuple[NDArray[np.intp], Floats]:
    """Which face vertices (n, k) pull at each place and how much (n, k): near ones, less outside the face."""
    distance, index = neighbours(face_places, places, count)
    width = 0.02 * frame.height
    weight = np.exp(-(((distance - distance[:, :1]) / width) ** 2))
    weight /= weight.sum(1, keepdims=True)
    outside = np.maximum(distance[:, :1] - 0.02 * frame.height, 0)
    return index, np.asarray(weight * np.exp(-((outside / (TUG_REACH * frame.height)) ** 2)), np.float32)


def _fill(depth: NDArray[np.float64]) -> Floats:
    """Continue a partly unknown map smoothly, then settle it at its own border's level far out."""
    known = np.isfinite(depth)
    border = known & (cv2.erode(known.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    level = float(np.median(depth[border]))
    values = np.where(known, depth, level).astype(np.float32)
    for _ in range(200):  # relax towards a membrane over the unknown part, held at the known one
        smooth = cv2.blur(values, (3, 3), borderType=cv2.BORDER_REPLICATE)
        values = np.where(known, values, 0.97 * smooth + 0.03 * level).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(values, (0, 0), 1.0), np.float32)
