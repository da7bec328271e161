"""Walking on quad meshes: edge loops, columns across them, mirror images."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from headkit.sources import Array, Ids


class QuadMesh:
    """Neighbourhoods of a quad mesh (degenerate quads, with a repeated corner, are triangles)."""

    def __init__(self, quads: Ids):
        self.quads = quads
        self.neighbours: dict[int, set[int]] = defaultdict(set)
        self.edge_faces: dict[frozenset[int], list[int]] = defaultdict(list)
        for index, quad in enumerate(quads.tolist()):
            for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
                if a != b:
                    self.neighbours[a].add(b)
                    self.neighbours[b].add(a)
                    self.edge_faces[frozenset((a, b))].append(index)

    def straight(self, a: int, b: int) -> int:
        """The vertex that continues the edge a-b across b, which must have four edges."""
        if len(self.neighbours[b]) != 4:
            raise ValueError(f"vertex {b} has {len(self.neighbours[b])} edges, not 4: no straight way on")
        beside = {v for face in self.edge_faces[frozenset((a, b))] for v in self.quads[face].tolist()}
        (ahead,) = self.neighbours[b] - beside
        return ahead

    def line(self, a: int, b: int, length: int) -> list[int]:
        """``length`` vertices straight on from a, b."""
        path = [a, b]
        while len(path) < length:
            path.append(self.straight(path[-2], path[-1]))
        return path

    def loop(self, a: int, b: int) -> list[int]:
        """The closed edge loop that starts with a, b."""
        path = [a, b]
        while (ahead := self.straight(path[-2], path[-1])) != a:
            path.append(ahead)
        return path

    def rings(self, a: int, b: int, inward: int, count: int) -> Ids:
        """``count`` nested loops (count, n), the first through a, b; ``inward`` is a's neighbour in the next.

        Entries of one column are joined by edges.
        """
        first = self.loop(a, b)
        second = [inward]
        for previous, here in pairwise(first):
            (step,) = {v for v in self.neighbours[here] if self._share_quad(v, previous, here, second[-1])}
            second.append(step)
        rows = [first, second]
        while len(rows) < count:
            rows.append([self.straight(p, q) for p, q in zip(rows[-2], rows[-1], strict=True)])
        return np.array(rows[:count])

    def _share_quad(self, vertex: int, a: int, b: int, beside: int) -> bool:
        faces = self.edge_faces[frozenset((a, b))]
        return any({vertex, a, b, beside} == set(self.quads[f].tolist()) for f in faces)

    def flood(self, seed: int, walls: set[int]) -> set[int]:
        """All vertices reachable from ``seed`` without entering ``walls``."""
        seen, stack = {seed}, [seed]
        while stack:
            for v in self.neighbours[stack.pop()]:
                if v not in seen and v not in walls:
                    seen.add(v)
                    stack.append(v)
        return seen


def mirror_ids(vertices: Array, tolerance: float = 0.02) -> Ids:
    """For each vertex the one at its mirror image in x = 0 (itself on the middle).

    Raises:
        ValueError: the mesh is not symmetric.
    """
    distance, mirrored = cKDTree(vertices).query(vertices * (-1, 1, 1))
    if distance.max() > tolerance or (mirrored[mirrored] != np.arange(len(vertices))).any():
        raise ValueError(f"mesh is not symmetric in x: worst partner {distance.max():.3f} away")
    return np.asarray(mirrored, np.int64)
