"""Fit the head model to the landmarks of one photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera, angles
from vasari.head.eyes import Eyes, measure_gaze
from vasari.head.face_rows import OVAL, FaceRows, full_expression
from vasari.head.fitter import FaceFitter
from vasari.head.landmarks import FaceLandmarks
from vasari.head.model import HeadModel
from vasari.stages import stage

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HeadFit:
    """A head as a photo shows it; conventions in docs/conventions.md.

    Attributes:
        camera: of the photo.
        rotation: (3, 3) head to camera.
        translation: (3,) cm: a head point ``p`` is at ``rotation @ p + translation`` in camera space.
        identity: (K,) coefficients in standard deviations.
        expression: (52,) weights 0..1; the eyeLook ones and tongueOut are zero.
        gaze: (2,) yaw, pitch in degrees relative to the camera.
        rms_px: root mean square distance of fitted and seen landmarks in pixels, without the face's oval.
    """

    camera: Camera
    rotation: Floats
    translation: Floats
    identity: Floats
    expression: Floats
    gaze: Floats
    rms_px: float

    @property
    def angles(self) -> Floats:
        """Yaw, pitch, roll of the head in degrees."""
        return angles(self.rotation).astype(np.float32)

    def vertices(self, model: HeadModel) -> Floats:
        """Vertices (V, 3) of the fitted head in camera space, cm."""
        shape = model.shape(self.identity, self.expression)
        return np.asarray(shape @ self.rotation.T + self.translation, np.float32)


@stage("fit")
def fit_head(
    landmarks: FaceLandmarks, image_size: Sequence[int], model: HeadModel, *, camera: Camera | None = None
) -> HeadFit:
    """Pose, identity, expression and gaze of the face in one photo.

    What a photo shows is divided between identity and expression by their priors: expressions are zero
    unless lips, lids or brows say otherwise.

    Args:
        landmarks: of the face.
        image_size: (width, height) of the picture they are in.
        model: the head model.
        camera: if known; by default :meth:`Camera.default`.
    """
    camera = camera or Camera.default(image_size)
    fitter = FaceFitter(FaceRows.of(model), camera)
    points = landmarks.points.astype(np.float64)
    seen = points[:, :2]
    (state,), identity = fitter.solve([seen], [fitter.first_state(points)], np.zeros(model.n_identity))
    residual = fitter.residual(seen, state, identity)
    eyes = Eyes.of(model)
    gaze, _ = measure_gaze(
        landmarks.irises.astype(np.float64),
        seen,
        seen + residual,
        eyes.placed(identity, state.rotation, state.translation),
        eyes.radius,
        camera,
    )
    return HeadFit(
        camera=camera,
        rotation=state.rotation.astype(np.float32),
        translation=state.translation.astype(np.float32),
        identity=identity.astype(np.float32),
        expression=full_expression(state.expression),
        gaze=gaze.astype(np.float32),
        rms_px=inner_rms(residual),
    )


def inner_rms(residual: NDArray[np.float64]) -> float:
    """Root mean square length of landmark residuals (468, 2), without the face's oval."""
    squared = np.delete((residual**2).sum(-1), OVAL)
    return float(np.sqrt(squared.mean()))
