"""Clips to learn from when speech and motion belong together.

A data folder as prepare_motion_data.py makes it, with the takes that prepare_takes.py adds: of a clip
``c.npz`` there may be ``c@0.87.npz`` (played slower) and ``c@1.05#2.npz`` (the same, disturbed).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from articulation_data import held_out, played, speakers_of, unheard
from vasari.measure.scorer import near_voice

Floats = NDArray[np.float32]
SETS = ("grid_s1", "lrc_ar", "heads")


@dataclass(frozen=True, eq=False)
class Take:
    """One sounding of a clip: a row of ``features`` and ``near`` for each half frame of motion."""

    clip: str
    group: str  # speaker
    variant: str  # "" as it is, "0.87" at another speed, "1.05#2" disturbed too
    features: NDArray[np.float16]  # (2 T, D)
    voice: Floats  # (2 T,)
    near: Floats  # (T,) 1 where somebody speaks, is about to, or just did
    expression: Floats  # (T, 52)
    head: Floats  # (T, 8) rotation, translation, gaze

    def __len__(self) -> int:
        return len(self.expression)


def load_takes(data: Path, folder: str, variants: bool = True) -> list[Take]:
    """All takes of a set but those whose own lips do not go with their sound."""
    speakers, takes, foreign = speakers_of(data, folder), list[Take](), unheard(folder)
    for path in sorted((data / "features" / folder).glob("*.npz")):
        clip, _, variant = path.stem.partition("@")
        track = data / "tracks" / folder / f"{clip}.npz"
        if track.exists() and clip not in foreign and (variants or not variant):
            takes.append(_read(path, track, clip, speakers.get(clip, folder), variant))
    return takes


def _read(path: Path, track: Path, clip: str, group: str, variant: str) -> Take:
    with np.load(path) as f, np.load(track) as t:
        features, voice = f["features"], f["voice"].astype(np.float32)
        motion = np.column_stack([t["expression"], t["rotation"], t["translation"], t["gaze"]])
    motion = np.nan_to_num(motion.astype(np.float32))
    if variant:
        motion = played(motion, float(variant.split("#")[0]))
    frames = min(len(motion), len(features) // 2)
    rows, voice = features[: 2 * frames], voice[: 2 * frames]
    near = near_voice(voice, frames)
    return Take(clip, group, variant, rows, voice, near, motion[:frames, :52], motion[:frames, 52:])


def split(takes: list[Take], folder: str) -> tuple[list[Take], list[Take], list[Take]]:
    """Takes to learn from, to choose and calibrate by, and to test on.

    Apart by speaker, in GRID by clip. A set of few speakers leaves none to choose by.
    """
    tested = held_out(folder)
    rest = [t for t in takes if t.clip not in tested]
    parts = sorted({_apart(t, folder) for t in rest})
    kept = set(parts[2 :: len(parts) // min(40, len(parts) // 8)]) if len(parts) > 20 else set()
    chosen = [t for t in rest if _apart(t, folder) in kept]
    learned = [t for t in rest if _apart(t, folder) not in kept]
    return learned, chosen, [t for t in takes if t.clip in tested]


def _apart(take: Take, folder: str) -> str:
    """What is kept apart as a whole."""
    return take.clip if folder == "grid_s1" else take.group
