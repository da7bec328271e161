"""Which triangle is seen at each sample of the picture: a z-buffered rasteriser.

Half-space rasterisation (Pineda, "A Parallel Algorithm for Polygon Rasterization", SIGGRAPH 1988) into
a *visibility buffer* (Burns and Hunt, JCGT 2013): only the triangle's number and depth are kept, and
everything else is interpolated once, where it is seen, by the shader.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vasari.render.lanes import keep_nearest, ramp

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

#: Samples along each side of a pixel.
SUPERSAMPLING = 2
#: Number of an uncovered sample.
NOTHING = -1
#: Samples of a row that are drawn at once; a buffer must be as wide.
WIDTH = 8
#: Triangles are this much wider on both sides, samples, so that neighbours leave no gap.
HAIR = np.float32(1e-3)


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
        a12, b12 = a1 + a2, b1 + b2
        z_right, z_down = a1 * z1 + a2 * z2, b1 * z1 + b2 * z2
        # weights and nearness from here on are counted from corner 0
        y = np.float32(row0) + np.float32(0.5) - y0
        first, seen = max(int(left_most + np.float32(0.5)), 0), False
        last = min(int(right_most + np.float32(0.5)), width) - 1
        for start in range(first, last + 1, WIDTH):
            begin = min(start, width - WIDTH)
            x = np.float32(begin) + np.float32(0.5) - x0
            w1 = ramp(a1 * x + b1 * y + HAIR * abs(a1), a1)
            w2 = ramp(a2 * x + b2 * y + HAIR * abs(a2), a2)
            w0 = ramp(np.float32(1) - a12 * x - b12 * y + HAIR * abs(a12), -a12)
            nearness = ramp(z0 + z_right * x + z_down * y, z_right)
            for row in range(row0, row1 + 1):
                seen |= keep_nearest(depth, owner, row * width + begin, nearness, w0, w1, w2, np.int32(f))
                w0, w1, w2, nearness = w0 - b12, w1 + b1, w2 + b2, nearness + z_down
        if seen:
            # the same planes over whole-picture pixels
            plane[f, 0], plane[f, 1] = a1 * scale, b1 * scale
            plane[f, 2] = c1 - (a1 * left + b1 * top) * scale
            plane[f, 3], plane[f, 4] = a2 * scale, b2 * scale
            plane[f, 5] = c2 - (a2 * left + b2 * top) * scale
            drawn[count] = f
            count += 1
    return count
