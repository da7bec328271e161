"""What the face does besides speaking: brows and smiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSION_INDEX
from vasari.measure.clip import Clip
from vasari.measure.reading import Reading, Readings

#: What counts for raised brows and for a smile.
BROWS = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
SMILE = ("mouthSmileLeft", "mouthSmileRight")
#: Faces are seldom still for longer than this, seconds.
LEAST_S = 5.0


def measure_face(clip: Clip) -> Readings:
    """Standard deviation of brow raise and smile (expression weights)."""
    short = "" if clip.seconds >= LEAST_S else f"{clip.seconds:.1f} s are too short; {LEAST_S:g} s tell it"
    return {
        "brows.std": Reading(float(weight(clip, BROWS).std()), short),
        "smile.std": Reading(float(weight(clip, SMILE).std()), short),
    }


def weight(clip: Clip, names: tuple[str, ...]) -> NDArray[np.float32]:
    """Mean (T,) of some expressions."""
    columns = [EXPRESSION_INDEX[name] for name in names]
    mean: NDArray[np.float32] = clip.track.motion.expression[:, columns].mean(1)
    return mean
