"""How a face gets from where it was last seen into a motion that begins elsewhere, without a jump."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.motion.motion import MotionFrame

Floats = NDArray[np.float32]

#: Seconds after which the face (expression, gaze), and the head, are where the motion has them.
FACE_SECONDS, HEAD_SECONDS = 0.24, 0.72


@dataclass(frozen=True, eq=False)
class Lead:
    """A difference that dies away: added to a motion, it keeps the motion's own speed.

    Attributes:
        expression, rotation, translation, gaze: of the face as seen, less the motion's first.
    """

    expression: Floats
    rotation: Floats
    translation: Floats
    gaze: Floats

    @classmethod
    def between(cls, seen: MotionFrame, first: MotionFrame) -> Lead:
        """From where the face was seen to the first moment of what follows."""
        return cls(
            seen.expression - first.expression,
            seen.rotation - first.rotation,
            seen.translation - first.translation,
            seen.gaze - first.gaze,
        )

    def into(self, motion: MotionFrame, seconds: float) -> MotionFrame:
        """The motion ``seconds`` after its first moment, as it is to be shown."""
        face, head = _left(seconds / FACE_SECONDS), _left(seconds / HEAD_SECONDS)
        if not head:
            return motion
        return MotionFrame(
            np.clip(motion.expression + face * self.expression, 0, 1),
            motion.rotation + head * self.rotation,
            motion.translation + head * self.translation,
            motion.gaze + face * self.gaze,
        )


def _left(x: float) -> np.float32:
    """From 1 at x = 0 smoothly to 0 at x = 1."""
    x = min(x, 1.0)
    return np.float32(1 - x * x * (3 - 2 * x))
