"""The sound of a media file, decoded in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vasari.errors import SoundError

Floats = NDArray[np.float32]

#: Containers that are opened: those of sound and video, none that refers to other files or addresses.
CONTAINERS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,eac3,flac,flv,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,"
    "mp2,mp3,mpeg,mpegts,ogg,opus,rm,tta,voc,w64,wav,wv"
)
#: Containers without a clock: what they are said to last is a guess.
UNTIMED = ("aac", "ac3", "eac3")
#: A larger step between time stamps than this is a gap (filled with silence) or an overlap (dropped);
#: smaller ones are rounding.
TOLERANCE_S = 0.02
#: A gap longer than this is a damaged time stamp.
LONGEST_GAP_S = 3600
#: Silence is made in pieces of this many samples at most, so that memory stays flat.
PIECE = 1 << 16
HELP = "give a sound or video file such as .wav, .mp3, .flac, .ogg, .m4a, .webm or .mp4"


class Decoder:
    """One reading of the first sound stream of a media file.

    ``rate`` and ``channels`` are known for sure once the first piece was read.
    """

    def __init__(self, file: Any, name: str) -> None:
        """``file``: a path, or an object with ``read``; ``name``: what to call it in messages.

        Raises:
            SoundError: it is not a media file, or has no sound in it.
        """
        self._name = name
        try:
            self._container = av.open(file, options={"format_whitelist": CONTAINERS})
        except PermissionError as error:
            raise SoundError(f"{name} may not be read: permission denied; check who owns it") from error
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise SoundError(f"{name} is not a sound or video file, or is damaged; {HELP}") from error
        if all(stream.type == "data" for stream in self._container.streams):
            self.close()
            raise SoundError(f"{name} is damaged: its index is missing; copy or export it again")
        if not self._container.streams.audio:
            self.close()
            raise SoundError(f"{name} has no sound in it; {HELP} with speech")
        self._stream = self._container.streams.audio[0]
        self.rate = self._stream.rate or 0
        self.channels = 0

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    @property
    def duration(self) -> float | None:
        """Seconds of sound as the file claims, if it does."""
        stream, container = self._stream, self._container
        if container.format.name in UNTIMED:
            return None
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base)
        return container.duration / av.time_base if container.duration else None

    def pieces(self) -> Iterator[Floats]:
        """The sound as (n, channels) float32, time 0 at its first sample.

        Raises:
            SoundError: nothing can be decoded, or the file cannot be read on.
        """
        place, start = 0, None
        for frame in self._frames():
            samples = np.ascontiguousarray(frame.to_ndarray().T)  # (n, channels)
            if frame.pts is not None and frame.time_base is not None:
                time = frame.pts * Fraction(frame.time_base)
                start = time - Fraction(place, self.rate) if start is None else start
                missing = round((time - start) * self.rate) - place
                if TOLERANCE_S * self.rate < missing < LONGEST_GAP_S * self.rate:
                    place += missing
                    yield from self._silence(missing)
                elif -LONGEST_GAP_S * self.rate < missing < -TOLERANCE_S * self.rate:
                    samples = samples[-missing:]
            place += len(samples)
            if len(samples):
                yield samples
        if not place:
            raise SoundError(f"no sound could be decoded from {self._name}; {HELP} with speech")

    def _frames(self) -> Iterator[Any]:
        """Decoded frames of planar float32 in one or two channels, at one rate."""
        resampler, kind = None, None
        for frame in self._decoded():
            if resampler is None or kind != (frame.format.name, frame.layout.name, frame.sample_rate):
                if resampler is None:
                    self.rate, self.channels = frame.sample_rate, min(2, frame.layout.nb_channels)
                else:
                    yield from resampler.resample(None)
                kind = (frame.format.name, frame.layout.name, frame.sample_rate)
                layout = "mono" if self.channels == 1 else "stereo"
                resampler = av.AudioResampler(format="fltp", layout=layout, rate=self.rate)
            yield from resampler.resample(frame)
        if resampler is not None:
            yield from resampler.resample(None)

    def _decoded(self) -> Iterator[Any]:
        """Frames as they come; damaged packets are passed over, their time becomes a gap."""
        try:
            for packet in self._container.demux(self._stream):
                try:
                    yield from packet.decode()
                except av.error.InvalidDataError:
                    continue
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, OSError) as error:
            raise SoundError(f"{self._name} cannot be read to its end; it may be damaged: {error}") from error

    def _silence(self, samples: int) -> Iterator[Floats]:
        for begin in range(0, samples, PIECE):
            yield np.zeros((min(PIECE, samples - begin), self.channels), np.float32)
