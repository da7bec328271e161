"""The sheet that is looked at after every change to pixels."""

import numpy as np

from vasari import Portrait
from vasari.measure.contact_sheet import POSES, contact_sheet, pose_frame


def test_a_sheet_holds_the_photo_and_every_pose(portrait: Portrait) -> None:
    sheet = contact_sheet(portrait, size=96, columns=6)
    rows = -(-(1 + len(POSES)) // 6)
    assert sheet.shape == (96 * rows, 96 * 6, 3)
    tiles = [sheet[96 * (i // 6) :, 96 * (i % 6) :][:96, :96] for i in range(1 + len(POSES))]
    neutral = tiles[1].astype(int)
    for tile, name in zip(tiles[2:], list(POSES)[1:], strict=True):
        assert np.abs(tile.astype(int) - neutral).mean() > 0.05, name


def test_zoom_shows_a_part(portrait: Portrait) -> None:
    assert contact_sheet(portrait, size=80, columns=11, zoom=(0.3, 0.5, 0.7, 0.7)).shape == (80, 880, 3)


def test_a_pose_frame_holds_what_it_says() -> None:
    frame = pose_frame("yaw +15")
    assert frame.rotation.tolist() == [15, 0, 0]
    assert frame.expression.max() == 0
