"""Life: all that a face does besides articulating, led by the speech."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.motion.blinks import Blinks
from vasari.motion.cues import Cue
from vasari.motion.face_life import FaceLife
from vasari.motion.gaze import Gaze
from vasari.motion.head_motion import HeadMotion
from vasari.stages import stage

Reals = NDArray[np.float64]

#: Number of the random stream of a seed that is left to acting.
ACTING = 4

_GLANCE = 4.0  # degrees: a shift of gaze that may bring a blink
_BREATH_PITCH, _BREATH_LIFT = 0.18, 0.15  # degrees, cm


@dataclass(frozen=True)
class Moment:
    """Life at one motion frame.

    Attributes:
        rotation: (3,) degrees.
        translation: (3,) cm.
        gaze: (2,) degrees, around the main direction.
        lids: closure by a blink, 0..1.
        expression: (52,) weights of brows, smile, lids.
    """

    rotation: Reals
    translation: Reals
    gaze: Reals
    lids: float
    expression: Reals


class Life:
    """Head, eyes, lids, brows, smile and breath of one performance, chosen by its seed."""

    def __init__(self, seed: int) -> None:
        head, blinks, gaze, face = (np.random.default_rng([seed, part]) for part in range(4))
        self._head, self._blinks = HeadMotion(head), Blinks(blinks)
        self._gaze, self._face = Gaze(gaze), FaceLife(face)

    def hush(self) -> None:
        """The speech was cut off."""
        self._head.hush()

    @stage("life")
    def step(self, cue: Cue, blink_rate: float, moved_gaze: float = 0.0) -> Moment:
        """The next motion frame.

        Args:
            cue: the speech.
            blink_rate: blinks a minute while talking.
            moved_gaze: degrees by which the main direction of gaze has just been moved.
        """
        rotation, translation = self._head.step(cue)
        gaze = self._gaze.step(cue)
        lids = self._blinks.step(cue, blink_rate, self._gaze.shifted + moved_gaze > _GLANCE)
        expression, breath = self._face.step(cue)
        nod, lift = np.array([0.0, _BREATH_PITCH, 0.0]), np.array([0.0, _BREATH_LIFT, 0.0])
        return Moment(rotation + breath * nod, translation + breath * lift, gaze, lids, expression)
