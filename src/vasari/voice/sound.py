"""Speech in: any sound or video file, an array or standard input, read as a stream."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vasari.errors import SoundError
from vasari.voice.decode import Decoder

Floats = NDArray[np.float32]
Source = str | os.PathLike[str] | NDArray[np.generic]

#: Samples a second that make sense for speech.
MIN_RATE, MAX_RATE = 4_000, 384_000
#: Sound has one or two channels here; more are folded to two.
MAX_CHANNELS = 2
#: A float sample larger than this is not sound in [-1, 1] that was turned up, but has another unit.
LARGEST_SAMPLE = 64.0


class Sound:
    """Speech, its rate and its channels; the samples come as a stream, so that memory stays flat.

    Time 0 is the first sample of the file's sound, wherever its pictures begin. Gaps in a file's time are
    silence; what its codec put before the sound is left out.

    Attributes:
        rate: samples a second, as in the source.
        channels: 1 or 2.
        duration: seconds, exact for an array, as the file claims otherwise; ``None`` where it does not say.
        name: the source, for messages.
    """

    def __init__(
        self,
        name: str,
        rate: int,
        channels: int,
        duration: float | None,
        pieces: Callable[[], Iterator[Floats]],
    ) -> None:
        self.name, self.rate, self.channels, self.duration = name, rate, channels, duration
        self._pieces = pieces

    @classmethod
    def open(cls, source: Sound | Source, rate: int | None = None) -> Sound:
        """Open speech: the path of a sound or video file, ``-`` for standard input, or samples.

        Args:
            source: a path, or samples (n,) or (n, channels): floats in [-1, 1] or integers of full scale.
            rate: samples a second, for samples only.

        Raises:
            SoundError: it is missing, not a sound, damaged or empty; the message says which.
        """
        if isinstance(source, Sound):
            return source
        if isinstance(source, np.ndarray):
            return _from_array(source, rate)
        if rate is not None:
            raise SoundError("a rate goes with samples only; a file has its own, leave the rate out")
        return _from_stream() if os.fspath(source) == "-" else _from_file(Path(source))

    def chunks(self, seconds: float = 0.1) -> Iterator[Floats]:
        """The sound from its start in pieces (n, channels) float32 of ``seconds``, the last one shorter.

        A file or an array can be read again; standard input only once.

        Raises:
            SoundError: the file turns out to be damaged, or holds values that are not finite.
        """
        size = max(1, round(seconds * self.rate))
        waiting, held = [], 0
        for piece in self._pieces():
            waiting.append(_checked(piece, self.name))
            held += len(piece)
            if held >= size:
                joined = np.concatenate(waiting)
                whole = held - held % size
                yield from (joined[i : i + size] for i in range(0, whole, size))
                waiting, held = [joined[whole:]], held - whole
        if held:
            yield np.concatenate(waiting)

    def samples(self) -> Floats:
        """All of it (n, channels): for short sounds."""
        return np.concatenate(list(self.chunks(1.0)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open between readings."""


def _from_array(samples: NDArray[np.generic], rate: int | None) -> Sound:
    if rate is None:
        raise SoundError("samples need their rate: give rate=16000 or whatever they were recorded at")
    if not MIN_RATE <= rate <= MAX_RATE:
        raise SoundError(f"the rate is {rate}; valid are {MIN_RATE} to {MAX_RATE} samples a second")
    sound = _as_float(samples)
    if sound.ndim == 1:
        sound = sound[:, None]
    if sound.ndim != 2 or sound.shape[1] not in (1, MAX_CHANNELS):
        raise SoundError(f"the samples have shape {samples.shape}; give (n,), (n, 1) or (n, {MAX_CHANNELS})")
    if not len(sound):
        raise SoundError("the sound is empty; give at least one sample")
    _checked(sound, "the sound")
    return Sound("the sound", int(rate), sound.shape[1], len(sound) / rate, lambda: iter([sound]))


def _from_file(path: Path) -> Sound:
    try:
        if path.is_dir():
            raise SoundError(f"{path} is a folder; give a sound or video file in it")
        if path.is_file() and not path.stat().st_size:
            raise SoundError(f"{path} is empty (0 bytes); give a file with speech in it")
        path.stat()
    except FileNotFoundError as error:
        raise SoundError(f"{path} does not exist; give the path of a sound or video file") from error
    except (OSError, ValueError) as error:
        raise SoundError(f"{path} cannot be read: {error}; give the path of a sound or video file") from error

    def pieces() -> Iterator[Floats]:
        with closing(Decoder(str(path), str(path))) as decoder:
            yield from decoder.pieces()

    with closing(Decoder(str(path), str(path))) as decoder:
        next(decoder.pieces())  # raises where there is nothing to hear
        return Sound(str(path), decoder.rate, decoder.channels, decoder.duration, pieces)


def _from_stream() -> Sound:
    decoder = Decoder(_Unseekable(), "standard input")
    stream = decoder.pieces()
    first = next(stream)  # the decoder knows rate and channels from here on
    once = chain([first], stream)
    return Sound("standard input", decoder.rate, decoder.channels, None, lambda: once)


class _Unseekable:
    """Standard input as something that can only be read on."""

    def read(self, size: int) -> bytes:
        return sys.stdin.buffer.read(size)


def _as_float(samples: NDArray[np.generic]) -> Floats:
    """Float32 in [-1, 1] of floats as they are, or of integers at full scale."""
    scales = {np.dtype(np.uint8): 128, np.dtype(np.int16): 1 << 15, np.dtype(np.int32): 1 << 31}
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    if samples.dtype not in scales:
        raise SoundError(f"the samples are {samples.dtype}; give floats in [-1, 1], int16, int32 or uint8")
    scale = scales[samples.dtype]
    zero = scale if samples.dtype == np.uint8 else 0
    return ((samples.astype(np.float64) - zero) / scale).astype(np.float32)


def _checked(samples: Floats, name: str) -> Floats:
    largest = np.abs(samples).max(initial=0.0)
    if not np.isfinite(largest):
        raise SoundError(f"{name} holds values that are not finite numbers; export it again as 16-bit WAV")
    if largest > LARGEST_SAMPLE:
        raise SoundError(
            f"{name} holds samples as large as {largest:g}; float sound lies in [-1, 1]: divide by full scale"
        )
    return samples
