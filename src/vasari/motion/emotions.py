"""Emotions as offsets on the 52 expressions, after the prototypes of FACS.

Ekman, Friesen and Hager, "Facial Action Coding System" (2002), emotion prediction table, toned down to
what people show while they talk.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.motion.motion import Floats

# Weight of each expression at full emotion; a name without a side means both.
_OFFSETS: dict[str, dict[str, float]] = {
    "neutral": {},
    "happiness": {
        "mouthSmile": 0.52,
        "cheekSquint": 0.45,
        "eyeSquint": 0.22,
        "mouthDimple": 0.12,
        "browOuterUp": 0.08,
        "mouthUpperUp": 0.06,
    },
    "sadness": {
        "browInnerUp": 0.60,
        "browDown": 0.12,
        "mouthFrown": 0.42,
        "mouthShrugLower": 0.18,
        "mouthPress": 0.08,
        "eyeBlink": 0.12,
        "cheekSquint": 0.06,
    },
    "anger": {
        "browDown": 0.78,
        "eyeSquint": 0.32,
        "eyeWide": 0.18,
        "noseSneer": 0.28,
        "mouthPress": 0.22,
        "mouthFrown": 0.18,
        "mouthUpperUp": 0.06,
        "jawForward": 0.15,
    },
    "surprise": {
        "browInnerUp": 0.62,
        "browOuterUp": 0.72,
        "eyeWide": 0.62,
        "jawOpen": 0.10,
        "mouthFunnel": 0.06,
    },
    "fear": {
        "browInnerUp": 0.72,
        "browOuterUp": 0.28,
        "browDown": 0.22,
        "eyeWide": 0.62,
        "mouthStretch": 0.36,
        "mouthFrown": 0.12,
        "jawOpen": 0.04,
    },
    "disgust": {
        "noseSneer": 0.68,
        "browDown": 0.38,
        "eyeSquint": 0.28,
        "cheekSquint": 0.30,
        "mouthUpperUp": 0.30,
        "mouthFrown": 0.24,
        "mouthShrugLower": 0.12,
    },
    "contempt": {
        "mouthSmileLeft": 0.40,
        "mouthDimpleLeft": 0.38,
        "mouthPressLeft": 0.12,
        "cheekSquintLeft": 0.14,
        "eyeSquint": 0.14,
        "eyeBlink": 0.06,
        "browOuterUpLeft": 0.16,
    },
}

#: Names of the emotions.
EMOTIONS: tuple[str, ...] = tuple(_OFFSETS)


def emotion_offset(weights: Mapping[str, float]) -> Floats:
    """Expression offset (52,) of named emotion weights; those of several emotions add up."""
    offset = np.zeros(len(EXPRESSIONS), np.float32)
    for emotion, weight in weights.items():
        for name, value in _OFFSETS[emotion].items():
            sides = [name] if name in EXPRESSION_INDEX else [f"{name}Left", f"{name}Right"]
            offset[[EXPRESSION_INDEX[side] for side in sides]] += weight * value
    return offset
