"""Several performances of the same speech by the same person, to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vasari import defaults
from vasari.animation import Animation, Photo, Speech, animate, portrait_of
from vasari.errors import UsageError
from vasari.film.target import FileTarget

MOST = 16  # performances at once


def variations(
    photo: Photo,
    speech: Speech,
    out: str | Path,
    *,
    count: int,
    seed: int = defaults.SEED,
    face: int | None = None,
    force: bool = False,
    **options: Any,
) -> list[Animation]:
    """Make ``count`` films of the person in ``photo`` saying ``speech``, each with a seed of its own.

    Lips say the same in all of them; head, eyes, brows and smile differ.

    Args:
        photo: as for :func:`~vasari.animate`; prepared once.
        speech: a sound or video file, or samples with their ``rate``.
        out: ``talk.mp4`` stands for talk-1.mp4, talk-2.mp4 and so on.
        count: how many, 1 to 16.
        seed: of the first; the next ones follow it.
        face: which face, where the photo shows several.
        force: whether existing films may be replaced.
        **options: as for :func:`~vasari.animate`.

    Raises:
        UsageError, PhotoError, SoundError, OutputError: as for :func:`~vasari.animate`; nothing is begun
            unless all films can be written.
    """
    if not 1 <= count <= MOST:
        raise UsageError(f"{count} variations; choose 1 to {MOST}")
    if str(out) == "-" or str(speech) == "-":
        raise UsageError("variations need a file to write and a file to hear, as they are made in turn")
    places = [_numbered(Path(out), number) for number in range(1, count + 1)]
    for place in places:
        FileTarget(place, force).discard()
    portrait = portrait_of(photo, face=face, frame=options.get("frame", defaults.FRAME))
    return [
        animate(portrait, speech, place, seed=seed + number, force=force, **options)
        for number, place in enumerate(places)
    ]


def _numbered(path: Path, number: int) -> Path:
    return path.with_stem(f"{path.stem}-{number}")
