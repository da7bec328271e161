"""Landmarks of the faces in a picture: 468 points of the face mesh and the irises.

The mesh is that of Kartynnik et al., "Real-time Facial Surface Geometry from Monocular Video on Mobile
GPUs" (2019); lips and eyes are refined as in Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh
Prediction in Real-time" (2020).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.head.detector import Detection, FaceDetector, Square
from vasari.head.search import TURNED_EFFORT, Look, searches
from vasari.network import load_network

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]

#: Outer corners of the subject's right and left eye.
OUTER_CORNERS = (33, 263)
#: Side of the mesh network's input, pixels.
SIDE = 192
#: A face's square is this many times as wide as its points or its box.
REGION = 1.5
#: Mesh points whose mean is a detector's key point: right eye, left eye, nose tip, mouth.
DETECTOR_POINTS = ((33, 133, 159, 145), (263, 362, 386, 374), (1,), (13, 14))
#: Detector and mesh disagree completely when their points are this far apart, in face sizes.
FAR = 0.3
#: Agreement that ends the search at once, that of a face, and that of one taken for want of a better.
#: The model card tells how they were set.
CLEAR, TRUSTED, DOUBTFUL = 0.7, 0.58, 0.5
#: A face is read again until its square changes by less than this share, at most so many times.
SETTLED, MOST_READINGS = 0.03, 8
#: Squares that differ by less than this share are not read twice.
SEEN = 0.1
#: Below this presence score there is no face.
PRESENT = 0.5


@dataclass(frozen=True, eq=False)
class FaceLandmarks:
    """One face in one picture, in pixels (see docs/conventions.md).

    Attributes:
        points: (468, 3) x, y and a depth in the same unit, smaller nearer to the viewer.
        irises: (2, 5, 2) of the subject's left and right eye: centre, then four points of the rim.
        score: how sure it is that this is a face, 0 to 1.
    """

    points: Floats
    irises: Floats
    score: float

    @property
    def box(self) -> Floats:
        """(4,) left, top, right, bottom of the points."""
        xy = self.points[:, :2]
        corners: Floats = np.concatenate([xy.min(0), xy.max(0)])
        return corners

    @property
    def region(self) -> Square:
        """The square to look for this face in: ``REGION`` times the points' box, with the eyes level."""
        xy = np.concatenate([self.points[:, :2], self.irises.reshape(-1, 2)])
        low, high = xy.min(0), xy.max(0)
        right, left = self.points[OUTER_CORNERS, :2]
        angle = float(np.arctan2(left[1] - right[1], left[0] - right[0]))
        x, y = (low + high) / 2
        return Square(float(x), float(y), REGION * float((high - low).max()), angle)


class FaceLandmarker:
    """Finds faces and their landmarks; load once, use for many pictures (on one thread)."""

    def __init__(self) -> None:
        self._detector = FaceDetector()
        self._mesh = load_network("face_mesh.onnx")

    def find(self, image: Picture, *, many: bool = False) -> list[FaceLandmarks]:
        """The faces in a picture (H, W, 3), largest first; an empty list if there is none.

        Faces that are small, turned on their side, cut by the frame, faint or painted are searched for
        only as long as no face has been found. With ``many``, a closer look for other faces is always taken.
        """
        _check(image)
        candidates: list[tuple[float, FaceLandmarks, Picture]] = []
        for effort, search in enumerate(searches(image)):
            for picture, face in self._candidates(search):
                candidates.append((self._trust(picture, face), face, picture))
            enough = CLEAR if effort < TURNED_EFFORT else TRUSTED
            if any(trust >= enough for trust, *_ in candidates) and not (many and effort == 0):
                break
        candidates.sort(key=lambda each: -each[0])
        if candidates and DOUBTFUL <= candidates[0][0] < TRUSTED:
            candidates = [(TRUSTED, *candidates[0][1:])]
        faces: list[FaceLandmarks] = []
        for trust, face, picture in candidates:
            if trust >= TRUSTED and not any(_same(face, other) for other in faces):
                faces.append(self.read(picture, face.region, careful=True))
        return sorted(faces, key=lambda face: -face.region.side)

    def follow(
        self, image: Picture, previous: FaceLandmarks | None, *, careful: bool = False
    ) -> FaceLandmarks | None:
        """The face of the previous frame in the next frame (H, W, 3) of a video, or None if it is gone.

        It is looked for where it was; if it is lost, the whole frame is searched. Without a previous face,
        this is the largest that :meth:`find` sees. For ``careful`` see :meth:`read`.
        """
        if previous is None:
            return next(iter(self.find(image)), None)
        _check(image)
        face = self.read(image, previous.region, careful=careful)
        if face.score >= PRESENT:
            return face
        found = (self._verified(image, detection) for detection in self._detector.detect(image))
        return next(filter(None, found), None)

    def read(self, image: Picture, region: Square, *, careful: bool = False) -> FaceLandmarks:
        """Landmarks of the face that fills about two thirds of a square of a picture (H, W, 3).

        There is always an answer; its score tells whether it is a face. A ``careful`` reading is the mean of
        nine from slightly different squares, which takes nine times as long and halves the error.
        """
        readings = [self._read(image, square) for square in (_around(region) if careful else [region])]
        return FaceLandmarks(
            np.mean([each.points for each in readings], 0),
            np.mean([each.irises for each in readings], 0),
            float(np.mean([each.score for each in readings])),
        )

    def _read(self, image: Picture, region: Square) -> FaceLandmarks:
        cut = region.cut(image, SIDE)
        points, irises, score = self._mesh.run(["points", "irises", "score"], {"picture": cut})
        xy = region.to_picture(points[:, :2] / SIDE)
        depth = points[:, 2:] * np.float32(region.side / SIDE)
        return FaceLandmarks(
            np.concatenate([xy, depth], 1), region.to_picture(irises / SIDE), float(score[0])
        )

    def _candidates(self, search: list[Look]) -> Iterator[tuple[Picture, FaceLandmarks]]:
        """What may be a face, with the picture it was seen in; each place is read once."""
        seen: list[Square] = []
        for picture, square, least in search:
            for detection in self._detector.detect(picture, square, least):
                region = detection.region
                if any(_alike(region, other, SEEN) for other in seen):
                    continue
                seen.append(region)
                face = self._verified(picture, detection)
                if face:
                    yield picture, face

    def _verified(self, image: Picture, detection: Detection) -> FaceLandmarks | None:
        """Landmarks where the detector saw a face, read until they stay where they are; None if none."""
        region = detection.region
        readings = []
        for _ in range(MOST_READINGS):
            readings.append(self.read(image, region))
            hopeless = len(readings) > 1 and max(face.score for face in readings[-2:]) < PRESENT
            if hopeless or _alike(region, readings[-1].region, SETTLED):
                break
            region = readings[-1].region
        return next((face for face in reversed(readings) if face.score >= PRESENT), None)

    def _trust(self, image: Picture, face: FaceLandmarks) -> float:
        """How well the detector, looking at the landmarks' own square, agrees with them: 0 to 1.

        The mesh's score alone lets ears, hands and flowers pass.
        """
        region = face.region
        size = region.side / REGION
        square = Square(region.x, region.y, 1.4 * region.side, region.angle)
        mesh = np.stack([face.points[ids, :2].mean(0) for ids in DETECTOR_POINTS])

        def agreement(detection: Detection) -> float:
            apart = np.linalg.norm(square.to_picture(detection.keypoints[:4]) - mesh, axis=1).mean() / size
            return float(detection.score * max(1 - apart / FAR, 0))

        return max(map(agreement, self._detector.detect(image, square, 0.1)), default=0.0)


def _check(image: Picture) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"expected a uint8 RGB picture (H, W, 3), got {image.dtype} {image.shape}")


def _same(a: FaceLandmarks, b: FaceLandmarks) -> bool:
    """Whether two readings are of one face: their middles are nearer than half the larger's size."""
    apart = np.hypot(a.region.x - b.region.x, a.region.y - b.region.y)
    return bool(apart < 0.5 * max(a.region.side, b.region.side) / REGION)


def _around(square: Square) -> list[Square]:
    """The square and eight that are a little moved, resized and turned."""
    x, y, side, angle = square.x, square.y, square.side, square.angle
    return [square] + [
        Square(x + right * side, y + down * side, size * side, angle + turn)
        for right, down, size, turn in (
            (0.02, 0.02, 0.9, 0.08),
            (-0.02, 0.02, 1.1, -0.08),
            (0.02, -0.02, 1.1, 0.08),
            (-0.02, -0.02, 0.9, -0.08),
            (0.03, 0.0, 0.95, -0.04),
            (-0.03, 0.0, 1.05, 0.04),
            (0.0, 0.03, 1.05, -0.04),
            (0.0, -0.03, 0.95, 0.04),
        )
    ]


def _alike(a: Square, b: Square, tolerance: float) -> bool:
    """Whether two squares differ by less than a share of their side in place, twice that in size and turn."""
    apart = np.hypot(a.x - b.x, a.y - b.y) / a.side
    turn = (a.angle - b.angle + np.pi) % (2 * np.pi) - np.pi
    return bool(max(apart, abs(np.log(a.side / b.side)) / 2, abs(turn) / 2) < tolerance)
