"""Vocal effort: who speaks up opens the mouth wider and moves the head more.

Raised voices are brighter, not only louder, whatever the distance of the microphone: against neutral
sentences of the same actors, angry ones have 9 dB more at 1 to 2 kHz relative to below 0.6 (Berlin Database
of Emotional Speech; Traunmueller and Eriksson, JASA 107, 2000). Lips open wider then, and less in soft speech
(Garnier, Menard and Alexandre, JASA 144, 2018). Every recording has its own level, so loudness counts little
by itself, and more where a speaker leaves what has been usual.
"""

from __future__ import annotations

import numpy as np

from vasari.motion.motion import Floats
from vasari.voice.features import LOUDNESS, MEL, VOICING
from vasari.voice.spectrum import FEATURE_RATE

_LOW, _HIGH = slice(MEL.start + 2, MEL.start + 9), slice(MEL.start + 14, MEL.start + 21)  # bands
_TILT, _LEVEL = -2.1, 0.8  # of the middle voice: high over low bands in bels; LOUDNESS
_BY_TILT, _BY_LEVEL, _BY_RISE = 0.35, 0.05, 0.25  # what a bel more adds to the factor
_MOST_BELS, _MOST_RISE = 1.0, 0.8
_MEMORY, _HABIT = 0.8, 12.0  # seconds of voiced speech: what is heard as now, and as usual


class Effort:
    """Factor on what the mouth does, one motion frame after the other."""

    def __init__(self) -> None:
        self._tilt, self._level = _TILT, _LEVEL
        self._usual, self._heard = _LEVEL, 0  # level of what was heard so far, and in how many voiced rows

    def step(self, rows: Floats) -> float:
        """The factor, 0.4 to 1.6; 1 for the middle voice.

        Args:
            rows: (n, FEATURE_DIM) features of the frame's time.
        """
        for row in rows[rows[:, VOICING] > 0.5]:
            self._heard += 1
            now = 1 / (_MEMORY * FEATURE_RATE)
            self._tilt += now * (float(row[_HIGH].mean() - row[_LOW].mean()) - self._tilt)
            self._level += max(now, 1 / self._heard) * (float(row[LOUDNESS]) - self._level)
            usual = max(1 / (_HABIT * FEATURE_RATE), 1 / self._heard)
            self._usual += usual * (float(row[LOUDNESS]) - self._usual)
        bright, loud = np.clip((self._tilt - _TILT, self._level - _LEVEL), -_MOST_BELS, _MOST_BELS)
        rise = np.clip(self._level - self._usual, -_MOST_RISE, _MOST_RISE)
        return float(1 + _BY_TILT * bright + _BY_LEVEL * loud + _BY_RISE * rise)
