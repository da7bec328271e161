"""From clips to what the motion scripts learn from: tracked motion and speech features.

    python train/prepare_motion_data.py --source ../shared/data --out ../motion-data

Writes, and skips what is there already:
 - ``tracks/<set>/<clip>.npz``: ``expression`` (T, 52), ``rotation``, ``translation`` (T, 3), ``gaze`` (T, 2),
   ``lip_gap`` (T,) at 25 Hz, by vasari.head.track;
 - ``features/<set>/<clip>.npz``: ``features`` (N, D) and ``voice`` (N,) at 50 Hz, by vasari.voice;
 - ``features/<set>/<clip>@<speed>.npz``: the same for the clip's sound played faster or slower, which makes
   other voices of it (the tracks are stretched to fit when they are read);
 - ``features/emodb/<clip>.npz`` and ``tracks/emodb/<clip>.npz`` with ``visemes`` (T,), see visemes.py: a set
   without pictures whose speech sounds are labelled; and the same for what speak_phones.py has spoken;
 - ``features/facegood/<clip>.npz`` and ``tracks/facegood/<clip>.npz`` with ``curves`` (T, K) of another face;
 - ``features/silence.npz``, ``speakers.csv``.
Takes about half an hour of one core for the tracks and ten minutes a speed for the features.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from numpy.typing import NDArray

from vasari.head.landmark_clip import LandmarkClip
from vasari.head.track import track_clip
from vasari.motion.motion import MOTION_RATE
from vasari.voice import SPEECH_RATE, SpeechFeatures, VoiceActivity
from visemes import viseme_tracks

Floats = NDArray[np.float32]
SETS = ("grid_s1", "lrc_ar", "heads")
LABELLED = "emodb"  # sound only, with the times of its speech sounds
SPOKEN = "spoken"  # the same, by speak_phones.py
CURVES = "facegood"  # sound and an artist's curves for another face


def speech_of(clip: Path) -> Floats:
    """A clip's sound, mono 16 kHz."""
    with av.open(str(clip)) as container:
        resampler = av.AudioResampler("fltp", "mono", SPEECH_RATE)
        parts = [r.to_ndarray()[0] for f in container.decode(audio=0) for r in resampler.resample(f)]
        parts += [r.to_ndarray()[0] for r in resampler.resample(None)]
    sound: Floats = np.concatenate(parts)
    return sound


def hear(sound: Floats) -> dict[str, Floats]:
    """Features and voice activity of a sound, in half precision."""
    features, activity = SpeechFeatures(), VoiceActivity()
    rows = np.concatenate([features.push(sound), features.finish()])
    voice = np.concatenate([activity.push(sound), activity.finish()])
    return {"features": rows.astype(np.float16), "voice": voice.astype(np.float16)}


def write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays, complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part.npz")
    np.savez(temporary, **arrays)  # type: ignore[arg-type]
    temporary.rename(path)


def prepare_features(clips: list[Path], folder: Path, speed: float) -> None:
    """Features of the clips with their sound played ``speed`` times as fast."""
    for clip in clips:
        path = folder / (clip.stem + ("" if speed == 1 else f"@{speed:g}") + ".npz")
        if not path.exists():
            sound = speech_of(clip)
            if speed != 1:
                sound = soxr.resample(sound, SPEECH_RATE * speed, SPEECH_RATE)
            write(path, hear(sound))


def prepare_tracks(clips: list[Path], folder: Path) -> None:
    """Motion of the clips."""
    for clip in clips:
        path = folder / f"{clip.stem}.npz"
        if not path.exists():
            track = track_clip(LandmarkClip.read(clip))
            names = ("expression", "rotation", "translation", "gaze")
            write(path, {name: getattr(track.motion, name) for name in names} | {"lip_gap": track.lip_gap})


def prepare_labelled(source: Path, out: Path) -> None:
    """Features and visemes of the sets that are only heard."""
    for folder, table in (
        (LABELLED, source / "speech/emodb_phones.csv"),
        (SPOKEN, out / "spoken/phones.csv"),
    ):
        for name, visemes in (viseme_tracks(table) if table.exists() else {}).items():
            write(out / "tracks" / folder / f"{name}.npz", {"visemes": visemes})
            clip = (
                source / f"speech/emodb/{name}.opus" if folder == LABELLED else table.with_name(f"{name}.wav")
            )
            prepare_features([clip], out / "features" / folder, 1.0)


def prepare_curves(source: Path, out: Path) -> None:
    """Features and mouth curves of the set whose faces are an artist's."""
    with np.load(source / "weights.npz") as file:
        names, fps = [str(n) for n in file["names"]], float(file["fps"])
        takes = {key.removeprefix("clip_"): file[key].astype(np.float32) for key in file if "clip_" in key}
    mouth = [k for k, name in enumerate(names) if name.startswith(("mouth", "jaw", "cheek", "tooth"))]
    for name, curves in takes.items():
        at = np.arange(int(len(curves) / fps * MOTION_RATE)) * fps / MOTION_RATE
        seen = [np.interp(at, np.arange(len(curves)), curves[:, k]) for k in mouth]
        write(out / "tracks" / CURVES / f"{name}.npz", {"curves": np.stack(seen, 1).astype(np.float32)})
        prepare_features([source / f"{name}.flac"], out / "features" / CURVES, 1.0)


def write_speakers(source: Path, out: Path) -> None:
    """``speakers.csv``: who speaks in each clip of the sets that have several speakers."""
    rows = [("lrc_ar", r["clip"], r["appearance_group"]) for r in read(source / "talking/lrc_ar/index.csv")]
    rows += [(LABELLED, r["clip"], r["speaker"]) for r in read(source / "speech/emodb_clips.csv")]
    rows += [("heads", clip.stem, clip.stem) for clip in sorted((source / "talking/heads").glob("*.mp4"))]
    with open(out / "speakers.csv", "w", newline="") as file:
        csv.writer(file).writerows([("set", "clip", "speaker"), *rows])


def read(table: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with open(table, newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("../motion-data"))
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--speeds", nargs="*", type=float, default=[1.0, 0.87, 1.15])
    parser.add_argument("--no-tracks", action="store_true", help="features only")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    write_speakers(args.source, args.out)
    write(args.out / "features/silence.npz", hear(np.zeros(2 * SPEECH_RATE, np.float32)))
    prepare_labelled(args.source, args.out)
    prepare_curves(args.source / "talking/facegood", args.out)
    for name in args.sets:
        clips = sorted((args.source / "talking" / name).glob("*.mp4"))
        for speed in args.speeds:
            prepare_features(clips, args.out / "features" / name, speed)
            print(f"{name}: features at speed {speed:g} of {len(clips)} clips", flush=True)
        if not args.no_tracks:
            prepare_tracks(clips, args.out / "tracks" / name)
            print(f"{name}: tracks of {len(clips)} clips", flush=True)


if __name__ == "__main__":
    main()
