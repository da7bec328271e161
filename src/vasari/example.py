"""The example that comes with the package: an astronaut's portrait and a president's sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

PHOTO = "astronaut.jpg"
SPEECH = "jfk.wav"


@contextmanager
def example() -> Iterator[tuple[Path, Path]]:
    """Paths of the photo and the speech, while the context lasts."""
    folder = resources.files("vasari.assets") / "examples"
    with resources.as_file(folder / PHOTO) as photo, resources.as_file(folder / SPEECH) as speech:
        yield photo, speech
