"""Rims of lids and lips on the ICT scan, as curves to which the same rims of the head are held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headkit.quads import QuadMesh
from headkit.sources import Array, Ict, Ids

# Vertices of the ICT mesh, picked by hand (left eye; middle of the upper and of the lower lip).
LID_FRONT = (4163, 2850)  # the outer edge of the lid margin, where the lashes grow
LID_BACK = (4161, 3753)  # the inner edge, on the eyeball
LID_BEHIND = 6587  # seed of the eye socket
UPPER_LIP = (5533, 6301)
LOWER_LIP = (5517, 6443)
LIP_BEHIND = 5519  # seed of the mouth's inside
INNER_LIP_LOOPS = 9  # loops inwards from the lower lip's rim that line the lips
LIP_CORNER_LANDMARK = 308  # MediaPipe's left inner corner of the mouth
RED_UPPER = (
    61,
    185,
    40,
    39,
    37,
    0,
    267,
    269,
    270,
    409,
    291,
)  # MediaPipe's outer edge of the red, right to left
RED_LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)


@dataclass(frozen=True)
class Curves:
    """Polylines (n, 3) on the ICT neutral, left eye from inner to outer corner, lips from right to left."""

    lid_front: tuple[Array, Array]  # upper, lower
    lid_back: tuple[Array, Array]
    lips: Array  # where they touch, one curve for both
    red: tuple[Array, Array]  # upper, lower
    hidden: Ids  # ICT vertices of the mouth's and the eye sockets' inside
    inner_lips: tuple[Ids, Ids]  # ICT vertices that line the upper and the lower lip

    @classmethod
    def find(cls, ict: Ict) -> Curves:
        """Walk the ICT mesh's loops."""
        mesh = QuadMesh(ict.quads)
        p = ict.neutral
        back = mesh.loop(*LID_BACK)
        lids = []
        for loop in (mesh.loop(*LID_FRONT), back):
            ring = p[loop]
            inner, outer = ring[:, 0].argmin(), ring[:, 0].argmax()
            arcs = [_arc(ring, inner, outer), _arc(ring, outer, inner)[::-1]]
            arcs.sort(key=lambda a: -a[:, 1].mean())
            lids.append((arcs[0], arcs[1]))
        upper = mesh.loop(*UPPER_LIP)
        lower = mesh.loop(*LOWER_LIP)
        hidden = mesh.flood(LIP_BEHIND, set(lower)) | set(lower)
        for sign in (1, -1):
            wall = {_nearest(p, p[v] * (sign, 1, 1)) for v in back}
            seed = _nearest(p, p[LID_BEHIND] * (sign, 1, 1))
            hidden |= mesh.flood(seed, wall)
        inner = mesh.rings(*LOWER_LIP, LIP_BEHIND, INNER_LIP_LOOPS)
        turn = np.sort([int(p[inner[0], 0].argmin()), int(p[inner[0], 0].argmax())])
        between = np.arange(inner.shape[1])
        upper_side = (between >= turn[0]) & (
            between <= turn[1]
        )  # the loops start in the middle of the lower lip
        red = ict.landmarks
        return cls(
            lids[0],
            lids[1],
            _lip_contact(p[upper], p[lower], ict.landmarks[LIP_CORNER_LANDMARK]),
            (red[list(RED_UPPER)], red[list(RED_LOWER)]),
            np.array(sorted(hidden)),
            (inner[:, upper_side].ravel(), inner[:, ~upper_side].ravel()),
        )


def _arc(ring: Array, start: int, end: int) -> Array:
    n = len(ring)
    return ring[(start + np.arange((end - start) % n + 1)) % n]


def _nearest(points: Array, target: Array) -> int:
    return int(np.linalg.norm(points - target, axis=1).argmin())


def _lip_contact(upper: Array, lower: Array, corner: Array) -> Array:
    """Midway between the lips' rims from corner to corner, (n, 3)."""
    x = np.linspace(0, 1.9, 20)

    def sample(rim: Array, sign: int) -> Array:
        half = rim[rim[:, 0] > -1e-4]
        middle_y = np.interp(half[:, 0], [0, corner[0]], [(upper[0, 1] + lower[0, 1]) / 2, corner[1]])
        half = half[sign * (half[:, 1] - middle_y) > -0.02]
        half = half[np.argsort(half[:, 0])]
        return np.stack([np.interp(x, half[:, 0], half[:, k]) for k in range(3)], 1)

    left = np.concatenate([(sample(upper, 1) + sample(lower, -1)) / 2, corner[None]])
    return np.concatenate([(left * (-1, 1, 1))[:0:-1], left])


def resample(curve: Array, fractions: Array) -> Array:
    """Points (n, 3) at fractions of the curve's length."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    return np.stack([np.interp(fractions * length[-1], length, curve[:, k]) for k in range(3)], 1)


def fractions(curve: Array) -> Array:
    """Fraction of its length at which each vertex of a polyline lies."""
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    return np.asarray(length / length[-1])
