"""Speech features, as a stream: what the motion model hears."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.voice.encoder import BLOCK, ENCODER_DIM, ENCODER_HOP, LOOKAHEAD, SpeechEncoder
from vasari.voice.history import History
from vasari.voice.resample import SPEECH_RATE
from vasari.voice.spectrum import MEL_BANDS, REACH, ROW_HOP, SPECTRUM_DIM, Spectrum

Floats = NDArray[np.float32]

#: Columns of a feature row.
SOUNDS = slice(0, ENCODER_DIM)  # speech sounds, from a speech recogniser
MEL = slice(ENCODER_DIM, ENCODER_DIM + MEL_BANDS)  # log-mel relative to the speech level, bels + 2
LOUDNESS = ENCODER_DIM + MEL_BANDS  # bels of full scale + 3
LEVEL = LOUDNESS + 1  # running speech level, bels of full scale + 2
VOICING = LOUDNESS + 2  # 0 to 1
PITCH = LOUDNESS + 3  # octaves from 180 Hz, times voicing
FEATURE_DIM = ENCODER_DIM + SPECTRUM_DIM

#: A row is made once this many seconds after its time have been heard: 0.1.
LOOKAHEAD_S = LOOKAHEAD / SPEECH_RATE

assert REACH <= LOOKAHEAD


class SpeechFeatures:
    """Mono 16 kHz sound to rows (n, FEATURE_DIM), ``FEATURE_RATE`` a second; row k stands for k / 50 s.

    The rows are the same however the sound is cut up. N samples make ceil(N / 320) rows; a row comes out at
    the latest ``LOOKAHEAD_S`` after its time, and the last ones by :meth:`finish`. Memory does not grow.
    Columns: ``SOUNDS``, ``MEL``, ``LOUDNESS``, ``LEVEL``, ``VOICING``, ``PITCH``. All are taken around a
    row's time; the network behind ``SOUNDS`` looks ahead: what it tells runs some 20 ms before the spectrum.
    """

    def __init__(self) -> None:
        self._encoder = SpeechEncoder()
        self.reset()

    def push(self, samples: Floats) -> Floats:
        """The rows (n, FEATURE_DIM) that ``samples`` (m,) in [-1, 1] complete."""
        self._history.push(samples)
        rows = [row for block in self._encoder.push(samples) for row in self._rows(block)]
        self._history.forget(self._made * ROW_HOP - REACH)
        return np.stack(rows) if rows else np.zeros((0, FEATURE_DIM), np.float32)

    def finish(self) -> Floats:
        """The rows still owed to what was pushed, as if silence followed; then ready for another sound."""
        owed = -(-self._history.end // ROW_HOP) - self._made
        rows = self.push(np.zeros(LOOKAHEAD + BLOCK * ENCODER_HOP, np.float32))[:owed]
        self.reset()
        return rows

    def reset(self) -> None:
        """Forget the sound; what follows starts at time 0."""
        self._encoder.reset()
        self._spectrum = Spectrum()
        self._history = History(REACH)
        self._made = 0  # rows
        self._blocks = 0  # of the encoder

    def _rows(self, block: Floats) -> list[Floats]:
        """The rows between the first and the last frame of an encoder's block (BLOCK + 1, 288)."""
        start = self._blocks * BLOCK * ENCODER_HOP
        self._blocks += 1
        rows = []
        while self._made * ROW_HOP < start + BLOCK * ENCODER_HOP:
            middle = self._made * ROW_HOP
            frame, part = divmod(middle - start, ENCODER_HOP)
            sounds = block[frame] + np.float32(part / ENCODER_HOP) * (block[frame + 1] - block[frame])
            spectrum = self._spectrum.row(self._history.read(middle - REACH, middle + REACH))
            rows.append(np.concatenate([sounds, spectrum]))
            self._made += 1
        return rows
