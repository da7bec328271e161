"""Sound with the times of its phonemes, and WAV files of it."""

from __future__ import annotations

import csv
import hashlib
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Phone:
    """A speech sound: its IPA sign and when it sounds, seconds."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Spoken:
    """Speech: (n,) samples in [-1, 1], their rate, and the phonemes where the synthesiser tells them."""

    samples: NDArray[np.float32]
    rate: int
    phones: tuple[Phone, ...] = ()


def fingerprint(spoken: Spoken) -> str:
    """sha256 of the rate and the 16-bit samples."""
    return hashlib.sha256(str(spoken.rate).encode() + _to_int16(spoken.samples).tobytes()).hexdigest()


def read_wav(file: Path) -> Spoken:
    """A 16-bit mono WAV file."""
    with wave.open(str(file)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.float32) / 32768
        return Spoken(samples, sound.getframerate())


def write_wav(file: Path, spoken: Spoken) -> None:
    """As 16-bit mono WAV, with ``NAME.phones.csv`` beside it where phonemes are known."""
    part = file.with_name(file.name + ".part")
    with wave.open(str(part), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(spoken.rate)
        sound.writeframes(_to_int16(spoken.samples).tobytes())
    part.replace(file)
    if spoken.phones:
        with file.with_suffix(".phones.csv").open("w", newline="", encoding="utf-8") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(("phone", "start_s", "end_s"))
            writer.writerows((p.name, f"{p.start:.3f}", f"{p.end:.3f}") for p in spoken.phones)


def read_phones(file: Path) -> tuple[Phone, ...]:
    """The phonemes written beside a WAV file; none if there are none."""
    table = file.with_suffix(".phones.csv")
    if not table.is_file():
        return ()
    with table.open(newline="", encoding="utf-8") as lines:
        return tuple(Phone(r["phone"], float(r["start_s"]), float(r["end_s"])) for r in csv.DictReader(lines))


def _to_int16(samples: NDArray[np.float32]) -> NDArray[np.int16]:
    return np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2")
