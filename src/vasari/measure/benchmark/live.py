"""How fast a picture follows its sound, when the sound comes as somebody speaks it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from time import perf_counter, process_time, sleep

import numpy as np
from numpy.typing import NDArray

from vasari import defaults
from vasari.live.performer import BLOCKS_PER_SECOND, Performer
from vasari.live.timeline import Timeline
from vasari.measure.benchmark.cost import Cost, Figure
from vasari.measure.benchmark.settings import Floats, Workload
from vasari.measure.benchmark.warmth import warm_up
from vasari.voice.resample import SPEECH_RATE

Times = NDArray[np.float64]

#: A microphone's buffer: sound comes in pieces of this many samples.
PIECE = SPEECH_RATE // BLOCKS_PER_SECOND
#: Time that a player leaves for listening and drawing beyond the look-ahead; a picture that takes longer is
#: late, seconds.
ALLOWANCE_S = 0.08
_DELAY_S = defaults.LOOKAHEAD + ALLOWANCE_S


@dataclass(frozen=True, eq=False)
class _Run:
    """When what happened, seconds since the first sample was spoken.

    Attributes:
        pushed: (pieces,) when each piece of sound was handed over.
        shown: (pictures,) when each picture came out.
        cpu: processor seconds spent by the whole process.
    """

    pushed: Times
    shown: Times
    cpu: float


def live(work: Workload) -> tuple[list[Cost], list[Figure]]:
    """The speech pushed in pieces of 20 ms at the moment a microphone would, pictures read as they come.

    Encoding and sending are not part of it.
    """
    settings = work.settings
    _ = work.portrait  # not part of it
    first = warm_up("second", lambda: list(_performer(work, work.speech[:SPEECH_RATE], end=True)))
    run = _speak(_performer(work, work.speech[:0]), work.speech)
    timeline = Timeline(settings.fps, SPEECH_RATE)
    pictures = np.arange(len(run.shown))
    spoken = pictures / settings.fps
    last = np.array([timeline.start(int(k) + 1) - 1 for k in pictures]) // PIECE
    complete = run.pushed[np.minimum(last, len(run.pushed) - 1)]
    parts = np.array_split(pictures, settings.rounds)
    latency, wait = run.shown - spoken, run.shown - complete
    return [
        Cost.of("latency", "picture, from its first sample", [latency[part].tolist() for part in parts]),
        Cost.of("response", "picture, from its last sample", [wait[part].tolist() for part in parts]),
    ], [*_steadiness(run, latency, parts, settings.fps), *first]


def _performer(work: Workload, speech: Floats, *, end: bool = False) -> Performer:
    settings = work.settings
    performer = Performer(
        work.portrait, fps=settings.fps, size=settings.size, rate=SPEECH_RATE, threads=settings.threads
    )
    performer.push_audio(speech)
    if end:
        performer.end()
    return performer


def _speak(performer: Performer, speech: Floats) -> _Run:
    """Push the speech in real time while another thread reads."""
    shown: list[float] = []
    reader = threading.Thread(target=lambda: shown.extend(perf_counter() for _ in performer))
    pushed: list[float] = []
    cpu, start = process_time(), perf_counter()
    reader.start()
    for begin in range(0, len(speech), PIECE):
        piece = speech[begin : begin + PIECE]
        sleep(max(start + (begin + len(piece)) / SPEECH_RATE - perf_counter(), 0.0))
        performer.push_audio(piece)
        pushed.append(perf_counter())
    performer.end()
    reader.join()
    return _Run(np.array(pushed) - start, np.array(shown) - start, process_time() - cpu)


def _steadiness(run: _Run, latency: Times, parts: list[NDArray[np.int_]], fps: int) -> list[Figure]:
    uneven = np.abs(np.diff(run.shown, prepend=run.shown[0] - 1 / fps) - 1 / fps) * 1000
    late = latency > _DELAY_S
    seconds = len(run.shown) / fps
    return [
        Figure.of(
            f"share of pictures late for a player {_DELAY_S * 1000:.0f} ms behind the sound",
            "",
            [float(late[part].mean()) for part in parts],
            "lower",
        ),
        Figure.of(
            "jitter: 95 % of steps between pictures uneven by less than",
            "ms",
            [float(np.percentile(uneven[part], 95)) for part in parts],
            "lower",
        ),
        Figure.of("first picture", "s", [float(run.shown[0])], "lower"),
        Figure.of("cores in use", "", [run.cpu / seconds], "lower"),
    ]
