"""What it costs to turn speech into motion."""

from __future__ import annotations

from time import perf_counter

import numpy as np

from vasari.live.actor import Actor
from vasari.live.performer import BLOCKS_PER_SECOND
from vasari.measure.benchmark.cost import Cost, Figure, clock
from vasari.measure.benchmark.settings import Floats, Workload
from vasari.measure.benchmark.warmth import warm_up
from vasari.motion.motion import MOTION_RATE
from vasari.voice.resample import SPEECH_RATE

#: Samples that the actor hears at a time.
BLOCK = SPEECH_RATE // BLOCKS_PER_SECOND


def motion(work: Workload) -> tuple[list[Cost], list[Figure]]:
    """The stages of the actor, one thread, by the second of speech and by the block it hears."""
    _ = work.portrait  # not part of it
    first = warm_up("motion", lambda: work.actor().hear(work.speech[:SPEECH_RATE, None]))
    blocks: list[list[float]] = []
    waits: list[float] = []
    rounds = []
    for _ in range(work.settings.rounds):
        blocks.append([])
        rounds.append(_Hearing(work.actor(), blocks[-1], waits))
    seconds = [work.speech[i : i + SPEECH_RATE] for i in range(0, len(work.speech), SPEECH_RATE)]
    whole = [second for second in seconds if len(second) == SPEECH_RATE]
    costs = clock(
        "speech to motion",
        "second of speech",
        lambda task: task[0].hear(task[1]),
        ([(hearing, second) for second in whole] for hearing in rounds),
    )
    real_time = [1000 / cost for cost in (costs[0].median_ms, costs[0].high_ms, costs[0].low_ms)]
    figures = [
        Figure.of("times real time, one thread", "", real_time, "higher"),
        Figure.of("sound needed ahead of the motion", "s", [max(waits)], "lower"),
    ]
    return [*costs, Cost.of("block", f"{1000 // BLOCKS_PER_SECOND} ms of speech", blocks)], figures + first


class _Hearing:
    """One actor hearing second after second."""

    def __init__(self, actor: Actor, blocks: list[float], waits: list[float]) -> None:
        self._actor = actor
        self._blocks = blocks  # seconds that each block took
        self._waits = waits  # how far the sound was ahead of the motion, at most
        self._heard = self._moved = 0

    def hear(self, second: Floats) -> None:
        for block in np.split(second, BLOCKS_PER_SECOND):
            start = perf_counter()
            self._moved += len(self._actor.hear(block[:, None]))
            self._blocks.append(perf_counter() - start)
            self._heard += len(block)
            self._waits.append(self._heard / SPEECH_RATE - self._moved / MOTION_RATE)
