"""The eyeballs of a fitted head, and where they look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera, gaze_of
from vasari.head.face_rows import EYE_CORNERS_LEFT, EYE_CORNERS_RIGHT, LID_PAIRS_LEFT, LID_PAIRS_RIGHT
from vasari.head.model import HeadModel

Reals = NDArray[np.float64]

_CORNERS = np.array([EYE_CORNERS_LEFT, EYE_CORNERS_RIGHT])
#: Where the eye turns, from the middle of its corners: outwards, up, forwards, cm; and how far from there to
#: the iris. Such that portraits that look into the lens are seen to do so, whichever way the head is turned.
_CENTRE, _RADIUS = (0.11, 0.13, -0.335), 1.2
#: Gap of the lids, in widths of the eye, where no iris can be seen, and from where it is seen well.
_SHUT, _OPEN = 0.1, 0.2


@dataclass(frozen=True, eq=False)
class Eyes:
    """The subject's left and right eyeball as spheres in head space.

    Attributes:
        centre: (2, 3) cm.
        identity: (2, 3, K) how identity moves the centres.
        radius: (2,) from the centre to the middle of the iris, cm.
    """

    centre: Reals
    identity: Reals
    radius: Reals

    @classmethod
    def of(cls, model: HeadModel) -> Eyes:
        """The eyeballs of a head model, placed by the corners of its eyes."""
        corners = model.landmarks(model.neutral)[_CORNERS].astype(np.float64)
        moves = np.stack([model.landmarks(direction)[_CORNERS].mean(1) for direction in model.identity], -1)
        outwards = np.array([[1, 1, 1], [-1, 1, 1]])
        return cls(corners.mean(1) + outwards * _CENTRE, moves.astype(np.float64), np.full(2, _RADIUS))

    def placed(self, identity: Reals, rotation: Reals, translation: Reals) -> Reals:
        """Centres (2, 3) in camera space of a posed head with identity coefficients (K,)."""
        centre = self.centre + self.identity @ identity
        return centre @ rotation.T + translation


def measure_gaze(
    irises: Reals, seen: Reals, fitted: Reals, centres: Reals, radius: Reals, camera: Camera
) -> tuple[Reals, float]:
    """Gaze (2,) in degrees (yaw, pitch) relative to the camera, and how far to trust it, 0..1.

    The line of sight through an iris' centre meets the eyeball at the pupil. The iris is taken relative
    to the corners of its eye, so that a fit off by a pixel does not turn the eye.

    Args:
        irises: (2, 5, 2) of the left and right eye, centre first, pixels.
        seen: (468, 2) landmarks in the picture.
        fitted: (468, 2) those of the fitted head.
        centres: (2, 3) of the eyeballs in camera space, cm.
        radius: (2,) from there to the iris, cm.
        camera: of the picture.
    """
    right_place = (fitted[_CORNERS] - seen[_CORNERS]).mean(1)
    sight = camera.ray(irises[:, 0] + right_place)
    gaze = gaze_of(_pupil(sight, centres, radius) - centres, centres)
    width = np.linalg.norm(seen[_CORNERS[:, 0]] - seen[_CORNERS[:, 1]], axis=1)
    openness = np.clip((_opening(seen) - _SHUT) / (_OPEN - _SHUT), 0, 1)
    weight = width * (openness + 1e-3)  # the eye turned towards the camera is wider
    return weight @ gaze / weight.sum(), float(width @ openness / width.sum())


def _opening(seen: Reals) -> Reals:
    """Distance (2,) of the lids at the middle of the left and right eye, across the eye, in its widths."""
    pairs = np.array([LID_PAIRS_LEFT[:3], LID_PAIRS_RIGHT[:3]])
    gap = (seen[pairs[..., 0]] - seen[pairs[..., 1]]).mean(1)
    along = seen[_CORNERS[:, 1]] - seen[_CORNERS[:, 0]]
    across = along[:, 0] * gap[:, 1] - along[:, 1] * gap[:, 0]
    opening: Reals = np.abs(across) / (along**2).sum(1)
    return opening


def _pupil(sight: Reals, centres: Reals, radius: Reals) -> Reals:
    """Where rays (2, 3) from the camera first meet spheres, or come nearest to them: (2, 3)."""
    along = (sight * centres).sum(1)
    nearest = along[:, None] * sight - centres
    inside = radius**2 - (nearest**2).sum(1)
    hit = (along - np.sqrt(np.maximum(inside, 0)))[:, None] * sight
    grazing = centres + nearest * (radius / np.maximum(np.linalg.norm(nearest, axis=1), 1e-9))[:, None]
    pupil: Reals = np.where(inside[:, None] > 0, hit, grazing)
    return pupil
