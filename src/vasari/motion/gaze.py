"""Where the eyes look: fixations around a main direction, and the quick shifts between them.

Fixations last 0.2 to 1.5 s; most shifts are small, within the other's face; now and then talkers look
away, mostly as they begin to speak (Lee, Badler and Badler, "Eyes alive", SIGGRAPH 2002). The shifts
average to the main direction. Gaze is relative to the camera, so eyes counter-rotate with the head.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.motion.cues import Cue
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]

_DART = np.array([1.7, 1.0])  # spread of small shifts (yaw, pitch), degrees
_AWAY = np.array([7.5, 4.5])
_AWAY_TALKING, _AWAY_START, _AWAY_SILENT = 0.05, 0.35, 0.02  # chance that a shift leads away
_RETURN = 0.55  # chance that a shift leads back to the main direction
_TREMOR = 0.05  # degrees
_LARGE = 4.0  # degrees: a shift that lasts two frames and may bring a blink


class Gaze:
    """Offset of the eyes from their main direction, one motion frame after the other."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._fixation = np.zeros(2)
        self._shown = np.zeros(2)
        self._mean = np.zeros(2)  # of the fixations over the last 10 s or so
        self._left = 10  # frames left in this fixation
        self._away = False
        self.shifted = 0.0
        """Size in degrees of the shift that starts with this frame; 0 within a fixation."""

    def step(self, cue: Cue) -> Reals:
        """Offset (2,) yaw, pitch in degrees for the next frame."""
        self.shifted = 0.0
        self._left -= 1
        if self._left <= 0 or (cue.start and self._left > 3):
            self._shift(cue)
        self._mean += (self._fixation - self._mean) / (10 * MOTION_RATE)
        way = self._fixation - self._shown
        self._shown = self._shown + way * (0.62 if np.abs(way).max() > _LARGE else 1.0)
        return self._shown + _TREMOR * self._random.standard_normal(2)

    def _shift(self, cue: Cue) -> None:
        chance = _AWAY_START if cue.start else _AWAY_SILENT + (_AWAY_TALKING - _AWAY_SILENT) * cue.talking
        draw = self._random.standard_normal(2)
        away = self._random.random() < chance and not self._away
        if away:
            goal = draw * _AWAY * [1.0, 0.8] + np.sign(draw) * [2.5, 1.0]
        elif self._away or self._random.random() < _RETURN:
            goal = 0.3 * draw * _DART
        else:
            goal = draw * _DART
        goal -= 0.8 * self._mean
        self.shifted = float(np.linalg.norm(goal - self._fixation))
        self._fixation, self._away = goal, away
        median = 0.36 if away else 0.42 if cue.talking > 0.3 else 0.6
        seconds = float(np.clip(median * self._random.lognormal(0, 0.55), 0.16, 2.0))
        self._left = round(seconds * MOTION_RATE)
