"""Pictures and sound to a film, as a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Self

import av
import numpy as np

from vasari.errors import OutputError, UsageError
from vasari.film.formats import STREAM, format_of
from vasari.film.pixels import Pixels
from vasari.film.target import FileTarget, StreamTarget, Target, Writable
from vasari.film.tracks import Floats, PictureTrack, SoundTrack

#: Pictures that wait for the encoder before :meth:`FilmWriter.write` does.
WAITING = 8


class FilmWriter:
    """Writes one film; a context manager. Memory does not grow with its length.

    The film appears under its name when it is whole: left by an exception, nothing remains. Encoding runs
    in a thread of its own. Pictures and sound both begin at time 0, and a sample keeps its time.

    Args:
        out: a path ending in ``.mp4`` or ``.mov`` (H.264, AAC), ``.mkv`` (the same) or ``.webm`` (VP9, Opus);
            ``-`` for standard output, or a binary file object: fragmented MP4, played as it comes.
        size: side of square pictures, or (width, height); even numbers of pixels.
        fps: pictures a second.
        rate, channels: of the sound (1 or 2 channels); without them the film is silent.
        force: whether a file of this name may be replaced.

    Raises:
        OutputError: the film cannot be written there; found out before any work is done.
        UsageError: an argument is out of its range.
    """

    def __init__(
        self,
        out: str | os.PathLike[str] | Writable,
        *,
        size: int | tuple[int, int],
        fps: int | float | Fraction,
        rate: int | None = None,
        channels: int | None = None,
        force: bool = False,
    ) -> None:
        self.size = _checked_size(size)
        self.fps = _checked_fps(fps)
        self.channels = _checked_channels(rate, channels)
        is_path = isinstance(out, str | os.PathLike) and os.fspath(out) != "-"
        form = format_of(out) if is_path else STREAM  # type: ignore[arg-type]
        self._target = _target(out, force)
        self._queue: Queue[tuple[Pixels, Floats | None] | None] = Queue(WAITING)
        self._thread: Thread | None = None
        self._error: BaseException | None = None
        self._closed = False
        try:
            self._container = av.open(
                self._target.file, "w", format=form.container, container_options=form.options
            )
            self._pictures = PictureTrack(self._container, form, self.size, self.fps)
            self._sound = SoundTrack(self._container, form, rate, self.channels) if rate is not None else None
        except (av.error.FFmpegError, OSError, ValueError) as error:
            self._target.discard()
            raise OutputError(f"{self._target.name} cannot be written: {error}") from error

    def write(self, image: Pixels, audio: Floats | None = None) -> None:
        """Append one picture (H, W, 3) uint8 RGB, and the sound (n, channels) in [-1, 1] that comes next.

        The sound is laid end to end, whatever the pictures' times; ``None`` adds none. Both are copied.

        Raises:
            OutputError: the film cannot be written on: the disk is full, for instance.
            UsageError: a picture of another size, sound of other channels, or the film is closed.
        """
        if self._closed:
            raise UsageError("the film is closed; open another FilmWriter")
        if image.shape != (*self.size[::-1], 3) or image.dtype != np.uint8:
            raise UsageError(
                f"the picture is {image.dtype} {image.shape}; give uint8 {(*self.size[::-1], 3)} RGB"
            )
        if audio is not None and (audio.ndim != 2 or audio.shape[1] != self.channels):
            raise UsageError(f"the sound has shape {audio.shape}; give (samples, {self.channels})")
        if self._thread is None:
            self._thread = Thread(target=self._work, name="film", daemon=True)
            self._thread.start()
        self._raise_error()
        self._queue.put((image.copy(), None if audio is None else audio.astype(np.float32)))

    def close(self) -> None:
        """Write what is owed and give the film its name.

        Raises:
            OutputError: it cannot be written, or has no pictures.
        """
        if self._closed:
            return
        try:
            self._join()
            self._raise_error()
            if self._thread is None:
                raise OutputError(f"{self._target.name} would have no pictures; nothing was written")
            with _output_errors(self._target.name):
                for track in (self._pictures, self._sound):
                    for packet in track.finish() if track else ():
                        self._container.mux(packet)
                self._container.close()
        except BaseException:
            self.discard()
            raise
        self._closed = True
        self._target.commit()

    def discard(self) -> None:
        """Stop, and leave nothing behind."""
        if self._closed:
            return
        self._closed = True
        self._join()
        with suppress(av.error.FFmpegError, OSError, ValueError):
            self._container.close()
        self._target.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close after success, discard after an exception."""
        if kind is None:
            self.close()
        else:
            self.discard()

    def _join(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        """Encode what comes; after an error, or when discarded, only take it away so that nobody waits."""
        while (item := self._queue.get()) is not None:
            if self._error is None and not self._closed:
                try:
                    with _output_errors(self._target.name):
                        self._encode(*item)
                except BaseException as error:  # handed to the thread that writes
                    self._error = error

    def _encode(self, image: Pixels, audio: Floats | None) -> None:
        for packet in self._pictures.encode(image):
            self._container.mux(packet)
        if self._sound is not None and audio is not None:
            for packet in self._sound.encode(audio):
                self._container.mux(packet)


@contextmanager
def _output_errors(name: str) -> Iterator[None]:
    """Errors of writing as OutputError; a reader that has gone stays BrokenPipeError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (av.error.FFmpegError, OSError) as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{name} cannot be written on: {reason}; is there room?") from error


def _target(out: str | os.PathLike[str] | Writable, force: bool) -> Target:
    if isinstance(out, str | os.PathLike):
        return StreamTarget() if os.fspath(out) == "-" else FileTarget(Path(out), force)
    return StreamTarget(out)


def _checked_size(size: int | tuple[int, int]) -> tuple[int, int]:
    width, height = (size, size) if isinstance(size, int) else size
    if min(width, height) < 16 or width % 2 or height % 2:
        raise UsageError(f"the size is {width} x {height}; give even numbers of pixels, at least 16")
    return width, height


def _checked_fps(fps: int | float | Fraction) -> Fraction:
    exact = Fraction(fps).limit_denominator(1001)
    if not 1 <= exact <= 240:
        raise UsageError(f"fps is {fps}; give 1 to 240 pictures a second")
    return exact


def _checked_channels(rate: int | None, channels: int | None) -> int:
    if rate is None and channels is None:
        return 0
    if rate is None or channels not in (1, 2) or not 4000 <= rate <= 384_000:
        raise UsageError(
            f"the sound is said to have rate {rate} and {channels} channels; "
            "give 4000 to 384000 samples a second and 1 or 2 channels, or neither"
        )
    return channels
