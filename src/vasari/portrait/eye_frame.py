"""Places about one eye of the picture: along it from corner to corner, and up across it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class EyeFrame:
    """Axes of an eye that may be tilted or mirrored.

    Attributes:
        inner: (2,) its inner corner, pixels. outward, up: (2,) unit vectors. width: between corners, pixels.
    """

    inner: Floats
    outward: Floats
    up: Floats
    width: float

    @classmethod
    def of(cls, upper: Floats, lower: Floats) -> EyeFrame:
        """The frame of an eye with these rims (n, 2), each from the inner to the outer corner."""
        across = upper[-1] - upper[0]
        width = max(float(np.linalg.norm(across)), 1e-3)
        outward = across / width
        up = np.array([outward[1], -outward[0]], np.float32)
        if (upper - lower).mean(0) @ up < 0:
            up = -up
        return cls(upper[0], outward.astype(np.float32), up, width)

    def local(self, places: Floats) -> tuple[Floats, Floats]:
        """Along the eye, 0 to 1 from corner to corner, and height over its axis in pixels, of (..., 2)."""
        from_inner = places - self.inner
        along = (from_inner @ self.outward) / self.width
        return along.astype(np.float32), (from_inner @ self.up).astype(np.float32)

    def place(self, along: Floats, height: Floats) -> Floats:
        """Places (..., 2), pixels; undoes :meth:`local`."""
        there = self.inner + (along * self.width)[..., None] * self.outward + height[..., None] * self.up
        return np.asarray(there, np.float32)

    def height(self, curve: Floats, along: Floats) -> Floats:
        """Height, pixels, of a curve (n, 2) where it passes ``along``."""
        a, h = self.local(curve)
        order = np.argsort(a)
        return np.interp(along, a[order], h[order]).astype(np.float32)
