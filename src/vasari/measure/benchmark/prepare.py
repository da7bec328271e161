"""What it costs to prepare a portrait."""

from __future__ import annotations

from vasari.measure.benchmark.cost import Cost, Figure, clock
from vasari.measure.benchmark.settings import Workload
from vasari.measure.benchmark.warmth import warm_up
from vasari.portrait.portrait import Portrait


def prepare(work: Workload) -> tuple[list[Cost], list[Figure]]:
    """The photo prepared once a round, after a first time."""
    first = warm_up("portrait", lambda: Portrait.create(work.photo))
    rounds = [[work.photo]] * work.settings.rounds
    return clock("portrait", "photo", Portrait.create, rounds), first
