"""Non-rigid registration: the MakeHuman head takes the shape of the ICT mean scan.

Similarity, then a thin-plate spline through landmarks and rims, then closest points with a Laplacian regulariser
that is relaxed step by step (after Amberg, Romdhani, Vetter, "Optimal Step Nonrigid ICP", CVPR 2007).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.interpolate import RBFInterpolator
from scipy.sparse.linalg import factorized

from headkit.curves import Curves, fractions, resample
from headkit.sources import Array, Ict, Ids, MakeHuman
from headkit.surface import Surface, laplacian, normals
from headkit.topology import EYE_BACK, EYE_FRONT, MOUTH_RED, MOUTH_RIM, Skin, triangulate

# MediaPipe landmark -> vertex of MakeHuman's base mesh at about the same spot (found by running the landmarker on
# a shaded picture of the mesh); good to a few millimetres, which is what a first alignment needs.
LANDMARKS = {
    4: 5054, 5: 5134, 6: 135, 8: 169, 9: 227, 18: 724, 27: 151, 30: 154, 32: 5213, 35: 216, 36: 5147, 46: 255,
    53: 225, 94: 312, 101: 5060, 105: 231, 107: 233, 111: 5089, 114: 5100, 115: 5095, 117: 901, 120: 5209,
    124: 211, 129: 5146, 134: 278, 140: 5222, 143: 5187, 151: 3750, 152: 5296, 165: 5341, 167: 5345, 168: 132,
    169: 5297, 193: 114, 195: 164, 197: 5063, 199: 5211, 206: 5322, 209: 197, 212: 5156, 216: 5140, 221: 175,
    222: 177, 226: 148, 228: 137, 230: 140, 233: 143, 236: 5256, 237: 274, 240: 286,
}  # fmt: skip
STIFFNESS = (300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 1.0, 1.0)
REACH = 1.2  # cm: closest points farther away are not believed


def register(skin: Skin, source: MakeHuman, ict: Ict) -> Array:
    """Positions (V, 3) of the skin on the ICT mean, with lips that touch."""
    start = np.asarray(skin.carry @ source.vertices)
    triangles, _ = triangulate(start, skin.polygons)
    curves = Curves.find(ict)
    rims, rim_targets = rim_constraints(skin, start, curves)

    ids = np.array(list(LANDMARKS.values()))
    here, there = source.vertices[ids], ict.landmarks[list(LANDMARKS)]
    here, there = _both_sides(here), _both_sides(there)
    scale, rotation, shift = similarity(here, there)
    align = scale * start @ rotation.T + shift
    knots = np.concatenate([scale * here @ rotation.T + shift, align[rims][::3]])
    spline = RBFInterpolator(knots, np.concatenate([there, rim_targets[::3]]) - knots, smoothing=0.02)
    shape = align + spline(align) * _fade(align, knots)[:, None]
    shape = _symmetric(shape, skin.mirror)

    target = Surface(ict.neutral, visible_triangles(ict, curves.hidden))
    outside = np.ones(len(shape), bool)
    outside[skin.inside_mouth] = False
    outside[np.concatenate([*skin.inside_eyes, *skin.ears])] = False
    base = shape
    smooth = laplacian(len(shape), triangles)
    for stiffness in STIFFNESS:
        face, bary, distance = target.closest(shape, normals(shape, triangles))
        weight = np.where(outside & (distance < REACH), 1.0, 0.0)
        goal = target.at(face, bary)
        weight[rims], goal[rims] = 30.0, rim_targets
        move = _solve(smooth, weight, goal - base, stiffness)
        shape = _symmetric(base + move, skin.mirror)
    shape[rims] = rim_targets
    return shape


def rim_constraints(skin: Skin, shape: Array, curves: Curves) -> tuple[Ids, Array]:
    """Vertices on rims of lids and lips and where they belong (equal fractions of length)."""
    ids: list[Ids] = []
    goals: list[Array] = []

    def hold(arc: Ids, curve: Array) -> None:
        ids.append(arc)
        goals.append(resample(curve, fractions(shape[arc])))

    for side, eye in enumerate(skin.eyes):
        inner, outer = skin.eye_corners[side]
        flip = np.array([1 - 2 * side, 1, 1])
        for row, pair in ((EYE_FRONT, curves.lid_front), (EYE_BACK, curves.lid_back)):
            hold(eye.arc(row, inner, outer), pair[0] * flip)
            hold(eye.arc(row, outer, inner)[::-1], pair[1] * flip)
    left, right = skin.mouth_corners
    for row, pair in ((MOUTH_RIM, (curves.lips, curves.lips)), (MOUTH_RED, curves.red)):
        hold(skin.mouth.arc(row, right, left), pair[0])
        hold(skin.mouth.arc(row, left, right)[::-1], pair[1])
    all_ids, first = np.unique(np.concatenate(ids), return_index=True)
    return all_ids, np.concatenate(goals)[first]


def visible_triangles(ict: Ict, hidden: Ids) -> Ids:
    """Triangles of the ICT skin without the insides of mouth and eye sockets, and without its other objects."""
    quads = ict.quads
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    triangles = triangles[(np.sort(triangles, 1)[:, 1:] != np.sort(triangles, 1)[:, :-1]).all(1)]
    n = len(ict.neutral)
    graph = sp.csr_matrix((np.ones(len(triangles) * 2), (triangles[:, [0, 1]].ravel(), triangles[:, [1, 2]].ravel())), (n, n))
    _, label = sp.csgraph.connected_components(graph, directed=False)
    keep = np.zeros(n, bool)
    keep[label == label[ict.landmark_vertices[4, 0]]] = True
    keep[hidden] = False
    return triangles[keep[triangles].all(1)]


def similarity(source: Array, target: Array) -> tuple[float, Array, Array]:
    """Scale, rotation (3, 3) and shift (3,) that carry ``source`` onto ``target`` best (Umeyama 1991)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, s, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(sign) @ vt
    scale = float((s * sign).sum() / (a**2).sum())
    return scale, rotation, target.mean(0) - scale * rotation @ source.mean(0)


def _solve(smooth: sp.csr_matrix, weight: Array, move: Array, stiffness: float) -> Array:
    """Displacements (V, 3) that meet weighted ``move`` and are smooth: min w|d - m|^2 + s|L d|^2 + e|d|^2."""
    system = sp.diags(weight + 1e-4) + stiffness * (smooth.T @ smooth)
    solve = factorized(system.tocsc())
    return np.stack([solve(weight * np.where(weight > 0, move[:, k], 0)) for k in range(3)], 1)


def _symmetric(shape: Array, mirror: Ids) -> Array:
    return np.asarray((shape + shape[mirror] * (-1, 1, 1)) / 2)


def _both_sides(points: Array) -> Array:
    return np.concatenate([points, points * (-1, 1, 1)])


def _fade(points: Array, knots: Array) -> Array:
    """1 near the knots, falling to 0 at 12 cm from them: a spline must not be trusted far outside its knots."""
    from scipy.spatial import cKDTree

    distance, _ = cKDTree(knots).query(points)
    return np.asarray(np.clip((12 - distance) / 10, 0, 1))
