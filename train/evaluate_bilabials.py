"""How well p, b and m are heard in voices and languages that the bilabials net has not learned from.

    python train/evaluate_bilabials.py --source ../shared/data --data ../motion-data

Printed as a Markdown table:
 - recall: share of labelled closures that one heard overlaps, or misses by at most 40 ms;
 - precision: share of closures heard that overlap a labelled one as nearly;
 - chance: what recall would be if all closures were heard at another time of the same recording;
 - start, end: of what is heard after what is labelled, median;
 - of GRID, where only words are labelled: p or b that begin a word, heard about its start; and those heard
   in words that have no p, b or m.
"""

from __future__ import annotations

import argparse
import csv
from itertools import pairwise
from pathlib import Path

import numpy as np

from train_bilabials import TESTED, TESTED_SENTENCES, UNKNOWN, Floats, Spans, Speech, load_speech
from vasari.measure.bilabials import Bilabials, Closure, closures_of
from vasari.voice.spectrum import FEATURE_RATE

NEAR = 0.04  # seconds
BEGIN = ("bin", "place", "blue", "by", "b", "p", "please")  # words of GRID
HOLD = (*BEGIN, "m")


def near(closure: Closure, start: float, end: float) -> bool:
    """Whether a closure overlaps a span, or nearly."""
    return closure.end > start - NEAR and closure.start < end + NEAR


def counts(heard: list[Closure], spans: Spans) -> tuple[int, int, int, int]:
    """Labelled ones found, labelled ones, heard ones that are right, heard ones."""
    real = [(a, b) for a, b, value in spans if value != UNKNOWN]
    known = [
        c for c in heard if not any(near(c, a, b) for a, b, v in spans if v == UNKNOWN) or _right(c, real)
    ]
    found = sum(any(near(c, a, b) for c in heard) for a, b in real)
    return found, len(real), sum(_right(c, real) for c in known), len(known)


def _right(closure: Closure, real: list[tuple[float, float]]) -> bool:
    return any(near(closure, a, b) for a, b in real)


def report(name: str, speech: list[Speech], made: dict[str, Floats], threshold: float) -> str:
    """One row of the table."""
    total, chance, starts, ends = np.zeros(4), np.zeros(4), list[float](), list[float]()
    for one in speech:
        heard = closures_of(made[one.clip + one.folder], threshold)
        total += counts(heard, one.spans)
        turned = np.roll(made[one.clip + one.folder], len(made[one.clip + one.folder]) // 3)
        chance += counts(closures_of(turned, threshold), one.spans)
        for start, end, value in one.spans:
            hits = [c for c in heard if value == 1 and near(c, start, end)]
            starts += [hits[0].start - start] if hits else []
            ends += [hits[-1].end - end] if hits else []
    recall, precision = total[0] / total[1], total[2] / total[3]
    late = f"{1000 * np.median(starts):+.0f} / {1000 * np.median(ends):+.0f} ms"
    return (
        f"| {name} | {total[1]:.0f} | {recall:.2f} | {precision:.2f} | "
        f"{chance[0] / chance[1]:.2f} / {chance[2] / chance[3]:.2f} | {late} |"
    )


def grid(net: Bilabials, source: Path, data: Path) -> str:
    """What is heard in GRID, none of which was learned from."""
    hits: dict[str, list[bool]] = {"after silence": [], "within speech": []}
    wrong, seconds = 0, 0.0
    words: dict[str, list[tuple[str, float, float]]] = {}
    with open(source / "talking/grid_s1/words.csv", newline="") as file:
        for row in csv.DictReader(file):
            words.setdefault(row["clip"], []).append(
                (row["word"], float(row["start_s"]), float(row["end_s"]))
            )
    for clip, spoken in sorted(words.items())[::4]:
        path = data / "features/grid_s1" / f"{clip}.npz"
        if not path.exists():
            continue
        with np.load(path) as file:
            heard = net.closures(file["features"].astype(np.float32))
        for (before, _, _), (word, start, _) in pairwise(spoken):
            if word in BEGIN:
                where = "after silence" if before in ("sil", "sp") else "within speech"
                hits[where].append(any(near(c, start - 0.06, start + 0.06) for c in heard))
        plain = [k for k, (w, _, _) in enumerate(spoken) if w not in (*HOLD, "sil", "sp")]
        for k in plain:
            start, end = spoken[k][1] + 0.06, spoken[k][2] - 0.06
            if end - start > 0.04:
                wrong += sum(start < (c.start + c.end) / 2 < end for c in heard)
                seconds += end - start
    shares = ", ".join(f"{np.mean(h):.2f} of {len(h)} {where}" for where, h in hits.items())
    return (
        f"GRID, p and b that begin a word, heard within 0.1 s: {shares}; "
        f"{wrong / seconds:.2f} a second are heard in words without any ({seconds:.0f} s)."
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, default=Path("../shared/data"))
    parser.add_argument("--data", type=Path, default=Path("../motion-data"))
    parser.add_argument("--net", type=Path, default=Path("src/vasari/assets/bilabials.onnx"))
    parser.add_argument("--thresholds", nargs="+", type=float, default=[0.3, 0.5, 0.7])
    args = parser.parse_args()
    import onnxruntime

    net = Bilabials(onnxruntime.InferenceSession(args.net, providers=["CPUExecutionProvider"]))
    speech = [s for s in load_speech(args.source, args.data) if s.voice in TESTED]
    made = {s.clip + s.folder: net.probabilities(s.features.astype(np.float32)) for s in speech}
    acted = [s for s in speech if s.folder == "emodb"]
    new = [s for s in acted if s.sentence in TESTED_SENTENCES]
    sets = {
        "two German speakers": [s for s in acted if "@" not in s.clip],
        "the same, sentences nobody learned": [s for s in new if "@" not in s.clip],
        "the same, over bad lines": [s for s in new if "#" in s.clip],
        "the same, cut to begin with p b m": [
            s for s in speech if s.folder == "beginnings" and s.voice.isdigit()
        ],
        "French, Turkish, Swahili, synthesised": [
            s for s in speech if s.folder == "spoken" and "@" not in s.clip
        ],
    }
    print(
        "| held out, threshold | closures | recall | precision | both by chance | start / end |"
        "\n|---|---|---|---|---|---|"
    )
    for name, some in sets.items():
        for threshold in args.thresholds if some else ():
            print(report(f"{name}, {threshold:g}", some, made, threshold))
    print(grid(net, args.source, args.data))
    rows = [s.closed != UNKNOWN for s in speech]
    sure = np.concatenate([made[s.clip + s.folder][k] for s, k in zip(speech, rows, strict=True)])
    true = np.concatenate([s.closed[k] for s, k in zip(speech, rows, strict=True)])
    order = np.argsort(-sure)
    share = np.cumsum(true[order]) / np.arange(1, len(order) + 1)
    print(
        f"Average precision over rows of {len(true) / FEATURE_RATE:.0f} s: "
        f"{share[true[order] == 1].mean():.2f}, chance {true.mean():.2f}"
    )


if __name__ == "__main__":
    main()
