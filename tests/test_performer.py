"""The performer: chunking, time, threads, barge-in."""

import threading
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari import Controls, Frame, Performer, Portrait, SoundError, UsageError
from vasari.head.expressions import EXPRESSION_INDEX

Floats = NDArray[np.float32]
RATE = 16000
SIZE = 256
JAW = EXPRESSION_INDEX["jawOpen"]


def drain(performer: Performer, pieces: list[Floats]) -> list[Frame]:
    frames: list[Frame] = []
    for piece in pieces:
        performer.push_audio(piece)
        frames += performer.ready()
    performer.end()
    return frames + list(performer)


def moved(frames: list[Frame]) -> Floats:
    """(n, 60) the whole motion of each frame."""
    rows = [
        np.concatenate([f.motion.expression, f.motion.rotation, f.motion.translation, f.motion.gaze])
        for f in frames
    ]
    return np.array(rows, np.float32)


@pytest.fixture(scope="module")
def sentence(speech: Floats) -> Floats:
    """1.3 s with a word and a pause."""
    return speech[int(3.1 * RATE) : int(4.4 * RATE)]


@pytest.mark.parametrize(
    ("fps", "rate", "channels"), [(25, 16000, 1), (24, 8000, 2), (30, 44100, 1), (60, 96000, 2)]
)
def test_every_sample_goes_with_its_picture(portrait: Portrait, fps: int, rate: int, channels: int) -> None:
    count = int(0.31 * rate) + 1
    sound = np.random.default_rng(0).normal(0, 0.05, (count, channels)).astype(np.float32)
    performer = Performer(portrait, fps=fps, size=SIZE, rate=rate, channels=channels)
    frames = drain(performer, [sound])
    assert len(frames) == -(-count * fps // rate)
    assert np.array_equal(np.concatenate([frame.audio for frame in frames]), sound)
    for number, frame in enumerate(frames):
        assert frame.pts == number
        assert frame.time_base == Fraction(1, fps)
        assert frame.image.shape == (SIZE, SIZE, 3)
        assert frame.image.dtype == np.uint8


def test_the_same_however_the_sound_is_cut(portrait: Portrait, sentence: Floats) -> None:
    cuts = np.sort(np.random.default_rng(1).integers(0, len(sentence), 20))
    whole = drain(Performer(portrait, size=SIZE), [sentence])
    parts = drain(Performer(portrait, size=SIZE, threads=1, ahead=5), np.split(sentence, cuts))
    assert np.array_equal(moved(whole), moved(parts))
    assert all(np.array_equal(a.image, b.image) for a, b in zip(whole, parts, strict=True))


def test_a_seed_chooses_the_performance(portrait: Portrait, sentence: Floats) -> None:
    first, again, other = (
        moved(drain(Performer(portrait, Controls(seed=seed), size=SIZE), [sentence])) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pictures_come_before_the_sound_ends(portrait: Portrait, sentence: Floats) -> None:
    performer = Performer(portrait, size=SIZE, ahead=1)
    performer.push_audio(sentence)
    early = list(performer.ready())
    assert len(sentence) / RATE - len(early) / 25 <= 0.25
    performer.end()
    assert len(early) + len(list(performer)) == int(np.ceil(len(sentence) * 25 / RATE))


def test_reading_waits_for_another_thread(portrait: Portrait, sentence: Floats) -> None:
    performer = Performer(portrait, size=SIZE)
    frames: list[Frame] = []
    reader = threading.Thread(target=lambda: frames.extend(performer))
    reader.start()
    for piece in np.array_split(sentence, 9):
        performer.push_audio(piece)
    performer.end()
    reader.join(timeout=60)
    assert not reader.is_alive()
    assert np.array_equal(np.concatenate([frame.audio for frame in frames])[:, 0], sentence)


def test_barge_in_closes_the_mouth_without_a_jump(portrait: Portrait, speech: Floats) -> None:
    talk = speech[int(8.2 * RATE) : int(10.0 * RATE)]
    performer = Performer(portrait, size=SIZE)
    performer.push_audio(talk)
    frames = list(performer.ready())
    performer.clear()
    performer.push_audio(np.zeros(RATE, np.float32))
    performer.end()
    after = list(performer)
    assert len(after) == 25
    assert [frame.pts for frame in frames + after] == list(range(len(frames) + 25))
    assert not any(frame.audio.any() for frame in after)
    motion = moved(frames + after)
    head, jaw = motion[:, 52:55], motion[:, JAW]
    steps = np.abs(np.diff(head, axis=0)).max(1)
    assert steps[len(frames) - 1 : len(frames) + 8].max() <= 2.5  # degrees a picture; speech has up to 2.3
    assert jaw[len(frames) + 10 :].max() < 0.5 * jaw[: len(frames)].max()


def test_clear_after_end_stops(portrait: Portrait, sentence: Floats) -> None:
    performer = Performer(portrait, size=SIZE)
    performer.push_audio(sentence)
    performer.end()
    next(iter(performer))
    performer.clear()
    assert list(performer) == []


def test_controls_change_midway(portrait: Portrait, speech: Floats) -> None:
    quiet = np.zeros(RATE, np.float32)
    performer = Performer(portrait, Controls(head_motion=0, expressiveness=0), size=SIZE)
    performer.push_audio(quiet)
    before = list(performer.ready())
    performer.set(Controls(head_motion=0, expressiveness=0, pose=(15, 0, 0)))
    performer.push_audio(np.concatenate([quiet, quiet]))
    performer.end()
    after = list(performer)
    assert abs(float(before[-1].motion.rotation[0])) < 2
    assert float(after[-1].motion.rotation[0]) == pytest.approx(15, abs=2)


def test_no_sound_no_pictures(portrait: Portrait) -> None:
    assert drain(Performer(portrait, size=SIZE), []) == []


def test_sound_after_the_end_is_refused(portrait: Portrait) -> None:
    performer = Performer(portrait, size=SIZE)
    performer.end()
    with pytest.raises(UsageError, match="ended"):
        performer.push_audio(np.zeros(100, np.float32))


@pytest.mark.parametrize(
    "bad", [np.array([np.nan], np.float32), np.zeros((5, 2), np.float32)], ids=["nan", "stereo"]
)
def test_bad_sound_is_refused(portrait: Portrait, bad: Floats) -> None:
    with pytest.raises(SoundError):
        Performer(portrait, size=SIZE).push_audio(bad)


@pytest.mark.parametrize(
    "wrong",
    [
        {"fps": 12},
        {"fps": 61},
        {"size": 128},
        {"size": 257},
        {"size": 2048},
        {"threads": 0},
        {"channels": 0},
        {"rate": 0},
    ],
    ids=str,
)
def test_arguments_out_of_range(portrait: Portrait, wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        Performer(portrait, **wrong)  # type: ignore[arg-type]
