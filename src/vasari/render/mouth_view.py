"""The mouth in a small upright view of fixed scale, with layers that tell what each part of it is.

The view hangs on the upper teeth, which are rigid: it neither breathes nor jumps as the lips move.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.render.raster import SUPERSAMPLING

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

#: Size of the view, pixels, and its scale at the front teeth.
WIDTH, HEIGHT = 96, 64
PIXELS_PER_CM = 12.5
#: Row of the view in which the edge of the front teeth stands.
EDGE_ROW = 24.0
#: Depth behind the front teeth that counts as 1, cm.
DEPTH_UNIT = 4.0
#: Layers of the view: colour, share of each thing in the pixel, depth behind the front teeth.
RED, GREEN, BLUE, TEETH_UPPER, TEETH_LOWER, TONGUE, FLESH, DEPTH = range(8)
N_LAYERS = 8


def view_affine(front: Floats, across: Floats, pixels_per_cm: float) -> Floats:
    """(2, 3) places in the picture of places in the view, both in pixels.

    Args:
        front: (2,) edge of the front teeth in the picture.
        across: (2,) from the subject's right to left teeth, as they stand in the picture.
        pixels_per_cm: of the picture, at the front teeth.
    """
    right = across / max(float(np.hypot(*across)), 1e-6)
    right = right * (pixels_per_cm / PIXELS_PER_CM)
    down = np.array([-right[1], right[0]])
    origin = front - right * (WIDTH / 2) - down * EDGE_ROW
    return np.stack([right, down, origin], 1).astype(np.float32)


@njit(cache=True, nogil=True, fastmath=True)
def look(
    affine: Floats, picture: Bytes, owner: Ints, depth: Floats, box: Ints, layer_of: Bytes,
    front_depth: float, out: Floats,
) -> None:  # fmt: skip
    """Fill the view ``out`` (N_LAYERS, HEIGHT, WIDTH): colour 0..1, shares 0..1, depth about 0..1.

    Args:
        affine: by :func:`view_affine`. picture: (S, S, 3).
        owner, depth, box: the visibility buffer (:mod:`vasari.render.raster`).
        layer_of: (F,) the layer of each triangle, 0 for those that are not inside the mouth.
        front_depth: closeness of the front teeth in the buffer's measure.
    """
    out[:] = 0
    rows, columns = owner.shape
    height, width = picture.shape[0], picture.shape[1]
    for i in range(HEIGHT):
        for j in range(WIDTH):
            for k in range(4):
                vx = np.float32(j) + np.float32(0.25) + np.float32(0.5) * (k % 2)
                vy = np.float32(i) + np.float32(0.25) + np.float32(0.5) * (k // 2)
                x = affine[0, 0] * vx + affine[0, 1] * vy + affine[0, 2]
                y = affine[1, 0] * vx + affine[1, 1] * vy + affine[1, 2]
                px = min(max(int(x), 0), width - 1)
                py = min(max(int(y), 0), height - 1)
                for c in range(3):
                    out[c, i, j] += picture[py, px, c] * np.float32(0.25 / 255)
                column, row = int((x - box[0]) * SUPERSAMPLING), int((y - box[1]) * SUPERSAMPLING)
                if row < 0 or column < 0 or row >= rows or column >= columns:
                    continue
                f = owner[row, column]
                if f >= 0 and layer_of[f] > 0:
                    out[layer_of[f], i, j] += np.float32(0.25)
                    behind = (front_depth - depth[row, column]) / np.float32(DEPTH_UNIT)
                    out[DEPTH, i, j] += np.float32(0.25) * min(max(behind, np.float32(0)), np.float32(1.5))


@njit(cache=True, nogil=True, fastmath=True)
def add_residual(
    affine: Floats, residual: Floats, owner: Ints, box: Ints, layer_of: Bytes, picture: Bytes
) -> None:
    """Add a view's residual (3, HEIGHT, WIDTH), 1 is white, to the inside of the mouth in ``picture``."""
    ax, bx, cx = affine[0]
    ay, by, cy = affine[1]
    inverse = np.float32(1) / (ax * by - bx * ay)
    x_reach = abs(ax) * WIDTH + abs(bx) * HEIGHT
    y_reach = abs(ay) * WIDTH + abs(by) * HEIGHT
    middle_x = ax * WIDTH * 0.5 + bx * HEIGHT * 0.5 + cx
    middle_y = ay * WIDTH * 0.5 + by * HEIGHT * 0.5 + cy
    left = max(int(middle_x - x_reach / 2), box[0])
    right = min(int(middle_x + x_reach / 2) + 1, box[0] + owner.shape[1] // 2)
    top = max(int(middle_y - y_reach / 2), box[1])
    bottom = min(int(middle_y + y_reach / 2) + 1, box[1] + owner.shape[0] // 2)
    for py in range(top, bottom):
        for px in range(left, right):
            share = np.float32(0)
            for k in range(4):
                f = owner[2 * (py - box[1]) + k // 2, 2 * (px - box[0]) + k % 2]
                if f >= 0 and layer_of[f] > 0:
                    share += np.float32(0.25)
            if share == 0:
                continue
            x, y = np.float32(px) + np.float32(0.5) - cx, np.float32(py) + np.float32(0.5) - cy
            u = (by * x - bx * y) * inverse - np.float32(0.5)
            v = (ax * y - ay * x) * inverse - np.float32(0.5)
            u = min(max(u, np.float32(0)), np.float32(WIDTH - 1.001))
            v = min(max(v, np.float32(0)), np.float32(HEIGHT - 1.001))
            i, j = int(v), int(u)
            fy, fx = v - i, u - j
            for c in range(3):
                upper = residual[c, i, j] + fx * (residual[c, i, j + 1] - residual[c, i, j])
                lower = residual[c, i + 1, j] + fx * (residual[c, i + 1, j + 1] - residual[c, i + 1, j])
                value = picture[py, px, c] + np.float32(255) * share * (upper + fy * (lower - upper))
                picture[py, px, c] = min(max(value + np.float32(0.5), 0), 255)
