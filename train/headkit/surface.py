"""Closest points on a triangle mesh, vertex normals, mesh Laplacian."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.spatial import cKDTree

from headkit.sources import Array, Ids


def normals(vertices: Array, triangles: Ids) -> Array:
    """Unit vertex normals (V, 3), area weighted."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    face = np.cross(b - a, c - a)
    total = np.zeros_like(vertices)
    for k in range(3):
        np.add.at(total, triangles[:, k], face)
    return np.asarray(total / (np.linalg.norm(total, axis=1, keepdims=True) + 1e-12))


def laplacian(n: int, triangles: Ids) -> sp.csr_matrix:
    """Umbrella Laplacian (n, n): a vertex minus the mean of its neighbours."""
    i = triangles[:, [0, 1, 1, 2, 2, 0]].ravel()
    j = triangles[:, [1, 0, 2, 1, 0, 2]].ravel()
    adjacency = sp.csr_matrix((np.ones(len(i)), (i, j)), (n, n)).sign()
    degree = np.asarray(adjacency.sum(1)).ravel()
    return sp.csr_matrix(sp.eye(n) - sp.diags(1 / np.maximum(degree, 1)) @ adjacency)


class Surface:
    """A triangle mesh that answers closest-point queries."""

    def __init__(self, vertices: Array, triangles: Ids):
        self.vertices, self.triangles = vertices, triangles
        self.normals = normals(vertices, triangles)
        self._used = np.unique(triangles)
        self._tree = cKDTree(vertices[self._used])
        order = np.argsort(triangles.ravel(), kind="stable")
        self._faces = order // 3
        self._start = np.searchsorted(triangles.ravel()[order], np.arange(len(vertices) + 1))

    def closest(
        self, points: Array, facing: Array | None = None, near: int = 6, min_cosine: float = 0.3
    ) -> tuple[Ids, Array, Array]:
        """Triangle (n,), barycentric position (n, 3) and distance (n,) of the nearest surface points.

        With ``facing`` (n, 3) normals, only triangles whose normal agrees within ``min_cosine`` count; the
        distance is infinite where none does.
        """
        _, hits = self._tree.query(points, near)
        hits = self._used[hits.reshape(len(points), -1)]
        counts = self._start[hits + 1] - self._start[hits]
        which = np.repeat(np.arange(len(points)), counts.sum(1))
        flat, number = hits.ravel(), counts.ravel()
        offsets = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
        face = self._faces[np.repeat(self._start[flat], number) + offsets]
        a, b, c = (self.vertices[self.triangles[face, k]] for k in range(3))
        bary = closest_bary(points[which], a, b, c)
        spot = np.einsum("nk,nkd->nd", bary, np.stack([a, b, c], 1))
        distance = np.linalg.norm(spot - points[which], axis=1)
        if facing is not None:
            normal = np.cross(b - a, c - a)
            normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
            distance = np.where((normal * facing[which]).sum(1) > min_cosine, distance, np.inf)
        order = np.lexsort((distance, which))
        first = order[np.searchsorted(which[order], np.arange(len(points)))]
        return face[first], bary[first], distance[first]

    def at(self, face: Ids, bary: Array, values: Array | None = None) -> Array:
        """Vertex values (V, ...), by default positions, interpolated at surface points."""
        values = self.vertices if values is None else values
        return np.asarray(np.einsum("nk,nk...->n...", bary, values[self.triangles[face]]))


def closest_bary(p: Array, a: Array, b: Array, c: Array) -> Array:
    """Barycentric (n, 3) of each triangle's point nearest to p (Ericson, Real-Time Collision Detection)."""
    ab, ac, ap = b - a, c - a, p - a
    d1, d2 = (ab * ap).sum(1), (ac * ap).sum(1)
    bp, cp = p - b, p - c
    d3, d4 = (ab * bp).sum(1), (ac * bp).sum(1)
    d5, d6 = (ab * cp).sum(1), (ac * cp).sum(1)
    va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
    with np.errstate(divide="ignore", invalid="ignore"):
        total = va + vb + vc
        out = np.stack([va, vb, vc], 1) / total[:, None]
        t = d1 / (d1 - d3)
        edge = (vc <= 0) & (d1 >= 0) & (d3 <= 0)
        out[edge] = np.stack([1 - t, t, 0 * t], 1)[edge]
        t = d2 / (d2 - d6)
        edge = (vb <= 0) & (d2 >= 0) & (d6 <= 0)
        out[edge] = np.stack([1 - t, 0 * t, t], 1)[edge]
        t = (d4 - d3) / ((d4 - d3) + (d5 - d6))
        edge = (va <= 0) & (d4 >= d3) & (d5 >= d6)
        out[edge] = np.stack([0 * t, 1 - t, t], 1)[edge]
    out[(d1 <= 0) & (d2 <= 0)] = (1, 0, 0)
    out[(d3 >= 0) & (d4 <= d3)] = (0, 1, 0)
    out[(d6 >= 0) & (d5 <= d6)] = (0, 0, 1)
    return np.asarray(np.nan_to_num(out, nan=1 / 3))
