"""What it costs to make a whole film; then its parts alone."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from vasari.animation import Animation
from vasari.animation import animate as animate_film
from vasari.film.writer import FilmWriter
from vasari.measure.benchmark.cost import Cost, Figure
from vasari.measure.benchmark.motion import motion
from vasari.measure.benchmark.prepare import prepare
from vasari.measure.benchmark.render import render
from vasari.measure.benchmark.settings import Workload
from vasari.measure.benchmark.warmth import warm_up
from vasari.render.renderer import Renderer
from vasari.voice.resample import SPEECH_RATE


def animate(work: Workload) -> tuple[list[Cost], list[Figure]]:
    """File to file once a round, after a first time; then preparing, moving, drawing and encoding alone."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "talk.mp4"
        first = warm_up("film", lambda: _film(work, out))
        films = [_film(work, out) for _ in range(work.settings.rounds)]
        encoding = _encode(work, out)
    parts = [part(work)[0] for part in (prepare, motion, render)]
    return [cost for costs in parts for cost in costs] + [encoding], _whole(films) + first


def _film(work: Workload, out: Path) -> Animation:
    settings = work.settings
    return animate_film(
        work.photo,
        work.speech,
        out,
        rate=SPEECH_RATE,
        size=settings.size,
        fps=settings.fps,
        threads=settings.threads,
        force=True,
    )


def _whole(films: list[Animation]) -> list[Figure]:
    times = [film.timings for film in films]
    after = [film.frames / (film.timings["total"] - film.timings["portrait"]) for film in films]
    waits = [time["first_frame"] - time["portrait"] for time in times]
    return [
        Figure.of(
            "pictures a second, everything", "/s", [f.frames / f.timings["total"] for f in films], "higher"
        ),
        Figure.of("pictures a second after the portrait", "/s", after, "higher"),
        Figure.of("portrait", "s", [time["portrait"] for time in times], "lower"),
        Figure.of("first picture after the portrait", "s", waits, "lower"),
        Figure.of("peak memory", "MiB", [_peak_memory()], "lower"),
    ]


def _encode(work: Workload, out: Path) -> Cost:
    """Writing pictures that are there already."""
    settings = work.settings
    renderer = Renderer(work.portrait, settings.size)
    pictures = [renderer.render(frame) for frame in work.motion.cut(0, 1).frames(settings.fps)]
    silence = np.zeros((SPEECH_RATE // settings.fps, 1), np.float32)
    times = []
    for _ in range(settings.rounds):
        start = perf_counter()
        with FilmWriter(
            out, size=settings.size, fps=settings.fps, rate=SPEECH_RATE, channels=1, force=True
        ) as film:
            for picture in pictures:
                film.write(picture, silence)
        times.append([(perf_counter() - start) / len(pictures)])
    return Cost.of("encoding", "picture", times)


def _peak_memory() -> float:
    """Most memory this process ever held, MiB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
