"""Life has the statistics of people who talk (human figures: see docs/motion.md)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX
from vasari.motion.cues import Cue, CueFinder
from vasari.motion.life import Life, Moment

Reals = NDArray[np.float64]
RATE = 25
SEEDS = (0, 1, 2)


def speech(seconds: float, seed: int = 0) -> tuple[Reals, Reals]:
    """Loudness (dB) and voice of someone who talks in utterances of 1 to 5 s, four syllables a second."""
    random = np.random.default_rng([9, seed])
    loudness, voice = np.full(int(seconds * 50), -60.0), np.zeros(int(seconds * 50))
    at = 25
    while at < len(voice):
        end = min(at + int(random.uniform(50, 250)), len(voice))
        voice[at:end] = 1
        while at < end:
            length = int(random.uniform(8, 17))
            peak = random.normal(-24, 4)
            course = peak - 18 * np.abs(np.linspace(-1, 1, length)) ** 2
            loudness[at : at + length] = course[: len(loudness[at : at + length])]
            at += length
        at += int(random.uniform(20, 70))
    return loudness, voice


@cache
def cues(seconds: float) -> tuple[Cue, ...]:
    loudness, voice = speech(seconds)
    finder = CueFinder()
    parts = zip(loudness.reshape(-1, 2), voice.reshape(-1, 2), strict=True)
    return tuple(finder.push(a.astype(np.float32), b.astype(np.float32)) for a, b in parts)


@dataclass
class Lived:
    rotation: Reals
    translation: Reals
    gaze: Reals
    lids: Reals
    expression: Reals


@cache
def lived(seed: int, seconds: float = 120, rate: float = 26, talking: bool = True) -> Lived:
    life = Life(seed)
    course = cues(seconds) if talking else (Cue(),) * int(seconds * RATE)
    moments: list[Moment] = [life.step(cue, rate) for cue in course]
    names = ("rotation", "translation", "gaze", "lids", "expression")
    return Lived(*(np.array([getattr(m, n) for m in moments]) for n in names))


def blinks(lids: Reals) -> list[int]:
    """Lengths in frames of the blinks."""
    closed = np.concatenate([[0], (lids > 0).astype(int), [0]])
    return [int(n) for n in np.flatnonzero(np.diff(closed) < 0) - np.flatnonzero(np.diff(closed) > 0)]


def test_cues_find_utterances_and_stress() -> None:
    found = cues(120)
    starts, ends = sum(c.start for c in found), sum(c.end for c in found)
    assert 20 < starts < 50
    assert abs(starts - ends) <= 1
    stresses = sum(c.stress > 0 for c in found)
    talking = sum(c.talking > 0.5 for c in found) / RATE
    assert 1.0 < stresses / talking < 4.0
    assert not any(c.stress for c in found if c.talking < 0.05)


def test_rising_pitch_at_an_end_is_heard() -> None:
    finder = CueFinder()
    course = [np.full(40, 7.0), np.linspace(7, 7.5, 20), np.full(40, np.nan)]
    pitch = np.concatenate(course).astype(np.float32).reshape(-1, 2)
    voice = np.isfinite(pitch).astype(np.float32)
    found = [finder.push(np.full(2, -20, np.float32), v, p) for v, p in zip(voice, pitch, strict=True)]
    assert any(c.rising for c in found)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_head_wanders_as_a_talkers_does(seed: int) -> None:
    rotation = lived(seed).rotation
    spread = np.mean([part.std(0) for part in np.split(rotation, 8)], 0)  # over 15 s
    assert 2.3 < spread[0] < 6.0
    assert 2.0 < spread[1] < 5.0
    assert 1.5 < spread[2] < 5.0
    step = np.diff(rotation, axis=0)
    assert 0.15 < np.linalg.norm(step, axis=1).mean() < 0.40  # what is quicker is acted
    power = np.abs(np.fft.rfft((step - step.mean(0)) * np.hanning(len(step))[:, None], axis=0)) ** 2
    fast = np.fft.rfftfreq(len(step), 1 / RATE) > 2.5
    assert power[fast].sum() / power.sum() < 0.05
    assert np.abs(rotation).max() < 25
    assert np.abs(rotation.mean(0)).max() < 2.5


@pytest.mark.parametrize("seed", SEEDS)
def test_head_is_calm_but_alive_in_silence(seed: int) -> None:
    step = np.linalg.norm(np.diff(lived(seed, talking=False).rotation, axis=0), axis=1)
    assert 0.02 < step.mean() < 0.15
    assert (step > 0).all()


def nods(pitch: Reals) -> int:
    """Downward moves of the head, at least 0.8 degrees within a quarter of a second, and back."""
    down = pitch[6:-6] - np.maximum(pitch[:-12], pitch[12:])
    return int(np.sum(np.diff(np.concatenate([[0], (down < -0.8).astype(int)])) > 0))


def test_listeners_nod_now_and_then() -> None:
    silent = [nods(lived(seed, talking=False).rotation[:, 1]) for seed in SEEDS]
    assert 10 < np.mean(silent) < 60  # in 120 s


def test_head_moves_more_at_starts_than_within_speech() -> None:
    near, all_steps = [], []
    for seed in range(6):
        step = np.linalg.norm(np.diff(lived(seed).rotation, axis=0), axis=1)
        near += [step[k : k + 20].mean() for k, c in enumerate(cues(120)) if c.start and k + 20 < len(step)]
        all_steps.append(step.mean())
    assert np.mean(near) > 1.15 * np.mean(all_steps)


@pytest.mark.parametrize("rate", [0, 12, 26, 40])
def test_blinks_come_at_the_rate_asked_for(rate: int) -> None:
    counts = [len(blinks(lived(seed, rate=rate).lids)) / 2 for seed in range(5)]
    assert np.mean(counts) == pytest.approx(0.93 * rate, rel=0.15)


def test_blinks_look_like_blinks() -> None:
    lids = np.concatenate([lived(seed).lids for seed in SEEDS])
    lengths = blinks(lids)
    assert min(lengths) >= 3
    assert np.mean([n <= 5 for n in lengths]) > 0.95
    assert lids.max() == 1.0
    begins = np.flatnonzero((lids[1:] > 0) & (lids[:-1] == 0)) + 1
    peaks = np.array([lids[b : b + 5].argmax() for b in begins])
    assert peaks.max() <= 2  # closed after one or two frames, opened in two or three
    intervals = np.diff(begins) / RATE
    assert 0.4 < intervals.std() / intervals.mean() < 1.0  # neither a metronome nor a Poisson process
    assert (intervals < 0.45).mean() < 0.15


def test_blinks_gather_at_the_ends_of_utterances() -> None:
    near, every = [], []
    for seed in range(6):
        lids = lived(seed).lids
        begins = np.flatnonzero((lids[1:] > 0) & (lids[:-1] == 0)) + 1
        ends = [k for k, c in enumerate(cues(120)) if c.end]
        near.append(np.mean([((begins >= k) & (begins < k + 13)).any() for k in ends]))
        every.append(np.mean([((begins >= k) & (begins < k + 13)).any() for k in range(0, len(lids), 7)]))
    assert np.mean(near) > 1.5 * np.mean(every)


@pytest.mark.parametrize("seed", SEEDS)
def test_gaze_darts_around_its_main_direction(seed: int) -> None:
    gaze = lived(seed).gaze
    assert np.abs(gaze.mean(0)).max() < 0.35
    assert 0.5 < gaze.std(0)[1] < gaze.std(0)[0] < 4
    shifts = np.linalg.norm(np.diff(gaze, axis=0), axis=1) > 0.6
    starts = np.flatnonzero(shifts[1:] & ~shifts[:-1])
    assert 1.0 < len(starts) / 120 < 3.0
    assert np.mean(shifts) < 0.15  # still within fixations
    assert np.percentile(np.linalg.norm(gaze, axis=1), 50) < 2.0  # mostly at the other's face


@pytest.mark.parametrize("seed", SEEDS)
def test_brows_and_smile_come_and_go(seed: int) -> None:
    face = lived(seed).expression
    assert 0.08 < face[:, EXPRESSION_INDEX["browInnerUp"]].std() < 0.3
    assert 0.04 < face[:, EXPRESSION_INDEX["mouthSmileLeft"]].std() < 0.25
    assert face.min() >= 0
    assert face.max() <= 1
    assert np.abs(np.diff(face, axis=0)).max() < 0.35
    calm = lived(seed, talking=False).expression
    assert calm[:, EXPRESSION_INDEX["browInnerUp"]].std() < 0.05
    assert not calm[:, EXPRESSION_INDEX["jawOpen"]].any()


def test_nothing_pops() -> None:
    life = lived(0)
    assert np.linalg.norm(np.diff(life.rotation, axis=0), axis=1).max() < 6
    assert np.abs(np.diff(life.translation, axis=0)).max() < 0.25


def test_a_seed_is_one_performance() -> None:
    again = lived.__wrapped__(1)
    np.testing.assert_array_equal(again.rotation, lived(1).rotation)
    np.testing.assert_array_equal(again.lids, lived(1).lids)
    assert np.abs(lived(2).rotation - lived(1).rotation).max() > 3
    assert (lived(2).lids != lived(1).lids).any()
