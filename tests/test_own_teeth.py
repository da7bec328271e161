"""Teeth that the photo shows are the teeth of the portrait."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari import MotionFrame, Portrait, Renderer
from vasari.head.camera import Camera
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.landmarks import FaceLandmarker
from vasari.head.model import HeadModel
from vasari.portrait.own_teeth import HIGHEST, MOST_DOWN, REACH, TEXELS, see_teeth
from vasari.portrait.photo import choose_face, read_photo
from vasari.portrait.pixels import polygon
from vasari.portrait.teeth_row import TeethRow
from vasari.render import shade

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]

INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
BLUE = (40, 90, 230)


def open_mouth(jaw: float) -> MotionFrame:
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    expression[EXPRESSION_INDEX["jawOpen"]] = jaw
    return MotionFrame(expression, np.zeros(3, np.float32))


@pytest.fixture(scope="module")
def smile(photo: Path, landmarker: FaceLandmarker) -> tuple[Bytes, NDArray[np.bool_], Floats]:
    """The photo, what is between its lips, and the middle of that, pixels."""
    picture = read_photo(photo)
    outline = choose_face(picture, landmarker).points[list(INNER_LIPS), :2].astype(np.float32)
    return picture, polygon(outline, picture.shape), outline.mean(0)


def painted(picture: Bytes, where: NDArray[np.bool_], colour: tuple[int, int, int]) -> Bytes:
    changed = picture.copy()
    changed[where] = colour
    return changed


def test_a_smile_gives_its_teeth(portrait: Portrait) -> None:
    texture = portrait.teeth
    assert texture.shape == (64, round(2 * REACH * TEXELS), 4)
    front = texture[: round(HIGHEST * TEXELS), texture.shape[1] // 2 - 50 : texture.shape[1] // 2 + 50]
    assert front[..., 3].min() > 240
    skin = np.median(portrait.photo[portrait.side // 2 : portrait.side // 2 + 40], (0, 1))
    assert np.median(front[..., :3]) > 0.7 * skin.mean()
    red, green, _ = np.median(front[..., :3], (0, 1))
    assert (red - green) / (red + green) < 0.85 * (skin[0] - skin[1]) / (skin[0] + skin[1])


def test_a_mark_on_a_tooth_is_there_when_the_portrait_speaks(
    smile: tuple[Bytes, NDArray[np.bool_], Floats], portrait: Portrait, landmarker: FaceLandmarker
) -> None:
    picture, between, (x, _) = smile
    columns = np.abs(np.arange(picture.shape[1]) - x) < 0.025 * np.ptp(np.flatnonzero(between.any(0)))
    marked = Portrait.create(painted(picture, between & columns, BLUE), landmarker=landmarker)
    assert marked.teeth.shape[0] > 2
    places = []
    for jaw in (0.25, 0.4):
        drawn, plain = (Renderer(p, 512).render(open_mouth(jaw)).astype(int) for p in (marked, portrait))
        blue = drawn[..., 2] - drawn[..., 0] > 40
        blue &= plain[..., 2] - plain[..., 0] < 20
        assert blue.sum() > 5
        places.append(np.flatnonzero(blue.any(0)).mean())
    assert abs(places[1] - places[0]) < 1.5, "it stays where it is while the jaw drops"


def test_a_dark_mouth_has_modelled_teeth(
    smile: tuple[Bytes, NDArray[np.bool_], Floats], landmarker: FaceLandmarker
) -> None:
    picture, between, _ = smile
    dark = Portrait.create(painted(picture, between, (50, 18, 15)), landmarker=landmarker)
    assert dark.teeth.shape[0] == 2
    upper = HeadModel.load().groups["teeth_upper"]
    assert not dark.attributes[upper, shade.SHARE].any()


def test_the_lips_lose_what_shows_between_them(portrait: Portrait) -> None:
    """Colours beside the opening go on into it: no bright tooth is left in the patch."""
    assert portrait.lips.size
    column, row = portrait.lips_place
    height, width = portrait.lips.shape[:2]
    before = portrait.picture[row : row + height, column : column + width]
    assert np.quantile(portrait.lips, 0.999) < np.quantile(before, 0.999)
    changed = np.abs(before.astype(int) - portrait.lips).max(-1) > 0
    assert 0.05 < changed.mean() < 0.7


def test_teeth_move_little_from_where_they_were_fitted() -> None:
    """A row painted lower than fitted is followed, up to a bound; its colours are read from where it is."""
    model = HeadModel.load()
    camera = Camera.default((512, 512))
    head = model.neutral + np.array([0, 0, -60], np.float32)
    uv = camera.project(head).astype(np.float32)
    row = TeethRow.of(model, head[model.groups["teeth_upper"]])
    sides = np.linspace(-2.2, 2.2, 30, dtype=np.float32)
    lip, edge, chin = (row.at(sides, np.full(30, h, np.float32)) for h in (0.4, -0.4, -0.8))
    teeth = camera.project(np.concatenate([lip, edge[::-1]])).astype(np.float32)
    lips = camera.project(np.concatenate([lip, chin[::-1]])).astype(np.float32)
    upper, lower = model.groups["lip_upper_rim"], model.groups["lip_lower_rim"]
    for rim, line in ((upper, lips[:30]), (lower, lips[30:][::-1])):
        at = np.linspace(0, 29, len(rim))
        uv[rim] = np.stack([np.interp(at, np.arange(30), line[:, c]) for c in (0, 1)], 1)
    picture = np.full((512, 512, 3), (200, 150, 130), np.uint8)
    picture[polygon(lips, picture.shape)] = (30, 10, 10)
    picture[polygon(teeth, picture.shape)] = (230, 222, 205)
    own = see_teeth(model, head, picture, camera, uv, np.array([200, 150, 130], np.float32))
    assert own is not None
    assert own.shift @ row.up == pytest.approx(-MOST_DOWN * (row.up @ row.up), abs=0.02)
    middle = own.texture[round((HIGHEST - 0.3) * TEXELS), own.texture.shape[1] // 2]
    assert np.abs(middle[:3].astype(int) - (230, 222, 205)).max() < 15
