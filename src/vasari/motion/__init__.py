"""Motion and what makes it from speech: regression of the lips, life around them, controls."""

from vasari.motion.controls import Controls, ControlValues
from vasari.motion.emotions import EMOTIONS
from vasari.motion.generator import MotionGenerator
from vasari.motion.motion import MOTION_RATE, Motion, MotionFrame

__all__ = [
    "EMOTIONS",
    "MOTION_RATE",
    "ControlValues",
    "Controls",
    "Motion",
    "MotionFrame",
    "MotionGenerator",
]
