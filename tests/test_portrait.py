"""A portrait: faithful to its photo, able to move, kept in one file."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from vasari import FormatError, MotionFrame, OutputError, Portrait, Renderer
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.model import HeadModel
from vasari.portrait.photo import read_photo


def moved(portrait: Portrait, **weights: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    points = portrait.neutral.copy()
    for name, weight in weights.items():
        j = EXPRESSION_INDEX[name]
        rows = slice(*portrait.start[j : j + 2])
        points[portrait.vertex[rows]] += weight * portrait.delta[rows]
    return points


def rim_gap(points: np.ndarray[tuple[int, ...], np.dtype[np.float32]], upper: str, lower: str) -> float:
    """Largest distance of one rim's vertices from the other rim's line, cm."""
    groups = HeadModel.load().groups
    a, b = points[groups[upper]], points[groups[lower]]
    fine = np.concatenate([np.linspace(p, q, 20) for p, q in pairwise(b)])
    return float(np.linalg.norm(a[:, None] - fine[None], axis=-1).min(1).max())


def test_lips_are_sealed_at_rest(portrait: Portrait) -> None:
    assert rim_gap(portrait.neutral, "lip_upper_rim", "lip_lower_rim") < 0.05


def test_lids_meet_in_a_blink(portrait: Portrait) -> None:
    shut = moved(portrait, eyeBlinkLeft=1, eyeBlinkRight=1)
    for side in ("left", "right"):
        assert rim_gap(shut, f"lid_upper_{side}", f"lid_lower_{side}") < 0.05
        assert rim_gap(portrait.neutral, f"lid_upper_{side}", f"lid_lower_{side}") > 0.3


def test_the_jaw_opens_the_mouth_and_moves_the_sheet_with_it(portrait: Portrait) -> None:
    open_ = moved(portrait, jawOpen=1)
    assert rim_gap(open_, "lip_upper_rim", "lip_lower_rim") > 1.0
    knots = len(portrait.attributes)
    down = (portrait.neutral - open_)[knots:, 1]
    assert down.max() > 0.3


def test_every_expression_moves_something_but_looks(portrait: Portrait) -> None:
    sizes = np.diff(portrait.start)
    for name, n in zip(EXPRESSIONS, sizes, strict=True):
        assert n > 0, name


def test_a_file_gives_the_same_pictures(portrait: Portrait, tmp_path: Path) -> None:
    portrait.save(tmp_path / "someone.portrait")
    again = Portrait.load(tmp_path / "someone.portrait")
    frame = MotionFrame(rotation=np.array([5, 3, 1], np.float32))
    np.testing.assert_array_equal(Renderer(portrait, 256).render(frame), Renderer(again, 256).render(frame))
    assert list(tmp_path.iterdir()) == [tmp_path / "someone.portrait"]


@pytest.mark.parametrize(
    "content", [b"", b"not a portrait", b"PK\x03\x04 broken archive"], ids=["empty", "text", "zip"]
)
def test_foreign_files_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "foreign.portrait"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"foreign\.portrait"):
        Portrait.load(path)


def test_a_truncated_file_is_refused(portrait: Portrait, tmp_path: Path) -> None:
    path = tmp_path / "cut.portrait"
    portrait.save(path)
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(FormatError):
        Portrait.load(path)


def test_a_missing_folder_is_named(portrait: Portrait, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        portrait.save(tmp_path / "nowhere" / "someone.portrait")


@pytest.mark.parametrize("change", ["grey", "small", "wide"])
def test_photos_of_any_kind(photo: Path, change: str) -> None:
    image = read_photo(photo)
    if change == "grey":
        image = np.repeat(image.mean(-1, keepdims=True), 3, -1).astype(np.uint8)
    elif change == "small":
        image = np.asarray(cv2.resize(image, (200, 200), interpolation=cv2.INTER_AREA), np.uint8)
    else:
        image = np.pad(image, ((100, 0), (700, 300), (0, 0)), mode="constant", constant_values=110)
    made = Portrait.create(np.asarray(image, np.uint8))
    picture = Renderer(made, 256).render(MotionFrame()).astype(int)
    assert 512 <= made.side <= 1024
    if change == "grey":
        assert np.abs(picture - picture.mean(-1, keepdims=True)).max() < 12
