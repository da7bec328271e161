"""The mouth's view and its learned finish."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.motion.motion import MotionFrame
from vasari.portrait.portrait import Portrait
from vasari.render import mouth_view
from vasari.render.mouth_refiner import MouthRefiner
from vasari.render.renderer import Renderer


def frame(rotation: tuple[float, float, float] = (0, 0, 0), **weights: float) -> MotionFrame:
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    for name, weight in weights.items():
        expression[EXPRESSION_INDEX[name]] = weight
    return MotionFrame(expression, np.array(rotation, np.float32))


@pytest.fixture(scope="module")
def renderer(portrait: Portrait) -> Renderer:
    return Renderer(portrait, 512)


def inside(view: np.ndarray) -> np.ndarray:
    return np.asarray(view[mouth_view.TEETH_UPPER : mouth_view.FLESH + 1].sum(0))


def test_view_tells_what_is_open(renderer: Renderer) -> None:
    shut = inside(renderer.look_into_mouth(frame())).sum()
    ajar = inside(renderer.look_into_mouth(frame(jawOpen=0.3))).sum()
    wide = inside(renderer.look_into_mouth(frame(jawOpen=0.7))).sum()
    assert shut < 30 < ajar < wide


def test_view_has_teeth_above_tongue(renderer: Renderer) -> None:
    view = renderer.look_into_mouth(frame(jawOpen=0.6))
    rows = np.arange(mouth_view.HEIGHT)

    def height(layer: int) -> float:
        return float((view[layer].sum(1) @ rows) / view[layer].sum())

    assert height(mouth_view.TEETH_UPPER) < height(mouth_view.TONGUE)
    assert view[mouth_view.DEPTH].max() > 0.2
    assert (inside(view) <= 1.0 + 1e-5).all()


def test_view_hangs_on_the_teeth(renderer: Renderer) -> None:
    """Turning and rolling the head leaves the teeth in their place of the view."""
    places = []
    for rotation in ((0, 0, 0), (8, 0, 0), (0, 0, 10)):
        teeth = renderer.look_into_mouth(frame(rotation, jawOpen=0.5))[mouth_view.TEETH_UPPER]
        y, x = np.indices(teeth.shape)
        places.append(((teeth * x).sum() / teeth.sum(), (teeth * y).sum() / teeth.sum()))
    assert np.ptp([x for x, _ in places]) < 6
    assert np.ptp([y for _, y in places]) < 3


def test_refining_changes_the_inside_alone(renderer: Renderer) -> None:
    moment = frame(jawOpen=0.5)
    view = renderer.look_into_mouth(moment).copy()
    refined = renderer.look_into_mouth(moment, renderer.render(moment))
    change = np.abs(refined[:3] - view[:3]).max(0)
    assert change[inside(view) > 0.9].mean() > 0.01
    far = cv2.dilate((inside(view) > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    assert change[far].max() == 0


def test_shut_lips_are_left_alone(renderer: Renderer) -> None:
    assert MouthRefiner.load()(np.zeros_like(renderer.look_into_mouth(frame()))) is None


def test_a_grey_photo_stays_grey(renderer: Renderer) -> None:
    view = renderer.look_into_mouth(frame(jawOpen=0.5)).copy()
    view[:3] = view[:3].mean(0)
    change = MouthRefiner.load()(view, colourfulness=0.0)
    assert change is not None
    assert np.ptp(change, axis=0).max() < 1e-5


def test_teeth_do_not_flicker(renderer: Renderer) -> None:
    """Small steps of the jaw make small steps of the picture."""
    views = [renderer.render(frame(jawOpen=0.4 + 0.004 * k)).astype(int) for k in range(4)]
    steps = [np.abs(b - a).mean() for a, b in pairwise(views)]
    assert max(steps) < 0.6
