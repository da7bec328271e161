"""The tongue's tip at the teeth: l, n, d and th, at small weights of ``tongueOut``.

A blendshape moves along a line, from behind the lower teeth out of the mouth. On its way a speaking tongue
first rises to the upper teeth, wherever the jaw is, and then lies on the lower lip: that is added here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.head.model import HeadModel
from vasari.portrait.nearness import smoothstep

Floats = NDArray[np.float32]

#: Weight of ``tongueOut`` at which the tip has reached the upper teeth, at which it is between the rows, and
#: from which on, and until when, it falls to leave the mouth.
AT_TEETH, BETWEEN, FALLING, OUT = 0.2, 0.3, 0.35, 0.6
#: Where the tip then is from the edge of the upper front teeth: (up, forward), cm.
BEHIND_TEETH, UNDER_TEETH = (-0.12, -0.25), (-0.2, 0.15)
#: A tongue that leaves the mouth lies this far over the lower lip, which is so thick, cm.
OVER_LIP, LIP = 0.03, 0.8
#: The tip takes part in full, the blade behind it less and less over a length, cm.
TIP, BLADE = 0.5, 3.6


class TongueTip:
    """Raises one portrait's tongue.

    Args:
        model: the head model. front: the vertex at the edge of the upper front teeth.
        rotation: (3, 3) of the head in the photo.
    """

    def __init__(self, model: HeadModel, front: int, rotation: Floats) -> None:
        self._tongue = model.groups["tongue"]
        behind = model.neutral[self._tongue, 2]
        behind = behind.max() - behind
        self._share = (1 - smoothstep((behind - TIP) / BLADE)).astype(np.float32)[:, None]
        self._tip = self._tongue[behind < TIP]
        self._front = front
        rim = model.groups["lip_lower_rim"]
        self._lip = int(rim[len(rim) // 2])
        self._axes = rotation.T[1:].astype(np.float32)  # up and forward

    def rise(self, points: Floats, turn: Floats, weight: float) -> None:
        """Move the tongue among posed points (V, 3), in place.

        Args:
            turn: (3, 3) of the head from the photo. weight: of ``tongueOut``, 0..1.
        """
        if weight <= 0:
            return
        axes = self._axes @ turn.T
        falling = float(smoothstep((weight - FALLING) / (OUT - FALLING)))
        between = float(smoothstep((weight - AT_TEETH) / (BETWEEN - AT_TEETH)))
        place = (1 - between) * np.array(BEHIND_TEETH) + between * np.array(UNDER_TEETH)
        way = axes @ (points[self._front] - points[self._tip].mean(0)) + place
        way *= float(smoothstep(weight / AT_TEETH)) * (1 - falling)
        if falling:
            above, before = ((points[self._tongue] - points[self._lip]) @ axes.T).T
            near = np.clip(1 - np.abs(before) / LIP, 0, 1)
            way[0] += falling * float((np.maximum(OVER_LIP - above, 0) * near).max())
        points[self._tongue] += self._share * (way @ axes).astype(np.float32)
