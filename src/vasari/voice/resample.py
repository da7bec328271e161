"""Any sample rate to that of the speech models, as a stream with little delay."""

from __future__ import annotations

from math import gcd

import numpy as np
from numpy.typing import NDArray

from vasari.voice.history import History

Floats = NDArray[np.float32]

#: Samples a second of all speech analysis.
SPEECH_RATE = 16_000

#: Half the length of the low-pass filter, in zero crossings of a sinc at the lower of the two rates:
#: the delay is this many of its samples, 1.5 ms at 16 kHz.
HALF_WIDTH = 24
#: Cut-off as a part of the lower Nyquist frequency: 7.4 kHz; the stop band (-80 dB) begins at 8.2 kHz.
CUTOFF = 0.92
KAISER_BETA = 8.0


class SpeechResampler:
    """Mono sound of any rate to ``SPEECH_RATE``: a polyphase windowed-sinc filter.

    Output sample n is the sound at n / SPEECH_RATE seconds exactly (the filter is symmetric and its delay
    taken off). The result does not depend on how the sound is cut into pieces. n samples become
    ceil(n * SPEECH_RATE / rate).
    """

    def __init__(self, rate: int) -> None:
        common = gcd(rate, SPEECH_RATE)
        self._up, self._down = SPEECH_RATE // common, rate // common
        lower = min(rate, SPEECH_RATE)
        #: Input samples that count on either side; none where nothing is to be done.
        self._reach = 0 if self._up == self._down else -(-HALF_WIDTH * rate // lower)
        self._filters = self._phases(lower / rate)
        self.reset()

    def push(self, samples: Floats) -> Floats:
        """The output (m,) that ``samples`` (n,) complete."""
        self._history.push(samples)
        return self._make(-((self._reach - self._history.end) * self._up // self._down))

    def finish(self) -> Floats:
        """The output still owed to what was pushed; then ready for another sound."""
        end = -(-self._history.end * self._up // self._down)
        self._history.push(np.zeros(self._reach + 1, np.float32))
        rest = self._make(end)
        self.reset()
        return rest

    def reset(self) -> None:
        """Forget the sound; what follows starts at time 0."""
        self._history = History(self._reach)
        self._made = 0  # output samples

    def _phases(self, ratio: float) -> Floats:
        """Filters (up, 2 reach + 1) of the output samples between two input samples; ``ratio`` <= 1."""
        offset = np.arange(-self._reach, self._reach + 1) - np.arange(self._up)[:, None] / self._up
        window = np.i0(KAISER_BETA * np.sqrt(np.clip(1 - (offset / (self._reach + 1)) ** 2, 0, 1)))
        filters = np.sinc(CUTOFF * ratio * offset) * window
        normed: Floats = (filters / filters.sum(1, keepdims=True)).astype(np.float32)
        return normed

    def _make(self, end: int) -> Floats:
        """Output samples up to index ``end``, exclusive."""
        if end <= self._made:
            return np.zeros(0, np.float32)
        place = np.arange(self._made, end) * self._down
        centre, phase = place // self._up, place % self._up  # number of the input sample, part of the way on
        first = int(centre[0]) - self._reach
        inputs = self._history.read(first, int(centre[-1]) + self._reach + 1)
        windows = np.lib.stride_tricks.sliding_window_view(inputs, 2 * self._reach + 1)[centre - centre[0]]
        made: Floats = np.einsum("nk,nk->n", windows, self._filters[phase])
        self._made = end
        self._history.forget(end * self._down // self._up - self._reach)
        return made
