"""Who is seen in a clip: identity and resting face, from many frames together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera
from vasari.head.expressions import EXPRESSIONS
from vasari.head.face_rows import (
    EYE_CORNERS_LEFT,
    EYE_CORNERS_RIGHT,
    FITTED,
    LID_PAIRS_LEFT,
    LID_PAIRS_RIGHT,
    LIP_PAIRS,
    FaceRows,
    Pairs,
    fitted_index,
    sealed,
)
from vasari.head.fitter import FaceFitter, FaceState, Prior
from vasari.head.landmark_clip import LandmarkClip

Reals = NDArray[np.float64]

#: Frames that identity is fitted to together, and frames that the resting face is measured on.
KEY_FRAMES, REST_FRAMES = 8, 60
#: Expressions of the upper face count from how the person usually looks in the clip.
UPPER = tuple(
    k
    for k, j in enumerate(FITTED)
    if EXPRESSIONS[j].startswith(("brow", "eyeWide", "eyeSquint", "noseSneer"))
)
#: Lips are shut where their gap is below this many widths of an eye; a shut mouth seen in this part of the
#: frames is at rest, but a smile may be held all along.
SHUT_LIPS, LEAST_SHUT = 0.03, 0.1
MOUTH = tuple(
    k
    for k, j in enumerate(FITTED)
    if EXPRESSIONS[j].startswith(("mouth", "jaw", "cheek"))
    and not EXPRESSIONS[j].startswith(("mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch"))
)
#: Lids at rest are as open as in the more open part of the frames, and not counted shut beyond this.
REST_LIDS, MOST_SHUT_AT_REST = 0.35, 0.4


@dataclass(frozen=True, eq=False)
class Person:
    """One person's resting face.

    Attributes:
        identity: (K,) coefficients.
        rows: landmarks of the resting face, with expressions that start from it.
    """

    identity: Reals
    rows: FaceRows

    @classmethod
    def of(
        cls, clip: LandmarkClip, rows: FaceRows, camera: Camera, prior: Prior, identity: Reals | None = None
    ) -> Person:
        """The person in a clip without gaps; ``identity`` (K,) if it is known."""
        points = clip.points.astype(np.float64)
        if identity is None:
            fitter = FaceFitter(rows, camera, prior)
            keys = points[_key_frames(points)]
            starts = [fitter.first_state(p) for p in keys]
            _, identity = fitter.solve(list(keys), starts, np.zeros(rows.identity.shape[-1]), tolerance=1e-3)
        own = rows.person(identity)
        fitter = FaceFitter(own, camera, prior)
        sample = points[np.unique(np.linspace(0, len(points) - 1, REST_FRAMES).round().astype(int))]
        return cls(identity, _at_rest(own, fitter, sample))


def _key_frames(points: Reals) -> NDArray[np.intp]:
    """Frames all over the clip (T, 468, 3), in each stretch that with the most open eyes and shut mouth."""
    openness = _opening(points, LIP_PAIRS[:3]) - _opening(points, LID_PAIRS_LEFT[:3] + LID_PAIRS_RIGHT[:3])
    stretches = np.array_split(np.arange(len(points)), min(KEY_FRAMES, len(points)))
    return np.array([part[np.argmin(openness[part])] for part in stretches])


def _opening(points: Reals, pairs: Pairs) -> Reals:
    """Mean distance (T,) of pairs of points (T, 468, 3) in the picture, in widths of an eye."""
    a, b = np.array(pairs).T
    inner, outer = np.array([EYE_CORNERS_LEFT, EYE_CORNERS_RIGHT]).T
    gap, width = (
        np.linalg.norm(points[:, i, :2] - points[:, j, :2], axis=-1).mean(1)
        for i, j in ((a, b), (inner, outer))
    )
    opening: Reals = gap / width
    return opening


def _at_rest(rows: FaceRows, fitter: FaceFitter, sample: Reals) -> FaceRows:
    """The rows counted from the resting face in sample frames (n, 468, 3).

    What identity leaves unexplained in most frames belongs to the person, and so does the usual set of brows
    and lids, and that of a shut mouth. Lips that meet stay lips that meet.
    """
    states = fitter.follow(sample)
    unexplained = np.median([_in_head(fitter, p, s) for p, s in zip(sample, states, strict=True)], 0)
    usual = np.zeros(len(FITTED))
    weights = np.stack([s.expression for s in states])
    usual[list(UPPER)] = np.median(weights[:, UPPER], 0)
    shut = _opening(sample, LIP_PAIRS[:3]) < SHUT_LIPS
    if shut.mean() > LEAST_SHUT:
        usual[list(MOUTH)] = np.median(weights[shut][:, MOUTH], 0)
    lids = [fitted_index(f"eyeBlink{side}") for side in ("Left", "Right")]
    usual[lids] = np.minimum(np.quantile(weights[:, lids], REST_LIDS, axis=0), MOST_SHUT_AT_REST)
    expression = rows.expression.copy()
    expression[..., lids] *= 1 - usual[lids]  # from there, weight 1 still shuts the eye
    neutral = rows.neutral + sealed(unexplained) + rows.expression @ usual
    return replace(rows, neutral=neutral, expression=expression)


def _in_head(fitter: FaceFitter, picture: Reals, state: FaceState) -> Reals:
    """Seen minus fitted landmarks (468, 3) in head space, cm, parallel to the picture."""
    pixels = -fitter.residual(picture, state)
    per_cm = fitter.camera.focal / -state.translation[2]
    moved = np.stack([pixels[:, 0], -pixels[:, 1], np.zeros(len(pixels))], 1) / per_cm
    in_head: Reals = moved @ state.rotation
    return in_head
