"""The learned finish of the mouth's inside: the tones of real teeth, gums and tongues on what is drawn."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from vasari.network import open_network
from vasari.render.mouth_view import DEPTH, FLESH, TEETH_LOWER, TEETH_UPPER

Floats = NDArray[np.float32]

#: An opening of fewer pixels of the view is left as drawn; from so many on it is refined in full.
LEAST_INSIDE, FULL_INSIDE = 12.0, 60.0

#: Lower teeth nearer than this (in the view's unit of depth) are refined, those behind the second are not.
FRONT, BACK = 0.2, 0.45

#: Share of a darkening of teeth that is left out, for one of at least so much.
KEPT_BRIGHT, DARKER = 0.5, 0.06

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


class MouthRefiner:
    """A small U-Net on one thread; see ``assets/mouth_refiner.card.md``. Safe from several threads."""

    def __init__(self, network: bytes) -> None:
        self._session = open_network(network)

    @classmethod
    def load(cls) -> MouthRefiner:
        """The one that comes with the package (read once)."""
        return _bundled()

    def __call__(self, layers: Floats, colourfulness: float = 1.0) -> Floats | None:
        """Change (3, HEIGHT, WIDTH) of the colours of a view (N_LAYERS, HEIGHT, WIDTH), 1 is white.

        Args:
            colourfulness: 0 for a black-and-white picture, which stays so; 1 for one in colour.

        None if the mouth is as good as shut.
        """
        inside = float(layers[TEETH_UPPER : FLESH + 1].sum())
        if inside < LEAST_INSIDE:
            return None
        change: Floats = self._session.run(None, {"layers": layers[None]})[0][0]
        # portraits whose lips or shade cover the drawn teeth have taught it to darken them too much
        luma = np.tensordot(_LUMA, change, 1)
        teeth = layers[TEETH_UPPER] + layers[TEETH_LOWER]
        change = change * (1 - KEPT_BRIGHT * teeth * np.clip(-luma / DARKER, 0, 1))
        # back teeth stay in the shade they are drawn in: portraits to learn them from hardly show any
        deep = np.clip((layers[DEPTH] - FRONT) / (BACK - FRONT), 0, 1)
        change = change * (1 - layers[TEETH_LOWER] * deep)
        if colourfulness < 1:
            grey = np.tensordot(_LUMA, change, 1)
            change = grey + np.float32(colourfulness) * (change - grey)
        if inside < FULL_INSIDE:  # sets in gradually as the lips part
            change = change * np.float32((inside - LEAST_INSIDE) / (FULL_INSIDE - LEAST_INSIDE))
        return np.ascontiguousarray(change, np.float32)


@lru_cache(1)
def _bundled() -> MouthRefiner:
    return MouthRefiner((resources.files("vasari.assets") / "mouth_refiner.onnx").read_bytes())
