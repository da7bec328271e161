"""Visemes: what lips do for a speech sound, for clips whose sounds are labelled but whose faces are unseen.

The groups follow Fisher, "Confusions among visually perceived consonants" (1968) with four groups of vowels;
the signs are those of the Berlin Database of Emotional Speech, then those of the IPA.
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
    "lip and teeth": ("f", "v", "V", "ʋ"),
    "pursed": ("S", "ʃ", "ʒ", "tʃ", "dʒ", "ɕ", "tɕ", "dʑ"),
    "teeth": ("s", "z", "t", "d", "n", "l", "tasp", "dasp", "θ", "ð", "ɾ", "ɫ", "ɭ"),
    "back": ("k", "g", "N", "x", "X", "C", "R", "h", "kasp", "gasp", "ɡ", "ŋ", "ɣ", "ʁ", "ħ", "ʕ", "c", "ç"),
    "round": ("u", "U", "o", "O", "y", "Y", "9", "4", "aU", "OY", "w", "ʊ", "ɔ", "ø", "œ", "ʏ", "ɵ"),
    "open": ("a", "6", "aI", "a6", "ɑ", "æ", "ɐ", "ʌ"),
    "spread": ("i", "I", "e", "E", "E6", "i6", "j", "ɪ", "ɛ"),
    "middle": ("@", "ə", "ɜ", "ɚ", "ɨ", "ᵻ"),
}
NAMES: tuple[str, ...] = tuple(VISEMES)
CLOSED = NAMES.index("closed")
UNKNOWN = -1

_OF_SIGN = {sign: NAMES.index(name) for name, signs in VISEMES.items() for sign in signs}
_LEAD = 0.04  # seconds that lips are ahead of the sound they make
_EDGE = 0.015  # seconds within a sound's borders that stay unknown, unless it has no frame else


def viseme_tracks(table: Path) -> dict[str, NDArray[np.int64]]:
    """Visemes (T,) at 25 Hz, or UNKNOWN, of each clip in the table of labelled sounds.

    A sound's label holds until the next one; ``_`` marks an initial stop, ``!`` a release.
    """
    labels: dict[str, list[tuple[float, float, str]]] = {}
    with open(table, newline="") as file:
        for row in csv.DictReader(file):
            sign = row["phone"].lstrip("_ˈˌ")
            labels.setdefault(row["clip"], []).append((float(row["start_s"]), float(row["end_s"]), sign))
    return {clip: _at_motion_rate(sounds) for clip, sounds in labels.items()}


def _at_motion_rate(sounds: list[tuple[float, float, str]]) -> NDArray[np.int64]:
    visemes = np.full(int(sounds[-1][1] * MOTION_RATE), UNKNOWN)
    for start, end, sign in ((a - _LEAD, b - _LEAD, sign) for a, b, sign in sounds):
        first, last = np.ceil((start + _EDGE) * MOTION_RATE), np.floor((end - _EDGE) * MOTION_RATE)
        if first > last and end - start > _EDGE:
            first = last = np.round((start + end) / 2 * MOTION_RATE)
        viseme = _OF_SIGN.get(sign, _OF_SIGN.get(sign[:1], UNKNOWN))
        visemes[max(int(first), 0) : max(int(last) + 1, 0)] = viseme
    return visemes
