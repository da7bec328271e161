"""The fit finds again what a picture was made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from vasari.head.camera import Camera, angles, look, rotation_matrix
from vasari.head.expressions import EXPRESSION_INDEX
from vasari.head.eyes import Eyes
from vasari.head.face_rows import FaceRows, fitted_index
from vasari.head.fit import fit_head
from vasari.head.fitter import box_minimum
from vasari.head.landmarks import FaceLandmarker, FaceLandmarks
from vasari.head.model import HeadModel
from vasari.portrait.photo import read_photo

SIZE = (512, 512)
TRANSLATION = np.array([2.0, -1.0, -105.0])


@dataclass(frozen=True)
class Scene:
    """A head as it is put before the camera."""

    turn: tuple[float, float, float] = (0.0, 0.0, 0.0)
    expression: tuple[tuple[str, float], ...] = ()
    gaze: tuple[float, float] = (0.0, 0.0)
    identity_seed: int | None = None
    noise: float = 0.0

    def weights(self) -> NDArray[np.float32]:
        weights = np.zeros(52, np.float32)
        for name, value in self.expression:
            weights[EXPRESSION_INDEX[name]] = value
        return weights

    def identity(self, model: HeadModel) -> NDArray[np.float32]:
        size = model.n_identity
        if self.identity_seed is None:
            return np.zeros(size, np.float32)
        return (0.8 * np.random.default_rng(self.identity_seed).normal(size=size)).astype(np.float32)

    def seen(self, model: HeadModel) -> FaceLandmarks:
        camera, rotation = Camera.default(SIZE), rotation_matrix(*self.turn)
        identity = self.identity(model)
        points = model.landmarks(model.shape(identity, self.weights())) @ rotation.T + TRANSLATION
        places = camera.project(points)
        places += self.noise * np.random.default_rng(0).normal(size=places.shape)
        depth = -(points[:, 2:] - TRANSLATION[2]) * camera.focal / -TRANSLATION[2]
        eyes = Eyes.of(model)
        centres = eyes.placed(identity.astype(np.float64), rotation, TRANSLATION)
        pupils = camera.project(centres + eyes.radius[:, None] * look(self.gaze, centres))
        irises = np.repeat(pupils[:, None], 5, 1)
        return FaceLandmarks(
            np.concatenate([places, depth], 1).astype(np.float32), irises.astype(np.float32), 1.0
        )


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


@pytest.mark.parametrize(
    "turn", [(0, 0, 0), (25, 0, 0), (-20, 10, 5), (5, -15, -20), (-45, 0, 0), (0, 0, 80)]
)
def test_pose_is_found(model: HeadModel, turn: tuple[float, float, float]) -> None:
    fit = fit_head(Scene(turn, identity_seed=1, noise=0.5).seen(model), SIZE, model)
    np.testing.assert_allclose(fit.angles, turn, atol=3)
    np.testing.assert_allclose(fit.translation[:2], TRANSLATION[:2], atol=1)
    assert fit.rms_px < 1.5


def test_identity_is_found_in_shape(model: HeadModel) -> None:
    off, was = [], []
    for seed in range(4):
        scene = Scene((10, 5, 0), identity_seed=seed)
        fit = fit_head(scene.seen(model), SIZE, model)
        shapes = (model.shape(a) for a in (scene.identity(model), fit.identity, None))
        truth, found, mean = (p - p.mean(0) for p in map(model.landmarks, shapes))
        off.append(np.linalg.norm(found - truth, axis=1).mean())
        was.append(np.linalg.norm(mean - truth, axis=1).mean())
        assert fit.expression.max() < 0.4, "a neutral face of another person has no expression"
    assert np.mean(off) < 0.65 * np.mean(was), "one picture does not show depth, but all the rest"


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("jawOpen", 0.5, 0.9),
        ("eyeBlinkLeft", 0.5, 1.0),
        ("eyeBlinkRight", 0.5, 1.0),
        ("mouthSmileLeft", 0.4, 0.9),
        ("browInnerUp", 0.3, 0.9),
        ("mouthPucker", 0.4, 0.9),
    ],
)
def test_expression_is_found(model: HeadModel, name: str, least: float, most: float) -> None:
    fit = fit_head(Scene((5, 0, 0), ((name, 0.7),), noise=0.3).seen(model), SIZE, model)
    assert least <= fit.expression[EXPRESSION_INDEX[name]] <= most
    assert fit.expression.min() >= 0
    assert fit.expression.max() <= 1


def test_open_mouth_is_not_taken_for_identity(model: HeadModel) -> None:
    scene = Scene(expression=(("jawOpen", 0.5), ("mouthSmileLeft", 0.4), ("mouthSmileRight", 0.4)))
    fit = fit_head(scene.seen(model), SIZE, model)
    open_, neutral = (model.landmarks(model.shape(fit.identity, w)) for w in (fit.expression, None))
    truth = model.landmarks(model.shape(None, scene.weights()))
    gap = open_[13, 1] - open_[14, 1]
    assert gap == pytest.approx(truth[13, 1] - truth[14, 1], abs=0.15)
    assert neutral[13, 1] - neutral[14, 1] < 0.2


@pytest.mark.parametrize("gaze", [(0, 0), (15, 0), (-10, 8), (0, -12)])
@pytest.mark.parametrize("turn", [(0, 0, 0), (20, -8, 5)])
def test_gaze_is_relative_to_the_camera(
    model: HeadModel, gaze: tuple[float, float], turn: tuple[float, float, float]
) -> None:
    fit = fit_head(Scene(turn, gaze=gaze).seen(model), SIZE, model)
    np.testing.assert_allclose(fit.gaze, gaze, atol=3)


def test_a_few_wild_landmarks_do_no_harm(model: HeadModel) -> None:
    seen = Scene((15, 0, 0)).seen(model)
    points = seen.points.copy()
    points[np.random.default_rng(3).choice(468, 20, replace=False), :2] += 60
    fit = fit_head(replace(seen, points=points), SIZE, model)
    np.testing.assert_allclose(fit.angles, (15, 0, 0), atol=2)


def test_scale_of_the_picture_does_not_matter(model: HeadModel) -> None:
    seen = Scene((10, 0, 0), (("jawOpen", 0.4),), identity_seed=4).seen(model)
    large = replace(seen, points=seen.points * 4, irises=seen.irises * 4)
    small_fit, large_fit = fit_head(seen, SIZE, model), fit_head(large, (2048, 2048), model)
    np.testing.assert_allclose(large_fit.expression, small_fit.expression, atol=1e-3)
    np.testing.assert_allclose(angles(large_fit.rotation), angles(small_fit.rotation), atol=0.01)
    assert large_fit.rms_px == pytest.approx(4 * small_fit.rms_px, rel=1e-2)


def test_the_astronaut(model: HeadModel) -> None:
    with resources.as_file(resources.files("vasari.assets") / "examples" / "astronaut.jpg") as path:
        picture = read_photo(path)
    height, width = picture.shape[:2]
    face = FaceLandmarker().find(picture)[0]
    fit = fit_head(face, (width, height), model)
    assert fit.rms_px * 512 / min(width, height) < 1.5
    weight = {name: fit.expression[j] for name, j in EXPRESSION_INDEX.items()}
    assert min(weight["mouthSmileLeft"], weight["mouthSmileRight"]) > 0.2, "she smiles"
    assert max(weight["eyeBlinkLeft"], weight["eyeBlinkRight"]) < 0.3, "her eyes are open"
    assert np.abs(fit.gaze).max() < 8, "she looks into the lens"


def test_box_minimum_agrees_with_a_reference_solver() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        rows, rhs = rng.normal(size=(60, 30)) * rng.uniform(0.1, 3, 30), 3 * rng.normal(size=60)
        lower = np.where(rng.random(30) < 0.2, -np.inf, -rng.uniform(0, 1, 30) * (rng.random(30) < 0.5))
        upper = np.where(np.isinf(lower), np.inf, lower + 1)
        step = box_minimum(rows.T @ rows, -rows.T @ rhs, lower, upper)
        np.testing.assert_allclose(step, lsq_linear(rows, rhs, (lower, upper), tol=1e-12).x, atol=1e-5)


def test_landmarks_of_the_chin_lag_behind_its_skin(model: HeadModel) -> None:
    """As they do on filmed faces; those of the lips go with it."""
    rows = FaceRows.of(model)
    seen = rows.expression[:, 1, fitted_index("jawOpen")]
    skin = model.landmarks(model.expression_dense[EXPRESSION_INDEX["jawOpen"]])[:, 1]
    assert seen[152] == pytest.approx(0.7 * skin[152], rel=0.01)
    assert seen[18] == pytest.approx(skin[18], rel=0.01)
