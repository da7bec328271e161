"""Axes and signs as docs/conventions.md states them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasari.head.camera import (
    Camera,
    angles,
    direction,
    eye_angles,
    eye_rotation,
    gaze_of,
    look,
    rotation_matrix,
    yaw_pitch,
)

turns = st.tuples(st.floats(-179, 179), st.floats(-89, 89), st.floats(-179, 179))


@given(turns)
def test_angles_are_the_inverse_of_the_rotation(turn: tuple[float, float, float]) -> None:
    rotation = rotation_matrix(*turn)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    np.testing.assert_allclose(angles(rotation), turn, atol=1e-6)


def test_rotation_is_yaw_then_pitch_then_roll() -> None:
    yaw, pitch, roll = (rotation_matrix(*turn) for turn in ((20, 0, 0), (0, 10, 0), (0, 0, 5)))
    np.testing.assert_allclose(rotation_matrix(20, 10, 5), yaw @ pitch @ roll, atol=1e-12)


def test_signs_of_rotation() -> None:
    forwards, up = np.array([0, 0, 1]), np.array([0, 1, 0])
    assert (rotation_matrix(30, 0, 0) @ forwards)[0] > 0, "yaw turns to the subject's left, +x"
    assert (rotation_matrix(0, 30, 0) @ forwards)[1] > 0, "pitch looks up"
    assert (rotation_matrix(0, 0, 30) @ up)[0] < 0, "roll leans to the subject's right shoulder"


def test_rotation_of_many_angles_at_once() -> None:
    turn = np.random.default_rng(0).uniform(-80, 80, (4, 5, 3))
    rotation = rotation_matrix(*np.moveaxis(turn, -1, 0))
    assert rotation.shape == (4, 5, 3, 3)
    np.testing.assert_allclose(angles(rotation), turn, atol=1e-9)


def test_projection_has_x_right_and_y_down() -> None:
    camera = Camera(1400, (256, 256))
    np.testing.assert_allclose(camera.project([0, 0, -100]), (256, 256))
    u, v = camera.project([1, 1, -100])
    assert (u, v) == (pytest.approx(270), pytest.approx(242))
    assert camera.project([[1, 0, -100], [1, 0, -50]])[1, 0] == pytest.approx(284), "nearer is larger"


def test_ray_goes_through_its_pixel() -> None:
    camera = Camera(900, (300, 200))
    pixels = np.random.default_rng(1).uniform(0, 400, (7, 2))
    ray = camera.ray(pixels)
    np.testing.assert_allclose(np.linalg.norm(ray, axis=1), 1)
    np.testing.assert_allclose(camera.project(ray * 80), pixels)


def test_default_camera_is_that_of_the_square_crop() -> None:
    assert Camera.default((512, 512)).focal == pytest.approx(1400, abs=1)
    assert Camera.default((1024, 512)) == Camera(2.734 * 512, (512, 256))


def test_camera_of_a_resized_crop() -> None:
    camera = Camera(1000, (320, 240))
    point = np.array([3.0, -2.0, -90.0])
    u, v = camera.project(point)
    np.testing.assert_allclose(
        camera.shifted(100, 50).scaled(0.5).project(point), ((u - 100) / 2, (v - 50) / 2)
    )


@given(st.floats(-170, 170), st.floats(-85, 85))
def test_directions_round_trip(yaw: float, pitch: float) -> None:
    np.testing.assert_allclose(yaw_pitch(direction((yaw, pitch))), (yaw, pitch), atol=1e-6)


def test_zero_gaze_looks_into_the_lens_from_anywhere() -> None:
    eye = np.array([12.0, -7.0, -80.0])
    toward = look((0, 0), eye)
    np.testing.assert_allclose(eye + toward * np.linalg.norm(eye), 0, atol=1e-9)


def test_signs_of_gaze() -> None:
    eye = np.array([0.0, 0.0, -100.0])
    assert look((10, 0), eye)[0] > 0
    assert look((0, 10), eye)[1] > 0
    np.testing.assert_allclose(gaze_of(look((12, -5), eye), eye), (12, -5), atol=1e-9)


def test_eye_turns_against_the_head_to_keep_looking_at_the_lens() -> None:
    eye = np.array([0.0, 0.0, -100.0])
    np.testing.assert_allclose(eye_angles((0, 0), eye, rotation_matrix(20, 0, 0)), (-20, 0), atol=1e-9)
    np.testing.assert_allclose(eye_angles((0, 0), eye, rotation_matrix(0, 15, 0)), (0, -15), atol=1e-9)


@given(turns, st.floats(-30, 30), st.floats(-20, 20))
def test_eye_rotation_carries_forwards_onto_the_look(
    turn: tuple[float, float, float], yaw: float, pitch: float
) -> None:
    head, eye = rotation_matrix(*turn), np.array([3.0, 5.0, -90.0])
    turned = head @ eye_rotation((yaw, pitch), eye, head) @ (0, 0, 1)
    np.testing.assert_allclose(turned, look((yaw, pitch), eye), atol=1e-9)
