"""How well the acting net acts: on clips and speakers it has not learned from.

    python train/evaluate_acting.py --data ../motion-data --checkpoint acting.ckpt

From the speech, the lids, the gaze and the slow path of the head of each held-out clip, the net makes face,
corners, quick head and mouth, going on from what it made itself. Printed as Markdown, for numbers of steps
and scales of guidance:
 - lips: correlation of the gap with the tracked speaker's, median over clips; its amplitude over theirs;
   beside what the articulation net makes of the same features;
 - energy score (Gneiting and Raftery, JASA 102, 2007) of brows and of the quick head over the 0.56 s that
   follow a real past: E|X - y| - E|X - X'| / 2, in the talker's own spreads; lower is better. Beside it that
   of moments drawn at random from other speakers' clips, and of no motion;
 - liveliness: spread of brows and quick head over the speakers', and their speed over the speakers'.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from acting_data import BROWS, FACE, Clip, Layout, articulated, split
from acting_net import Acting, ActingNet, Shape
from lip_geometry import LipGeometry, symmetric
from train_acting import relate
from vasari.head.model import HeadModel
from vasari.motion.articulation import Articulation

Floats = NDArray[np.float32]
HORIZON = 14  # frames of the energy score
DRAWS = 8
PARTS = {"brows": slice(0, 5), "head": Layout.head}
assert FACE[BROWS][-1] == "browOuterUpRight"


def load(path: Path) -> tuple[ActingNet, Floats]:
    """The running mean of a checkpoint's net, and the median talker's spreads."""
    saved = torch.load(path, weights_only=True)
    weights = saved["mean_net"]
    shape = Shape(len(weights["mean"]), width=int(saved["width"]))
    net = ActingNet(shape, weights["mean"], weights["std"], weights["scale"], weights["step"])
    net.load_state_dict(weights)
    return net.eval(), saved["median"].numpy()


@torch.no_grad()
def acted(acting: Acting, clips: list[Clip], first: int, frames: int, ahead: int, seed: int) -> Floats:
    """States (B, frames, D) that follow on the real ones before ``first``, each clip for itself."""
    shape = acting.net.shape
    random = torch.Generator().manual_seed(seed)
    states = np.zeros((len(clips), first + frames + shape.new, Layout.state), np.float32)
    for state, clip in zip(states, clips, strict=True):
        state[:first] = clip.state[:first]
    style = torch.tensor(np.stack([c.style for c in clips]))
    for now in range(first, first + frames, shape.new):
        at = np.arange(now - shape.past, now + shape.new)
        rows = np.arange(2 * (now - shape.past), 2 * (now + shape.new + shape.ahead))
        features, known = [], []
        for clip in clips:
            heard = clip.features[rows.clip(0, len(clip.features) - 1)].astype(np.float32)
            heard[rows > 2 * now + ahead] = np.nan
            expected = clip.known[at.clip(0, len(clip.known) - 1)].copy()
            expected[:, Layout.path] -= expected[shape.past, Layout.path]
            expected[shape.past + 1 :, Layout.path.stop :] = expected[shape.past, Layout.path.stop :]
            features.append(heard)
            known.append(expected)
        exists = torch.tensor((at >= 0).astype(np.float32)).expand(len(clips), -1)
        made = acting(
            torch.tensor(np.stack(features)),
            torch.tensor(states[:, at[: shape.past].clip(0)]),
            torch.tensor(np.stack(known)),
            exists,
            style,
            torch.randn(len(clips), shape.new, Layout.state, generator=random),
        )
        states[:, now : now + shape.new] = made.numpy()
    return states[:, first : first + frames]


def lips(made: list[Floats], clips: list[Clip], geometry: LipGeometry) -> tuple[float, float]:
    """Correlation of the gaps, and their amplitude over the speakers', medians over clips."""
    gaps = [geometry.gap(m[: len(c.gap)]) for m, c in zip(made, clips, strict=True)]
    rs = [np.corrcoef(g, c.gap)[0, 1] for g, c in zip(gaps, clips, strict=True) if g.std() > 1e-4]
    spread = [g.std() / max(float(c.gap.std()), 1e-3) for g, c in zip(gaps, clips, strict=True)]
    return float(np.nanmedian(rs)), float(np.median(spread))


def energy(draws: Floats, real: Floats) -> float:
    """Energy score of draws (N, B, F) for real (B, F), mean over B."""
    n = len(draws)
    off = np.linalg.norm(draws - real, axis=-1).mean()
    apart = np.linalg.norm(draws[:, None] - draws[None], axis=-1).sum((0, 1)).mean() / (n * (n - 1))
    return float(off - apart / 2)


def scores(acting: Acting, clips: list[Clip], ahead: int) -> dict[str, float]:
    """Energy scores and liveliness over held-out moments."""
    first = acting.net.shape.past
    clips = [c for c in clips if len(c.state) >= first + HORIZON]
    draws = np.stack([acted(acting, clips, first, HORIZON, ahead, seed) for seed in range(DRAWS)])
    real = np.stack([c.state[first : first + HORIZON] for c in clips])
    scale = acting.net.scale.numpy()
    random = np.random.default_rng(0)
    result = {}
    for name, part in PARTS.items():
        made, true = draws[..., part] / scale[part], real[..., part] / scale[part]
        begin = np.stack([c.state[first - 1] for c in clips])[:, None, part] / scale[part]
        order = np.stack([random.permutation(len(clips)) for _ in range(DRAWS)])
        other = begin + (true - begin)[order]  # another's moment, from where this one was

        def flat(x: Floats) -> Floats:
            return x.reshape(*x.shape[:-2], -1)

        result[f"{name}: energy score"] = energy(flat(made), flat(true))
        result[f"{name}: of others' moments"] = energy(flat(other), flat(true))
        result[f"{name}: of no motion"] = float(np.linalg.norm(flat(true - begin), axis=-1).mean())
        result[f"{name}: spread"] = float(made.std(2).mean() / true.std(1).mean())
        speed = np.abs(np.diff(made, axis=2)).mean() / np.abs(np.diff(true, axis=1)).mean()
        result[f"{name}: speed"] = float(speed)
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--checkpoint", type=Path, default=Path("acting.ckpt"))
    parser.add_argument("--ahead", type=int, default=8, help="feature rows heard after each moment")
    parser.add_argument("--steps", type=int, nargs="+", default=[4, 6, 10])
    parser.add_argument("--guidance", nargs="+", default=["0,0", "0.5,0", "0.5,0.5"])
    args = parser.parse_args()
    geometry, articulation = LipGeometry(HeadModel.load()), Articulation()
    net, median = load(args.checkpoint)
    sets = split(args.data, geometry, articulation, ("",), test=True)
    relate(sets, median)
    print("| set | steps | guidance: speech, known | lips: r, amplitude | brows | head |")
    print("|---|---|---|---|---|---|")
    for name, clips in sets.items():
        said = [symmetric(articulated(articulation, c.features.astype(np.float32))) for c in clips]
        r, amplitude = lips(said, clips, geometry)
        print(f"| {name} | articulation net | | {r:.3f}, {amplitude:.2f} | | |", flush=True)
        for steps in args.steps:
            for guidance in args.guidance if steps == args.steps[0] else args.guidance[:1]:
                acting = Acting(net, steps, *map(float, guidance.split(","))).eval()
                frames = min(75, max(len(c.state) for c in clips))
                made = acted(acting, clips, 0, frames, args.ahead, 0)[..., Layout.mouth]
                r, amplitude = lips(list(made), [_cut(c, frames) for c in clips], geometry)
                row = f"| {name} | {steps} | {guidance} | {r:.3f}, {amplitude:.2f} |"
                if name != "grid_s1":
                    found = scores(acting, clips, args.ahead)
                    for part in PARTS:
                        own = {k.partition(": ")[2]: v for k, v in found.items() if k.startswith(part)}
                        row += " " + ", ".join(f"{k} {v:.2f}" for k, v in own.items()) + " |"
                print(row, flush=True)


def _cut(clip: Clip, frames: int) -> Clip:
    clip.gap = clip.gap[:frames]
    return clip


if __name__ == "__main__":
    main()
