"""The speech of a clip as the motion model would hear it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from vasari.motion.motion import MOTION_RATE
from vasari.voice.activity import VoiceActivity
from vasari.voice.features import LOUDNESS, SpeechFeatures
from vasari.voice.resample import SPEECH_RATE, SpeechResampler
from vasari.voice.sound import Sound
from vasari.voice.spectrum import FEATURE_RATE

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

#: Probability of speech above which someone speaks, and below which nobody does.
SPEAKING, SILENT = 0.5, 0.2
#: Silence counts from this long after a voice was heard until this long before the next, seconds.
MARGIN_S = 0.2
#: Rows of features to a sample of motion.
ROWS = FEATURE_RATE // MOTION_RATE


@dataclass(frozen=True, eq=False)
class Hearing:
    """Features and voice, ``FEATURE_RATE`` rows a second; row 0 at the start of the video.

    Attributes:
        features: (N, FEATURE_DIM) rows of :class:`~vasari.voice.SpeechFeatures`.
        voice: (N,) probability of speech.
    """

    features: Floats
    voice: Floats

    @classmethod
    def listen(cls, speech: str | Path, *, start: float = 0.0, seconds: float = np.inf) -> Hearing:
        """Hear a sound file, or the sound of a video.

        Args:
            speech: its path.
            start: seconds of silence before it.
            seconds: how much to hear, that silence included.

        Raises:
            SoundError: it cannot be read as sound, or has none.
        """
        features, voice = SpeechFeatures(), VoiceActivity()
        rows, voiced = [], []
        left = SPEECH_RATE * seconds
        for piece in _mono(Sound.open(speech), start):
            part = piece[: int(min(left, len(piece)))]
            rows.append(features.push(part))
            voiced.append(voice.push(part))
            left -= len(part)
            if left < 1:
                break
        return cls(np.concatenate([*rows, features.finish()]), np.concatenate([*voiced, voice.finish()]))

    def speaking(self, samples: int) -> Flags:
        """(samples,) whether someone speaks at each sample of motion."""
        flags: Flags = self._at(self.voice, samples) > SPEAKING
        return flags

    def silent(self, samples: int) -> Flags:
        """(samples,) whether nobody speaks, nor has just spoken or will soon."""
        reach = round(MARGIN_S * FEATURE_RATE)
        loudest = maximum_filter1d(self.voice, 2 * reach + 1, mode="nearest")
        flags: Flags = self._at(loudest, samples) < SILENT
        return flags

    def until(self, samples: int) -> Hearing:
        """The rows that go with so many samples of motion; silence where the speech is shorter."""
        lacking = max(ROWS * samples - len(self.voice), 0)
        quiet = self.features[[int(np.argmin(self.features[:, LOUDNESS]))] * lacking]
        return Hearing(
            np.concatenate([self.features, quiet])[: ROWS * samples],
            np.concatenate([self.voice, np.zeros(lacking, np.float32)])[: ROWS * samples],
        )

    def delayed(self, seconds: float) -> Hearing:
        """The same speech, heard ``seconds`` later (earlier if negative), as long as before."""
        rows = np.arange(len(self.voice)) - round(seconds * FEATURE_RATE)
        inside = (rows >= 0) & (rows < len(self.voice))
        quiet = int(np.argmin(self.features[:, LOUDNESS]))
        rows = np.where(inside, rows, quiet)
        return Hearing(self.features[rows], np.where(inside, self.voice[rows], 0.0).astype(np.float32))

    def _at(self, values: Floats, samples: int) -> Floats:
        rows = np.minimum(np.arange(samples) * ROWS, len(values) - 1)
        return values[rows]


def _mono(sound: Sound, start: float) -> Iterator[Floats]:
    """16 kHz mono pieces of silence of ``start`` seconds and of the sound."""
    yield np.zeros(max(round(start * SPEECH_RATE), 0), np.float32)
    resampler = SpeechResampler(sound.rate)
    for piece in sound.chunks(0.5):
        yield resampler.push(piece.mean(1, dtype=np.float32))
    yield resampler.finish()
