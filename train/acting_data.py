"""Clips to learn acting from: speech features, face, head, and what is known of them beforehand.

Reads the data folder of prepare_motion_data.py (features, tracks, speakers). A clip's motion is taken apart
here into what the program decides otherwise (lids, gaze, the slow path of the head) and what the net is to
add: the face about its mean, the mouth, the corners of the mouth beyond articulation, the quick part of the
head's rotation. :class:`Layout` names the columns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from articulation_data import held_out, played, speakers_of, unheard
from lip_geometry import CHANNELS, LipGeometry, symmetric
from vasari.head.expressions import EXPRESSION_INDEX
from vasari.motion.articulation import Articulation
from vasari.motion.motion import MOTION_RATE

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

#: Share of each set among the training examples.
SETS = {"lrc_ar": 0.5, "heads": 0.3, "grid_s1": 0.2}
#: Sets whose speaker holds still: they teach the mouth only.
STILL = ("grid_s1",)

FACE = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekSquintLeft",
    "cheekSquintRight", "eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "noseSneerLeft",
    "noseSneerRight",
)  # fmt: skip
CORNERS = (
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthPressLeft",
    "mouthPressRight", "mouthLeft", "mouthRight",
)  # fmt: skip
AXES = ("yaw", "pitch", "roll")

QUICK = 0.24  # seconds: standard deviation of the Gaussian that takes the slow path out of a rotation
MOOD = 0.16  # seconds: the same for what corners of the mouth do beyond articulation
AFFECT = (0.15, 0.10)  # weights of a smile and of raised (less lowered) brows that count as 1
BROWS, SMILES = slice(0, 5), slice(0, 2)  # within FACE, CORNERS


class Layout:
    """Columns of a state (D,) of the net, of what is known beforehand (K,) and of a style (S,)."""

    face = slice(0, len(FACE))
    corners = slice(face.stop, face.stop + len(CORNERS))
    head = slice(corners.stop, corners.stop + len(AXES))
    mouth = slice(head.stop, head.stop + len(CHANNELS))
    state = mouth.stop

    path = slice(0, 3)  # slow path of the rotation, degrees
    gaze = slice(3, 5)  # about its mean, degrees
    lids = slice(5, 6)  # closure, mean of both
    known = 6

    spreads = ("head", "brows", "corners", "mouth")  # logarithms, over the median talker's
    affect = ("smile", "raise")  # means of a clip about its speaker's, in AFFECT
    style = spreads + affect


@dataclass
class Clip:
    """One clip at 25 Hz (T frames), its features at 50 Hz."""

    name: str
    group: str  # speaker
    features: NDArray[np.float16]  # (2 T, D)
    voice: NDArray[np.float16]  # (2 T,)
    state: Floats  # (T, Layout.state)
    known: Floats  # (T, Layout.known)
    free: Floats  # (Layout.state,) 1 where the clip teaches
    heard: bool  # whether the mouth goes with the sound
    gap: Floats  # (T,) between the lips, cm
    mood: Floats  # (2,) mean smile and raise of the brows
    style: Floats = field(default_factory=lambda: np.zeros(0, np.float32))  # (S,), nan where it is not known


def load_clips(
    data: Path, folder: str, geometry: LipGeometry, net: Articulation, variants: tuple[str, ...] = ("",)
) -> list[Clip]:
    """Clips of a set in those variants of its features that begin with one of ``variants``."""
    speakers, foreign = speakers_of(data, folder), unheard(folder)
    clips = []
    for path in sorted((data / "features" / folder).glob("*.npz")):
        name, _, variant = path.stem.partition("@")
        track = data / "tracks" / folder / f"{name}.npz"
        if track.exists() and any(variant.endswith(v) if v else not variant for v in variants):
            clip = _load(path, track, speakers.get(name, folder), geometry, net)
            clip.heard = name not in foreign
            if folder in STILL:
                clip.free[: Layout.head.stop] = 0
            if not clip.heard:
                clip.free[Layout.mouth] = 0
            clips += [clip] if len(clip.state) >= 20 else []
    _measure_speakers(clips)
    return clips


def _load(path: Path, track: Path, group: str, geometry: LipGeometry, net: Articulation) -> Clip:
    name, _, variant = path.stem.partition("@")
    speed = float(variant.partition("#")[0] or 1)
    with np.load(path) as f, np.load(track) as t:
        features, voice = f["features"].astype(np.float16), f["voice"].astype(np.float16)
        tracked = {key: np.nan_to_num(t[key]).astype(np.float32) for key in t.files}
    tracked = {k: played(v if v.ndim > 1 else v[:, None], speed) for k, v in tracked.items()}
    frames = min(len(features) // 2, len(tracked["expression"]))
    features, voice = features[: 2 * frames], voice[: 2 * frames]
    expression, rotation, gaze = (tracked[k][:frames] for k in ("expression", "rotation", "gaze"))
    mouth = geometry.agreed(symmetric(expression), tracked["lip_gap"][:frames, 0])
    said = articulated(net, features.astype(np.float32))
    corners = [EXPRESSION_INDEX[n] for n in CORNERS]
    beyond = slow(expression[:, corners] - said[:, corners], MOOD)
    face = expression[:, [EXPRESSION_INDEX[n] for n in FACE]]
    path_ = slow(rotation, QUICK)
    lids = expression[:, [EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]].mean(1)
    state = np.concatenate([_centred(face), _centred(beyond), rotation - path_, mouth], 1)
    known = np.concatenate([_centred(path_), _centred(gaze), lids[:, None]], 1)
    return Clip(
        name,
        group,
        features,
        voice,
        state.astype(np.float32),
        known.astype(np.float32),
        np.ones(Layout.state, np.float32),
        True,
        geometry.gap(mouth),
        np.array([expression[:, corners[SMILES]].mean(), _raised(face)], np.float32),
    )


def _raised(face: Floats) -> float:
    """Mean of brows up less brows down."""
    return float(face[:, 2:5].mean() - face[:, :2].mean())


def articulated(net: Articulation, features: Floats) -> Floats:
    """Expression (T, 52) that the articulation net makes of features (2 T, D)."""
    ahead = (net.least + net.most) // 2
    past = np.repeat(net.silence[None], net.context - 1 - ahead, 0)
    padded = np.concatenate([past, features, np.repeat(features[-1:], ahead + 1, 0)]).astype(np.float32)
    return np.stack([net(padded[2 * k : 2 * k + net.context], ahead)[0] for k in range(len(features) // 2)])


def slow(values: Floats, seconds: float) -> Floats:
    """The slow part of values (T, C): a Gaussian average, at the ends of what a straight line would give."""
    spread = seconds * MOTION_RATE
    time = np.arange(len(values), dtype=np.float64)
    moments = [gaussian_filter1d(time**k, spread, mode="constant") for k in range(3)]
    total = gaussian_filter1d(np.ones_like(time), spread, mode="constant")
    y0 = gaussian_filter1d(values.astype(np.float64), spread, axis=0, mode="constant")
    y1 = gaussian_filter1d(values * time[:, None], spread, axis=0, mode="constant")
    # local line through each neighbourhood: moments of time and of the values about the frame
    s1 = moments[1] - time * total
    s2 = moments[2] - 2 * time * moments[1] + time**2 * total
    line = (s2[:, None] * y0 - s1[:, None] * (y1 - time[:, None] * y0)) / (total * s2 - s1**2)[:, None]
    return line.astype(np.float32)


def _centred(values: Floats) -> Floats:
    return values - values.mean(0)


def _measure_speakers(clips: list[Clip]) -> None:
    """Styles: spreads of the four kinds of movement over each speaker's clips, and each clip's affect."""
    groups: dict[str, list[Clip]] = {}
    for clip in clips:
        groups.setdefault(clip.group, []).append(clip)
    for own in groups.values():
        spreads = []
        for part in (Layout.head, Layout.face, Layout.corners):
            values = np.concatenate([c.state[:, part] for c in own])
            values = values[:, BROWS] if part is Layout.face else values
            spreads.append(np.sqrt(values.var(0).mean()) if own[0].free[part].all() else np.nan)
        spreads.append(np.concatenate([c.gap for c in own]).std() if own[0].heard else np.nan)
        usual = np.mean([c.mood for c in own], 0)
        for clip in own:
            affect = ((clip.mood - usual) / AFFECT).clip(-2, 2)
            clip.style = np.array([*spreads, *affect], np.float32)


class Batch(NamedTuple):
    """Training examples: N = past + new + ahead frames, of which the ``new`` ones are to be made."""

    features: Tensor  # (B, 2 N, F) not yet normalised; rows that are not heard yet are nan
    state: Tensor  # (B, past + new, D), divided by the scale
    known: Tensor  # (B, past + new, K)
    exists: Tensor  # (B, past + new) 1 where the frame lies within its clip
    free: Tensor  # (B, D) 1 where the clip teaches
    style: Tensor  # (B, S) nan where it is not known


class Batches:
    """Random moments of clips, balanced over sets and speakers."""

    def __init__(
        self, sets: dict[str, list[Clip]], past: int, new: int, ahead: int, least: int, seed: int
    ) -> None:
        self.random = np.random.default_rng(seed)
        self.past, self.new, self.ahead, self.least = past, new, ahead, least
        self.clips = [clip for clips in sets.values() for clip in clips]
        weight = []
        for name, clips in sets.items():
            counts: dict[str, int] = {}
            for clip in clips:
                counts[clip.group] = counts.get(clip.group, 0) + len(clip.state)
            total = sum(np.sqrt(n) for n in counts.values())
            weight += [
                SETS[name] * np.sqrt(counts[c.group]) / total * len(c.state) / counts[c.group] for c in clips
            ]
        self.share = np.cumsum(weight) / np.sum(weight)

    def __call__(self, size: int) -> Batch:
        """``size`` examples."""
        numbers = np.searchsorted(self.share, self.random.random(size)).clip(max=len(self.clips) - 1)
        columns = zip(*(self._example(self.clips[n]) for n in numbers), strict=True)
        return Batch(*(torch.tensor(np.stack(column)) for column in columns))

    def _example(self, clip: Clip) -> tuple[Floats, ...]:
        frames = len(clip.state)
        now = int(self.random.integers(1, frames - self.new + 1))
        rows = np.arange(2 * (now - self.past), 2 * (now + self.new + self.ahead))
        features = clip.features[rows.clip(0, len(clip.features) - 1)].astype(np.float32)
        reach = int(self.random.choice((self.least, 2 * self.ahead, self.random.integers(self.least, 9))))
        features[rows > 2 * now + reach] = np.nan
        if not clip.heard:
            features[:] = np.nan
        at = np.arange(now - self.past, now + self.new)
        exists = ((at >= 0) & (at < frames)).astype(np.float32)
        at = at.clip(0, frames - 1)
        known = clip.known[at].copy()
        known[:, Layout.path] -= known[self.past, Layout.path]
        known[self.past + 1 :, Layout.path.stop :] = known[self.past, Layout.path.stop :]
        return features, clip.state[at], known, exists, clip.free, clip.style


def split(data: Path, geometry: LipGeometry, net: Articulation, variants: tuple[str, ...], test: bool):
    """Clips by set, those for training or (``test``) those held out of it."""
    sets = {}
    for folder in SETS:
        tested = held_out(folder)
        sets[folder] = [
            c for c in load_clips(data, folder, geometry, net, variants) if (c.name in tested) == test
        ]
    return {k: v for k, v in sets.items() if v}
