"""Moments of a clip worth looking at, as strips of frames: where mouths, eyes and heads betray themselves."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.face_rows import LID_POINTS, MOUTH_POINTS
from vasari.measure.clip import Clip
from vasari.measure.eyes import blinks
from vasari.measure.mouth import CLOSED
from vasari.motion.motion import MOTION_RATE

Bytes = NDArray[np.uint8]

#: Side of the pictures of a strip, pixels.
SIDE = 192
#: A face is shown with this much around it, in its sizes; eyes and mouth in theirs.
AROUND = {"face": 1.5, "eyes": 1.25, "mouth": 1.7}
#: Seconds at least between two moments of one kind.
APART_S = 0.4


def moments(clip: Clip) -> list[tuple[int, str]]:
    """Samples of motion to look at and what happens there, in order of time."""
    gap = clip.track.lip_gap.astype(np.float64)
    rotation = clip.track.motion.rotation
    spoken = np.where(clip.speaking, gap, -np.inf)
    found: list[tuple[int, str]] = [(0, "first")]
    found += [(k, "wide open") for k in _tops(spoken, 2)]
    found += [(k, "closed") for k in _tops(np.where(clip.speaking & (gap < CLOSED), -gap, -np.inf), 2)]
    found += [(round(t * MOTION_RATE), "blink") for t in blinks(clip)[0][:2]]
    found += [(int(rotation[:, 0].argmin()), "turned right"), (int(rotation[:, 0].argmax()), "turned left")]
    if clip.silent.any():
        found.append((int(np.flatnonzero(clip.silent)[clip.silent.sum() // 2]), "silence"))
    names = dict(reversed(found))
    return sorted(names.items())


def strips(clip: Clip, samples: list[int]) -> dict[str, list[Bytes]]:
    """Pictures (SIDE, SIDE, 3) of the face, the eyes and the mouth at some samples of motion."""
    numbers = [clip.frame_at(sample) for sample in samples]
    points = clip.landmarks.bridged().points
    shown = list(zip(clip.pictures_at(numbers), (points[n, :, :2] for n in numbers), strict=True))
    parts = {"face": np.arange(468), "eyes": np.array(LID_POINTS), "mouth": np.array(MOUTH_POINTS)}
    return {
        name: [_cut(picture, all_points[ids], AROUND[name]) for picture, all_points in shown]
        for name, ids in parts.items()
    }


def _tops(values: NDArray[np.float64], count: int) -> list[int]:
    """Places of the largest finite values, apart from each other."""
    values, apart = values.copy(), round(APART_S * MOTION_RATE)
    tops: list[int] = []
    while len(tops) < count and np.isfinite(values).any():
        top = int(values.argmax())
        tops.append(top)
        values[max(top - apart, 0) : top + apart + 1] = -np.inf
    return tops


def _cut(picture: Bytes, points: NDArray[np.float32], around: float) -> Bytes:
    low, high = points.min(0), points.max(0)
    scale = SIDE / (around * float((high - low).max()))
    shift = SIDE / 2 - scale * (low + high) / 2
    if scale < 0.7:
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture, scale = np.asarray(small, np.uint8), 1.0
    placing = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    return np.asarray(
        cv2.warpAffine(
            picture, placing, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        ),
        np.uint8,
    )
