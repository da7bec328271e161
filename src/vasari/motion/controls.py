"""Controls: what a user may ask of a performance, constant, over time, or changed while it runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from numbers import Real
from typing import Any, TypeAlias, TypeVar

from vasari.errors import UsageError
from vasari.motion.emotions import EMOTIONS

T = TypeVar("T")
#: A constant, or a function of the time in seconds since the performance began.
Timed: TypeAlias = T | Callable[[float], T]

Pair = tuple[float, float]
Triple = tuple[float, float, float]

#: Valid range of every number of a control: (lowest, highest), one pair a component.
RANGES: dict[str, tuple[tuple[float, float], ...]] = {
    "gaze": ((-40, 40), (-30, 30)),
    "distance": ((0.5, 2.0),),
    "pose": ((-45, 45), (-30, 30), (-30, 30)),
    "head_motion": ((0, 2),),
    "expressiveness": ((0, 2),),
    "mouth": ((0, 2),),
    "blink_rate": ((0, 60),),
}


@dataclass(frozen=True)
class ControlValues:
    """Controls at one moment: numbers only, valid."""

    gaze: Pair
    distance: float
    emotion: Mapping[str, float]
    pose: Triple
    head_motion: float
    expressiveness: float
    mouth: float
    blink_rate: float


@dataclass(frozen=True)
class Controls:
    """Every field but ``seed`` is a constant or a function of time in seconds.

    A function that runs continuously is followed exactly; a jump is turned into a quick, smooth move.

    Attributes:
        gaze: main direction of the eyes, (yaw, pitch) in degrees relative to the camera; (0, 0) is the
            lens, yaw > 0 the subject's left, pitch > 0 up. Small glances around it average to it.
        distance: of the head from the camera, 1.0 as in the photo, smaller is closer.
        emotion: weights 0..1 of :data:`~vasari.motion.emotions.EMOTIONS`, added to what speech brings;
            a single name stands for weight 1.
        pose: turn of the head away from the photo's, (yaw, pitch, roll) in degrees.
        head_motion: amplitude of the head's own motion; 1.0 is that of people who talk, 0 holds still.
        expressiveness: amplitude of brows, cheeks and smiles around speech.
        mouth: amplitude of lips and jaw.
        blink_rate: blinks a minute while talking.
        seed: chooses one of endlessly many performances; the same seed gives the same one. Read once,
            when a performance begins.

    Raises:
        UsageError: a value is out of its range, or an emotion is unknown.
    """

    gaze: Timed[Pair] = (0.0, 0.0)
    distance: Timed[float] = 1.0
    emotion: Timed[Mapping[str, float] | str] = field(default_factory=dict)
    pose: Timed[Triple] = (0.0, 0.0, 0.0)
    head_motion: Timed[float] = 1.0
    expressiveness: Timed[float] = 1.0
    mouth: Timed[float] = 1.0
    blink_rate: Timed[float] = 26.0
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise UsageError(f"seed is {self.seed!r}; give a whole number of 0 or more")
        self.at(0.0)

    def at(self, time: float) -> ControlValues:
        """The values at ``time`` in seconds.

        Raises:
            UsageError: a function of time gave a value that is not valid.
        """
        given = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "seed"}
        now = {name: value(time) if callable(value) else value for name, value in given.items()}
        checked: dict[str, Any] = {name: _checked(name, now[name]) for name in RANGES}
        return ControlValues(**checked, emotion=_checked_emotion(now["emotion"]))

    def replace(self, **changes: Any) -> Controls:
        """The same controls with some fields changed.

        Raises:
            UsageError: there is no such field, or a value is not valid.
        """
        names = [f.name for f in fields(self)]
        for name in changes:
            if name not in names:
                raise UsageError(f"no control is called {name!r}; there are {', '.join(names)}")
        return replace(self, **changes)


def _checked(name: str, value: Any) -> Any:
    """``value`` as a float or a tuple of floats, within :data:`RANGES`."""
    ranges = RANGES[name]
    parts = (value,) if len(ranges) == 1 else tuple(value) if hasattr(value, "__iter__") else ()
    bounds = ", ".join(f"{low:g} to {high:g}" for low, high in ranges)
    valid = len(parts) == len(ranges) and all(
        _is_number(part) and low <= float(part) <= high
        for part, (low, high) in zip(parts, ranges, strict=True)
    )
    if not valid:
        wanted = "a number" if len(ranges) == 1 else f"{len(ranges)} numbers"
        raise UsageError(f"{name} is {value!r}; give {wanted} in {bounds}")
    numbers = tuple(float(part) for part in parts)
    return numbers[0] if len(ranges) == 1 else numbers


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def _checked_emotion(value: Any) -> dict[str, float]:
    weights = {value: 1.0} if isinstance(value, str) else value
    if not isinstance(weights, Mapping):
        raise UsageError(f"emotion is {value!r}; give weights by name, such as {{'happiness': 0.6}}")
    for name, weight in weights.items():
        if name not in EMOTIONS:
            raise UsageError(f"no emotion is called {name!r}; there are {', '.join(EMOTIONS)}")
        if not _is_number(weight) or not 0 <= weight <= 1:
            raise UsageError(f"emotion {name} has weight {weight!r}; give a number in 0 to 1")
    return {name: float(weight) for name, weight in weights.items()}
