"""Pictures of a portrait in motion."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vasari import MotionFrame, Portrait, Renderer
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.landmarks import FaceLandmarker, FaceLandmarks
from vasari.measure.benchmark.refined import refined

Bytes = NDArray[np.uint8]


def posed(
    rotation: tuple[float, float, float] = (0, 0, 0), gaze: tuple[float, float] = (0, 0), **weights: float
) -> MotionFrame:
    expression = np.zeros(len(EXPRESSIONS), np.float32)
    for name, weight in weights.items():
        expression[EXPRESSION_INDEX[name]] = weight
    return MotionFrame(expression, np.array(rotation, np.float32), gaze=np.array(gaze, np.float32))


@pytest.fixture(scope="module")
def renderer(portrait: Portrait) -> Renderer:
    return Renderer(portrait, 512)


def face_in(picture: Bytes, landmarker: FaceLandmarker) -> FaceLandmarks:
    faces = landmarker.find(picture)
    assert len(faces) == 1
    return faces[0]


def lip_gap(face: FaceLandmarks) -> float:
    eyes = np.linalg.norm(face.points[33, :2] - face.points[263, :2])
    return float(np.linalg.norm(face.points[13, :2] - face.points[14, :2]) / eyes)


def lid_gap(face: FaceLandmarks) -> float:
    return float(
        np.linalg.norm(face.points[159, :2] - face.points[145, :2])
        + np.linalg.norm(face.points[386, :2] - face.points[374, :2])
    )


def test_a_face_at_rest_is_the_photo_outside_the_mouth(portrait: Portrait, renderer: Renderer) -> None:
    photo = cv2.resize(portrait.photo, (512, 512), interpolation=cv2.INTER_AREA)
    difference = np.abs(renderer.render(posed()).astype(int) - photo)
    upper = difference[:230]
    assert np.median(upper) <= 3
    assert difference.mean() < 6


@pytest.mark.parametrize("size", [256, 384, 512, 720, 1024])
def test_every_size_shows_the_same(portrait: Portrait, renderer: Renderer, size: int) -> None:
    frame = posed((6, -4, 2), jawOpen=0.4)
    picture = Renderer(portrait, size).render(frame)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8
    small = [
        cv2.resize(p, (128, 128), interpolation=cv2.INTER_AREA).astype(int)
        for p in (picture, renderer.render(frame))
    ]
    assert np.abs(small[0] - small[1]).mean() < 3


def test_a_picture_depends_on_its_frame_alone(renderer: Renderer) -> None:
    frames = [posed((yaw, 0, 0), jawOpen=abs(yaw) / 20) for yaw in np.linspace(-10, 10, 12)]
    alone = [renderer.render(frame) for frame in frames]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(renderer.render, frames[::-1]))[::-1]
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_jaw_opens_the_mouth(renderer: Renderer, landmarker: FaceLandmarker) -> None:
    gaps = [lip_gap(face_in(renderer.render(posed(jawOpen=w)), landmarker)) for w in (0, 0.3, 0.6)]
    assert gaps[0] < 0.05
    assert gaps[0] + 0.05 < gaps[1]
    assert gaps[1] + 0.05 < gaps[2]


def test_a_blink_shuts_the_eyes(renderer: Renderer, landmarker: FaceLandmarker) -> None:
    open_, shut = (
        lid_gap(face_in(renderer.render(posed(eyeBlinkLeft=w, eyeBlinkRight=w)), landmarker)) for w in (0, 1)
    )
    assert shut < 0.6 * open_


def test_gaze_moves_the_irises(renderer: Renderer, landmarker: FaceLandmarker) -> None:
    left, right = (
        face_in(renderer.render(posed(gaze=(yaw, 0))), landmarker).irises[:, 0, 0] for yaw in (20, -20)
    )
    assert (left - right > 3).all()


@pytest.mark.parametrize(("rotation", "axis"), [((12, 0, 0), 0), ((0, 9, 0), 1)])
def test_turns_go_the_way_they_should(
    renderer: Renderer, landmarker: FaceLandmarker, rotation: tuple[float, float, float], axis: int
) -> None:
    def nose(angles: tuple[float, float, float]) -> float:
        points = face_in(renderer.render(posed(angles)), landmarker).points
        return float(points[1, axis] - points[[33, 263, 61, 291], axis].mean())

    there = nose(rotation) - nose((0, 0, 0))
    assert there > 3 if axis == 0 else there < -2


def test_nothing_tears_when_the_head_turns(renderer: Renderer) -> None:
    """Neighbouring frames of a slow turn differ little everywhere: no holes, no popping triangles."""
    before = renderer.render(posed((-12, 0, 0))).astype(int)
    for yaw in np.arange(-11.75, 12, 0.25):
        now = renderer.render(posed((float(yaw), 0, 0))).astype(int)
        step = cv2.blur(np.abs(now - before).max(-1).astype(np.float32), (5, 5))
        assert step.max() < 90, yaw
        before = now


def test_a_portrait_of_more_triangles_looks_the_same(portrait: Portrait) -> None:
    frame = posed(jawOpen=0.3)
    plain = Renderer(portrait, 256).render(frame).astype(int)
    for share, factor in ((0.5, 2.5), (1.0, 4.0)):
        finer = refined(portrait, share)
        assert len(finer.triangles) == pytest.approx(factor * len(portrait.triangles), abs=2)
        assert np.abs(Renderer(finer, 256).render(frame) - plain).mean() < 0.5
