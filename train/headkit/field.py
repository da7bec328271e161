"""Smooth fields of displacement over the skin mesh."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import factorized
from scipy.spatial import cKDTree

from headkit.sources import Array, Ids
from headkit.surface import laplacian


class Field:
    """Solves for displacements that are given in some places and smooth everywhere."""

    def __init__(self, shape: Array, triangles: Ids):
        self.shape = shape
        smooth = laplacian(len(shape), triangles)
        self._bending = sp.csr_matrix(smooth.T @ smooth)

    def fit(self, values: Array, weight: Array, prior: Array | None = None, stiffness: float = 1.0) -> Array:
        """Minimise sum w |d - value|^2 + stiffness |L (d - prior)|^2 for fields (..., V, 3); w is (V,)."""
        fields = values.reshape(-1, *values.shape[-2:])
        base = np.zeros_like(fields) if prior is None else prior.reshape(fields.shape)
        right = ((fields - base) * weight[:, None]).transpose(1, 0, 2).reshape(len(weight), -1)
        system = sp.diags(weight + 1e-9) + stiffness * self._bending
        solved = factorized(system.tocsc())(right)
        out = solved.reshape(len(weight), len(fields), 3).transpose(1, 0, 2) + base
        return np.asarray(out.reshape(values.shape))

    def spread(self, ids: Ids, moves: Array, reach: float, held: Ids | None = None) -> Array:
        """Carry ``moves`` (..., n, 3) of vertices ``ids`` smoothly into their surroundings.

        The field meets the moves exactly, is zero beyond ``reach`` cm from them and on ``held`` vertices.
        """
        count = len(self.shape)
        distance, _ = cKDTree(self.shape[ids]).query(self.shape)
        weight = np.where(distance > reach, 1e3, 1e-3 * (distance / reach) ** 2)
        if held is not None:
            weight[held] = 1e3
        weight[ids] = 1e4
        values = np.zeros((*moves.shape[:-2], count, 3))
        values[..., ids, :] = moves
        out = self.fit(values, weight)
        out[..., distance > reach, :] = 0
        if held is not None:
            out[..., held, :] = 0
        out[..., ids, :] = moves
        return out
