"""The one verb: a photo and speech become a talking film. Prepare, perform, write, as one stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from itertools import count, repeat
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vasari import defaults
from vasari.errors import UsageError
from vasari.film.target import FileTarget
from vasari.film.writer import FilmWriter
from vasari.live.painters import Painters
from vasari.live.performer import Frame, Performer, check_picture
from vasari.live.samples import SampleQueue
from vasari.live.timeline import Timeline
from vasari.motion.controls import Controls
from vasari.motion.motion import MOTION_RATE, Motion
from vasari.portrait.portrait import Portrait, is_whole
from vasari.voice.sound import Sound, Source

#: A portrait, or what makes one: an image or portrait file, an encoded image, an array (H, W, 3).
Photo = Portrait | str | Path | bytes | NDArray[np.generic]

#: A sound or video file, ``-`` for standard input, or samples (n,) or (n, channels), which need their rate.
Speech = Sound | Source

#: Called with (pictures done, pictures in all, if that is known).
Progress = Callable[[int, int | None], None]

#: Sound is read, and pictures begun, in pieces of this many seconds.
PIECE_SECONDS = 0.5

#: What portrait files are called.
PORTRAIT_SUFFIX = ".portrait"

#: Pictures in the making: enough to keep all cores busy while the next piece of sound is understood.
AHEAD = 12


@dataclass(frozen=True)
class Animation:
    """What :func:`animate` made.

    Attributes:
        path: where the film lies; ``None`` if it went to standard output or a file object.
        frames: pictures in it.
        seconds: how long it plays.
        timings: seconds from the call to the ``portrait``, the ``first_frame``, the end (``total``).
    """

    path: Path | None
    frames: int
    seconds: float
    timings: dict[str, float]


def animate(
    photo: Photo,
    speech: Speech,
    out: str | Path,
    *,
    fps: int = defaults.FPS,
    size: int = defaults.SIZE,
    frame: str = defaults.FRAME,
    seed: int = defaults.SEED,
    face: int | None = None,
    force: bool = False,
    rate: int | None = None,
    threads: int = defaults.THREADS,
    progress: Progress | None = None,
    **controls: Any,
) -> Animation:
    """Make a film of the person in ``photo`` saying ``speech``.

    Args:
        photo: a portrait, or an image or portrait file, an encoded image, an array (H, W, 3).
        speech: a sound or video file, ``-`` for standard input, or samples with their ``rate``.
        out: the film: ``.mp4`` or ``.webm``, or ``-`` for fragmented MP4 on standard output.
        fps: pictures a second, 24 to 60.
        size: side of the picture in pixels, even, 256 to 1024.
        frame: ``"crop"``, the head in a square of ``size``; or ``"whole"``, the whole photo at its own size.
        seed: same seed, same input: same motion.
        face: which face, where the photo shows several: 0 is the leftmost; by default the largest.
        force: whether an existing film may be replaced.
        rate: samples a second, where ``speech`` is an array.
        threads: pictures drawn at once.
        progress: called with (pictures done, pictures in all) after each picture.
        **controls: fields of :class:`~vasari.motion.Controls`, such as ``gaze=(10, 0)``.

    Raises:
        UsageError: an argument or a control is out of its range, or unknown.
        PhotoError: the photo cannot be read; NoFaceError: there is no face in it.
        SoundError: the speech cannot be read, or is empty.
        OutputError: the film cannot be written, or exists and ``force`` is not given.
    """
    began = perf_counter()
    check_picture(fps, size)
    behaviour = controls_from(seed=seed, **controls)
    with ExitStack() as stack:
        sound = stack.enter_context(Sound.open(speech, rate))
        log = _Log(began, None if sound.duration is None else round(sound.duration * fps), progress)
        form: dict[str, Any] = {"fps": fps, "rate": sound.rate, "channels": sound.channels, "force": force}
        film, portrait = _film_of(stack, photo, out, face=face, frame=frame, size=size, **form)
        log.mark("portrait")
        performer = Performer(
            portrait,
            behaviour,
            fps=fps,
            size=size,
            frame=frame,
            rate=sound.rate,
            channels=sound.channels,
            threads=threads,
            ahead=AHEAD,
            lookahead=defaults.FILM_LOOKAHEAD,
        )
        for shown in _performed(performer, sound):
            film.write(shown.image, shown.audio)
            log.picture()
    return log.animation(out, fps)


def perform(
    photo: Photo,
    motion: Motion | str | Path,
    out: str | Path,
    *,
    speech: Speech | None = None,
    fps: int = defaults.FPS,
    size: int = defaults.SIZE,
    frame: str = defaults.FRAME,
    face: int | None = None,
    force: bool = False,
    rate: int | None = None,
    threads: int = defaults.THREADS,
    progress: Progress | None = None,
) -> Animation:
    """Make a film of the person in ``photo`` moving as ``motion`` says, which it is as long as.

    Args:
        photo: as for :func:`animate`.
        motion: a motion, a motion file, or an ARKit ``.csv``.
        out: as for :func:`animate`.
        speech: sound to go with it; cut off, or followed by silence, where the motion ends.
        fps: pictures a second, 24 to 60.
        size: side of the picture in pixels, even, 256 to 1024.
        frame: as for :func:`animate`.
        face: as for :func:`animate`.
        force: whether an existing film may be replaced.
        rate: samples a second, where ``speech`` is an array.
        threads: pictures drawn at once.
        progress: called with (pictures done, pictures in all) after each picture.

    Raises:
        UsageError, PhotoError, SoundError, OutputError: as for :func:`animate`.
        FormatError: the motion cannot be read.
    """
    began = perf_counter()
    check_picture(fps, size)
    played = motion_of(motion)
    with ExitStack() as stack:
        sound = None if speech is None else stack.enter_context(Sound.open(speech, rate))
        form: dict[str, Any] = {} if sound is None else {"rate": sound.rate, "channels": sound.channels}
        log = _Log(began, round(len(played) * fps / MOTION_RATE), progress)
        form |= {"fps": fps, "force": force}
        film, portrait = _film_of(stack, photo, out, face=face, frame=frame, size=size, **form)
        log.mark("portrait")
        audio = repeat(None) if sound is None else _slices(sound, Timeline(fps, sound.rate))
        pictures = Painters(portrait, size, threads, frame).paint(played.frames(fps), AHEAD)
        for picture, part in zip(pictures, audio, strict=False):
            film.write(picture, part)
            log.picture()
        if not log.frames:
            raise UsageError("the motion holds no samples; track one from a video, or make one from speech")
    return log.animation(out, fps)


def _film_of(
    stack: ExitStack,
    photo: Photo,
    out: str | Path,
    *,
    face: int | None,
    frame: str,
    size: int,
    force: bool,
    **form: Any,
) -> tuple[FilmWriter, Portrait]:
    """The film, open, and the portrait for it. A wrong path is found out before any work is done."""
    if not is_whole(frame):
        film = stack.enter_context(FilmWriter(out, size=size, force=force, **form))
        return film, portrait_of(photo, face=face)
    if str(out) != "-":
        FileTarget(Path(out), force).discard()
    portrait = portrait_of(photo, face=face, frame=frame)
    height, width = portrait.surroundings.shape[:2]
    return stack.enter_context(FilmWriter(out, size=(width, height), force=force, **form)), portrait


def portrait_of(photo: Photo, *, face: int | None = None, frame: str = defaults.FRAME) -> Portrait:
    """The portrait that ``photo`` is, or is a file of, or is prepared from."""
    if isinstance(photo, Portrait):
        return photo
    if isinstance(photo, str | Path) and Path(photo).suffix == PORTRAIT_SUFFIX:
        return Portrait.load(photo)
    return Portrait.create(photo, face=face, frame=frame)


def controls_from(**values: Any) -> Controls:
    """Controls by name.

    Raises:
        UsageError: there is no such control, or a value is out of range.
    """
    known = [field.name for field in fields(Controls)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise UsageError(f"unknown option {', '.join(unknown)}; the controls are {', '.join(known)}")
    return Controls(**values)


def motion_of(motion: Motion | str | Path) -> Motion:
    """The motion that ``motion`` is, or is a file of."""
    if isinstance(motion, Motion):
        return motion
    return Motion.from_arkit_csv(motion) if Path(motion).suffix == ".csv" else Motion.load(motion)


def _performed(performer: Performer, sound: Sound) -> Iterator[Frame]:
    """Push a whole sound through a performer and read its frames, piece by piece."""
    for piece in sound.chunks(PIECE_SECONDS):
        performer.push_audio(piece)
        yield from performer.ready()
    performer.end()
    yield from performer


def _slices(sound: Sound, timeline: Timeline) -> Iterator[NDArray[np.float32]]:
    """Each picture's part of the sound; endless, empty after its end."""
    queue, pieces = SampleQueue(sound.channels), sound.chunks(PIECE_SECONDS)
    for picture in count():
        samples = timeline.start(picture + 1) - timeline.start(picture)
        while len(queue) < samples and (piece := next(pieces, None)) is not None:
            queue.push(piece)
        yield queue.take(samples)


@dataclass
class _Log:
    """Counts pictures and notes times."""

    began: float
    total: int | None
    progress: Progress | None
    frames: int = 0
    timings: dict[str, float] = field(default_factory=dict)

    def mark(self, stage: str) -> None:
        self.timings[stage] = perf_counter() - self.began

    def picture(self) -> None:
        self.frames += 1
        if self.frames == 1:
            self.mark("first_frame")
        if self.progress is not None:
            self.progress(self.frames, self.total and max(self.total, self.frames))

    def animation(self, out: str | Path, fps: int) -> Animation:
        self.mark("total")
        return Animation(None if str(out) == "-" else Path(out), self.frames, self.frames / fps, self.timings)
