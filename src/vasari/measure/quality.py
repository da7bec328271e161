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

#: A photo enlarged more than this would be judged by its enlargement.
ENLARGED = 3.0


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
    shown = clip.landmarks.points[int(np.flatnonzero(clip.landmarks.found)[0])]
    resize = frame.scale(face.points) / frame.scale(shown)  # the photo is shown as large as the video's face
    if resize > ENLARGED:
        return unread("the photo's face is too small to compare with")
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8)
    how = cv2.INTER_AREA if resize < 1 else cv2.INTER_CUBIC
    grey = np.asarray(cv2.resize(grey, None, fx=resize, fy=resize, interpolation=how), np.uint8)
    points = face.points * np.float32(resize)
    still = sharpness(frame.cut(grey, points), frame.details())
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
