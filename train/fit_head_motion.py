"""Fit the style of head motion (vasari.motion.head_motion) to tracked talkers.

    python train/fit_head_motion.py --data ../motion-data

The slow part of tracked heads (acting_data.py) and the process, led by the same speech, are compared:
spread of yaw, pitch and roll within 15 s, speed, its distribution, its spectrum, the axes' shares, the speed
after an utterance starts. A random search moves the numbers of the style. The spread aims at that of varied
talkers, as the clips at hand are few: std 4.3 / 3.3 / 3.0 degrees. Prints the table and the style, to be
copied into HeadStyle.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import welch

from acting_data import QUICK, slow
from vasari.motion.cues import Cue, CueFinder
from vasari.motion.head_motion import HeadMotion, HeadStyle
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]
Talker = tuple[list[Cue], Reals]  # cues and rotation (T, 3)

CLIPS = ("ed_pose_source2", "it_ref", "lp_d9", "lp_d10", "vr_1", "vr_2", "vr_3", "vr_4", "vr_5")
PUBLISHED = {"std yaw": 4.3, "std pitch": 3.3, "std roll": 3.0}
BANDS = (0.0, 0.6, 1.2, 2.5, 5.0, 13.0)  # Hz
SEARCHED = {  # numbers of the style that the search moves, and how far (factor)
    "posture": 1.6,
    "shift": 1.4,
    "talking": 2.5,
    "slowness": 1.5,
    "sway": 2.0,
    "sway_rate": 2.0,
}
LIMITS = {"sway": (0.3, 2.5), "talking": (0.3, 1.6)}


def load(data: Path) -> list[Talker]:
    """Cues and the slow part of the tracked rotation of the clips of people who talk."""
    talkers = []
    for name in CLIPS:
        track, heard = (data / kind / "heads" / f"{name}.npz" for kind in ("tracks", "features"))
        if not track.exists() or not heard.exists():
            continue
        with np.load(track) as t, np.load(heard) as h:
            rotation = slow(t["rotation"], QUICK).astype(np.float64)
            features, voice = h["features"].astype(np.float32), h["voice"].astype(np.float32)
        finder, length = CueFinder(), min(len(rotation), len(features) // 2)
        cues = [finder.hear(features[2 * k : 2 * k + 2], voice[2 * k : 2 * k + 2]) for k in range(length)]
        talkers.append((cues, rotation[:length]))
    return talkers


def statistics(talkers: list[Talker]) -> dict[str, float]:
    """What a viewer sees of the motion, over all clips by their length."""
    window = 15 * MOTION_RATE
    lengths = np.array([len(r) for _, r in talkers], np.float64)
    spread = [np.mean([p.std(0) for p in np.array_split(r, max(1, len(r) // window))], 0) for _, r in talkers]
    std = np.average(spread, axis=0, weights=lengths)
    steps = [np.diff(r, axis=0) for _, r in talkers]
    speed = [np.linalg.norm(s, axis=1) for s in steps]
    frequency, power = _spectrum(steps)
    moved = np.concatenate(steps).var(0)
    every = np.concatenate(speed)
    result = {
        "std yaw": std[0],
        "std pitch": std[1],
        "std roll": std[2],
        "change a frame": every.mean(),
        "slowest tenth": np.quantile(every, 0.1) / every.mean(),
        "median": np.median(every) / every.mean(),
        "fastest tenth": np.quantile(every, 0.9) / every.mean(),
        "fastest hundredth": np.quantile(every, 0.99) / every.mean(),
        "share of yaw": moved[0] / moved.sum(),
        "share of roll": moved[2] / moved.sum(),
    }
    for low, high in pairwise(BANDS):
        share = power[(frequency >= low) & (frequency < high)].sum() / power.sum()
        result[f"{low:g}-{high:g} Hz"] = share
    starts = [
        s[k : k + 12].mean()
        for (cues, _), s in zip(talkers, speed, strict=True)
        for k, c in enumerate(cues[:-12])
        if c.start
    ]
    result["after starts"] = np.mean(starts) / every.mean()
    return {k: float(v) for k, v in result.items()}


def _spectrum(steps: list[Reals]) -> tuple[Reals, Reals]:
    """Frequencies and mean power of the steps, all axes together."""
    total = np.zeros(51)
    for s in steps:
        if len(s) >= 100:
            frequency, power = welch(s, MOTION_RATE, nperseg=100, axis=0)
            total += power.sum(1) * len(s)
    return frequency, total


def generated(talkers: list[Talker], style: HeadStyle, seeds: int = 3) -> list[Talker]:
    """The process led by the same speech."""
    made = []
    for seed in range(seeds):
        for number, (cues, _) in enumerate(talkers):
            head = HeadMotion(np.random.default_rng([seed, number]), style)
            made.append((cues, np.array([head.step(c)[0] for c in cues])))
    return made


def distance(made: dict[str, float], wanted: dict[str, float]) -> float:
    """Squared logarithms of ratios; spread and speed count more, weak couplings less."""
    weight = dict.fromkeys(PUBLISHED, 3.0) | {"2.5-5 Hz": 0.2, "5-13 Hz": 0.0, "0-0.6 Hz": 0.5}
    floor = 0.02
    return sum(
        weight.get(k, 1.0) * float(np.log((made[k] + floor) / (wanted[k] + floor)) ** 2) for k in wanted
    )


def varied(style: HeadStyle, random: np.random.Generator, width: float) -> HeadStyle:
    """A neighbour of a style."""
    changes: dict[str, Any] = {}
    for name, factor in SEARCHED.items():
        if random.random() < 0.4:
            value = np.atleast_1d(getattr(style, name))
            new = value * factor ** (width * random.uniform(-1, 1, len(value)))
            changes[name] = tuple(new.round(3).tolist()) if len(new) > 1 else round(float(new[0]), 3)
    for name, (low, high) in LIMITS.items():
        if name in changes:
            clipped = np.clip(changes[name], low, high)
            changes[name] = tuple(clipped.tolist()) if clipped.ndim else float(clipped)
    return replace(style, **changes)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--tries", type=int, default=150)
    args = parser.parse_args()
    talkers, random = load(args.data), np.random.default_rng(0)
    real = statistics(talkers)
    wanted, best = real | PUBLISHED, HeadStyle()
    score = distance(statistics(generated(talkers, best)), wanted)
    for number in range(args.tries):
        style = varied(best, random, 1 - 0.7 * number / args.tries)
        now = distance(statistics(generated(talkers, style)), wanted)
        if now < score:
            best, score = style, now
            print(f"{number}: {score:.3f}", flush=True)
    made = statistics(generated(talkers, best, seeds=6))
    seconds = sum(len(r) for _, r in talkers) / MOTION_RATE
    print(f"\n{len(talkers)} clips, {seconds:.0f} s\n\n| | tracked | wanted | made |\n|---|---|---|---|")
    for name, value in real.items():
        print(f"| {name} | {value:.2f} | {wanted[name]:.2f} | {made[name]:.2f} |")
    print(f"\n{best}")


if __name__ == "__main__":
    main()
