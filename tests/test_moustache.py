"""Hair on the upper lip: found where it is, and hung over the opening."""

import numpy as np

from vasari.portrait.moustache import PLACES, moustache
from vasari.portrait.portrait import Portrait
from vasari.render.fringe import hang_fringe, strands

SKIN = np.array([200, 150, 130], np.float32)


def lips(colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """A face whose upper lip has one colour, and landmarks that say where it is."""
    picture = np.full((400, 400, 3), SKIN, np.uint8)
    picture[180:200, 100:300] = colour
    points = np.zeros((468, 2), np.float32)
    outer = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
    inner = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
    for ids, y in ((outer, 181), (inner, 199)):
        points[list(ids)] = np.stack([np.linspace(102, 298, len(ids)), np.full(len(ids), y)], 1)
    return picture, points


def test_bare_lips_have_no_hair(portrait: Portrait) -> None:
    assert not portrait.moustache[:, 0].any()
    assert not moustache(*lips((190, 90, 95)), SKIN)[:, 0].any()
    assert not moustache(*lips((110, 25, 30)), SKIN)[:, 0].any(), "dark red is lipstick"


def test_dark_hair_is_found_with_its_colour() -> None:
    found = moustache(*lips((50, 40, 36)), SKIN)
    assert found.shape == (PLACES, 4)
    assert found[5:-5, 0].min() > 0.9
    assert np.abs(found[5:-5, 1:] - (50, 40, 36)).max() < 4


def test_a_shadow_on_one_side_is_no_moustache() -> None:
    picture, points = lips((50, 40, 36))
    picture[:, 200:] = SKIN
    assert not moustache(picture, points, SKIN)[:, 0].any()


def test_strands_hang_from_the_upper_edge() -> None:
    picture = np.full((60, 80, 3), 200, np.uint8)
    owner = np.full((120, 160), -1, np.int32)
    owner[40:100, 20:140] = 0  # the opening: rows 20 to 50, columns 10 to 70
    hair = np.concatenate([np.ones((PLACES, 1)), np.full((PLACES, 3), 30)], 1).astype(np.float32)
    box = np.array([0, 0, 80, 60], np.int32)
    hang_fringe(hair, strands(), 10.0, 70.0, 8.0, owner, box, np.ones(1, np.uint8), picture)
    dark = picture[..., 0] < 120
    assert dark[20, 12:68].mean() > 0.9, "roots all along the edge"
    assert not dark[:20].any()
    assert not dark[30:].any(), "no strand is longer than the longest"
    assert len(set(dark[:, 12:68].sum(0))) > 2, "of different lengths"
