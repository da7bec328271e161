"""Tracking: what a video shows becomes motion, and closures survive."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.errors import VideoError
from vasari.head.camera import Camera, look, rotation_matrix
from vasari.head.expressions import EXPRESSION_INDEX
from vasari.head.eyes import Eyes
from vasari.head.landmark_clip import LandmarkClip
from vasari.head.model import HeadModel
from vasari.head.resample import Resampler, peaks
from vasari.head.track import neck_pivot, track, track_clip, track_landmarks
from vasari.portrait.photo import read_photo

Floats = NDArray[np.float32]
SIZE = (512, 512)
JAW = EXPRESSION_INDEX["jawOpen"]
BLINKS = [EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def film(
    model: HeadModel,
    expression: Floats,
    turn: Floats | None = None,
    gaze: Floats | None = None,
    noise: float = 0.1,
) -> tuple[Floats, Floats]:
    """Landmarks (T, 468, 3) and irises (T, 2, 5, 2) of one person who makes expressions (T, 52)."""
    rng = np.random.default_rng(0)
    identity = (0.6 * rng.normal(size=model.n_identity)).astype(np.float32)
    turn = np.zeros((len(expression), 3), np.float32) if turn is None else turn
    gaze = np.zeros((len(expression), 2), np.float32) if gaze is None else gaze
    camera, eyes, pivot = Camera.default(SIZE), Eyes.of(model), neck_pivot(model)
    points, irises = [], []
    for weights, angles, direction in zip(expression, turn, gaze, strict=True):
        rotation = rotation_matrix(*angles)
        place = pivot + np.array([0, 0, -100]) - rotation @ pivot
        face = model.landmarks(model.shape(identity, weights)) @ rotation.T + place
        seen = np.concatenate([camera.project(face), -face[:, 2:] * 14], 1)
        seen[:, :2] += noise * rng.normal(size=(468, 2))
        centres = eyes.placed(identity.astype(np.float64), rotation, place)
        pupils = camera.project(centres + eyes.radius[:, None] * look(direction, centres))
        points.append(seen)
        irises.append(np.repeat(pupils[:, None], 5, 1))
    return np.array(points, np.float32), np.array(irises, np.float32)


def speech(length: int, rate: float = 25) -> Floats:
    """Weights (T, 52) of a jaw that opens and shuts, with shut frames at 0.4 and 1.2 s."""
    weights = np.zeros((length, 52), np.float32)
    time = np.arange(length) / rate
    weights[:, JAW] = 0.3 + 0.15 * np.sin(9 * time)
    weights[:5, JAW] = weights[-5:, JAW] = 0
    weights[[round(0.4 * rate), round(1.2 * rate)], JAW] = 0
    return weights


def test_mouth_follows_and_closures_of_one_frame_survive(model: HeadModel) -> None:
    weights = speech(50)
    points, irises = film(model, weights)
    result = track_clip(LandmarkClip.steady(points, irises, SIZE, 25), model)
    assert len(result.motion) == 50
    assert np.corrcoef(result.lip_gap, result.model_lip_gap)[0, 1] > 0.98
    assert np.corrcoef(result.motion.expression[:, JAW], weights[:, JAW])[0, 1] > 0.95
    for frame in (10, 30):
        assert result.model_lip_gap[frame] < 0.02
        assert result.model_lip_gap[[frame - 1, frame + 1]].min() > 0.06


def test_a_blink_is_found_and_nothing_else(model: HeadModel) -> None:
    weights = np.zeros((60, 52), np.float32)
    weights[20:24, BLINKS] = np.array([0.6, 1.0, 1.0, 0.4], np.float32)[:, None]
    weights[40, BLINKS] = 1.0
    points, irises = film(model, weights)
    irises[21:23] += (0, 15)  # what a landmarker makes of shut eyes
    motion = track_landmarks(points, irises, SIZE, 25, model)
    blink = motion.expression[:, BLINKS].mean(1)
    assert min(blink[21], blink[40]) > 0.85
    assert np.median(blink) < 0.1
    assert max(blink[39], blink[41]) < 0.3
    assert np.abs(motion.gaze).max() < 4, "gaze is bridged while the eyes are shut"


def test_pose_is_relative_to_the_first_frame(model: HeadModel) -> None:
    time = np.arange(75) / 25
    turn = np.stack([12 + 10 * np.sin(2 * time), 5 * np.sin(3 * time), 3 * np.cos(2 * time)], 1)
    points, irises = film(model, np.zeros((75, 52), np.float32), turn.astype(np.float32))
    motion = track_landmarks(points, irises, SIZE, 25, model)
    np.testing.assert_allclose(motion.rotation[0], 0, atol=1e-5)
    np.testing.assert_allclose(motion.translation[0], 0, atol=1e-5)
    assert motion.rest is not None
    np.testing.assert_allclose(motion.rest[:3], turn[0], atol=2.5)
    expected = rotation_matrix(*turn.T) @ rotation_matrix(*turn[0]).T
    found = rotation_matrix(*motion.rotation.T.astype(np.float64))
    trace = np.einsum("tij,tij->t", expected, found)
    assert np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1))).max() < 2
    assert np.abs(motion.translation).max() < 2, "the head only turned about its pivot"
    assert motion.expression.max() < 0.35


def test_gaze_is_held_while_the_head_turns(model: HeadModel) -> None:
    turn = np.zeros((50, 3), np.float32)
    turn[:, 0] = 15 * np.sin(np.arange(50) / 8)
    gaze = np.zeros((50, 2), np.float32)
    gaze[25:] = (10, -5)
    points, irises = film(model, np.zeros((50, 52), np.float32), turn, gaze)
    motion = track_landmarks(points, irises, SIZE, 25, model)
    np.testing.assert_allclose(motion.gaze[:24], gaze[:24], atol=3)
    np.testing.assert_allclose(motion.gaze[26:], gaze[26:], atol=3)


@pytest.mark.parametrize("rate", [24, 30, 50, 60])
def test_any_rate_becomes_25_a_second(model: HeadModel, rate: int) -> None:
    weights = speech(2 * rate, rate)
    points, irises = film(model, weights)
    result = track_clip(LandmarkClip.steady(points, irises, SIZE, rate), model)
    assert len(result.motion) == 50
    for sample in (10, 30):
        assert result.model_lip_gap[sample] < 0.03, "a closure between two samples is kept"


def test_short_gaps_are_bridged_and_a_faceless_clip_refused(model: HeadModel) -> None:
    points, irises = film(model, speech(50))
    whole = track_landmarks(points, irises, SIZE, 25, model)
    points[20:23] = np.nan
    holed = track_landmarks(points, irises, SIZE, 25, model)
    assert np.abs(holed.expression[26:, JAW] - whole.expression[26:, JAW]).max() < 0.1
    points[5:] = np.nan
    with pytest.raises(VideoError, match="no face can be followed"):
        track_landmarks(points, irises, SIZE, 25, model)


def test_resampling_is_exact_on_the_grid() -> None:
    values = np.random.default_rng(0).normal(size=(40, 3))
    grid = Resampler.of(np.arange(40) / 25)
    np.testing.assert_array_equal(grid.straight(values), values)
    assert Resampler.of(np.arange(30) / 30 + 0.2).n_samples == 30, "time before the first frame counts"
    np.testing.assert_array_equal(peaks(np.array([0, 1, 1, 0, 0.2, 0]), 0.5), [0, 1, 1, 0, 0, 0])


def test_the_moving_astronaut(photo: Path, tmp_path: Path) -> None:
    """The photo slides to the right, nearer, and leans; the head does the same."""
    picture = read_photo(photo)
    video = tmp_path / "astronaut.mp4"
    frames = 30
    with av.open(str(video), "w") as file:
        stream = file.add_stream("h264", rate=Fraction(30), options={"crf": "16"})
        stream.width = stream.height = 512
        stream.pix_fmt = "yuv420p"
        for k in range(frames):
            x = k / (frames - 1)
            placed = cv2.getRotationMatrix2D((226, 124), 12 * x, 1 + 0.15 * x)
            placed[:, 2] += np.array([40 * x, 100])
            moved = cv2.warpAffine(picture, placed, (512, 512), borderMode=cv2.BORDER_REPLICATE)
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.asarray(moved, np.uint8), "rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    seen: list[tuple[int, int]] = []
    motion = track(video, progress=lambda done, total: seen.append((done, total)))
    assert len(motion) == 25
    assert motion.source == "astronaut.mp4"
    assert seen[-1] == (frames, frames)
    assert motion.rotation[-1, 2] == pytest.approx(12, abs=2), "leans"
    assert motion.translation[-1, 0] > 3, "to the right"
    assert motion.translation[-1, 2] > 10, "nearer"
    assert np.abs(motion.rotation[:, :2]).max() < 4
    assert np.ptp(motion.expression, axis=0).max() < 0.35, "the face itself does not change"


def test_the_first_frame_is_read_as_all_others(photo: Path, tmp_path: Path) -> None:
    """A photo that stands still: its landmarks do not jump after the first frame."""
    video = tmp_path / "still.mp4"
    picture = np.ascontiguousarray(read_photo(photo)[:510, :510])
    with av.open(str(video), "w") as file:
        stream = file.add_stream("h264", rate=Fraction(25), options={"crf": "4"})
        stream.width = stream.height = 510
        stream.pix_fmt = "yuv444p"
        for _ in range(4):
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")):
                file.mux(packet)
        for packet in stream.encode():
            file.mux(packet)
    points = LandmarkClip.read(video).points[..., :2]
    first, later = (float(np.linalg.norm(points[k] - points[k + 1], axis=1).mean()) for k in (0, 2))
    assert first < 0.4
    assert first < 3 * later + 0.2


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a video")
    with pytest.raises(VideoError, match="cannot read"):
        track(text)
    with pytest.raises(VideoError, match="cannot read"):
        track(tmp_path / "missing.mp4")
