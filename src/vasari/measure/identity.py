"""Is it the same person: distance of faces in the embedding of dlib's recogniser.

The network (King, "High Quality Face Recognition with Deep Metric Learning", dlib, 2017; public domain)
comes with the extra ``evaluate``; nothing is downloaded.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vasari.errors import UsageError
from vasari.head.landmarks import FaceLandmarks
from vasari.measure.clip import Clip
from vasari.measure.reading import Reading, Readings

Bytes = NDArray[np.uint8]
Reals = NDArray[np.float64]

#: Frames of a clip whose face is compared.
FRAMES = 12
#: What must be installed.
INSTALL = "pip install 'vasari[evaluate]'"


class Recognizer:
    """Embeds faces so that those of one person lie near each other.

    Raises:
        UsageError: the packages it needs are not installed.
    """

    def __init__(self) -> None:
        missing = missing_packages()
        if missing:
            raise UsageError(f"{' and '.join(missing)} not installed; run {INSTALL}")
        import dlib

        spec = find_spec("face_recognition_models")
        assert spec is not None
        assert spec.origin is not None
        models = Path(spec.origin).parent / "models"  # the package's own code needs setuptools
        self._dlib: Any = dlib
        self._points = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
        self._network = dlib.face_recognition_model_v1(
            str(models / "dlib_face_recognition_resnet_model_v1.dat")
        )

    def embed(self, picture: Bytes, face: FaceLandmarks) -> Reals:
        """The embedding (128,) of a face in a picture (H, W, 3)."""
        picture = np.ascontiguousarray(picture)
        box = self._dlib.rectangle(*(int(side) for side in face.box))
        chip = self._points(picture, box)
        return np.array(self._network.compute_face_descriptor(picture, chip), np.float64)


def missing_packages() -> list[str]:
    """Names of the packages that identity needs and that are not there."""
    packages = {"dlib": "dlib-bin", "face_recognition_models": "face_recognition_models"}
    return [package for module, package in packages.items() if find_spec(module) is None]


def measure_identity(
    clip: Clip, recognizer: Recognizer, photo: Bytes | None, face: FaceLandmarks | None
) -> Readings:
    """Mean and largest distance of the clip's faces to that in the photo, or in the first frame.

    Args:
        clip: what was observed.
        recognizer: of faces.
        photo: (H, W, 3) to compare with; ``None`` for the first frame.
        face: where the photo's face is.
    """
    found = np.flatnonzero(clip.landmarks.found)
    frames = found[np.unique(np.linspace(0, len(found) - 1, FRAMES).round().astype(int))].tolist()
    shown = clip.pictures_at(frames)
    embedded = [
        recognizer.embed(picture, face_of(clip, frame)) for picture, frame in zip(shown, frames, strict=True)
    ]
    if photo is None or face is None:
        reference, embedded = embedded[0], embedded[1:]
    else:
        reference = recognizer.embed(photo, face)
    distance = np.linalg.norm(np.array(embedded) - reference, axis=1)
    note = f"{len(embedded)} frames against the {'first frame' if photo is None else 'photo'}"
    return {
        "identity.mean": Reading(float(distance.mean()), note=note),
        "identity.worst": Reading(float(distance.max()), note=note),
    }


def face_of(clip: Clip, frame: int) -> FaceLandmarks:
    """Landmarks of an observed frame."""
    return FaceLandmarks(clip.landmarks.points[frame], clip.landmarks.irises[frame], 1.0)
