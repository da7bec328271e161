"""The performer: speech pushed in, pictures with their sound read out. The one engine, offline and live.

performer = Performer(portrait)
performer.push_audio(samples)     # any amount, from any thread, whenever it comes
performer.end()
for frame in performer:           # waits for sound where it must
    show(frame.image, frame.audio)
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vasari import defaults
from vasari.errors import UsageError
from vasari.live.actor import Actor
from vasari.live.painters import Painters
from vasari.live.samples import SampleQueue, checked_samples
from vasari.live.take import Take
from vasari.live.timeline import Timeline
from vasari.motion.controls import Controls
from vasari.motion.motion import MotionFrame
from vasari.portrait.portrait import Portrait

#: The actor hears sound in blocks of 1 / 50 s, however it was pushed: the motion is the same.
BLOCKS_PER_SECOND = 50


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture and the sound that belongs to it.

    Attributes:
        image: (size, size, 3) uint8 RGB, or the whole photo's size.
        audio: (n, channels) float32, exactly this picture's part of the sound as it was pushed.
        pts: number of the picture; it is shown at ``pts * time_base`` seconds.
        time_base: seconds a picture, 1 / fps.
        motion: what the face does in it.
    """

    image: NDArray[np.uint8]
    audio: NDArray[np.float32]
    pts: int
    time_base: Fraction
    motion: MotionFrame


class Performer:
    """A portrait that speaks what it hears.

    ``push_audio``, ``end``, ``clear`` and ``set`` may be called from any thread and return at once; one
    thread iterates, and the work is done as it does. N samples make ceil(N * fps / rate) pictures, the same
    ones however the sound was cut up. Memory does not grow with what has been shown.

    Args:
        portrait: whom to animate.
        controls: how to behave; may change later with :meth:`set`.
        fps: pictures a second, 24 to 60.
        size: side of the picture in pixels, even, 256 to 1024.
        frame: ``"crop"``, a square of that size; or ``"whole"``, the whole photo at its own size.
        rate: samples a second of the sound that will be pushed.
        channels: its channels.
        threads: pictures drawn at once.
        ahead: pictures begun before they are asked for. More keeps the processor busy offline;
            fewer makes ``set`` show sooner.
        lookahead: seconds of sound beyond its moment that a picture waits for, 0.12 to 0.26. Less answers
            sooner, more makes the lips surer and less late.

    Raises:
        UsageError: an argument is out of its range.
    """

    def __init__(
        self,
        portrait: Portrait,
        controls: Controls | None = None,
        *,
        fps: int = defaults.FPS,
        size: int = defaults.SIZE,
        frame: str = defaults.FRAME,
        rate: int = defaults.RATE,
        channels: int = defaults.CHANNELS,
        threads: int = defaults.THREADS,
        ahead: int = defaults.THREADS,
        lookahead: float = defaults.LOOKAHEAD,
    ) -> None:
        check_picture(fps, size)
        _check_at_least("rate", rate, 1000)
        _check_at_least("channels", channels, 1)
        _check_at_least("threads", threads, 1)
        _check_at_least("ahead", ahead, 1)
        self.fps, self.size, self.rate, self.channels = fps, size, rate, channels
        self._actor = Actor(
            controls or Controls(),
            rate=rate,
            rest_translation=portrait.translation,
            rest_yaw=portrait.yaw,
            lookahead=lookahead,
        )
        self._painters = Painters(portrait, size, threads, frame)
        self._ahead = ahead
        self._block = rate // BLOCKS_PER_SECOND
        self._timeline = Timeline(fps, rate)
        self._take = Take(self._timeline, channels)
        self._drawing: deque[_Drawing] = deque()
        self._shown = 0  # pictures handed out
        self._seen: MotionFrame | None = None  # the last one's motion
        # The mailbox: all that other threads touch.
        self._mail = threading.Condition()
        self._pushed = SampleQueue(channels)
        self._controls: Controls | None = None
        self._cleared = False
        self._ended = False

    def push_audio(self, samples: ArrayLike) -> None:
        """Append sound: float samples in [-1, 1] or int16, (n, channels), or (n,) for one channel.

        Raises:
            SoundError: another shape, or values that are not finite.
            UsageError: the sound was ended before.
        """
        sound = checked_samples(samples, self.channels)
        with self._mail:
            if self._ended:
                raise UsageError("the sound was ended; make a new Performer (the Portrait can be reused)")
            self._pushed.push(sound)
            self._mail.notify_all()

    def end(self) -> None:
        """No more sound will come: iteration stops after the last picture."""
        with self._mail:
            self._ended = True
            self._mail.notify_all()

    def clear(self) -> None:
        """Barge-in: drop all sound not yet shown. The face is led from where it is into what follows."""
        with self._mail:
            self._pushed.clear()
            self._cleared = True
            self._mail.notify_all()

    def set(self, controls: Controls) -> None:
        """Change the controls, from the next motion made on."""
        with self._mail:
            self._controls = controls

    def __iter__(self) -> Iterator[Frame]:
        """Frames as the sound allows; waits for more until :meth:`end`."""
        while (frame := self._read(wait=True)) is not None:
            yield frame

    def ready(self) -> Iterator[Frame]:
        """Frames that need no more sound than was pushed; never waits for any.

        Up to ``ahead`` pictures stay in the making for the next call, so that pushing and reading in turn
        keeps all threads at work.
        """
        while (frame := self._read(wait=False)) is not None:
            yield frame

    def _read(self, wait: bool) -> Frame | None:
        while True:
            self._open_mail()
            self._draw_ahead()
            if self._drawing and (wait or len(self._drawing) > self._ahead):
                return self._show()
            with self._mail:
                if not wait or (self._take.finished and not self._cleared):
                    return None
                self._mail.wait_for(self._has_mail)

    def _has_mail(self) -> bool:
        return self._cleared or self._ended or len(self._pushed) >= self._block

    def _open_mail(self) -> None:
        """Do what other threads asked for since the last look."""
        with self._mail:
            controls, self._controls = self._controls, None
            cleared, self._cleared = self._cleared, False
        if controls is not None:
            self._actor.set(controls)
        if cleared:
            self._drawing.clear()
            self._actor.reset()
            self._take = Take(self._timeline, self.channels, self._seen)

    def _draw_ahead(self) -> None:
        """Begin pictures until enough are in the making or the sound does not reach further."""
        while len(self._drawing) <= self._ahead:
            if self._take.has_picture:
                motion, audio = self._take.next_picture()
                self._drawing.append(_Drawing(motion, audio, self._painters.begin(motion)))
            elif not self._hear():
                return

    def _hear(self) -> bool:
        """Let the actor hear one block more; False if there is none."""
        with self._mail:
            enough = self._ended or len(self._pushed) >= self._block
            if self._take.finished or self._cleared or not enough:
                return False
            sound = self._pushed.take(self._block)
            last = self._ended and not self._pushed
        self._take.add(sound, self._actor.hear(sound))
        if last:
            self._take.finish(self._actor.finish())
        return True

    def _show(self) -> Frame:
        drawing = self._drawing.popleft()
        frame = Frame(
            drawing.picture.result(), drawing.audio, self._shown, Fraction(1, self.fps), drawing.motion
        )
        self._shown += 1
        self._seen = drawing.motion
        return frame


@dataclass(frozen=True, eq=False)
class _Drawing:
    """A picture in the making."""

    motion: MotionFrame
    audio: NDArray[np.float32]
    picture: Future[NDArray[np.uint8]]


def check_picture(fps: int, size: int) -> None:
    """Refuse what cannot be shown.

    Raises:
        UsageError: ``fps`` or ``size`` is out of its range.
    """
    if not defaults.MIN_FPS <= fps <= defaults.MAX_FPS:
        raise UsageError(f"fps is {fps}; choose {defaults.MIN_FPS} to {defaults.MAX_FPS} pictures a second")
    if not defaults.MIN_SIZE <= size <= defaults.MAX_SIZE or size % 2:
        raise UsageError(
            f"size is {size}; choose an even number of pixels from {defaults.MIN_SIZE} to {defaults.MAX_SIZE}"
        )


def _check_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"{name} is {value}; it must be at least {least}")
