"""How near things are to one another in a picture or in space, and soft transitions by nearness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Reals = NDArray[np.floating[Any]]


def neighbours(cloud: Reals, places: Reals, k: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distances (n, k) and ids (n, k) of the k points of a cloud (m, d) nearest to each place (n, d)."""
    distance, index = cKDTree(cloud).query(places, k=range(1, k + 1))
    return np.asarray(distance), np.asarray(index)


def distance_to(cloud: Reals, places: Reals) -> NDArray[np.float64]:
    """Distance (n,) of each place (n, d) to the nearest point of a cloud (m, d)."""
    return neighbours(cloud, places, 1)[0][:, 0]


def smoothstep(x: Reals | float) -> NDArray[np.float64]:
    """0 up to 0, 1 from 1 on, and the cubic with level ends between."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float64)
