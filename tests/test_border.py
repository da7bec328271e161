"""A plain border around a picture belongs neither to the person nor to the background."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vasari import MotionFrame, Portrait, Renderer
from vasari.portrait.border import within_border
from vasari.portrait.photo import read_photo

Bytes = NDArray[np.uint8]
PAPER = (236, 233, 225)


def whole(picture: Bytes) -> tuple[slice, slice]:
    return slice(0, picture.shape[0]), slice(0, picture.shape[1])


@pytest.fixture(scope="module")
def framed(photo: Path) -> Bytes:
    """The photo, closely cut, on paper."""
    inner = read_photo(photo)[:400, 120:340]
    return np.asarray(cv2.copyMakeBorder(inner, 30, 0, 34, 46, cv2.BORDER_CONSTANT, value=PAPER), np.uint8)


def test_paper_around_a_picture_is_told_from_it(framed: Bytes) -> None:
    rows, columns = within_border(framed, whole(framed))
    assert abs(rows.start - 30) <= 4
    assert rows.stop == framed.shape[0]
    assert abs(columns.start - 34) <= 4
    assert abs(columns.stop - (framed.shape[1] - 46)) <= 4


def test_a_plain_background_is_no_border() -> None:
    picture = np.full((300, 300, 3), 220, np.uint8)
    cv2.circle(picture, (150, 160), 80, (90, 70, 60), -1)
    cv2.rectangle(picture, (60, 230), (240, 300), (40, 40, 90), -1)
    assert within_border(picture, whole(picture)) == whole(picture)


def test_a_photo_without_a_border_is_whole(photo: Path) -> None:
    picture = read_photo(photo)
    assert within_border(picture, whole(picture)) == whole(picture)


def test_the_border_stands_still(framed: Bytes) -> None:
    portrait = Portrait.create(framed)
    renderer = Renderer(portrait, 512)
    still = renderer.render(MotionFrame()).astype(int)
    paper = np.abs(still - PAPER).max(-1) < 6
    paper = cv2.erode(paper.astype(np.uint8), np.ones((9, 9))) > 0
    assert paper[: len(paper) // 2].mean() > 0.03
    for yaw in (-15, 15):
        moved = renderer.render(MotionFrame(rotation=np.array([yaw, 0, 0], np.float32))).astype(int)
        assert np.median(np.abs(moved - still).max(-1)[paper]) == 0
        assert (np.abs(moved - still).max(-1)[paper] > 8).mean() < 0.02
