"""Motion: what a face does over time, whoever's face it is.

Everything that makes motion (speech, a tracked video, a file) and everything that shows it meet
here. Axes, signs and units are in docs/conventions.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vasari.errors import UsageError
from vasari.head.expressions import EXPRESSIONS

Floats = NDArray[np.float32]

#: Samples of motion per second.
MOTION_RATE = 25

#: Expressions that belong to lips and jaw: they articulate, and are never smoothed.
MOUTH: tuple[int, ...] = tuple(
    i for i, name in enumerate(EXPRESSIONS) if name.startswith(("jaw", "mouth", "tongue", "cheekPuff"))
)


@dataclass(frozen=True, eq=False)
class MotionFrame:
    """One moment of motion.

    Attributes:
        expression: (52,) weights in the order of :data:`vasari.head.expressions.EXPRESSIONS`.
        rotation: (3,) yaw, pitch, roll in degrees, relative to the rest pose.
        translation: (3,) cm in camera space, relative to the rest pose.
        gaze: (2,) yaw, pitch in degrees, relative to the camera.
    """

    expression: Floats = field(default_factory=lambda: np.zeros(len(EXPRESSIONS), np.float32))
    rotation: Floats = field(default_factory=lambda: np.zeros(3, np.float32))
    translation: Floats = field(default_factory=lambda: np.zeros(3, np.float32))
    gaze: Floats = field(default_factory=lambda: np.zeros(2, np.float32))

    def towards(self, other: MotionFrame, x: float) -> MotionFrame:
        """The frame at ``x`` (0..1) of the way to ``other``; for streams shown between two samples.

        Head, gaze and face go straight. Lips and jaw ease in and out of each sample, as :meth:`Motion.at`
        does at extrema, so that a closure of one sample is still seen at display rates that miss it.
        """
        pairs = zip(self._arrays(), other._arrays(), strict=True)
        mixed = MotionFrame(*(a + np.float32(x) * (b - a) for a, b in pairs))
        mouth, eased = list(MOUTH), np.float32(x * x * (3 - 2 * x))
        start, end = self.expression[mouth], other.expression[mouth]
        mixed.expression[mouth] = start + eased * (end - start)
        return mixed

    def _arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.expression, self.rotation, self.translation, self.gaze


@dataclass(frozen=True, eq=False)
class Motion:
    """Motion sampled :data:`MOTION_RATE` times a second; T samples last T / 25 seconds.

    Attributes:
        expression: (T, 52) weights, 0 neutral .. 1 full shape.
        rotation: (T, 3) yaw, pitch, roll in degrees, relative to the rest pose.
        translation: (T, 3) cm in camera space, relative to the rest pose.
        gaze: (T, 2) yaw, pitch in degrees, relative to the camera.
        rest: (6,) rest pose of a tracked clip, rotation (degrees) then translation (cm); ``None`` if made.
        source: where the motion came from, in words.

    Raises:
        UsageError: shapes do not fit together, or a value is not finite.
    """

    expression: Floats
    rotation: Floats
    translation: Floats
    gaze: Floats
    rest: Floats | None = None
    source: str = ""

    def __post_init__(self) -> None:
        length = len(np.atleast_1d(self.expression))
        for name, width in _WIDTHS.items():
            _set_checked(self, name, (length, width))
        if self.rest is not None:
            _set_checked(self, "rest", (6,))

    def __len__(self) -> int:
        """Number of samples T."""
        return len(self.expression)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self) / MOTION_RATE

    def __getitem__(self, index: int) -> MotionFrame:
        """Sample number ``index``."""
        return MotionFrame(*(a[index] for a in self._arrays()))

    def __iter__(self) -> Iterator[MotionFrame]:
        """All samples in order."""
        return (self[i] for i in range(len(self)))

    def at(self, time: float) -> MotionFrame:
        """Motion at ``time`` in seconds, held at its ends.

        Between samples runs a monotone cubic (Fritsch and Carlson, SIAM J. Numer. Anal. 17, 1980): smooth,
        never beyond the samples, and flat where a sample is an extremum, so a closure stays a closure.
        """
        return self.sample([time])[0]

    def sample(self, times: ArrayLike) -> Motion:
        """Motion at ``times`` (N,) in seconds as N samples, each as :meth:`at` gives it."""
        position = np.clip(np.asarray(times, np.float64) * MOTION_RATE, 0, max(len(self) - 1, 0))
        sampled: dict[str, Any] = {n: _monotone(getattr(self, n), position) for n in _WIDTHS}
        return replace(self, **sampled)

    def frames(self, fps: float | Fraction = MOTION_RATE) -> Iterator[MotionFrame]:
        """Frames for a display of ``fps`` pictures a second, covering the whole duration.

        Raises:
            UsageError: ``fps`` is not positive.
        """
        rate = Fraction(fps).limit_denominator(1001)
        if rate <= 0:
            raise UsageError(f"fps is {fps}; give a positive number of pictures a second, such as 25")
        if rate == MOTION_RATE:
            yield from self
            return
        for k in range(round(len(self) * rate / MOTION_RATE)):
            yield self.at(float(k / rate))

    def cut(self, start: float = 0.0, end: float | None = None) -> Motion:
        """The part from ``start`` to ``end`` seconds, at sample borders."""
        part = slice(round(start * MOTION_RATE), None if end is None else round(end * MOTION_RATE))
        parts: dict[str, Any] = {n: getattr(self, n)[part] for n in _WIDTHS}
        return replace(self, **parts)

    def retarget(
        self, *, head: float = 1.0, mouth: float = 1.0, expression: float = 1.0, gaze: float = 1.0
    ) -> Motion:
        """The same motion with other amplitudes.

        Args:
            head: factor on rotation and translation.
            mouth: factor on lips and jaw (:data:`MOUTH`).
            expression: factor on every other expression; lids keep closing fully.
            gaze: factor on gaze.
        """
        factor = np.full(len(EXPRESSIONS), expression, np.float32)
        factor[list(MOUTH)] = mouth
        for name in ("eyeBlinkLeft", "eyeBlinkRight"):
            factor[EXPRESSIONS.index(name)] = 1.0
        return replace(
            self,
            expression=np.clip(self.expression * factor, 0, 1),
            rotation=self.rotation * head,
            translation=self.translation * head,
            gaze=self.gaze * gaze,
        )

    def centred(self) -> Motion:
        """The same motion about its median pose and gaze, so that a portrait plays it from its own pose."""
        moved = {n: getattr(self, n) for n in ("rotation", "translation", "gaze")}
        return replace(self, **{n: a - np.median(a, 0) for n, a in moved.items()})

    @classmethod
    def of(cls, frames: Iterable[MotionFrame], source: str = "") -> Motion:
        """Motion made of consecutive frames."""
        columns = zip(*(f._arrays() for f in frames), strict=True)
        stacked = [np.stack(c) for c in columns] or [np.zeros((0, w)) for w in _WIDTHS.values()]
        arrays: dict[str, Any] = dict(zip(_WIDTHS, stacked, strict=True))
        return cls(**arrays, source=source)

    @classmethod
    def concat(cls, parts: Iterable[Motion]) -> Motion:
        """One motion after the other; rest and source are the first one's.

        Raises:
            UsageError: there is no part.
        """
        motions = list(parts)
        if not motions:
            raise UsageError("nothing to join: give at least one motion")
        joined: dict[str, Any] = {n: np.concatenate([getattr(m, n) for m in motions]) for n in _WIDTHS}
        return replace(motions[0], **joined)

    @classmethod
    def load(cls, path: str | Path) -> Motion:
        """Read a motion file.

        Raises:
            FormatError: not a Vasari motion, damaged, or of a version this program does not know.
        """
        from vasari.motion.motion_file import read_motion

        return read_motion(Path(path))

    def save(self, path: str | Path) -> None:
        """Write a motion file: complete or not at all.

        Raises:
            OutputError: the file cannot be written there.
        """
        from vasari.motion.motion_file import write_motion

        write_motion(self, Path(path))

    def to_arkit_csv(self, path: str | Path) -> None:
        """Write an ARKit CSV as the Live Link Face app does; see :mod:`vasari.motion.arkit`."""
        from vasari.motion.arkit import write_arkit_csv

        write_arkit_csv(self, Path(path))

    @classmethod
    def from_arkit_csv(cls, path: str | Path, *, fps: float | None = None) -> Motion:
        """Read an ARKit CSV of Live Link Face kind; see :mod:`vasari.motion.arkit`."""
        from vasari.motion.arkit import read_arkit_csv

        return read_arkit_csv(Path(path), fps=fps)

    def _arrays(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.expression, self.rotation, self.translation, self.gaze


_WIDTHS = {"expression": len(EXPRESSIONS), "rotation": 3, "translation": 3, "gaze": 2}


def _set_checked(motion: Motion, name: str, shape: tuple[int, ...]) -> None:
    array = np.ascontiguousarray(getattr(motion, name), np.float32)
    if array.shape != shape:
        raise UsageError(f"motion {name} has shape {array.shape}; {shape} is needed")
    if not np.isfinite(array).all():
        raise UsageError(f"motion {name} holds values that are not finite")
    object.__setattr__(motion, name, array)


def _monotone(samples: Floats, position: NDArray[np.float64]) -> Floats:
    """Fritsch-Carlson interpolation of samples (T, D) at fractional indices (N,), T >= 1 -> (N, D)."""
    if len(samples) < 2:
        return np.repeat(samples[:1], len(position), 0)
    i = np.minimum(position.astype(int), len(samples) - 2)
    x = (position - i)[:, None]
    around = samples.astype(np.float64)[np.clip(i[:, None] + np.arange(-1, 3), 0, len(samples) - 1)]
    before, step, after = np.moveaxis(np.diff(around, axis=1), 1, 0)  # each (N, D)
    slope0, slope1 = _harmonic(before, step), _harmonic(step, after)
    a, b = around[:, 1], around[:, 2]
    cubic = slope0 * x * (1 - x) ** 2 + a * (1 + 2 * x) * (1 - x) ** 2
    cubic += b * x * x * (3 - 2 * x) - slope1 * x * x * (1 - x)
    bounded: Floats = np.clip(cubic, np.minimum(a, b), np.maximum(a, b)).astype(np.float32)
    return bounded


def _harmonic(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Harmonic mean of two slopes, 0 where they turn."""
    total = left + right
    product = left * right
    return np.where(product > 0, 2 * product / np.where(product > 0, total, 1), 0.0)
