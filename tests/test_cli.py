"""The command line: flags, exit codes, one-line errors, streams."""

import io
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

import vasari
from conftest import WriteWav
from vasari.cli import main

QUICK = ["--size", "256"]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory, portrait: vasari.Portrait, write_wav: WriteWav) -> Path:
    """A folder with a prepared portrait and a short sound."""
    folder = tmp_path_factory.mktemp("files")
    portrait.save(folder / "ann.portrait")
    write_wav(folder / "speech.wav", np.sin(np.arange(4000) / 9) * 0.3)
    return folder


@pytest.fixture
def here(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh working folder beside links to those files."""
    for source in files.iterdir():
        (tmp_path / source.name).symlink_to(source)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def pictures(path: Path) -> int:
    with av.open(str(path), "r") as container:
        return len(list(container.decode(video=0)))


def test_animate(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["animate", "ann.portrait", "speech.wav", "-o", "talk.mp4", *QUICK]) == 0
    assert pictures(here / "talk.mp4") == 7
    out, err = capfd.readouterr()
    assert out == ""
    assert str(here / "talk.mp4") in err
    assert "7 pictures" in err
    assert err.count("\n") == 1  # no progress bar: this is not a terminal


def test_quiet_says_nothing(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["animate", "ann.portrait", "speech.wav", "-o", "talk.mp4", "-q", *QUICK]) == 0
    assert capfd.readouterr() == ("", "")


def test_all_controls(here: Path) -> None:
    flags = "--gaze=-10,5 --distance 1.2 --emotion happiness=0.5,surprise=0.1 --pose 5,0,-3 --head-motion 0.5"
    more = "--expressiveness 1.2 --mouth 0.9 --blink-rate 20 --seed 3 --fps 30 --threads 1"
    argv = ["animate", "ann.portrait", "speech.wav", *QUICK, *flags.split(), *more.split()]
    assert main(argv) == 0
    assert pictures(here / "talk.mp4") == 8


def test_standard_output_is_a_playable_stream(here: Path) -> None:
    command = [sys.executable, "-m", "vasari", "animate", "ann.portrait", "speech.wav", "-o", "-", *QUICK]
    ran = subprocess.run(command, capture_output=True, check=True)
    assert b"standard output" in ran.stderr
    with av.open(io.BytesIO(ran.stdout), "r") as container:
        assert len(list(container.decode(video=0))) == 7
    assert b"moof" in ran.stdout  # fragments


def test_a_reader_that_leaves_is_no_crash(here: Path) -> None:
    command = (
        f"'{sys.executable}' -m vasari animate ann.portrait speech.wav -o - --size 256 | head -c 10 > start"
    )
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in ran.stderr
    assert (here / "start").stat().st_size == 10


def test_demo(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", *QUICK]) == 0
    assert pictures(here / "vasari-demo.mp4") == 275
    assert str(here / "vasari-demo.mp4") in capfd.readouterr().err


def test_prepare_then_refuse_to_replace(here: Path, photo: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare", str(photo)]) == 0
    made = here / "astronaut.portrait"
    assert vasari.Portrait.load(made).side > 0
    assert main(["prepare", str(photo)]) == 6
    assert "--force" in capfd.readouterr().err
    assert main(["prepare", str(photo), "--force", "-q"]) == 0


def test_track_and_perform(here: Path) -> None:
    assert main(["animate", "ann.portrait", "speech.wav", "-o", "talk.mp4", *QUICK]) == 0
    assert main(["track", "talk.mp4"]) == 0
    assert len(vasari.Motion.load(here / "talk.motion")) == 7
    assert main(["track", "talk.mp4", "-o", "talk.csv"]) == 0
    assert (here / "talk.csv").read_text().count("\n") == 8
    argv = ["perform", "ann.portrait", "talk.motion", "-o", "again.mp4", "--speech", "speech.wav", *QUICK]
    assert main(argv) == 0
    assert pictures(here / "again.mp4") == 7


MISTAKES = {
    "no such photo": (["animate", "nobody.jpg", "speech.wav"], 3),
    "no such portrait": (["animate", "nobody.portrait", "speech.wav"], 5),
    "no such speech": (["animate", "ann.portrait", "nothing.wav"], 4),
    "speech is no sound": (["animate", "ann.portrait", "ann.portrait"], 4),
    "output suffix": (["animate", "ann.portrait", "speech.wav", "-o", "talk.doc"], 6),
    "output folder": (["animate", "ann.portrait", "speech.wav", "-o", "no/where.mp4"], 6),
    "gaze is words": (["animate", "ann.portrait", "speech.wav", "--gaze", "left"], 2),
    "gaze has one number": (["animate", "ann.portrait", "speech.wav", "--gaze", "5"], 2),
    "gaze is too far": (["animate", "ann.portrait", "speech.wav", "--gaze", "80,0"], 2),
    "unknown emotion": (["animate", "ann.portrait", "speech.wav", "--emotion", "joy=1"], 2),
    "emotion without weight": (["animate", "ann.portrait", "speech.wav", "--emotion", "happiness"], 2),
    "too few pictures": (["animate", "ann.portrait", "speech.wav", "--fps", "10"], 2),
    "odd size": (["animate", "ann.portrait", "speech.wav", "--size", "301"], 2),
    "no such face": (["prepare", "PHOTO", "--face", "7"], 3),
    "video is no video": (["track", "speech.wav"], 4),
    "motion is no motion": (["perform", "ann.portrait", "ann.portrait"], 5),
}


@pytest.mark.parametrize(("argv", "code"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_end_in_one_line(
    here: Path, photo: Path, capfd: pytest.CaptureFixture[str], argv: list[str], code: int
) -> None:
    before = sorted(here.iterdir())
    assert main([str(photo) if word == "PHOTO" else word for word in argv]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("vasari: ")
    assert err.count("\n") == 1
    assert sorted(here.iterdir()) == before


def test_unknown_flag_is_a_usage_error(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["animate", "--frobnicate"]) == 2
    assert "Traceback" not in capfd.readouterr().err


def test_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capfd.readouterr().out == f"vasari {vasari.__version__}\n"


def test_import_is_light() -> None:
    heavy = "numba onnxruntime cv2 av scipy"
    code = f"import sys, vasari; print([m for m in '{heavy}'.split() if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_every_public_name_loads() -> None:
    for name in vasari.__all__:
        assert getattr(vasari, name) is not None
    with pytest.raises(AttributeError, match="animate"):
        vasari.nothing  # noqa: B018
