"""What the stages cost on this machine, on the bundled example: medians and 95th percentiles."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from vasari.animation import AHEAD, animate
from vasari.example import example
from vasari.film.writer import FilmWriter
from vasari.live.actor import Actor
from vasari.live.painters import Painters
from vasari.live.performer import BLOCKS_PER_SECOND
from vasari.measure.machine import Machine
from vasari.motion.controls import Controls
from vasari.motion.generator import MotionGenerator
from vasari.motion.motion import MOTION_RATE, Motion
from vasari.portrait.portrait import Portrait
from vasari.render.renderer import Renderer
from vasari.voice.activity import VoiceActivity
from vasari.voice.features import SpeechFeatures
from vasari.voice.resample import SPEECH_RATE, SpeechResampler
from vasari.voice.sound import Sound

A = TypeVar("A")
B = TypeVar("B")
Floats = NDArray[np.float32]

#: What can be measured.
Task = Literal["animate", "prepare", "motion", "render"]

#: How often a portrait is prepared, and a second of film encoded.
PREPARATIONS = 5
ENCODINGS = 5

#: Samples that the actor hears at a time.
BLOCK = SPEECH_RATE // BLOCKS_PER_SECOND


@dataclass(frozen=True)
class Stage:
    """The cost of one stage.

    Attributes:
        name: of the stage.
        unit: what one run did.
        median_ms: half of the runs took less.
        p95_ms: 95 % of them did.
        runs: how many there were.
    """

    name: str
    unit: str
    median_ms: float
    p95_ms: float
    runs: int

    @classmethod
    def of(cls, name: str, unit: str, seconds: Iterable[float]) -> Stage:
        """Summarise runs that took ``seconds`` each."""
        ms = np.array(list(seconds)) * 1000
        return cls(
            name, unit, round(float(np.median(ms)), 3), round(float(np.percentile(ms, 95)), 3), len(ms)
        )


@dataclass(frozen=True)
class Benchmark:
    """The result of :func:`measure`.

    Attributes:
        task: what was measured.
        settings: size, fps, threads and seconds of speech.
        stages: the cost of each, on one thread.
        figures: rates and waits of the whole.
        machine: what it ran on.
    """

    task: str
    settings: dict[str, float]
    stages: list[Stage]
    figures: dict[str, float]
    machine: Machine

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))

    def __str__(self) -> str:
        """A table for people."""
        settings = ", ".join(f"{name} {value:g}" for name, value in self.settings.items())
        lines = [f"{self.task}: {settings}", f"{self.machine}", ""]
        lines += [f"{'stage, one thread':<24}{'ms for':<22}{'median':>9}{'p95':>9}{'runs':>7}"]
        lines += [
            f"{s.name:<24}{s.unit:<22}{s.median_ms:>9.2f}{s.p95_ms:>9.2f}{s.runs:>7}" for s in self.stages
        ]
        lines += [""] + [f"{name}: {value:.4g}" for name, value in self.figures.items()]
        return "\n".join(lines)


def measure(task: Task, *, size: int, fps: int, threads: int, seconds: float) -> Benchmark:
    """Measure one task on the bundled example.

    Args:
        task: which; ``animate`` includes the others.
        size: side of the picture, pixels.
        fps: pictures a second.
        threads: pictures drawn at once, where it is the whole that is measured.
        seconds: of speech to work on; the example is repeated to last that long.
    """
    with example() as (photo, speech):
        bench = _Bench(photo, _repeated(speech, seconds), size, fps, threads)
        stages, figures = getattr(bench, task)()
    settings = {"size": size, "fps": fps, "threads": threads, "seconds": seconds}
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return Benchmark(task, settings, stages, rounded, Machine.this())


_Result = tuple[list[Stage], dict[str, float]]


@dataclass(frozen=True, eq=False)
class _Bench:
    photo: Path
    speech: Floats  # (n,) at SPEECH_RATE
    size: int
    fps: int
    threads: int

    def prepare(self) -> _Result:
        _, (first, *times) = _run(Portrait.create, [self.photo] * (PREPARATIONS + 1))
        return [Stage.of("prepare", "photo", times)], {"first portrait, s": first}

    def motion(self) -> _Result:
        """The stages of the actor, by the second of speech, in the blocks that it hears."""
        features, activity, generator = SpeechFeatures(), VoiceActivity(), MotionGenerator()
        blocks = np.split(self.speech, range(BLOCK, len(self.speech), BLOCK))
        rows, hearing = _run(features.push, blocks)
        voiced, listening = _run(activity.push, blocks)
        known, voice = np.concatenate(rows), np.concatenate(voiced)
        pairs = [(known[i : i + 1], voice[i : i + 1]) for i in range(min(len(known), len(voice)))]
        moved, moving = _run(lambda pair: generator.push(*pair), pairs)
        stages = [
            Stage.of("speech features", "second of speech", _by_second(hearing)),
            Stage.of("voice activity", "second of speech", _by_second(listening)),
            Stage.of("motion", "second of speech", _by_second(moving)),
        ]
        made = sum(len(frames) for frames in moved)
        delay = len(self.speech) / SPEECH_RATE - made / MOTION_RATE
        return stages, {
            "times real time": 1000 / sum(stage.median_ms for stage in stages),
            "look-ahead, s": delay,
        }

    def render(self) -> _Result:
        """Pictures of the speech's own motion, drawn one after the other, then several at once."""
        motion = self._spoken
        renderer = Renderer(self._portrait, self.size)
        start = perf_counter()
        renderer.render(motion[0])
        first = perf_counter() - start
        _, times = _run(renderer.render, list(motion.frames(self.fps)))
        painters = Painters(self._portrait, self.size, self.threads)
        start = perf_counter()
        count = sum(1 for _ in painters.paint(motion.frames(self.fps), AHEAD))
        together = count / (perf_counter() - start)
        stages = [Stage.of("render", "picture", times)]
        return stages, {"first picture, s": first, "pictures a second, all threads": together}

    def animate(self) -> _Result:
        """The whole, file to file; then its stages alone."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "talk.mp4"
            made = animate(
                self.photo,
                self.speech,
                out,
                rate=SPEECH_RATE,
                size=self.size,
                fps=self.fps,
                threads=self.threads,
            )
            took = made.timings["total"] - made.timings["portrait"]
            whole = {
                "portrait, s": made.timings["portrait"],
                "first picture after the portrait, s": made.timings["first_frame"] - made.timings["portrait"],
                "pictures": made.frames,
                "pictures a second after the portrait": made.frames / took,
                "pictures a second, everything": made.frames / made.timings["total"],
                "peak memory, MiB": _peak_memory(),
            }
            encoding = self._encode(Path(folder) / "again.mp4")
        parts = (self.prepare(), self.motion(), self.render())
        return [stage for stages, _ in parts for stage in stages] + [encoding], whole

    @cached_property
    def _portrait(self) -> Portrait:
        return Portrait.create(self.photo)

    @cached_property
    def _spoken(self) -> Motion:
        actor = Actor(Controls(), rate=SPEECH_RATE, rest_translation=self._portrait.translation)
        return Motion.of(actor.hear(self.speech[:, None]) + actor.finish())

    def _encode(self, out: Path) -> Stage:
        """Writing pictures that are there already."""
        renderer = Renderer(self._portrait, self.size)
        pictures = [renderer.render(frame) for frame in self._spoken.cut(0, 1)]
        silence = np.zeros((SPEECH_RATE // self.fps, 1), np.float32)
        times = []
        for turn in range(ENCODINGS):
            start = perf_counter()
            with FilmWriter(
                out, size=self.size, fps=self.fps, rate=SPEECH_RATE, channels=1, force=turn > 0
            ) as film:
                for picture in pictures:
                    film.write(picture, silence)
            times.append((perf_counter() - start) / len(pictures))
        return Stage.of("encode", "picture", times)


def _run(step: Callable[[A], B], inputs: Iterable[A]) -> tuple[list[B], list[float]]:
    """What ``step`` gives for each input, and the seconds each took."""
    results, times = [], []
    for item in inputs:
        start = perf_counter()
        results.append(step(item))
        times.append(perf_counter() - start)
    return results, times


def _by_second(times: list[float]) -> list[float]:
    """Sums over each whole second of blocks; over all of them, if they last less."""
    n = BLOCKS_PER_SECOND
    return [sum(times[i : i + n]) for i in range(0, max(len(times) - n + 1, 1), n)]


def _repeated(speech: Path, seconds: float) -> Floats:
    """``seconds`` of the speech (n,) at SPEECH_RATE, over and over."""
    with Sound.open(speech) as sound:
        resampler = SpeechResampler(sound.rate)
        heard = [resampler.push(piece.mean(1)) for piece in sound.chunks(1.0)]
    return np.resize(np.concatenate([*heard, resampler.finish()]), round(seconds * SPEECH_RATE))


def _peak_memory() -> float:
    """Most memory this process ever held, MiB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
