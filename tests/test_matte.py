"""The person told from the background, and the background without them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vasari import MotionFrame, Portrait, Renderer
from vasari.portrait.backdrop import continue_background, cut_out
from vasari.portrait.matte import person_matte
from vasari.portrait.photo import read_photo

Bytes = NDArray[np.uint8]


def oval(center: tuple[float, float], size: tuple[float, float]) -> NDArray[np.float32]:
    angle = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    return np.stack([center[0] + size[0] * np.cos(angle), center[1] + size[1] * np.sin(angle)], 1).astype(
        np.float32
    )


def everything(picture: Bytes) -> tuple[slice, slice]:
    return slice(0, picture.shape[0]), slice(0, picture.shape[1])


def test_the_astronaut_is_cut_out(photo: Path) -> None:
    picture = read_photo(photo)
    matte = person_matte(picture, everything(picture), oval((226, 122), (42, 54)))
    assert matte is not None
    inside = [(226, 30), (226, 122), (280, 70), (90, 330), (200, 400)]  # hair, face, hair, arm, chest
    outside = [(20, 20), (340, 60), (490, 200), (40, 200)]
    assert all(matte[y, x] > 0.95 for x, y in inside)
    assert all(matte[y, x] < 0.05 for x, y in outside)


def test_what_shows_nobody_is_not_cut_up() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    matte, backdrop, free = cut_out(
        noise, everything(noise), oval((150, 150), (60, 80)), oval((150, 150), (70, 90))
    )
    assert not free
    assert (matte == 255).all()
    assert backdrop is noise


def test_the_background_goes_on_behind_the_person() -> None:
    y, x = np.mgrid[:320, :320]
    picture = np.stack([x // 2, y // 2, np.full_like(x, 90)], -1).astype(np.uint8)
    matte = ((x - 160) ** 2 + (y - 180) ** 2 < 80**2).astype(np.float32)
    shown = picture.copy()
    shown[matte > 0] = (255, 0, 255)
    hidden = cv2.resize(cv2.dilate(matte, np.ones((9, 9))), (160, 160), interpolation=cv2.INTER_NEAREST)
    filled = continue_background(shown, everything(shown), (hidden > 0).astype(np.uint8)).astype(int)
    assert np.abs(filled - picture)[cv2.dilate(matte, np.ones((15, 15))) == 0].max() == 0
    assert np.abs(filled[..., 1] - picture[..., 1]).max() < 60  # no magenta anywhere
    edge = (matte > 0) & (cv2.erode(matte, np.ones((9, 9))) == 0)
    assert np.abs(filled - picture)[edge].mean() < 12


def test_a_clear_pattern_goes_on_behind_the_person() -> None:
    y, x = np.mgrid[:640, :640]
    stripes = np.where(x // 12 % 2, 200, 40)
    picture = np.stack([stripes, stripes // 2, 240 - stripes], -1).astype(np.uint8)
    picture += np.random.default_rng(0).integers(0, 12, (640, 640, 1), np.uint8)
    matte = (((x - 320) / 120) ** 2 + ((y - 320) / 160) ** 2 < 1).astype(np.uint8)
    shown = picture.copy()
    shown[matte > 0] = (90, 60, 50)
    grown = np.asarray(cv2.dilate(matte, np.ones((9, 9))), np.uint8)
    hidden = grown[::2, ::2]
    filled = continue_background(shown, everything(shown), hidden)
    beside = cv2.dilate(matte, np.ones((15, 15))) == 0
    assert (filled[beside] == shown[beside]).all()
    edge = (matte > 0) & (cv2.erode(matte, np.ones((61, 61))) == 0)  # 30 pixels deep
    error = np.abs(filled.astype(int) - picture)[edge].mean()
    assert error < 0.4 * np.abs(picture - picture.mean((0, 1)))[edge].mean()
    assert (filled == continue_background(shown, everything(shown), hidden)).all()  # the same every time


def test_nothing_moves_beside_the_head_as_it_turns(portrait: Portrait) -> None:
    renderer = Renderer(portrait, 512)
    scale = 512 / portrait.side
    margin = round(portrait.margin * scale)
    matte = cv2.resize(portrait.matte, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    far = cv2.dilate(matte, np.ones((121, 121), np.uint8))[margin : margin + 512, margin : margin + 512] < 3
    assert far.mean() > 0.05
    still = renderer.render(MotionFrame()).astype(int)
    for rotation in ((20, 0, 0), (-20, 0, 0), (0, 12, 0), (0, -12, 0), (0, 0, 10)):
        moved = renderer.render(MotionFrame(rotation=np.array(rotation, np.float32))).astype(int)
        assert np.abs(moved - still)[far].max() == 0
        assert np.abs(moved - still)[~far].max() > 60


@pytest.mark.parametrize("size", [256, 402, 512])
def test_laid_over_its_backdrop_the_person_is_the_photo(portrait: Portrait, size: int) -> None:
    photo = cv2.resize(portrait.photo, (size, size), interpolation=cv2.INTER_AREA).astype(int)
    drawn = Renderer(portrait, size).render(MotionFrame()).astype(int)
    assert np.median(np.abs(drawn - photo)) <= 2


@pytest.mark.parametrize("shelf", [False, True])
def test_an_ear_ring_goes_with_the_head_but_a_shelf_behind_it_does_not(photo: Path, shelf: bool) -> None:
    picture = read_photo(photo).copy()
    face, head = oval((226, 122), (42, 54)), oval((226, 110), (60, 75))
    matte = person_matte(picture, everything(picture), face)
    assert matte is not None
    x = int(np.flatnonzero(matte[130, 226:] < 0.02)[0]) + 226  # beside the hair
    picture[124:136, x + 2 : 512 if shelf else x + 10] = (20, 160, 40)
    cut, backdrop, free = cut_out(picture, everything(picture), face, head)
    assert free
    if shelf:
        assert cut[127:133, x + 4 : x + 8].mean() < 60
    else:
        ring = slice(127, 133), slice(x + 4, x + 8)
        assert cut[ring].mean() > 200
        assert np.abs(backdrop[ring].astype(int) - (20, 160, 40)).sum(-1).min() > 100
