"""Folds of the skin: where they lie, and that the face at rest has none."""

import cv2
import numpy as np
import pytest

from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.landmarks import FaceLandmarker
from vasari.motion.motion import MotionFrame
from vasari.portrait.creases import EVEN, GROUPS, crease_maps, crease_weights
from vasari.portrait.portrait import Portrait
from vasari.render.renderer import Renderer


def expression(**weights: float) -> np.ndarray:
    result = np.zeros(len(EXPRESSIONS), np.float32)
    for name, weight in weights.items():
        result[EXPRESSION_INDEX[name]] = weight
    return result


def test_each_expression_raises_its_own_folds() -> None:
    names = list(GROUPS)
    smile = crease_weights(expression(mouthSmileLeft=0.8))
    assert smile[names.index("nasolabial_left")] > 0.5
    assert smile[names.index("nasolabial_right")] == 0
    assert crease_weights(expression(browInnerUp=1))[names.index("forehead")] > 0.5
    assert crease_weights(expression(browDownLeft=1, browDownRight=1)).argmax() == names.index("frown")


def test_a_face_at_rest_has_none() -> None:
    assert not crease_weights(expression()).any()
    assert not crease_weights(expression(jawOpen=1, eyeBlinkLeft=1, eyeBlinkRight=1)).any()


def test_folds_lie_where_they_should(portrait: Portrait) -> None:
    def middle(name: str) -> tuple[float, float]:
        fold = portrait.creases[list(GROUPS).index(name)].astype(int) - EVEN
        y, x = np.nonzero(fold < -20)
        return float(x.mean()), float(y.mean())

    forehead, frown = middle("forehead"), middle("frown")
    left, right = middle("nasolabial_left"), middle("nasolabial_right")
    assert forehead[1] < frown[1] < left[1]
    assert right[0] < frown[0] < left[0]


@pytest.mark.parametrize("name", ["browInnerUp", "browDownLeft", "mouthSmileLeft"])
def test_folds_darken_the_skin_a_little(portrait: Portrait, name: str) -> None:
    renderer = Renderer(portrait, 256)
    frame = MotionFrame(expression(**{name: 1.0}))
    drawn = renderer.render(frame).astype(float)
    renderer._creases = [(rows, columns, 0 * fold) for rows, columns, fold in renderer._creases]
    plain = renderer.render(frame).astype(float)
    change = (drawn - plain).mean(-1)
    assert change.min() < -8, "no fold is seen"
    assert change.min() > -90
    assert np.abs(change).mean() < 1.0, "the face as a whole keeps its look"


def test_smooth_skin_hardly_folds(portrait: Portrait, landmarker: FaceLandmarker) -> None:
    picture = portrait.photo
    points = landmarker.find(picture)[0].points[:, :2]
    skin = np.median(picture[points[[50, 280], 1].astype(int), points[[50, 280], 0].astype(int)], 0)
    smooth = np.asarray(cv2.GaussianBlur(picture, (0, 0), 4), np.uint8)
    pores = np.random.default_rng(0).normal(0, 40, (*smooth.shape[:2], 1))
    rough = np.asarray(np.clip(smooth + pores, 0, 255), np.uint8)
    even, folded = (
        np.abs(crease_maps(image, points, skin.astype(np.float32)).astype(int) - EVEN).mean()
        for image in (smooth, rough)
    )
    assert folded > 1.15 * even > 0
