"""What the sync net's cosines mean, told by clips that it has not learned from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from scipy.optimize import minimize

from onnx_header import write_header
from sync_data import Take
from vasari.measure.scorer import (
    MOST_LAG,
    Embedded,
    SyncScorer,
    cosines,
    evidence,
    far,
    vertex,
)
from vasari.motion.motion import Motion

Reals = NDArray[np.float64]
#: Clips of a speaker put together, so that there are longer ones.
TOGETHER = (1, 2, 4, 8)
#: Frames by which motion is moved at most, to see whether its lag is found.
MOST_SHIFT = 5


def embedded(scorer: SyncScorer, take: Take, expression: NDArray[np.float32] | None = None) -> Embedded:
    """A take, with its own motion or another, as the nets see it."""
    shown = take.expression if expression is None else expression
    length = min(len(take), len(shown))
    none = np.zeros((length, 3), np.float32)
    motion = Motion(shown[:length], none, none, none[:, :2])
    return scorer.embedded(motion, take.features.astype(np.float32), take.voice)


def joined(parts: list[Embedded]) -> Embedded:
    """Several clips as one, with nothing between them that could be compared."""
    gap = [(0, MOST_LAG), (0, 0)]
    heard, seen = (
        np.concatenate([np.pad(x, gap) for x in xs])
        for xs in ([p.heard for p in parts], [p.seen for p in parts])
    )
    weight = np.concatenate([np.pad(p.weight, gap[:1]) for p in parts])
    return Embedded(heard, weight, seen, sum(p.windows for p in parts))


def crossed(heard: Embedded, seen: Embedded) -> Embedded:
    """The speech of one with the motion of another."""
    length = min(len(heard.heard), len(seen.seen))
    windows = round(heard.windows * length / len(heard.heard))
    return Embedded(heard.heard[:length], heard.weight[:length], seen.seen[:length], windows)


def shifted(one: Embedded, lag: int) -> Embedded:
    """The same with the motion ``lag`` frames later."""
    length = len(one.heard) - abs(lag)
    early, late = max(-lag, 0), max(lag, 0)
    windows = round(one.windows * length / len(one.heard))
    return (
        Embedded(one.heard[late:], one.weight[late:], one.seen[:length], windows)
        if lag > 0
        else Embedded(one.heard[:length], one.weight[:length], one.seen[early:], windows)
    )


def groups_of(scorer: SyncScorer, takes: list[Take], together: int) -> list[list[Embedded]]:
    """Takes of one speaker, ``together`` at a time, as the nets see them."""
    by_speaker: dict[str, list[Take]] = {}
    for take in takes:
        if take.near.sum() >= 15:
            by_speaker.setdefault(take.group, []).append(take)
    parts = [[embedded(scorer, t) for t in some] for some in by_speaker.values()]
    return [some[k : k + together] for some in parts for k in range(0, len(some) - together + 1, together)]


def calibrate(path: Path, sets: dict[str, list[Take]]) -> None:
    """Write the unit of agreement and the weights of confidence into the net's file."""
    header = json.loads(onnx.load(path).metadata_props[0].value) | {"unit": 1.0, "confidence": [0.0] * 4}
    write_header(path, header)
    scorer = SyncScorer(onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]))
    everyone = [t for takes in sets.values() for t in takes]
    strangers = [t for t in everyone if t.group != "grid_s1"]  # to whom the net has not listened
    curves = [cosines(g[0]) for g in groups_of(scorer, strangers or everyone, 1)]
    unit = float(np.median([(c - far(c))[MOST_LAG] for c in curves]))
    random, rows, truth = np.random.default_rng(0), list[Reals](), list[int]()
    for takes in sets.values():
        for together in TOGETHER:
            groups = groups_of(scorer, takes, together)
            for k in range(len(groups) if len(groups) > 3 else 0):
                other = groups[(k + 1 + int(random.integers(len(groups) - 1))) % len(groups)]
                lag = int(random.integers(-MOST_SHIFT, MOST_SHIFT + 1))
                real = joined([shifted(p, lag) for p in groups[k]])
                foreign = joined([crossed(a, b) for a, b in zip(groups[k], other, strict=True)])
                for one in (real, foreign):
                    curve = cosines(one)
                    peak = vertex((curve - far(curve)) / unit)[1]
                    rows.append(evidence(curve, peak, one.windows))
                truth += [1, 0]
    confidence = logistic(np.array(rows), np.array(truth)).tolist()
    write_header(path, header | {"unit": unit, "confidence": confidence})


def logistic(rows: Reals, truth: NDArray[np.int_]) -> Reals:
    """Weights (K,) of the logistic regression of truth (n,), 0 or 1, on rows (n, K); a little restrained."""
    sign = 2 * truth - 1

    def cost(weights: Reals) -> float:
        return float(np.logaddexp(0, -sign * (rows @ weights)).mean() + 1e-3 * (weights[1:] ** 2).sum())

    return np.round(minimize(cost, np.zeros(rows.shape[1])).x, 5)
