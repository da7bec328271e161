"""Train the bilabials net: when are the lips of a voice closed for p, b or m?

    python train/speak_phones.py --out ../motion-data/spoken
    python train/prepare_motion_data.py --source ../shared/data --out ../motion-data
    python train/prepare_takes.py --source ../shared/data --out ../motion-data --sets emodb spoken
    python train/speak_nonsense.py --out ../motion-data/nonsense
    python train/prepare_bilabials.py --source ../shared/data --out ../motion-data
    python train/train_bilabials.py --source ../shared/data --data ../motion-data

A small dilated convolution net over speech features, 0.6 s about each row, is taught the hand-labelled phones
of the Berlin Database of Emotional Speech and those of speech synthesised in 16 languages. Nobody's lips were
watched: a closure is where the sound of p, b or m is, from the beginning of its silence to its release. Two
speakers and two sentences of the database and three languages are kept apart and tested; so is GRID, of whose
words only those that begin with p or b are known to. A run stopped before its end goes on when the same
command is given again; curves are written for TensorBoard beside the checkpoint.
"""

from __future__ import annotations

import argparse
import csv
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from checkpoint import Checkpoint
from onnx_header import write_header
from sync_net import coloured
from vasari.voice.features import FEATURE_DIM, LEVEL, LOUDNESS
from vasari.voice.spectrum import FEATURE_RATE

Floats = NDArray[np.float32]
Spans = list[tuple[float, float, float]]  # start, end in seconds; 1 closed, UNKNOWN
FORMAT, FORMAT_VERSION = "vasari-bilabials", 1
UNKNOWN = -1.0
EDGE = 0.010  # seconds about the borders of a closure in which nothing is demanded
CROP = 100  # rows
TESTED = ("03", "16", "fr", "tr", "sw")  # speakers; languages
TESTED_SENTENCES = ("a07", "b03")
NO_SOUND = set("ˈˌː ^$_,.")  # signs of synthesised speech that share time with their neighbours


@dataclass(frozen=True, eq=False)
class Speech:
    """Features (N, D) and, a row each, 1 closed, 0 open, UNKNOWN; ``spans`` as labelled."""

    clip: str
    folder: str
    voice: str  # speaker, or language of synthesised speech
    sentence: str
    features: NDArray[np.float16]
    closed: Floats
    spans: Spans


class BilabialsNet(nn.Module):
    """Features (B, N, D) -> logit (B, N) of closed lips."""

    def __init__(self, mean: Floats, std: Floats, width: int = 64) -> None:
        super().__init__()
        kept = np.ones(FEATURE_DIM, np.float32)
        kept[[LOUDNESS, LEVEL]] = 0  # how near the microphone is says nothing
        self.mean, self.scale = nn.Buffer(torch.tensor(mean)), nn.Buffer(torch.tensor(kept / std))
        self.enter = nn.Conv1d(FEATURE_DIM, width, 1)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 3, padding=d, dilation=d) for d in (1, 2, 4, 8))
        self.leave = nn.Conv1d(width, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """How surely the lips are closed, as a logit."""
        x = ((features - self.mean) * self.scale).transpose(1, 2).clamp(-5, 5)
        x = F.gelu(self.enter(F.dropout1d(x, 0.2, self.training)))
        for layer in self.layers:
            x = x + F.gelu(layer(F.dropout1d(x, 0.3, self.training)))
        logit: Tensor = self.leave(x)[:, 0]
        return logit


def spans_of(table: Path) -> dict[str, Spans]:
    """What is known of the lips of each clip in a table of phones."""
    phones: dict[str, list[tuple[str, float, float]]] = {}
    with open(table, newline="") as file:
        for row in csv.DictReader(file):
            phone = (row["phone"], float(row["start_s"]), float(row["end_s"]))
            phones.setdefault(row["clip"], []).append(phone)
    return {clip: _spans(sounds) for clip, sounds in phones.items()}


def _spans(sounds: list[tuple[str, float, float]]) -> Spans:
    closed = [is_bilabial(sign) for sign, _, _ in sounds] + [False]
    spans: Spans = []
    for k, (sign, start, end) in enumerate(sounds):
        if closed[k]:
            spans.append((start, end, 1.0))
        elif sign == "B" or (set(sign) <= NO_SOUND and (closed[k - 1] or closed[k + 1])):
            spans.append((start, end, UNKNOWN))
    return spans


def is_bilabial(sign: str) -> bool:
    """Whether a sign, of the database or of the IPA, stands for closed lips; a release (!) does not."""
    sign = sign.lstrip("_ˈˌ")
    return sign[:1] in ("p", "b", "m") and "asp" not in sign


def rows_of(spans: Spans, length: int) -> Floats:
    """(length,) rows at 50 Hz."""
    time, closed = np.arange(length) / FEATURE_RATE, np.zeros(length, np.float32)
    for start, end, value in spans:
        closed[(time > start - EDGE) & (time < end + EDGE)] = UNKNOWN
        if value != UNKNOWN:
            closed[(time >= start + EDGE) & (time <= end - EDGE)] = value
            closed[int(np.clip(round((start + end) / 2 * FEATURE_RATE), 0, length - 1))] = value
    return closed


def load_speech(source: Path, data: Path) -> list[Speech]:
    """All labelled speech."""
    tables = {"emodb": source / "speech/emodb_phones.csv", "spoken": data / "spoken/phones.csv"}
    known = {folder: spans_of(table) for folder, table in tables.items()}
    speech = []
    for folder in (*tables, "beginnings", "nonsense"):
        for path in sorted((data / "features" / folder).glob("*.npz")):
            clip, _, variant = path.stem.partition("@")
            with np.load(path) as file:
                features = file["features"]
                spans = (
                    [tuple(row) for row in file["spans"]] if "spans" in file else known[folder].get(clip, [])
                )
            speed = float(variant.split("#")[0] or 1)
            spans = [(start / speed, end / speed, value) for start, end, value in spans]
            acted = "_" not in clip  # 03a01Fa: speaker, sentence, emotion, reading
            voice, sentence = (clip[:2], clip[2:5]) if acted else clip.split("_")[:2]
            if spans:
                closed = rows_of(spans, len(features))
                speech.append(Speech(path.stem, folder, voice, sentence, features, closed, spans))
    return speech


def learned_from(speech: Speech) -> bool:
    """Whether a recording is one to learn from; the others are to test on."""
    return speech.voice not in TESTED and speech.sentence not in TESTED_SENTENCES


def crops(speech: list[Speech], size: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Random crops: features (B, CROP, D) and closures (B, CROP)."""
    rows, closed = [], []
    lengths = np.array([len(s.features) for s in speech], float)
    for k in random.choice(len(speech), size, p=lengths / lengths.sum()):
        start = int(random.integers(-CROP // 4, max(1, len(speech[k].features) - 3 * CROP // 4)))
        at = np.arange(start, start + CROP)
        inside = (at >= 0) & (at < len(speech[k].features))
        at = at.clip(0, len(speech[k].features) - 1)
        rows.append(speech[k].features[at].astype(np.float32))
        closed.append(np.where(inside, speech[k].closed[at], UNKNOWN))
    return torch.tensor(np.stack(rows)), torch.tensor(np.stack(closed), dtype=torch.float32)


def train(args: argparse.Namespace, speech: list[Speech]) -> BilabialsNet:
    """Run (or go on with) the training."""
    torch.manual_seed(args.seed)
    everything = np.concatenate([s.features for s in speech]).astype(np.float32)
    net = BilabialsNet(everything.mean(0), everything.std(0) + 1e-3)
    optimizer = torch.optim.AdamW(net.parameters(), args.rate, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, args.rate, total_steps=args.steps, pct_start=0.1
    )
    checkpoint = Checkpoint(args.checkpoint, net=net, optimizer=optimizer, schedule=schedule)
    first = checkpoint.resume()
    random, began = np.random.default_rng([args.seed, first]), time.time()
    curves = checkpoint.curves(first)
    for step in range(first, args.steps):
        features, closed = crops(speech, args.batch, random)
        known = (closed != UNKNOWN).float()
        logit = net(coloured(features))
        each = F.binary_cross_entropy_with_logits(logit, closed.clamp(min=0), reduction="none")
        loss = (each * known).sum() / known.sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        curves.add_scalar("loss", loss.item(), step + 1)
        if (step + 1) % 250 == 0 or step + 1 == args.steps:
            checkpoint.save(step + 1)
            print(f"step {step + 1} {time.time() - began:.0f} s: {loss.item():.4f}", flush=True)
    curves.close()
    return net.eval()


def export(net: BilabialsNet, path: Path, facts: dict[str, object]) -> None:
    """Write the net as ONNX."""
    torch.onnx.export(
        nn.Sequential(net, nn.Sigmoid()).eval(),
        (torch.zeros(1, 50, FEATURE_DIM),),
        path,
        input_names=["features"],
        output_names=["closed"],
        dynamic_axes={"features": {1: "rows"}},
        opset_version=17,
        dynamo=False,
    )
    write_header(path, {"format": FORMAT, "version": FORMAT_VERSION, **facts})


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, default=Path("../shared/data"))
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--out", type=Path, default=Path("src/vasari/assets/bilabials.onnx"))
    parser.add_argument("--checkpoint", type=Path, default=Path("bilabials.ckpt"))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    speech = load_speech(args.source, args.data)
    learned = [s for s in speech if learned_from(s)]
    minutes = sum(len(s.features) for s in learned if "@" not in s.clip) / FEATURE_RATE / 60
    print(f"{len(learned)} of {len(speech)} recordings, {minutes:.1f} minutes without variants", flush=True)
    net = train(args, learned)
    export(net, args.out, {"steps": args.steps, "minutes": round(minutes, 1)})
    print(f"wrote {args.out}; now: python train/evaluate_bilabials.py --data {args.data}")


if __name__ == "__main__":
    main()
