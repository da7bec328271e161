"""What it costs to draw pictures: by stage, by size, by number of triangles, by threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

import cv2
import numpy as np

from vasari.animation import AHEAD
from vasari.live.painters import Painters
from vasari.measure.benchmark.cost import Cost, Figure, clock
from vasari.measure.benchmark.refined import refined
from vasari.measure.benchmark.settings import Workload
from vasari.measure.benchmark.warmth import warm_up
from vasari.measure.machine import cores
from vasari.motion.motion import MotionFrame
from vasari.render.renderer import Renderer

#: Sizes of the sweep, pixels.
SIZES = (256, 384, 512, 768, 1024)
#: Shares of the triangles that are cut into four, in the sweep.
CUT = (0.0, 1 / 3, 1.0)
#: Pictures of each round of the sweep.
SWEEP_PICTURES = 50


def render(work: Workload) -> tuple[list[Cost], list[Figure]]:
    """Pictures of the speech's own motion, drawn one after the other, then several at once."""
    settings = work.settings
    frames = list(work.motion.frames(settings.fps))
    renderer = Renderer(work.portrait, settings.size)
    first = warm_up("picture", lambda: renderer.render(frames[0]))
    with _one_thread():
        renderer.render(frames[0])
        costs = clock("picture", "picture", renderer.render, [frames] * settings.rounds)
    figures = [_rate(costs[0]), _together(work, settings.size, settings.threads, frames)]
    if settings.sweep:
        few = [frames[i] for i in np.linspace(0, len(frames) - 1, SWEEP_PICTURES).astype(int)]
        costs += [_at_size(work, size, few) for size in SIZES]
        costs += [_of_triangles(work, share, few) for share in CUT]
        figures += [
            _together(work, size, threads, few)
            for size in SIZES
            for threads in range(1, max(cores(), settings.threads) + 1)
        ]
    return costs, figures + first


def _rate(cost: Cost) -> Figure:
    rates = [1000 / ms for ms in (cost.median_ms, cost.high_ms, cost.low_ms)]
    return Figure.of("pictures a second, one thread", "/s", rates, "higher")


def _at_size(work: Workload, size: int, frames: Sequence[MotionFrame]) -> Cost:
    """A picture of another size, one thread."""
    renderer = Renderer(work.portrait, size)
    with _one_thread():
        renderer.render(frames[0])
        return clock(f"picture of {size}", "picture", renderer.render, [frames] * work.settings.rounds)[0]


def _of_triangles(work: Workload, share: float, frames: Sequence[MotionFrame]) -> Cost:
    """A picture of the same portrait, a share of its triangles cut into four, one thread."""
    portrait = refined(work.portrait, share)
    renderer, name = Renderer(portrait, work.settings.size), f"picture of {len(portrait.triangles)} triangles"
    with _one_thread():
        renderer.render(frames[0])
        return clock(name, "picture", renderer.render, [frames] * work.settings.rounds)[0]


def _together(work: Workload, size: int, threads: int, frames: Sequence[MotionFrame]) -> Figure:
    """Pictures a second, ``threads`` of them drawn at once."""
    painters = Painters(work.portrait, size, threads)
    for _ in painters.paint(frames[: 2 * threads], AHEAD):  # memory for each thread
        pass
    rates = []
    for _ in range(work.settings.rounds):
        start = perf_counter()
        count = sum(1 for _ in painters.paint(frames, AHEAD))
        rates.append(count / (perf_counter() - start))
    return Figure.of(f"pictures of {size} a second, threads {threads}", "/s", rates, "higher")


@contextmanager
def _one_thread() -> Iterator[None]:
    """OpenCV, which spreads over all cores otherwise, keeps to the thread that calls it."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
