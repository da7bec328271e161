"""The head model: one mesh whose shape is neutral + identity + expression.

    vertices = neutral + sum_k a_k * identity_k + sum_j w_j * expression_j

a linear (blendshape) face model in the sense of Blanz and Vetter, "A Morphable Model for the
Synthesis of 3D Faces" (SIGGRAPH 1999), with expression axes named as in ARKit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vasari.errors import FormatError
from vasari.head.expressions import EXPRESSIONS

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

FORMAT = "vasari-head"
FORMAT_VERSION = 1

#: What a triangle belongs to; ``HeadModel.part`` holds indices into this tuple.
PARTS: tuple[str, ...] = (
    "skin",  # face, lips' outside, ears, scalp, neck
    "mouth",  # inner lips and the lining of the oral cavity
    "gums",
    "teeth_upper",
    "teeth_lower",
    "tongue",
    "eye_left",  # the subject's own left
    "eye_right",
    "lashes",
    "socket",  # lining behind the lids, so that no gap shows at the corners of the eye
)
PART_INDEX: dict[str, int] = {name: i for i, name in enumerate(PARTS)}


@dataclass(frozen=True)
class HeadModel:
    """Geometry of a human head in head space (see docs/conventions.md): centimetres, y up, z forward.

    Attributes:
        neutral: (V, 3) mean neutral head.
        triangles: (F, 3) vertex ids, counter-clockwise seen from outside.
        part: (F,) index into :data:`PARTS`.
        identity: (K, V, 3) shape directions, scaled so that a coefficient of 1 is one standard deviation.
        expression_start: (53,) row bounds of each expression in the two arrays below (CSR layout).
        expression_vertex: (N,) vertex ids moved by an expression.
        expression_delta: (N, 3) displacement at weight 1, cm.
        landmark_triangle: (468,) triangle under each MediaPipe face-mesh landmark.
        landmark_bary: (468, 3) barycentric position in that triangle.
        groups: named vertex ids, e.g. ``lip_upper_rim``; the full list is in docs/conventions.md.
    """

    neutral: Floats
    triangles: Ints
    part: NDArray[np.uint8]
    identity: Floats
    expression_start: Ints
    expression_vertex: Ints
    expression_delta: Floats
    landmark_triangle: Ints
    landmark_bary: Floats
    groups: dict[str, Ints]

    @property
    def n_vertices(self) -> int:
        """Number of vertices V."""
        return len(self.neutral)

    @property
    def n_identity(self) -> int:
        """Number of identity directions K."""
        return len(self.identity)

    def expression(self, name: str) -> tuple[Ints, Floats]:
        """Vertex ids (n,) and displacements (n, 3) in cm of one ARKit expression at weight 1.

        Raises:
            KeyError: ``name`` is not one of :data:`~vasari.head.expressions.EXPRESSIONS`.
        """
        if name not in EXPRESSIONS:
            raise KeyError(f"unknown expression {name!r}; valid: {', '.join(EXPRESSIONS)}")
        rows = slice(*self.expression_start[EXPRESSIONS.index(name) :][:2])
        return self.expression_vertex[rows], self.expression_delta[rows]

    @cached_property
    def expression_dense(self) -> Floats:
        """All expressions as one (52, V, 3) array, cm."""
        dense = np.zeros((len(EXPRESSIONS), self.n_vertices, 3), np.float32)
        for j, (a, b) in enumerate(zip(self.expression_start[:-1], self.expression_start[1:], strict=True)):
            dense[j, self.expression_vertex[a:b]] = self.expression_delta[a:b]
        return dense

    def shape(self, identity: Floats | None = None, expression: Floats | None = None) -> Floats:
        """Vertices (V, 3) in cm for identity coefficients (K,) or fewer and expression weights (52,)."""
        vertices = self.neutral.copy()
        if identity is not None:
            vertices += np.tensordot(identity, self.identity[: len(identity)], 1)
        if expression is not None:
            for j in np.flatnonzero(expression):
                a, b = self.expression_start[j : j + 2]
                vertices[self.expression_vertex[a:b]] += expression[j] * self.expression_delta[a:b]
        return vertices

    def landmarks(self, vertices: Floats) -> Floats:
        """The 468 landmark points (468, 3) on given vertices (V, 3)."""
        corners = vertices[self.triangles[self.landmark_triangle]]  # (468, 3 corners, 3)
        points: Floats = np.einsum("lc,lcd->ld", self.landmark_bary, corners)
        return points

    def part_triangles(self, *names: str) -> Ints:
        """Triangles (n, 3) of the named parts."""
        return self.triangles[np.isin(self.part, [PART_INDEX[n] for n in names])]

    @classmethod
    def load(cls, path: Path | None = None) -> HeadModel:
        """Read a head file; without a path, the one that comes with the package (read once).

        Raises:
            FormatError: the file is not a Vasari head of a version this program knows.
        """
        return _bundled() if path is None else _read(path)

    def save(self, path: Path, card: dict[str, str]) -> None:
        """Write the model as ``.npz`` (half precision bases), with a provenance card in its header."""
        header = {"format": FORMAT, "version": FORMAT_VERSION, "groups": sorted(self.groups), "card": card}
        arrays: dict[str, NDArray[np.generic]] = {
            "header": np.frombuffer(json.dumps(header).encode(), np.uint8),
            "neutral": self.neutral,
            "triangles": self.triangles,
            "part": self.part,
            "identity": self.identity.astype(np.float16),
            "expression_start": self.expression_start,
            "expression_vertex": self.expression_vertex,
            "expression_delta": self.expression_delta.astype(np.float16),
            "landmark_triangle": self.landmark_triangle,
            "landmark_bary": self.landmark_bary,
        }
        arrays |= {f"group_{name}": ids for name, ids in self.groups.items()}
        np.savez_compressed(path, **arrays)  # type: ignore[arg-type]


@lru_cache(1)
def _bundled() -> HeadModel:
    with resources.as_file(resources.files("vasari.assets") / "head.npz") as path:
        return _read(path)


def _read(path: Path) -> HeadModel:
    try:
        with np.load(path, allow_pickle=False) as data:
            header = json.loads(bytes(data["header"]))
            arrays = {name: data[name] for name in data.files if name != "header"}
    except (OSError, ValueError, KeyError) as error:
        raise FormatError(f"{path} is not a Vasari head model: {error}") from error
    if header.get("format") != FORMAT or header.get("version") != FORMAT_VERSION:
        raise FormatError(
            f"{path} is {header.get('format')} version {header.get('version')}; "
            f"this program reads {FORMAT} version {FORMAT_VERSION}. Rebuild it with train/build_head.py."
        )
    groups = {name: arrays.pop(f"group_{name}") for name in header["groups"]}
    for name in ("identity", "expression_delta"):
        arrays[name] = arrays[name].astype(np.float32)
    return HeadModel(**arrays, groups=groups)
