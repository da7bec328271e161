"""Any rate becomes 16 kHz: in time, without aliases, the same however it is cut, and soon."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vasari.voice import SPEECH_RATE, SpeechResampler

Floats = NDArray[np.float32]
RATES = [8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 44_101, 48_000, 96_000]


def resampled(samples: Floats, rate: int) -> Floats:
    resampler = SpeechResampler(rate)
    return np.concatenate([resampler.push(samples), resampler.finish()])


def tone(frequency: float, rate: int, seconds: float = 0.5) -> Floats:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("frequency", [100, 1000, 3000])
def test_a_tone_keeps_its_place(rate: int, frequency: float) -> None:
    difference = resampled(tone(frequency, rate), rate) - tone(frequency, SPEECH_RATE)
    assert np.abs(difference[100:-100]).max() < 2e-4


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000, 96_000])
def test_what_does_not_fit_is_gone(rate: int) -> None:
    assert np.abs(resampled(tone(9000, rate), rate)[100:-100]).max() < 1e-3


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("count", [0, 1, 2, 99, 1000, 4801])
def test_length(rate: int, count: int) -> None:
    assert len(resampled(np.zeros(count, np.float32), rate)) == -(-count * SPEECH_RATE // rate)


@given(rate=st.sampled_from(RATES[:6]), cuts=st.lists(st.integers(0, 4000), max_size=8))
@settings(max_examples=40, deadline=None)
def test_cuts_change_nothing(rate: int, cuts: list[int]) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 4000).astype(np.float32)
    resampler = SpeechResampler(rate)
    pieces = [resampler.push(piece) for piece in np.split(samples, sorted(cuts))]
    np.testing.assert_array_equal(np.concatenate([*pieces, resampler.finish()]), resampled(samples, rate))


@pytest.mark.parametrize("rate", RATES)
def test_delay_is_below_4_ms(rate: int) -> None:
    assert len(SpeechResampler(rate).push(np.zeros(rate, np.float32))) >= SPEECH_RATE * 0.996


def test_it_can_be_used_again() -> None:
    samples = tone(300, 48_000)
    resampler = SpeechResampler(48_000)
    first = np.concatenate([resampler.push(samples), resampler.finish()])
    resampler.push(samples[:777])
    resampler.reset()
    np.testing.assert_array_equal(np.concatenate([resampler.push(samples), resampler.finish()]), first)
