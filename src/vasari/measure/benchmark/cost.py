"""What something costs: times of many runs, in rounds, so that noise can be told from change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from vasari.stages import Lap, timed

A = TypeVar("A")

#: Times of the runs of each round, seconds.
Rounds = Sequence[Sequence[float]]

#: Name of what a stage does outside of the stages within it.
REST = "rest"


@dataclass(frozen=True)
class Cost:
    """The cost of one stage.

    Attributes:
        name: of the stage, after those it lies in: ``picture/sheet``.
        unit: what one run did, such as ``picture``.
        median_ms, p95_ms, p99_ms: half, 95 % and 99 % of all runs took no longer.
        low_ms, high_ms: the lowest and highest median of a round: how far the figure repeats.
        cpu_ms, cpu_low_ms, cpu_high_ms: the same three of the working thread's processor time, which other
            programs disturb less; ``None`` where it was waiting that was measured.
        runs: of all rounds.
        rounds: how many.
    """

    name: str
    unit: str
    median_ms: float
    p95_ms: float
    p99_ms: float
    low_ms: float
    high_ms: float
    cpu_ms: float | None
    cpu_low_ms: float | None
    cpu_high_ms: float | None
    runs: int
    rounds: int

    @classmethod
    def of(cls, name: str, unit: str, seconds: Rounds, cpu: Rounds | None = None) -> Cost:
        """Summarise runs that took ``seconds``, of which the thread computed for ``cpu``."""
        median, p95, p99 = (_ms(value) for value in np.percentile(_all(seconds), (50, 95, 99)))
        low, high = _range(seconds)
        cpu_ms = None if cpu is None else _ms(np.median(_all(cpu)))
        cpu_low, cpu_high = (None, None) if cpu is None else _range(cpu)
        runs = sum(len(one) for one in seconds)
        return cls(name, unit, median, p95, p99, low, high, cpu_ms, cpu_low, cpu_high, runs, len(seconds))


@dataclass(frozen=True)
class Figure:
    """A rate, a wait, a share of the whole.

    Attributes:
        name: what it tells.
        unit: ``/s``, ``s``, ``ms``, ``MiB``, or nothing for a plain number.
        value: the median of the rounds.
        low, high: the least and greatest of them.
        better: whether ``higher`` or ``lower`` values are better.
        rounds: how many.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    better: Literal["higher", "lower"]
    rounds: int

    @classmethod
    def of(cls, name: str, unit: str, values: Sequence[float], better: Literal["higher", "lower"]) -> Figure:
        """Summarise one value a round."""
        median, low, high = (
            round(float(value), 4) for value in (np.median(values), min(values), max(values))
        )
        return cls(name, unit, median, low, high, better, len(values))


def clock(name: str, unit: str, step: Callable[[A], object], rounds: Iterable[Iterable[A]]) -> list[Cost]:
    """Run ``step`` on each item of each round; what it cost, then each stage within it.

    Args:
        name: of the whole step.
        unit: what one step does.
        step: what is measured.
        rounds: the items of each.
    """
    laps: list[list[list[Lap]]] = []
    for items in rounds:
        laps.append([])
        for item in items:
            with timed() as stopwatch, stopwatch.lap(name):
                step(item)
            laps[-1].append(stopwatch.laps)
    return costs_of(laps, unit)


def costs_of(rounds: Sequence[Sequence[Sequence[Lap]]], unit: str) -> list[Cost]:
    """Costs of all stages, outer before inner, from the laps of each run of each round.

    A stage that did not run in a run cost nothing in it; one that ran twice, both.
    """
    runs = [[_totals(laps) for laps in one] for one in rounds]
    paths = _ordered([path for one in runs for run in one for path in run])
    costs = []
    for path in paths:
        seconds = [[run.get(path, (0.0, 0.0))[0] for run in one] for one in runs]
        cpu = [[run.get(path, (0.0, 0.0))[1] for run in one] for one in runs]
        costs.append(Cost.of("/".join(path), unit, seconds, cpu))
    return costs


_Totals = dict[tuple[str, ...], tuple[float, float]]


def _totals(laps: Sequence[Lap]) -> _Totals:
    """Seconds and processor seconds by path, and what stages with inner ones do besides."""
    totals: _Totals = {}
    inner: _Totals = {}
    for lap in laps:
        for table, path in ((totals, lap.path), (inner, lap.path[:-1])):
            seconds, cpu = table.get(path, (0.0, 0.0))
            table[path] = (seconds + lap.seconds, cpu + lap.cpu)
    for path, (seconds, cpu) in inner.items():
        if path:
            whole = totals[path]
            totals[(*path, REST)] = (whole[0] - seconds, max(whole[1] - cpu, 0.0))
    return totals


def _ordered(paths: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Each path once: a stage before those within it, those in the order they first ended."""
    first: dict[tuple[str, ...], int] = {}
    for path in paths:
        first.setdefault(path, len(first))
    return sorted(first, key=lambda path: [first[path[: i + 1]] for i in range(len(path))])


def _all(rounds: Rounds) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(one, np.float64) for one in rounds])


def _range(rounds: Rounds) -> tuple[float, float]:
    """Lowest and highest median of a round, ms."""
    medians = [np.median(one) for one in rounds]
    return _ms(min(medians)), _ms(max(medians))


def _ms(seconds: float | np.floating) -> float:
    return round(float(seconds) * 1000, 4)
