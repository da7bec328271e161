"""Other takes of the clips: a speaker's clips strung together, and their sound disturbed.

    python train/prepare_takes.py --source ../shared/data --out ../motion-data --takes 0 1 2 3

Short clips, heard one by one, always start from silence, which speech in use does not: the running level
and the encoder's memory are not theirs. So the clips of a speaker are heard here in one stream, in random
order. Take 0 is undisturbed; in the others half of the streams are played faster or slower and the rest said
by other voices (other_voices.py), and all of them are disturbed (disturbance.py).
Writes ``features/<set>/<clip>@<speed>#<take>.npz`` beside those of prepare_motion_data.py, whose table of
speakers it needs, and skips the takes that are there.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from articulation_data import speakers_of
from disturbance import disturbed, faster, random_speed
from other_voices import VOICES, revoiced
from prepare_motion_data import hear, speech_of, write
from vasari.motion.motion import MOTION_RATE
from vasari.voice import FEATURE_RATE, SPEECH_RATE

Floats = NDArray[np.float32]
FOLDERS = {
    "grid_s1": "talking/grid_s1/*.mp4",
    "lrc_ar": "talking/lrc_ar/*.mp4",
    "heads": "talking/heads/*.mp4",
    "facegood": "talking/facegood/*.flac",
    "emodb": "speech/emodb/*.opus",
    "spoken": "spoken/*.wav",
}
LONGEST = 40  # seconds of a stream
SHARE = {"grid_s1": 0.25}  # of a set's streams in the disturbed takes: one man has most of the minutes
PLAIN = 0.45  # share of the streams whose voice is only played faster or slower
FRAME = SPEECH_RATE // MOTION_RATE
ROWS = FEATURE_RATE // MOTION_RATE


def streams(clips: list[Path], speakers: dict[str, str], random: np.random.Generator) -> list[list[Path]]:
    """Clips of one speaker each, in random order, to be heard one after the other."""
    groups: dict[str, list[Path]] = {}
    for number in random.permutation(len(clips)):
        clip = clips[number]
        groups.setdefault(speakers.get(clip.stem, clip.parent.name), []).append(clip)
    made = []
    for group in groups.values():
        sizes = np.cumsum([clip.stat().st_size for clip in group])
        seconds = sizes / sizes[-1] * sum(len(speech_of(c)) for c in group[:5]) / SPEECH_RATE
        seconds *= len(group) / min(5, len(group))
        part = (seconds // LONGEST).astype(int)
        made += [[c for c, p in zip(group, part, strict=True) if p == k] for k in sorted(set(part))]
    return made


def hear_stream(
    sounds: list[Floats], random: np.random.Generator | None, others: Floats
) -> list[dict[str, Floats]]:
    """Features of each of the sounds of one stream; with ``random`` after a disturbance."""
    padded = [np.pad(s, (0, -len(s) % FRAME)) for s in sounds]
    stream = np.concatenate(padded)
    if random is not None:
        stream = disturbed(stream, random, others)
    heard = hear(stream.astype(np.float32))
    ends = np.cumsum([len(s) // FRAME for s in padded]) * ROWS
    parts = {key: np.split(rows, ends[:-1]) for key, rows in heard.items()}
    return [dict(zip(parts, rows, strict=True)) for rows in zip(*parts.values(), strict=True)]


def said(sounds: list[Floats], random: np.random.Generator) -> tuple[list[Floats], float, float]:
    """The sounds of one stream as another voice says them; how fast, and how far its lips move."""
    if random.random() < PLAIN:
        speed = random_speed(random)
        return [faster(sound, speed) for sound in sounds], speed, 1.0
    voice = VOICES[str(random.choice(list(VOICES)))]
    speed, extent = round(random.uniform(*voice.speeds), 3), random.uniform(*voice.extents)
    return [revoiced(sound, voice, speed, random) for sound in sounds], speed, extent


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("../motion-data"))
    parser.add_argument("--sets", nargs="+", default=list(FOLDERS), choices=list(FOLDERS))
    parser.add_argument("--takes", nargs="+", type=int, default=[0, 1, 2, 3])
    args = parser.parse_args()
    for take in args.takes:
        for number, folder in enumerate(args.sets):
            random = np.random.default_rng([take, number])
            root = args.out if folder == "spoken" else args.source
            clips = sorted(root.glob(FOLDERS[folder]))
            target = args.out / "features" / folder
            if any(target.glob(f"*#{take}.npz")):
                continue
            for group in streams(clips, speakers_of(args.out, folder), random):
                if take and random.random() > SHARE.get(folder, 1.0):
                    continue
                sounds, speed, extent = [speech_of(clip) for clip in group], 1.0, 1.0
                if take:
                    sounds, speed, extent = said(sounds, random)
                heard = hear_stream(sounds, random if take else None, sounds[0])
                for clip, arrays in zip(group, heard, strict=True):
                    arrays["extent"] = np.float32(extent)
                    write(target / f"{clip.stem}@{speed:g}#{take}.npz", arrays)
            print(f"{folder}: take {take} of {len(clips)} clips", flush=True)


if __name__ == "__main__":
    main()
