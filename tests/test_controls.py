from __future__ import annotations

import math

import numpy as np
import pytest

from vasari.errors import UsageError
from vasari.head.expressions import EXPRESSION_INDEX
from vasari.motion.controls import Controls
from vasari.motion.direction import Direction
from vasari.motion.emotions import EMOTIONS, emotion_offset


def test_defaults_are_neutral() -> None:
    now = Controls().at(3.0)
    assert now.gaze == (0.0, 0.0)
    assert now.distance == 1.0
    assert now.pose == (0.0, 0.0, 0.0)
    assert not now.emotion


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("gaze", (90, 0), "-40 to 40"),
        ("gaze", 3, "2 numbers"),
        ("gaze", (1, 2, 3), "2 numbers"),
        ("distance", 0.1, "0.5 to 2"),
        ("distance", float("nan"), "0.5 to 2"),
        ("distance", "near", "a number"),
        ("emotion", {"joy": 1.0}, "happiness"),
        ("emotion", {"happiness": 1.5}, "0 to 1"),
        ("emotion", ["happiness"], "weights by name"),
        ("pose", (0, 45, 0), "-30 to 30"),
        ("head_motion", -1, "0 to 2"),
        ("expressiveness", 3, "0 to 2"),
        ("mouth", None, "0 to 2"),
        ("blink_rate", 100, "0 to 60"),
        ("seed", -1, "whole number"),
        ("seed", 1.5, "whole number"),
    ],
)
def test_what_is_not_valid_is_refused_with_what_is(name: str, value: object, says: str) -> None:
    with pytest.raises(UsageError, match=says) as error:
        Controls(**{name: value})  # type: ignore[arg-type]
    assert name in str(error.value)


def test_functions_of_time_are_checked_too() -> None:
    controls = Controls(gaze=lambda t: (10 * t, 0.0), emotion=lambda t: {"anger": min(t, 1.0)})
    assert controls.at(2.0).gaze == (20, 0)
    assert controls.at(0.5).emotion == {"anger": 0.5}
    with pytest.raises(UsageError, match="gaze"):
        controls.at(5.0)
    with pytest.raises(UsageError, match="distance"):
        Controls(distance=lambda t: 0.0)


def test_an_emotion_may_be_a_name() -> None:
    assert Controls(emotion="surprise").at(0).emotion == {"surprise": 1.0}


def test_replace_knows_its_fields() -> None:
    assert Controls().replace(distance=0.8).distance == 0.8
    with pytest.raises(UsageError, match="there are gaze, distance"):
        Controls().replace(look=1)


def test_every_emotion_moves_its_own_part_of_the_face() -> None:
    assert EMOTIONS[0] == "neutral"
    assert not emotion_offset({"neutral": 1.0}).any()
    for name in EMOTIONS[1:]:
        offset = emotion_offset({name: 1.0})
        assert 0.4 < offset.max() <= 0.95
        assert offset.min() >= 0
        assert offset[EXPRESSION_INDEX["jawOpen"]] <= 0.1  # lips stay free
        np.testing.assert_allclose(emotion_offset({name: 0.5}), offset / 2)
    both = emotion_offset({"happiness": 0.5, "surprise": 0.5})
    assert both[EXPRESSION_INDEX["mouthSmileLeft"]] > 0.2
    assert both[EXPRESSION_INDEX["browOuterUpLeft"]] > 0.3


def test_constants_and_smooth_functions_are_followed_exactly() -> None:
    direction = Direction(Controls(pose=lambda t: (10 * math.sin(t), 5.0, 0.0), distance=0.9))
    for k in range(100):
        now = direction.step()
        np.testing.assert_allclose(now.pose, [10 * math.sin(k / 25), 5, 0], atol=1e-9)
        assert now.distance == pytest.approx(0.9)


def test_a_change_arrives_without_a_jump() -> None:
    direction = Direction(Controls())
    direction.step()
    direction.set(Controls(pose=(20, 0, 0), gaze=(15, 0), distance=0.7, emotion="happiness"))
    steps = [direction.step() for _ in range(50)]
    yaw = np.array([0.0] + [s.pose[0] for s in steps])
    assert 0 < yaw[1] < 3
    assert np.abs(np.diff(yaw)).max() < 4
    assert yaw.max() < 20.01
    assert yaw[-1] == pytest.approx(20, abs=0.01)
    assert steps[3].gaze[0] > 13  # eyes jump, heads turn
    assert steps[-1].distance == pytest.approx(0.7, abs=1e-3)
    smile = np.array([0.0] + [s.emotion[EXPRESSION_INDEX["mouthSmileLeft"]] for s in steps])
    assert np.abs(np.diff(smile)).max() < 0.15
    assert smile[-1] == pytest.approx(0.62, abs=0.01)


def test_a_step_in_a_function_of_time_is_softened() -> None:
    direction = Direction(Controls(pose=lambda t: (0.0 if t < 1 else 25.0, 0.0, 0.0)))
    yaw = np.array([direction.step().pose[0] for _ in range(75)])
    assert np.abs(np.diff(yaw)).max() < 5
    assert yaw[-1] == pytest.approx(25, abs=0.1)


def test_a_moving_slider_is_followed() -> None:
    direction = Direction(Controls())
    shown = []
    for k in range(60):
        if k % 2 == 0 and k < 40:
            direction.set(Controls(pose=(k / 2.0, 0, 0)))
        shown.append(direction.step().pose[0])
    assert np.abs(np.diff(shown)).max() < 2
    assert shown[-1] == pytest.approx(19, abs=0.2)
