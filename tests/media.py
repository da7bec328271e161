"""Sound and film files made on the spot, and read back sample by sample."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CODECS = {
    ".wav": "pcm_s16le",
    ".mp3": "libmp3lame",
    ".flac": "flac",
    ".ogg": "libopus",
    ".m4a": "aac",
    ".mp4": "aac",
    ".webm": "libopus",
    ".mkv": "pcm_s16le",
    ".mov": "pcm_s16le",
}


def click(rate: int, at: float, seconds: float, channels: int = 1) -> Floats:
    """Silence (n, channels) with a short click that begins at ``at`` seconds."""
    samples = np.zeros((round(seconds * rate), channels), np.float32)
    width = max(1, rate // 2000)  # 0.5 ms
    samples[round(at * rate) :][:width] = 0.9
    return samples


def click_time(samples: Floats, rate: int) -> float:
    """Seconds to the middle of a click made by :func:`click`."""
    energy = np.square(samples[:, 0].astype(np.float64))
    energy[energy < 0.1 * energy.max()] = 0
    return float((energy * np.arange(len(energy))).sum() / energy.sum() / rate)


def write_sound(
    path: Path,
    samples: Floats,
    rate: int,
    codec: str | None = None,
    *,
    start: float = 0.0,
    video: bool = False,
) -> Path:
    """Write samples (n, channels) that begin at ``start`` seconds, with a second of black if ``video``."""
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[1]]
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=25) if video else None
        stream = container.add_stream(codec or CODECS[path.suffix], rate=rate, layout=layout)
        assert isinstance(stream, av.AudioStream)
        stream.codec_context.open()
        if pictures is not None:
            assert isinstance(pictures, av.VideoStream)
            pictures.width = pictures.height = 64
            for i in range(25):
                picture = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))
                picture.pts, picture.time_base = i, Fraction(1, 25)
                container.mux(pictures.encode(picture))
            container.mux(pictures.encode(None))
        size = stream.codec_context.frame_size or 1024
        converter = av.AudioResampler(format=stream.codec_context.format, layout=layout, rate=rate)
        planes = np.ascontiguousarray(samples.T)
        for i in range(0, len(samples), size):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(planes[:, i : i + size]), format="fltp", layout=layout
            )
            frame.sample_rate, frame.pts, frame.time_base = rate, round(start * rate) + i, Fraction(1, rate)
            for converted in converter.resample(frame):
                container.mux(stream.encode(converted))
        container.mux(stream.encode(None))
    return path


def read_film(path: Path) -> tuple[NDArray[np.float64], list[NDArray[np.uint8]]]:
    """Times in seconds and pictures (H, W, 3) of a film."""
    times, pictures = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            times.append(float(frame.pts * frame.time_base))
            planes = frame.reformat(format="yuv420p").to_ndarray().astype(np.uint8)
            pictures.append(_from_bt709(planes))
    return np.array(times), pictures


def _from_bt709(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """I420 planes (H * 3 / 2, W) in BT.709, TV range, as RGB: written from the standard's formulas."""
    height, width = planes.shape[0] * 2 // 3, planes.shape[1]
    y = (planes[:height].astype(float) - 16) * 255 / 219
    colour = planes[height:].reshape(2, height // 2, width // 2).repeat(2, 1).repeat(2, 2)
    blue, red = (colour.astype(float) - 128) * 255 / 224
    r, b = y + 1.5748 * red, y + 1.8556 * blue
    g = (y - 0.2126 * r - 0.0722 * b) / 0.7152
    return np.stack([r, g, b], -1).round().clip(0, 255).astype(np.uint8)
