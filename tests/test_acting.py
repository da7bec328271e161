"""Acting: a face and head that go on from themselves, led by the speech."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.errors import FormatError
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.motion.acting import Acting, ActingNet
from vasari.motion.cues import Cue
from vasari.voice import FEATURE_DIM, SpeechFeatures

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

RATE = 25
BROWS = [i for i, n in enumerate(EXPRESSIONS) if n.startswith("brow")]
MOUTH = np.zeros(len(EXPRESSIONS), np.float32)
CALM = np.zeros(len(EXPRESSIONS))
AHEAD = 8
SPEAKS = Cue(talking=1.0)


@pytest.fixture(scope="module")
def net() -> ActingNet:
    return ActingNet()


@pytest.fixture(scope="module")
def rows(speech: Floats) -> Floats:
    features = SpeechFeatures()
    return np.concatenate([features.push(speech), features.finish()])


@dataclass
class Acted:
    expression: Reals  # (T, 52)
    rotation: Reals  # (T, 3)


def act(
    net: ActingNet,
    rows: Floats,
    seed: int = 0,
    path: Reals | None = None,
    lids: Reals | None = None,
    emotion: Reals = CALM,
) -> Acted:
    acting, frames = Acting(net, np.random.default_rng(seed)), len(rows) // 2
    before = np.repeat(rows[:1], 2 * net.past, 0)
    padded = np.concatenate([before, rows, np.repeat(rows[-1:], AHEAD, 0)])
    acts = []
    for k in range(frames):
        window = padded[2 * k : 2 * (k + net.past) + 1 + AHEAD]
        slow = np.zeros(3) if path is None else path[k]
        shut = 0.0 if lids is None else float(lids[k])
        acts.append(acting.step(window, SPEAKS, slow, np.zeros(2), shut, MOUTH, emotion))
    return Acted(np.array([a.expression for a in acts]), np.array([a.rotation for a in acts]))


def test_the_head_stays_about_its_path_and_moves_as_heads_do(net: ActingNet, rows: Floats) -> None:
    spreads, speeds = [], []
    for seed in range(3):
        rotation = act(net, rows, seed).rotation
        assert np.abs(rotation).max() < 12
        assert np.abs(rotation.mean(0)).max() < 1.0  # no drift
        spreads.append(np.linalg.norm(rotation.std(0)))
        speeds.append(np.linalg.norm(np.diff(rotation, axis=0), axis=1).mean())
    assert 0.3 < np.mean(spreads) < 2.5
    assert 0.12 < np.mean(speeds) < 0.6


def test_no_seam_shows_between_the_pieces(net: ActingNet, rows: Floats) -> None:
    made = act(net, rows)
    for values in (made.rotation, made.expression[:, BROWS]):
        bend = np.linalg.norm(np.diff(values, 2, axis=0), axis=1)
        within, across = bend[0::2], bend[1::2]
        assert 0.6 < across.mean() / within.mean() < 1.6


def test_brows_move_while_someone_speaks(net: ActingNet, rows: Floats) -> None:
    made = act(net, rows)
    assert made.expression[:, BROWS].std(0).mean() > 0.01
    assert np.abs(made.expression[:, net.face]).max() < 1.5
    others = np.setdiff1d(np.arange(len(EXPRESSIONS)), net.face)
    assert not made.expression[:, others].any()


def test_the_seed_decides(net: ActingNet, rows: Floats) -> None:
    one, again, other = (act(net, rows[:200], seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.rotation, again.rotation)
    np.testing.assert_array_equal(one.expression, again.expression)
    assert np.abs(one.rotation - other.rotation).max() > 0.2


def test_the_face_follows_the_emotion_it_is_told(net: ActingNet, rows: Floats) -> None:
    happy = CALM.copy()
    happy[[EXPRESSION_INDEX["mouthSmileLeft"], EXPRESSION_INDEX["mouthSmileRight"]]] = 0.6
    plain, smiling = (
        np.mean([act(net, rows, seed, emotion=e).expression.mean(0) for seed in range(2)], 0)
        for e in (CALM, happy)
    )
    assert np.isfinite(smiling).all()
    assert np.abs(smiling - plain).max() > 0.01


def test_a_foreign_net_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"not a net")
    with pytest.raises(FormatError, match=r"net\.onnx"):
        ActingNet(path)


def test_rows_are_those_of_the_voice(net: ActingNet) -> None:
    shapes = {i.name: i.shape for i in net._session.get_inputs()}
    assert shapes["features"] == [1, 2 * (net.past + net.new + net.ahead), FEATURE_DIM]
