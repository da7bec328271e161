"""Clips to learn articulation from: features, tracked mouth channels, speakers, crops.

A data folder, made by prepare_motion_data.py, holds ``features/<set>/<clip>.npz`` with ``features`` (N, D)
and ``voice`` (N,) at 50 Hz, ``tracks/<set>/<clip>.npz`` with ``expression`` (T, 52) at 25 Hz, and
``speakers.csv`` (set, clip, speaker). A variant ``<clip>@1.1.npz`` among the features is the clip played
1.1 times as fast and high.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from articulation_net import Shape
from lip_geometry import LipGeometry, symmetric

Floats = NDArray[np.float32]

#: Share of each set among the training examples.
SETS = {"grid_s1": 0.5, "lrc_ar": 0.42, "heads": 0.08}
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
            channels = symmetric(np.nan_to_num(t["expression"].astype(np.float32)))
            features, voice = f["features"].astype(np.float32), f["voice"].astype(np.float32)
        if speed:
            channels = played(channels, float(speed))
        channels = channels[: (len(features) + 1) // 2]
        if len(channels) >= 2:
            group = speakers.get(name, folder)
            clips.append(Clip(name, group, features, voice, channels, geometry.gap(channels)))
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
    with open(SPLITS / f"{folder}_test.csv", newline="") as file:
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

    def __call__(self, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Features (B, N, D), channels (B, CROP, C), gap (B, CROP), speaker (B,), mask (B, CROP).

        Speaker -1 is silence itself.
        """
        quiet = max(1, size // 16)
        crops = [self._silence() for _ in range(quiet)] + [self._crop() for _ in range(size - quiet)]
        features, channels, gap, speaker, mask = (
            torch.tensor(np.stack(column)) for column in zip(*crops, strict=True)
        )
        return features, channels, gap, speaker, mask

    def _crop(self) -> tuple[Floats, Floats, Floats, np.int64, Floats]:
        by_speaker = self.sets[list(self.sets)[self.random.choice(len(self.sets), p=self.share)]]
        counts = np.sqrt([len(clips) for clips in by_speaker.values()])
        speaker = list(by_speaker)[self.random.choice(len(counts), p=counts / counts.sum())]
        clip = by_speaker[speaker][self.random.integers(len(by_speaker[speaker]))]
        before = self.shape.context - 1 - self.shape.ahead
        start = int(self.random.integers(-4, max(1, len(clip.channels) - CROP + 4)))
        rows = np.arange(2 * start - before, 2 * (start + CROP) - 1 + self.shape.ahead)
        features = clip.features[np.clip(rows, 0, len(clip.features) - 1)]
        frames = np.arange(start, start + CROP)
        mask = ((frames >= 0) & (frames < len(clip.channels))).astype(np.float32)
        frames = np.clip(frames, 0, len(clip.channels) - 1)
        number = np.int64(self.speakers.index(speaker))
        return features, clip.channels[frames], clip.gap[frames], number, mask

    def _silence(self) -> tuple[Floats, Floats, Floats, np.int64, Floats]:
        """Closed lips at rest, under a little noise."""
        rows = 2 * CROP - 2 + self.shape.context
        noise = self.random.standard_normal((rows, self.shape.features)).astype(np.float32)
        features = self.silence + 0.1 * np.float32(self.random.random()) * noise
        return features, _ZERO_CHANNELS, _ZERO, np.int64(-1), np.ones(CROP, np.float32)


_ZERO_CHANNELS = symmetric(np.zeros((CROP, 52), np.float32))
_ZERO = np.zeros(CROP, np.float32)


def _by_speaker(clips: list[Clip]) -> dict[str, list[Clip]]:
    table: dict[str, list[Clip]] = {}
    for clip in clips:
        table.setdefault(clip.group, []).append(clip)
    return table
