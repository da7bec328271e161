"""Sound and picture over time, as the file itself says: starts, lengths, frames that are missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vasari.errors import VideoError

Reals = NDArray[np.float64]

#: An interval at least this many times the usual one is a gap in which frames were dropped.
GAP = 1.5
#: Intervals further from the usual one than this share make a frame rate variable.
STEADY = 0.15


@dataclass(frozen=True)
class Timing:
    """When a video's pictures and sound begin and end.

    Attributes:
        frames: pictures in the file.
        fps: pictures a second, from the usual interval.
        picture_start, picture_end: seconds since the start of the file, until the last picture goes.
        sound_start, sound_end: the same of the sound, ``None`` if there is none.
        dropped: pictures missing in gaps between the others.
        variable: share of intervals that differ from the usual one.
    """

    frames: int
    fps: float
    picture_start: float
    picture_end: float
    sound_start: float | None
    sound_end: float | None
    dropped: int
    variable: float

    @property
    def start_offset(self) -> float | None:
        """Seconds by which the sound begins after the pictures."""
        return None if self.sound_start is None else self.sound_start - self.picture_start

    @property
    def length_difference(self) -> float | None:
        """Seconds by which the sound ends after the pictures."""
        return None if self.sound_end is None else self.sound_end - self.picture_end

    @classmethod
    def read(cls, video: str | Path) -> Timing:
        """Read it from the time stamps of the packets; nothing is decoded.

        Raises:
            VideoError: the file cannot be read as a video.
        """
        try:
            with av.open(str(video)) as container:
                picture = next(iter(container.streams.video), None)
                if picture is None:
                    raise VideoError(f"{video} has no picture track. Give a video of a talking face.")
                sound = next(iter(container.streams.audio), None)
                start = (container.start_time or 0) / av.time_base
                shown, heard = _stamps(container, [picture] + ([sound] if sound else []))
                claimed = _start(picture), None if sound is None else _start(sound)
        except (av.FFmpegError, OSError) as error:
            raise VideoError(f"cannot read {video} as a video: {error.strerror}.") from error
        if not len(shown):
            raise VideoError(f"{video} holds no picture. Give a video of a talking face.")
        times = np.unique(shown[:, 0])
        steps = np.diff(times)
        usual = _usual(steps)
        gaps = steps[steps >= GAP * usual]
        first = claimed[0] if claimed[0] is not None else float(times[0])
        return cls(
            frames=len(times),
            fps=1 / usual,
            picture_start=first - start,
            picture_end=float(times[-1]) + usual - start,
            sound_start=None if not len(heard) else _first(claimed[1], heard) - start,
            sound_end=None if not len(heard) else float(heard.sum(1).max()) - start,
            dropped=int(np.round(gaps / usual - 1).sum()),
            variable=float(np.mean(np.abs(steps / usual - 1) > STEADY)) if len(steps) else 0.0,
        )


def _usual(steps: Reals) -> float:
    """The usual interval in seconds: the mean of those near the median, as time stamps are rounded."""
    if not len(steps):
        return 1 / 25
    return float(steps[steps < GAP * np.median(steps)].mean())


def _stamps(container: Any, streams: list[Any]) -> tuple[Reals, Reals]:
    """Times and lengths (n, 2) in seconds of all packets of the picture and of the sound stream."""
    table: dict[int, list[tuple[float, float]]] = {stream.index: [] for stream in streams}
    for packet in container.demux(streams):
        if packet.pts is not None:
            base = float(packet.time_base)
            table[packet.stream.index].append((packet.pts * base, (packet.duration or 0) * base))
    columns = [np.array(table[stream.index], np.float64).reshape(-1, 2) for stream in streams]
    return columns[0], columns[1] if len(columns) > 1 else np.zeros((0, 2))


def _start(stream: Any) -> float | None:
    """Seconds at which a stream begins, what its codec put before it left out."""
    return None if stream.start_time is None else float(stream.start_time * stream.time_base)


def _first(claimed: float | None, stamps: Reals) -> float:
    return float(stamps[:, 0].min()) if claimed is None else claimed
