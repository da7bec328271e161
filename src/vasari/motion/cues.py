"""Cues: what in the speech moves head, brows and lids.

Starts and ends of utterances, and the stressed syllables: sudden rises of loudness above its course over
the last half second, as strong as they stand out from the speaker's usual level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vasari.motion.motion import MOTION_RATE, Floats
from vasari.voice.features import LOUDNESS, PITCH, VOICING

_VOICED = 0.5  # voicing above which pitch is trusted


@dataclass(frozen=True)
class Cue:
    """The speech at one motion frame.

    Attributes:
        talking: 0 silence .. 1 speech, following within about 0.2 s.
        level: loudness in dB above the speaker's mean while speaking, 0 in silence.
        stress: strength of a stressed syllable that sets in here, about 0.5 .. 2; 0 for none.
        start: an utterance starts here.
        end: an utterance has ended about 0.2 s ago.
        rising: the utterance that ended did so with rising pitch.
    """

    talking: float = 0.0
    level: float = 0.0
    stress: float = 0.0
    start: bool = False
    end: bool = False
    rising: bool = False


class CueFinder:
    """Finds cues in loudness, voice activity and pitch, one motion frame after the other."""

    def __init__(self) -> None:
        self._talking = 0.0
        self._speaking = False
        self._run = 0  # frames that voice has contradicted the present state
        self._mean, self._spread = -30.0, 5.0  # dB of voiced frames
        self._heard = 0  # voiced frames so far
        self._fast = self._slow = -60.0
        self._rest = 0  # frames until the next stress may come
        self._peak: list[float] = []  # loudness since a rise set in
        self._pitch: list[float] = []

    def hear(self, features: Floats, voice: Floats) -> Cue:
        """Cue of the next motion frame from its speech features (n, FEATURE_DIM) and voice activity (n,)."""
        voicing = features[:, VOICING]
        pitch = np.where(voicing > _VOICED, features[:, PITCH] / np.maximum(voicing, _VOICED), np.nan)
        return self.push(10 * features[:, LOUDNESS], voice, pitch.astype(np.float32))

    def push(self, loudness: Floats, voice: Floats, pitch: Floats | None = None) -> Cue:
        """Cue of the next motion frame from its feature frames.

        Args:
            loudness: (n,) dB, any fixed reference.
            voice: (n,) probability of speech.
            pitch: (n,) octaves from any reference, nan where unvoiced.
        """
        level, voiced = float(loudness.max()), float(voice.max())
        self._talking += (voiced - self._talking) * (0.45 if voiced > self._talking else 0.15)
        start, end = self._utterance(voiced > 0.5)
        if voiced > 0.5:
            self._learn(level)
        rising = self._rising(end, pitch)
        stress = self._stress(level) if self._speaking else 0.0
        relative = (level - self._mean) * self._talking
        return Cue(self._talking, relative, stress, start, end, rising)

    def hush(self) -> None:
        """The speech was cut off: what has begun to stand out in it is forgotten."""
        self._peak, self._pitch = [], []

    def _utterance(self, voiced: bool) -> tuple[bool, bool]:
        self._run = self._run + 1 if voiced != self._speaking else 0
        if self._run < (2 if voiced else MOTION_RATE // 4):
            return False, False
        self._speaking, self._run = voiced, 0
        return voiced, not voiced

    def _learn(self, level: float) -> None:
        """Follow mean and spread of the speaker's loudness, over about 4 s."""
        self._heard += 1
        rate = max(1 / self._heard, 1 / (4 * MOTION_RATE))
        difference = level - self._mean
        self._mean += rate * difference
        self._spread += rate * (abs(difference) - self._spread) if self._heard > MOTION_RATE else 0.0

    def _stress(self, level: float) -> float:
        """Strength of a syllable whose loudness peaks here, if it stands out; else 0."""
        self._fast += 0.6 * (level - self._fast)
        self._slow += 0.12 * (level - self._slow)
        self._rest = max(self._rest - 1, 0)
        if self._fast - self._slow > 4.0 and not self._rest and not self._peak:
            self._peak = [level]
        elif self._peak:
            self._peak.append(level)
        if len(self._peak) < 2:
            return 0.0
        height = (max(self._peak) - self._mean) / max(self._spread, 2.0)
        self._peak, self._rest = [], round(0.24 * MOTION_RATE)
        return float(np.clip(0.7 + 0.5 * height, 0.0, 2.0))

    def _rising(self, end: bool, pitch: Floats | None) -> bool:
        """Whether the last voiced third of a second before an end rose by more than a fifth of an octave."""
        if pitch is not None:
            self._pitch = (self._pitch + [float(p) for p in pitch if p == p])[-16:]
        if not end:
            return False
        tail, self._pitch = self._pitch, []
        return len(tail) >= 8 and float(np.mean(tail[-4:]) - np.mean(tail[:4])) > 0.2
