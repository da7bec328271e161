"""Plain words for a measured number, beside what people do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vasari.measure.people import Standard, standards
from vasari.measure.reading import Reading, Readings


class Verdict(StrEnum):
    """What can be said of a measured number."""

    good = "good"
    off = "off"
    untold = "cannot be told"


@dataclass(frozen=True)
class Measure:
    """One line of a report.

    Attributes:
        key: of the measure, such as ``head.change``.
        standard: its name, its unit, and what people do.
        value: the number; ``None`` where there was nothing to read.
        verdict: whether a person would do so.
        why: the verdict in plain words.
        note: what helps to understand the number.
    """

    key: str
    standard: Standard
    value: float | None
    verdict: Verdict
    why: str
    note: str

    @property
    def shown(self) -> str:
        """The number as it is printed, with its unit."""
        if self.value is None:
            return "-"
        return f"{self.value:{self.standard.form}} {self.standard.unit}".rstrip()


def judge(readings: Readings) -> tuple[Measure, ...]:
    """Verdicts on readings, in the order of the standards."""
    return tuple(_measure(key, readings[key]) for key in standards() if key in readings)


def _measure(key: str, reading: Reading) -> Measure:
    standard = standards()[key]
    verdict, why = _verdict(standard, reading)
    return Measure(key, standard, reading.value, verdict, why, reading.note)


def _verdict(standard: Standard, reading: Reading) -> tuple[Verdict, str]:
    if reading.value is None or reading.untold:
        return Verdict.untold, reading.untold
    if standard.low is None and standard.high is None:
        return Verdict.untold, standard.within
    if standard.low is not None and reading.value < standard.low:
        return Verdict.off, standard.below
    if standard.high is not None and reading.value > standard.high:
        return Verdict.off, standard.above
    return Verdict.good, standard.within
