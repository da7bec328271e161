"""A queue of sound: pushed in pieces of any length, taken in pieces of any other."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vasari.errors import SoundError

Floats = NDArray[np.float32]


class SampleQueue:
    """First in, first out, in samples of ``channels`` channels."""

    def __init__(self, channels: int) -> None:
        self.channels = channels
        self._pieces: deque[Floats] = deque()
        self._length = 0

    def __len__(self) -> int:
        """Samples waiting."""
        return self._length

    def push(self, samples: Floats) -> None:
        """Add samples (n, channels)."""
        if len(samples):
            self._pieces.append(samples)
            self._length += len(samples)

    def take(self, count: int) -> Floats:
        """The oldest ``count`` samples (count, channels), or all there are if fewer."""
        count = min(count, self._length)
        self._length -= count
        taken: list[Floats] = []
        while count:
            piece = self._pieces.popleft()
            if len(piece) > count:
                self._pieces.appendleft(piece[count:])
            taken.append(piece[:count])
            count -= len(taken[-1])
        return np.concatenate(taken) if taken else np.zeros((0, self.channels), np.float32)

    def clear(self) -> None:
        """Drop everything."""
        self._pieces.clear()
        self._length = 0


def checked_samples(samples: ArrayLike, channels: int) -> Floats:
    """A float32 copy (n, channels) of float samples in [-1, 1] or int16; one channel may come as (n,).

    Raises:
        SoundError: another shape or type, or values that are not finite numbers.
    """
    raw = np.asarray(samples)
    if raw.dtype.kind not in "fi" or (raw.dtype.kind == "i" and raw.dtype != np.int16):
        raise SoundError(f"the sound is {raw.dtype}; give float samples in [-1, 1] or int16")
    sound = raw.astype(np.float32)
    if raw.dtype == np.int16:
        sound /= 32768
    if sound.ndim == 1 and channels == 1:
        sound = sound[:, None]
    if sound.ndim != 2 or sound.shape[1] != channels:
        raise SoundError(f"the sound has shape {sound.shape}; give (samples, {channels})")
    if not np.isfinite(sound).all():
        raise SoundError("the sound holds values that are not finite numbers; give float samples in [-1, 1]")
    return sound
