"""The manifests: what the set consists of, where it comes from, and what must come out."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

FOLDER = Path(__file__).parent / "manifest"


@dataclass(frozen=True)
class PortraitRow:
    """One portrait.

    Attributes:
        name: of the file, without suffix.
        style: photo, generated (an AI-made photo), painting, drawing, statue, character or stylised.
        source: ``pypi:NAME==VERSION``, ``pypi-sdist:...``, ``debian:NAME=VERSION``, ``sfhq`` (the folder that
            the user names) or ``testset`` (another portrait of this set).
        path: of the file in the source, or name of the other portrait.
        recipe: steps from there to the portrait (``pictures.py``).
        licence: of the source file.
        age: child, teen, adult or senior, as it looks.
        sex: female, male or unknown, as it looks.
        skin: light, medium or dark (brown to black), as it looks; empty where there is no photo of skin.
        glasses: none, clear or dark.
        beard: none, stubble, moustache or full.
        head: bare or covered.
        ita: individual typology angle of the skin in the picture, degrees (``skin.py``), beside ``skin``.
        source_sha256: of the source file.
        sha256: of the portrait's pixels (``pictures.fingerprint``).
    """

    name: str
    style: str
    source: str
    path: str
    recipe: str
    licence: str
    age: str
    sex: str
    skin: str
    glasses: str
    beard: str
    head: str
    ita: str
    source_sha256: str
    sha256: str


@dataclass(frozen=True)
class SpeechRow:
    """One piece of speech.

    Attributes:
        name: of the file, without suffix.
        language: ISO 639-1.
        engine: espeak-ng, piper, kokoro, recording or testset (derived from another one of this set).
        voice: of the engine, or name of the other speech.
        condition: what is done to it (``conditions.py``); empty for clean speech.
        seconds: length.
        text: what is said.
        licence: of the sound.
        sha256: of its samples (``sound.fingerprint``).
    """

    name: str
    language: str
    engine: str
    voice: str
    condition: str
    seconds: str
    text: str
    licence: str
    sha256: str


def read_portraits(file: Path = FOLDER / "portraits.csv") -> list[PortraitRow]:
    """All portraits, each after those it is made from."""
    with file.open(newline="", encoding="utf-8") as lines:
        return [PortraitRow(**row) for row in csv.DictReader(lines)]


def read_speech(file: Path = FOLDER / "speech.csv") -> list[SpeechRow]:
    """All pieces of speech, each after those it is made from."""
    with file.open(newline="", encoding="utf-8") as lines:
        return [SpeechRow(**row) for row in csv.DictReader(lines)]


def write_rows(file: Path, rows: Sequence[PortraitRow] | Sequence[SpeechRow]) -> None:
    """Write a manifest, whole or not at all."""
    part = file.with_name(file.name + ".part")
    with part.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, [field.name for field in fields(rows[0])], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    part.replace(file)


def sha256(files: Iterable[Path]) -> str:
    """Of the contents of files, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()
