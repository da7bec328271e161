"""The square around a face, and what is made up beyond the edges of the photo."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.head.landmarks import FaceLandmarker
from vasari.portrait.crop import Crop, continue_outside, crop_photo
from vasari.portrait.matte import person_matte
from vasari.portrait.photo import choose_face, read_photo

Bytes = NDArray[np.uint8]
#: Row of the test photo at which the head is cut off: through the forehead.
CUT = 84


@pytest.fixture(scope="module")
def cut_off(photo: Path) -> tuple[Crop, NDArray[np.float32]]:
    """The test photo without the top of its head, cropped, and the outline of the face in the crop."""
    image = read_photo(photo)[CUT:340, 90:360]
    face = choose_face(image, FaceLandmarker(), None)
    crop = crop_photo(image, face)
    hull = cv2.convexHull(crop.landmarks(face).points[:, :2].astype(np.float32))
    return crop, np.asarray(hull, np.float32)[:, 0]


def test_beyond_the_photo_there_is_no_second_head(cut_off: tuple[Crop, NDArray[np.float32]]) -> None:
    crop, _ = cut_off
    top = crop.seen[0].start
    assert top > 20
    above = crop.picture[:top][::-1, crop.seen[1]].astype(float)
    below = crop.picture[top : 2 * top, crop.seen[1]].astype(float)
    edge = below[:3].mean((0, 1))
    rest_above, rest_below = (part - part.mean(1, keepdims=True) for part in (above, below))
    far = slice(top // 2, None)  # up and down, what is above does not follow what is below
    change_above = (above[far] - above[far].mean(0)).std()
    assert change_above < 0.5 * (below[far] - below[far].mean(0)).std()
    assert rest_above[far].std() < 0.9 * rest_below[:3].std()  # along the edge, it gets smoother
    assert np.abs(above[far].mean((0, 1)) - edge).max() < 8  # and stays the edge's colour


def test_a_pattern_beyond_the_edge_never_comes_back() -> None:
    picture = np.full((640, 640, 3), 90, np.uint8)
    picture[110:200] = 250  # a band 30 pixels below the edge: its mirror image would be seen above
    made_up = continue_outside(picture, (slice(80, 640), slice(0, 640)))
    assert np.abs(made_up[:80].astype(int) - 90).max() <= 1


def test_what_the_photo_shows_stays() -> None:
    noise = np.random.default_rng(0).normal(0, 300, (640, 640, 3))
    picture = np.clip(128 + cv2.GaussianBlur(noise, (0, 0), 3), 0, 255).astype(np.uint8)
    seen = slice(80, 600), slice(50, 640)
    made_up = continue_outside(picture, seen)
    assert (made_up[seen] == picture[seen]).all()
    assert (continue_outside(picture, (slice(0, 640), slice(0, 640))) == picture).all()
    steps = np.abs(np.diff(made_up[76:90, 50:].astype(int), axis=0)).mean((1, 2))
    assert steps[:4].max() < 1.3 * steps[4:].mean()  # no seam


def test_a_head_that_is_cut_off_ends_in_a_dome(cut_off: tuple[Crop, NDArray[np.float32]]) -> None:
    crop, face = cut_off
    matte = person_matte(crop.picture, crop.seen, face)
    assert matte is not None
    top = crop.seen[0].start
    widths = (matte[: top + 20] > 0.5).sum(1)
    above = widths[:top]
    assert (np.diff(above[above > 0]) >= 0).all()  # ever narrower upwards
    assert above[top // 2] < 0.97 * widths[top + 10]
    assert abs(int(widths[top - 1]) - int(widths[top + 10])) < 0.15 * widths[top + 10]  # without a step
