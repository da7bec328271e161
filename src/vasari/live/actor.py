"""The actor hears speech and moves: sound in, motion out, as a stream."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.motion.controls import Controls
from vasari.motion.generator import MotionGenerator
from vasari.motion.motion import MotionFrame
from vasari.stages import stage
from vasari.voice.activity import VoiceActivity
from vasari.voice.features import FEATURE_DIM, SpeechFeatures
from vasari.voice.resample import SpeechResampler

Floats = NDArray[np.float32]


class Actor:
    """Speech features, voice activity and the motion generator behind one streaming interface.

    Motion sample i (25 a second) belongs to time i / 25 of the sound heard since the start or the last
    :meth:`reset`. A sample comes out once the sound it depends on has been heard; memory does not grow.

    Args:
        controls: how to behave.
        rate: samples a second of the sound that will be heard.
        rest_translation: (3,) where the head is in the photo, cm in camera space.
        rest_yaw: how far it is turned there, degrees.
        lookahead: seconds of sound beyond its moment that a motion sample waits for.
    """

    def __init__(
        self,
        controls: Controls,
        *,
        rate: int,
        rest_translation: Floats,
        rest_yaw: float = 0.0,
        lookahead: float,
    ) -> None:
        self._resampler = SpeechResampler(rate)
        self._features = SpeechFeatures()
        self._activity = VoiceActivity()
        self._generator = MotionGenerator(
            controls, rest_translation=rest_translation, rest_yaw=rest_yaw, lookahead=lookahead
        )
        self._wait()

    def hear(self, sound: Floats) -> list[MotionFrame]:
        """The motion that ``sound`` (n, channels) completes; may be none."""
        return self._listen(self._resampler.push(sound.mean(1, dtype=np.float32)))

    def finish(self) -> list[MotionFrame]:
        """The motion still owed to the sound heard."""
        moved = self._listen(self._resampler.finish())
        moved += self._move(self._features.finish(), self._activity.finish())
        return moved + self._generator.finish()

    def set(self, controls: Controls) -> None:
        """Other controls, from the next motion on."""
        self._generator.set(controls)

    def reset(self) -> None:
        """Forget the sound: what follows starts from silence, the face moving on from where it is."""
        self._resampler.reset()
        self._features.reset()
        self._activity.reset()
        self._generator.reset()
        self._wait()

    def _listen(self, speech: Floats) -> list[MotionFrame]:
        with stage("speech features"):
            features = self._features.push(speech)
        with stage("voice activity"):
            voice = self._activity.push(speech)
        return self._move(features, voice)

    def _wait(self) -> None:
        """Nothing has come in yet."""
        self._heard = np.zeros((0, FEATURE_DIM), np.float32)
        self._voiced = np.zeros(0, np.float32)

    @stage("motion")
    def _move(self, features: Floats, voice: Floats) -> list[MotionFrame]:
        """Hand features and voice activity on in step; what one is ahead of the other waits."""
        self._heard = np.concatenate([self._heard, features])
        self._voiced = np.concatenate([self._voiced, voice])
        n = min(len(self._heard), len(self._voiced))
        features, self._heard = self._heard[:n], self._heard[n:]
        voice, self._voiced = self._voiced[:n], self._voiced[n:]
        return self._generator.push(features, voice)
