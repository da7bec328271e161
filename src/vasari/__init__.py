"""Vasari: one portrait photo and speech become a lifelike talking face, on an ordinary CPU.

    vasari.animate("photo.jpg", "speech.wav", "talk.mp4")

The names below are the whole public interface. They are loaded when first used, so that
``import vasari`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from vasari.errors import (
    FormatError,
    NoFaceError,
    OutputError,
    PhotoError,
    SoundError,
    UsageError,
    VasariError,
    VideoError,
)

if TYPE_CHECKING:
    from vasari.animation import Animation, animate, perform
    from vasari.head.track import track
    from vasari.live.performer import Frame, Performer
    from vasari.measure.evaluate import evaluate
    from vasari.measure.report import Report
    from vasari.motion.controls import Controls
    from vasari.motion.motion import Motion, MotionFrame
    from vasari.portrait.portrait import Portrait
    from vasari.render.renderer import Renderer
    from vasari.variation import variations

__version__ = "0.1.0"

__all__ = [
    "Animation",
    "Controls",
    "FormatError",
    "Frame",
    "Motion",
    "MotionFrame",
    "NoFaceError",
    "OutputError",
    "Performer",
    "PhotoError",
    "Portrait",
    "Renderer",
    "Report",
    "SoundError",
    "UsageError",
    "VasariError",
    "VideoError",
    "__version__",
    "animate",
    "evaluate",
    "perform",
    "track",
    "variations",
]

_HOMES = {
    "Animation": "vasari.animation",
    "animate": "vasari.animation",
    "perform": "vasari.animation",
    "evaluate": "vasari.measure.evaluate",
    "track": "vasari.head.track",
    "variations": "vasari.variation",
    "Frame": "vasari.live.performer",
    "Performer": "vasari.live.performer",
    "Controls": "vasari.motion.controls",
    "Motion": "vasari.motion.motion",
    "MotionFrame": "vasari.motion.motion",
    "Portrait": "vasari.portrait.portrait",
    "Report": "vasari.measure.report",
    "Renderer": "vasari.render.renderer",
}


def __getattr__(name: str) -> object:
    """Load a public name from its home the first time it is asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'vasari' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
