"""Inertia: a jump of a signal becomes a quick, smooth move; a signal without jumps is left exact.

What is shown is target + offset. A jump of the target is put into the offset, which then decays as a
critically damped spring, position and speed continuous (Bollo, "Inertialization", GDC 2018).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vasari.motion.motion import MOTION_RATE


class Inertia:
    """One signal of D components, sampled at the motion rate.

    Args:
        settle: seconds until a tenth of a jump is left.
        jump: largest change from sample to sample that counts as continuous.
    """

    def __init__(self, settle: float, jump: float = math.inf) -> None:
        self._omega = 3.89 / settle  # (1 + x) exp(-x) = 0.1 at x = 3.89
        self._jump = jump
        self._target: NDArray[np.float64] | None = None
        self._offset: NDArray[np.float64] | float = 0.0
        self._speed: NDArray[np.float64] | float = 0.0

    def __call__(self, target: ArrayLike, *, jumped: bool = False) -> NDArray[np.float64]:
        """The value to show (D,) for the next sample of the target (D,).

        ``jumped`` says that the target was replaced by another, however near.
        """
        now = np.array(target, np.float64, ndmin=1)
        last = self._target
        if last is not None and (jumped or np.abs(now - last).max() > self._jump):
            self.absorb(last - now)
        self._decay()
        self._target = now
        return now + self._offset

    def absorb(self, jump: ArrayLike) -> None:
        """Take over a known jump, old minus new value (D,)."""
        self._offset = self._offset + np.asarray(jump, np.float64)

    def _decay(self) -> None:
        step = 1 / MOTION_RATE
        fade = math.exp(-self._omega * step)
        pull = self._speed + self._omega * self._offset
        self._offset = (self._offset + pull * step) * fade
        self._speed = (self._speed - self._omega * pull * step) * fade
