"""Voice activity knows speech from silence and noise, in step with the features."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import Floats
from vasari.voice import FEATURE_RATE, LOOKAHEAD_S, SPEECH_RATE, VoiceActivity

HOP = SPEECH_RATE // FEATURE_RATE


@pytest.fixture(scope="module")
def activity() -> VoiceActivity:
    return VoiceActivity()


def all_rows(activity: VoiceActivity, samples: Floats) -> Floats:
    return np.concatenate([activity.push(samples), activity.finish()])


@given(cuts=st.lists(st.integers(0, 32_000), max_size=12))
@settings(max_examples=25, deadline=None)
def test_cuts_change_nothing(activity: VoiceActivity, speech: Floats, cuts: list[int]) -> None:
    pieces = [activity.push(piece) for piece in np.split(speech[:32_000], sorted(cuts))]
    np.testing.assert_array_equal(
        np.concatenate([*pieces, activity.finish()]), all_rows(activity, speech[:32_000])
    )


@pytest.mark.parametrize("count", [0, 1, 319, 320, 321, 512, 5000, 16_000])
def test_length_is_that_of_the_features(activity: VoiceActivity, count: int) -> None:
    rows = all_rows(activity, np.zeros(count, np.float32))
    assert len(rows) == -(-count // HOP)
    assert rows.dtype == np.float32


def test_it_keeps_to_the_look_ahead(activity: VoiceActivity, speech: Floats) -> None:
    made = 0
    for heard in range(HOP, 32_000, HOP):
        made += len(activity.push(speech[heard - HOP : heard]))
        assert made * HOP >= heard - LOOKAHEAD_S * SPEECH_RATE
    activity.reset()


def test_speech_is_found_where_it_is(activity: VoiceActivity, speech: Floats) -> None:
    """Half a second of speech between two seconds of silence."""
    word = speech[2 * SPEECH_RATE : 10 * SPEECH_RATE]
    voiced = all_rows(activity, word)
    silence = np.zeros(SPEECH_RATE, np.float32)
    rows = all_rows(activity, np.concatenate([silence, word, silence]))
    assert rows[:40].max() < 0.5
    assert rows[-40:].max() < 0.5
    np.testing.assert_allclose(
        (rows[FEATURE_RATE:-FEATURE_RATE] > 0.5).mean(), (voiced > 0.5).mean(), atol=0.05
    )
    assert (voiced > 0.5).mean() > 0.6


def test_noise_is_no_speech(activity: VoiceActivity) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 3 * SPEECH_RATE).astype(np.float32)
    assert all_rows(activity, noise)[25:].max() < 0.5


def test_reset_forgets(activity: VoiceActivity, speech: Floats) -> None:
    expected = all_rows(activity, speech[:16_000])
    activity.push(speech[50_000:60_000])
    activity.reset()
    np.testing.assert_array_equal(all_rows(activity, speech[:16_000]), expected)
