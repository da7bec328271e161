"""Speech sounds: the Moonshine tiny encoder, streaming.

The network is that of Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice
Commands" (2024), trained to recognise English, run block by block (see train/convert_speech.py). What it
tells of lip shapes carries over to other voices and languages better than a spectrum does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vasari.network import load_network
from vasari.voice.history import History
from vasari.voice.resample import SPEECH_RATE

Floats = NDArray[np.float32]

ASSET = "speech_encoder.onnx"

#: Samples between encoder frames: 24 ms.
ENCODER_HOP = 384
ENCODER_DIM = 288
#: Samples under one encoder frame, which stands for their middle: 56 ms.
FIELD = 895
#: Encoder frames made final by one run of the network, and looked at beyond those.
BLOCK, AHEAD = 2, 2
#: From the middle of a block's first frame to the end of the sound it needs: exactly 100 ms.
LOOKAHEAD = (BLOCK + AHEAD - 1) * ENCODER_HOP + FIELD // 2 + 1
#: The network's memory: keys and values of (layers, frames, heads, width).
_KEYS = (6, 48, 8, 36)
#: Power of the network's first layer on speech at a usual level: what it expects before it has heard any.
_FIRST_POWER = 0.01

assert (BLOCK * ENCODER_HOP * 1000) % SPEECH_RATE == 0  # blocks are a whole number of milliseconds: 48


class SpeechEncoder:
    """Mono 16 kHz sound to rows of what is being said; all results are the same however it is cut up.

    Encoder frame i stands for the time of sample 384 i. :meth:`push` returns blocks of ``BLOCK`` + 1 frames:
    the last one is a look ahead at the first frame of the next block, to interpolate towards.
    """

    _memory: dict[str, NDArray[Any]]

    def __init__(self) -> None:
        self._network = load_network(ASSET)
        self.reset()

    def push(self, samples: Floats) -> list[Floats]:
        """The blocks, each (BLOCK + 1, 288), that ``samples`` (n,) complete."""
        self._history.push(samples)
        blocks = []
        while self._next + LOOKAHEAD <= self._history.end:
            start = self._next - FIELD // 2
            window = self._history.read(start, self._next + LOOKAHEAD)
            block, *memory = self._network.run(None, {"samples": window[None, None], **self._memory})
            self._memory = dict(zip(self._memory, memory, strict=True))
            self._next += BLOCK * ENCODER_HOP
            self._history.forget(self._next - FIELD // 2)
            blocks.append(block)
        return blocks

    def reset(self) -> None:
        """Forget the sound."""
        self._history = History(FIELD // 2)
        self._next = 0  # sample number of the next block's first frame
        self._memory = {
            "power": np.full(1, _FIRST_POWER, np.float32),
            "age": np.zeros(1, np.int64),  # blocks heard
            "keys": np.zeros(_KEYS, np.float32),
            "values": np.zeros(_KEYS, np.float32),
        }
