"""The head within its whole photo."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import vasari
from vasari import Motion, MotionFrame, Portrait, UsageError
from vasari.portrait.crop import MAX_FILM_SIDE, fit_for_film
from vasari.portrait.photo import read_photo
from vasari.render.whole import WholeRenderer

Bytes = NDArray[np.uint8]


@pytest.fixture(scope="module")
def whole(photo: Path) -> Portrait:
    """The example in a wide photo with odd sides."""
    image = np.pad(read_photo(photo), ((31, 0), (200, 101), (0, 0)), mode="reflect")
    return Portrait.create(np.ascontiguousarray(image), frame="whole")


@pytest.fixture(scope="module")
def renderer(whole: Portrait) -> WholeRenderer:
    return WholeRenderer(whole)


def turned(yaw: float, pitch: float = 0, roll: float = 0) -> MotionFrame:
    return MotionFrame(rotation=np.array([yaw, pitch, roll], np.float32))


def test_pictures_have_the_photos_size(whole: Portrait, renderer: WholeRenderer) -> None:
    assert whole.surroundings.shape == (542, 812, 3)  # even: one row and one column are lost
    assert renderer.size == (812, 542)
    assert renderer.render(turned(0)).shape == (542, 812, 3)


def test_away_from_the_head_it_is_the_photo(whole: Portrait, renderer: WholeRenderer) -> None:
    picture = renderer.render(turned(15, 8, 10))
    left, top, extent = whole.place
    away = np.ones(picture.shape[:2], bool)
    away[max(top, 0) : top + extent, max(left, 0) : left + extent] = False
    assert away.mean() > 0.3
    np.testing.assert_array_equal(picture[away], whole.surroundings[away])
    assert np.abs(picture[~away].astype(int) - whole.surroundings[~away]).max() > 50


def test_no_seam_shows_where_the_moving_square_ends(whole: Portrait, renderer: WholeRenderer) -> None:
    picture = renderer.render(turned(12, -10, 12)).astype(int)
    left, top, extent = whole.place
    photo = whole.surroundings.astype(int)
    rows = slice(max(top, 0), min(top + extent, len(photo)))
    for column in (left, left + extent):
        step = np.abs(picture[rows, column] - picture[rows, column - 1])
        own = np.abs(photo[rows, column] - photo[rows, column - 1])
        assert (step - own).max() <= 6


def test_the_background_stays_still(whole: Portrait, renderer: WholeRenderer) -> None:
    left, top, extent = whole.place
    background = np.zeros(whole.surroundings.shape[:2], bool)
    matte = cv2.resize(whole.matte, (int(extent), int(extent)), interpolation=cv2.INTER_AREA)
    matte = cv2.dilate(matte, np.ones((2 * (extent // 6) + 1,) * 2, np.uint8))  # as far as the head gets
    rows, columns = slice(max(top, 0), top + extent), slice(max(left, 0), left + extent)
    part = background[rows, columns]
    part[:] = (matte < 5)[max(-top, 0) :][: len(part), max(-left, 0) :][:, : part.shape[1]]
    assert background.sum() > 1000
    pictures = [renderer.render(turned(yaw)).astype(int) for yaw in (-14, 0, 14)]
    assert max(np.abs(p - pictures[1])[background].max() for p in pictures) == 0


def test_coming_nearer_leaves_the_edges_in_place(whole: Portrait, renderer: WholeRenderer) -> None:
    near = renderer.render(MotionFrame(translation=np.array([0, 0, 12], np.float32))).astype(int)
    photo = whole.surroundings.astype(int)
    bottom = slice(len(photo) - 3, None) if whole.place[1] + whole.place[2] < len(photo) else slice(0, 0)
    assert np.abs(near - photo)[bottom].max(initial=0) <= 4
    assert np.abs(near - photo).max() > 60


def test_a_film_has_the_photos_size(whole: Portrait, tmp_path: Path) -> None:
    motion = _motion()
    vasari.perform(whole, motion, tmp_path / "whole.mp4", frame="whole")
    with av.open(str(tmp_path / "whole.mp4")) as film:
        video = film.streams.video[0]
        assert (video.width, video.height) == (812, 542)
        assert sum(1 for _ in film.decode(video)) == 3


def test_it_survives_its_file(whole: Portrait, renderer: WholeRenderer, tmp_path: Path) -> None:
    whole.save(tmp_path / "a.portrait")
    again = WholeRenderer(Portrait.load(tmp_path / "a.portrait"))
    np.testing.assert_array_equal(renderer.render(turned(5)), again.render(turned(5)))


def test_a_portrait_without_its_photo_is_refused(portrait: Portrait, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--frame whole"):
        vasari.perform(portrait, _motion(), tmp_path / "whole.mp4", frame="whole")
    assert list(tmp_path.iterdir()) == []


def test_other_frames_are_refused(photo: Path) -> None:
    with pytest.raises(UsageError, match="crop"):
        Portrait.create(photo, frame="half")


@pytest.mark.parametrize("shape", [(3000, 5000), (5001, 801), (301, 203)])
def test_photos_fit_a_film(shape: tuple[int, int]) -> None:
    fitted = fit_for_film(np.zeros((*shape, 3), np.uint8))
    assert max(fitted.shape) <= MAX_FILM_SIDE
    assert fitted.shape[0] % 2 == fitted.shape[1] % 2 == 0
    assert fitted.shape[0] / fitted.shape[1] == pytest.approx(shape[0] / shape[1], rel=0.02)


def _motion() -> Motion:
    still = np.zeros((3, 52), np.float32)
    return Motion(
        still, np.zeros((3, 3), np.float32), np.zeros((3, 3), np.float32), np.zeros((3, 2), np.float32)
    )
