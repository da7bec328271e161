"""Speech features are the same however the sound is cut, stand for the right time, and come soon."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import Floats
from vasari.voice import (
    FEATURE_DIM,
    FEATURE_RATE,
    LEVEL,
    LOOKAHEAD_S,
    LOUDNESS,
    MEL,
    PITCH,
    SOUNDS,
    SPEECH_RATE,
    VOICING,
    SpeechFeatures,
)
from vasari.voice.spectrum import LEVEL_OFFSET, LOUDNESS_OFFSET

HOP = SPEECH_RATE // FEATURE_RATE


@pytest.fixture(scope="module")
def features() -> SpeechFeatures:
    return SpeechFeatures()


def all_rows(features: SpeechFeatures, samples: Floats) -> Floats:
    return np.concatenate([features.push(samples), features.finish()])


def tone(frequency: float, seconds: float = 1, amplitude: float = 0.3) -> Floats:
    time = np.arange(round(seconds * SPEECH_RATE)) / SPEECH_RATE
    overtones = [np.sin(2 * np.pi * k * frequency * time) / k for k in range(1, 6)]
    wave: Floats = (amplitude * np.sum(overtones, 0)).astype(np.float32)
    return wave


@given(cuts=st.lists(st.integers(0, 24_000), max_size=12))
@settings(max_examples=15, deadline=None)
def test_cuts_change_nothing(features: SpeechFeatures, speech: Floats, cuts: list[int]) -> None:
    samples = speech[:24_000]
    pieces = [features.push(piece) for piece in np.split(samples, sorted(cuts))]
    rows = np.concatenate([*pieces, features.finish()])
    np.testing.assert_array_equal(rows, all_rows(features, samples))


def test_small_blocks_change_nothing(features: SpeechFeatures, speech: Floats) -> None:
    samples = speech[:16_000]
    pieces = [features.push(samples[i : i + 160]) for i in range(0, len(samples), 160)]
    rows = np.concatenate([*pieces, features.finish()])
    np.testing.assert_array_equal(rows, all_rows(features, samples))


@pytest.mark.parametrize("count", [0, 1, 319, 320, 321, 800, 5000, 16_000])
def test_length(features: SpeechFeatures, count: int) -> None:
    rows = all_rows(features, np.zeros(count, np.float32))
    assert rows.shape == (-(-count // HOP), FEATURE_DIM)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_rows_come_within_the_look_ahead(features: SpeechFeatures, speech: Floats) -> None:
    made = 0
    for heard in range(HOP, 32_000, HOP):
        made += len(features.push(speech[heard - HOP : heard]))
        assert made * HOP >= heard - LOOKAHEAD_S * SPEECH_RATE
    features.reset()
    assert LOOKAHEAD_S <= 0.12


def test_what_comes_later_changes_nothing(features: SpeechFeatures, speech: Floats) -> None:
    """A row depends on the sound up to ``LOOKAHEAD_S`` after it, and on no more."""
    other = speech[:32_000].copy()
    other[16_000:] = 0.1
    same = int((16_000 - LOOKAHEAD_S * SPEECH_RATE) // HOP)
    a, b = (all_rows(features, samples) for samples in (speech[:32_000], other))
    np.testing.assert_array_equal(a[:same], b[:same])
    assert not np.array_equal(a, b)


@pytest.mark.parametrize("row", [10, 31, 32, 33, 60])
def test_a_click_is_heard_at_its_row(features: SpeechFeatures, row: int) -> None:
    samples = np.zeros(24_000, np.float32)
    samples[row * HOP - 2 : row * HOP + 2] = 0.9
    rows = all_rows(features, samples)
    assert rows[:, LOUDNESS].argmax() == row
    assert rows[:, MEL].mean(1).argmax() == row


def test_sounds_are_in_step_with_the_spectrum(features: SpeechFeatures, speech: Floats) -> None:
    """The spectrum can be read off the speech sounds of its time, or just before: they look ahead."""
    rows = all_rows(features, speech)
    times = np.arange(4, len(rows) - 4)
    spectrum = rows[times, MEL].astype(np.float64)
    held_out = times // 25 % 4 == 0

    def error(lag: int) -> float:
        sounds = rows[times + lag, SOUNDS].astype(np.float64)
        x, y = sounds - sounds.mean(0), spectrum - spectrum.mean(0)
        a, b = x[~held_out], y[~held_out]
        weights = np.linalg.solve(a.T @ a + 100 * np.eye(a.shape[1]), a.T @ b)
        return float(np.square(x[held_out] @ weights - y[held_out]).mean())

    errors = {lag: error(lag) for lag in range(-4, 5)}
    assert min(errors, key=errors.__getitem__) in (-2, -1, 0), errors


def test_reset_forgets(features: SpeechFeatures, speech: Floats) -> None:
    expected = all_rows(features, speech[:16_000])
    features.push(speech[50_000:60_000])
    features.reset()
    np.testing.assert_array_equal(all_rows(features, speech[:16_000]), expected)


def test_level_is_told_and_taken_off(features: SpeechFeatures, speech: Floats) -> None:
    """The same speech 20 dB softer: two bels less loud, the same spectrum, much the same sounds."""
    loud, soft = (all_rows(features, speech * gain) for gain in (1, 0.1))
    late = slice(5 * FEATURE_RATE, None)
    voiced = loud[late, VOICING] > 0.5
    assert np.median((loud - soft)[late, LOUDNESS][voiced]) == pytest.approx(2, abs=0.05)
    assert np.median((loud - soft)[late, LEVEL]) == pytest.approx(2, abs=0.5)
    assert np.abs((loud - soft)[late, MEL][voiced]).mean() < 0.5
    a, b = loud[late, SOUNDS][voiced], soft[late, SOUNDS][voiced]
    likeness = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    assert np.median(likeness) > 0.9


def test_loudness_is_in_bels(features: SpeechFeatures) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    rows = all_rows(features, samples)
    assert rows[10:-10, LOUDNESS].mean() == pytest.approx(-2 + LOUDNESS_OFFSET, abs=0.05)
    assert rows[-1, LEVEL] == pytest.approx(-2 + LEVEL_OFFSET, abs=0.2)


@pytest.mark.parametrize("frequency", [80, 120, 180, 240, 400])
def test_pitch_of_a_voice(features: SpeechFeatures, frequency: float) -> None:
    rows = all_rows(features, tone(frequency))[10:-10]
    assert rows[:, VOICING].min() > 0.9
    np.testing.assert_allclose(rows[:, PITCH] / rows[:, VOICING], np.log2(frequency / 180), atol=0.03)


@pytest.mark.parametrize("level", [0, 1e-4, 0.1])
def test_noise_and_silence_are_not_voiced(features: SpeechFeatures, level: float) -> None:
    samples = np.random.default_rng(0).normal(0, 1, 32_000).astype(np.float32) * np.float32(level)
    rows = all_rows(features, samples)
    assert rows[:, VOICING].mean() < 0.05
    assert np.abs(rows[:, PITCH]).mean() < 0.05


def test_memory_stays_flat(features: SpeechFeatures, speech: Floats) -> None:
    for _ in range(2):
        features.push(speech[:32_000])
    tracemalloc.start()
    for _ in range(10):
        for i in range(0, 32_000, 8000):
            features.push(speech[i : i + 8000])
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    features.reset()
    assert now < 1 << 20
