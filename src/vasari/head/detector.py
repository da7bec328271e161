"""Find faces in a picture: BlazeFace on square cut-outs.

The detector is that of Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile
GPUs" (2019): 896 anchors, each giving a box, six key points and a score, merged by weighted suppression.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.network import load_network

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

#: Side of the detector's input, pixels.
SIDE = 128
#: Anchors: (stride in pixels, anchors a cell).
ANCHOR_GRIDS = ((8, 2), (16, 6))
N_ANCHORS = 896
assert sum((SIDE // stride) ** 2 * n for stride, n in ANCHOR_GRIDS) == N_ANCHORS
#: Boxes that overlap more than this (intersection over union) are one face.
SAME_FACE = 0.3


@dataclass(frozen=True)
class Square:
    """A square part of a picture, possibly turned and reaching over the edge.

    Attributes:
        x, y: its middle, pixels.
        side: pixels.
        angle: of its upper edge in radians, positive when it runs down to the right.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    @cached_property
    def axes(self) -> Floats:
        """(2, 2) with the square's x and y directions as columns, in picture pixels a side."""
        c, s = self.side * np.cos(self.angle), self.side * np.sin(self.angle)
        return np.array([[c, -s], [s, c]], np.float32)

    def to_picture(self, points: Floats) -> Floats:
        """Map points (..., 2), in fractions of the side from the upper left corner, into the picture."""
        mapped = (points - 0.5) @ self.axes.T + np.array([self.x, self.y])
        result: Floats = mapped.astype(np.float32)
        return result

    def cut(self, picture: Picture, size: int, border: int = cv2.BORDER_REPLICATE) -> Picture:
        """Resample the square to (size, size, 3), averaging when it is shrunk to less than half."""
        shrink = max(int(self.side / size), 1)
        if shrink > 1:
            picture, square = self._shrunk(picture, shrink)
            return square.cut(picture, size, border)
        matrix = np.empty((2, 3))
        matrix[:, :2] = self.axes / size
        # Pixel centres are at halves here and at integers in OpenCV.
        matrix[:, 2] = self.to_picture(np.full(2, 0.5 / size, np.float32)) - 0.5
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        out: Picture = cv2.warpAffine(picture, matrix, (size, size), flags=flags, borderMode=border)  # type: ignore[assignment]
        return out

    def _shrunk(self, picture: Picture, by: int) -> tuple[Picture, Square]:
        """The part of the picture around the square, ``by`` times smaller, and the square in it."""
        height, width = picture.shape[:2]
        reach = 0.5 * self.side * (abs(np.cos(self.angle)) + abs(np.sin(self.angle))) + by
        left, top = max(int(self.x - reach), 0), max(int(self.y - reach), 0)
        right, bottom = min(int(self.x + reach) + 1, width), min(int(self.y + reach) + 1, height)
        part = picture[top : max(bottom, top + 1), left : max(right, left + 1)]
        size = (max(part.shape[1] // by, 1), max(part.shape[0] // by, 1))
        part = part[: size[1] * by, : size[0] * by]
        small: Picture = cv2.resize(part, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        square = Square((self.x - left) / by, (self.y - top) / by, self.side / by, self.angle)
        return small, square


@dataclass(frozen=True)
class Detection:
    """A face as the detector sees it.

    Attributes:
        box: (4,) left, top, right, bottom, in fractions of the searched square.
        keypoints: (6, 2) right eye, left eye, nose tip, mouth, right ear, left ear (the subject's own),
            in the same unit.
        score: 0 to 1.
        square: what was searched.
    """

    box: Floats
    keypoints: Floats
    score: float
    square: Square

    @property
    def region(self) -> Square:
        """The square to look for landmarks in: 1.5 times the box, turned so that the eyes are level."""
        middle = self.square.to_picture(self.box.reshape(2, 2).mean(0))
        right, left = self.square.to_picture(self.keypoints[:2])
        side = 1.5 * self.square.side * float((self.box[2:] - self.box[:2]).max())
        angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        return Square(float(middle[0]), float(middle[1]), side, angle)


class FaceDetector:
    """BlazeFace for near faces: those wider than about a seventh of the searched square."""

    def __init__(self) -> None:
        self._session = load_network("face_detector.onnx")
        self._anchors = _anchors()

    def detect(self, picture: Picture, square: Square | None = None, least: float = 0.5) -> list[Detection]:
        """Faces with a score of at least ``least`` in a square of a picture (H, W, 3), best first.

        Without a square, the whole picture is searched.
        """
        height, width = picture.shape[:2]
        square = square or Square(width / 2, height / 2, max(width, height))
        cut = square.cut(picture, SIDE, cv2.BORDER_CONSTANT)
        boxes, logits = self._session.run(["boxes", "scores"], {"picture": cut})
        scores = 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
        keep = np.flatnonzero(scores >= least)
        keep = keep[np.argsort(-scores[keep], kind="stable")]
        if not len(keep):
            return []
        points = boxes[keep].reshape(-1, 8, 2) / SIDE  # centre, size, six key points
        points[:, [0, *range(2, 8)]] += self._anchors[keep, None]
        corners = np.concatenate([points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2], 1)
        return [
            Detection(box, keypoints, score, square)
            for box, keypoints, score in _merge(corners, points[:, 2:], scores[keep])
        ]


def _anchors() -> Floats:
    """(896, 2) anchor centres in fractions of the square, in the order of the network's output."""
    grids = []
    for stride, n in ANCHOR_GRIDS:
        y, x = np.mgrid[: SIDE // stride, : SIDE // stride]
        grids.append(np.repeat(np.stack([x, y], -1).reshape(-1, 2) + 0.5, n, 0) * (stride / SIDE))
    return np.concatenate(grids).astype(np.float32)


def overlap(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union of a box (4,) with each of boxes (n, 4)."""
    low, high = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(1)
    area = (box[2:] - box[:2]).prod() + (boxes[:, 2:] - boxes[:, :2]).prod(1) - shared
    ratio: Floats = shared / np.maximum(area, 1e-12)
    return ratio


def _merge(boxes: Floats, points: Floats, scores: Floats) -> list[tuple[Floats, Floats, float]]:
    """Weighted suppression: each group of overlapping boxes becomes its mean, weighted by score."""
    faces = []
    rest = np.arange(len(boxes))  # best first
    while len(rest):
        same = overlap(boxes[rest[0]], boxes[rest]) > SAME_FACE
        same[0] = True
        group = rest[same]
        weight = scores[group] / scores[group].sum()
        box: Floats = np.einsum("n,nk->k", weight, boxes[group])
        faces.append((box, np.einsum("n,nkd->kd", weight, points[group]), float(scores[rest[0]])))
        rest = rest[~same]
    return faces
