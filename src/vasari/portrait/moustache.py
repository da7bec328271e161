"""Where hair of a moustache covers the upper lip, and so hangs over the mouth when it opens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.portrait.pixels import look_up

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

#: Places along the upper lip, from the subject's right corner to the left.
PLACES = 33
#: Hair is at most so bright beside the skin: surely hair up to, surely lip from.
HAIR, LIP = 0.5, 0.68
#: A moustache covers at least this share of either half of the lip.
LEAST_SIDE = 0.15
#: Lips are redder than the skin by this much, (R - G) / (R + G); hair is not.
REDDER = 0.07

_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def moustache(picture: Bytes, landmarks: Floats, skin: Floats) -> Floats:
    """(PLACES, 4) along the upper lip: how surely hair covers it there, 0..1, and the hair's colour 0..255.

    Args:
        picture: (P, P, 3) RGB. landmarks: (468, 2) pixels. skin: (3,) colour of the face's skin.
    """
    t = np.linspace(0, len(_OUTER) - 1, PLACES)
    outer, inner = (
        np.stack([np.interp(t, np.arange(len(ids)), landmarks[list(ids), c]) for c in (0, 1)], 1)
        for ids in (_OUTER, _INNER)
    )
    depth = np.linspace(0.15, 0.85, 6)[:, None, None]
    colours = look_up(picture, (outer + depth * (inner - outer)).astype(np.float32)).astype(np.float32)
    bright = colours @ _LUMA / max(float(skin @ _LUMA), 1)
    dark = np.clip((LIP - bright) / (LIP - HAIR), 0, 1)
    pale = np.clip(1 - (_redness(colours) - _redness(skin)) / REDDER, 0, 1)
    share = np.median(dark * pale, 0)
    share = np.convolve(np.pad(share, 2, "edge"), np.ones(5) / 5, "valid")
    share[:2] = share[-2:] = 0  # the corners are dark without hair
    share = np.clip((share - 0.4) / 0.4, 0, 1)
    half = PLACES // 2
    if min(share[:half].mean(), share[-half:].mean()) < LEAST_SIDE:  # a shadow over one side is no moustache
        share[:] = 0
    return np.concatenate([share[:, None], colours.min(0) * 0.5 + np.median(colours, 0) * 0.5], 1).astype(
        np.float32
    )


def _redness(colour: Floats) -> Floats:
    return np.asarray((colour[..., 0] - colour[..., 1]) / (colour[..., 0] + colour[..., 1] + 10), np.float32)
