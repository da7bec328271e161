"""One film made and judged, and remembered as long as neither the program nor its inputs change."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

import vasari
from vasari.errors import VasariError
from vasari.measure.evaluate import evaluate
from vasari.measure.mouth import closures
from vasari.measure.results.design import Item
from vasari.measure.verdict import Measure, Verdict, judge
from vasari.motion.motion import MOTION_RATE

#: Keys of the share of p, b and m that close the lips at the times that the synthesiser tells, and of the
#: share of all moments of speech, as long, in which they close.
EXACT, CHANCE = "closures.exact", "closures.chance"


@dataclass(frozen=True)
class Outcome:
    """What became of an item.

    Attributes:
        kind: ``portrait`` or ``speech``.
        name: of the item.
        attributes: of the item.
        failure: what went wrong, ``STAGE: MESSAGE``; empty if nothing did.
        measures: key -> value, of all that was read.
        off: key -> what is wrong, of those at which no person would be.
        untold: keys of those that give no verdict, for want of speech, silence or a limit.
        seconds: of processor time by stage: ``portrait``, ``film``, ``judging``; and ``wall``.
        frames: pictures in the film.
    """

    kind: str
    name: str
    attributes: dict[str, str]
    failure: str
    measures: dict[str, float]
    off: dict[str, str]
    untold: list[str]
    seconds: dict[str, float]
    frames: int


def shelf(work: Path) -> Path:
    """The folder for films and outcomes of this program: its name changes with the code and the weights."""
    return work / _program()[:16]


def run(item: Item, folder: Path, size: int) -> Outcome:
    """Make and judge the film of an item, or remember it.

    Args:
        item: what to make.
        folder: of films and outcomes (:func:`shelf`); several processes may share it.
        size: side of the picture.
    """
    film = film_of(item, folder, size)
    file = film.with_suffix(".json")
    if file.is_file():
        return Outcome(**json.loads(file.read_text(encoding="utf-8")))
    film.parent.mkdir(parents=True, exist_ok=True)
    outcome = _made(item, film, size)
    part = file.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(vars(outcome), ensure_ascii=False), encoding="utf-8")
    part.replace(file)
    return outcome


def film_of(item: Item, folder: Path, size: int) -> Path:
    """Where the film of an item lies; its name tells these inputs and this size from others."""
    inputs = hashlib.sha256(str(size).encode())
    for file in (item.photo, item.speech):
        inputs.update(hashlib.sha256(file.read_bytes()).digest())
    return folder / f"{item.kind}-{item.name}-{inputs.hexdigest()[:8]}.mp4"


def _made(item: Item, film: Path, size: int) -> Outcome:
    began, clock = perf_counter(), _Clock()
    failure, frames = "", 0
    judged: dict[str, Measure] = {}
    part = film.with_suffix(f".{os.getpid()}.mp4")
    stage = "portrait"
    try:
        portrait = vasari.Portrait.create(item.photo)
        clock.mark("portrait")
        stage = "film"
        frames = vasari.animate(portrait, item.speech, part, size=size, threads=1, force=True).frames
        clock.mark("film")
        stage = "judging"
        judged = _judged(item, part)
        clock.mark("judging")
    except VasariError as error:
        message = str(error).replace(str(part), film.name).replace(str(item.photo), item.photo.name)
        failure = f"{stage}: {type(error).__name__}: {message}"
    if part.is_file():
        part.replace(film)
    seconds = {**clock.seconds, "wall": round(perf_counter() - began, 2)}
    read = {key: m for key, m in judged.items() if m.value is not None}
    return Outcome(
        kind=item.kind,
        name=item.name,
        attributes=item.attributes,
        failure=failure,
        measures={key: float(f"{m.value:.4g}") for key, m in read.items()},
        off={key: m.why for key, m in read.items() if m.verdict == Verdict.off},
        untold=[key for key, m in read.items() if m.verdict == Verdict.untold],
        seconds=seconds,
        frames=frames,
    )


def _judged(item: Item, film: Path) -> dict[str, Measure]:
    report = evaluate(film, photo=item.photo, speech=item.speech)
    measures = {measure.key: measure for measure in report.measures}
    if item.bilabials is not None:
        gap = np.maximum(report.clip.track.lip_gap.astype(np.float64), 0)
        exact, chance = (
            closures(gap, report.clip.speaking, spans)
            for spans in (list(item.bilabials), _elsewhere(item.bilabials, report.clip.speaking))
        )
        (measures[EXACT],) = judge({"closures.rate": exact})
        (measures[CHANCE],) = judge({"closures.rate": replace(chance, untold="a chance level")})
    return measures


def _elsewhere(
    spans: Sequence[tuple[float, float]], speaking: NDArray[np.bool_]
) -> list[tuple[float, float]]:
    """Spans of median length that begin at every moment of speech."""
    length = float(np.median([end - start for start, end in spans])) if spans else 0.0
    return [(k / MOTION_RATE, k / MOTION_RATE + length) for k in np.flatnonzero(speaking)]


@cache
def _program() -> str:
    """sha256 of the package: its code and its weights."""
    root = Path(vasari.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(root.rglob("*")):
        aside = {"__pycache__", "results"}.intersection(file.relative_to(root).parts)
        if file.is_file() and not aside:
            digest.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


class _Clock:
    """Processor time between marks."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = process_time()

    def mark(self, stage: str) -> None:
        now = process_time()
        self.seconds[stage] = round(now - self._last, 2)
        self._last = now
