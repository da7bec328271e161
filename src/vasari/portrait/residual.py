"""The last pixels between the fitted head and the photo: a smooth field that puts every landmark in place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from vasari.head.camera import Camera
from vasari.head.face_rows import OVAL  # slides along the outline as the head turns: no pins there
from vasari.head.fit import HeadFit
from vasari.head.model import HeadModel
from vasari.portrait.nearness import distance_to, smoothstep
from vasari.stages import stage

Floats = NDArray[np.float32]

#: The field holds this far outside the landmarks and is gone this far out, in sides of the view.
FADE_FROM, FADE_TO = 15 / 512, 55 / 512
#: Smoothing of the field (pixels at 512): the landmarks themselves are only so exact.
SMOOTHING = 0.6


@stage("residual")
def residual_field(
    model: HeadModel, vertices: Floats, fit: HeadFit, landmarks: Floats, side: float
) -> Floats:
    """Displacements (V, 3) in camera space, cm, that carry the fitted head onto the photo's landmarks.

    Args:
        model: the head model.
        vertices: (V, 3) fitted vertices in camera space, cm.
        fit: the fit they come from (its camera is used).
        landmarks: (468, 2) in the photo, pixels.
        side: side of the view, pixels.

    A linear radial basis function over the picture, without the face oval, faded out beyond the
    landmarks. Eyeballs move with their lids as rigid wholes.
    """
    place = fit.camera.project(vertices)
    predicted = fit.camera.project(model.landmarks(vertices))
    error = landmarks - predicted
    pins = np.setdiff1d(np.arange(len(landmarks)), OVAL)
    unit = side / 512
    field = RBFInterpolator(
        predicted[pins] / unit, error[pins], kernel="linear", smoothing=SMOOTHING, degree=1
    )
    distance = distance_to(predicted, place) / side
    fade = 1 - smoothstep((distance - FADE_FROM) / (FADE_TO - FADE_FROM))
    moved = np.zeros((len(vertices), 2))
    near = fade > 0
    moved[near] = field(place[near] / unit) * fade[near, None]

    for part, rims in _FOLLOWERS.items():
        guide = np.concatenate([model.groups[name] for name in rims])
        moved[model.groups[part]] = moved[guide].mean(0)
    return _unproject(moved, vertices, fit.camera)


_FOLLOWERS = {
    "eye_left": ("lid_upper_left", "lid_lower_left"),
    "eye_right": ("lid_upper_right", "lid_lower_right"),
}


def _unproject(moved: NDArray[np.float64], vertices: Floats, camera: Camera) -> Floats:
    """Pixel displacements (V, 2) as camera-space ones (V, 3) at the vertices' own depth."""
    per_pixel = -vertices[:, 2:] / camera.focal
    return np.concatenate([moved * [1, -1] * per_pixel, np.zeros((len(moved), 1))], 1).astype(np.float32)
