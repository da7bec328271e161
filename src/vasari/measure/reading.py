"""One measured number, and one that could not be measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """What a measure read off a clip.

    Attributes:
        value: the number; ``None`` where there was nothing to read.
        untold: why no verdict can be given; empty if one can.
        note: what helps to understand the number, such as a chance level.
    """

    value: float | None
    untold: str = ""
    note: str = ""


def unread(why: str) -> Reading:
    """A measure that found nothing to read."""
    return Reading(None, why)


#: Readings by the key of their measure, such as ``head.change``.
Readings = dict[str, Reading]
