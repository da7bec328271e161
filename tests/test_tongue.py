"""The tongue's tip at the teeth."""

import numpy as np
import pytest

from vasari.head.model import HeadModel
from vasari.render.tongue import AT_TEETH, BETWEEN, OUT, TongueTip


@pytest.fixture(scope="module")
def model() -> HeadModel:
    return HeadModel.load()


def tip_below_teeth(model: HeadModel, weight: float, jaw: float) -> float:
    """How far (cm) the tip is under the edge of the upper front teeth."""
    points = model.neutral.copy()
    for name, w in (("tongueOut", weight), ("jawOpen", jaw)):
        ids, delta = model.expression(name)
        points[ids] += w * delta
    upper, tongue = model.groups["teeth_upper"], model.groups["tongue"]
    front = int(upper[points[upper, 1].argmin()])
    TongueTip(model, front, np.eye(3, dtype=np.float32)).rise(points, np.eye(3, dtype=np.float32), weight)
    tip = tongue[model.neutral[tongue, 2] > model.neutral[tongue, 2].max() - 0.5]
    return float(points[front, 1] - points[tip, 1].mean())


@pytest.mark.parametrize("jaw", [0.1, 0.3])
def test_the_tip_rises_to_the_teeth_wherever_the_jaw_is(model: HeadModel, jaw: float) -> None:
    heights = [tip_below_teeth(model, weight, jaw) for weight in (0, AT_TEETH / 2, AT_TEETH)]
    assert heights[0] > heights[1] > heights[2]
    assert heights[2] == pytest.approx(0.12, abs=0.02)
    assert tip_below_teeth(model, BETWEEN, jaw) == pytest.approx(0.2, abs=0.02)


def test_a_tongue_put_out_lies_on_the_lower_lip(model: HeadModel) -> None:
    eye = np.eye(3, dtype=np.float32)
    rim = model.groups["lip_lower_rim"]
    tongue, middle = model.groups["tongue"], rim[len(rim) // 2]
    for weight in (OUT, 1.0):
        points = model.neutral.copy()
        ids, delta = model.expression("tongueOut")
        points[ids] += weight * delta
        points[tongue, 1] -= 0.6  # sunk into the lip
        TongueTip(model, int(model.groups["teeth_upper"][0]), eye).rise(points, eye, weight)
        over = np.abs(points[tongue, 2] - points[middle, 2]) < 0.2
        assert not over.any() or points[tongue[over], 1].min() > points[middle, 1] - 0.25


def test_without_weight_it_rests(model: HeadModel) -> None:
    points = model.neutral.copy()
    TongueTip(model, 0, np.eye(3, dtype=np.float32)).rise(points, np.eye(3, dtype=np.float32), 0.0)
    assert np.array_equal(points, model.neutral)


def test_its_root_stays(model: HeadModel) -> None:
    points = model.neutral.copy()
    front = int(model.groups["teeth_upper"][0])
    TongueTip(model, front, np.eye(3, dtype=np.float32)).rise(points, np.eye(3, dtype=np.float32), AT_TEETH)
    tongue = model.groups["tongue"]
    back = model.neutral[tongue, 2] < model.neutral[tongue, 2].max() - 4.2
    assert np.abs(points - model.neutral)[tongue[back]].max() < 1e-5
    assert np.abs(points - model.neutral)[tongue].max() > 0.2
