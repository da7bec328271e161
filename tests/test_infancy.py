"""Babies are told by their proportions, and keep their teeth in the gums."""

from pathlib import Path

import numpy as np

from vasari.head.camera import Camera
from vasari.head.fit import HeadFit
from vasari.head.landmarks import FaceLandmarker
from vasari.head.model import HeadModel
from vasari.portrait.infancy import infancy
from vasari.portrait.photo import read_photo
from vasari.portrait.rig import build_rig


def mean_landmarks() -> np.ndarray:
    model = HeadModel.load()
    points = model.landmarks(model.neutral)
    return points * [10, -10, 10] + [200, 200, 0]


def babyish(points: np.ndarray) -> np.ndarray:
    """The same face with wide-set eyes, a short nose and a short chin."""
    changed = points.copy()
    middle = points[168]
    low = points[:, 1] > middle[1]
    changed[low, 1] = middle[1] + 0.72 * (points[low, 1] - middle[1])
    return changed


def test_grown_people_are_no_babies(photo: Path, landmarker: FaceLandmarker) -> None:
    assert infancy(mean_landmarks()) < 0.1
    assert infancy(landmarker.find(read_photo(photo))[0].points) < 0.1


def test_short_wide_faces_are_those_of_babies() -> None:
    assert infancy(babyish(mean_landmarks())) > infancy(mean_landmarks()) + 0.3


def test_size_and_place_in_the_picture_do_not_matter() -> None:
    points = mean_landmarks()
    assert abs(infancy(points) - infancy(3 * points + [40, 90, 0])) < 1e-3


def test_teeth_of_babies_stand_out_less() -> None:
    model = HeadModel.load()
    fit = HeadFit(
        camera=Camera.default((512, 512)),
        rotation=np.eye(3, dtype=np.float32),
        translation=np.array([0, 0, -60], np.float32),
        identity=np.zeros(model.n_identity, np.float32),
        expression=np.zeros(52, np.float32),
        gaze=np.zeros(2, np.float32),
        rms_px=0.0,
    )
    residual = np.zeros_like(model.neutral)
    rims = model.groups["lip_upper_rim"]

    def shown(points: np.ndarray) -> float:
        neutral = build_rig(model, fit, residual, points[:, :2].astype(np.float32)).neutral
        lip = neutral[rims[len(rims) // 2], 1]
        return float(lip - neutral[model.groups["teeth_upper"], 1].min())

    grown, baby = shown(mean_landmarks()), shown(babyish(mean_landmarks()))
    assert grown > 0.1
    assert baby < grown - 0.2
