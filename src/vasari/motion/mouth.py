"""The mouth over a stream of speech: articulation while there is voice, rest in silence."""

from __future__ import annotations

import numpy as np

from vasari.head.expressions import EXPRESSIONS
from vasari.motion.amplitude import Amplitude
from vasari.motion.articulation import Articulation
from vasari.motion.inertia import Inertia
from vasari.motion.motion import MOTION_RATE, Floats
from vasari.stages import stage

_VOICED = 0.35  # probability of speech that sets the mouth free
# Feature frames of voice before a moment that count, and after it, as far as they are known: people part
# their lips some 0.3 s before their voice sets in.
_NEAR = (3, 8)
_ATTACK = 0.06  # seconds to set it free
_HOLD, _RELEASE = 0.08, 0.16  # seconds it stays free after the voice, and then takes to rest


class Mouth:
    """Expression of the mouth, one motion frame after the other.

    Args:
        articulation: the net.
        ahead: feature frames after its moment that a motion frame knows.
    """

    def __init__(self, articulation: Articulation, ahead: int) -> None:
        self._net, self._ahead = articulation, ahead
        self._inertia, self._amplitude = Inertia(settle=0.12), Amplitude()
        self._shown = np.zeros(len(EXPRESSIONS), np.float32)
        self._gate = self._hold = 0.0

    def rest(self) -> None:
        """Leave off speaking: from where it is the mouth goes to rest within about 0.12 s."""
        self._inertia.absorb(self._shown)
        self._gate = self._hold = 0.0

    @stage("lips")
    def step(self, features: Floats, voice: Floats, amplitude: float) -> tuple[Floats, float]:
        """Expression (52,) of the next motion frame, and how surely its lips touch, 0..1.

        Args:
            features: (context, D) window of :class:`Articulation`.
            voice: (context,) probabilities of speech.
            amplitude: factor on what the mouth does, besides its own (:class:`Amplitude`).
        """
        expression, closure = self._net(features, self._ahead)
        now = len(voice) - self._ahead
        voiced = float(voice[now - _NEAR[0] : now + _NEAR[1]].max()) > _VOICED
        amplitude *= self._amplitude.step(max(float(self._net.gap @ expression), 0.0), voiced)
        self._shown = self._inertia(amplitude * self._open(voiced) * expression).astype(np.float32)
        return self._shown, closure

    def _open(self, voiced: bool) -> float:
        """The gate, 0 rest .. 1 free."""
        self._hold = _HOLD if voiced else max(self._hold - 1 / MOTION_RATE, 0.0)
        speed = 1 / _ATTACK if self._hold else -1 / _RELEASE
        self._gate = min(max(self._gate + speed / MOTION_RATE, 0.0), 1.0)
        return self._gate
