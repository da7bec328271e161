"""How well the articulation net speaks: on clips and speakers it has not learned from.

    python train/evaluate_articulation.py --data ../motion-data

The shipped ONNX file makes the mouth of every held-out clip from its features; the gap between the lips of
the head model is compared with that of the tracked speaker. Where there is a take 0 (prepare_takes.py), each
set is heard once more as a stream: a clip heard alone starts from silence in the midst of a word. Printed
as a Markdown table:
 - correlation: of the two gaps, median over clips, and of the two widths of the mouth, which tell rounding;
 - lag: of the generated gap behind the speaker's where their correlation is highest, over all clips;
 - p b m closed: share of words beginning with p, b or m during whose onset the gap falls below the
   threshold, generated and (the speaker's own); chance: the same at random moments of speech;
 - amplitude: standard deviation of the generated gap over the speaker's;
 - in silence: mean generated gap in the corpus' silences over that in speech.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from articulation_data import Clip, held_out, load_clips
from lip_geometry import CLOSED, LipGeometry, symmetric
from vasari.head.model import HeadModel
from vasari.motion.articulation import Articulation
from vasari.voice import FEATURE_RATE, LOOKAHEAD_S

Floats = NDArray[np.float32]
Words = dict[str, list[tuple[str, float, float]]]  # clip: word, start, end in seconds
MAX_LAG = 4  # motion frames looked at on both sides
BILABIAL = ("b", "m", "p")
ONSET = (-0.10, 0.10)  # seconds around a word's labelled start (40 ms grid) in which a closure counts


def generated(net: Articulation, clip: Clip, ahead: int) -> Floats:
    """Expression (T, 52) of a clip, ``ahead`` feature frames known after each moment."""
    before = clip.features[0] if clip.variant else net.silence  # in a stream there was no silence before
    past = np.repeat(before[None], net.context - 1 - ahead, 0)
    after = np.repeat(clip.features[-1:], ahead + 1, 0)
    features = np.concatenate([past, clip.features, after]).astype(np.float32)
    frames = [net(features[2 * k : 2 * k + net.context], ahead)[0] for k in range(len(clip.channels))]
    return np.stack(frames)


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's r, nan where one does not move."""
    if a.std() < 1e-4 or b.std() < 1e-4:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def lag(pairs: list[tuple[Floats, Floats]]) -> float:
    """Milliseconds that the first of each pair of curves comes after the second."""
    scores = []
    for shift in range(-MAX_LAG, MAX_LAG + 1):
        made = [p[MAX_LAG + shift : len(p) - MAX_LAG + shift] for p, _ in pairs if len(p) > 3 * MAX_LAG]
        real = [r[MAX_LAG : len(r) - MAX_LAG] for p, r in pairs if len(p) > 3 * MAX_LAG]
        scores.append(np.nanmean([correlation(a, b) for a, b in zip(made, real, strict=True)]))
    best = int(np.argmax(scores[1:-1])) + 1
    low, top, high = scores[best - 1 : best + 2]
    peak = best + 0.5 * (low - high) / (low - 2 * top + high)  # vertex of the parabola
    return float(40 * (peak - MAX_LAG))


def words_of(data: Path) -> Words:
    """Words (text, start, end) of the GRID clips, where the corpus lies beside the data."""
    table: Words = {}
    with open(data / "talking/grid_s1/words.csv", newline="") as file:
        for row in csv.DictReader(file):
            word = (row["word"], float(row["start_s"]), float(row["end_s"]))
            table.setdefault(row["clip"], []).append(word)
    return table


def closure_rates(gaps: dict[str, Floats], words: Words) -> tuple[float, float]:
    """Share of p b m words that close the lips, and of random moments of speech that do."""
    hits, chances = [], []
    random = np.random.default_rng(0)
    for name, gap in gaps.items():
        spoken = [w for w in words.get(name, []) if w[0] not in ("sil", "sp")]
        if not spoken:
            continue
        for word, start, _ in spoken:
            if word.startswith(BILABIAL):
                hits.append(closes(gap, start))
        chances += [closes(gap, random.uniform(spoken[0][1], spoken[-1][2])) for _ in range(6)]
    return float(np.mean(hits)), float(np.mean(chances))


def closes(gap: Floats, time: float) -> bool:
    """Whether the lips touch around a moment."""
    first, last = (round((time + t) * 25) for t in ONSET)
    part = gap[max(first, 0) : last + 1]
    return bool(len(part) and part.min() < CLOSED)


def report(
    title: str, clips: list[Clip], net: Articulation, ahead: int, geometry: LipGeometry, words: Words
) -> str:
    """One row of the table."""
    shapes = {c.name: symmetric(generated(net, c, ahead)) for c in clips}
    made = {name: geometry.gap(channels) for name, channels in shapes.items()}
    real = {c.name: c.gap for c in clips}
    widths = [
        correlation(shapes[c.name] @ geometry.width_row, c.channels @ geometry.width_row) for c in clips
    ]
    pairs = [(made[n], real[n]) for n in made]
    r = float(np.nanmedian([correlation(a, b) for a, b in pairs]))
    amplitude = float(np.median([a.std() / max(b.std(), 1e-3) for a, b in pairs]))
    delay = f"{LOOKAHEAD_S + ahead / FEATURE_RATE:.2f} s"
    row = (
        f"| {title} | {delay} | {len(clips)} | {r:.3f} | {np.nanmedian(widths):.3f} | {lag(pairs):+.0f} ms | "
    )
    row += f"{amplitude:.2f} |"
    if not words:
        return row + " - | - |"
    (own, _), (hit, chance) = closure_rates(real, words), closure_rates(made, words)
    pauses = [(n, round(s * 25) + 3, round(e * 25) - 3) for n in made for w, s, e in words[n] if w == "sil"]
    silent = np.concatenate([made[n][start:end] for n, start, end in pauses])
    ratio = float(silent.mean() / np.concatenate(list(made.values())).mean())
    return row + f" {hit:.2f} ({own:.2f}), chance {chance:.2f} | {ratio:.2f} |"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--source", type=Path, default=Path("../shared/data"), help="for GRID's word times")
    parser.add_argument("--head", type=Path, help="head model file; default: the one in the package")
    parser.add_argument(
        "--ahead", type=int, nargs="+", default=[1, 3, 8], help="feature frames after a moment"
    )
    parser.add_argument("--net", type=Path, help="articulation net; default: the one in the package")
    args = parser.parse_args()
    geometry, net = LipGeometry(HeadModel.load(args.head)), Articulation(args.net)
    print(
        "| held out | ahead | clips | correlation | of width | lag | amplitude | p b m closed | in silence |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for folder in ("grid_s1", "lrc_ar"):
        tested, words = held_out(folder), words_of(args.source) if folder == "grid_s1" else {}
        clips = [c for c in load_clips(args.data, folder, geometry) if c.name in tested]
        for title, variant in ((folder, ""), (f"{folder}, in a stream", "1#0")):
            chosen = [c for c in clips if c.variant == variant]
            for ahead in args.ahead if chosen else ():
                print(report(title, chosen, net, ahead, geometry, words), flush=True)


if __name__ == "__main__":
    main()
