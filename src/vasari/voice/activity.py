"""Voice activity, as a stream: how likely someone speaks.

The network is Silero VAD (Silero Team, 2024), which hears 32 ms at a time and remembers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.network import load_network
from vasari.voice.history import History
from vasari.voice.spectrum import ROW_HOP

Floats = NDArray[np.float32]

ASSET = "voice_activity.onnx"

#: Samples judged at a time, and samples before them that the network sees too.
CHUNK, CONTEXT = 512, 64
#: The network is surest about a moment this many samples after it (32 ms).
DELAY = 512


class VoiceActivity:
    """Mono 16 kHz sound to probabilities of speech (n,), ``FEATURE_RATE`` a second.

    Probability k stands for k / 50 s, as row k of the features does. They are the same however the sound
    is cut up, and each comes within ``LOOKAHEAD_S`` after its time. N samples make ceil(N / 320).
    """

    def __init__(self) -> None:
        self._network = load_network(ASSET)
        self.reset()

    def push(self, samples: Floats) -> Floats:
        """The probabilities (n,) that ``samples`` (m,) in [-1, 1] complete."""
        self._history.push(samples)
        rows: list[float] = []
        while (self._chunks + 1) * CHUNK <= self._history.end:
            rows += self._rows(self._judge())
        return np.array(rows, np.float32)

    def finish(self) -> Floats:
        """The probabilities still owed to what was pushed, as if silence followed; then as new."""
        owed = -(-self._history.end // ROW_HOP) - self._made
        rows = self.push(np.zeros(DELAY + 2 * CHUNK, np.float32))[:owed]
        self.reset()
        return rows

    def reset(self) -> None:
        """Forget the sound; what follows starts at time 0."""
        self._history = History(CONTEXT)
        self._chunks = 0  # judged
        self._made = 0  # rows
        self._before = 0.0  # probability of the chunk before
        self._memory = [np.zeros((1, 1, 128), np.float32) for _ in range(2)]

    def _judge(self) -> float:
        """Probability of speech in the next chunk."""
        start = self._chunks * CHUNK
        chunk = self._history.read(start - CONTEXT, start + CHUNK)[None]
        probability, *self._memory = self._network.run(
            None, {"input": chunk, "h": self._memory[0], "c": self._memory[1]}
        )
        self._chunks += 1
        self._history.forget(start + CHUNK - CONTEXT)
        return float(probability[0])

    def _rows(self, probability: float) -> list[float]:
        """The rows between the middles of the last chunk and the one before it, in a straight line."""
        rows = []
        end = self._chunks * CHUNK - CHUNK // 2 - DELAY  # the time the last chunk's probability stands for
        while self._made * ROW_HOP <= end:
            part = 1 - (end - self._made * ROW_HOP) / CHUNK
            rows.append(self._before + part * (probability - self._before))
            self._made += 1
        self._before = probability
        return rows
