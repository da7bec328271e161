"""Do the lips follow the speech, and when: by a learned judge, and by none but the clip itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.errors import SoundError
from vasari.measure.clip import Clip
from vasari.measure.hearing import ROWS
from vasari.measure.reading import Reading, Readings, unread
from vasari.measure.scorer import SyncScore, SyncScorer
from vasari.motion.motion import MOTION_RATE

Reals = NDArray[np.float64]

#: Less than this tells nothing, and only from this on chance is little: seconds of lips and speech.
LEAST_JUDGED_S, LONG_S = 1.5, 3.0
#: Lips and speech belong together if the judge holds that more probable than this, in clips up to ``LONG_S``
#: and in longer ones; short sentences of one rhythm agree by chance.
BELONG, BELONG_LONG = 0.99, 0.85
#: They do not belong together below this.
FOREIGN = 0.05
#: A lag is believed from this probability on, as only lips that follow speech have one.
LIKELY = 0.85
#: Lips whose gap varies less than this in speech do not move, distances between the eyes (std).
FROZEN = 0.004
#: A clip must hold so much speech before it can teach its own lips, seconds.
LEAST_LESSON_S = 20.0
#: Principal components of the features, and the rows (20 ms each) around a moment from which it is predicted.
COMPONENTS, TAPS = 64, (-4, 0, 4)
#: Weight of the ridge, in samples.
RIDGE = 1000.0
#: The clip is taught all but one part, and asked for that; this much around it is left out, seconds.
PARTS, MARGIN_S = 10, 0.4


def judged(clip: Clip, scorer: SyncScorer) -> SyncScore | None:
    """What the learned judge says; ``None`` where the lips do not move or too little is said."""
    if not clip.speaking.any() or clip.track.lip_gap[clip.speaking].std() < FROZEN:
        return None
    try:
        return scorer.score(clip.track.motion, clip.hearing.features, clip.hearing.voice)
    except SoundError:
        return None


def measure_sync(clip: Clip, score: SyncScore | None) -> Readings:
    """What the learned judge says, and how well the clip's own speech predicts its lips.

    Args:
        clip: what was observed.
        score: as :func:`judged` gives it.
    """
    own = {"sync.predictability": predictability(clip)}
    if score is None:
        why = "the lips do not move, or too little is said"
        return {
            "sync.belonging": Reading(0.0, note=why),
            "sync.agreement": unread(why),
            "sync.lag": unread(why),
        } | own
    length = score.windows / MOTION_RATE
    short, untold = length < LEAST_JUDGED_S, f"{length:.1f} s of lips and speech do not tell"
    belong = BELONG if length < LONG_S else BELONG_LONG
    doubt = untold if short or FOREIGN < score.confidence < belong else ""
    foreign = "they do not belong together" if score.confidence <= FOREIGN else ""
    unclear = untold if short or score.confidence < LIKELY else ""
    return {
        "sync.belonging": Reading(score.confidence, doubt),
        "sync.agreement": Reading(score.agreement, doubt or foreign),
        "sync.lag": Reading(score.lag_ms, unclear or foreign),
    } | own


def predictability(clip: Clip) -> Reading:
    """Correlation of gap and width of the lips with their prediction from the sound, learned from the clip.

    Ridge regression (Hoerl and Kennard, Technometrics 12, 1970) from principal components of the speech
    features, cross-validated over parts of the clip, so that nothing learned elsewhere counts.
    """
    spoken = clip.speaking.sum() / MOTION_RATE
    if spoken < LEAST_LESSON_S:
        return unread(f"{spoken:.1f} s of speech; {LEAST_LESSON_S:g} s are needed to learn from")
    near = np.convolve(clip.speaking, np.ones(2 * MOTION_RATE // 2 + 1), "same") > 0
    shape = np.stack([clip.track.lip_gap, clip.track.mouth_width], 1).astype(np.float64)[near]
    if shape[:, 0].std() < 1e-3:
        return Reading(0.0, note="the mouth does not move")
    predicted = _cross_validated(_inputs(clip)[near], shape)
    r = [np.corrcoef(a, b)[0, 1] for a, b in zip(predicted.T, shape.T, strict=True) if b.std() > 1e-6]
    return Reading(float(np.mean(np.nan_to_num(r))))


def _inputs(clip: Clip) -> Reals:
    """(T, COMPONENTS x taps) what is heard around each sample of motion."""
    features = clip.hearing.features.astype(np.float64)
    spread = (features - features.mean(0)) / (features.std(0) + 1e-3)
    axes = np.linalg.eigh(spread.T @ spread)[1][:, -COMPONENTS:]
    heard = spread @ axes
    rows = np.arange(len(clip))[:, None] * ROWS + np.array(TAPS)
    inputs: Reals = heard[np.clip(rows, 0, len(heard) - 1)].reshape(len(clip), -1)
    return inputs


def _cross_validated(inputs: Reals, wanted: Reals) -> Reals:
    predicted = np.zeros_like(wanted)
    margin = round(MARGIN_S * MOTION_RATE)
    for part in np.array_split(np.arange(len(wanted)), PARTS):
        others = np.ones(len(wanted), bool)
        others[max(part[0] - margin, 0) : part[-1] + 1 + margin] = False
        middle, spread = inputs[others].mean(0), inputs[others].std(0) + 1e-6
        known = (inputs[others] - middle) / spread
        mean = wanted[others].mean(0)
        weights = np.linalg.solve(
            known.T @ known + RIDGE * np.eye(known.shape[1]), known.T @ (wanted[others] - mean)
        )
        predicted[part] = (inputs[part] - middle) / spread @ weights + mean
    return predicted
