"""The measure of a portrait driven by its own clip, on a clip of known motion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import vasari
from vasari.errors import UsageError
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.measure.reenactment import SHOWN, SIDE, Real, ReenactmentJudge, Score, driven_by, main, table
from vasari.motion.motion import MotionFrame

FRAMES = 13


@pytest.fixture(scope="module")
def clip(portrait: vasari.Portrait, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example opens its mouth and turns a little."""
    renderer = vasari.Renderer(portrait, 256)
    path = tmp_path_factory.mktemp("reenactment") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "14"})
        assert isinstance(stream, av.VideoStream)
        stream.height = stream.width = 256
        for t in range(FRAMES):
            expression = np.zeros(len(EXPRESSIONS), np.float32)
            expression[EXPRESSION_INDEX["jawOpen"]] = 0.5 * np.sin(np.pi * t / (FRAMES - 1))
            turn = np.array([6 * t / (FRAMES - 1), 0, 0], np.float32)
            picture = renderer.render(MotionFrame(expression, turn))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def judge() -> ReenactmentJudge:
    return ReenactmentJudge()


@pytest.fixture(scope="module")
def real(judge: ReenactmentJudge, clip: Path) -> Real:
    return judge.read(clip)


@pytest.fixture(scope="module")
def driven(real: Real) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    return driven_by(None, real)


def test_a_driven_portrait_is_nearer_to_its_clip_than_a_still_photo(
    judge: ReenactmentJudge, real: Real, driven: tuple[NDArray[np.uint8], NDArray[np.uint8]]
) -> None:
    still, moved = judge.still(real), judge.driven(real, *driven)
    assert moved.face_psnr > still.face_psnr + 1
    assert moved.face_ssim > still.face_ssim + 0.1
    assert moved.lips < 0.9 * still.lips  # its pixels tell nothing: teeth are hidden at first
    assert moved.chin < 0.7 * still.chin
    assert judge.strip(real, driven[1]).shape == (2 * SIDE, SHOWN * SIDE, 3)


def test_the_clips_own_pictures_score_as_perfect(judge: ReenactmentJudge, real: Real) -> None:
    same = judge.still(replace(real, samples=[0], frames=[real.first]))
    assert same.face_psnr == 100
    assert same.face_ssim == pytest.approx(1)
    assert same.lips == same.chin == 0


def test_versions_are_compared(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path(vasari.__file__).parent.parent
    strip = tmp_path / "strip.png"
    monkeypatch.setattr(
        "sys.argv", ["reenactment", str(clip), "--against", str(source), "--strip", str(strip)]
    )
    main()
    rows = [line.split("|")[2:-1] for line in capsys.readouterr().out.splitlines()[2:]]
    assert len(rows) == 3
    assert rows[1] == rows[2]  # the same version twice
    assert strip.stat().st_size > 0


def test_a_version_that_fails_is_told(real: Real, tmp_path: Path) -> None:
    (tmp_path / "vasari").mkdir()
    (tmp_path / "vasari" / "__init__.py").write_text("raise SystemExit('not today')")
    with pytest.raises(UsageError, match="not today"):
        driven_by(tmp_path, real)


def test_the_table_holds_means() -> None:
    score = Score(20, 0.8, 22, 0.7, 4, 3, 0.1)
    other = Score(22, 0.8, 22, 0.7, 4, 3, float("nan"))
    lines = table({"still photo": [score, other]}).splitlines()
    assert lines[2].startswith("| still photo | 21.000 |")
    assert lines[2].endswith("nan |")
