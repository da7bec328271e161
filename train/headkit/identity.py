"""Identity shapes: ICT's, read off at corresponding points, as principal axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import factorized

from headkit.sources import Array, Ids
from headkit.surface import Surface, laplacian, normals


@dataclass(frozen=True)
class Carrier:
    """A linear map from vertex shapes on the ICT mesh to shapes on the head's skin."""

    match: sp.csr_matrix  # (V, ICT vertex count), rows sum to 1 where known and are 0 elsewhere
    known: Array  # (V,) weight of each row
    smooth: sp.csr_matrix

    @classmethod
    def between(cls, skin: Array, triangles: Ids, matches: list[tuple[Ids, Surface, float]]) -> Carrier:
        """Match each list of vertices to a surface within reach: closest points with agreeing normals."""
        facing = normals(skin, triangles)
        known = np.zeros(len(skin))
        entries: list[tuple[Ids, Ids, Array]] = []
        for candidates, target, reach in matches:
            face, bary, distance = target.closest(skin[candidates], facing[candidates])
            good = distance < reach
            known[candidates[good]] = 1
            entries.append(
                (np.repeat(candidates[good], 3), target.triangles[face[good]].ravel(), bary[good].ravel())
            )
        rows, columns, weights = (np.concatenate(part) for part in zip(*entries, strict=True))
        match = sp.csr_matrix((weights, (rows, columns)), (len(skin), len(matches[0][1].vertices)))
        return cls(match, known, laplacian(len(skin), triangles))

    def carry(self, deltas: Array, stiffness: float = 0.02) -> Array:
        """Shapes (n, V, 3) from shapes (n, ICT vertices, 3), smooth where the scan does not tell."""
        n = len(deltas)
        seen = np.asarray(self.match @ deltas.transpose(1, 0, 2).reshape(deltas.shape[1], -1))
        system = sp.diags(self.known + 1e-6) + stiffness * (self.smooth.T @ self.smooth)
        solved = factorized(system.tocsc())(self.known[:, None] * seen)
        return np.asarray(solved.reshape(-1, n, 3).transpose(1, 0, 2))


def affine_follow(points: Array, deltas: Array, others: Array) -> Array:
    """Movements (n, m, 3) of ``others`` by affine maps fitted to ``deltas`` (n, p, 3) of ``points``."""
    centre = points.mean(0)
    design = np.hstack([points - centre, np.ones((len(points), 1))])
    maps = np.linalg.lstsq(design, deltas.transpose(1, 0, 2).reshape(len(points), -1), rcond=None)[0]
    moved = np.hstack([others - centre, np.ones((len(others), 1))]) @ maps
    return np.asarray(moved.reshape(len(others), -1, 3).transpose(1, 0, 2))


def similar_follow(points: Array, deltas: Array, centre: Array, others: Array) -> Array:
    """Movements (n, m, 3) of ``others`` by shift and growth about ``centre`` fitted to ``deltas``."""
    arm = points - centre
    mean = arm.mean(0)
    spread = ((arm - mean) ** 2).sum()
    shift_mean = deltas.mean(1)  # (n, 3)
    growth = ((deltas - shift_mean[:, None]) * (arm - mean)).sum((1, 2)) / spread  # (n,)
    shift = shift_mean - growth[:, None] * mean
    return np.asarray(shift[:, None] + growth[:, None, None] * (others - centre))


def principal(shapes: Array, weight: Array, count: int) -> Array:
    """The ``count`` (count, V, 3) strongest mixtures of unit-variance ``shapes``, weighed by vertex."""
    flat = (shapes * np.sqrt(weight)[:, None]).reshape(len(shapes), -1)
    _, vectors = np.linalg.eigh(flat @ flat.T)
    mix = vectors[:, ::-1][:, :count]
    mix = mix * np.sign(
        mix[np.abs(mix).argmax(0), np.arange(count)]
    )  # a sign that does not depend on the solver
    return np.asarray(np.tensordot(mix.T, shapes, 1))
