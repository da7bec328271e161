"""Video to motion: follow a face and read its expression, pose and gaze in every frame.

Lips, jaw and lids are never smoothed over time: closures last one to three frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, median_filter
from scipy.signal import savgol_filter

from vasari.head.camera import Camera, angles, eye_angles, rotation_matrix
from vasari.head.expressions import EXPRESSION_INDEX
from vasari.head.eyes import Eyes, measure_gaze
from vasari.head.face_rows import (
    EYE_CORNERS_LEFT,
    EYE_CORNERS_RIGHT,
    LID_PAIRS_LEFT,
    LID_PAIRS_RIGHT,
    LIP_PAIRS,
    MOUTH_WIDTH_PAIRS,
    FaceRows,
    fitted_index,
    full_expression,
)
from vasari.head.fit import inner_rms
from vasari.head.fitter import FaceFitter, FaceState, Prior
from vasari.head.landmark_clip import Floats, LandmarkClip, Progress
from vasari.head.model import HeadModel
from vasari.head.person import Person
from vasari.head.resample import Resampler, peaks
from vasari.motion.motion import MOTION_RATE, Motion
from vasari.motion.motion import MOUTH as MOUTH_EXPRESSIONS

Reals = NDArray[np.float64]

#: In a video every frame votes, so that expressions need less holding back than in a photo.
TRACKING_PRIOR = Prior(identity=5.0, expression=40.0, sparse=20.0, symmetry=150.0)
#: Pose, brows, cheeks and nose are smoothed over this many samples; mouth, jaw and lids never.
SMOOTH = 7
MOUTH = list(MOUTH_EXPRESSIONS)
LIDS = [EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]
#: A closure that must not fall between samples: lip gap below (eye distances), blink above.
LIPS_MEET, LIDS_MEET = 0.03, 0.5
#: Gaze is bridged over frames in which the lids leave less than this of the irises to see, and those beside.
LEAST_GAZE_TRUST = 0.4
#: Downward turn of the eyeballs at which eyeLookDown is 1, degrees.
FULL_LOOK_DOWN = 28.0


def track(
    video: str | Path,
    *,
    reference: float = 0.0,
    model: HeadModel | None = None,
    progress: Progress | None = None,
) -> Motion:
    """Motion of the largest face in a video.

    Args:
        video: path of any file that FFmpeg decodes.
        reference: time in seconds of the frame whose pose is the rest pose.
        model: the head model; by default the one that comes with the package.
        progress: called with the done fraction 0..1.

    Raises:
        VideoError: the video cannot be read, or shows no face that can be followed.
    """
    clip = LandmarkClip.read(video, progress=progress)
    return track_clip(clip, model, reference=reference, source=Path(video).name).motion


def track_landmarks(
    points: Floats, irises: Floats, size: Sequence[int], fps: float, model: HeadModel | None = None
) -> Motion:
    """Motion from landmarks (T, 468, 3) and irises (T, 2, 5, 2) seen before, NaN where there was no face."""
    return track_clip(LandmarkClip.steady(points, irises, size, fps), model).motion


@dataclass(frozen=True, eq=False)
class Track:
    """A tracked clip at 25 Hz: its motion, and how the mouth and the fit were.

    Attributes:
        motion: T samples.
        lip_gap: (T,) distance of the inner lips as seen, in distances between the middles of the eyes.
        model_lip_gap: (T,) the same of the fitted head.
        mouth_width: (T,) distance of the corners of the mouth, same unit.
        rms: (T,) root mean square distance of fitted and seen landmarks, pixels, without the face's oval.
        identity: (K,) of the person.
    """

    motion: Motion
    lip_gap: Floats
    model_lip_gap: Floats
    mouth_width: Floats
    rms: Floats
    identity: Floats


def track_clip(
    clip: LandmarkClip,
    model: HeadModel | None = None,
    *,
    identity: Floats | None = None,
    reference: float = 0.0,
    source: str = "",
) -> Track:
    """Motion and measures of a clip of landmarks.

    Args:
        clip: the landmarks.
        model: the head model; by default the one that comes with the package.
        identity: (K,) of the person, if known from other clips.
        reference: time in seconds of the frame whose pose is the rest pose.
        source: what to call the clip.

    Raises:
        VideoError: it shows no face that can be followed.
    """
    clip.check(source or "the clip")
    clip = clip.bridged()
    model = model or HeadModel.load()
    camera = Camera.default(clip.size)
    known = None if identity is None else identity.astype(np.float64)
    person = Person.of(clip, FaceRows.of(model), camera, TRACKING_PRIOR, known)
    fitter = FaceFitter(person.rows, camera, TRACKING_PRIOR)
    states = fitter.follow(clip.points.astype(np.float64))
    frames = _Frames.of(clip, states, fitter)
    eyes = Eyes.of(model)
    gaze, look = frames.gaze(eyes.centre + eyes.identity @ person.identity, eyes.radius, camera)
    expression = frames.expression.copy()
    _take_look_from_lids(expression, look, lid_look(model, person.rows))
    mouth = frames.mouth(person.rows, camera)

    grid = Resampler.of(clip.times)
    lips_meet = peaks(-mouth[:, 0], -LIPS_MEET)
    lids_meet = peaks(expression[:, LIDS].mean(1), LIDS_MEET)
    sampled = _smooth(grid.straight(expression))
    sampled[:, LIDS] = grid.keeping(expression[:, LIDS], lids_meet)
    sampled[:, MOUTH] = grid.keeping(expression[:, MOUTH], lips_meet)
    turn = _smooth(grid.straight(np.unwrap(angles(frames.rotation), period=360, axis=0)))
    place = _smooth(grid.straight(frames.translation))
    rest = min(round(reference * MOTION_RATE), len(turn) - 1)
    rotation, translation, pose = _from_rest(turn, place, rest, neck_pivot(model))
    lip_gap, model_gap, width = grid.keeping(mouth, lips_meet).astype(np.float32).T
    return Track(
        Motion(
            np.clip(sampled, 0, 1).astype(np.float32),
            rotation,
            translation,
            grid.straight(gaze).astype(np.float32),
            pose,
            source,
        ),
        lip_gap,
        model_gap,
        width,
        grid.straight(frames.rms[:, None])[:, 0].astype(np.float32),
        person.identity.astype(np.float32),
    )


def neck_pivot(model: HeadModel) -> Reals:
    """Top of the neck (3,) in head space, where a head turns: under and behind the middle of the ears."""
    ears = np.concatenate([model.groups["ear_left"], model.groups["ear_right"]])
    pivot: Reals = model.neutral[ears].mean(0) + np.array([0.0, -4.0, -1.0])
    return pivot


@dataclass(frozen=True, eq=False)
class _Frames:
    """What the fit says of each frame of a clip."""

    clip: LandmarkClip
    fitted: Reals  # (T, 468, 2) pixels
    rotation: Reals  # (T, 3, 3)
    translation: Reals  # (T, 3)
    weights: Reals  # (T, E)
    rms: Reals  # (T,) pixels

    @classmethod
    def of(cls, clip: LandmarkClip, states: list[FaceState], fitter: FaceFitter) -> _Frames:
        seen = clip.points[..., :2].astype(np.float64)
        residual = np.stack([fitter.residual(p, s) for p, s in zip(seen, states, strict=True)])
        return cls(
            clip,
            seen + residual,
            np.stack([s.rotation for s in states]),
            np.stack([s.translation for s in states]),
            np.stack([s.expression for s in states]),
            np.array([inner_rms(r) for r in residual]),
        )

    @property
    def expression(self) -> Reals:
        return full_expression(self.weights).astype(np.float64)

    def gaze(self, centre: Reals, radius: Reals, camera: Camera) -> tuple[Reals, Reals]:
        """Gaze (T, 2), and how far the eyes are turned up in the head (T,); degrees."""
        placed = np.einsum("tij,ej->tei", self.rotation, centre) + self.translation[:, None]
        seen = self.clip.points[..., :2].astype(np.float64)
        irises = self.clip.irises.astype(np.float64)
        measured = [
            measure_gaze(*each, radius, camera)
            for each in zip(irises, seen, self.fitted, placed, strict=True)
        ]
        gaze = np.stack([g for g, _ in measured])
        hidden = binary_dilation([trust < LEAST_GAZE_TRUST for _, trust in measured])
        sure = np.flatnonzero(~hidden)
        if len(sure):
            frames = np.arange(len(gaze))
            gaze = np.stack([np.interp(frames, sure, column[sure]) for column in gaze.T], 1)
        gaze = median_filter(gaze, (3, 1), mode="nearest")
        look = eye_angles(gaze, placed.mean(1), self.rotation)[:, 1]
        return gaze, look

    def mouth(self, rows: FaceRows, camera: Camera) -> Reals:
        """Lip gap as seen and as fitted, and width of the mouth (T, 3), in distances between the eyes."""
        corners = np.array([EYE_CORNERS_LEFT, EYE_CORNERS_RIGHT])
        eyes = np.linalg.norm(np.subtract(*rows.neutral[corners].mean(1)))
        upper, lower = np.array(LIP_PAIRS[:3]).T
        right, left = MOUTH_WIDTH_PAIRS[0]
        seen = self.clip.points[..., :2].astype(np.float64)
        depth = -(self.translation + self.rotation @ rows.neutral[13])[:, 2]
        cm = (seen * (1, -1)) * (depth / camera.focal)[:, None, None]
        gap = _along((cm[:, upper] - cm[:, lower]).mean(1), self.rotation[:, :2, 1])
        width = _along(cm[:, left] - cm[:, right], self.rotation[:, :2, 0])
        fitted = rows.neutral + np.einsum("lde,te->tld", rows.expression, self.weights)
        fitted_gap = (fitted[:, upper] - fitted[:, lower]).mean(1)[:, 1]
        measures: Reals = np.stack([gap, fitted_gap, width], 1) / eyes
        return measures


def _along(vectors: Reals, axes: Reals) -> Reals:
    """Lengths (T,) of vectors (T, 2) in the picture along axes (T, 2) that foreshortening made shorter."""
    lengths: Reals = (vectors * axes).sum(1) / np.maximum((axes**2).sum(1), 0.05)
    return lengths


def lid_look(model: HeadModel, rows: FaceRows) -> Reals:
    """Part (2,) of the left and right blink that lids do by themselves when the eyes look fully down."""
    parts = []
    for side, pairs in (("Left", LID_PAIRS_LEFT), ("Right", LID_PAIRS_RIGHT)):
        down = model.landmarks(model.expression_dense[EXPRESSION_INDEX[f"eyeLookDown{side}"]])
        blink = rows.expression[..., fitted_index(f"eyeBlink{side}")]
        upper, lower = np.array(pairs[:3]).T
        closing = [(lids[lower, 1] - lids[upper, 1]).sum() for lids in (down, blink)]
        parts.append(np.clip(closing[0] / closing[1], 0, 0.9))
    return np.array(parts)


def _take_look_from_lids(expression: Reals, look: Reals, part: Reals) -> None:
    """Leave of blinks (T, 52), in place, what the eyes' looking down (T,) does not bring about by itself."""
    down = np.clip((np.median(look) - look) / FULL_LOOK_DOWN, 0, 1)[:, None] * part
    expression[:, LIDS] = np.clip((expression[:, LIDS] - down) / (1 - down), 0, 1)


def _from_rest(turn: Reals, place: Reals, rest: int, pivot: Reals) -> tuple[Floats, Floats, Floats]:
    """Rotation (T, 3) and translation (T, 3) from the pose at sample ``rest``, and that pose (6,).

    ``R = R_motion R_rest``; the translation is that of the pivot.
    """
    rotation = rotation_matrix(*turn.T)
    moved = angles(rotation @ rotation[rest].T)
    at = rotation @ pivot + place
    pose = np.concatenate([turn[rest], place[rest]])
    return moved.astype(np.float32), (at - at[rest]).astype(np.float32), pose.astype(np.float32)


def _smooth(values: Reals) -> Reals:
    """Values (T, D) without the landmarks' jitter, at no lag (Savitzky and Golay, Anal. Chem. 36, 1964)."""
    window = min(SMOOTH, len(values) - 1 + len(values) % 2)
    if window < 4:
        return values
    return np.asarray(savgol_filter(values, window, 2, axis=0))
