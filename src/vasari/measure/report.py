"""What was measured of a video, beside people: for the terminal, as JSON, as a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

import vasari
from vasari.film.target import FileTarget
from vasari.measure.bilabials import Closure
from vasari.measure.clip import Clip
from vasari.measure.people import GROUPS
from vasari.measure.scorer import SyncScore
from vasari.measure.verdict import Measure, Verdict

#: Name and version of the JSON (docs/measure.md).
FORMAT, VERSION = "vasari-report", 1

_STYLE = {Verdict.good: "green", Verdict.off: "bold red", Verdict.untold: "dim"}


@dataclass(frozen=True, eq=False)
class Report:
    """What :func:`vasari.evaluate` found out.

    Attributes:
        clip: the video as it was observed.
        sync: what the learned judge of lips and speech says; ``None`` if it heard or saw too little.
        bilabials: the p, b and m heard.
        measures: each number with the people's beside it and a verdict.
        left_out: what was not measured, and what to do about it.
        against: what the video was compared with: ``photo``, ``speech``, ``reference`` -> file name.
    """

    clip: Clip
    sync: SyncScore | None
    bilabials: tuple[Closure, ...]
    measures: tuple[Measure, ...]
    left_out: tuple[str, ...]
    against: dict[str, str]

    def __getitem__(self, key: str) -> Measure:
        """The measure called ``key``, such as ``head.change``.

        Raises:
            KeyError: it was not measured.
        """
        for measure in self.measures:
            if measure.key == key:
                return measure
        raise KeyError(f"{key} was not measured; there are {', '.join(m.key for m in self.measures)}")

    def groups(self) -> Iterator[tuple[str, list[Measure]]]:
        """The measures that belong together, under their title."""
        for prefixes, title in GROUPS.items():
            some = [m for m in self.measures if m.key.split(".")[0] in prefixes]
            if some:
                yield title, some

    def counted(self, verdict: Verdict) -> int:
        """Number of measures with a verdict."""
        return sum(m.verdict == verdict for m in self.measures)

    @property
    def summary(self) -> str:
        """All verdicts in one sentence."""
        off = [m.standard.name for m in self.measures if m.verdict == Verdict.off]
        good, untold = self.counted(Verdict.good), self.counted(Verdict.untold)
        text = f"{good} good, {len(off)} off, {untold} cannot be told"
        return f"{text}; off: {', '.join(off)}" if off else text

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, as docs/measure.md describes them."""
        timing = self.clip.timing
        return {
            "format": FORMAT,
            "version": VERSION,
            "vasari": vasari.__version__,
            "video": {
                "name": self.clip.path.name,
                "seconds": round(timing.picture_end - timing.picture_start, 3),
                "observed_seconds": round(self.clip.seconds, 3),
                "fps": round(timing.fps, 3),
                "size": list(self.clip.landmarks.size),
                "speech_seconds": round(float(self.clip.speaking.sum()) / 25, 2),
            },
            "against": self.against,
            "summary": {str(v): self.counted(v) for v in Verdict},
            "measures": {m.key: _as_dict(m) for m in self.measures},
            "left_out": list(self.left_out),
        }

    def to_json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    def save_json(self, path: str | Path, *, force: bool = False) -> None:
        """Write the JSON.

        Raises:
            OutputError: the file cannot be written, or exists and ``force`` is not given.
        """
        write_text(path, self.to_json(), force)

    def save_html(self, path: str | Path, *, force: bool = False) -> None:
        """Write the report as one page with plots and strips of frames; needs the extra ``evaluate``.

        Raises:
            OutputError: the file cannot be written, or exists and ``force`` is not given.
            UsageError: the packages that draw it are not installed.
        """
        from vasari.measure.report_page import page

        write_text(path, page(self), force)

    def __rich__(self) -> RenderableType:
        """The report as a table for the terminal."""
        video = self.to_dict()["video"]
        head = Text(
            f"{video['name']}: {video['observed_seconds']:.1f} s of {video['seconds']:.1f} s, "
            f"{video['fps']:g} pictures a second, {video['speech_seconds']:g} s of speech"
        )
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title, justify in (("", "left"), ("value", "right"), ("people", "right"), ("", "left")):
            table.add_column(title, justify=justify, no_wrap=title != "")  # type: ignore[arg-type]
        for title, some in self.groups():
            table.add_row(Text(title, style="bold"))
            for m in some:
                verdict = Text(f"{m.verdict}: {m.why}", style=_STYLE[m.verdict])
                if m.note:
                    verdict.append(f" ({m.note})", style="dim")
                table.add_row(f"  {m.standard.name}", m.shown, m.standard.people, verdict)
        left = [Text(f"left out: {text}", style="yellow") for text in self.left_out]
        return Group(head, table, *left, Text(self.summary, style="bold"))

    def __str__(self) -> str:
        """The report as text."""
        console = Console(width=140, no_color=True, file=None, record=False)
        with console.capture() as captured:
            console.print(self)
        return captured.get()


def write_text(path: str | Path, text: str, force: bool) -> None:
    """Write a text file, whole or not at all.

    Raises:
        OutputError: it cannot be written, or exists and ``force`` is not given.
    """
    target = FileTarget(Path(path), force)
    try:
        Path(target.file).write_text(text, encoding="utf-8")
        target.commit()
    except BaseException:
        target.discard()
        raise


def _as_dict(measure: Measure) -> dict[str, Any]:
    value = measure.value
    return {
        "name": measure.standard.name,
        "value": None if value is None else float(f"{value:.6g}"),
        "unit": measure.standard.unit,
        "people": measure.standard.people,
        "source": measure.standard.source,
        "low": measure.standard.low,
        "high": measure.standard.high,
        "verdict": str(measure.verdict),
        "why": measure.why,
        "note": measure.note,
    }
