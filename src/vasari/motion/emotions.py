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
        "mouthSmile": 0.62,
        "cheekSquint": 0.60,
        "eyeSquint": 0.30,
        "mouthDimple": 0.15,
        "browOuterUp": 0.10,
        "mouthUpperUp": 0.06,
    },
    "sadness": {
        "browInnerUp": 0.85,
        "browDown": 0.20,
        "mouthFrown": 0.62,
        "mouthShrugLower": 0.28,
        "mouthPress": 0.10,
        "eyeBlink": 0.16,
        "cheekSquint": 0.08,
    },
    "anger": {
        "browDown": 0.95,
        "eyeSquint": 0.42,
        "eyeWide": 0.25,
        "noseSneer": 0.38,
        "mouthPress": 0.32,
        "mouthFrown": 0.30,
        "jawForward": 0.20,
    },
    "surprise": {
        "browInnerUp": 0.80,
        "browOuterUp": 0.88,
        "eyeWide": 0.75,
        "jawOpen": 0.10,
        "mouthFunnel": 0.06,
    },
    "fear": {
        "browInnerUp": 0.90,
        "browOuterUp": 0.30,
        "browDown": 0.30,
        "eyeWide": 0.78,
        "mouthStretch": 0.48,
        "mouthFrown": 0.20,
        "jawOpen": 0.04,
    },
    "disgust": {
        "noseSneer": 0.85,
        "browDown": 0.50,
        "eyeSquint": 0.38,
        "cheekSquint": 0.40,
        "mouthUpperUp": 0.30,
        "mouthFrown": 0.36,
        "mouthShrugLower": 0.18,
    },
    "contempt": {
        "mouthSmileLeft": 0.52,
        "mouthDimpleLeft": 0.50,
        "mouthPressLeft": 0.16,
        "cheekSquintLeft": 0.20,
        "eyeSquint": 0.20,
        "eyeBlink": 0.08,
        "browOuterUpLeft": 0.25,
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
