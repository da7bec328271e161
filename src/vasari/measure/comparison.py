"""A video beside the real one of the same words: lips, head and pixels at the same moments."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.model import HeadModel
from vasari.measure.aligned import FaceFrame
from vasari.measure.clip import Clip
from vasari.measure.picture import FACE_SIDE
from vasari.measure.reading import Reading, Readings, unread
from vasari.motion.motion import MOTION_RATE

Bytes = NDArray[np.uint8]
Reals = NDArray[np.float64]

#: Moments at which pictures are compared.
MOMENTS = 24
#: Lags that are tried, samples of motion on both sides.
REACH = 10
#: Curves that vary less than this tell nothing.
FLAT = 1e-3
#: Weights and window of SSIM (Wang et al., IEEE Trans. Image Processing 13, 2004).
_C1, _C2, _SIGMA = (0.01 * 255) ** 2, (0.03 * 255) ** 2, 1.5


def measure_against(clip: Clip, reference: Clip) -> Readings:
    """How near a clip comes to the real video of the same words, which must start with it."""
    length = min(len(clip), len(reference))
    made, real = (each.track.lip_gap[:length].astype(np.float64) for each in (clip, reference))
    widths = [each.track.mouth_width[:length].astype(np.float64) for each in (clip, reference)]
    turns = [each.track.motion.rotation[:length].astype(np.float64) for each in (clip, reference)]
    note = f"over {length / MOTION_RATE:.1f} s"
    readings = {
        "reference.mouth": _correlation(made, real, note),
        "reference.lag": _lag(made, real),
        "reference.amplitude": unread("the reference's mouth does not move"),
        "reference.width": _correlation(widths[0], widths[1], note),
        "reference.head": _mean(
            [_correlation(a, b, note) for a, b in zip(*(t.T for t in turns), strict=True)]
        ),
    }
    if real.std() > FLAT:
        readings["reference.amplitude"] = Reading(float(made.std() / real.std()), note=note)
    samples = np.unique(np.linspace(0, length - 1, MOMENTS).round().astype(int)).tolist()
    scores = np.array(
        [
            (psnr(a, b), ssim(a, b))
            for a, b in zip(_faces(clip, samples), _faces(reference, samples), strict=True)
        ]
    )
    where = f"{len(scores)} moments, aligned faces of {FACE_SIDE} px"
    readings["reference.psnr"] = Reading(float(scores[:, 0].mean()), note=where)
    readings["reference.ssim"] = Reading(float(scores[:, 1].mean()), note=where)
    return readings


def psnr(a: Bytes, b: Bytes) -> float:
    """Peak signal-to-noise ratio of two pictures, dB; 100 at most."""
    error = float(np.mean((a.astype(np.float64) - b) ** 2))
    return 10 * float(np.log10(255**2 / max(error, 255**2 * 1e-10)))


def ssim(a: Bytes, b: Bytes) -> float:
    """Mean structural similarity of two grey pictures, -1 to 1."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    mx, my = _blurred(x), _blurred(y)
    vx, vy, both = _blurred(x * x) - mx * mx, _blurred(y * y) - my * my, _blurred(x * y) - mx * my
    alike = (2 * mx * my + _C1) * (2 * both + _C2) / ((mx**2 + my**2 + _C1) * (vx + vy + _C2))
    return float(alike.mean())


def _blurred(values: Reals) -> Reals:
    return np.asarray(cv2.GaussianBlur(values, (11, 11), _SIGMA), np.float64)


def _faces(clip: Clip, samples: list[int]) -> list[Bytes]:
    """Aligned grey faces at some samples of motion."""
    frame = FaceFrame.of(HeadModel.load(), FACE_SIDE)
    points = clip.landmarks.bridged().points
    numbers = [clip.frame_at(sample) for sample in samples]
    shown = clip.pictures_at(numbers)
    return [
        np.asarray(cv2.cvtColor(frame.cut(picture, points[n]), cv2.COLOR_RGB2GRAY), np.uint8)
        for picture, n in zip(shown, numbers, strict=True)
    ]


def _correlation(a: Reals, b: Reals, note: str) -> Reading:
    if min(a.std(), b.std()) < FLAT:
        return Reading(0.0, note=f"one of them does not move; {note}")
    return Reading(float(np.corrcoef(a, b)[0, 1]), note=note)


def _mean(readings: list[Reading]) -> Reading:
    return Reading(float(np.mean([r.value for r in readings if r.value is not None])), note=readings[0].note)


def _lag(made: Reals, real: Reals) -> Reading:
    """Milliseconds after which the lips do what the reference's did, at the peak of the correlation."""
    if len(made) < 4 * REACH or min(made.std(), real.std()) < FLAT:
        return unread("too short, or one of the mouths does not move")
    inner = slice(REACH, len(made) - REACH)
    scores = []
    for shift in range(-REACH, REACH + 1):
        moved = made[inner.start + shift : inner.stop + shift]
        scores.append(np.corrcoef(moved, real[inner])[0, 1] if moved.std() > FLAT else 0.0)
    best = int(np.clip(np.argmax(scores), 1, 2 * REACH - 1))
    low, top, high = scores[best - 1 : best + 2]
    bend = low - 2 * top + high
    peak = best - REACH + (0.5 * (low - high) / bend if bend < 0 else 0.0)
    return Reading(1000 * peak / MOTION_RATE, "" if top > 0.3 else "the lips hardly agree at any lag")
