"""Eyeballs: spheres behind the lids, with rings of vertices at the rim of the iris."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from headkit.mouth import Piece
from headkit.sources import Array, Ids

IRIS_RADIUS = 0.59  # cm; the visible iris is 11.7 mm across in nearly every adult
SEGMENTS = 24
CLEARANCE = 0.012  # cm between eyeball and the nearest lid edge


def fit_sphere(rims: Array, radius_prior: float = 1.38) -> tuple[Array, float]:
    """Centre (3,) and radius of the sphere on which the inner edges of the lids (n, 3) lie, just inside all of them."""

    def residual(p: Array) -> Array:
        return np.append(np.linalg.norm(rims - p[:3], axis=1) - p[3], 2.0 * (p[3] - radius_prior))

    start = np.append(rims.mean(0) - (0, 0, 1.1), radius_prior)
    found = least_squares(residual, start, loss="soft_l1", f_scale=0.05).x
    centre = found[:3]
    return centre, float(np.linalg.norm(rims - centre, axis=1).min() - CLEARANCE)


def eyeball(centre: Array, radius: float) -> tuple[Piece, Ids]:
    """A closed sphere, symmetric front to back so that its vertices' mean is its centre; and the iris disc's vertices."""
    rim = np.arcsin(IRIS_RADIUS / radius)
    front = np.array([rim / 3, 2 * rim / 3, rim, 1.3 * rim, 0.9, 1.2])
    polar = np.concatenate([front, [np.pi / 2], np.pi - front[::-1]])
    around = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    rings = np.stack(
        [
            np.outer(np.sin(polar), np.cos(around)),
            np.outer(np.sin(polar), np.sin(around)),
            np.outer(np.cos(polar), np.ones(SEGMENTS)),
        ],
        -1,
    ).reshape(-1, 3)
    unit = np.concatenate([[(0, 0, 1)], rings, [(0, 0, -1)]])
    last = len(unit) - 1
    triangles = []
    for k in range(SEGMENTS):
        j = (k + 1) % SEGMENTS
        triangles.append([0, 1 + k, 1 + j])
        for r in range(len(polar) - 1):
            a, b = 1 + r * SEGMENTS + k, 1 + r * SEGMENTS + j
            triangles += [[a, a + SEGMENTS, b + SEGMENTS], [a, b + SEGMENTS, b]]
        triangles.append([1 + (len(polar) - 1) * SEGMENTS + k, last, 1 + (len(polar) - 1) * SEGMENTS + j])
    return Piece(centre + radius * unit, np.array(triangles)), np.arange(1 + 3 * SEGMENTS)
