"""How far a voice moves the lips.

A net that has learned from few voices moves the lips of others at the right time, but too little: what it is
less sure of it shrinks. Over some seconds of speech the spread of the gap between the lips tells how much,
and part of what lacks to people's spread is made good. Only slowly: louder words still move the lips more.
"""

from __future__ import annotations

import math

import numpy as np

from vasari.motion.motion import MOTION_RATE

_SPREAD = 0.36  # cm: standard deviation of the gap, of the median talker
_SHARE = 0.6  # of what lacks (as a ratio) that is made good
_MOST = 1.5
_MEMORY = 4.0  # seconds of speech


class Amplitude:
    """Factor on what the mouth does, one motion frame after the other."""

    def __init__(self) -> None:
        self._mean, self._variance = 0.3, 0.28**2

    def step(self, gap: float, voiced: bool) -> float:
        """The factor, 1 to 1.5.

        Args:
            gap: between the lips as the net has it, cm.
            voiced: whether somebody speaks.
        """
        if voiced:
            rate, difference = 1 / (_MEMORY * MOTION_RATE), gap - self._mean
            self._mean += rate * difference
            self._variance += rate * (difference**2 - self._variance)
        lack = _SPREAD / max(math.sqrt(self._variance), 0.05)
        return float(np.clip(lack**_SHARE, 1.0, _MOST))
