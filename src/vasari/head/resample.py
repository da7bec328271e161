"""Frames at any times, brought to 25 a second without losing a closure between two samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]

_EXACT = 1e-3  # a frame this near to a sample, in samples, is that sample


@dataclass(frozen=True, eq=False)
class Resampler:
    """From frames to samples at ``k / 25`` seconds.

    Attributes:
        times: (T,) of the frames in seconds, increasing.
        n_samples: N, such that the last frame's own time on screen is covered.
    """

    times: Reals
    n_samples: int

    @classmethod
    def of(cls, times: Reals) -> Resampler:
        """For frames at ``times`` (T,)."""
        last = float(np.median(np.diff(times))) if len(times) > 1 else 1 / MOTION_RATE
        return cls(times, max(round((times[-1] + last) * MOTION_RATE), 1))

    def straight(self, values: NDArray[np.floating]) -> Reals:
        """Values (T, D) at the samples (N, D), straight between frames and held at the ends."""
        at = np.interp(np.arange(self.n_samples), self.times * MOTION_RATE, np.arange(len(self.times)))
        at = np.where(np.abs(at - np.round(at)) < _EXACT, np.round(at), at)
        before = np.minimum(at.astype(int), max(len(values) - 2, 0))
        after = np.minimum(before + 1, len(values) - 1)
        part = (at - before)[:, None]
        samples: Reals = values[before] * (1 - part) + values[after] * part
        return samples

    def keeping(self, values: NDArray[np.floating], peaks: NDArray[np.bool_]) -> Reals:
        """As :meth:`straight`, but the frames in ``peaks`` (T,) stay as they are, at the nearest sample."""
        samples = self.straight(values)
        kept = np.flatnonzero(peaks)
        nearest = np.round(self.times[kept] * MOTION_RATE).astype(int)
        inside = (nearest >= 0) & (nearest < self.n_samples)
        samples[nearest[inside]] = values[kept[inside]]
        return samples


def peaks(closure: Reals, least: float) -> NDArray[np.bool_]:
    """(T,) where ``closure`` (T,) is as high as in both neighbouring frames, and at least ``least``."""
    padded = np.pad(closure, 1, mode="edge")
    return (closure >= padded[:-2]) & (closure >= padded[2:]) & (closure >= least)
