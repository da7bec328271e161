"""The slow path of a head whose owner talks, listens and breathes.

Three layers, in degrees:
 - posture: strokes from one posture to the next (minimum jerk: Flash and Hogan, J. Neurosci. 5, 1985),
   wide when an utterance starts, medium at its end, and now and then in between;
 - nods of someone who listens: one to three, ever smaller, every few seconds of silence (Hadar, Steiner and
   Rose, "Head movement during listening turns in conversation", J. Nonverbal Behavior 9, 1985);
 - sway, always.
Rates and sizes are fitted to the slow part of tracked talkers by train/fit_head_motion.py, a little calmed.
What is quicker comes from the acting net (:mod:`vasari.motion.acting`), which follows this path.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.motion.cues import Cue
from vasari.motion.inertia import Inertia
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]

# Shift of the neck with rotation, cm a degree: rows x, y, z; columns yaw, pitch, roll.
_NECK = np.array([[0.03, 0.0, -0.06], [0.0, 0.025, 0.0], [0.0, -0.05, 0.0]])
_NECK_SWAY = (0.28, 0.12, 0.32)  # cm
_CALM, _LIVEN = 0.45, 0.06  # sway in silence over that in speech; how fast it changes, a frame
_BRISK = 0.7  # duration of the stroke that begins an utterance, over that of others
_TURNED_FROM, _TURNED_TO = (
    8.0,
    16.0,
)  # degrees from which on a photo hides a side of the face, and hides it well
_MOST_SHOWN = 7.0  # degrees by which the hidden side comes forward at the most
_SILENT = 0.15  # share of talking below which someone listens
_LISTENING = 2.0  # seconds of silence before the first nod
_NOD_EVERY, _NOD_SPREAD = 6.5, 0.5  # median seconds between nods, spread of its logarithm
_NOD_SIZE, _NOD_FADE, _NOD_SECONDS = 1.7, 0.6, 0.56  # degrees, from nod to nod, seconds


@dataclass(frozen=True)
class HeadStyle:
    """How much and how often a head moves; triples are yaw, pitch, roll.

    The numbers come from train/fit_head_motion.py, calmed so that with acting the head's speed is a person's.

    Attributes:
        posture: spread of postures, degrees.
        keep: part of the old posture in the next.
        start, end, shift: size of the change of posture when an utterance starts, has ended, or else.
        talking, silent: changes of posture a second besides starts and ends.
        slowness: duration of a change of posture: seconds, and seconds a degree.
        sway, sway_rate: degrees and rad/s.
    """

    posture: tuple[float, float, float] = (4.9, 4.3, 3.9)
    keep: float = 0.35
    start: float = 1.5
    end: float = 0.9
    shift: float = 0.95
    talking: float = 1.0
    silent: float = 0.16
    slowness: tuple[float, float] = (0.8, 0.05)
    sway: tuple[float, float, float] = (1.2, 0.5, 1.2)
    sway_rate: float = 1.0


@dataclass
class _Stroke:
    """A move by ``size`` over ``length`` frames; a nod comes back."""

    size: Reals
    length: int
    back: bool = False
    age: int = 0

    def at(self) -> Reals:
        x = min(self.age / self.length, 1.0)
        if self.age < 0:
            return np.zeros(3)
        if self.back:  # up in the first 0.4 of the time, down in the rest
            return self.size * (_ease(x / 0.4) if x < 0.4 else _ease((1 - x) / 0.6))
        return self.size * _ease(x)

    @property
    def done(self) -> bool:
        return self.age >= self.length


def neck_shift(rotation: Reals) -> Reals:
    """(3,) cm by which the neck takes a head along that turns by (3,) degrees."""
    shift: Reals = _NECK @ rotation
    return shift


def kept_turned(yaw: float, photo_yaw: float) -> float:
    """The head's own yaw, degrees, so that a photo's hidden side does not come far to the front.

    Args:
        yaw: away from the photo's. photo_yaw: of the photo; a turned head hides the side it turned away from.
    """
    if yaw * photo_yaw >= 0:
        return yaw
    hidden = min(max((abs(photo_yaw) - _TURNED_FROM) / (_TURNED_TO - _TURNED_FROM), 0.0), 1.0)
    return yaw + hidden * (_MOST_SHOWN * math.tanh(yaw / _MOST_SHOWN) - yaw)


def _ease(x: float) -> float:
    """Minimum-jerk course from 0 to 1."""
    return x**3 * (10 - 15 * x + 6 * x * x)


class Sway:
    """Smooth noise of given spread: white noise through two first-order low-passes at ``rate`` rad/s."""

    def __init__(self, spread: Sequence[float], rate: float, random: np.random.Generator) -> None:
        self._random = random
        self._keep = math.exp(-rate / MOTION_RATE)
        # Variance of the cascade for unit noise: (1 - k)^4 (1 + k^2) / (1 - k^2)^3.
        k = self._keep
        self._drive = np.array(spread) / math.sqrt((1 - k) ** 4 * (1 + k * k) / (1 - k * k) ** 3)
        self._inner, self._outer = np.zeros(len(spread)), np.zeros(len(spread))
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

    def __init__(self, random: np.random.Generator, style: HeadStyle | None = None) -> None:
        self._random = random
        self._style = style = style or HeadStyle()
        self._posture = np.zeros(3)  # where finished and running posture strokes lead
        self._base = np.zeros(3)  # where finished posture strokes have led
        self._strokes: list[_Stroke] = []
        self._pause = 0  # frames until the posture may change again
        self._until_nod = self._nod_interval()
        self._lively = _CALM
        self._settling = Inertia(settle=0.5)
        self._sway = Sway(style.sway, style.sway_rate, random)
        self._neck = Sway(_NECK_SWAY, 0.4, random)

    def step(self, cue: Cue) -> tuple[Reals, Reals]:
        """Rotation (3,) in degrees and translation (3,) in cm for the next frame."""
        self._shift(cue)
        self._listen(cue)
        self._lively += (_CALM + (1 - _CALM) * cue.talking - self._lively) * _LIVEN
        rotation = self._base + sum((s.at() for s in self._strokes), np.zeros(3))
        rotation = rotation + self._lively * self._sway.step()
        rotation = self._settling(rotation)
        self._advance()
        return rotation, neck_shift(rotation) + self._neck.step()

    def hush(self) -> None:
        """The speech was cut off: no nod goes on, the head settles from where it is."""
        nods = [s for s in self._strokes if s.back]
        self._settling.absorb(sum((s.at() for s in nods), np.zeros(3)))
        self._strokes = [s for s in self._strokes if not s.back]

    def _shift(self, cue: Cue) -> None:
        """Set out for another posture where the speech or chance says so."""
        style = self._style
        self._pause = max(self._pause - 1, 0)
        rate = style.silent + (style.talking - style.silent) * cue.talking
        chance = self._random.random() < rate / MOTION_RATE and not self._pause
        width = style.start if cue.start else style.end if cue.end else style.shift if chance else 0.0
        if not width:
            return
        if cue.talking < 0.2:
            width *= 0.6
        fresh = self._random.standard_normal(3) * style.posture * width
        goal = style.keep * self._posture + math.sqrt(1 - style.keep**2) * fresh
        goal = goal.clip(-2.2 * np.array(style.posture), 2.2 * np.array(style.posture))
        move = goal - self._posture
        shortest, a_degree = style.slowness
        seconds = shortest + a_degree * float(np.linalg.norm(move)) + 0.15 * self._random.random()
        seconds *= _BRISK if cue.start else 1.0
        self._strokes.append(_Stroke(move, round(seconds * MOTION_RATE)))
        self._posture = goal
        self._pause = round(0.4 * MOTION_RATE)

    def _listen(self, cue: Cue) -> None:
        """Nod when it is time to, in silence."""
        if cue.talking > _SILENT:
            self._until_nod = max(self._until_nod, _LISTENING)
            return
        self._until_nod -= 1 / MOTION_RATE
        if self._until_nod > 0:
            return
        size, length = _NOD_SIZE * self._random.lognormal(-0.1, 0.35), round(_NOD_SECONDS * MOTION_RATE)
        for number in range(int(self._random.choice((1, 2, 2, 3)))):
            down = np.array([0.1 * self._random.standard_normal(), -1.0, 0.0])
            nod = _Stroke(size * _NOD_FADE**number * down, length, back=True, age=-number * length)
            self._strokes.append(nod)
        self._until_nod = self._nod_interval()

    def _nod_interval(self) -> float:
        """Seconds until the next nod."""
        return _NOD_EVERY * self._random.lognormal(0, _NOD_SPREAD)

    def _advance(self) -> None:
        for stroke in self._strokes:
            stroke.age += 1
            if stroke.done and not stroke.back:
                self._base = self._base + stroke.size
        self._strokes = [s for s in self._strokes if not s.done]
