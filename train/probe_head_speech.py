"""Does the motion of head and brows tell which speech it came with? How much the data can teach of that.

    python train/probe_head_speech.py --data ../motion-data

Ridge regression from a second of speech to the motion at its middle, learned on news clips, is asked on
speakers it has not heard to tell which of two clips a speech came with: alone, and with clips of one speaker
put together. Lips, the same way, show what to expect of the method. Lips and jaw move the tracked brows and
head a little (skin and chin do move them), so what lips explain is also taken away before.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sync_data import Take, load_takes, split
from vasari.head.expressions import EXPRESSIONS
from vasari.voice.features import LOUDNESS, PITCH, VOICING

Reals = NDArray[np.float64]
FRAMES = 28  # of a clip that count
TAPS = (-20, -12, -6, -2, 2, 6, 12, 20)  # rows of features about a moment
COMPONENTS = 32
TOGETHER = (1, 2, 8)
BROWS = [i for i, name in enumerate(EXPRESSIONS) if name.startswith("brow")]
LIDS = [i for i, name in enumerate(EXPRESSIONS) if "Blink" in name]
LIPS = [
    i for i, n in enumerate(EXPRESSIONS) if n.startswith(("jawOpen", "mouthC", "mouthF", "mouthP", "mouthL"))
]


def moving(values: NDArray[np.float32]) -> Reals:
    """Values (T, K) about their mean, their speed, and how fast they move at all."""
    speed = np.gradient(values, axis=0)
    return np.column_stack([values - values.mean(0), speed, np.abs(speed).sum(1)]).astype(np.float64)


MOTIONS: dict[str, Callable[[Take], Reals]] = {
    "lips": lambda t: moving(t.expression[:, LIPS]),
    "head": lambda t: moving(t.head[:, :3]),
    "brows": lambda t: moving(t.expression[:, BROWS]),
    "lids and gaze": lambda t: moving(np.column_stack([t.expression[:, LIDS].mean(1), t.head[:, 6:]])),
    "head and brows": lambda t: np.column_stack([moving(t.head[:, :3]), moving(t.expression[:, BROWS])]),
}


class Ears:
    """Speech as rows of a regression: principal components, loudness, pitch, over a second."""

    def __init__(self, takes: list[Take]) -> None:
        rows = np.concatenate([t.features for t in takes]).astype(np.float64)
        self.mean, self.std = rows.mean(0), rows.std(0) + 1e-3
        self.axes = np.linalg.eigh(np.cov(self._scaled(rows).T))[1][:, -COMPONENTS:]

    def _scaled(self, rows: Reals) -> Reals:
        return np.clip((rows - self.mean) / self.std, -5, 5)

    def __call__(self, take: Take) -> Reals:
        """(T, K) of a take."""
        rows = take.features.astype(np.float64)
        melody = rows[:, [LOUDNESS, VOICING, PITCH]]
        columns = (self._scaled(rows) @ self.axes, melody - melody.mean(0), np.gradient(melody, axis=0))
        heard = np.column_stack(columns)
        at = 2 * np.arange(len(take))[:, None] + np.array(TAPS)
        return heard[np.clip(at, 0, len(heard) - 1)].reshape(len(take), -1)


def ridge(inputs: Reals, wanted: Reals, weight: float) -> Reals:
    """Least squares (K, D) with restraint."""
    return np.linalg.solve(inputs.T @ inputs + weight * np.eye(inputs.shape[1]), inputs.T @ wanted)


def lip_part(take: Take) -> Reals:
    """(T, K) lips about each moment, and their sizes."""
    lips = take.expression[:, LIPS] - take.expression[:, LIPS].mean(0)
    at = np.clip(np.arange(len(lips))[:, None] + np.arange(-2, 3), 0, len(lips) - 1)
    near = lips[at].reshape(len(lips), -1)
    return np.column_stack([near, np.abs(near)]).astype(np.float64)


def shares(
    learned: list[Take], asked: list[Take], of: Callable[[Take], Reals], without_lips: bool
) -> list[float]:
    """How often of two clips (or groups of them) the right one is told, for each of ``TOGETHER``."""
    ears = Ears(learned)
    heard = np.concatenate([ears(t) for t in learned])
    middle, spread = heard.mean(0), heard.std(0) + 1e-6
    shown = np.concatenate([of(t) for t in learned])
    lips = np.concatenate([lip_part(t) for t in learned])
    taken = ridge(lips, shown, 1.0) if without_lips else np.zeros((lips.shape[1], shown.shape[1]))
    shown = shown - lips @ taken
    unit = shown.std(0) + 1e-6
    weights = ridge((heard - middle) / spread, shown / unit, 3000.0)
    said = np.stack([scaled(((ears(t) - middle) / spread @ weights)[:FRAMES]) for t in asked])
    seen = np.stack([scaled(((of(t) - lip_part(t) @ taken) / unit)[:FRAMES]) for t in asked])
    table = np.einsum("itd,jtd->ij", said, seen)
    return [told(table, [t.group for t in asked], together) for together in TOGETHER]


def scaled(curves: Reals) -> Reals:
    """Curves (T, K) about their mean; still ones stay small."""
    return (curves - curves.mean(0)) / (curves.std(0) + 0.3)


def told(table: Reals, speakers: list[str], together: int) -> float:
    """Share of pairs in which the right one of two groups of clips agrees better."""
    groups = []
    for speaker in sorted(set(speakers)):
        clips = [k for k, s in enumerate(speakers) if s == speaker]
        groups += [clips[k : k + together] for k in range(0, len(clips) - together + 1, together)]
    agreed = np.array([[table[a, b].sum() for b in groups] for a in groups])
    right = np.diag(agreed)[:, None] > agreed
    return float(right.sum() / (len(groups) * (len(groups) - 1)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    args = parser.parse_args()
    takes = [t for t in load_takes(args.data, "lrc_ar", variants=False) if t.near.sum() >= 15]
    learned, _, asked = split(takes, "lrc_ar")
    asked = [t for t in asked if len(t) >= FRAMES]
    lengths = " | ".join(f"{k * 1.1:.1f} s" for k in TOGETHER)
    print(f"| motion | {lengths} | the same, without what lips explain |")
    print("|---|---|---|---|---|")
    for name, of in MOTIONS.items():
        plain = " | ".join(f"{share:.2f}" for share in shares(learned, asked, of, False))
        rest = " / ".join(f"{share:.2f}" for share in shares(learned, asked, of, True))
        print(f"| {name} | {plain} | {rest if name != 'lips' else '-'} |", flush=True)


if __name__ == "__main__":
    main()
