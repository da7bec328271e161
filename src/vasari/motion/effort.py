"""Vocal effort: who speaks up opens the mouth wider.

Raised voices are brighter, not only louder, whatever the distance of the microphone: against neutral
sentences of the same actors, angry ones have 9 dB more at 1 to 2 kHz relative to below 0.6 (Berlin Database
of Emotional Speech; Traunmueller and Eriksson, JASA 107, 2000). Lips open wider then, and less in soft speech
(Garnier, Menard and Alexandre, JASA 144, 2018). Loudness counts less: every recording has its own level.
"""

from __future__ import annotations

import numpy as np

from vasari.motion.motion import Floats
from vasari.voice.features import LOUDNESS, MEL, VOICING
from vasari.voice.spectrum import FEATURE_RATE

_LOW, _HIGH = slice(MEL.start + 2, MEL.start + 9), slice(MEL.start + 14, MEL.start + 21)  # bands
_TILT, _LEVEL = -1.75, 0.8  # of the middle voice: high over low bands in bels; LOUDNESS
_BY_TILT, _BY_LEVEL = 0.25, 0.08  # what a bel more adds to the factor
_MOST_BELS = 1.2
_MEMORY = 0.8  # seconds of voiced speech


class Effort:
    """Factor on what the mouth does, one motion frame after the other."""

    def __init__(self) -> None:
        self._tilt, self._level = _TILT, _LEVEL

    def step(self, rows: Floats) -> float:
        """The factor, 0.6 to 1.4; 1 for the middle voice.

        Args:
            rows: (n, FEATURE_DIM) features of the frame's time.
        """
        for row in rows[rows[:, VOICING] > 0.5]:
            rate = 1 / (_MEMORY * FEATURE_RATE)
            self._tilt += rate * (float(row[_HIGH].mean() - row[_LOW].mean()) - self._tilt)
            self._level += rate * (float(row[LOUDNESS]) - self._level)
        bright, loud = np.clip((self._tilt - _TILT, self._level - _LEVEL), -_MOST_BELS, _MOST_BELS)
        return float(1 + _BY_TILT * bright + _BY_LEVEL * loud)
