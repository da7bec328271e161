"""Landmarks of one face over a whole video."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vasari.errors import VideoError
from vasari.head.landmarks import FaceLandmarker, FaceLandmarks

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]
#: Called with the number of frames done and of all frames (a guess where the file does not tell).
Progress = Callable[[int, int], None]

#: Longer sides of a video than this are scaled down before faces are looked for, pixels.
MOST_PIXELS = 1280
#: Gaps without a face up to this long are bridged, seconds.
LONGEST_GAP = 0.5
#: At least this part of a video must show the face.
LEAST_FOUND = 0.3


@dataclass(frozen=True, eq=False)
class LandmarkClip:
    """What the landmarker saw in each frame of a video.

    Attributes:
        points: (T, 468, 3) and irises: (T, 2, 5, 2) as in :class:`~vasari.head.landmarks.FaceLandmarks`;
            NaN where no face was found.
        times: (T,) of the frames in seconds, increasing.
        size: (width, height) of the pictures, pixels.
    """

    points: Floats
    irises: Floats
    times: NDArray[np.float64]
    size: tuple[int, int]

    @property
    def found(self) -> NDArray[np.bool_]:
        """(T,) whether the face was seen."""
        values = np.concatenate([a.reshape(len(a), -1) for a in (self.points[..., :2], self.irises)], 1)
        found: NDArray[np.bool_] = np.isfinite(values).all(axis=1)
        return found

    def __len__(self) -> int:
        """Number of frames T."""
        return len(self.times)

    @classmethod
    def read(
        cls, video: str | Path, *, landmarker: FaceLandmarker | None = None, progress: Progress | None = None
    ) -> LandmarkClip:
        """Follow the largest face through a video.

        Args:
            video: path of any file that FFmpeg decodes.
            landmarker: to reuse one that is loaded.
            progress: called with (frames done, frames in all) after each frame.

        Raises:
            VideoError: the video cannot be read, or shows no face that can be followed.
        """
        landmarker = landmarker or FaceLandmarker()
        face: FaceLandmarks | None = None
        faces: list[FaceLandmarks | None] = []
        times: list[float] = []
        size = (0, 0)
        for time, total, picture in pictures(Path(video)):
            if times and time <= times[-1]:
                continue
            lost = face is None
            face = landmarker.follow(picture, face)
            if lost and face:  # a careful reading lies a little beside those that follow
                face = landmarker.follow(picture, face)
            size = (picture.shape[1], picture.shape[0])
            faces.append(face)
            times.append(time)
            if progress:
                progress(len(times), max(total, len(times)))
        if not faces:
            raise VideoError(f"{video} holds no picture. Give a video of a talking face.")
        points = np.stack([f.points if f else np.full((468, 3), np.nan, np.float32) for f in faces])
        irises = np.stack([f.irises if f else np.full((2, 5, 2), np.nan, np.float32) for f in faces])
        clip = cls(points, irises, np.array(times), size)
        clip.check(str(video))
        return clip

    @classmethod
    def steady(cls, points: Floats, irises: Floats, size: Sequence[int], fps: float) -> LandmarkClip:
        """Landmarks of a video with a constant rate of ``fps`` frames a second."""
        return cls(points, irises, np.arange(len(points)) / fps, (int(size[0]), int(size[1])))

    def check(self, name: str) -> None:
        """Make sure that there is a face to follow.

        Raises:
            VideoError: it is seen in too few frames.
        """
        seen = int(self.found.sum())
        if seen < max(LEAST_FOUND * len(self), 1):
            raise VideoError(
                f"no face can be followed in {name}: seen in {seen} of {len(self)} frames. "
                "Choose a video in which one face stays in view, at least 60 pixels wide."
            )

    def bridged(self) -> LandmarkClip:
        """The clip with frames without a face filled in: straight across short gaps, held at long ones."""
        found = self.found
        if found.all():
            return self
        seen, times = np.flatnonzero(found), self.times
        after = np.clip(np.searchsorted(times[seen], times), 0, len(seen) - 1)
        before = np.maximum(after - 1, 0)
        left, right = seen[before], seen[after]
        span = times[right] - times[left]
        x = np.clip((times - times[left]) / np.maximum(span, 1e-9), 0, 1)
        x = np.where(span > LONGEST_GAP, np.round(x), x)
        x[found] = 1.0
        left[found] = right[found] = np.flatnonzero(found)

        def fill(values: Floats) -> Floats:
            part = x.reshape(-1, *[1] * (values.ndim - 1)).astype(np.float32)
            return values[left] * (1 - part) + values[right] * part

        return replace(self, points=fill(self.points), irises=fill(self.irises))


def pictures(path: Path) -> Iterator[tuple[float, int, Picture]]:
    """Time in seconds since the start of the file, number of all frames, picture (H, W, 3) of each frame.

    Pictures are upright, and at most ``MOST_PIXELS`` on their longer side.

    Raises:
        VideoError: the video cannot be read, or has no picture track.
    """
    try:
        with av.open(str(path)) as container:
            stream = next(iter(container.streams.video), None)
            if stream is None:
                raise VideoError(f"{path} has no picture track. Give a video of a talking face.")
            stream.thread_type = "AUTO"
            start = (container.start_time or 0) / av.time_base
            seconds = (container.duration or 0) / av.time_base
            total = stream.frames or round(seconds * float(stream.average_rate or 25))
            for number, frame in enumerate(container.decode(stream)):
                time = number / 25 if frame.time is None else frame.time - start
                yield time, total, _upright(frame)
    except (av.FFmpegError, OSError) as error:
        raise VideoError(f"cannot read {path} as a video: {error.strerror}.") from error


def _upright(frame: Any) -> Picture:
    """RGB picture of a video frame, turned as its rotation mark says, not larger than needed."""
    scale = min(MOST_PIXELS / max(frame.width, frame.height), 1.0)
    width, height = (max(round(n * scale), 2) for n in (frame.width, frame.height))
    picture: Picture = frame.to_ndarray(format="rgb24", width=width, height=height)
    turns = round(getattr(frame, "rotation", 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(picture, turns))
