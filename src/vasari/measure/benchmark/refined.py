"""The same portrait of more triangles: what drawing costs against their number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vasari.portrait.portrait import Portrait

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


def refined(portrait: Portrait, share: float) -> Portrait:
    """A portrait that looks the same, a share of whose triangles are each cut into four.

    New vertices stand in the middles of edges and move with their ends. An edge between a triangle that is
    cut and one that is not stays straight, so that nothing gapes.

    Args:
        portrait: whose triangles to cut.
        share: 0 none .. 1 all of them; the first ones in the list.
    """
    head = len(portrait.attributes)
    cut = portrait.triangles[: round(share * len(portrait.triangles))]
    edges = np.sort(cut[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    ends, middle = np.unique(edges, axis=0, return_inverse=True)
    a, b, c = cut.T
    ab, bc, ca = (head + middle.reshape(-1, 3)).T
    quarters = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], 1).reshape(-1, 3)
    start, vertex, delta = _moved(portrait, ends)

    def halved(values: Floats) -> Floats:
        """With the middles between the head's vertices and the sheet's knots."""
        between = (values[ends[:, 0]] + values[ends[:, 1]]) / 2
        return np.concatenate([values[:head], between, values[head:]]).astype(np.float32)

    return replace(
        portrait,
        neutral=halved(portrait.neutral),
        rigidity=halved(portrait.rigidity),
        sway=halved(portrait.sway),
        attributes=halved(portrait.attributes),
        normals=halved(portrait.normals),
        start=start,
        vertex=vertex,
        delta=delta,
        triangles=np.concatenate([quarters, portrait.triangles[len(cut) :]]).astype(np.int32),
        kinds=np.concatenate([np.repeat(portrait.kinds[: len(cut)], 4), portrait.kinds[len(cut) :]]),
    )


def _moved(portrait: Portrait, ends: Ints) -> tuple[Ints, Ints, Floats]:
    """The sparse expressions (start, vertex, delta) with the middles of edges (n, 2) among them."""
    head = len(portrait.attributes)
    vertices, deltas, starts = [], [], [0]
    for first, last in zip(portrait.start[:-1], portrait.start[1:], strict=True):
        vertex, delta = portrait.vertex[first:last], portrait.delta[first:last]
        dense = np.zeros((head, 3), np.float32)
        own = vertex < head
        dense[vertex[own]] = delta[own]
        between = (dense[ends[:, 0]] + dense[ends[:, 1]]) / 2
        moving = np.flatnonzero(between.any(1))
        vertices.append(np.concatenate([np.where(own, vertex, vertex + len(ends)), head + moving]))
        deltas.append(np.concatenate([delta, between[moving]]))
        starts.append(starts[-1] + len(vertices[-1]))
    return (
        np.array(starts, np.int32),
        np.concatenate(vertices).astype(np.int32),
        np.concatenate(deltas).astype(np.float32),
    )
