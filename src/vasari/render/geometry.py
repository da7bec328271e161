"""Where every vertex of a portrait is at one moment: expression, then pose, then the lens."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@njit(cache=True, nogil=True, fastmath=True)
def express(base: Floats, start: Ints, vertex: Ints, delta: Floats, weights: Floats, out: Floats) -> None:
    """Blendshapes: ``out = base + sum_j weights[j] * delta_j`` with sparse deltas (CSR), all (V, 3) in cm."""
    out[:] = base
    for j in range(len(weights)):
        w = weights[j]
        if w == 0:
            continue
        for k in range(start[j], start[j + 1]):
            v = vertex[k]
            out[v, 0] += w * delta[k, 0]
            out[v, 1] += w * delta[k, 1]
            out[v, 2] += w * delta[k, 2]


@njit(cache=True, nogil=True, fastmath=True)
def pose(
    points: Floats,
    rigidity: Floats,
    sway: Floats,
    nearing: Floats,
    rotation: Floats,
    pivot: Floats,
    translation: Floats,
) -> None:
    """Turn points (V, 3) about ``pivot`` and move them, in place.

    Each has its share (V,), 0..1, in the turn (``rigidity``), in the way aside, up and down (``sway``: x
    and y of ``translation``) and in the way to the camera (``nearing``: z).
    """
    for v in range(len(points)):
        h = rigidity[v]
        x, y, z = points[v, 0] - pivot[0], points[v, 1] - pivot[1], points[v, 2] - pivot[2]
        for c in range(3):
            turned = rotation[c, 0] * x + rotation[c, 1] * y + rotation[c, 2] * z + pivot[c]
            move = (nearing[v] if c == 2 else sway[v]) * translation[c]
            points[v, c] += h * (turned - points[v, c]) + move


@njit(cache=True, nogil=True, fastmath=True)
def project(points: Floats, focal: float, center: Floats, out: Floats) -> None:
    """Pinhole projection of camera-space points (V, 3) to pixels (V, 2); see docs/conventions.md."""
    for v in range(len(points)):
        k = np.float32(focal) / points[v, 2]
        out[v, 0] = center[0] - k * points[v, 0]
        out[v, 1] = center[1] + k * points[v, 1]


@njit(cache=True, nogil=True, fastmath=True)
def vertex_normals(points: Floats, triangles: Ints, order: Ints, out: Floats) -> None:
    """Area-weighted unit normals (V, 3) from the triangles numbered in ``order``."""
    out[:] = 0
    for k in range(len(order)):
        i, j, m = triangles[order[k], 0], triangles[order[k], 1], triangles[order[k], 2]
        ax, ay, az = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
        bx, by, bz = points[m, 0] - points[i, 0], points[m, 1] - points[i, 1], points[m, 2] - points[i, 2]
        nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        for v in (i, j, m):
            out[v, 0] += nx
            out[v, 1] += ny
            out[v, 2] += nz
    for v in range(len(out)):
        length = np.sqrt(out[v, 0] ** 2 + out[v, 1] ** 2 + out[v, 2] ** 2)
        if length > 0:
            out[v, 0] /= length
            out[v, 1] /= length
            out[v, 2] /= length


@njit(cache=True, nogil=True, fastmath=True)
def extent(places: Floats, which: Ints) -> Floats:
    """Least and greatest coordinates (2, 2) of those of the places (V, 2) that are numbered in ``which``."""
    found = np.empty((2, 2), np.float32)
    found[0], found[1] = places[which[0]], places[which[0]]
    for k in range(1, len(which)):
        x, y = places[which[k], 0], places[which[k], 1]
        found[0, 0], found[0, 1] = min(found[0, 0], x), min(found[0, 1], y)
        found[1, 0], found[1, 1] = max(found[1, 0], x), max(found[1, 1], y)
    return found
