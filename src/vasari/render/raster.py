"""Which triangle is seen at each sample of the picture: a z-buffered rasteriser.

Half-space rasterisation (Pineda, "A Parallel Algorithm for Polygon Rasterization", SIGGRAPH 1988) into
a *visibility buffer* (Burns and Hunt, JCGT 2013): only the triangle's number and depth are kept, and
everything else is interpolated once, where it is seen, by the shader.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.render.compiled import inlined
from vasari.render.lanes import WIDTH, keep_nearest

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

#: Samples along each side of a pixel.
SUPERSAMPLING = 2
#: Number of an uncovered sample.
NOTHING = -1
#: Spans are this much wider on both sides, samples, so that neighbours leave no gap.
HAIR = np.float32(1e-3)


@inlined
def _edge(
    x0: float, y0: float, x1: float, y1: float, y: float, left: float, right: float
) -> tuple[float, float, float, float]:
    """Where a row's span can begin and end by one edge: at height ``y``, and their growth from row to row."""
    down = y1 - y0
    if abs(down) < np.float32(1e-6):
        return left, np.float32(0), right, np.float32(0)
    slope = (x1 - x0) / down
    x = x0 + (y - y0) * slope
    if down > 0:
        return x, slope, right, np.float32(0)
    return left, np.float32(0), x, slope


@njit(cache=True, nogil=True, fastmath=True, boundscheck=False)
def rasterise(
    points: Floats,
    depth_of: Floats,
    triangles: Ints,
    order: Ints,
    window_of: Bytes,
    windows: Floats,
    box: Ints,
    depth: Floats,
    owner: Ints,
    plane: Floats,
    drawn: Ints,
) -> int:
    """Draw triangles into a visibility buffer; returns how many left a sample in it.

    Args:
        points: (V, 2) picture positions in pixels.
        depth_of: (V,) closeness to the camera, greater is nearer.
        triangles: (F, 3) vertex ids; those that show their back (counter-clockwise as seen) are skipped.
        order: (n,) numbers of the triangles to draw.
        window_of: (F,) through which window each triangle can be seen.
        windows: (n, 4) left, top, right, bottom in pixels; what lies outside of its own is skipped.
        box: (4,) left, top, right, bottom of the drawn rectangle, in whole pixels.
        depth: (2 H, 2 W) nearest closeness so far, changed in place.
        owner: (2 H, 2 W) triangle number or ``NOTHING``, changed in place.
        plane: (F, 6) filled with the barycentric weights of corners 1 and 2 as ``a x + b y + c`` in pixels.
        drawn: (F,) filled with the numbers of those triangles (a later one may have covered them).
    """
    scale = np.float32(SUPERSAMPLING)
    left, top = np.float32(box[0]), np.float32(box[1])
    height, width = depth.shape
    depth[:] = np.float32(-1e30)
    owner[:] = NOTHING
    bounds = np.empty_like(windows)  # in samples of the box
    for k in range(len(windows)):
        bounds[k, 0] = (max(windows[k, 0] - left, np.float32(0))) * scale
        bounds[k, 1] = (max(windows[k, 1] - top, np.float32(0))) * scale
        bounds[k, 2] = min((windows[k, 2] - left) * scale, np.float32(width))
        bounds[k, 3] = min((windows[k, 3] - top) * scale, np.float32(height))
    count = 0
    for k in range(len(order)):
        f = order[k]
        i, j, m = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        x0, y0 = (points[i, 0] - left) * scale, (points[i, 1] - top) * scale
        x1, y1 = (points[j, 0] - left) * scale, (points[j, 1] - top) * scale
        x2, y2 = (points[m, 0] - left) * scale, (points[m, 1] - top) * scale
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if area >= np.float32(-1e-6):
            continue
        left_most, right_most = min(x0, x1, x2), max(x0, x1, x2)
        highest, lowest = min(y0, y1, y2), max(y0, y1, y2)
        w = window_of[f]
        if (
            right_most < bounds[w, 0]
            or lowest < bounds[w, 1]
            or left_most > bounds[w, 2]
            or highest > bounds[w, 3]
        ):
            continue
        row0 = int(max(highest, bounds[w, 1]) + np.float32(0.5))
        row1 = int(min(lowest, bounds[w, 3]) + np.float32(0.5)) - 1
        inverse = np.float32(1.0) / area
        a1, b1 = (y2 - y0) * inverse, (x0 - x2) * inverse
        a2, b2 = (y0 - y1) * inverse, (x1 - x0) * inverse
        c1 = -(a1 * x0 + b1 * y0)
        c2 = -(a2 * x0 + b2 * y0)
        z0, z1, z2 = depth_of[i], depth_of[j] - depth_of[i], depth_of[m] - depth_of[i]
        z_right, z_down = a1 * z1 + a2 * z2, b1 * z1 + b2 * z2
        y = np.float32(row0) + np.float32(0.5)
        left_most, right_most = max(left_most, bounds[w, 0]), min(right_most, bounds[w, 2])
        low0, low_by0, high0, high_by0 = _edge(x0, y0, x1, y1, y, left_most, right_most)
        low1, low_by1, high1, high_by1 = _edge(x1, y1, x2, y2, y, left_most, right_most)
        low2, low_by2, high2, high_by2 = _edge(x2, y2, x0, y0, y, left_most, right_most)
        seen = False
        for row in range(row0, row1 + 1):
            down = np.float32(row - row0)
            low = max(low0 + down * low_by0, low1 + down * low_by1, low2 + down * low_by2, left_most)
            high = min(high0 + down * high_by0, high1 + down * high_by1, high2 + down * high_by2, right_most)
            first = int(low + (np.float32(0.5) - HAIR))
            last = int(high + (np.float32(0.5) + HAIR)) - 1
            for start in range(first, last + 1, WIDTH):
                begin = min(start, width - WIDTH)
                x = np.float32(begin) + np.float32(0.5)
                nearness = z0 + (x - x0) * z_right + (y - y0 + down) * z_down
                seen |= keep_nearest(
                    depth, owner, row * width + begin, nearness, z_right,
                    np.int32(start - begin), np.int32(last - begin), np.int32(f),
                )  # fmt: skip
        if seen:
            # the same planes over whole-picture pixels
            plane[f, 0], plane[f, 1] = a1 * scale, b1 * scale
            plane[f, 2] = c1 - (a1 * left + b1 * top) * scale
            plane[f, 3], plane[f, 4] = a2 * scale, b2 * scale
            plane[f, 5] = c2 - (a2 * left + b2 * top) * scale
            drawn[count] = f
            count += 1
    return count
