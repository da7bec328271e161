"""Numbers over many films: spread, subgroups, worst cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vasari.measure.people import Standard, standards
from vasari.measure.results.design import ATTRIBUTES
from vasari.measure.results.trial import CHANCE, EXACT, Outcome

#: Values of the attributes in a sensible order; others follow by name.
ORDER = (
    *("photo", "generated", "painting", "drawing", "statue", "character", "stylised"),
    *("child", "teen", "adult", "senior", "female", "male", "unknown", "light", "medium"),
    *("none", "clear", "dark", "stubble", "moustache", "full", "bare", "covered"),
)

#: Measures beyond those of a report -> what sets them apart from its "lips closed on p b m".
EXTRA = {EXACT: ", at the synthesiser's times", CHANCE: ": chance, at any moment of speech"}


@dataclass(frozen=True)
class Spread:
    """A measure over several films.

    Attributes:
        count: films in which it gives a verdict.
        median: of the values.
        low: their tenth percentile.
        high: their ninetieth.
        off: films in which no person would be so.
    """

    count: int
    median: float
    low: float
    high: float
    off: int


@dataclass(frozen=True)
class Case:
    """A film that stands out by what is wrong with it: the worse, the larger ``badness``."""

    outcome: Outcome
    badness: float
    reasons: tuple[str, ...]


def standard(key: str) -> Standard:
    """How people score on a measure."""
    return standards()["closures.rate" if key in EXTRA else key]


def label(key: str) -> str:
    """Name of a measure."""
    return standard(key).name + EXTRA.get(key, "")


def spread(outcomes: Sequence[Outcome], key: str) -> Spread | None:
    """A measure over films; ``None`` if none has it."""
    read = [outcome for outcome in outcomes if key in outcome.measures]
    if not read:
        return None
    low, median, high = np.percentile([outcome.measures[key] for outcome in read], (10, 50, 90))
    off = sum(key in o.off for o in read)
    return Spread(sum(key not in o.untold for o in read), float(median), float(low), float(high), off)


def measured(outcomes: Sequence[Outcome]) -> list[str]:
    """Keys of all measures, in the order of a report."""
    found = {key for outcome in outcomes for key in outcome.measures}
    keys = list(standards())
    after = keys.index("closures.rate") + 1
    return [key for key in (*keys[:after], *EXTRA, *keys[after:]) if key in found]


def groups(outcomes: Sequence[Outcome]) -> list[tuple[str, str, list[Outcome]]]:
    """(attribute, value, films) for each value of each attribute that occurs."""
    out = []
    for attribute in ATTRIBUTES:
        values = {o.attributes[attribute] for o in outcomes if attribute in o.attributes}
        ranked = sorted(
            values, key=lambda value: (ORDER.index(value) if value in ORDER else len(ORDER), value)
        )
        for value in ranked:
            out.append((attribute, value, [o for o in outcomes if o.attributes.get(attribute) == value]))
    return out


def worst(outcomes: Sequence[Outcome], count: int) -> list[Case]:
    """The films farthest from what people do, failures first.

    A measure's badness is how far it lies outside a person's range, in units of that range (or of its limit,
    where there is but one); a film's is the sum.
    """
    cases = [Case(o, float("inf"), (o.failure,)) for o in outcomes if o.failure]
    for outcome in outcomes:
        faults = sorted(((_badness(outcome, key), key) for key in outcome.off), reverse=True)
        if faults and not outcome.failure:
            reasons = tuple(reason(outcome, key) for _, key in faults)
            cases.append(Case(outcome, sum(bad for bad, _ in faults), reasons))
    return sorted(cases, key=lambda case: (-case.badness, case.outcome.name))[:count]


def reason(outcome: Outcome, key: str) -> str:
    """What is wrong, in words and figures."""
    it, value = standard(key), outcome.measures[key]
    unit = f" {it.unit}" if it.unit else ""
    name = label(key)
    return f"{outcome.off[key]} ({name} {value:{it.form}}{unit}; people {it.people})"


def _badness(outcome: Outcome, key: str) -> float:
    it, value = standard(key), outcome.measures[key]
    limits = [limit for limit in (it.low, it.high) if limit is not None]
    scale = abs(limits[-1] - limits[0]) or abs(limits[0]) or 1.0
    return min(abs(value - limit) for limit in limits) / scale
