"""Visemes: what lips do for a speech sound, for clips whose sounds are labelled but whose faces are unseen.

The groups follow Fisher, "Confusions among visually perceived consonants" (1968), s and z apart from the
sounds in which the tip of the tongue is seen, with four groups of vowels;
the signs are those of the Berlin Database of Emotional Speech, then those of the IPA.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vasari.motion.motion import MOTION_RATE

VISEMES: dict[str, tuple[str, ...]] = {
    "silent": (".",),
    "closed": ("p", "b", "m"),
    "lip and teeth": ("f", "v", "V", "ʋ"),
    "pursed": ("S", "ʃ", "ʒ", "tʃ", "dʒ", "ɕ", "tɕ", "dʑ", "s.", "ʂ"),
    "teeth": ("s", "z", "ts", "ts.", "dz"),
    "tongue tip": ("t", "d", "n", "l", "θ", "ð", "ɾ", "r", "ɫ", "ɭ", "ɗ"),
    "back": ("k", "g", "N", "q", "χ", "x", "X", "C", "R", "h", "ɡ", "ŋ", "ɣ", "ʁ", "ħ", "ʕ", "c", "ç"),
    "round": ("u", "U", "o", "O", "y", "Y", "9", "4", "aU", "OY", "w", "ʊ", "ɔ", "ø", "œ", "ʏ", "ɵ", "ũ"),
    "open": ("a", "6", "aI", "a6", "ɑ", "æ", "ɐ", "ʌ", "ä", "ã", "ɒ"),
    "spread": ("i", "I", "e", "E", "E6", "i6", "j", "ɪ", "ɛ", "ẽ"),
    "middle": ("@", "ə", "ɜ", "ɚ", "ɨ", "ᵻ", "ɯ"),
}
NAMES: tuple[str, ...] = tuple(VISEMES)
CLOSED, BITTEN, TIP = (NAMES.index(n) for n in ("closed", "lip and teeth", "tongue tip"))
UNKNOWN = -1

_OF_SIGN = {sign: NAMES.index(name) for name, signs in VISEMES.items() for sign in signs}
_LEAD = 0.04  # seconds that lips are ahead of the sound they make
_HUSH = 0.12  # seconds: a shorter pause before a stop is its closure
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
    sounds = _stops_whole(sounds)
    for start, end, sign in ((a - _LEAD, b - _LEAD, sign) for a, b, sign in sounds):
        first, last = np.ceil((start + _EDGE) * MOTION_RATE), np.floor((end - _EDGE) * MOTION_RATE)
        if first > last and end - start > _EDGE:
            first = last = np.round((start + end) / 2 * MOTION_RATE)
        viseme = _OF_SIGN.get(sign, _OF_SIGN.get(sign[:1], UNKNOWN))
        visemes[max(int(first), 0) : max(int(last) + 1, 0)] = viseme
    return visemes


def _stops_whole(sounds: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """The same, the silent closure that eSpeak marks before p and b ("") taken into them."""
    whole = [
        (before[0], now[1], now[2])
        if now[2][:1] in ("p", "b") and not before[2] and now[0] - before[0] < _HUSH
        else now
        for before, now in itertools.pairwise(sounds)
    ]
    return sounds[:1] + whole
