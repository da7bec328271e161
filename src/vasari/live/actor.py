"""The actor hears speech and moves: sound in, motion out, as a stream."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from vasari.motion import Controls, MotionFrame, MotionGenerator
from vasari.voice import FEATURE_DIM, SPEECH_RATE, SpeechFeatures, VoiceActivity

Floats = NDArray[np.float32]


class Actor:
    """Speech features, voice activity and the motion generator behind one streaming interface.

    Motion sample i (25 a second) belongs to time i / 25 of the sound heard since the start or the last
    :meth:`reset`. A sample comes out once the sound it depends on has been heard; memory does not grow.
    """

    def __init__(self, controls: Controls, *, rate: int) -> None:
        self._rate = rate
        self._features = SpeechFeatures()
        self._activity = VoiceActivity()
        self._generator = MotionGenerator(controls)
        self._start()

    def hear(self, sound: Floats) -> list[MotionFrame]:
        """The motion that ``sound`` (n, channels) completes; may be none."""
        speech = self._resampler.resample_chunk(sound.mean(1, dtype=np.float32))
        return self._move(self._features.push(speech), self._activity.push(speech))

    def finish(self) -> list[MotionFrame]:
        """The motion still owed to the sound heard."""
        speech = self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        moved = self._move(self._features.push(speech), self._activity.push(speech))
        moved += self._move(self._features.finish(), self._activity.finish())
        return moved + self._generator.finish()

    def set(self, controls: Controls) -> None:
        """Other controls, from the next motion on."""
        self._generator.set(controls)

    def reset(self) -> None:
        """Forget the sound: what follows starts from silence, the face moving on from where it is."""
        self._features.reset()
        self._activity.reset()
        self._generator.reset()
        self._start()

    def _start(self) -> None:
        self._resampler = soxr.ResampleStream(self._rate, SPEECH_RATE, 1, dtype="float32")
        self._heard = np.zeros((0, FEATURE_DIM), np.float32)
        self._voiced = np.zeros(0, np.float32)

    def _move(self, features: Floats, voice: Floats) -> list[MotionFrame]:
        """Hand features and voice activity on in step; what one is ahead of the other waits."""
        self._heard = np.concatenate([self._heard, features])
        self._voiced = np.concatenate([self._voiced, voice])
        n = min(len(self._heard), len(self._voiced))
        features, self._heard = self._heard[:n], self._heard[n:]
        voice, self._voiced = self._voiced[:n], self._voiced[n:]
        return self._generator.push(features, voice) if n else []
