"""How the inside of the mouth is lit: by what enters between the lips, and by what soft parts pass on."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.head.model import HeadModel

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

#: Lips that touch still let light in as at this half height of an opening, cm: they are no walls.
LEAST_HALF = 0.12
#: Half the width of an opening, cm.
HALF_WIDTH = 1.7
#: Light on teeth and on soft parts that these pass on, reddish, whatever the opening; halved this far in, cm.
TEETH_GLOW, FLESH_GLOW, GLOW_DEPTH = 0.22, 0.6, 5.0
#: Part of the widest opening that counts everywhere; the rest is that of the opening just in front.
SPREAD = 0.4
#: The photo's own teeth look as in the photo where at least this part of the light reaches them.
OWN_LIT = 0.42
#: The light comes from in front and above.
MOUTH_LIGHT = np.array([0.0, 0.35, 0.94], np.float32)
#: Light in the mouth that comes from everywhere: teeth round off into shade, soft parts hardly.
TEETH_AMBIENT, FLESH_AMBIENT = 0.66, 0.78
#: Gleam of wet teeth and flesh: strength and sharpness.
TEETH_GLEAM, FLESH_GLEAM, GLEAM_POWER = 0.12, 0.35, 16
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class MouthLight:
    """Lights the inside of one portrait's mouth.

    What lies d behind the middle of an opening, 2 h high and 2 w wide, sees ``h / sqrt(h^2 + d^2)`` times
    ``w / sqrt(w^2 + d^2)`` of the light outside. So teeth are dim and reddish between lips that hardly part,
    bright in a smile, dimmer towards the corners, and the throat is dark.

    Args:
        model: the head model.
        inside: (n,) ids of the vertices. tints: (n, 3) their own colours.
        own: (n,) whether they wear the photo's teeth.
        flat: whether the portrait is a drawing in flat colours, where no light changes any.
    """

    def __init__(
        self, model: HeadModel, inside: Ints, tints: Floats, own: NDArray[np.bool_], *, flat: bool = False
    ) -> None:
        groups = model.groups
        teeth = np.isin(inside, np.concatenate([groups["teeth_upper"], groups["teeth_lower"]]))
        self._inside, self._tints, self._flat = inside, tints, flat
        flesh = tints[np.isin(inside, groups["gums_upper"])].mean(0)
        flesh = flesh / max(float(flesh @ _LUMA), 1.0)
        self._glow = np.where(teeth[:, None], TEETH_GLOW * flesh, FLESH_GLOW * flesh**0.25).astype(np.float32)
        self._ambient = np.where(teeth, TEETH_AMBIENT, FLESH_AMBIENT).astype(np.float32)
        self._gleam = np.where(teeth, TEETH_GLEAM, FLESH_GLEAM).astype(np.float32)
        self._reach = np.where(own, 1 / OWN_LIT, 1).astype(np.float32)
        self._ambient[own], self._gleam[own] = 1, 0  # the photo's teeth are lit
        self._rims = groups["lip_upper_rim"], groups["lip_lower_rim"]

    def __call__(self, points: Floats, normals: Floats) -> tuple[Floats, Floats, float]:
        """Brightness (n,) and colours (n, 3) of the inside, and the widest gap between the lips, cm.

        Args:
            points: (V, 3) in camera space, cm. normals: (V, 3), of the inside at least.
        """
        upper, lower = (points[rim] for rim in self._rims)
        gaps = np.linalg.norm(upper - lower, axis=1)
        widest = float(gaps.max())
        if self._flat:
            return np.ones(len(self._inside), np.float32), self._tints, widest
        across = upper[-1] - upper[0]
        opening = (upper + lower) / 2
        along = np.maximum.accumulate(opening @ across)
        here = points[self._inside] @ across
        half = 0.5 * (SPREAD * widest + (1 - SPREAD) * np.interp(here, along, gaps).astype(np.float32))
        front = np.interp(here, along, opening[:, 2]).astype(np.float32)
        light, colours = np.empty(len(here), np.float32), np.empty((len(here), 3), np.float32)
        _light(
            points, normals, self._inside, half, front, self._reach, self._glow, self._ambient, self._gleam,
            self._tints, light, colours,
        )  # fmt: skip
        return light, colours, widest


@njit(cache=True, nogil=True, fastmath=True)
def _light(
    points: Floats,
    normals: Floats,
    inside: Ints,
    half: Floats,
    front: Floats,
    reach: Floats,
    glow: Floats,
    ambient: Floats,
    gleam: Floats,
    tints: Floats,
    light: Floats,
    colours: Floats,
) -> None:
    """Brightness (n,), colours (n, 3) behind an opening 2 ``half`` (n,) high at depth ``front`` (n,), cm."""
    for k in range(len(inside)):
        v = inside[k]
        h = max(half[k], np.float32(LEAST_HALF))
        d = max(front[k] - points[v, 2], np.float32(0))
        entering = reach[k] * h / np.sqrt(h * h + d * d)
        entering = min(entering * np.float32(HALF_WIDTH) / np.sqrt(np.float32(HALF_WIDTH**2) + d * d), 1)
        deep = d / np.float32(GLOW_DEPTH)
        passed = np.float32(1) / (np.float32(1) + deep * deep)
        facing = np.float32(0)
        for c in range(3):
            facing += normals[v, c] * MOUTH_LIGHT[c]
        facing = max(facing, np.float32(0))
        total = np.float32(0)
        for c in range(3):
            part = passed * glow[k, c]
            colours[k, c] = part + (1 - part) * entering
            total += _LUMA[c] * colours[k, c]
        for c in range(3):
            colours[k, c] *= tints[k, c] / total
        shaded = ambient[k] + (1 - ambient[k]) * np.sqrt(facing)
        light[k] = total * shaded + gleam[k] * entering * facing ** np.float32(GLEAM_POWER)
