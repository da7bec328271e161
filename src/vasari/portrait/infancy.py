"""Whether a face is that of a baby, which has no teeth to show: read from its proportions.

A logistic regression on seven ratios of landmarks, fitted by ``train/fit_infancy.py`` on 921 portraits of
SFHQ-T2I (MIT), 22 of them of babies: of five held-out fifths together it finds 16 of 22 at 0.7, and what else
it finds there are small children but for one in a hundred.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Pairs of landmarks whose distances, over that of the eyes' outer corners, tell age.
PAIRS = ((10, 152), (168, 2), (2, 13), (14, 152), (61, 291), (129, 358), (234, 454))

WEIGHTS = np.array([-18.24, -20.10, -1.29, -2.91, -13.44, -6.60, 45.92], np.float32)
BIAS = -43.04


def proportions(landmarks: Floats) -> Floats:
    """Logarithms (K,) of the distances of PAIRS over that between the eyes, from landmarks (468, 2 or 3)."""
    eyes = np.linalg.norm(landmarks[33] - landmarks[263])
    lengths = [np.linalg.norm(landmarks[a] - landmarks[b]) for a, b in PAIRS]
    return np.log(np.asarray(lengths, np.float32) / eyes + 1e-3)


def infancy(landmarks: Floats) -> float:
    """How surely a face is a baby's or a small child's, 0..1, from its landmarks (468, 2 or 3)."""
    return float(1 / (1 + np.exp(-(proportions(landmarks) @ WEIGHTS + BIAS))))
