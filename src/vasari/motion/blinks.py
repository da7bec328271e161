"""When and how lids blink.

Intervals are log-normal (Bentivoglio et al., "Analysis of blink rate patterns in normal subjects", Movement
Disorders 12, 1997: 26 a minute in conversation, 17 at rest); blinks gather at the ends of utterances and
with large shifts of gaze (Nakano and Kitazawa, Exp. Brain Res. 205, 2010; Evinger et al., Exp. Brain Res.
100, 1994): there the blink that is due next comes early, which keeps the rate. A blink closes in one or two
frames and opens in two or three.
"""

from __future__ import annotations

import numpy as np

from vasari.motion.cues import Cue
from vasari.motion.motion import MOTION_RATE

# Lid closure frame by frame at 25 Hz: fast down, slower up.
_SHAPES = (
    (0.75, 1.0, 0.55, 0.15),
    (0.45, 1.0, 0.80, 0.30),
    (0.85, 1.0, 0.35),
    (0.35, 0.95, 1.0, 0.60, 0.20),
)
_SPREAD = 0.55  # of the logarithm of an interval
_SHORTEST = 0.5  # seconds
_AT_REST = 0.65  # rate in silence over that in talk
_BORROWED = {"end": (0.55, 3.5), "glance": (0.35, 1.5)}  # chance, and how early in seconds
_DOUBLE, _PARTIAL = 0.05, 0.08  # chances


class Blinks:
    """Closure of the lids, one motion frame after the other."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._due = random.random()  # part of an interval until the next blink, at the present rate
        self._since = 1.0  # seconds since the last blink began
        self._running: list[float] = []
        self._again = 0  # frames until the second half of a double blink

    def step(self, cue: Cue, rate: float, glance: bool) -> float:
        """Closure 0..1 of the next frame.

        Args:
            cue: the speech.
            rate: blinks a minute while talking.
            glance: the eyes make a large shift now.
        """
        self._since += 1 / MOTION_RATE
        now = rate / 60 * (_AT_REST + (1 - _AT_REST) * cue.talking)
        self._due -= now / MOTION_RATE
        early = self._early("end" if cue.end else "glance" if glance else "", now)
        if self._again:
            self._again -= 1
        ready = self._since > _SHORTEST and rate > 0
        if not self._running and ((ready and (self._due <= 0 or early)) or self._again == 1):
            self._begin()
        return self._running.pop(0) if self._running else 0.0

    def _early(self, reason: str, rate: float) -> bool:
        """Whether the next blink, due within some seconds, comes now for a reason."""
        chance, seconds = _BORROWED.get(reason, (0.0, 0.0))
        return self._random.random() < chance and self._due < seconds * rate

    def _begin(self) -> None:
        depth = 0.55 + 0.2 * self._random.random() if self._random.random() < _PARTIAL else 1.0
        shape = _SHAPES[int(self._random.integers(len(_SHAPES)))]
        self._running = [depth * closure for closure in shape]
        if self._again == 1:
            self._again = 0
        else:  # what is left of an interval cut short is added to the next one
            fresh = self._random.lognormal(-(_SPREAD**2) / 2, _SPREAD)
            self._due = max(self._due, 0.0) + (1 + _DOUBLE) * fresh
            if self._random.random() < _DOUBLE:
                self._again = round((0.28 + 0.1 * self._random.random()) * MOTION_RATE)
        self._since = 0.0
