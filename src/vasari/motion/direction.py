"""Direction: the controls as they take effect, moment by moment.

A function of time is followed exactly while it is continuous. A change that comes at once, in the controls
themselves or in their functions, is carried out as a person would: eyes jump, the head turns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.motion.controls import Controls
from vasari.motion.emotions import emotion_offset
from vasari.motion.inertia import Inertia
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]

# Seconds until a tenth of a change is left, and the most that counts as continuous, a motion frame.
_GAZE = (0.08, 3.0)  # degrees
_DISTANCE = (0.6, 0.03)
_POSE = (0.5, 4.0)  # degrees
_EMOTION = (0.5, 0.08)
_AMPLITUDES = (0.25, 0.15)


@dataclass(frozen=True)
class Directed:
    """What is asked for at one motion frame.

    Attributes:
        gaze: (2,) degrees.
        distance: 1.0 as in the photo.
        pose: (3,) degrees.
        emotion: (52,) expression offset.
        head_motion, expressiveness, mouth: amplitudes.
        blink_rate: a minute.
    """

    gaze: Reals
    distance: float
    pose: Reals
    emotion: Reals
    head_motion: float
    expressiveness: float
    mouth: float
    blink_rate: float


class Direction:
    """Controls over the frames of a performance."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._changed = False
        self._frame = 0
        self._gaze, self._distance, self._pose = Inertia(*_GAZE), Inertia(*_DISTANCE), Inertia(*_POSE)
        self._emotion, self._amplitudes = Inertia(*_EMOTION), Inertia(*_AMPLITUDES)

    def set(self, controls: Controls) -> None:
        """Other controls from the next frame on; time runs on."""
        self._controls, self._changed = controls, True

    def step(self) -> Directed:
        """What is asked for at the next frame."""
        now = self._controls.at(self._frame / MOTION_RATE)
        changed, self._changed = self._changed, False
        self._frame += 1
        amplitudes = [now.head_motion, now.expressiveness, now.mouth]
        head, face, mouth = self._amplitudes(amplitudes, jumped=changed).clip(0)
        return Directed(
            self._gaze(now.gaze, jumped=changed),
            float(self._distance(now.distance, jumped=changed)[0]),
            self._pose(now.pose, jumped=changed),
            self._emotion(emotion_offset(now.emotion), jumped=changed),
            float(head),
            float(face),
            float(mouth),
            now.blink_rate,
        )
