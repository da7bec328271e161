"""The bookkeeping of pictures and samples: exact, whatever the rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vasari.errors import SoundError
from vasari.live.samples import SampleQueue, checked_samples
from vasari.live.timeline import Timeline

fps_values = st.integers(24, 60)
rates = st.sampled_from([8000, 11025, 16000, 22050, 24000, 44100, 48000, 96000])


@given(fps_values, rates, st.integers(0, 10**9))
def test_pictures_just_cover_the_sound(fps: int, rate: int, samples: int) -> None:
    line = Timeline(fps, rate)
    count = line.pictures(samples)
    assert line.start(count) >= samples
    assert count == 0 or line.start(count - 1) < samples


@given(fps_values, rates, st.integers(0, 10**7))
def test_a_picture_never_drifts_from_its_sound(fps: int, rate: int, picture: int) -> None:
    start = Timeline(fps, rate).start(picture)
    assert 0 <= picture / fps - start / rate < 1 / rate + 1e-9


@given(fps_values, st.integers(0, 10**6))
def test_position_among_motion_samples_is_exact(fps: int, picture: int) -> None:
    index, part = Timeline(fps, 16000).position(picture, 25)
    assert 0 <= part < 1
    assert (index + part) * fps == picture * 25


@given(st.lists(st.integers(0, 50)), st.lists(st.integers(1, 50), min_size=1))
def test_a_queue_gives_back_what_it_was_given(pushed: list[int], taken: list[int]) -> None:
    sound = np.arange(sum(pushed), dtype=np.float32)[:, None]
    queue = SampleQueue(1)
    for piece in np.split(sound, np.cumsum(pushed)):
        queue.push(piece)
    given_back = [queue.take(n) for n in taken]
    assert [len(piece) for piece in given_back[:-1]] == [
        min(n, max(len(sound) - before, 0))
        for n, before in zip(taken[:-1], np.cumsum([0, *taken]), strict=False)
    ]
    assert np.array_equal(np.concatenate(given_back), sound[: sum(taken)])
    assert len(queue) == max(len(sound) - sum(taken), 0)


def test_sixteen_bit_sound_is_scaled() -> None:
    sound = checked_samples(np.array([-32768, 0, 16384], np.int16), 1)
    assert sound.tolist() == [[-1.0], [0.0], [0.5]]


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((10, 2)),
        np.zeros((1, 10, 1)),
        np.array([0.0, np.nan]),
        np.array([np.inf]),
        np.arange(5),
        ["a"],
    ],
    ids=["stereo for mono", "three axes", "nan", "infinite", "int64", "text"],
)
def test_bad_samples_are_refused(bad: object) -> None:
    with pytest.raises(SoundError):
        checked_samples(bad, 1)  # type: ignore[arg-type]
