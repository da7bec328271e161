"""The measure of whether a portrait stays the same person as it turns and speaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vasari import Portrait
from vasari.measure.identity import missing_packages
from vasari.measure.likeness import TILE, TURNS, VIEWS, Likeness, LikenessJudge, main, table

needs_dlib = pytest.mark.skipif(bool(missing_packages()), reason="the extra `evaluate` is not installed")


@needs_dlib
def test_a_portrait_keeps_its_likeness_and_a_distorted_one_loses_it(portrait: Portrait) -> None:
    judge = LikenessJudge()
    own = judge.judge("own", portrait)
    assert own.distance.shape == (len(VIEWS),)
    assert own.strip.shape == (TILE, (1 + len(VIEWS)) * TILE, 3)
    assert own.floor < own.mean < 0.4
    assert own.worst < 0.45
    # the same person with a face that is a third too narrow, in all but the photo
    head = portrait.neutral - portrait.translation
    axis = portrait.rotation[:, 0]
    narrow = head - np.outer(head @ axis, axis) / 3 + portrait.translation
    other = judge.judge("narrow", replace(portrait, neutral=narrow.astype(np.float32)))
    assert other.mean > own.mean + 0.05


@needs_dlib
def test_the_command_prints_a_table_and_leaves_out_what_is_no_portrait(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    sheet = tmp_path / "sheet.png"
    monkeypatch.setattr("sys.argv", ["likeness", str(photo), str(empty), "--sheet", str(sheet)])
    main()
    printed = capsys.readouterr()
    assert f"| {photo.stem} |" in printed.out
    assert "left out: empty.png" in printed.err
    assert sheet.stat().st_size > 0


def test_the_table_has_the_worst_portrait_first() -> None:
    strip = np.zeros((TILE, TILE, 3), np.uint8)
    distance = np.linspace(0.1, 0.2, len(VIEWS))
    rows = [Likeness("near", 0.1, distance, strip), Likeness("far", 0.0, distance + 0.3, strip)]
    lines = table(rows).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["all 2", "far", "near"]
    assert lines[0].count("|") == len(TURNS) + 5
    floor, mean, worst = (float(cell) for cell in lines[2].split("|")[2:5])
    assert floor == pytest.approx(0.05, abs=1e-3)
    assert mean == pytest.approx(0.3, abs=1e-3)
    assert worst == pytest.approx(0.5, abs=1e-3)
