"""Motion and what makes it from speech: regression of the lips, life around them, controls."""

from vasari.motion.motion import MOTION_RATE, Motion, MotionFrame

__all__ = ["MOTION_RATE", "Motion", "MotionFrame"]
