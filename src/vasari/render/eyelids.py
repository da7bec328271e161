"""Lids follow gaze, and a blink overrides what else the eye does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX
from vasari.motion.motion import MotionFrame
from vasari.stages import stage

Floats = NDArray[np.float32]

#: Turn of the eyeball at which an ``eyeLook*`` expression reaches 1, degrees (yaw, pitch).
FULL_LOOK = (35.0, 28.0)


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
