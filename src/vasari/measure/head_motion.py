"""How the head moves: how fast, how far, how smoothly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from vasari.head.model import HeadModel
from vasari.head.resample import Resampler
from vasari.measure.aligned import SPAN_CM, FaceFrame
from vasari.measure.clip import Clip
from vasari.measure.reading import Reading, Readings, unread
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]

#: Spread is taken within windows of this length, seconds.
WINDOW_S = 15.0
#: Clips of at least this length tell spread and jitter, and how fast the head moves, seconds.
LEAST_S, LEAST_CHANGE_S = 4.0, 2.0
#: Above this frequency a head does not turn by itself, Hz.
JITTER_HZ = 5.0
#: A head that moves less than this in a frame moves no more than the landmarks' noise.
NOISE_MM = 0.55
#: From the middle of the face to its rim.
RADIUS_MM = 60.0


def measure_head(clip: Clip) -> Readings:
    """Speed, spread and jitter of the head's rotation."""
    rotation = clip.track.motion.rotation.astype(np.float64)
    short = _short(clip, LEAST_S)
    change = float(np.linalg.norm(np.diff(rotation, axis=0), axis=1).mean())
    readings = {"head.change": Reading(change, _short(clip, LEAST_CHANGE_S))}
    windows = np.array_split(rotation, max(1, int(clip.seconds // WINDOW_S)))
    spread = np.mean([part.std(0) for part in windows], axis=0)
    for name, value in zip(("yaw", "pitch", "roll"), spread, strict=True):
        readings[f"head.{name}_std"] = Reading(float(value), short)
    readings["head.jitter"] = _jitter(clip, short)
    return readings


def drift(clip: Clip) -> Reals:
    """How the rigid face lies in the picture (T, 4) at 25 Hz, frame by frame, smoothed by nothing.

    Across, down, turned in the picture, and nearer, all as the movement of a point of the face, millimetres.
    It is the mean of hundreds of landmarks, hence nearly free of their noise.
    """
    frame = FaceFrame.of(HeadModel.load(), 100)
    placings = np.stack([frame.placing(points) for points in clip.landmarks.bridged().points])
    turn, shift = placings[:, :, 0] @ (1, 1j), placings[:, :, 2] @ (1, 1j)
    middle = (50 + 50j - shift) / turn
    mm = 10 * SPAN_CM / 100 * float(np.median(np.abs(turn)))  # to a pixel of the picture
    angle = -np.unwrap(np.angle(turn))
    place = [middle.real * mm, middle.imag * mm, angle * RADIUS_MM, -np.log(np.abs(turn)) * RADIUS_MM]
    return Resampler.of(clip.landmarks.times).straight(np.stack(place, 1))[: len(clip)]


def _short(clip: Clip, least: float) -> str:
    """Why a clip cannot tell, if it is shorter than ``least`` seconds."""
    return "" if clip.seconds >= least else f"{clip.seconds:.1f} s are too short; {least:g} s tell it"


def _jitter(clip: Clip, short: str) -> Reading:
    if short:
        return unread(short)
    steps = np.diff(drift(clip), axis=0)
    frequency, power = welch(steps, MOTION_RATE, nperseg=min(100, len(steps)), axis=0)
    total = power.sum(1)
    share = float(total[frequency > JITTER_HZ].sum() / max(total.sum(), 1e-12))
    moved = float(np.linalg.norm(steps, axis=1).mean())
    if moved < NOISE_MM:
        return Reading(share, f"the head moves {moved:.2f} mm a frame, no more than the landmarks' noise")
    return Reading(share, note=f"moves {moved:.1f} mm a frame")
