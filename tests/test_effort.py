"""Vocal effort tells from brightness and level how far lips open."""

import numpy as np
import pytest

from vasari.motion.effort import Effort
from vasari.motion.motion import Floats
from vasari.voice.features import FEATURE_DIM, LOUDNESS, MEL, VOICING


def speech(tilt: float, level: float, voicing: float = 1.0) -> Floats:
    """Features (100, FEATURE_DIM) of a steady voice; tilt and level in bels from the middle voice's."""
    rows = np.zeros((100, FEATURE_DIM), np.float32)
    rows[:, MEL] = np.arange(MEL.stop - MEL.start) * (tilt - 2.1) / 12
    rows[:, LOUDNESS], rows[:, VOICING] = 0.8 + level, voicing
    return rows


def factor(rows: Floats) -> float:
    effort = Effort()
    return [effort.step(rows[k : k + 2]) for k in range(0, len(rows), 2)][-1]


def test_the_middle_voice_is_left_alone() -> None:
    assert factor(speech(0, 0)) == pytest.approx(1.0, abs=0.02)


def test_bright_and_loud_voices_open_the_mouth_wider() -> None:
    assert factor(speech(0.9, 0)) > 1.1
    assert factor(speech(0, 1)) > 1.03
    assert factor(speech(-0.9, -1)) < 0.85


def test_who_becomes_louder_opens_the_mouth_wider_for_a_while() -> None:
    loud = [speech(0, 1)] * 40
    effort = Effort()
    course = [effort.step(rows[k : k + 2]) for rows in [speech(0, 0), *loud] for k in range(0, 100, 2)]
    assert course[99] > course[49] + 0.15
    assert course[-1] < course[99] - 0.1  # what lasts becomes usual


def test_it_has_bounds_and_hears_voices_only() -> None:
    assert 0.4 <= factor(speech(-9, -9)) < factor(speech(9, 9)) <= 1.6
    assert factor(speech(9, 9, voicing=0.0)) == 1.0
