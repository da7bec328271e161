"""Lids follow gaze, a blink overrides what else the eye does, and a made lid takes over from the photo's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX
from vasari.motion.motion import MotionFrame
from vasari.portrait.portrait import Portrait
from vasari.render.shade import LID
from vasari.stages import stage

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]

#: Turn of the eyeball at which an ``eyeLook*`` expression reaches 1, degrees (yaw, pitch).
FULL_LOOK = (35.0, 28.0)
#: While an eye shuts from the first to the second, the made lid takes over. The photo's upper lid is a few
#: pixels high, too few to be stretched; the lower one waits for the lashes that come down on it.
UPPER_LID, LOWER_LID = (0.0, 0.45), (0.55, 1.0)
#: A look all the way down draws the lids over the eyes like this much of a blink.
LOOK_COVERS = 0.5


@stage("lids")
def with_lids(frame: MotionFrame, looks: Floats) -> Floats:
    """Weights (52,) with the eight ``eyeLook*`` derived and what a blink hides faded out.

    Args:
        frame: its expression is not changed.
        looks: (2, 2) yaw and pitch of the left and right eyeball in its socket, degrees from the photo's.
    """
    weights = np.clip(frame.expression, 0, 1).astype(np.float32)
    for side, (yaw, pitch) in zip(("Left", "Right"), looks.tolist(), strict=True):
        outward = yaw if side == "Left" else -yaw
        blink = float(weights[EXPRESSION_INDEX[f"eyeBlink{side}"]])
        turned = {
            "Out": outward / FULL_LOOK[0],
            "In": -outward / FULL_LOOK[0],
            "Up": pitch / FULL_LOOK[1],
            "Down": -pitch / FULL_LOOK[1],
        }
        for name, weight in turned.items():
            weights[EXPRESSION_INDEX[f"eyeLook{name}{side}"]] = min(max(weight, 0), 1) * (1 - blink)
        for name in (f"eyeWide{side}", f"eyeSquint{side}"):
            weights[EXPRESSION_INDEX[name]] *= 1 - blink
    return weights


def lid_cover(weights: Floats) -> Floats:
    """How far the upper lids (2,) are drawn over the left and right eye, 0..1, by blinks or gaze (52,)."""
    return np.array(
        [
            max(
                weights[EXPRESSION_INDEX[f"eyeBlink{side}"]],
                LOOK_COVERS * weights[EXPRESSION_INDEX[f"eyeLookDown{side}"]],
            )
            for side in ("Left", "Right")
        ],
        np.float32,
    )


@dataclass(frozen=True)
class MadeLids:
    """Vertices of one eye's lids, and their share (n,) of the picture of the shut eye once it is shut."""

    upper: Ints
    lower: Ints
    upper_share: Floats
    lower_share: Floats

    @classmethod
    def of(cls, portrait: Portrait, side: str) -> MadeLids:
        """The lids of the ``"Left"`` or ``"Right"`` eye: a blink moves the upper down and the lower up.

        What it leaves in its place belongs to the nearer one.
        """
        share = portrait.attributes[:, LID]
        from_eyes = (portrait.neutral[: len(share), None] - portrait.eye_centers) @ portrait.rotation
        eye = ("Left", "Right").index(side)
        up = np.zeros(len(portrait.neutral), np.float32)
        blink = slice(*portrait.start[EXPRESSION_INDEX[f"eyeBlink{side}"] :][:2])
        up[portrait.vertex[blink]] = (portrait.delta[blink] @ portrait.rotation)[:, 1]
        up = np.where(up[: len(share)] == 0, -from_eyes[:, eye, 1], up[: len(share)])
        own = (share > 0) & (np.linalg.norm(from_eyes, axis=-1).argmin(1) == eye)
        upper, lower = np.flatnonzero(own & (up <= 0)), np.flatnonzero(own & (up > 0))
        return cls(upper, lower, share[upper], share[lower])

    def take_over(self, cover: float, attributes: Floats) -> None:
        """Set the share in ``attributes`` (V, N_ATTRIBUTES) for an eye covered by this much, 0..1."""
        attributes[self.upper, LID] = self.upper_share * _ease(cover, *UPPER_LID)
        attributes[self.lower, LID] = self.lower_share * _ease(cover, *LOWER_LID)


def _ease(x: float, start: float, end: float) -> float:
    t = min(max((x - start) / (end - start), 0.0), 1.0)
    return t * t * (3 - 2 * t)
