"""Faces cut out of pictures so that eyes, cheeks and forehead always lie at the same place."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.face_rows import LID_POINTS, MOUTH_POINTS, OVAL
from vasari.head.model import HeadModel

Bytes = NDArray[np.uint8]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Part of the head that a cut-out shows, centimetres, and where its centre lies in head space (x, y).
SPAN_CM, CENTRE_CM = 17.0, (0.0, -1.0)
# fmt: off
#: Landmarks along the brows, and at the wings and tip of the nose.
_BROWS = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 336, 296, 334, 293, 300, 285, 295, 282, 283, 276)
_NOSE = (98, 97, 2, 326, 327, 4, 5, 48, 278, 64, 294, 219, 439)
# fmt: on


@dataclass(frozen=True, eq=False)
class FaceFrame:
    """A square frame in which the rigid part of every face comes to lie at the same place.

    Attributes:
        side: of the square, pixels.
        template: (468, 2) where the landmarks of the mean face lie in it.
        rigid: landmarks that neither speech nor expression moves much.
    """

    side: int
    template: Reals
    rigid: NDArray[np.intp]

    @classmethod
    def of(cls, model: HeadModel, side: int) -> FaceFrame:
        """The frame for faces of a head model."""
        points = model.landmarks(model.neutral).astype(np.float64)[:, :2]
        template = ((points - CENTRE_CM) * (1, -1) / SPAN_CM + 0.5) * side
        moving = {*MOUTH_POINTS, *LID_POINTS, *_BROWS, *OVAL}
        upper = points[:, 1] > points[list(MOUTH_POINTS), 1].max()
        rigid = np.array([i for i in range(len(points)) if i not in moving and upper[i]])
        return cls(side, template, rigid)

    def placing(self, points: NDArray[np.floating]) -> Reals:
        """The similarity (2, 3), picture to frame, that fits landmarks (468, 2 or 3) best (least squares)."""
        seen = points[self.rigid, :2].astype(np.float64) @ (1, 1j)
        wanted = self.template[self.rigid] @ (1, 1j)
        from_middle = seen - seen.mean()
        turn = np.vdot(from_middle, wanted - wanted.mean()) / np.vdot(from_middle, from_middle)
        shift = wanted.mean() - turn * seen.mean()
        return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])

    def cut(self, picture: Bytes, points: NDArray[np.floating]) -> Bytes:
        """The face (side, side[, 3]) with landmarks ``points`` of a picture; averaged where it shrinks."""
        placing = self.placing(points)
        scale = float(np.hypot(*placing[:, 0]))
        if scale < 0.7:
            height, width = (max(round(n * scale), 1) for n in picture.shape[:2])
            ratio = (picture.shape[1] / width, picture.shape[0] / height)
            picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
            placing[:, 2] += placing[:, :2] @ [0.5 * ratio[0] - 0.5, 0.5 * ratio[1] - 0.5]
            placing[:, :2] *= ratio
        return np.asarray(
            cv2.warpAffine(
                picture,
                placing,
                (self.side, self.side),
                flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )

    def scale(self, points: NDArray[np.floating]) -> float:
        """Pixels of this frame to one of the picture."""
        return float(np.hypot(*self.placing(points)[:, 0]))

    def face(self) -> Flags:
        """(side, side) the face inside its outline."""
        mask = np.zeros((self.side, self.side), np.uint8)
        outline = self.template[list(OVAL)]
        inner = outline.mean(0) + 0.88 * (outline - outline.mean(0))
        cv2.fillPoly(mask, [np.round(inner).astype(np.int32)], 1)
        return mask.astype(bool)

    def skin(self) -> Flags:
        """(side, side) cheeks, temples and forehead: skin that should only move, never change."""
        return self.face() & ~self._near((*LID_POINTS, *MOUTH_POINTS, *_BROWS, *_NOSE), 0.045)

    def details(self) -> Flags:
        """(side, side) the face without its mouth: where a picture is sharp or is not."""
        return self.face() & ~self._near(MOUTH_POINTS, 0.03)

    def _near(self, points: tuple[int, ...], reach: float) -> Flags:
        """Within ``reach`` sides of any of some landmarks."""
        mask = np.zeros((self.side, self.side), np.uint8)
        for x, y in np.round(self.template[list(points)]).astype(int).tolist():
            cv2.circle(mask, (x, y), max(round(reach * self.side), 1), 1, -1)
        return mask.astype(bool)
