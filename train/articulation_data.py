"""Clips to learn articulation from: features, tracked mouth channels, speakers, crops.

A data folder, made by prepare_motion_data.py, holds ``features/<set>/<clip>.npz`` with ``features`` (N, D)
and ``voice`` (N,) at 50 Hz; ``tracks/<set>/<clip>.npz`` with ``expression`` (T, 52) and ``lip_gap`` (T,) or,
where nobody was seen, ``visemes`` (T,) at 25 Hz; and ``speakers.csv`` (set, clip, speaker). A variant
``<clip>@1.1.npz`` among the features is the clip played 1.1 times as fast and high.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from articulation_net import Shape
from lip_geometry import CLOSED, LipGeometry, symmetric
from visemes import CLOSED as CLOSED_VISEME
from visemes import UNKNOWN

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

#: Share of each set among the training examples.
SETS = {"grid_s1": 0.42, "lrc_ar": 0.38, "heads": 0.08, "emodb": 0.12}
CROP = 30  # motion frames in a training example
SPLITS = Path(__file__).parent / "splits"


@dataclass
class Clip:
    """One clip: features at 50 Hz, mouth channels and lip gap at 25 Hz."""

    name: str
    group: str  # speaker
    features: Floats  # (N, D)
    voice: Floats  # (N,)
    channels: Floats  # (T, C)
    gap: Floats  # (T,) cm on the mean head
    visemes: Ints  # (T,) or UNKNOWN
    seen: bool = True  # False: only the visemes are known


class Batch(NamedTuple):
    """Training examples."""

    features: Tensor  # (B, N, D)
    channels: Tensor  # (B, CROP, C)
    gap: Tensor  # (B, CROP)
    touching: Tensor  # (B, CROP) 0..1, -1 unknown
    visemes: Tensor  # (B, CROP), UNKNOWN where not labelled
    speaker: Tensor  # (B,), -1 silence itself
    mask: Tensor  # (B, CROP) 1 where channels and gap are known


def load_clips(data: Path, folder: str, geometry: LipGeometry, variants: bool = True) -> list[Clip]:
    """All clips of a set that have both features and tracks."""
    speakers = speakers_of(data, folder)
    clips = []
    for path in sorted((data / "features" / folder).glob("*.npz")):
        name, _, speed = path.stem.partition("@")
        track = data / "tracks" / folder / f"{name}.npz"
        if not track.exists() or (speed and not variants):
            continue
        with np.load(path) as f, np.load(track) as t:
            features, voice = f["features"].astype(np.float32), f["voice"].astype(np.float32)
            known = {key: t[key] for key in ("expression", "visemes", "lip_gap") if key in t.files}
        seen, frames = "expression" in known, (len(features) + 1) // 2
        visemes = known.get("visemes", np.full(frames, UNKNOWN))[:frames]
        expression = known.get("expression", np.zeros((len(visemes), 52)))
        channels = symmetric(np.nan_to_num(expression.astype(np.float32)))
        if "lip_gap" in known:
            channels = geometry.agreed(channels, np.nan_to_num(known["lip_gap"]))
        if speed:
            channels = played(channels, float(speed))
        channels = channels[:frames]
        if len(channels) >= 2:
            group = speakers.get(name, folder)
            gap = geometry.gap(channels)
            clips.append(Clip(name, group, features, voice, channels, gap, visemes[: len(channels)], seen))
    return clips


def played(samples: Floats, speed: float) -> Floats:
    """Samples (T, C) of a clip played ``speed`` times as fast."""
    at = np.clip(np.arange(round(len(samples) / speed)) * speed, 0, len(samples) - 1)
    return np.stack([np.interp(at, np.arange(len(samples)), c) for c in samples.T], 1).astype(np.float32)


def speakers_of(data: Path, folder: str) -> dict[str, str]:
    """Speaker of each clip of a set, as far as ``speakers.csv`` tells."""
    table = data / "speakers.csv"
    if not table.exists():
        return {}
    with open(table, newline="") as file:
        return {row["clip"]: row["speaker"] for row in csv.DictReader(file) if row["set"] == folder}


def held_out(folder: str) -> set[str]:
    """Names of the test clips of a set."""
    table = SPLITS / f"{folder}_test.csv"
    if not table.exists():  # nothing of it is tested
        return set()
    with open(table, newline="") as file:
        return {row["clip"] for row in csv.DictReader(file)}


class Batches:
    """Random crops, balanced over sets and speakers, some of them silence."""

    def __init__(self, sets: dict[str, list[Clip]], shape: Shape, silence: Floats, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.shape, self.silence = shape, silence
        self.sets = {name: _by_speaker(clips) for name, clips in sets.items() if clips}
        self.speakers = sorted({s for by_speaker in self.sets.values() for s in by_speaker})
        share = np.array([SETS.get(name, 0.1) for name in self.sets])
        self.share = share / share.sum()

    def __call__(self, size: int) -> Batch:
        """``size`` examples, one in sixteen of them silence."""
        quiet = max(1, size // 16)
        crops = [self._silence() for _ in range(quiet)] + [self._crop() for _ in range(size - quiet)]
        return Batch(*(torch.tensor(np.stack(column)) for column in zip(*crops, strict=True)))

    def _crop(self) -> tuple[Floats | Ints | np.int64, ...]:
        by_speaker = self.sets[list(self.sets)[self.random.choice(len(self.sets), p=self.share)]]
        counts = np.sqrt([len(clips) for clips in by_speaker.values()])
        speaker = list(by_speaker)[self.random.choice(len(counts), p=counts / counts.sum())]
        clip = by_speaker[speaker][self.random.integers(len(by_speaker[speaker]))]
        before = self.shape.context - 1 - self.shape.ahead
        start = int(self.random.integers(-4, max(1, len(clip.channels) - CROP + 4)))
        rows = np.arange(2 * start - before, 2 * (start + CROP) - 1 + self.shape.ahead)
        features = clip.features[np.clip(rows, 0, len(clip.features) - 1)]
        frames = np.arange(start, start + CROP)
        inside = (frames >= 0) & (frames < len(clip.channels))
        frames = np.clip(frames, 0, len(clip.channels) - 1)
        visemes = np.where(inside, clip.visemes[frames], UNKNOWN)
        gap = clip.gap[frames]
        touching = np.exp(-gap / CLOSED) if clip.seen else _touching(visemes)
        touching = np.where(inside, touching, UNKNOWN).astype(np.float32)
        mask = (inside & clip.seen).astype(np.float32)
        number = np.int64(self.speakers.index(speaker))
        return features, clip.channels[frames], gap, touching, visemes, number, mask

    def _silence(self) -> tuple[Floats | Ints | np.int64, ...]:
        """Closed lips at rest, under a little noise."""
        rows = 2 * CROP - 2 + self.shape.context
        noise = self.random.standard_normal((rows, self.shape.features)).astype(np.float32)
        features = self.silence + 0.1 * np.float32(self.random.random()) * noise
        zero, unknown = np.zeros(CROP, np.float32), np.full(CROP, UNKNOWN)
        channels = symmetric(np.zeros((CROP, 52), np.float32))
        return features, channels, zero, unknown.astype(np.float32), unknown, np.int64(-1), zero + 1


def _touching(visemes: Ints) -> Floats:
    """1 for closed lips, 0 for open ones, UNKNOWN in silence, where both may be."""
    open_or_closed = np.where(visemes == CLOSED_VISEME, 1, 0)
    known: Floats = np.where(visemes <= 0, UNKNOWN, open_or_closed).astype(np.float32)
    return known


def _by_speaker(clips: list[Clip]) -> dict[str, list[Clip]]:
    table: dict[str, list[Clip]] = {}
    for clip in clips:
        table.setdefault(clip.group, []).append(clip)
    return table
