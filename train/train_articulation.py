"""Train the articulation net: speech features in, lips, jaw and cheeks out.

    python train/prepare_motion_data.py --data ../shared/data --out ../motion-data
    python train/train_articulation.py --data ../motion-data

A small convolution net (articulation_net.py) sees 0.6 s of features, 20 to 160 ms of them ahead, and gives
the mouth of one motion frame. Its errors are counted where they are seen: on the lip and jaw landmarks of the
head model and on the gap between the lips, frames with closed lips more than others. Clips that are only
heard add what the lips of other voices must do: close or not, and which viseme it is. How each speaker
holds their mouth is learned beside it, as an offset, and left out of the result. Afterwards the amplitude,
which least squares shrinks, is set right on clips kept apart for that, the reading of sounds is fitted once
more, and the net is written as ONNX. ``--begin A B --steps 0`` does that alone to the mean of two runs. A
run stopped before its end goes on when the same command is given again; curves are written for TensorBoard
beside the checkpoint.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from articulation_data import SETS, Batch, Batches, Clip, held_out, load_clips
from articulation_net import CURVES, Articulation, ArticulationNet, Shape
from checkpoint import Checkpoint
from lip_geometry import CHANNELS, LipGeometry
from onnx_header import write_header
from vasari.head.model import HeadModel
from visemes import CLOSED, NAMES, UNKNOWN

Floats = NDArray[np.float32]
FORMAT, FORMAT_VERSION = "vasari-articulation", 3
MOST_GAIN = 1.1
CLOSED_SHARE = 0.66  # of the frames with a labelled closure, that are to close at least half


class Company(nn.Module):
    """What is learned beside the net and left out of the result.

    Each speaker's own manner: how they hold their mouth at rest (an offset) and how far they move it (a
    factor); and the mean shape of each viseme in tracked faces, for the clips that are only heard.
    """

    def __init__(self, speakers: int, curves: Floats) -> None:
        super().__init__()
        self.offset = nn.Embedding(max(speakers, 1), len(CHANNELS))
        self.extent = nn.Embedding(max(speakers, 1), 1)  # logarithm of the factor
        nn.init.zeros_(self.offset.weight)
        nn.init.zeros_(self.extent.weight)
        moved = np.nanstd(curves, 0) if len(curves) else np.zeros(CURVES, np.float32)
        self.curve_scale = nn.Buffer(torch.tensor(np.where(moved > 0.005, 1 / np.maximum(moved, 0.02), 0)))
        self.curve_mean = nn.Buffer(torch.tensor(np.nanmean(curves, 0) if len(curves) else moved))
        self.shape = nn.Buffer(torch.zeros(len(NAMES), len(CHANNELS)))
        self.weight = nn.Buffer(torch.zeros(len(NAMES)))

    def manner(self, out: Tensor, speaker: Tensor) -> Tensor:
        """Channels (B, M, C) as the speakers (B,) of a batch would show them; -1 is nobody."""
        known = (speaker >= 0).float()[:, None]
        factor = torch.exp(self.extent(speaker.clamp(min=0)) * known)[:, None]
        return out * factor + (self.offset(speaker.clamp(min=0)) * known)[:, None]

    @torch.no_grad()
    def look(self, sounds: Tensor, channels: Tensor, mask: Tensor) -> None:
        """Follow the mean shapes: viseme probabilities (B, V, M) and tracked channels (B, M, C)."""
        share = sounds.transpose(1, 2) * mask[..., None]
        self.shape.mul_(0.998).add_(torch.einsum("bmv,bmc->vc", share, channels))
        self.weight.mul_(0.998).add_(share.sum((0, 1)))

    def shapes(self) -> Tensor:
        """Mean shapes (V, C)."""
        return self.shape / (self.weight[:, None] + 1)


def loss_of(net: ArticulationNet, company: Company, geometry: LipGeometry, batch: Batch) -> dict[str, Tensor]:
    """The parts of the loss.

    On tracked faces: squared errors on landmarks (cm), gap, speed and channels, and the extent of the
    movement; on all: closure, visemes, restraint.
    """
    heard = net.heard(batch.features, batch.ahead)
    free, touch = net.mouth(heard)
    out = company.manner(free, batch.speaker)
    mask, total = batch.mask, batch.mask.sum() + 1
    weight = mask * (1 + 3 * torch.exp(-batch.gap / geometry.closed)) / total
    still = weight[:, 1:] * mask[:, :-1]
    error = out - batch.channels  # (B, CROP, C)
    moved = error @ geometry.seen  # (B, CROP, 3 L)
    touches = F.binary_cross_entropy_with_logits(touch, batch.touching.clamp(min=0), reduction="none")
    sounds, labelled = net.sounds(heard), batch.visemes != UNKNOWN
    spelled = F.cross_entropy(sounds, batch.visemes, ignore_index=UNKNOWN, reduction="sum")
    company.look(sounds.softmax(1), batch.channels - company.manner(0 * free, batch.speaker), mask)
    shape = company.shapes()[batch.visemes.clamp(min=0)]
    shape = shape * batch.extent[:, None, None]
    stranger = ((free - shape) @ geometry.seen).square().sum(-1) * (batch.visemes > 0)
    known = batch.curves.isfinite()
    drawn = (batch.curves.nan_to_num() - company.curve_mean) * company.curve_scale
    drawn = (net.curves(heard).transpose(1, 2) - drawn) * (known & (company.curve_scale > 0))
    return {
        "shape": 30 * ((moved**2).sum(-1) * weight).sum(),
        "gap": 15 * ((error @ geometry.gap_row) ** 2 * weight).sum(),
        "speed": 30 * ((moved.diff(dim=1) ** 2).sum(-1) * still).sum(),
        "extent": 30 * extent_error(out, batch, geometry),
        "channels": 0.4 * ((error**2).sum(-1) * mask).sum() / total,
        "bounds": 0.5 * ((F.relu(-out) ** 2).sum(-1) * mask).sum() / total,
        "closure": 0.6 * (touches * (batch.touching >= 0)).sum() / total,
        "sounds": 0.25 * spelled / (labelled.sum() + 1),
        "strangers": 10 * stranger.sum() / (labelled.sum() + 1),
        "curves": 0.01 * drawn.square().sum() / (known[..., 0].sum() + 1),
        "manner": 0.3 * company.offset.weight.square().sum(-1).mean() + company.extent.weight.square().mean(),
    }


def extent_error(out: Tensor, batch: Batch, geometry: LipGeometry) -> Tensor:
    """Squared difference of the spreads (cm) that the gap and each landmark have over an example."""
    whole = (batch.mask.min(1).values > 0).float()

    def spreads(channels: Tensor) -> Tensor:
        gap = (channels @ geometry.gap_row)[..., None]
        return torch.cat([channels @ geometry.seen, gap], -1).var(1).add(1e-6).sqrt()

    error = (spreads(out) - spreads(batch.channels)).square().sum(-1)
    return (error * whole).sum() / (whole.sum() + 1)


def train(args: argparse.Namespace, sets: dict[str, list[Clip]], geometry: LipGeometry) -> ArticulationNet:
    """Run (or go on with) the training; returns the running mean of the net's weights."""
    some = np.concatenate([c.features for clips in sets.values() for c in clips[::7]]).astype(np.float32)
    shape = Shape(some.shape[1], args.width, dropout=args.dropout)
    net = ArticulationNet(shape, some.mean(0), some.std(0) + 1e-3)
    batches = Batches(sets, shape, silence_features(args.data), args.seed)
    drawn = [c.curves for clips in sets.values() for c in clips if np.isfinite(c.curves).all()]
    company = Company(len(batches.speakers), np.concatenate(drawn or [np.zeros((0, CURVES), np.float32)]))
    if args.begin:
        begun = [torch.load(path, weights_only=True)["mean_net"] for path in args.begin]
        net.load_state_dict({k: sum(b[k] for b in begun) / len(begun) for k in begun[0]})
    mean_net = copy.deepcopy(net).eval()
    weights = [*net.parameters(), *company.parameters()]
    optimizer = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=0.02)
    optimizer.add_param_group({"params": company.parameters(), "weight_decay": 0.0})
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.rate, total_steps=max(args.steps, 1), pct_start=0.1
    )
    checkpoint = Checkpoint(
        args.checkpoint, net=net, company=company, mean_net=mean_net, optimizer=optimizer, schedule=schedule
    )
    first = checkpoint.resume()
    if first:
        batches.random = np.random.default_rng([args.seed, first])
    curves, began, totals = checkpoint.curves(first), time.time(), dict[str, float]()
    for step in range(first, args.steps):
        losses = loss_of(net, company, geometry, batches(args.batch))
        optimizer.zero_grad()
        torch.stack(list(losses.values())).sum().backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        keep = min(0.999, (step + 1) / (step + 10))
        with torch.no_grad():
            for mean, now in zip(mean_net.parameters(), net.parameters(), strict=True):
                mean.lerp_(now, 1 - keep)
        totals = {k: 0.98 * totals.get(k, v.item()) + 0.02 * v.item() for k, v in losses.items()}
        if (step + 1) % 500 == 0 or step + 1 == args.steps:
            checkpoint.save(step + 1)
            for name, value in totals.items():
                curves.add_scalar(f"loss/{name}", value, step + 1)
            shown = " ".join(f"{k} {v:.4f}" for k, v in totals.items())
            print(f"step {step + 1} {time.time() - began:.0f} s: {shown}", flush=True)
    curves.close()
    return mean_net


def silence_features(data: Path) -> Floats:
    """Features (D,) of digital silence."""
    with np.load(data / "features" / "silence.npz") as f:
        silence: Floats = f["features"].astype(np.float32)[-1]
    return silence


def heard_of(net: ArticulationNet, clip: Clip, ahead: int) -> Tensor:
    """Inner states (1, W, T) of a clip."""
    rows = np.arange(ahead - net.shape.context + 1, 2 * len(clip.channels) - 1 + ahead)
    features = clip.features[np.clip(rows, 0, len(clip.features) - 1)].astype(np.float32)
    with torch.no_grad():
        return net.heard(torch.tensor(features)[None], torch.tensor([ahead]))


def predict(net: ArticulationNet, clip: Clip) -> tuple[Floats, Floats]:
    """Raw channels (T, C) and touch logits (T,) of a clip, at a middling look-ahead."""
    heard = heard_of(net, clip, (net.shape.least + net.shape.most) // 2)
    with torch.no_grad():
        return net.mouth(heard)[0][0].numpy(), net.touch(heard)[0].numpy()


def read_sounds(net: ArticulationNet, clips: list[Clip]) -> None:
    """Fit the linear reading of visemes once more, to the states as they are in the end."""
    states, visemes = list[Tensor](), list[Tensor]()
    for clip in clips:
        known = torch.tensor(clip.visemes != UNKNOWN)
        for ahead in (net.shape.least, net.shape.most):
            states.append(heard_of(net, clip, ahead)[..., known])
            visemes.append(torch.tensor(clip.visemes)[known])
    if not visemes or not sum(len(v) for v in visemes):
        return
    heard, spoken = torch.cat(states, 2), torch.cat(visemes)[None]
    weights = list(net.sounds.parameters())
    optimizer = torch.optim.LBFGS(weights, max_iter=80, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        error = F.cross_entropy(net.sounds(heard), spoken) + 1e-4 * weights[0].square().sum()
        error.backward()
        return error

    optimizer.step(loss)  # type: ignore[no-untyped-call]


def finish(
    net: ArticulationNet, sets: dict[str, list[Clip]], labelled: list[Clip], geometry: LipGeometry
) -> Articulation:
    """Calibrate amplitude on clips the net has not learned from, sounds and closure on labelled ones."""
    read_sounds(net, labelled)
    plain = [clip for clip in labelled if not clip.variant]
    means, ratios, spreads = [], [], []
    made = {name: [predict(net, clip) for clip in clips] for name, clips in sets.items()}
    for name, clips in sets.items():
        means.append(np.concatenate([out for out, _ in made[name]]).mean(0))
        own = np.concatenate([out - out.mean(0) for out, _ in made[name]]).std(0)
        spreads.append(np.concatenate([c.channels - c.channels.mean(0) for c in clips]).std(0))
        ratios.append(spreads[-1] / np.maximum(own, 1e-4))
    gain = np.clip(np.mean(ratios, 0), 1.0, MOST_GAIN).astype(np.float32)
    # what opens and closes the lips goes together, or closures would be lost
    lips = np.abs(geometry.row) > 0.3
    share = np.abs(geometry.row) * np.mean(spreads, 0)
    gain[lips] = np.average(gain[lips], weights=share[lips] + 1e-6)
    articulation = Articulation(net, geometry, np.mean(means, 0), gain, 0.0).eval()
    articulation.touch.fill_(touch_of(net, plain))
    return articulation


def touch_of(net: ArticulationNet, clips: list[Clip]) -> float:
    """The logit from which lips touch, so that they do so in most of the closures that are labelled."""
    logits = [predict(net, clip)[1][clip.visemes == CLOSED] for clip in clips]
    together = np.concatenate([*logits, np.zeros(1, np.float32)])
    return float(np.quantile(together, 1 - CLOSED_SHARE))


def export(articulation: Articulation, path: Path, silence: Floats, facts: dict[str, object]) -> None:
    """Write the net as ONNX; its metadata say how to feed it."""
    shape = articulation.net.shape
    example = (torch.zeros(1, shape.context, shape.features), torch.tensor([shape.least]))
    torch.onnx.export(
        articulation,
        example,
        path,
        input_names=["features", "ahead"],
        output_names=["expression", "closure"],
        opset_version=17,
        dynamo=False,
    )
    header = {
        "format": FORMAT,
        "version": FORMAT_VERSION,
        "features": shape.features,
        "context": shape.context,
        "least": shape.least,
        "most": shape.most,
        "gap": [round(float(v), 5) for v in (articulation.row @ articulation.spread)],
        "silence": [round(float(v), 5) for v in silence],
        **facts,
    }
    write_header(path, header)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--head", type=Path, help="head model file; default: the one in the package")
    parser.add_argument("--out", type=Path, default=Path("src/vasari/assets/articulation.onnx"))
    parser.add_argument("--checkpoint", type=Path, default=Path("articulation.ckpt"))
    parser.add_argument("--steps", type=int, default=20000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--begin", type=Path, nargs="+", help="checkpoints whose mean to begin with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    geometry = LipGeometry(HeadModel.load(args.head))
    learn, keep = dict[str, list[Clip]](), dict[str, list[Clip]]()
    for folder in SETS:  # sets that are not there are left out
        tested = held_out(folder)
        clips = [c for c in load_clips(args.data, folder, geometry) if c.name not in tested]
        if not clips:
            continue
        names = sorted({c.name for c in clips if c.seen})
        kept = set(names[:: max(1, len(names) // 40)]) if len(names) >= 80 else set()
        learn[folder] = [c for c in clips if c.name not in kept]
        if kept:
            plain = load_clips(args.data, folder, geometry, variants=False)
            keep[folder] = [c for c in plain if c.name in kept]
    frames = sum(len(c.channels) for clips in learn.values() for c in clips)
    counts, minutes = {k: len(v) for k, v in learn.items()}, round(frames / 25 / 60, 1)
    print(counts, f"{minutes} minutes with variants")
    net = train(args, learn, geometry)
    facts = {"steps": args.steps, "minutes": minutes, "clips": counts}
    labelled = [c for clips in learn.values() for c in clips if not c.seen]
    articulation = finish(net, keep or learn, labelled, geometry)
    print("gain", *(f"{n} {g:.2f}" for n, g in zip(CHANNELS, articulation.gain, strict=True)))
    export(articulation, args.out, silence_features(args.data), facts)
    print(f"wrote {args.out}; now: python train/evaluate_articulation.py --data {args.data}")


if __name__ == "__main__":
    main()
