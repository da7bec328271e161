"""The last stretch of a sound, addressed by sample number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class History:
    """Mono samples pushed in pieces and read by their number since the start; silence before the start."""

    def __init__(self, before: int) -> None:
        """``before``: samples of silence that can be read before number 0."""
        self._kept = np.zeros(before, np.float32)
        self._first = -before

    @property
    def end(self) -> int:
        """Number of the next sample to be pushed."""
        return self._first + len(self._kept)

    def push(self, samples: Floats) -> None:
        """Append samples (n,)."""
        self._kept = np.concatenate([self._kept, np.asarray(samples, np.float32)])

    def read(self, start: int, stop: int) -> Floats:
        """Samples (stop - start,); all of them must be kept."""
        return self._kept[start - self._first : stop - self._first]

    def forget(self, start: int) -> None:
        """Drop what comes before number ``start``."""
        if start > self._first:
            self._kept, self._first = self._kept[start - self._first :], start
