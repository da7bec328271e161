"""Clips to learn articulation from: features, tracked mouth channels, speakers, crops.

A data folder, made by prepare_motion_data.py, holds ``features/<set>/<clip>.npz`` with ``features`` (N, D)
and ``voice`` (N,) at 50 Hz; ``tracks/<set>/<clip>.npz`` with ``expression`` (T, 52) and ``lip_gap`` (T,) or,
where nobody was seen, ``visemes`` (T,) or ``curves`` (T, K) at 25 Hz; and ``speakers.csv`` (set, clip,
speaker). A variant ``<clip>@1.1.npz`` among the features is the clip played 1.1 times as fast and high,
``<clip>@1.1#3.npz`` the third take of it (prepare_takes.py), with ``extent`` (), how far its lips move
against those of the clip.
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

from articulation_net import CURVES, Shape
from lip_geometry import CLOSED, LipGeometry, symmetric
from visemes import CLOSED as CLOSED_VISEME
from visemes import UNKNOWN

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

#: Share of each set among the training examples.
SETS = {"grid_s1": 0.26, "lrc_ar": 0.42, "heads": 0.06, "emodb": 0.10, "spoken": 0.11, "facegood": 0.05}
CROP = 30  # motion frames in a training example
SPLITS = Path(__file__).parent / "splits"


@dataclass
class Clip:
    """One clip: features at 50 Hz, mouth channels and lip gap at 25 Hz."""

    name: str
    variant: str  # what follows the @ of its file
    group: str  # speaker
    features: NDArray[np.float16]  # (N, D)
    channels: Floats  # (T, C)
    gap: Floats  # (T,) cm on the mean head
    visemes: Ints  # (T,) or UNKNOWN
    curves: Floats  # (T, K) of another face, not a number where there is none
    extent: float  # how far the lips move against those of the viseme or clip
    seen: bool = True  # False: only the visemes or the curves are known, or the face says something else


class Batch(NamedTuple):
    """Training examples."""

    features: Tensor  # (B, N, D)
    ahead: Tensor  # (B,) feature frames after each moment
    channels: Tensor  # (B, CROP, C)
    gap: Tensor  # (B, CROP)
    touching: Tensor  # (B, CROP) 0..1, -1 unknown
    visemes: Tensor  # (B, CROP), UNKNOWN where not labelled
    speaker: Tensor  # (B,), -1 silence itself
    mask: Tensor  # (B, CROP) 1 where channels and gap are known
    curves: Tensor  # (B, CROP, CURVES), not a number where unknown
    extent: Tensor  # (B,) of movement, against that of the mean shapes


def load_clips(data: Path, folder: str, geometry: LipGeometry, variants: bool = True) -> list[Clip]:
    """All clips of a set that have both features and tracks."""
    speakers, foreign = speakers_of(data, folder), unheard(folder)
    clips = []
    for path in sorted((data / "features" / folder).glob("*.npz")):
        name, _, variant = path.stem.partition("@")
        track = data / "tracks" / folder / f"{name}.npz"
        if track.exists() and (variants or not variant):
            clip = _load(path, track, speakers.get(name, folder), geometry)
            clip.seen &= name not in foreign
            clips += [clip] if len(clip.channels) >= 2 else []
    return clips


def _load(path: Path, track: Path, group: str, geometry: LipGeometry) -> Clip:
    name, _, variant = path.stem.partition("@")
    speed = float(variant.partition("#")[0] or 1)
    with np.load(path) as f, np.load(track) as t:
        features = f["features"].astype(np.float16)
        extent = float(f["extent"]) if "extent" in f.files else 1.0
        known = {key: t[key] for key in ("expression", "visemes", "lip_gap", "curves") if key in t.files}
    frames = min((len(features) + 1) // 2, *(round(len(k) / speed) for k in known.values()))
    channels = symmetric(np.nan_to_num(known.get("expression", np.zeros((frames, 52))).astype(np.float32)))
    if "lip_gap" in known:
        channels = geometry.agreed(channels, np.nan_to_num(known["lip_gap"]))
    visemes = known.get("visemes", np.full(frames, UNKNOWN))
    if speed != 1:
        channels = played(channels, speed) if "expression" in known else channels
        visemes = visemes[np.minimum((np.arange(frames) * speed).round().astype(int), len(visemes) - 1)]
    curves = known.get("curves", np.full((1, CURVES), np.nan, np.float32))
    curves = played(curves, speed) if len(curves) > 1 else np.repeat(curves, frames, 0)
    channels = (channels[:frames] * extent).clip(0, 1)
    gap, seen = geometry.gap(channels), "expression" in known
    return Clip(
        name, variant, group, features, channels, gap, visemes[:frames], curves[:frames], extent, seen
    )


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
    return _names(SPLITS / f"{folder}_test.csv")


def unheard(folder: str) -> set[str]:
    """Names of the clips of a set whose mouths do not go with their sound: dubbed, late, or no speech."""
    return _names(SPLITS / f"{folder}_unheard.csv")


def _names(table: Path) -> set[str]:
    if not table.exists():
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

    def _crop(self) -> tuple[Floats | Ints | np.int64 | np.float32, ...]:
        by_speaker = self.sets[list(self.sets)[self.random.choice(len(self.sets), p=self.share)]]
        counts = np.sqrt([len(clips) for clips in by_speaker.values()])
        speaker = list(by_speaker)[self.random.choice(len(counts), p=counts / counts.sum())]
        clip = by_speaker[speaker][self.random.integers(len(by_speaker[speaker]))]
        ahead = self._ahead()
        first = 2 * int(self.random.integers(-4, max(1, len(clip.channels) - CROP + 4)))
        rows = np.arange(first + int(ahead) - self.shape.context + 1, first + 2 * CROP - 1 + int(ahead))
        features = clip.features[np.clip(rows, 0, len(clip.features) - 1)].astype(np.float32)
        frames = np.arange(first // 2, first // 2 + CROP)
        inside = (frames >= 0) & (frames < len(clip.channels))
        frames = np.clip(frames, 0, len(clip.channels) - 1)
        visemes = np.where(inside, clip.visemes[frames], UNKNOWN)
        gap = clip.gap[frames]
        touching = np.exp(-gap / CLOSED) if clip.seen else _touching(visemes)
        touching = np.where(inside, touching, UNKNOWN).astype(np.float32)
        mask = (inside & clip.seen).astype(np.float32)
        number = np.int64(self.speakers.index(speaker))
        curves = clip.curves[frames]
        extent = np.float32(clip.extent)
        return features, ahead, clip.channels[frames], gap, touching, visemes, number, mask, curves, extent

    def _ahead(self) -> np.int64:
        """Least, most or any look-ahead between."""
        least, most = self.shape.least, self.shape.most
        return np.int64(self.random.choice((least, most, self.random.integers(least, most + 1))))

    def _silence(self) -> tuple[Floats | Ints | np.int64 | np.float32, ...]:
        """Closed lips at rest, under a little noise."""
        rows = 2 * CROP - 2 + self.shape.context
        noise = self.random.standard_normal((rows, self.shape.features)).astype(np.float32)
        features = self.silence + 0.1 * np.float32(self.random.random()) * noise
        zero, unknown = np.zeros(CROP, np.float32), np.full(CROP, UNKNOWN)
        channels = symmetric(np.zeros((CROP, 52), np.float32))
        curves = np.full((CROP, CURVES), np.nan, np.float32)
        return (
            features,
            self._ahead(),
            channels,
            zero,
            unknown.astype(np.float32),
            unknown,
            np.int64(-1),
            zero + 1,
            curves,
            np.float32(1),
        )


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
