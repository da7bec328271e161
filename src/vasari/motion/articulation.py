"""Articulation: speech features in, what lips, jaw and cheeks do out, by a small trained net.

The net sees a window of features around the moment of a motion frame; nothing else is remembered, and
each frame is computed alone, so the result does not depend on how the stream was cut up.
Trained by train/train_articulation.py.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vasari.motion.motion import Floats
from vasari.network import load_trained

FORMAT_VERSION = 3


class Articulation:
    """The trained net.

    Args:
        path: an articulation file; without it, the one that comes with the package.

    Attributes:
        context: feature frames (50 a second) that one motion frame depends on.
        least, most: how many of them may come after its moment.
        silence: (D,) the features of silence.
        gap: (52,) cm that each expression opens the lips.

    Raises:
        FormatError: not an articulation file of a version this program knows.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._session, header = load_trained("articulation", FORMAT_VERSION, path)
        self.context: int = header["context"]
        self.least: int = header["least"]
        self.most: int = header["most"]
        self.silence: Floats = np.array(header["silence"], np.float32)
        self.gap: Floats = np.array(header["gap"], np.float32)

    def __call__(self, window: Floats, ahead: int) -> tuple[Floats, float]:
        """What the mouth does at one moment.

        Args:
            window: (context, D) features.
            ahead: how many of them come after the moment, ``least`` to ``most``; more is surer.

        Returns:
            expression (52,), only mouth, jaw, cheeks, nose and tongue not zero; and how surely the lips
            touch, 0..1.
        """
        given = {"features": window[None], "ahead": np.array([ahead])}
        expression, closure = self._session.run(None, given)
        return expression[0], float(closure[0])
