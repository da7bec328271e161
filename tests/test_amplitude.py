"""The amplitude of the mouth evens out slowly how far a net moves the lips of different voices."""

import numpy as np
import pytest

from vasari.motion.amplitude import Amplitude


def spoken(spread: float, seconds: float = 20.0) -> list[float]:
    """Factors over speech whose gap is log-normal about 0.3 cm with a given spread."""
    random, amplitude = np.random.default_rng(0), Amplitude()
    shape = np.sqrt(np.log(1 + (spread / 0.3) ** 2))
    gaps = 0.3 * np.exp(shape * random.standard_normal(int(25 * seconds)) - shape**2 / 2)
    return [amplitude.step(float(gap), voiced=True) for gap in gaps]


@pytest.mark.parametrize("spread", [0.36, 0.5])
def test_what_moves_enough_is_left_alone(spread: float) -> None:
    assert np.mean(spoken(spread)[250:]) == pytest.approx(1.0, abs=0.06)


def test_what_moves_too_little_moves_more_but_not_all_the_way() -> None:
    factor = np.mean(spoken(0.18)[250:])
    assert 1.3 < factor <= 1.5
    assert 0.18 * factor < 0.36


def test_it_changes_slowly_and_not_in_silence() -> None:
    factors = np.array(spoken(0.15))
    assert np.abs(np.diff(factors)).max() < 0.03
    amplitude = Amplitude()
    before = [amplitude.step(0.1, voiced=True) for _ in range(100)][-1]
    assert [amplitude.step(0.0, voiced=False) for _ in range(100)][-1] == before
