"""What can be measured, by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import vasari
from vasari.errors import UsageError
from vasari.example import example
from vasari.measure.benchmark.animate import animate
from vasari.measure.benchmark.cost import Cost, Figure
from vasari.measure.benchmark.live import live
from vasari.measure.benchmark.load import LoadMeter
from vasari.measure.benchmark.motion import motion
from vasari.measure.benchmark.prepare import prepare
from vasari.measure.benchmark.render import render
from vasari.measure.benchmark.result import Benchmark
from vasari.measure.benchmark.settings import Settings, Workload
from vasari.measure.machine import Machine

#: Each task's function of the work to do.
TASKS: dict[str, Callable[[Workload], tuple[list[Cost], list[Figure]]]] = {
    "animate": animate,
    "live": live,
    "motion": motion,
    "prepare": prepare,
    "render": render,
}


def measure(task: str, settings: Settings) -> Benchmark:
    """Measure one task on the bundled example.

    Args:
        task: one of :data:`TASKS`; ``animate`` includes ``prepare``, ``motion`` and ``render``.
        settings: how.

    Raises:
        UsageError: there is no such task.
    """
    if task not in TASKS:
        raise UsageError(f"no benchmark is called {task!r}; there are {', '.join(TASKS)}")
    with example() as (photo, speech):
        work = Workload.of(photo, speech, settings)
        meter = LoadMeter()
        costs, figures = TASKS[task](work)
        load = meter.read()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    machine = Machine.this()
    return Benchmark(task, settings, tuple(costs), tuple(figures), machine, load, now, vasari.__version__)
