"""ARKit CSV, as Epic's Live Link Face app writes it: motion for and from other programs.

One row a sample: ``Timecode`` (HH:MM:SS:FF.fff), ``BlendShapeCount`` (61), the 52 weights with
capitalised names (``EyeBlinkLeft``), then ``HeadYaw``, ``HeadPitch``, ``HeadRoll`` and yaw, pitch, roll
of both eyes in the head. Angles are radians, with the signs of docs/conventions.md.

Gaze becomes eye-in-head angles (gaze minus head, roll left out) and the eight ``EyeLook*`` weights at
:data:`EYE_LOOK_DEGREES` a unit, and is read back from those weights. The format has no translation:
it is dropped; rotation is written relative to the rest pose. Keep a ``.motion`` file where that matters.
"""

from __future__ import annotations

import csv
import os
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vasari.errors import FormatError, OutputError
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.motion.motion import MOTION_RATE, Floats, Motion

#: Eye rotation at an ``eyeLook*`` weight of 1, degrees.
EYE_LOOK_DEGREES = 30.0

_AXES = ("Yaw", "Pitch", "Roll")
_ANGLES = tuple(part + axis for part in ("Head", "LeftEye", "RightEye") for axis in _AXES)
_HEADER = ("Timecode", "BlendShapeCount", *(n[0].upper() + n[1:] for n in EXPRESSIONS), *_ANGLES)
_RATES = (24, 25, 30, 48, 50, 60, 120)
_LIVE_LINK_RATE = 60
_TIMECODE = re.compile(r"(\d+):(\d+):(\d+):(\d+(?:\.\d+)?)")

# Columns (left eye, right eye) that a positive or negative angle of both eyes raises.
_LOOK = {
    ("yaw", +1): ("eyeLookOutLeft", "eyeLookInRight"),
    ("yaw", -1): ("eyeLookInLeft", "eyeLookOutRight"),
    ("pitch", +1): ("eyeLookUpLeft", "eyeLookUpRight"),
    ("pitch", -1): ("eyeLookDownLeft", "eyeLookDownRight"),
}


def write_arkit_csv(motion: Motion, path: Path) -> None:
    """Write ``motion`` as ARKit CSV, 25 rows a second.

    Raises:
        OutputError: the file cannot be written there.
    """
    eyes = motion.gaze - motion.rotation[:, :2]
    weights = motion.expression + _eye_look(eyes)
    flat = np.radians(np.column_stack([motion.rotation, *[eyes, np.zeros(len(eyes))] * 2]))
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_HEADER)
            for i, row in enumerate(np.column_stack([weights, flat])):
                writer.writerow([_timecode(i), len(row), *(f"{v:.6f}" for v in row)])
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"cannot write ARKit CSV to {path}: {error}; choose a writable place") from error


def read_arkit_csv(path: Path, *, fps: float | None = None) -> Motion:
    """Read an ARKit CSV and resample it to 25 Hz.

    Args:
        path: the file; columns are found by name, absent ones are zero.
        fps: rows a second. Without it the timecodes tell, where the file runs over the end of a second;
            otherwise 60 is assumed, the app's own rate.

    Raises:
        FormatError: not such a file, or a value is not a number.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.DictReader(file) if row.get("BlendShapeCount") != "0"]
        columns = {name: _column(rows, name) for name in _HEADER[2:]}
    except (OSError, ValueError, UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} is not a readable ARKit CSV: {error}") from error
    if not rows or "EyeBlinkLeft" not in rows[0]:
        raise FormatError(f"{path} is not an ARKit CSV: it needs a header with {', '.join(_HEADER[:3])}")
    table = np.column_stack(list(columns.values())).astype(np.float32)
    weights, angles = table[:, : len(EXPRESSIONS)], np.degrees(table[:, len(EXPRESSIONS) :])
    head = angles[:, :3]
    gaze = head[:, :2] + _eye_angles(weights, angles)
    weights[:, [EXPRESSION_INDEX[n] for pair in _LOOK.values() for n in pair]] = 0
    raw = Motion(np.clip(weights, 0, 1), head, np.zeros_like(head), gaze, source=f"ARKit CSV {path.name}")
    rate = fps or _rate_of([row.get("Timecode") or "" for row in rows])
    if rate == MOTION_RATE:
        return raw
    samples = max(1, round(len(raw) * MOTION_RATE / rate))
    return raw.sample(np.arange(samples) * rate / MOTION_RATE**2)


def _eye_look(eyes: Floats) -> Floats:
    """EyeLook weights (T, 52) of eye-in-head angles (T, 2), degrees."""
    weights = np.zeros((len(eyes), len(EXPRESSIONS)), np.float32)
    for (axis, sign), names in _LOOK.items():
        angle = eyes[:, 0 if axis == "yaw" else 1]
        for name in names:
            weights[:, EXPRESSION_INDEX[name]] = np.clip(sign * angle / EYE_LOOK_DEGREES, 0, 1)
    return weights


def _eye_angles(weights: Floats, angles: Floats) -> Floats:
    """Eye-in-head angles (T, 2) in degrees, mean of both eyes: from EyeLook weights, else the angles."""
    eyes = np.zeros((len(weights), 2), np.float32)
    for (axis, sign), names in _LOOK.items():
        mean = weights[:, [EXPRESSION_INDEX[n] for n in names]].mean(1)
        eyes[:, 0 if axis == "yaw" else 1] += sign * mean * EYE_LOOK_DEGREES
    if eyes.any():
        return eyes
    both: Floats = np.float32(0.5) * (angles[:, 3:5] + angles[:, 6:8])
    return both


def _column(rows: list[dict[str, str]], name: str) -> NDArray[np.float64]:
    column = np.array([float(row.get(name) or 0) for row in rows])
    if not np.isfinite(column).all():
        raise ValueError(f"column {name} holds values that are not finite")
    return column


def _timecode(index: int) -> str:
    seconds, frame = divmod(index, MOTION_RATE)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{frame:02}.000"


def _rate_of(timecodes: list[str]) -> float:
    """Rows a second: the highest frame number seen before a second ends, rounded up to a known rate."""
    parsed = [m.groups() for m in map(_TIMECODE.match, timecodes) if m]
    last = [float(frame) for (_, _, second, frame), after in pairwise(parsed) if after[2] != second]
    return next((r for r in _RATES if last and r > max(last)), _LIVE_LINK_RATE)
