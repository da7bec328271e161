"""Visemes: what lips do for a speech sound, for clips whose sounds are labelled but whose faces are unseen.

The groups follow Fisher, "Confusions among visually perceived consonants" (1968) with four groups of vowels;
the signs are those of the Berlin Database of Emotional Speech.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vasari.motion.motion import MOTION_RATE

VISEMES: dict[str, tuple[str, ...]] = {
    "silent": (".",),
    "closed": ("p", "b", "m"),
    "lip and teeth": ("f", "v", "V"),
    "pursed": ("S",),
    "teeth": ("s", "z", "t", "d", "n", "l", "tasp", "dasp"),
    "back": ("k", "g", "N", "x", "X", "C", "R", "h", "kasp", "gasp"),
    "round": ("u", "U", "o", "O", "y", "Y", "9", "4", "aU", "OY"),
    "open": ("a", "6", "aI", "a6"),
    "spread": ("i", "I", "e", "E", "E6", "i6", "j"),
    "middle": ("@",),
}
NAMES: tuple[str, ...] = tuple(VISEMES)
CLOSED = NAMES.index("closed")
UNKNOWN = -1

_OF_SIGN = {sign: NAMES.index(name) for name, signs in VISEMES.items() for sign in signs}
_EDGE = 0.015  # seconds within a sound's borders that stay unknown


def viseme_tracks(table: Path) -> dict[str, NDArray[np.int64]]:
    """Visemes (T,) at 25 Hz, or UNKNOWN, of each clip in the table of labelled sounds.

    A sound's label holds until the next one; ``_`` marks an initial stop, ``!`` a release.
    """
    labels: dict[str, list[tuple[float, float, str]]] = {}
    with open(table, newline="") as file:
        for row in csv.DictReader(file):
            sign = row["phone"].lstrip("_")
            labels.setdefault(row["clip"], []).append((float(row["start_s"]), float(row["end_s"]), sign))
    return {clip: _at_motion_rate(sounds) for clip, sounds in labels.items()}


def _at_motion_rate(sounds: list[tuple[float, float, str]]) -> NDArray[np.int64]:
    visemes = np.full(int(sounds[-1][1] * MOTION_RATE), UNKNOWN)
    for start, end, sign in sounds:
        first, last = (start + _EDGE) * MOTION_RATE, (end - _EDGE) * MOTION_RATE
        visemes[int(np.ceil(first)) : int(np.floor(last)) + 1] = _OF_SIGN.get(sign, UNKNOWN)
    return visemes
