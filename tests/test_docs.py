"""Every documented snippet runs: Python blocks as they stand, and every ``vasari`` line of a shell block."""

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import vasari
from conftest import SPEECH_RATE, WriteWav
from vasari.cli import main

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ASSETS = ROOT / "src" / "vasari" / "assets"
CARDS = DOCS / "cards"  # made from the assets' cards when the site is built
PAGES = [ROOT / "README.md", *sorted(page for page in DOCS.rglob("*.md") if page.parent != CARDS)]

#: What makes a documented command quicker to try, without changing what it does.
QUICK = {
    "animate": ["--size", "256"],
    "perform": ["--size", "256"],
    "bench": ["--size", "256", "--seconds", "1", "--rounds", "1"],
}


def blocks(language: str) -> list[tuple[str, str]]:
    """(page, text) of every fenced block in ``language``."""
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [(str(page.relative_to(ROOT)), text) for page in PAGES for text in fence.findall(page.read_text())]


def command_lines() -> list[list[str]]:
    lines = [line for _, text in blocks("sh") for line in text.splitlines() if line.startswith("vasari ")]
    commands = [tuple(shlex.split(line.split("#")[0].split("|")[0])[1:]) for line in lines]
    return [list(argv) for argv in dict.fromkeys(commands)]


def short(speech: NDArray[np.float32]) -> NDArray[np.float32]:
    """A word of it, 0.6 s."""
    return speech[int(3.2 * SPEECH_RATE) : int(3.8 * SPEECH_RATE)]


@pytest.fixture(scope="module")
def interview(
    portrait: vasari.Portrait, speech: NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory
) -> bytes:
    """A video of somebody who talks."""
    out = tmp_path_factory.mktemp("video") / "interview.mp4"
    vasari.animate(portrait, short(speech), out, rate=SPEECH_RATE)
    return out.read_bytes()


@pytest.fixture(autouse=True)
def prepared_once(portrait: vasari.Portrait, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snippets' photo is understood once for all of them."""
    create = vasari.Portrait.create

    def created(photo: Any, **options: Any) -> vasari.Portrait:
        known = isinstance(photo, str) and photo == "photo.jpg" and not options.get("face")
        return portrait if known else create(photo, **options)

    monkeypatch.setattr(vasari.Portrait, "create", created)


@pytest.fixture
def folder(
    tmp_path: Path, photo: Path, interview: bytes, speech: NDArray[np.float32], write_wav: WriteWav
) -> Path:
    """Where a reader would try them: a photo, a short speech and a short video."""
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    (tmp_path / "interview.mp4").write_bytes(interview)
    write_wav(tmp_path / "speech.wav", short(speech))
    return tmp_path


@pytest.mark.parametrize(("page", "text"), blocks("python"))
def test_python(page: str, text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    exec(compile(text, page, "exec"), {"__name__": "snippet"})


def test_command_lines(folder: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: object) -> None:
    monkeypatch.chdir(folder)
    lines = command_lines()
    assert len(lines) >= 6
    for argv in lines:
        assert main(argv + QUICK.get(argv[0], [])) == 0, argv


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            place = (page.parent / target).resolve()
            if place.parent == CARDS and place.name != "index.md":
                place = ASSETS / f"{place.stem}.card.md"
            assert place.exists() or place == CARDS / "index.md", f"{page.name} links to {target}"
