"""Train the acting net: speech, the last half second and what is known beforehand in; face, head, mouth out.

    python train/prepare_motion_data.py --source ../shared/data --out ../motion-data
    python train/train_acting.py --data ../motion-data --checkpoint acting.ckpt

Flow matching (acting_net.py) on random moments of tracked clips (acting_data.py). Speech, past and what is
known are each left out at random, for guidance. The past is disturbed a little, so that the net forgives its
own errors when it goes on from them. A run stopped before its end goes on when the same command is given
again. TensorBoard reads the curves beside the checkpoint.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from acting_data import STILL, Batch, Batches, Clip, Layout, split
from acting_net import ActingNet, Shape
from checkpoint import Checkpoint
from lip_geometry import CLOSED, LipGeometry
from vasari.head.model import HeadModel
from vasari.motion.articulation import Articulation

Floats = NDArray[np.float32]
DRAWS = 4  # noises a moment
LEFT_OUT = (0.12, 0.2, 0.12, 0.5)  # how often speech, past, what is known, and the past mouth are left out
DISTURBANCE = 0.05  # of the past, in steps, at most
GAP = 1.0  # weight of the squared error of the gap between the lips, cm


def loss_of(net: ActingNet, gap_row: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Squared errors of the velocity, by kind of movement, and of the gap between the lips."""
    shape, size = net.shape, len(batch.state)
    keep = (torch.rand(size, 4) >= torch.tensor(LEFT_OUT)).float()
    past = batch.state[:, : shape.past]
    past = past + DISTURBANCE * net.step[0] * torch.rand(size, 1, 1) * torch.randn_like(past)
    with torch.autocast("cpu", torch.bfloat16):
        memory = net.listen(batch.features, past, batch.known, batch.exists, batch.style, batch.free, keep)
    free = batch.free.repeat_interleave(DRAWS, 0)[:, None]
    goal = net.goal(past[:, -1], batch.state[:, shape.past :]).repeat_interleave(DRAWS, 0) * free
    noise = torch.randn_like(goal) * free
    moment = torch.sigmoid(torch.randn(len(goal)))
    x = torch.lerp(noise, goal, moment[:, None, None])
    with torch.autocast("cpu", torch.bfloat16):
        velocity = net.velocity(x, moment, memory)
    error = (velocity.float() - (goal - noise)) * free
    losses = {}
    for name in ("face", "corners", "head", "mouth"):
        part = getattr(Layout, name)
        losses[name] = error[..., part].square().sum() / (free[..., part].sum() * shape.new + 1)
    # what the flow would end at: its gap counts, closed lips most
    off = (error * (1 - moment[:, None, None]) * net.step)[..., Layout.mouth] @ gap_row
    seen = torch.relu((goal * net.step)[..., Layout.mouth] @ gap_row)
    weight = free[..., Layout.mouth.start] * (1 + 3 * torch.exp(-seen / CLOSED))
    losses["gap"] = GAP * (off.square() * weight).mean()
    return losses


def make_net(sets: dict[str, list[Clip]], width: int) -> ActingNet:
    """A net whose scales are those of the clips."""
    clips = [clip for own in sets.values() for clip in own]
    rows = np.concatenate([c.features[::9] for c in clips]).astype(np.float32)
    shape = Shape(rows.shape[1], width=width)
    scale, step = [], []
    for k in range(Layout.state):
        columns = [c.state[:, k] for c in clips if c.free[k]]
        scale.append(np.sqrt(np.concatenate(columns).var()))
        lags = range(1, shape.new + 1) if k < Layout.mouth.start else [0] * shape.new
        ways = [np.concatenate([c[lag:] - c[: len(c) - lag] if lag else c for c in columns]) for lag in lags]
        step.append([np.sqrt((way**2).mean()) for way in ways])
    scales = torch.tensor(np.array(scale, np.float32).clip(5e-3))
    steps = torch.tensor(np.array(step, np.float32).T.clip(1e-3))
    return ActingNet(shape, torch.tensor(rows.mean(0)), torch.tensor(rows.std(0) + 1e-2), scales, steps)


def relate(sets: dict[str, list[Clip]], median: Floats | None = None) -> Floats:
    """Make the spreads in the clips' styles logarithms over the median talker's, which are returned."""
    clips = [clip for own in sets.values() for clip in own]
    n = len(Layout.spreads)
    if median is None:
        talkers = {c.group: c.style[:n] for name in sets if name not in STILL for c in sets[name]}
        median = np.nanmedian(np.stack(list(talkers.values())), 0).astype(np.float32)
    for clip in clips:
        clip.style[:n] = np.log(clip.style[:n] / median).clip(-2, 2)
    return median


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--checkpoint", type=Path, default=Path("acting.ckpt"))
    parser.add_argument("--variants", nargs="*", default=["#0", "#1", "#2", "#3"], help="takes to learn from")
    parser.add_argument("--steps", type=int, default=12000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=6e-4)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    geometry, articulation = LipGeometry(HeadModel.load()), Articulation()
    sets = split(args.data, geometry, articulation, tuple(args.variants), test=False)
    print({k: len(v) for k, v in sets.items()}, flush=True)
    median = relate(sets)
    net = make_net(sets, args.width)
    mean_net = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=0.05, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.rate, total_steps=args.steps, pct_start=0.05
    )
    shape = net.shape
    batches = Batches(sets, shape.past, shape.new, shape.ahead, 1, args.seed)
    checkpoint = Checkpoint(
        args.checkpoint, net=net, mean_net=mean_net, optimizer=optimizer, schedule=schedule
    )
    first = checkpoint.resume()
    batches.random = np.random.default_rng([args.seed, first])
    curves = checkpoint.curves(first)
    began, totals = time.time(), dict[str, float]()
    for step in range(first, args.steps):
        losses = loss_of(net, geometry.gap_row, batches(args.batch))
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            for mean, now in zip(mean_net.parameters(), net.parameters(), strict=True):
                mean.lerp_(now, max(0.001, 1 / (step + 2)))
        totals = {k: 0.99 * totals.get(k, v.item()) + 0.01 * v.item() for k, v in losses.items()}
        if (step + 1) % 200 == 0 or step + 1 == args.steps:
            checkpoint.save(step + 1, width=args.width, median=torch.tensor(median))
            for name, value in totals.items():
                curves.add_scalar(name, value, step + 1)
            shown = " ".join(f"{k} {v:.3f}" for k, v in totals.items())
            print(f"step {step + 1} {time.time() - began:.0f} s: {shown}", flush=True)


if __name__ == "__main__":
    main()
