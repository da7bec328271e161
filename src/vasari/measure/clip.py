"""A talking-head video as it is observed: from the film alone, with no access to how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vasari.errors import SoundError, UsageError, VideoError
from vasari.head.landmark_clip import LandmarkClip, Progress, pictures
from vasari.head.landmarks import FaceLandmarker, FaceLandmarks
from vasari.head.model import HeadModel
from vasari.head.track import Track, track_clip
from vasari.measure.aligned import FaceFrame
from vasari.measure.hearing import Hearing
from vasari.measure.picture import FACE_SIDE, PictureLog, PictureWatch
from vasari.measure.timing import Timing
from vasari.motion.motion import MOTION_RATE

Bytes = NDArray[np.uint8]
Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Nothing can be said of clips shorter than this, nor of less speech, seconds.
SHORTEST, LEAST_SPEECH = 1.0, 0.5
#: A face that is lost, or was never seen, is searched for in each of so many frames.
SEARCH_EVERY = 5
#: Other faces are looked for in so many frames; one at least this part of the largest disturbs.
LOOKS, OTHER_FACE = 3, 0.6


@dataclass(frozen=True, eq=False)
class Clip:
    """One shot of one talking face: T samples of motion, 25 a second, and the speech with it.

    Attributes:
        path: of the video.
        timing: of the whole file.
        landmarks: of the observed frames.
        track: motion and mouth measures at 25 Hz.
        hearing: features of the speech, from the start of the video.
        picture: what each observed frame showed.
    """

    path: Path
    timing: Timing
    landmarks: LandmarkClip
    track: Track
    hearing: Hearing
    picture: PictureLog

    @classmethod
    def observe(
        cls,
        video: str | Path,
        *,
        speech: str | Path | None = None,
        seconds: float = np.inf,
        landmarker: FaceLandmarker | None = None,
        progress: Progress | None = None,
    ) -> Clip:
        """Watch and hear a video once, from its start; memory grows with ``seconds``, not with the file.

        Args:
            video: path of any file that FFmpeg decodes.
            speech: sound to use in place of the video's own, beginning with it.
            seconds: how much of it to observe.
            landmarker: to reuse one that is loaded.
            progress: called with (frames done, frames in all).

        Raises:
            VideoError: it cannot be read, is too short, shows no face, several faces, or several shots.
            SoundError: there is no sound, or nobody speaks.
        """
        path = Path(video)
        timing = Timing.read(path)
        _check_length(path, timing, seconds)
        if speech is None and timing.sound_start is None:
            raise SoundError(f"{path} has no sound; give the speech with --speech FILE")
        start = (timing.sound_start or 0.0) if speech is None else timing.picture_start
        hearing = Hearing.listen(speech or path, start=start, seconds=seconds + 0.5)
        spoken = float((hearing.voice > 0.5).mean() * len(hearing.voice)) / 50
        if spoken < LEAST_SPEECH:
            raise SoundError(
                f"nobody speaks in {speech or path}: {spoken:.1f} s heard, {LEAST_SPEECH:g} s needed; "
                "give a video of someone talking, or its speech with --speech FILE"
            )
        landmarks, picture = _watch(path, timing, seconds, landmarker or FaceLandmarker(), progress)
        track = track_clip(landmarks, source=path.name)
        return cls(path, timing, landmarks, track, hearing.until(len(track.motion)), picture)

    def __len__(self) -> int:
        """Number of samples of motion T."""
        return len(self.track.motion)

    @property
    def seconds(self) -> float:
        """Length of what was observed."""
        return len(self) / MOTION_RATE

    @cached_property
    def speaking(self) -> Flags:
        """(T,) whether someone speaks."""
        return self.hearing.speaking(len(self))

    @cached_property
    def silent(self) -> Flags:
        """(T,) whether nobody speaks, nor has just spoken or will soon."""
        return self.hearing.silent(len(self))

    def with_speech(self, hearing: Hearing) -> Clip:
        """The same pictures with other speech."""
        return replace(self, hearing=hearing.until(len(self)))

    def pictures_at(self, frames: Sequence[int]) -> list[Bytes]:
        """Pictures (H, W, 3) of some observed frames, by number, in the order asked for (read again)."""
        wanted = {float(self.landmarks.times[n]) for n in frames}
        shown: dict[float, Bytes] = {}
        for time, _, picture in pictures(self.path):
            if time in wanted:
                shown[time] = picture
            if len(shown) == len(wanted):
                break
        return [shown[float(self.landmarks.times[n])] for n in frames]

    def frame_at(self, sample: int) -> int:
        """Number of the observed frame nearest to a sample of motion."""
        return int(np.abs(self.landmarks.times - sample / MOTION_RATE).argmin())


def _check_length(path: Path, timing: Timing, seconds: float) -> None:
    if not seconds >= SHORTEST:
        raise UsageError(f"seconds is {seconds:g}; give at least {SHORTEST:g}")
    shown = timing.picture_end - timing.picture_start
    if shown < SHORTEST:
        raise VideoError(
            f"{path} is too short: {shown:.2f} s of picture; {SHORTEST:g} s are needed, 10 s tell most things"
        )


def _watch(
    path: Path, timing: Timing, seconds: float, landmarker: FaceLandmarker, progress: Progress | None
) -> tuple[LandmarkClip, PictureLog]:
    watch = PictureWatch(FaceFrame.of(HeadModel.load(), FACE_SIDE))
    seen: FaceLandmarks | None = None
    faces: list[FaceLandmarks | None] = []
    times: list[float] = []
    size = (0, 0)
    length = min(timing.picture_end, seconds)
    total = max(round(length * timing.fps), 1)
    looks = {round(total * k / LOOKS) for k in range(LOOKS)}
    for time, _, picture in pictures(path):
        if time >= seconds:
            break
        if times and time <= times[-1]:
            continue
        if seen is not None or len(times) % SEARCH_EVERY == 0:
            seen = landmarker.follow(picture, seen)
        if seen is not None and len(times) in looks:
            _check_alone(path, landmarker.find(picture, many=True), time)
        watch.see(picture, seen)
        faces.append(seen)
        times.append(time)
        size = (picture.shape[1], picture.shape[0])
        if progress:
            progress(len(times), max(total, len(times)))
    points = np.stack([f.points if f else np.full((468, 3), np.nan, np.float32) for f in faces])
    irises = np.stack([f.irises if f else np.full((2, 5, 2), np.nan, np.float32) for f in faces])
    clip = LandmarkClip(points, irises, np.array(times), size)
    clip.check(str(path))
    log = watch.log()
    if log.cuts:
        raise VideoError(
            f"{path} is cut at {times[log.cuts[0]]:.2f} s; only a single shot can be judged: "
            "cut the file there, or use --seconds to look at its beginning"
        )
    return clip, log


def _check_alone(path: Path, faces: list[FaceLandmarks], time: float) -> None:
    if len(faces) > 1 and faces[1].region.side > OTHER_FACE * faces[0].region.side:
        raise VideoError(
            f"{path} shows several faces at {time:.2f} s; only one can be judged: crop the video to it"
        )
