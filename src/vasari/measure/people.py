"""What people do: the figures beside each measured number, and how far from them is still human.

The figures called "measured" were read off real recordings with the same estimators as those of this package
(docs/measure.md tells which and how many); others are from the literature. They are in ``people.toml``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

#: The real recordings behind the figures called "measured".
RECORDINGS = {
    "TALKERS": "measured: 10 varied talking heads of 5 to 60 s",
    "NEWS": "measured: 178 news clips of 1.2 s",
    "SENTENCES": "measured: 80 sentences of one man with a still head",
}


@dataclass(frozen=True)
class Standard:
    """How people score on a measure.

    Attributes:
        name: of the measure, in words.
        unit: of its value; empty for a plain number.
        form: format of its value.
        people: what real recordings give, in words.
        source: where that figure comes from.
        low: smallest value that passes for a person's; ``None`` if there is none.
        high: largest value that does; ``None`` if there is none.
        within: what a value between them means.
        below: what a smaller one means.
        above: what a larger one means.
    """

    name: str
    form: str
    people: str
    source: str
    within: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    below: str = ""
    above: str = ""


#: First parts of the measures' keys -> title of their group.
GROUPS: dict[tuple[str, ...], str] = {
    ("sync", "closures", "mouth"): "Lips and speech",
    ("head",): "Head",
    ("blinks", "gaze"): "Eyes",
    ("brows", "smile"): "Face",
    ("identity", "sharpness", "flicker", "background"): "Picture",
    ("timing",): "Sound and picture in time",
    ("reference",): "Against the reference",
}


@cache
def standards() -> dict[str, Standard]:
    """How people score on each measure, by its key, in the order of a report."""
    text = (resources.files("vasari.measure") / "people.toml").read_text(encoding="utf-8")
    for name, words in RECORDINGS.items():
        text = text.replace(f"{{{name}}}", words)
    return {key: Standard(**fields) for key, fields in tomllib.loads(text).items()}
