"""Sharpness and flicker of the picture, and sound and picture in time, as readings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.landmarks import FaceLandmarks
from vasari.head.model import HeadModel
from vasari.measure.aligned import FaceFrame
from vasari.measure.clip import Clip
from vasari.measure.picture import FACE_SIDE, sharpness
from vasari.measure.reading import Reading, Readings, unread

Bytes = NDArray[np.uint8]
Reals = NDArray[np.float64]

#: A face drawn larger than this many times would be judged by its enlargement.
ENLARGED = 1.5


def measure_quality(clip: Clip, photo: Bytes | None, face: FaceLandmarks | None) -> Readings:
    """Sharpness against the photo (H, W, 3) and its face, or the first frame; flicker of what only moves."""
    log = clip.picture
    return {
        "sharpness.ratio": _sharpness(clip, photo, face),
        "flicker.skin": _middle(log.skin, "the face is seen in too few frames in a row"),
        "flicker.brightness": _brightness(log.brightness),
        "flicker.background": _middle(log.background, "too little background is seen"),
        "background.drift": _middle(log.drift, "too little background is seen"),
    }


def measure_timing(clip: Clip, own_sound: bool) -> Readings:
    """Starts and ends of sound and picture, frames missing and frames shown twice."""
    timing = clip.timing
    readings = {
        "timing.fps": Reading(timing.fps, note=f"{100 * timing.variable:.0f} % of intervals differ"),
        "timing.dropped": Reading(100 * timing.dropped / (timing.frames + timing.dropped)),
        "timing.repeated": Reading(100 * float(clip.picture.repeated.mean())),
    }
    offset, longer = timing.start_offset, timing.length_difference
    if own_sound and offset is not None and longer is not None:
        readings["timing.start"] = Reading(1000 * offset)
        readings["timing.end"] = Reading(1000 * longer)
    return readings


def _sharpness(clip: Clip, photo: Bytes | None, face: FaceLandmarks | None) -> Reading:
    frames = clip.picture.sharpness
    middle = float(np.nanmedian(frames))
    wide = float(np.nanmedian(clip.picture.face_pixels))
    if photo is None or face is None:
        first = float(frames[np.isfinite(frames)][0])
        return Reading(middle / max(first, 1e-6), note="against the first frame")
    frame = FaceFrame.of(HeadModel.load(), FACE_SIDE)
    scale = frame.scale(clip.landmarks.points[int(np.flatnonzero(clip.landmarks.found)[0])])
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8)
    if frame.scale(face.points) > ENLARGED:
        return unread("the photo's face is too small to compare with")
    if scale > 1:  # the photo is shown no larger than the video could
        shrink = frame.scale(face.points) / scale
        if shrink < 1:
            size = (round(grey.shape[1] * shrink), round(grey.shape[0] * shrink))
            grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
            face = FaceLandmarks(
                face.points * np.float32(shrink), face.irises * np.float32(shrink), face.score
            )
    still = sharpness(frame.cut(grey, face.points), frame.details())
    return Reading(middle / max(still, 1e-6), note=f"against the photo; the face is {wide:.0f} px high")


def _middle(values: Reals, why: str) -> Reading:
    seen = values[np.isfinite(values)]
    return Reading(float(np.mean(seen))) if len(seen) >= 10 else unread(why)


def _brightness(brightness: Reals) -> Reading:
    """How much the skin's brightness jumps about a steady change, grey levels (standard deviation)."""
    bend = np.diff(brightness, 2)
    seen = bend[np.isfinite(bend)]
    if len(seen) < 10:
        return unread("the face is seen in too few frames in a row")
    return Reading(float(np.sqrt(np.mean(seen**2) / 6)))
