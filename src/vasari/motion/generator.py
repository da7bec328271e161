"""The motion generator: speech and controls in, motion out, as a stream.

Lips, jaw and cheeks come from a trained net (:mod:`~vasari.motion.articulation`); the slow path of the head,
gaze and lids from processes with the statistics of people who talk, led by cues in the speech
(:mod:`~vasari.motion.life`); around these a second net acts: brows, cheeks, corners of the mouth, the quick
part of the head (:mod:`~vasari.motion.acting`). Gaze, distance, pose and emotion of the controls are added as
asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vasari import defaults
from vasari.errors import UsageError
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.motion.acting import Act, Acting, ActingNet
from vasari.motion.articulation import Articulation
from vasari.motion.controls import Controls
from vasari.motion.cues import CueFinder
from vasari.motion.direction import Directed, Direction
from vasari.motion.effort import Effort
from vasari.motion.head_motion import kept_turned, neck_shift
from vasari.motion.life import ACTING, Life, Moment
from vasari.motion.motion import MOTION_RATE, Floats, MotionFrame
from vasari.motion.mouth import Mouth
from vasari.voice.features import FEATURE_DIM, LOOKAHEAD_S
from vasari.voice.spectrum import FEATURE_RATE

_STEP = FEATURE_RATE // MOTION_RATE  # feature frames a motion frame
_HEAD_EFFORT = 0.5  # how much of the mouth's effort the head shows
_CUE_AHEAD = 2  # feature frames that head and brows know in advance at the most

# Expressions that part the lips: an emotion's share of them yields where speech closes the lips.
_PARTING = [i for i, n in enumerate(EXPRESSIONS) if n.startswith(("jawOpen", "mouthUpper", "mouthLower"))]
_BLINK = [EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]
_WIDE = [EXPRESSION_INDEX["eyeWideLeft"], EXPRESSION_INDEX["eyeWideRight"]]
_SQUINT = [EXPRESSION_INDEX["eyeSquintLeft"], EXPRESSION_INDEX["eyeSquintRight"]]
_BLINK_SQUINT = 0.12  # the lower lid's part in a blink
_SMILING = [i for i, n in enumerate(EXPRESSIONS) if n.startswith(("mouthSmile", "cheekSquint"))]
_FROWN = [EXPRESSION_INDEX["mouthFrownLeft"], EXPRESSION_INDEX["mouthFrownRight"]]
_NO_SMILE = 0.3  # an emotion that frowns so much leaves no room for a passing smile


class MotionGenerator:
    """Motion of a face that speaks what is pushed, 25 frames a second.

    Frame k belongs to the moment of feature frame 2 k since the start or the last :meth:`reset`; it comes
    out once the features of ``lookahead`` seconds of sound beyond it have come in. The same seed and speech
    make the same motion, however the speech is cut up. Memory does not grow.

    Args:
        controls: how to behave.
        rest_translation: (3,) where the photo's head is in camera space, cm; ``distance`` moves it along
            this line. rest_yaw: how far it is turned there, degrees; its own motion spares the side it hides.
        articulation: the net of the mouth; the package's own by default. acting: the one of the rest.
        lookahead: seconds of sound beyond a moment that its frame waits for, 0.12 to 0.26 in steps of 0.02,
            those that the features need included. More makes the lips surer and less late.

    Raises:
        UsageError: ``lookahead`` is out of its range.
    """

    def __init__(
        self,
        controls: Controls | None = None,
        *,
        rest_translation: Sequence[float] | Floats = (0.0, 0.0, -110.0),
        rest_yaw: float = 0.0,
        articulation: Articulation | None = None,
        acting: ActingNet | None = None,
        lookahead: float = defaults.LOOKAHEAD,
    ) -> None:
        controls = controls or Controls()
        self._net = articulation or Articulation()
        self._rest, self._rest_yaw = np.asarray(rest_translation, np.float64), rest_yaw
        self._ahead = _rows_ahead(lookahead, self._net)
        self._mouth, self._cues, self._effort = Mouth(self._net, self._ahead), CueFinder(), Effort()
        self._direction, self._life = Direction(controls), Life(controls.seed)
        self._acting_net = acting or ActingNet()
        self._acting = Acting(self._acting_net, np.random.default_rng([controls.seed, ACTING]))
        self._window = max(self._net.context, 2 * self._acting_net.past + 1 + self._ahead)
        self._main_gaze: NDArray[np.float64] | None = None
        self._features, self._voice = self._before()

    def push(self, features: Floats, voice: Floats) -> list[MotionFrame]:
        """Take in speech; the frames it completes come back, maybe none.

        Args:
            features: (n, FEATURE_DIM) of :class:`vasari.voice.features.SpeechFeatures`.
            voice: (n,) probabilities of speech for the same moments.

        Raises:
            UsageError: the shapes do not fit.
        """
        if features.ndim != 2 or features.shape[1] != FEATURE_DIM or len(voice) != len(features):
            raise UsageError(
                f"features {features.shape} and voice {voice.shape} do not fit; "
                f"give (n, {FEATURE_DIM}) and (n,)"
            )
        self._features = np.concatenate([self._features, features])
        self._voice = np.concatenate([self._voice, voice])
        frames = []
        while len(self._features) >= self._window:
            frames.append(self._step())
        return frames

    def finish(self) -> list[MotionFrame]:
        """The frames still owed to what was pushed; silence follows it."""
        silence = np.repeat(self._net.silence[None], self._ahead, 0)
        return self.push(silence, np.zeros(self._ahead, np.float32))

    def reset(self) -> None:
        """Barge-in: forget the speech. The mouth comes to rest within 0.12 s; head and eyes go on."""
        self._mouth.rest()
        self._cues.hush()
        self._life.hush()
        self._features, self._voice = self._before()

    def set(self, controls: Controls) -> None:
        """Other controls from the next frame on, taken up smoothly; the seed stays."""
        self._direction.set(controls)

    def _before(self) -> tuple[Floats, Floats]:
        """Features and voice before the first moment: silence."""
        past = self._window - 1 - self._ahead
        return np.repeat(self._net.silence[None], past, 0), np.zeros(past, np.float32)

    def _step(self) -> MotionFrame:
        features, voice = self._features[: self._window], self._voice[: self._window]
        self._features, self._voice = self._features[_STEP:], self._voice[_STEP:]
        near = self._window - max(self._ahead - _CUE_AHEAD, 0)
        cue = self._cues.hear(features[near - _STEP : near], voice[near - _STEP : near])
        asked = self._direction.step()
        moment = self._life.step(cue, asked.blink_rate, self._moved(asked.gaze))
        seen = -self._net.context
        now = self._window - self._ahead
        effort = self._effort.step(features[now - _STEP : now])
        mouth, closure = self._mouth.step(features[seen:], voice[seen:], effort * asked.mouth)
        first = self._window - (2 * self._acting_net.past + 1 + self._ahead)
        act = self._acting.step(
            features[first:], cue, moment.rotation, moment.gaze, moment.lids, mouth, asked.emotion
        )
        head = asked.head_motion * (1 + _HEAD_EFFORT * (effort - 1))
        rotation = head * (moment.rotation + act.rotation)
        rotation[0] = kept_turned(float(rotation[0]), self._rest_yaw)
        translation = head * (moment.translation + neck_shift(act.rotation))
        return MotionFrame(
            _expression(mouth, closure, moment, act, asked),
            (asked.pose + rotation).astype(np.float32),
            (translation + (asked.distance - 1) * self._rest).astype(np.float32),
            (asked.gaze + moment.gaze).astype(np.float32),
        )

    def _moved(self, gaze: NDArray[np.float64]) -> float:
        """Degrees by which the main direction of gaze moves with this frame."""
        moved = 0.0 if self._main_gaze is None else float(np.linalg.norm(gaze - self._main_gaze))
        self._main_gaze = gaze
        return moved


def _rows_ahead(lookahead: float, net: Articulation) -> int:
    """Feature frames after its moment that a motion frame waits for."""
    rows = (lookahead - LOOKAHEAD_S) * FEATURE_RATE
    if not net.least - 0.5 <= rows <= net.most + 0.5:
        shortest, longest = (LOOKAHEAD_S + n / FEATURE_RATE for n in (net.least, net.most))
        raise UsageError(f"lookahead is {lookahead:g} s; choose {shortest:g} to {longest:g}")
    return round(rows)


def _expression(mouth: Floats, closure: float, moment: Moment, act: Act, asked: Directed) -> Floats:
    """All that moves the face (52,), in 0..1."""
    emotion = asked.emotion.copy()
    emotion[_PARTING] *= 1 - closure
    life = moment.expression.copy()
    life[_SMILING] *= max(0.0, 1 - float(emotion[_FROWN].mean()) / _NO_SMILE)
    face = mouth + asked.expressiveness * (life + act.expression) + emotion
    face[_WIDE] *= 1 - moment.lids
    face[_SQUINT] += _BLINK_SQUINT * moment.lids
    face[_BLINK] = 1 - (1 - face[_BLINK].clip(0, 1)) * (1 - moment.lids)
    weights: Floats = face.clip(0, 1).astype(np.float32)
    return weights
