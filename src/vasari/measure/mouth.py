"""The mouth: how far it opens in speech, how still it is in silence, whether it closes on p, b and m."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vasari.measure.bilabials import Closure
from vasari.measure.clip import Clip
from vasari.measure.reading import Reading, Readings, unread
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]
Spans = list[tuple[float, float]]

#: Lips pass as closed below this gap, distances between the middles of the eyes (0.8 mm on the mean head).
CLOSED = 0.0125
#: Lips may close this long before the sound of a p, b or m is found, and after, seconds.
AROUND_S = 0.06
#: So many p, b and m, and so much silence (seconds), tell something.
LEAST_BILABIALS, LEAST_SILENCE_S = 6, 0.4
#: Movement of the lips a frame that is but noise of the landmarks, distances between the eyes.
STILL = 0.01


def measure_mouth(clip: Clip, bilabials: Sequence[Closure]) -> Readings:
    """Opening in speech, motion in silence over that in speech, closures on p b m.

    Args:
        clip: what was observed.
        bilabials: the p, b and m in its speech.
    """
    gap = np.maximum(clip.track.lip_gap.astype(np.float64), 0)
    opening = float(gap[clip.speaking].std()) if clip.speaking.any() else 0.0
    readings = {"mouth.opening": Reading(opening), "mouth.silence": _silence(clip)}
    spans = [(each.start, each.end) for each in bilabials]
    return readings | {"closures.rate": closures(gap, clip.speaking, spans)}


def motion_of(clip: Clip) -> Reals:
    """(T,) how fast the lips move: change of gap and width a frame, distances between the eyes."""
    track = clip.track
    shape = np.stack([track.lip_gap, track.mouth_width], 1).astype(np.float64)
    steps = np.linalg.norm(np.diff(shape, axis=0, prepend=shape[:1]), axis=1)
    return np.asarray(steps, np.float64)


def _silence(clip: Clip) -> Reading:
    seconds = clip.silent.sum() / MOTION_RATE
    if seconds < LEAST_SILENCE_S:
        return unread(f"{seconds:.1f} s of silence; {LEAST_SILENCE_S:g} s are needed")
    speed = motion_of(clip)
    spoken = float(speed[clip.speaking].mean()) if clip.speaking.any() else 0.0
    if spoken < STILL:
        return unread("the mouth hardly moves even in speech")
    return Reading(float(speed[clip.silent].mean()) / spoken, note=f"{seconds:.1f} s of silence")


def closures(gap: Reals, speaking: NDArray[np.bool_], bilabials: Spans) -> Reading:
    """Share of p, b and m during which the lips touch; the note tells that of other moments of speech."""
    if not bilabials:
        return unread("no p, b or m was heard")
    closed = gap < CLOSED
    spans = [_samples(start, end, len(gap)) for start, end in bilabials]
    rate = float(np.mean([closed[span].any() for span in spans]))
    length = round(float(np.median([span.stop - span.start for span in spans])))
    starts = [k for k in range(len(gap) - length) if speaking[k : k + length].all()]
    chance = float(np.mean([closed[k : k + length].any() for k in starts])) if starts else 0.0
    note = f"{len(spans)} heard; chance {chance:.2f}"
    untold = ""
    if len(spans) < LEAST_BILABIALS:
        untold = f"{len(spans)} p, b or m heard; {LEAST_BILABIALS} are needed"
    return Reading(rate, untold, note)


def _samples(start: float, end: float, length: int) -> slice:
    first = max(round((start - AROUND_S) * MOTION_RATE), 0)
    last = min(round((end + AROUND_S) * MOTION_RATE) + 1, length)
    return slice(first, max(last, first + 1))
