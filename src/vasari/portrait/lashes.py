"""The line of lashes of a shut eye, as the photo draws that of the open one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.portrait.eye_frame import EyeFrame
from vasari.portrait.pixels import look_up

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

# Lengths in pixels of a 512 view, shares of the eye's width, and shares of darkness:
COLUMNS = np.linspace(0.15, 0.9, 26).astype(np.float32)  # along the eye, where the photo's line is looked at
HEIGHTS_PX = np.arange(-1.0, 9.0, 0.5).astype(np.float32)  # ... over the rim
PEAK_PX = 3.5  # the line lies below this
HALO_PX = 3.2, 7.8  # where long lashes darken the skin over the line
THICKNESS_PX, SOFTNESS_PX = (0.9, 2.2), (0.6, 1.5)
DARKNESS = 0.3, 0.85  # of the line, least and most
LASHES = 40  # drawn
LENGTH_PX, LENGTH_PER_HALO = 4.5, 16.0
STRAND = 0.55  # darkness of one lash over that of the line


@dataclass(frozen=True)
class Lashes:
    """What the photo tells of an eye's upper line of lashes.

    Attributes:
        colour: (3,) of the line. darkness: its opacity, 0..1.
        thickness, softness, length: of the line, its edge, and the lashes, pixels.
    """

    colour: Floats
    darkness: float
    thickness: float
    softness: float
    length: float

    @classmethod
    def seen(cls, picture: Bytes, skin: Floats, frame: EyeFrame, upper: Floats, unit: float) -> Lashes:
        """Measure the line over the upper rim (n, 2) of an open eye.

        Args:
            picture: (P, P, 3). skin: (COLUMNS, 3) tone of the lid along it.
            unit: pixels per pixel of a 512 view.
        """
        heights = frame.height(upper, COLUMNS)[:, None] + HEIGHTS_PX * unit
        along = np.broadcast_to(COLUMNS[:, None], heights.shape)
        colours = look_up(picture, frame.place(along, heights)).astype(np.float32)
        dark = 1 - colours.mean(-1) / np.maximum(skin.mean(-1), 8)[:, None]  # (columns, heights)
        line = HEIGHTS_PX <= PEAK_PX
        peak = dark[:, line].argmax(1)
        depth = np.take_along_axis(dark, peak[:, None], 1)[:, 0]
        after = np.arange(len(HEIGHTS_PX)) > peak[:, None]
        faded = after & (dark < 0.5 * depth[:, None])
        end = np.where(faded.any(1), faded.argmax(1), len(HEIGHTS_PX) - 1)
        extent = float(np.median(HEIGHTS_PX[end] - HEIGHTS_PX[peak])) * unit
        strong = depth >= np.median(depth)
        colour = colours[np.arange(len(peak)), peak][strong].mean(0)
        halo = (HALO_PX[0] < HEIGHTS_PX) & (HALO_PX[1] > HEIGHTS_PX)
        fringe = float(np.clip(np.median(dark[:, halo].mean(1)) - 0.05, 0, 0.25))
        return cls(
            colour.astype(np.float32),
            float(np.clip(1.15 * np.median(depth), *DARKNESS)),
            float(np.clip(0.8 * extent, THICKNESS_PX[0] * unit, THICKNESS_PX[1] * unit)),
            float(np.clip(0.5 * extent, SOFTNESS_PX[0] * unit, SOFTNESS_PX[1] * unit)),
            (LENGTH_PX + LENGTH_PER_HALO * fringe) * unit,
        )

    def drawn(
        self,
        patch: Floats,
        along: Floats,
        rise: Floats,
        roots: Floats,
        outward: Floats,
        unit: float,
    ) -> Floats:
        """The patch (h, w, 3) with the line along a seam, and lashes hanging from it.

        Args:
            along: (h, w) place along the eye, 0..1. rise: (h, w) height over the seam, pixels.
            roots: (n, 2) the seam in the patch, from the inner to the outer corner, pixels.
            outward: (2,) direction along the eye.
        """
        width = self.thickness * (0.5 + 0.75 * np.clip(along, 0, 1) ** 1.5)
        ends = np.clip(along / 0.12, 0, 1) * np.clip((1.03 - along) / 0.06, 0, 1)
        line = (
            _step((width - rise) / self.softness) * _step((rise + 0.3 * unit) / (0.6 * self.softness)) * ends
        )
        ink = self.darkness * line
        hairs = self._strands(patch.shape[:2], roots, outward, rise, unit)
        ink = np.maximum(ink, STRAND * self.darkness * hairs)
        return np.asarray(patch + ink[..., None] * (self.colour - patch), np.float32)

    def _strands(
        self, shape: tuple[int, ...], roots: Floats, outward: Floats, rise: Floats, unit: float
    ) -> Floats:
        """Opacity (h, w) of lashes that hang from the seam and bend outward, thinning to their tips."""
        drawing = np.zeros(shape[:2], np.uint8)
        down = np.array([-outward[1], outward[0]], np.float32)
        down = down if down[1] > 0 else -down
        random = np.random.default_rng(1)
        steps = np.linspace(0, 1, 5)[:, None]
        for t in np.linspace(0.1, 0.99, LASHES) + random.uniform(-0.01, 0.01, LASHES):
            at = t * (len(roots) - 1)
            root = np.array([np.interp(at, np.arange(len(roots)), roots[:, c]) for c in (0, 1)])
            length = self.length * (0.45 + 0.75 * t) * random.uniform(0.7, 1.1)
            lean = (t - 0.3) * 1.3 + random.uniform(-0.15, 0.15)
            first = (down + 0.5 * lean * outward) * length * 0.6
            tip = (down + lean * outward) / np.hypot(1, lean) * length
            strand = root + 2 * steps * (1 - steps) * first + steps**2 * tip
            places = np.round((strand - 0.5) * 8).astype(np.int32)
            cv2.polylines(drawing, [places], False, 255, max(round(0.6 * unit), 1), cv2.LINE_AA, 3)
        soft = cv2.GaussianBlur(drawing, (0, 0), 0.45 * unit).astype(np.float32) / 255
        fade = np.clip(1 + 0.75 * rise / self.length, 0, 1)  # tips are thin
        return np.asarray(soft * fade, np.float32)


def _step(x: Floats) -> Floats:
    """0 below -1/2, 1 above 1/2, smooth between."""
    t = np.clip(x + 0.5, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
