"""Hair of a moustache that hangs from the upper lip over the opening of the mouth."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

#: Strands along the lip, and how far the longest hang, cm.
STRANDS, LENGTH = 70, 0.34
#: How dense the hair is, at its roots.
DENSITY = 0.93


def strands() -> Floats:
    """(STRANDS,) lengths of the strands over that of the longest; always the same."""
    rng = np.random.default_rng(7)
    rough = rng.uniform(0.25, 1.0, STRANDS)
    tufts = np.interp(np.arange(STRANDS), np.linspace(0, STRANDS - 1, 12), rng.uniform(0.5, 1.0, 12))
    return np.asarray(rough * tufts, np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def hang_fringe(
    hair: Floats,
    lengths: Floats,
    left: float,
    right: float,
    longest: float,
    owner: Ints,
    box: Ints,
    inside_mouth: Bytes,
    picture: Bytes,
) -> None:
    """Draw the strands over the inside of the mouth, from its upper edge down.

    Args:
        hair: (P, 4) share and colour along the lip (:mod:`vasari.portrait.moustache`).
        lengths: by :func:`strands`.
        left, right: columns of the picture where the lip begins and ends. longest: strand, pixels.
        owner, box: the visibility buffer. inside_mouth: (F,) which triangles are.
        picture: (S, S, 3) changed in place.
    """
    first, last = max(int(left), box[0]), min(int(right) + 1, box[0] + owner.shape[1] // 2)
    for column in range(first, last):
        along = (np.float32(column) + np.float32(0.5) - left) / (right - left)
        along = min(max(along, np.float32(0)), np.float32(0.999))
        place = along * (len(hair) - 1)
        p, f = int(place), place - int(place)
        share = hair[p, 0] + f * (hair[p + 1, 0] - hair[p, 0])
        if share <= 0:
            continue
        strand = along * (len(lengths) - 1)
        k, g = int(strand), strand - int(strand)
        reach = share * longest * (lengths[k] + g * (lengths[k + 1] - lengths[k]))
        hanging = np.float32(0)
        for row in range(owner.shape[0] // 2):
            inside = 0
            for s in range(4):
                t = owner[2 * row + s // 2, 2 * (column - box[0]) + s % 2]
                if t >= 0 and inside_mouth[t]:
                    inside += 1
            if inside == 0:
                if hanging > 0:
                    break
                continue
            cover = min(max((reach - hanging) / np.float32(1.5), np.float32(0)), np.float32(1))
            cover *= np.float32(DENSITY) * share * inside * np.float32(0.25)
            hanging += inside * np.float32(0.25)
            for c in range(3):
                colour = hair[p, 1 + c] + f * (hair[p + 1, 1 + c] - hair[p, 1 + c])
                value = picture[box[1] + row, column, c]
                picture[box[1] + row, column, c] = value + cover * (colour - value) + np.float32(0.5)
            if hanging > reach:
                break
