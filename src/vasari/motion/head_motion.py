"""How a head moves while its owner talks, listens and breathes.

Three layers, in degrees:
 - posture: strokes from one posture to the next (minimum jerk: Flash and Hogan, J. Neurosci. 5, 1985),
   wide when an utterance starts, medium at its end, and now and then in between;
 - beats: quick nods, there and back, on stressed syllables (Hadar et al., "Kinematics of head movements
   accompanying speech", Human Movement Science 2, 1983);
 - drift: slow sway and the tremor of the neck, always.
Rates and sizes are fitted to tracked talkers by train/fit_head_motion.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.motion.cues import Cue
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]

# Spread of postures (yaw, pitch, roll), degrees.
_POSTURE = np.array([4.6, 3.1, 3.3])
_KEEP = 0.35  # part of the old posture in the next
_WIDE, _MEDIUM, _SMALL = 1.15, 0.9, 0.75
_SHIFTS_TALKING, _SHIFTS_SILENT = 0.55, 0.16  # a second, besides starts and ends
_BEAT = np.array([0.5, 2.3, 0.35])  # size of a beat at strength 1, degrees
_BEAT_CHANCE = 0.75
_SWAY, _SWAY_RATE = np.array([0.55, 0.45, 0.4]), 0.5  # degrees, rad/s
_TREMOR, _TREMOR_RATE = np.array([0.07, 0.08, 0.04]), 14.0

# Shift of the neck with rotation, cm a degree: rows x, y, z; columns yaw, pitch, roll.
_NECK = np.array([[0.03, 0.0, -0.06], [0.0, 0.025, 0.0], [0.0, -0.05, 0.0]])
_NECK_SWAY = np.array([0.16, 0.08, 0.2])  # cm


@dataclass
class _Stroke:
    """A move by ``size`` over ``length`` frames; a beat comes back."""

    size: Reals
    length: int
    back: bool = False
    age: int = 0

    def at(self) -> Reals:
        x = min(self.age / self.length, 1.0)
        if self.back:  # up in the first 0.4 of the time, down in the rest
            return self.size * (_ease(x / 0.4) if x < 0.4 else _ease((1 - x) / 0.6))
        return self.size * _ease(x)

    @property
    def done(self) -> bool:
        return self.age >= self.length


def _ease(x: float) -> float:
    """Minimum-jerk course from 0 to 1."""
    return x**3 * (10 - 15 * x + 6 * x * x)


class Sway:
    """Smooth noise of given spread: white noise through two first-order low-passes at ``rate`` rad/s."""

    def __init__(self, spread: Reals, rate: float, random: np.random.Generator) -> None:
        self._random = random
        self._keep = math.exp(-rate / MOTION_RATE)
        # Variance of the cascade for unit noise: (1 - k)^4 (1 + k^2) / (1 - k^2)^3.
        k = self._keep
        self._drive = spread / math.sqrt((1 - k) ** 4 * (1 + k * k) / (1 - k * k) ** 3)
        self._inner, self._outer = np.zeros_like(spread), np.zeros_like(spread)
        for _ in range(int(6 * MOTION_RATE / rate)):
            self.step()

    def step(self) -> Reals:
        """The next sample."""
        noise = self._random.standard_normal(self._drive.shape) * self._drive
        self._inner = self._keep * self._inner + (1 - self._keep) * noise
        self._outer = self._keep * self._outer + (1 - self._keep) * self._inner
        return self._outer


class HeadMotion:
    """Rotation and translation of a head, one motion frame after the other."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._posture = np.zeros(3)  # where finished and running posture strokes lead
        self._base = np.zeros(3)  # where finished posture strokes have led
        self._strokes: list[_Stroke] = []
        self._pause = 0  # frames until the posture may change again
        self._sway = Sway(_SWAY, _SWAY_RATE, random)
        self._tremor = Sway(_TREMOR, _TREMOR_RATE, random)
        self._neck = Sway(_NECK_SWAY, 0.4, random)

    def step(self, cue: Cue) -> tuple[Reals, Reals]:
        """Rotation (3,) in degrees and translation (3,) in cm for the next frame."""
        self._shift(cue)
        if cue.stress and self._random.random() < _BEAT_CHANCE:
            self._beat(cue.stress)
        lively = 0.45 + 0.55 * cue.talking
        rotation = self._base + sum((s.at() for s in self._strokes), np.zeros(3))
        rotation = rotation + lively * self._sway.step() + lively * self._tremor.step()
        self._advance()
        return rotation, _NECK @ rotation + self._neck.step()

    def _shift(self, cue: Cue) -> None:
        """Set out for another posture where the speech or chance says so."""
        self._pause = max(self._pause - 1, 0)
        rate = _SHIFTS_SILENT + (_SHIFTS_TALKING - _SHIFTS_SILENT) * cue.talking
        chance = self._random.random() < rate / MOTION_RATE
        width = _WIDE if cue.start else _MEDIUM if cue.end else _SMALL if chance and not self._pause else 0.0
        if not width:
            return
        if cue.talking < 0.2:
            width *= 0.6
        fresh = self._random.standard_normal(3) * _POSTURE * width
        goal = _KEEP * self._posture + math.sqrt(1 - _KEEP**2) * fresh
        move = goal - self._posture
        seconds = 0.32 + 0.045 * float(np.linalg.norm(move)) + 0.15 * self._random.random()
        self._strokes.append(_Stroke(move, round(seconds * MOTION_RATE)))
        self._posture = goal
        self._pause = round(0.4 * MOTION_RATE)

    def _beat(self, strength: float) -> None:
        """Nod, mostly down and back, now and then up or aside."""
        size = _BEAT * strength * self._random.lognormal(-0.1, 0.45)
        sign = np.array([self._random.choice((-1, 1)), self._random.choice((-1, -1, -1, 1)), 1.0])
        sign[2] = self._random.choice((-1, 1))
        length = round((0.36 + 0.16 * self._random.random()) * MOTION_RATE)
        self._strokes.append(_Stroke(size * sign, length, back=True))

    def _advance(self) -> None:
        for stroke in self._strokes:
            stroke.age += 1
            if stroke.done and not stroke.back:
                self._base = self._base + stroke.size
        self._strokes = [s for s in self._strokes if not s.done]
