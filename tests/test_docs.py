"""Every documented snippet runs: Python blocks as they stand, and every ``vasari`` line of a shell block."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from conftest import SPEECH_RATE, WriteWav
from vasari.cli import main

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[tuple[str, str]]:
    """(page, text) of every fenced block in ``language``."""
    fence = re.compile(rf"^```{language}\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return [(page.name, text) for page in PAGES for text in fence.findall(page.read_text())]


def command_lines() -> list[list[str]]:
    lines = [line for _, text in blocks("sh") for line in text.splitlines() if line.startswith("vasari ")]
    return [shlex.split(line.split("#")[0].split("|")[0])[1:] for line in lines]


@pytest.fixture
def folder(tmp_path: Path, photo: Path, speech: NDArray[np.float32], write_wav: WriteWav) -> Path:
    """Where a reader would try them: a photo and a short speech."""
    (tmp_path / "photo.jpg").write_bytes(photo.read_bytes())
    write_wav(tmp_path / "speech.wav", speech[int(3.2 * SPEECH_RATE) : int(3.8 * SPEECH_RATE)])
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
        quick = ["--rounds", "1"] if argv[0] == "bench" else []
        assert main(argv + quick) == 0, argv


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
