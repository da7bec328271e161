"""The two tracks of a film: pictures and sound to packets, each with its exact time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vasari.film.formats import Format
from vasari.film.pixels import Pixels, i420

Floats = NDArray[np.float32]

#: ITU-T H.273 codes of what :func:`~vasari.film.pixels.i420` makes.
TV_RANGE, BT709 = 1, 1


class PictureTrack:
    """Pictures of one size, ``fps`` a second; number n is shown at n / fps."""

    def __init__(self, container: Any, form: Format, size: tuple[int, int], fps: Fraction) -> None:
        """``size``: width and height, even."""
        self._stream = container.add_stream(form.video, rate=fps, options=dict(form.video_options))
        context = self._stream.codec_context
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = 1 / fps
        context.thread_count = 1  # one thread encodes, the others draw
        context.color_range = TV_RANGE
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.open()
        self._next = 0

    def encode(self, image: Pixels) -> Iterator[Any]:
        """Packets that one more picture (H, W, 3) completes."""
        frame = av.VideoFrame.from_ndarray(i420(image), format="yuv420p")
        frame.pts, frame.time_base = self._next, self._stream.codec_context.time_base
        self._next += 1
        yield from self._stream.encode(frame)

    def finish(self) -> Iterator[Any]:
        """The packets still owed."""
        yield from self._stream.encode(None)


class SoundTrack:
    """Sound laid end to end from time 0; at its own rate where the codec can."""

    def __init__(self, container: Any, form: Format, rate: int, channels: int) -> None:
        layout = "mono" if channels == 1 else "stereo"
        self._given, self._layout = rate, layout
        self._rate = form.audio_rate(rate)
        self._stream = container.add_stream(form.audio, rate=self._rate, layout=layout)
        context = self._stream.codec_context
        context.bit_rate = form.audio_bits(self._rate, channels)
        context.time_base = Fraction(1, self._rate)
        context.open()
        self._converter = av.AudioResampler(
            format=context.format, layout=layout, rate=self._rate, frame_size=context.frame_size
        )
        self._pushed, self._encoded = 0, 0  # samples, at the given rate and at that of the film

    def encode(self, samples: Floats) -> Iterator[Any]:
        """Packets that samples (n, channels) in [-1, 1] complete."""
        if not len(samples):
            return
        planes = np.ascontiguousarray(np.clip(samples, -1, 1).T, np.float32)
        frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts, frame.time_base = self._given, self._pushed, Fraction(1, self._given)
        self._pushed += len(samples)
        yield from self._packets(frame)

    def finish(self) -> Iterator[Any]:
        """The packets still owed."""
        if self._pushed:
            yield from self._packets(None)
        yield from self._stream.encode(None)

    def _packets(self, frame: Any) -> Iterator[Any]:
        for converted in self._converter.resample(frame):
            converted.pts, converted.time_base = self._encoded, Fraction(1, self._rate)
            self._encoded += converted.samples
            yield from self._stream.encode(converted)
