"""What is measured, and on what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vasari import defaults
from vasari.errors import UsageError
from vasari.live.actor import Actor
from vasari.live.performer import check_picture
from vasari.motion.controls import Controls
from vasari.motion.motion import Motion
from vasari.portrait.portrait import Portrait
from vasari.voice.resample import SPEECH_RATE, SpeechResampler
from vasari.voice.sound import Sound

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        size: side of the picture, pixels, 256 to 1024.
        fps: pictures a second, 24 to 60.
        threads: pictures drawn at once, where it is the whole that is measured.
        seconds: of speech to work on, 1 or more.
        rounds: how often everything is done, to see how far figures repeat.
        sweep: whether drawing is also measured over sizes and threads.

    Raises:
        UsageError: a value is out of its range.
    """

    size: int
    fps: int
    threads: int
    seconds: float
    rounds: int
    sweep: bool = False

    def __post_init__(self) -> None:
        check_picture(self.fps, self.size)
        for name, value in (("threads", self.threads), ("seconds", self.seconds), ("rounds", self.rounds)):
            if value < 1:
                raise UsageError(f"{name} is {value:g}; it must be at least 1")


@dataclass(frozen=True, eq=False)
class Workload:
    """A photo and a speech, and what follows from them, made when first needed.

    Attributes:
        photo: the image file.
        speech: (n,) at ``SPEECH_RATE``.
        settings: how to measure.
    """

    photo: Path
    speech: Floats
    settings: Settings

    @classmethod
    def of(cls, photo: Path, speech: Path, settings: Settings) -> Workload:
        """The speech is repeated, or cut off, to last ``settings.seconds``."""
        with Sound.open(speech) as sound:
            resampler = SpeechResampler(sound.rate)
            heard = [resampler.push(piece.mean(1)) for piece in sound.chunks(1.0)]
        whole = np.concatenate([*heard, resampler.finish()])
        return cls(photo, np.resize(whole, round(settings.seconds * SPEECH_RATE)), settings)

    @cached_property
    def portrait(self) -> Portrait:
        """The photo, prepared."""
        return Portrait.create(self.photo)

    @cached_property
    def motion(self) -> Motion:
        """How the speech moves it."""
        actor = self.actor()
        return Motion.of(actor.hear(self.speech[:, None]) + actor.finish())

    def actor(self) -> Actor:
        """A new actor for the speech."""
        return Actor(
            Controls(),
            rate=SPEECH_RATE,
            rest_translation=self.portrait.translation,
            rest_yaw=self.portrait.yaw,
            lookahead=defaults.LOOKAHEAD,
        )
