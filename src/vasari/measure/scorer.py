"""Do these lips say this speech, and when? A learned judge of motion and sound, in the spirit of SyncNet.

Two small nets put speech and lip motion into one space, where they are near when one belongs to the other
(Chung and Zisserman, "Out of time: automated lip sync in the wild", 2016). They see lip shapes about their
own rest, in units of their own liveliness: how a face is at rest and how wide it opens its mouth do not
count, what it does when does. Trained and calibrated on real clips by train/train_sync.py; how well it
separates is in assets/sync.card.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vasari.errors import SoundError, UsageError
from vasari.motion.motion import MOTION_RATE, Motion
from vasari.network import load_network
from vasari.voice.features import FEATURE_DIM
from vasari.voice.spectrum import FEATURE_RATE

Floats = NDArray[np.float32]
Reals = NDArray[np.float64]

ASSET = "sync.onnx"
#: Lags looked at on either side, and how far from a true one they tell nothing; motion frames (40 ms).
MOST_LAG, FAR_LAG = 10, 4
#: Least speech that is judged, seconds.
LEAST_SPEECH_S = 0.6
#: Probability of speech above which there is a voice; lips are judged this many rows before and after too.
VOICED, NEAR = 0.35, 15

_ROWS = FEATURE_RATE // MOTION_RATE


@dataclass(frozen=True, eq=False)
class SyncScore:
    """How speech and the motion of lips agree.

    Attributes:
        agreement: as they are: 0 as of somebody else's speech, 1 as of the middle one of real talkers whom
            the judge never saw. Not bounded: clear speech well filmed reaches more than 1.
        peak: the same at the lag where it is highest.
        lag_ms: that lag; > 0: the lips come after the sound. Looked for within 400 ms either way; means
            nothing where ``confidence`` is low.
        confidence: 0 to 1, the probability that this motion belongs to this speech at any lag, if half of
            all do; the longer a clip, the surer.
        windows: moments judged (25 a second), each from 0.7 s of motion and 0.8 s of speech around it.
        lags_ms: (L,) lags looked at, ascending.
        curve: (L,) agreement at each.
    """

    agreement: float
    peak: float
    lag_ms: float
    confidence: float
    windows: int
    lags_ms: Floats
    curve: Floats


@dataclass(frozen=True, eq=False)
class Embedded:
    """Speech and motion in the common space.

    Attributes:
        heard: (T, E) unit vectors of speech.
        weight: (T,) how much each moment of it counts, 0 to 1.
        seen: (T, E) unit vectors of motion.
        windows: moments near a voice.
    """

    heard: Floats
    weight: Floats
    seen: Floats
    windows: int


class SyncScorer:
    """The trained judge.

    Args:
        network: a judge as ``load_network`` gives it; without it, the one that comes with the package.
    """

    def __init__(self, network: Any = None) -> None:
        self._network = network or load_network(ASSET)
        self._scale: dict[str, Any] = json.loads(self._network.get_modelmeta().custom_metadata_map["vasari"])

    def score(self, motion: Motion, features: Floats, voice: Floats) -> SyncScore:
        """Judge one motion with one speech, both from the same moment on.

        Args:
            motion: T samples, 25 a second; only the expression of the mouth counts.
            features: (N, FEATURE_DIM) of :class:`~vasari.voice.SpeechFeatures`, 50 a second.
            voice: (N,) probability of speech of :class:`~vasari.voice.VoiceActivity`.

        Raises:
            UsageError: shapes that do not fit.
            SoundError: less than ``LEAST_SPEECH_S`` of speech comes with the motion.
        """
        return self.judged(self.embedded(motion, features, voice))

    def embedded(self, motion: Motion, features: Floats, voice: Floats) -> Embedded:
        """Both as the nets see them, T moments of 25 a second; arguments and errors as of :meth:`score`."""
        length = _common_length(motion, features, voice)
        near = near_voice(voice, length)
        if near.sum() < LEAST_SPEECH_S * MOTION_RATE:
            raise SoundError(
                f"only {near.sum() / MOTION_RATE:.1f} s of speech comes with the motion; "
                f"to judge whether they agree, {LEAST_SPEECH_S} s are needed"
            )
        rows = np.ascontiguousarray(features[None, : _ROWS * length], np.float32)
        given = {"features": rows, "expression": motion.expression[None, :length]}
        heard, weight, seen = self._network.run(None, given)
        return Embedded(heard[0], weight[0] * near, seen[0], int(near.sum()))

    def judged(self, embedded: Embedded) -> SyncScore:
        """The score of what the nets see."""
        curve = cosines(embedded)
        agreement = (curve - far(curve)) / self._scale["unit"]
        lag, peak = vertex(agreement)
        logit = float(np.dot(self._scale["confidence"], evidence(curve, peak, embedded.windows)))
        return SyncScore(
            agreement=float(agreement[MOST_LAG]),
            peak=peak,
            lag_ms=1000 / MOTION_RATE * lag,
            confidence=1 / (1 + float(np.exp(-np.clip(logit, -30, 30)))),
            windows=embedded.windows,
            lags_ms=(np.arange(-MOST_LAG, MOST_LAG + 1) * 1000 / MOTION_RATE).astype(np.float32),
            curve=agreement.astype(np.float32),
        )


def near_voice(voice: Floats, length: int) -> Floats:
    """(length,) 1 for each motion frame in which there is a voice (N,), or is soon or just was; else 0."""
    loud = np.convolve(voice > VOICED, np.ones(2 * NEAR + 1), "full")[NEAR:] > 0.5
    return np.pad(loud, (0, _ROWS * length))[: _ROWS * length : _ROWS].astype(np.float32)


def cosines(embedded: Embedded) -> Reals:
    """Weighted mean cosine (2 MOST_LAG + 1,) of speech with motion, for each lag of the motion."""
    curve, length = [], len(embedded.heard)
    for lag in range(-MOST_LAG, MOST_LAG + 1):
        common = max(length - abs(lag), 0)
        early, late = max(-lag, 0), max(lag, 0)
        weight = embedded.weight[early : early + common].astype(np.float64)
        each = (embedded.heard[early : early + common] * embedded.seen[late : late + common]).sum(1)
        curve.append(float((weight * each).sum() / (weight.sum() + 1e-3)))
    return np.array(curve)


def evidence(curve: Reals, peak: float, windows: int) -> Reals:
    """(4,) what ``confidence`` is a logistic function of: cosines (L,), their peak in agreement, length."""
    return np.array([1.0, peak, peak * np.sqrt(windows / MOTION_RATE), curve.max()])


def far(curve: Reals) -> float:
    """Mean of a curve where speech and motion do not belong together: far from 0 and from the peak."""
    lags = np.arange(len(curve)) - MOST_LAG
    away = np.minimum(np.abs(lags), np.abs(lags - lags[np.argmax(curve)]))
    return float(curve[away >= FAR_LAG].mean())


def vertex(curve: Reals) -> tuple[float, float]:
    """Lag in motion frames and height of the highest point, by a parabola through it and its neighbours."""
    top = int(np.argmax(curve))
    if not 0 < top < len(curve) - 1:
        return float(top - MOST_LAG), float(curve[top])
    low, peak, high = curve[top - 1 : top + 2]
    bend = low - 2 * peak + high
    shift = 0.5 * (low - high) / bend if bend < 0 else 0.0
    return float(top - MOST_LAG + shift), float(peak - 0.25 * (low - high) * shift)


def _common_length(motion: Motion, features: Floats, voice: Floats) -> int:
    """Motion frames that both sides cover."""
    if features.ndim != 2 or features.shape[1] != FEATURE_DIM:
        raise UsageError(f"features have shape {features.shape}; (N, {FEATURE_DIM}) is needed")
    if voice.shape != features.shape[:1]:
        raise UsageError(
            f"voice has shape {voice.shape}; {features.shape[:1]} is needed, a value a feature row"
        )
    length = min(len(motion), len(features) // _ROWS)
    if length < len(motion) - MOTION_RATE // 2:
        raise UsageError(
            f"features last {len(features) / FEATURE_RATE:.1f} s and the motion {motion.duration:.1f} s; "
            "give the features of the whole speech"
        )
    return length
