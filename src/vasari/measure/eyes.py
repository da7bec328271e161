"""Blinks, and where the eyes go."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from vasari.head.expressions import EXPRESSION_INDEX
from vasari.measure.clip import Clip
from vasari.measure.reading import Reading, Readings, unread
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]

#: Lids are shut above this weight; a blink runs as long as they are further than half of its peak, and no
#: longer than this, seconds (Bentivoglio et al., Movement Disorders 12, 1997).
SHUT, LONGEST_BLINK = 0.5, 0.6
#: Clips shorter than this tell nothing of how often one blinks, nor of gaze, seconds.
LEAST_BLINKS_S, LEAST_GAZE_S = 10.0, 4.0
#: The eyes shift when their aim moves at least this far within two samples, degrees.
SHIFT = 1.5
#: Heads that turn less tell nothing of counter-rotation, degrees (standard deviation).
LEAST_TURN = 1.0


def measure_eyes(clip: Clip) -> Readings:
    """Blinks a minute, their length; shifts of gaze a second; counter-rotation with the head."""
    starts, lengths = blinks(clip)
    minutes = clip.seconds / 60
    rate = Reading(len(starts) / minutes, note=f"{len(starts)} in {clip.seconds:.0f} s")
    if clip.seconds < LEAST_BLINKS_S:
        rate = Reading(
            rate.value, f"{clip.seconds:.1f} s are too short; {LEAST_BLINKS_S:g} s tell it", rate.note
        )
    duration = Reading(1000 * float(np.median(lengths))) if len(lengths) else unread("no blink was seen")
    return {"blinks.rate": rate, "blinks.duration": duration, **_gaze(clip)}


def blinks(clip: Clip) -> tuple[Reals, Reals]:
    """Times of the peaks (B,) of the blinks and their lengths at half of the peak (B,), seconds."""
    expression = clip.track.motion.expression
    lids = [expression[:, EXPRESSION_INDEX[name]] for name in ("eyeBlinkLeft", "eyeBlinkRight")]
    shut = np.mean(lids, axis=0).astype(np.float64)
    shut -= np.median(shut)
    peaks, lengths = [], []
    k = 0
    while k < len(shut):
        if shut[k] < SHUT:
            k += 1
            continue
        end = k + int(np.argmax(np.append(shut[k:] < SHUT, True)))
        top = k + int(shut[k:end].argmax())
        length = _width(shut, top)
        if length <= LONGEST_BLINK:
            peaks.append(top / MOTION_RATE)
            lengths.append(length)
        k = end
    return np.array(peaks), np.array(lengths)


def _width(curve: Reals, top: int) -> float:
    """Seconds for which a peak is above half of its height, straight between samples."""
    half = curve[top] / 2
    width = 0.0
    for side in (curve[top::-1], curve[top:]):
        below = np.flatnonzero(side < half)
        if not len(below):
            width += len(side) - 1
            continue
        k = int(below[0])
        width += k - (half - side[k]) / (side[k - 1] - side[k])
    return width / MOTION_RATE


def _gaze(clip: Clip) -> Readings:
    motion = clip.track.motion
    if clip.seconds < LEAST_GAZE_S:
        why = f"{clip.seconds:.1f} s are too short; {LEAST_GAZE_S:g} s tell it"
        return {"gaze.shifts": unread(why), "gaze.counter": unread(why)}
    gaze = motion.gaze.astype(np.float64)
    head = motion.rotation[:, :2].astype(np.float64)
    rate = len(shifts(np.asarray(median_filter(gaze, (3, 1), mode="nearest")))) / clip.seconds
    turned = head.std(0)
    axis = int(turned.argmax())
    counter = float(np.corrcoef(gaze[:, axis] - head[:, axis], head[:, axis])[0, 1])
    name = ("yaw", "pitch")[axis]
    if turned[axis] < LEAST_TURN:
        reading = unread(f"the head turns too little ({turned[axis]:.1f} degrees)")
    else:
        reading = Reading(counter, note=f"in {name}")
    return {"gaze.shifts": Reading(rate), "gaze.counter": reading}


def shifts(gaze: Reals) -> NDArray[np.intp]:
    """Samples at which gaze (T, 2), degrees from the camera, goes quickly to another place."""
    step = np.linalg.norm(gaze[2:] - gaze[:-2], axis=1)
    fast = step > SHIFT
    tops = fast & (step >= np.pad(step, 2)[1:-3]) & (step > np.pad(step, 2)[3:-1])
    return np.flatnonzero(tops) + 1
