"""How films are encoded, by the ending of their name."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from vasari.errors import OutputError

#: Quality above which nobody sees the loss on a face, at about 2 ms a picture of 512 x 512 on one core.
#: No look-ahead, so that memory is small, and no B-pictures, so that both streams begin at 0.
H264 = {"preset": "superfast", "tune": "zerolatency", "crf": "18"}
VP9 = {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "lag-in-frames": "0", "crf": "24", "b": "0"}

#: Samples a second that the sound codecs take as they are; any other sound is resampled to 48 kHz.
AAC_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
COMMON_RATE = 48_000


@dataclass(frozen=True)
class Format:
    """A container and what goes in.

    Attributes:
        container: its name in libavformat.
        video, audio: codecs.
        video_options: of the video codec.
        rates: samples a second the sound codec takes.
        options: of the container.
    """

    container: str
    video: str = "libx264"
    video_options: dict[str, str] = field(default_factory=lambda: H264)
    audio: str = "aac"
    rates: tuple[int, ...] = AAC_RATES
    options: dict[str, str] = field(default_factory=dict)

    def audio_rate(self, rate: int) -> int:
        """The rate of the film's sound for speech of ``rate``."""
        return rate if rate in self.rates else COMMON_RATE

    def audio_bits(self, rate: int, channels: int) -> int:
        """Bits a second that keep speech, or music under it, as it was."""
        return channels * min(96_000, max(32_000, 3 * rate))


FORMATS = {
    ".mp4": Format("mp4", options={"movflags": "faststart"}),  # index first: plays while it is loaded
    ".mov": Format("mov", options={"movflags": "faststart"}),
    ".mkv": Format("matroska"),
    ".webm": Format("webm", "libvpx-vp9", VP9, "libopus", OPUS_RATES),
}
#: For pipes: short fragments, written as they are made.
STREAM = Format(
    "mp4",
    options={
        "movflags": "delay_moov+default_base_moof+frag_keyframe",
        "frag_duration": "40000",  # microseconds
        "flush_packets": "1",
    },
)


def format_of(path: str | os.PathLike[str]) -> Format:
    """The format for a film's name.

    Raises:
        OutputError: films of that ending are not written here.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        ending = f"ends in {suffix!r}" if suffix else "has no ending"
        raise OutputError(f"{path} {ending}; name the film {', '.join(FORMATS)}, or - for standard output")
    return FORMATS[suffix]
