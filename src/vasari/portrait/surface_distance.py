"""Distances along the surface of a mesh."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


def edges_of(triangles: Ints) -> NDArray[np.int64]:
    """The edges (n, 2) of triangles (F, 3), every one once."""
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    pairs = np.sort(pairs, 1).astype(np.int64)
    size = int(pairs.max()) + 1
    keys = np.unique(pairs[:, 0] * size + pairs[:, 1])
    return np.stack([keys // size, keys % size], 1)


def surface_distance(
    vertices: Floats, edges: NDArray[np.int64], sources: Ints, limit: float, *, nearest: bool = False
) -> NDArray[np.float64]:
    """Distances (n, V) along edges (m, 2) from n source vertices, cm; infinite past ``limit``.

    With ``nearest``, only that to the nearest source (V,).
    """
    lengths = np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1) + 1e-6
    graph = coo_array((lengths, (edges[:, 0], edges[:, 1])), shape=(len(vertices),) * 2).tocsr()
    if nearest:
        return np.asarray(dijkstra(graph, directed=False, indices=sources, limit=limit, min_only=True))
    return np.asarray(dijkstra(graph, directed=False, indices=sources, limit=limit))
