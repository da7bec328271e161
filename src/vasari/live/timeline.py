"""Which samples of the sound belong to which picture: whole numbers only, so nothing ever drifts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Timeline:
    """Pictures at ``fps`` a second over sound at ``rate`` samples a second, both from time zero.

    Picture k is shown from time k / fps and carries the samples [start(k), start(k + 1)).
    """

    fps: int
    rate: int

    def start(self, picture: int) -> int:
        """The first sample of a picture: floor(picture * rate / fps)."""
        return picture * self.rate // self.fps

    def pictures(self, samples: int) -> int:
        """How many pictures cover ``samples``: ceil(samples * fps / rate)."""
        return -(-samples * self.fps // self.rate)

    def position(self, picture: int, rate: int) -> tuple[int, Fraction]:
        """Where a picture lies among samples ``rate`` a second: (the one before it, part of the way on)."""
        index, rest = divmod(picture * rate, self.fps)
        return index, Fraction(rest, self.fps)
