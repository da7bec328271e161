"""When does a voice close its lips: p, b and m, heard in any speech.

Lips that stay open through these sounds are what viewers notice first. A small net tells from the speech
features, and from nothing seen, when they should be shut. Trained by train/train_bilabials.py; how often it
is right is in assets/bilabials.card.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vasari.errors import UsageError
from vasari.network import load_network
from vasari.voice.features import FEATURE_DIM
from vasari.voice.spectrum import FEATURE_RATE

Floats = NDArray[np.float32]

ASSET = "bilabials.onnx"
#: Probability above which a closure is under way; high, as one heard wrongly does more harm than one missed.
CLOSED = 0.7
#: Shortest closure that counts, and longest opening within one, rows of 20 ms.
SHORTEST, LONGEST_GAP = 2, 1


@dataclass(frozen=True)
class Closure:
    """One p, b or m: lips are closed somewhere from ``start`` to ``end`` (seconds), with ``probability``."""

    start: float
    end: float
    probability: float


class Bilabials:
    """The trained net.

    Args:
        network: one as ``load_network`` gives it; without it, the one that comes with the package.
    """

    def __init__(self, network: Any = None) -> None:
        self._network = network or load_network(ASSET)

    def probabilities(self, features: Floats) -> Floats:
        """Probability (N,) that a closure is under way, 50 a second.

        Args:
            features: (N, FEATURE_DIM) of :class:`~vasari.voice.SpeechFeatures`.

        Raises:
            UsageError: another shape.
        """
        if features.ndim != 2 or features.shape[1] != FEATURE_DIM:
            raise UsageError(f"features have shape {features.shape}; (N, {FEATURE_DIM}) is needed")
        if not len(features):
            return np.zeros(0, np.float32)
        closed: Floats = self._network.run(None, {"features": features[None].astype(np.float32)})[0][0]
        return closed

    def closures(self, features: Floats) -> list[Closure]:
        """Each p, b and m that is heard, in order; arguments and errors as of :meth:`probabilities`."""
        return closures_of(self.probabilities(features))


def closures_of(probability: Floats, threshold: float = CLOSED) -> list[Closure]:
    """Closures of probabilities (N,) at 50 Hz."""
    shut = np.flatnonzero(probability > threshold)
    runs = np.split(shut, np.flatnonzero(np.diff(shut) > LONGEST_GAP + 1) + 1) if len(shut) else []
    return [
        Closure(int(run[0]) / FEATURE_RATE, int(run[-1] + 1) / FEATURE_RATE, float(probability[run].max()))
        for run in runs
        if len(run) >= SHORTEST
    ]
