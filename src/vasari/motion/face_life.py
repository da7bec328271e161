"""What the face does over seconds: a smile that comes and goes, brows with accents, lips pressed in silence,
breath. What is quicker comes from the acting net (:mod:`vasari.motion.acting`).

Brows rise with strong accents and questions (Cave et al., ICSLP 1996; Flecha-Garcia, Speech Comm. 52, 2010);
smiles run over seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.motion.cues import Cue
from vasari.motion.head_motion import Sway
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]

_BROW_CHANCE = 0.2  # that a stress of strength 1 raises the brows
_BROW_SIZE = 0.28
_WARMTH, _WARMTH_SPREAD = 0.05, 0.03  # of a smile that stays
_SMILE_SIZE, _SMILE_SECONDS = (0.12, 0.32), (2.0, 4.5)  # of one that comes and goes, ...
_SMILE_PAUSE = (1.5, 6.0)  # ... and seconds until the next may come: where an utterance begins or ends, ...
_SMILE_PATIENCE = 3.0  # ... or so long after
_REST_GESTURE = (6.0, 16.0)  # seconds of silence between two presses of the lips


def _between(span: tuple[float, float], share: float) -> float:
    """The value at a share, 0..1, of a span."""
    return span[0] + share * (span[1] - span[0])


def _raise(x: float) -> float:
    """A pulse over x in 0..1: up, held, down."""
    up, down = min(x / 0.4, 1.0), min(max((x - 0.5) / 0.5, 0.0), 1.0)
    return math.sin(math.pi / 2 * up) ** 2 * math.cos(math.pi / 2 * down) ** 2


class _Pulses:
    """Pulses of a common course, one at a time."""

    def __init__(self, course: Callable[[float], float]) -> None:
        self._course = course
        self._size, self._frames, self._age = 0.0, 1, 1

    def begin(self, size: float, seconds: float) -> None:
        """Set out, unless a pulse is under way."""
        if self._age >= 0.6 * self._frames:
            left = self.value
            self._size, self._frames = max(size, left), max(3, round(seconds * MOTION_RATE))
            rising = range(self._frames // 2 + 1)  # begun on the slope of the last one, it goes on from there
            self._age = min(rising, key=lambda k: abs(self._size * self._at(k) - left))

    @property
    def value(self) -> float:
        """Where the pulse is."""
        return self._size * self._at(self._age) if self._age < self._frames else 0.0

    def step(self) -> float:
        """Value of the next frame."""
        self._age += 1
        return self.value

    def _at(self, age: int) -> float:
        return self._course(age / self._frames)


class FaceLife:
    """Expression weights (52,) around articulation, one motion frame after the other."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._brows, self._press, self._smile = _Pulses(_raise), _Pulses(_raise), _Pulses(_raise)
        self._slow = Sway((_WARMTH_SPREAD, 0.06), 0.9, random)
        self._quiet = 0.0  # seconds until the lips press in silence
        self._sober = _between(_SMILE_PAUSE, random.random())  # seconds until the next smile may come
        self._breath, self._air = random.random(), 0.0

    def step(self, cue: Cue) -> tuple[Reals, float]:
        """Weights (52,) and the breath, -1 empty .. 1 full, for the next frame."""
        self._set_off(cue)
        warmth, side = self._slow.step()
        smile = max(0.0, _WARMTH + warmth) + self._smile.step()
        press = self._press.step() * (1 - cue.talking)
        return self._weights(self._brows.step(), smile, side, press), self._breathe(cue)

    def _set_off(self, cue: Cue) -> None:
        """Begin pulses of brows and lips where the speech calls for them."""
        pause, chance, size = self._random.random(), self._random.random(), self._random.lognormal(-0.1, 0.4)
        length = 0.35 + 0.35 * self._random.random()
        if cue.rising:
            self._brows.begin(min(1.3 * _BROW_SIZE * size, 0.8), length + 0.3)
        elif chance < _BROW_CHANCE * cue.stress:
            self._brows.begin(min(_BROW_SIZE * size * (0.4 + 0.6 * cue.stress), 0.8), length)
        if cue.talking > 0.3 or self._quiet <= 0:
            self._quiet = _between(_REST_GESTURE, pause)
        self._quiet -= 1 / MOTION_RATE
        if self._quiet <= 0:
            self._press.begin(0.35 * size, 0.6 + length)
        self._sober -= 1 / MOTION_RATE
        if self._sober <= 0 and (cue.start or cue.end or cue.rising or self._sober < -_SMILE_PATIENCE):
            seconds = _between(_SMILE_SECONDS, chance)
            self._smile.begin(_between(_SMILE_SIZE, pause), seconds)
            self._sober = seconds + _between(_SMILE_PAUSE, self._random.random())

    def _weights(self, raised: float, smile: float, side: float, press: float) -> Reals:
        weights = np.zeros(len(EXPRESSIONS))
        left, right = 1 + side, 1 - side
        for name, value in (
            ("browInnerUp", raised),
            ("browOuterUpLeft", 0.75 * raised),
            ("browOuterUpRight", 0.75 * raised),
            ("eyeWideLeft", 0.25 * raised),
            ("eyeWideRight", 0.25 * raised),
            ("mouthSmileLeft", smile * left),
            ("mouthSmileRight", smile * right),
            ("cheekSquintLeft", 0.55 * smile * left),
            ("cheekSquintRight", 0.55 * smile * right),
            ("eyeSquintLeft", 0.25 * smile),
            ("eyeSquintRight", 0.25 * smile),
            ("mouthPressLeft", press),
            ("mouthPressRight", press),
            ("mouthRollLower", 0.5 * press),
            ("mouthRollUpper", 0.3 * press),
        ):
            weights[EXPRESSION_INDEX[name]] = min(value, 1.0)
        return weights

    def _breathe(self, cue: Cue) -> float:
        """Quiet breath takes 4 s; after an utterance comes a quick one in, and speech lets it out slowly."""
        if cue.end:
            self._breath = 0.0
        self._breath += (1 / 4.0 if cue.talking < 0.5 else 1 / 7.0) / MOTION_RATE
        phase = self._breath % 1.0
        goal = math.sin(math.pi / 2 * phase / 0.3) if phase < 0.3 else math.cos(math.pi * (phase - 0.3) / 0.7)
        self._air += 0.15 * (goal - self._air)
        return self._air
