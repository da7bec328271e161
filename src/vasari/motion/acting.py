"""Acting: what brows, cheeks, corners of the mouth and the quick part of the head do while someone speaks.

A flow-matching transformer (Lipman et al., "Flow matching for generative modeling", ICLR 2023; after Xu et
al., "VASA-1", 2024) makes two frames at a time from the speech, its own last half second, the mouth as it
speaks, and what is decided beforehand: the slow path of the head, gaze and lids. There is no seam between the
pieces: each goes on from the last. Trained by train/train_acting.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.motion.cues import Cue
from vasari.motion.motion import Floats
from vasari.network import load_trained
from vasari.stages import stage

FORMAT_VERSION = 1

Reals = NDArray[np.float64]

#: Weights of a smile, and of raised (less lowered) brows, that the net was told as 1.
_AFFECT = (0.15, 0.10)
_CALM = 0.3  # amplitude in silence over that in speech, of which the net has seen little else
_SETTLE = 0.06  # how fast it becomes the other, a frame
# Stressed syllables and beginnings of utterances swell what the head does by this much at strength 1, over
# the usual strength; it rises by a share of what lacks, a frame, and is kept for a while. The net has learned
# little of that: the heads of tracked talkers are 1.2 and 1.3 times as fast there.
_SWELL, _USUAL, _RISE, _KEPT = 0.6, 0.6, 0.4, 0.86
_MANNER = 0.35  # spread of the logarithms of how lively a performance is, from seed to seed
_SMILE = [EXPRESSION_INDEX["mouthSmileLeft"], EXPRESSION_INDEX["mouthSmileRight"]]
_UP = [EXPRESSION_INDEX[n] for n in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")]
_DOWN = [EXPRESSION_INDEX["browDownLeft"], EXPRESSION_INDEX["browDownRight"]]


class ActingNet:
    """The trained net.

    Args:
        path: an acting file; without it, the one that comes with the package.

    Attributes:
        past, new, ahead: frames it remembers, makes, and hears of after those.
        face: (n,) indices of the expressions that it makes; rest: (n,) their weights at rest.
        mouth: (m, 52) share of each expression in each of its mouth columns.
        state: columns of a frame: the face, three of the head's rotation in degrees, the mouth.

    Raises:
        FormatError: not an acting file of a version this program knows.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._session, header = load_trained("acting", FORMAT_VERSION, path)
        self.past, self.new, self.ahead = (int(header[name]) for name in ("past", "new", "ahead"))
        self.face = np.array([EXPRESSION_INDEX[name] for name in header["face"]])
        self.rest = np.array(header["rest"], np.float32)
        self.mouth = _shares(header["mouth"])
        self.state = len(self.face) + 3 + len(self.mouth)

    def __call__(
        self, features: Floats, past: Floats, known: Floats, exists: Floats, style: Floats, noise: Floats
    ) -> Floats:
        """The next frames (new, state).

        Args:
            features: (2 (past + new + ahead), D) at 50 Hz, nan where not heard yet.
            past: (past, state) the frames before. exists: (past + new,) 1 where there was one.
            known: (past + new, 6) slow path of the head's rotation from where it is at the first new frame,
                and gaze, degrees; closure of the lids.
            style: (6,) logarithms of how much head, brows, corners of the mouth and lips move over the
                median talker's; smile; raise of the brows.
            noise: (new, state) normal.
        """
        given = {
            "features": features,
            "past": past,
            "known": known,
            "exists": exists,
            "style": style,
            "noise": noise,
        }
        made: Floats = self._session.run(None, {k: v[None] for k, v in given.items()})[0][0]
        return made


def _shares(channels: list[str]) -> Floats:
    """(m, 52) mean over both sides of the expressions that each channel stands for."""
    table = np.zeros((len(channels), len(EXPRESSIONS)), np.float32)
    for row, channel in zip(table, channels, strict=True):
        row[[i for i, n in enumerate(EXPRESSIONS) if n in (channel, f"{channel}Left", f"{channel}Right")]] = 1
    shares: Floats = table / table.sum(1, keepdims=True)
    return shares


@dataclass(frozen=True)
class Act:
    """One motion frame of acting.

    Attributes:
        expression: (52,) weights.
        rotation: (3,) quick part of the head's rotation, degrees.
    """

    expression: Reals
    rotation: Reals


class Acting:
    """Acting of one performance, one motion frame after the other.

    Args:
        net: the net.
        random: chooses the performance and its manner.
    """

    def __init__(self, net: ActingNet, random: np.random.Generator) -> None:
        self._net, self._random = net, random
        self._past = np.zeros((net.past, net.state), np.float32)
        self._known = np.zeros((net.past + 1, 6), np.float32)  # up to the present frame
        self._age = 0  # frames shown so far
        self._manner = _MANNER * random.standard_normal(4)
        self._talking = self._emphasis = self._swell = 0.0
        self._made: list[Floats] = []

    @stage("acting")
    def step(
        self,
        features: Floats,
        cue: Cue,
        path: Reals,
        gaze: Reals,
        lids: float,
        mouth: Floats,
        emotion: Reals,
    ) -> Act:
        """The next frame.

        Args:
            features: (n, D) at 50 Hz; the first belongs to the moment ``past`` frames before this one, the
                last is as far ahead of it as is heard.
            cue: the speech.
            path: (3,) slow path of the head's rotation, degrees. gaze: (2,) about its main direction.
            lids: closure 0..1.
            mouth: (52,) what articulation shows.
            emotion: (52,) offset asked for.
        """
        net = self._net
        self._known = np.concatenate([self._known[1:], [[*path, *gaze, lids]]]).astype(np.float32)
        self._talking += (cue.talking - self._talking) * _SETTLE
        self._emphasis = max(_KEPT * self._emphasis, cue.stress, 1.5 * cue.start)
        self._swell += (self._emphasis - self._swell) * _RISE
        if not self._made:
            self._made = list(self._next(features, emotion))
        frame = self._made.pop(0)
        face, head = frame[: len(net.face)], frame[len(net.face) : len(net.face) + 3]
        seen = np.concatenate([face, head, net.mouth @ mouth])  # the mouth that is shown, not the one made
        self._past = np.concatenate([self._past[1:], seen[None]])
        self._age += 1
        expression = np.zeros(len(EXPRESSIONS))
        amplitude = _CALM + (1 - _CALM) * self._talking
        expression[net.face] = amplitude * face + net.rest
        quick = amplitude * (1 + _SWELL * (self._swell - _USUAL)) * head
        return Act(expression, quick.astype(np.float64))

    def _next(self, features: Floats, emotion: Reals) -> Floats:
        """The frames (new, state) from the present one on."""
        net = self._net
        total = 2 * (net.past + net.new + net.ahead)
        heard = np.full((total, features.shape[1]), np.nan, np.float32)
        rows = features[-total:]
        heard[: len(rows)] = rows
        now, before = self._known[-1], self._known[-2] if self._age else self._known[-1]
        later = np.repeat(now[None], net.new - 1, 0)
        later[:, :3] += np.arange(1, net.new)[:, None] * (now - before)[:3]
        known = np.concatenate([self._known, later])
        known[:, :3] -= now[:3]
        exists = (np.arange(net.past + net.new) >= net.past - self._age).astype(np.float32)
        affect = [emotion[_SMILE].mean(), emotion[_UP].mean() - emotion[_DOWN].mean()]
        style = np.concatenate([self._manner, np.divide(affect, _AFFECT)]).clip(-2, 2)
        noise = self._random.standard_normal((net.new, net.state), np.float32)
        return net(heard, self._past, known, exists, style.astype(np.float32), noise)
