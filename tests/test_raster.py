"""Which triangle is seen where."""

import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.render.raster import NOTHING, SUPERSAMPLING, rasterise

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

SIDE = 40
RNG = np.random.default_rng(3)


def draw(points: Floats, nearness: Floats, triangles: Ints, window: tuple[float, ...] | None = None) -> Ints:
    samples = (SUPERSAMPLING * SIDE,) * 2
    owner = np.empty(samples, np.int32)
    rasterise(
        points,
        nearness,
        triangles,
        np.arange(len(triangles), dtype=np.int32),
        np.zeros(len(triangles), np.uint8),
        np.array([window or (0, 0, SIDE, SIDE)], np.float32),
        np.array([0, 0, SIDE, SIDE], np.int32),
        np.empty(samples, np.float32),
        owner,
        np.empty((len(triangles), 6), np.float32),
        np.empty(len(triangles), np.int32),
    )
    return owner


def weights(points: Floats, triangle: Ints) -> NDArray[np.float64]:
    """(3, n, n) barycentric weights at every sample."""
    axis = (np.arange(SUPERSAMPLING * SIDE) + 0.5) / SUPERSAMPLING
    places = np.stack([*np.meshgrid(axis, axis), np.ones((len(axis),) * 2)])
    corners = np.concatenate([points[triangle].T.astype(float), np.ones((1, 3))])
    return np.asarray(np.einsum("ij,jyx->iyx", np.linalg.inv(corners), places))


def test_the_nearest_triangle_is_seen() -> None:
    points = RNG.uniform(-6, SIDE + 6, (60, 2)).astype(np.float32)
    nearness = RNG.uniform(-1, 1, 60).astype(np.float32)
    triangles = RNG.permutation(60).reshape(20, 3).astype(np.int32)
    owner = draw(points, nearness, triangles)
    depth = np.full((20, *owner.shape), -np.inf)
    clear = np.ones(owner.shape, bool)  # of edges, and of others as near
    for k, triangle in enumerate(triangles):
        edges = points[triangle[1:]] - points[triangle[0]]
        w = weights(points, triangle)
        if np.linalg.det(edges) < 0:  # it shows its front
            depth[k] = np.where(w.min(0) > 0, np.einsum("i,iyx->yx", nearness[triangle], w), -np.inf)
            clear &= np.abs(w).min(0) > 1e-3
    two = np.sort(depth, 0)[-2:]
    clear &= (two[1] == -np.inf) | (two[1] - np.where(np.isinf(two[0]), -9, two[0]) > 1e-4)
    expected = np.where(two[1] == -np.inf, NOTHING, depth.argmax(0))
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(owner[clear], expected[clear])


@pytest.mark.parametrize("cells", [3, 17, 60])
def test_neighbours_leave_no_gap(cells: int) -> None:
    axis = np.linspace(-1, SIDE + 1, cells + 1)
    points = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    points += RNG.uniform(-0.3, 0.3, points.shape) * (axis[1] - axis[0]) * 0.5
    corner = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    below = corner + cells + 1
    triangles = np.concatenate(
        [np.stack([corner, below, corner + 1], 1), np.stack([corner + 1, below, below + 1], 1)]
    ).astype(np.int32)
    owner = draw(points.astype(np.float32), np.zeros(len(points), np.float32), triangles)
    assert (owner != NOTHING).all()


def test_nothing_is_seen_above_or_below_its_window() -> None:
    points = np.array([[0, 0], [0, 100], [100, 0]], np.float32)
    owner = draw(points, np.zeros(3, np.float32), np.array([[0, 1, 2]], np.int32), (0, 10, SIDE, 20))
    rows = np.flatnonzero((owner != NOTHING).any(1)) / SUPERSAMPLING
    assert rows.min() > 9
    assert rows.max() < 21
