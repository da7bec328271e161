"""Train the sync net: which motion of the lips belongs to which speech.

    python train/prepare_motion_data.py --source ../shared/data --out ../motion-data
    python train/prepare_takes.py --source ../shared/data --out ../motion-data
    python train/train_sync.py --data ../motion-data

Contrastive (van den Oord et al., "Representation learning with contrastive predictive coding", 2018): each
crop of speech must find its own motion among the same motion earlier and later, other motion of the same set
(mostly of the same speaker), and faces that only pretend: frozen, trembling, played backwards, mixed up in
time; and each motion its own speech. Crops of speech and of motion begin at different moments, so that
their edges tell nothing. A run stopped before its end goes on when the same command is given again; curves
are written for TensorBoard beside the checkpoint.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from checkpoint import Checkpoint
from lip_geometry import LipGeometry, symmetric
from onnx_header import write_header
from sync_calibration import calibrate
from sync_data import SETS, Take, load_takes, split
from sync_net import SHAPES, Shape, SyncNet, agreement, coloured, lip_shapes
from vasari.head.model import HeadModel

Floats = NDArray[np.float32]
FORMAT, FORMAT_VERSION = "vasari-sync", 1
SHARES = {"grid_s1": 0.35, "lrc_ar": 0.5, "heads": 0.15}
CROP = 24  # motion frames
APART = 6  # most frames between the beginnings of a crop of speech and one of motion
LAGS = 10  # frames by which the same motion may come too early or late
NEAR = 1  # frames of lag that are not counted as wrong


class Batch(NamedTuple):
    """Crops of speech and of motion of the same takes."""

    features: Tensor  # (B, 2 CROP, D)
    near: Tensor  # (B, CROP)
    expression: Tensor  # (B, CROP, 52)
    apart: Tensor  # (B,) frames that the crop of speech begins after that of motion


class Batches:
    """Random crops of one set at a time, so that nothing but the match tells them apart."""

    def __init__(self, sets: dict[str, list[Take]], seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.sets = {name: [t for t in takes if _fits(t)] for name, takes in sets.items()}
        share = np.array([SHARES[name] for name in self.sets])
        self.share = share / share.sum()

    def __call__(self, size: int) -> Batch:
        """``size`` crops; of sets with several speakers, a few speakers at a time."""
        takes = self.sets[list(self.sets)[self.random.choice(len(self.sets), p=self.share)]]
        weights = np.array([len(t) * t.near.mean() / (3 if t.variant else 1) for t in takes])
        groups = sorted({t.group for t in takes})
        if len(groups) > 6:
            some = set(self.random.choice(groups, 6, replace=False))
            weights *= [t.group in some for t in takes]
        crops = [
            self._crop(takes[i]) for i in self.random.choice(len(takes), size, p=weights / weights.sum())
        ]
        return Batch(*(torch.tensor(np.stack(column)) for column in zip(*crops, strict=True)))

    def _crop(self, take: Take) -> tuple[Floats, Floats, Floats, np.int64]:
        room = len(take) - CROP
        seen = int(self.random.integers(0, room + 1))
        low, high = max(0, seen - APART), min(room, seen + APART)
        heard = int(self.random.integers(low, high + 1))
        rows = slice(2 * heard, 2 * (heard + CROP))
        return (
            take.features[rows].astype(np.float32),
            take.near[heard : heard + CROP],
            take.expression[seen : seen + CROP],
            np.int64(heard - seen),
        )


def _fits(take: Take) -> bool:
    """Whether a take is long enough for a crop, and has a voice in it."""
    return len(take) >= CROP + 2 and take.near.mean() > 0.3


def styled(shapes: Tensor) -> Tensor:
    """Lip shapes (B, T, S) as another face would do the same: parts weaker or stronger, noise, smoothness."""
    size = len(shapes)
    shapes = shapes * (1 + 0.25 * torch.randn(size, 1, SHAPES)).clamp(0.3, 2)
    soft = torch.rand(size, 1, 1) * 0.4 * (torch.rand(size, 1, 1) < 0.5)
    before, after = shapes[:, [0, *range(CROP - 1)]], shapes[:, [*range(1, CROP), CROP - 1]]
    shapes = (1 - soft) * shapes + soft / 2 * (before + after)
    noise = torch.rand(size, 1, 1) ** 2 * 0.06
    return shapes + noise * torch.randn_like(shapes)


def pretended(shapes: Tensor) -> Tensor:
    """Faces that belong to no speech (J, T, S): frozen, trembling, backwards, mixed up in time, wandering."""
    some = shapes[torch.randperm(len(shapes))[: 5 * (len(shapes) // 10)]]
    frozen, trembling, backward, mixed, wander = some.chunk(5)
    frozen = frozen[:, :1].expand_as(frozen) + 0.01 * torch.randn_like(frozen) * torch.rand(len(frozen), 1, 1)
    trembling = trembling.mean(1, True) + trembling.std(1, keepdim=True) * torch.randn_like(trembling)
    pieces = mixed.unflatten(1, (4, CROP // 4))[:, torch.randperm(4)].flatten(1, 2)
    steps = torch.randn_like(wander).cumsum(1)
    wander = (
        wander.mean(1, True) + 2 * wander.std(1, keepdim=True) * (steps - steps.mean(1, True)) / CROP**0.5
    )
    return torch.cat([frozen, trembling, backward.flip(1), pieces, wander])


def loss_of(net: SyncNet, batch: Batch) -> dict[str, Tensor]:
    """Cross-entropies of speech finding its motion, and of motion finding its speech."""
    noise = 0.05 * batch.features.std((0, 1)) * torch.randn_like(batch.features)
    heard, weight = net.heard(coloured(batch.features) + noise)
    weight = weight * batch.near
    shapes = batch.expression @ net.shapes
    every = net.moved(torch.cat([styled(shapes), pretended(shapes)]))
    heard, weight = laid(heard, batch.apart), laid(weight[..., None], batch.apart)[..., 0]
    at_lag = [
        whole(heard, weight, every[: len(heard)], lag)
        for lag in range(-LAGS, LAGS + 1)
        if abs(lag) > NEAR or not lag
    ]
    own = torch.stack(at_lag, 1)  # (B, L)
    there = slice(LAGS, LAGS + CROP)
    total = weight[:, there].sum(1, keepdim=True) + 1e-3
    table = (heard[:, there] * weight[:, there, None]).flatten(1) @ every.flatten(1).T / total  # (B, B + J)
    size = len(heard)
    scale, mine = net.sharpness.exp(), torch.arange(size)
    own, table = scale * own, scale * table
    right = own.shape[1] // 2
    others = table.masked_fill(torch.eye(size, table.shape[1], dtype=torch.bool), -torch.inf)
    by_speech = torch.cat([own, others], 1)
    spoken = (total[:, 0] > 2).float()
    find_motion = F.cross_entropy(by_speech, torch.full((size,), right), reduction="none")
    find_time = F.cross_entropy(own, torch.full((size,), right), reduction="none")
    find_speech = F.cross_entropy(table[:, :size].T, mine, reduction="none")
    count = spoken.sum() + 1
    return {
        "motion": (find_motion * spoken).sum() / count,
        "time": (find_time * spoken).sum() / count,
        "speech": 0.5 * (find_speech * spoken).sum() / count,
    }


def laid(x: Tensor, apart: Tensor) -> Tensor:
    """(B, CROP, E), each moved by ``apart`` frames into (B, CROP + 2 LAGS, E), zeros around it."""
    padded = F.pad(x, (0, 0, LAGS, LAGS))
    at = torch.arange(padded.shape[1])[None] - apart[:, None]  # (B, CROP + 2 LAGS)
    inside = (at >= 0) & (at < padded.shape[1])
    index = at.clamp(0, padded.shape[1] - 1)[..., None].expand_as(padded)
    return padded.gather(1, index) * inside[..., None]


def whole(heard: Tensor, weight: Tensor, seen: Tensor, lag: int) -> Tensor:
    """Agreement (B,) when motion comes ``lag`` frames later than it should."""
    part = slice(LAGS - lag, LAGS - lag + CROP)
    return agreement(heard[:, part], weight[:, part], seen)


def train(args: argparse.Namespace, sets: dict[str, list[Take]], chosen: dict[str, list[Take]]) -> SyncNet:
    """Run (or go on with) the training; returns the running mean of the net's weights."""
    torch.manual_seed(args.seed)
    net = fresh(sets)
    mean_net, batches = copy.deepcopy(net).eval(), Batches(sets, args.seed)
    optimizer = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.rate, total_steps=args.steps, pct_start=0.1
    )
    checkpoint = Checkpoint(
        args.checkpoint, net=net, mean_net=mean_net, optimizer=optimizer, schedule=schedule
    )
    first = checkpoint.resume()
    if first:
        batches.random = np.random.default_rng([args.seed, first])
        torch.manual_seed(args.seed + first)
    curves, began = checkpoint.curves(first), time.time()
    for step in range(first, args.steps):
        losses = loss_of(net, batches(args.batch))
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        keep = min(0.998, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, now in zip(mean_net.parameters(), net.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        if (step + 1) % 20 == 0:
            for name, value in losses.items():
                curves.add_scalar(f"loss/{name}", value.item(), step + 1)
        if (step + 1) % 250 == 0 or step + 1 == args.steps:
            checkpoint.save(step + 1)
            shown = {k: f"{v.item():.3f}" for k, v in losses.items()}
            for name, takes in chosen.items():
                for what, share in found(mean_net, takes).items():
                    curves.add_scalar(f"{name}/{what}", share, step + 1)
                    shown[f"{name}/{what}"] = f"{share:.3f}"
            print(f"step {step + 1} {time.time() - began:.0f} s {shown}", flush=True)
    curves.close()
    return mean_net


def fresh(sets: dict[str, list[Take]]) -> SyncNet:
    """A net that has learned nothing but what is usual in features and lips."""
    plain = [t for takes in sets.values() for t in takes if not t.variant]
    features = np.concatenate([t.features for t in plain]).astype(np.float32)
    channels = symmetric(np.concatenate([t.expression - t.expression.mean(0) for t in plain]))
    geometry = LipGeometry(HeadModel.load())
    return SyncNet(Shape(), features.mean(0), features.std(0) + 1e-3, lip_shapes(geometry, channels))


@torch.no_grad()
def found(net: SyncNet, takes: list[Take]) -> dict[str, float]:
    """Share of takes whose own motion agrees better than it does 80 ms off, and than that of others."""
    takes = [t for t in takes if t.near.sum() > 8]
    ears = [net.heard(torch.tensor(t.features.astype(np.float32))[None]) for t in takes]
    eyes = [net.seen(torch.tensor(t.expression)[None]) for t in takes]
    shifted, foreign = [], []
    for i, take in enumerate(takes):
        heard, weight = ears[i]
        weight = weight * torch.tensor(take.near)
        own = agreement(heard, weight, eyes[i]).item()
        shifted += [own > agreement(heard, weight, eyes[i], lag).item() for lag in (-2, 2)]
        for j in range(i + 1, i + 6):
            other = eyes[j % len(takes)]
            length = min(heard.shape[1], other.shape[1])
            at_other = agreement(heard[:, :length], weight[:, :length], other[:, :length]).item()
            foreign.append(own > at_other)
    return {"shifted": float(np.mean(shifted)), "foreign": float(np.mean(foreign))}


def export(net: SyncNet, path: Path, facts: dict[str, object]) -> None:
    """Write the net as ONNX; its metadata say how to read what it gives."""
    example = (torch.zeros(1, 80, net.mean.shape[0]), torch.zeros(1, 40, 52))
    torch.onnx.export(
        net.eval(),
        example,
        path,
        input_names=["features", "expression"],
        output_names=["heard", "weight", "seen"],
        dynamic_axes={"features": {1: "rows"}, "expression": {1: "frames"}},
        opset_version=17,
        dynamo=False,
    )
    write_header(path, {"format": FORMAT, "version": FORMAT_VERSION, **facts})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--out", type=Path, default=Path("src/vasari/assets/sync.onnx"))
    parser.add_argument("--checkpoint", type=Path, default=Path("sync.ckpt"))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=60)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    learned, chosen = dict[str, list[Take]](), dict[str, list[Take]]()
    for folder in SETS:
        some, kept, _ = split(load_takes(args.data, folder), folder)
        if some:
            learned[folder] = some
        if kept:
            chosen[folder] = [t for t in kept if not t.variant]
    print({k: len(v) for k, v in learned.items()}, {k: len(v) for k, v in chosen.items()}, flush=True)
    net = train(args, learned, chosen)
    minutes = sum(len(t) for takes in learned.values() for t in takes if not t.variant) / 25 / 60
    export(net, args.out, {"steps": args.steps, "minutes": round(minutes, 1)})
    calibrate(args.out, chosen)
    print(f"wrote {args.out}; now: python train/evaluate_sync.py --data {args.data}")


if __name__ == "__main__":
    main()
