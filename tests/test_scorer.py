"""The judge of lip sync, on the bundled speech and the package's own motion."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.errors import SoundError, UsageError
from vasari.head.expressions import EXPRESSIONS
from vasari.measure.scorer import MOST_LAG, SyncScorer
from vasari.motion import Controls
from vasari.motion.generator import MotionGenerator
from vasari.motion.motion import MOUTH, Motion
from vasari.voice import SpeechFeatures, VoiceActivity

Floats = NDArray[np.float32]
FRAME = 640  # samples


@dataclass(frozen=True)
class Talk:
    """Speech as it is heard, and the motion that was made for it."""

    features: Floats
    voice: Floats
    motion: Motion


@pytest.fixture(scope="module")
def scorer() -> SyncScorer:
    return SyncScorer()


@pytest.fixture(scope="module")
def talk(speech: Floats) -> Talk:
    features, voice = heard(speech)
    generator = MotionGenerator(Controls(seed=2))
    return Talk(features, voice, Motion.of(generator.push(features, voice) + generator.finish()))


def heard(speech: Floats) -> tuple[Floats, Floats]:
    ears, activity = SpeechFeatures(), VoiceActivity()
    features = np.concatenate([ears.push(speech), ears.finish()])
    return features, np.concatenate([activity.push(speech), activity.finish()])[: len(features)]


def later(motion: Motion, frames: int) -> Motion:
    """The same motion so many frames later, held at its ends."""
    at = np.clip(np.arange(len(motion)) - frames, 0, len(motion) - 1)
    return motion.sample(at / 25)


def mouth(motion: Motion, change: Floats) -> Motion:
    """Lips and jaw (T, ...) exchanged."""
    expression = motion.expression.copy()
    expression[:, list(MOUTH)] = change
    return replace(motion, expression=expression)


def test_motion_made_for_a_speech_agrees_with_it(scorer: SyncScorer, talk: Talk) -> None:
    score = scorer.score(talk.motion, talk.features, talk.voice)
    assert score.agreement > 0.5
    assert score.confidence > 0.9
    assert abs(score.lag_ms) <= 80
    assert score.peak >= score.agreement
    assert score.curve.shape == score.lags_ms.shape == (2 * MOST_LAG + 1,)
    assert score.lags_ms[0] == -400
    assert 0 < score.windows <= len(talk.motion)


@pytest.mark.parametrize("frames", [-5, -2, 2, 5])
def test_it_tells_how_much_later_the_lips_come(scorer: SyncScorer, talk: Talk, frames: int) -> None:
    there = scorer.score(talk.motion, talk.features, talk.voice)
    shifted = scorer.score(later(talk.motion, frames), talk.features, talk.voice)
    assert shifted.lag_ms - there.lag_ms == pytest.approx(40 * frames, abs=15)
    assert shifted.peak == pytest.approx(there.peak, abs=0.2)
    if abs(frames) == 5:
        assert shifted.agreement < there.agreement / 2


def test_foreign_speech_does_not_agree(scorer: SyncScorer, talk: Talk) -> None:
    other = np.roll(talk.features, len(talk.features) // 2, 0)  # another part of the speech
    score = scorer.score(talk.motion, other, np.roll(talk.voice, len(talk.voice) // 2))
    own = scorer.score(talk.motion, talk.features, talk.voice)
    assert score.agreement < 0.3 < own.agreement
    assert score.confidence < 0.5


def test_how_wide_the_mouth_opens_does_not_count(scorer: SyncScorer, talk: Talk) -> None:
    own = scorer.score(talk.motion, talk.features, talk.voice).agreement
    lips = talk.motion.expression[:, list(MOUTH)]
    for factor in (0.6, 1.6):
        wider = scorer.score(mouth(talk.motion, factor * lips), talk.features, talk.voice)
        assert wider.agreement == pytest.approx(own, abs=0.1)


@pytest.mark.parametrize("cheat", ["frozen", "trembling", "chewing", "backwards"])
def test_pretending_does_not_help(scorer: SyncScorer, talk: Talk, cheat: str) -> None:
    lips = talk.motion.expression[:, list(MOUTH)]
    noise = np.random.default_rng(0).normal(0, lips.std(0), lips.shape)
    jaw = [EXPRESSIONS[i] == "jawOpen" for i in MOUTH]
    chewing = np.outer(0.2 + 0.2 * np.sin(np.arange(len(lips))), jaw)
    made = {
        "frozen": lips[:1],
        "trembling": lips.mean(0) + noise,
        "chewing": chewing,
        "backwards": lips[::-1],
    }
    score = scorer.score(mouth(talk.motion, made[cheat].astype(np.float32)), talk.features, talk.voice)
    own = scorer.score(talk.motion, talk.features, talk.voice)
    assert score.agreement < min(0.3, own.agreement / 2)
    assert score.confidence < 0.5


def test_level_of_the_sound_does_not_count(scorer: SyncScorer, talk: Talk, speech: Floats) -> None:
    features, voice = heard(0.1 * speech)
    own = scorer.score(talk.motion, talk.features, talk.voice).agreement
    assert scorer.score(talk.motion, features, voice).agreement == pytest.approx(own, abs=0.2)


def test_silence_cannot_be_judged(scorer: SyncScorer, talk: Talk) -> None:
    with pytest.raises(SoundError, match="speech"):
        scorer.score(talk.motion, talk.features, np.zeros_like(talk.voice))


def test_shapes_must_fit(scorer: SyncScorer, talk: Talk) -> None:
    with pytest.raises(UsageError, match="features have shape"):
        scorer.score(talk.motion, talk.features[:, :-1], talk.voice)
    with pytest.raises(UsageError, match="voice has shape"):
        scorer.score(talk.motion, talk.features, talk.voice[:-1])
    with pytest.raises(UsageError, match="whole speech"):
        scorer.score(talk.motion, talk.features[:200], talk.voice[:200])
