"""Which films are made of a test set: each portrait with one speech, each other speech with one portrait."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

from vasari.errors import UsageError

#: The speech that every portrait says, and the portrait that says every speech; else the first there is.
SPEECH, PORTRAIT = "english", "eileen-collins"
#: What portraits are told apart by, in the order of the tables.
ATTRIBUTES = ("style", "age", "sex", "skin", "glasses", "beard", "head")
#: Sounds that close the lips, as the first sign of a phoneme.
BILABIALS = ("p", "b", "m")


@dataclass(frozen=True)
class Item:
    """One film to be made.

    Attributes:
        kind: ``portrait`` or ``speech``: which of the two it is there for.
        name: of that portrait or speech.
        photo: path of the picture.
        speech: path of the sound.
        attributes: of the portrait or the speech, in words.
        bilabials: (start, end) in seconds of each p, b and m; ``None`` where the phonemes are not known.
    """

    kind: str
    name: str
    photo: Path
    speech: Path
    attributes: dict[str, str] = field(default_factory=dict)
    bilabials: tuple[tuple[float, float], ...] | None = None


def design(testset: Path) -> list[Item]:
    """The films of a test set as testset/build.py leaves it.

    Raises:
        UsageError: the folder is no test set, or an empty one.
    """
    portraits, speeches = _rows(testset, "portraits"), _rows(testset, "speech")
    voice = testset / "speech" / f"{_chosen(speeches, SPEECH)}.wav"
    person = testset / "portraits" / f"{_chosen(portraits, PORTRAIT)}.png"
    items = []
    for row in portraits:
        attributes = {key: row[key] for key in (*ATTRIBUTES, "licence") if row.get(key)}
        photo = testset / "portraits" / f"{row['name']}.png"
        items.append(Item("portrait", row["name"], photo, voice, attributes, read_bilabials(voice)))
    for row in speeches:
        attributes = {key: row[key] for key in ("language", "engine", "condition") if row.get(key)}
        sound = testset / "speech" / f"{row['name']}.wav"
        if sound != voice:
            items.append(Item("speech", row["name"], person, sound, attributes, read_bilabials(sound)))
    return items


def read_bilabials(sound: Path) -> tuple[tuple[float, float], ...] | None:
    """When the lips close in a synthesised speech; ``None`` where its phonemes are not known."""
    table = sound.with_suffix(".phones.csv")
    if not table.is_file():
        return None
    with table.open(newline="", encoding="utf-8") as lines:
        return tuple(
            (float(row["start_s"]), float(row["end_s"]))
            for row in csv.DictReader(lines)
            if row["phone"].startswith(BILABIALS)
        )


def _rows(testset: Path, table: str) -> list[dict[str, str]]:
    file = testset / f"{table}.csv"
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise UsageError(
            f"{testset} is no test set ({file.name} is missing); build one: testset/README.md"
        ) from error
    if not rows:
        raise UsageError(f"{file} is empty; build the test set again: testset/README.md")
    return rows


def _chosen(rows: list[dict[str, str]], name: str) -> str:
    names = [row["name"] for row in rows]
    return name if name in names else names[0]
