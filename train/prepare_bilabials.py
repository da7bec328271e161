"""Speech that listeners meet and labelled recordings hardly hold: closures at a beginning, and unknown words.

    python train/speak_nonsense.py --out ../motion-data/nonsense
    python train/prepare_bilabials.py --source ../shared/data --out ../motion-data

Before a first stop there is nothing to hear; its closure shows in the release alone. So labelled recordings
are cut at one of their closures, behind some silence. Writes ``features/beginnings/<clip>.npz`` of these and
``features/nonsense/<clip>.npz`` of words without meaning, half of them disturbed (disturbance.py), each with
``features`` (N, D) and ``spans`` (K, 3) as train_bilabials.py has them, and skips what is there already.
"""

from __future__ import annotations

import argparse
import zlib
from pathlib import Path

import numpy as np

from disturbance import disturbed
from prepare_motion_data import Floats, speech_of, write
from train_bilabials import UNKNOWN, Spans, spans_of
from vasari.voice import SPEECH_RATE, SpeechFeatures

AFTER = 1.0  # seconds kept
LATE = 0.02  # seconds of the closure cut away, so that nothing is left of the sound before it


def beginning(sound: Floats, spans: Spans, random: np.random.Generator) -> tuple[Floats, Spans] | None:
    """Some silence, then ``sound`` (n,) from a random closure on; and what is known of that."""
    closures = [(start, end) for start, end, value in spans if value != UNKNOWN and end - start > 2 * LATE]
    if not closures:
        return None
    start, _ = closures[random.integers(len(closures))]
    silent = random.uniform(0.3, 0.8)
    noise = 10 ** random.uniform(-4.5, -2.5) * np.abs(sound).max()
    first = round((start + LATE) * SPEECH_RATE)
    part = sound[first : first + round(AFTER * SPEECH_RATE)]
    cut = np.concatenate([np.zeros(round(silent * SPEECH_RATE), np.float32), part])
    cut += (noise * random.standard_normal(len(cut))).astype(np.float32)
    moved = [(a - start - LATE + silent, b - start - LATE + silent, v) for a, b, v in spans if a >= start]
    return cut, [(a, b, v) for a, b, v in moved if a < len(cut) / SPEECH_RATE]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("../motion-data"))
    args = parser.parse_args()
    emodb, spoken = args.source / "speech/emodb", args.out / "spoken"
    clips = {path.with_suffix(".wav"): spans for path, spans in _known(spoken, spoken / "phones.csv")}
    clips |= {
        path.with_suffix(".opus"): spans for path, spans in _known(emodb, emodb.with_name("emodb_phones.csv"))
    }
    ears = SpeechFeatures()
    for path, spans in clips.items():
        out, random = args.out / "features/beginnings" / f"{path.stem}.npz", _random(path)
        made = None if out.exists() or not path.exists() else beginning(speech_of(path), spans, random)
        if made:
            hear_and_write(ears, *made, out)
    for number, (clip, spans) in enumerate(_known(args.out / "nonsense", args.out / "nonsense/phones.csv")):
        path, out = clip.with_suffix(".wav"), args.out / "features/nonsense" / f"{clip.stem}.npz"
        if not out.exists():
            sound = speech_of(path)
            if number % 2:
                sound = disturbed(sound, _random(path), np.roll(sound, len(sound) // 2))
            hear_and_write(ears, sound, spans, out)


def hear_and_write(ears: SpeechFeatures, sound: Floats, spans: Spans, out: Path) -> None:
    """Features and spans of a sound into a file."""
    rows = np.concatenate([ears.push(sound), ears.finish()]).astype(np.float16)
    write(out, {"features": rows, "spans": np.array(spans)})


def _random(path: Path) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(path.stem.encode()))


def _known(folder: Path, table: Path) -> list[tuple[Path, Spans]]:
    return [(folder / clip, spans) for clip, spans in spans_of(table).items()]


if __name__ == "__main__":
    main()
