"""The results of one version, as docs/results/VERSION.json keeps them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vasari.errors import UsageError
from vasari.measure.report import write_text
from vasari.measure.results.trial import Outcome

FORMAT = "vasari-results 1"


@dataclass(frozen=True)
class Release:
    """All outcomes of a version, with what they were measured on.

    Attributes:
        version: of Vasari.
        date: of the run, YYYY-MM-DD.
        machine: processor and software, one line.
        size: side of the pictures.
        outcomes: one for each film.
    """

    version: str
    date: str
    machine: str
    size: int
    outcomes: tuple[Outcome, ...]

    @property
    def portraits(self) -> list[Outcome]:
        """The films that are there for their portrait."""
        return [outcome for outcome in self.outcomes if outcome.kind == "portrait"]

    @property
    def speeches(self) -> list[Outcome]:
        """The films that are there for their speech."""
        return [outcome for outcome in self.outcomes if outcome.kind == "speech"]

    def save(self, file: Path) -> None:
        """Write it, whole or not at all; an older result of the same version is replaced."""
        head = {"format": FORMAT, **vars(self), "outcomes": []}
        films = ",\n".join(json.dumps(vars(outcome), ensure_ascii=False) for outcome in self.outcomes)
        lines = json.dumps(head, ensure_ascii=False, indent=1).removesuffix("[]\n}")
        write_text(file, f"{lines}[\n{films}\n]}}\n", force=True)

    @classmethod
    def load(cls, file: Path) -> Release:
        """Read what ``save`` wrote.

        Raises:
            UsageError: it is something else.
        """
        try:
            plain: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if plain.pop("format") != FORMAT:
                raise ValueError
            outcomes = tuple(Outcome(**outcome) for outcome in plain.pop("outcomes"))
            return cls(outcomes=outcomes, **plain)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{file} holds no {FORMAT}; remove it, or make it again") from error


def history(folder: Path) -> list[Release]:
    """All releases whose results lie in a folder, the newest first."""
    releases = [Release.load(file) for file in sorted(folder.glob("*.json"))]
    return sorted(releases, key=lambda release: (release.date, release.version), reverse=True)
