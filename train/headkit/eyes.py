"""Eyes: spheres as eyeballs, lids seated on them, sockets behind."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from headkit.field import Field
from headkit.mouth import Piece
from headkit.sources import Array, Ids
from headkit.topology import EYE_BACK, Patch, Skin

IRIS_RADIUS = 0.59  # cm; the visible iris is 11.7 mm across in nearly every adult
SEGMENTS = 24
SEAT = (0.015, 0.03)  # cm: the inner edge of a lid lies this near to the eyeball
CARUNCLE = 0.35  # cm from the inner corner within which the lids stand off the eyeball
SOCKET_GAP = (0.03, 0.05)  # cm: the lining behind the lids lies this near to the eyeball


def fit_sphere(rims: Array, radius_prior: float = 1.37) -> tuple[Array, float]:
    """Centre (3,) and radius of the sphere on which the inner edges of the lids (n, 3) lie best."""

    def residual(p: Array) -> Array:
        return np.append(np.linalg.norm(rims - p[:3], axis=1) - p[3], 2.0 * (p[3] - radius_prior))

    start = np.append(rims.mean(0) - (0, 0, 1.1), radius_prior)
    found = least_squares(residual, start, loss="soft_l1", f_scale=0.05).x
    return found[:3], float(found[3] - SEAT[0])


def seat_lids(skin: Skin, shape: Array, field: Field, centre: Array, radius: float) -> Array:
    """Move the lids (V, 3) so that their inner edges touch the eyeballs; wrap the sockets around these."""
    out = shape.copy()
    for side, eye in enumerate(skin.eyes):
        at = centre * (1 - 2 * side, 1, 1)
        edge = eye.ids[EYE_BACK]
        arm = shape[edge] - at
        reach = np.linalg.norm(arm, axis=1)
        corner = shape[edge[skin.eye_corners[side][0]]]
        free = np.linalg.norm(shape[edge] - corner, axis=1) < CARUNCLE
        seated = np.clip(reach, radius + SEAT[0], np.where(free, np.inf, radius + SEAT[1]))
        out += field.spread(edge, arm * (seated / reach - 1)[:, None], reach=0.6, held=eye.ids[-1])
    for side, eye in enumerate(skin.eyes):
        at = centre * (1 - 2 * side, 1, 1)
        behind_lid(eye, out, at, radius)
        bag = skin.inside_eyes[side]
        arm = out[bag] - at
        reach = np.linalg.norm(arm, axis=1, keepdims=True)
        out[bag] = at + arm * np.clip(reach, radius + SOCKET_GAP[0], radius + SOCKET_GAP[1]) / reach
    return out


def behind_lid(eye: Patch, shape: Array, centre: Array, radius: float) -> None:
    """Lay the patch's last loop on the eyeball just behind the inner edge of the lids (in place)."""
    edge, last = shape[eye.ids[EYE_BACK]], eye.ids[-1]
    unit = (edge - centre) / np.linalg.norm(edge - centre, axis=1, keepdims=True)
    away = unit - unit.mean(0)
    away -= (away * unit).sum(1, keepdims=True) * unit
    unit = unit + 0.10 * away / np.linalg.norm(away, axis=1, keepdims=True)
    shape[last] = centre + (radius + 0.012) * unit / np.linalg.norm(unit, axis=1, keepdims=True)


def outside(points: Array, moves: Array, centre: Array, clearance: Array, steps: tuple[float, ...]) -> Array:
    """Lift ``moves`` (n, 3) until points + w * moves stay ``clearance`` (n,) from ``centre``.

    ``steps`` are the weights w at which this is asked for; a straight path between two points on a sphere
    cuts it deepest halfway, so the end point is lifted until the whole path is clear.
    """
    moves = moves.copy()
    for _ in range(30):
        worst = 0.0
        for w in steps:
            arm = points + w * moves - centre
            reach = np.linalg.norm(arm, axis=1)
            lack = np.maximum(clearance - reach, 0)
            moves += (arm / reach[:, None]) * (lack / w)[:, None]
            worst = max(worst, float(lack.max(initial=0)))
        if worst < 1e-5:
            break
    return moves


def eyeball(centre: Array, radius: float) -> tuple[Piece, Ids]:
    """A sphere, alike front and back, so that its vertices' mean is its centre; vertices of the iris."""
    rim = np.arcsin(IRIS_RADIUS / radius)
    front = np.array([rim / 3, 2 * rim / 3, rim, 1.3 * rim, 0.9, 1.2])
    polar = np.concatenate([front, [np.pi / 2], np.pi - front[::-1]])
    around = 2 * np.pi * np.arange(SEGMENTS) / SEGMENTS
    rings = np.stack(
        [
            np.outer(np.sin(polar), np.cos(around)),
            np.outer(np.sin(polar), np.sin(around)),
            np.outer(np.cos(polar), np.ones(SEGMENTS)),
        ],
        -1,
    ).reshape(-1, 3)
    unit = np.concatenate([[(0, 0, 1)], rings, [(0, 0, -1)]])
    last = len(unit) - 1
    triangles = []
    for k in range(SEGMENTS):
        j = (k + 1) % SEGMENTS
        triangles.append([0, 1 + k, 1 + j])
        for r in range(len(polar) - 1):
            a, b = 1 + r * SEGMENTS + k, 1 + r * SEGMENTS + j
            triangles += [[a, a + SEGMENTS, b + SEGMENTS], [a, b + SEGMENTS, b]]
        triangles.append([1 + (len(polar) - 1) * SEGMENTS + k, last, 1 + (len(polar) - 1) * SEGMENTS + j])
    return Piece(centre + radius * unit, np.array(triangles)), np.arange(1 + 3 * SEGMENTS)
