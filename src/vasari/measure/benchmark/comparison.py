"""Two benchmarks side by side: what changed, and what is noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vasari.errors import UsageError
from vasari.measure.benchmark.cost import Cost, Figure
from vasari.measure.benchmark.result import Benchmark

Verdict = Literal["better", "worse", "noise", "unsure"]

#: On a busy machine a change by less than this factor is not believed.
BUSY_FACTOR = 1.3


@dataclass(frozen=True)
class Change:
    """One cost or figure, then and now.

    Attributes:
        name: of the cost or figure. unit: of both values.
        old, new: medians.
        ratio: how much worse it became: new over old, or old over new where more is better.
        verdict: ``noise`` if the ranges of the rounds' medians overlap; ``unsure`` if one of the two has a
            single round, so that nothing is known of how far it repeats.
    """

    name: str
    unit: str
    old: float
    new: float
    ratio: float
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """All that two benchmarks have in common.

    Attributes:
        changes: costs, then figures.
        clock: ``wall``; ``processor`` where one of them ran on a busy machine: then costs are compared by
            processor time, and only large changes are believed.
        notes: what makes the comparison doubtful.
    """

    changes: tuple[Change, ...]
    clock: Literal["wall", "processor"]
    notes: tuple[str, ...]

    def worse_than(self, factor: float) -> list[Change]:
        """Changes for the worse, not noise, by more than ``factor``."""
        return [change for change in self.changes if change.verdict == "worse" and change.ratio > factor]


def compare(new: Benchmark, old: Benchmark) -> Comparison:
    """What changed from ``old`` to ``new``.

    Raises:
        UsageError: they measured different things.
    """
    if (new.task, _what(new)) != (old.task, _what(old)):
        raise UsageError(
            f"the other benchmark is {old.task} with {_what(old)}, this one {new.task} with {_what(new)};"
            " compare like with like"
        )
    busy = not (new.load.quiet and old.load.quiet)
    before = {cost.name: cost for cost in old.costs}
    changes = [_cost(cost, before[cost.name], busy) for cost in new.costs if cost.name in before]
    earlier = {figure.name: figure for figure in old.figures}
    changes += [
        _figure(figure, earlier[figure.name], busy) for figure in new.figures if figure.name in earlier
    ]
    return Comparison(tuple(changes), "processor" if busy else "wall", _notes(new, old))


def _what(result: Benchmark) -> str:
    settings = result.settings
    return f"{settings.size} px, {settings.fps}/s, {settings.threads} threads, {settings.seconds:g} s"


def _cost(new: Cost, old: Cost, busy: bool) -> Change:
    if busy and new.cpu_ms is not None and old.cpu_ms is not None:
        values, ranges = (
            (old.cpu_ms, new.cpu_ms),
            [(c.cpu_low_ms or 0, c.cpu_high_ms or 0) for c in (old, new)],
        )
    else:
        values, ranges = (old.median_ms, new.median_ms), [(c.low_ms, c.high_ms) for c in (old, new)]
    ratio = _ratio(values[1], values[0])
    verdict = _judge(ratio, ranges, min(old.rounds, new.rounds), busy)
    return Change(new.name, "ms", *values, ratio, verdict)


def _figure(new: Figure, old: Figure, busy: bool) -> Change:
    ratio = _ratio(new.value, old.value) if new.better == "lower" else _ratio(old.value, new.value)
    ranges = [(figure.low, figure.high) for figure in (old, new)]
    verdict = _judge(ratio, ranges, min(old.rounds, new.rounds), busy)
    return Change(new.name, new.unit, old.value, new.value, ratio, verdict)


def _judge(ratio: float, ranges: list[tuple[float, float]], rounds: int, busy: bool) -> Verdict:
    (low, high), (new_low, new_high) = ranges
    if rounds < 2:
        return "unsure"
    if (new_low <= high and low <= new_high) or (busy and 1 / BUSY_FACTOR < ratio < BUSY_FACTOR):
        return "noise"
    return "worse" if ratio > 1 else "better"


def _ratio(a: float, b: float) -> float:
    if a == b:
        return 1.0
    return a / b if b else float("inf")


def _notes(new: Benchmark, old: Benchmark) -> tuple[str, ...]:
    notes = [
        f"{name} run on a busy machine ({result.load})"
        for name, result in (("this", new), ("other", old))
        if not result.load.quiet
    ]
    for name in ("processor", "cores", "kernels_for", "settings", "system", "versions"):
        here, there = getattr(new.machine, name), getattr(old.machine, name)
        if here != there:
            notes.append(f"{name.replace('_', ' ')}: {there} then, {here} now")
    return tuple(notes)
