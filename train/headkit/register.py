"""Non-rigid registration: the MakeHuman head takes the shape of the ICT mean scan.

Similarity, then a thin-plate spline through landmarks and rims, then closest points with a Laplacian
regulariser that is relaxed step by step (after Amberg, Romdhani, Vetter, "Optimal Step Nonrigid ICP
Algorithms for Surface Registration", CVPR 2007).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.interpolate import RBFInterpolator
from scipy.sparse.linalg import factorized
from scipy.spatial import cKDTree

from headkit.curves import Curves, fractions, resample
from headkit.sources import Array, Ict, Ids, MakeHuman
from headkit.surface import Surface, laplacian, normals
from headkit.topology import EYE_BACK, EYE_FRONT, MOUTH_RED, MOUTH_RIM, Skin, border, triangulate

# MediaPipe landmark -> vertex of MakeHuman's base mesh at about the same spot (found by running the
# landmarker on a shaded picture of the mesh); good to a few millimetres, enough for a first alignment.
LANDMARKS = {
    4: 5054, 5: 5134, 6: 135, 8: 169, 9: 227, 18: 724, 27: 151, 30: 154, 32: 5213, 35: 216, 36: 5147, 46: 255,
    53: 225, 94: 312, 101: 5060, 105: 231, 107: 233, 111: 5089, 114: 5100, 115: 5095, 117: 901, 120: 5209,
    124: 211, 129: 5146, 134: 278, 140: 5222, 143: 5187, 151: 3750, 152: 5296, 165: 5341, 167: 5345, 168: 132,
    169: 5297, 193: 114, 195: 164, 197: 5063, 199: 5211, 206: 5322, 209: 197, 212: 5156, 216: 5140, 221: 175,
    222: 177, 226: 148, 228: 137, 230: 140, 233: 143, 236: 5256, 237: 274, 240: 286,
}  # fmt: skip
# Vertex of MakeHuman's base mesh on the left ear -> the same spot on the ICT mean (cm), picked by hand.
EAR_SPOTS = {
    12012: (8.74, 3.60, -0.25), 12018: (9.09, 1.62, -1.54), 12329: (7.01, -2.00, 1.42),
    12207: (7.49, 0.83, 1.13), 12090: (7.95, 2.39, 0.71), 12064: (7.30, 0.11, 1.34),
    12030: (8.00, -0.91, -0.66), 12254: (8.57, 0.96, -0.64),
}  # fmt: skip
STIFFNESS = (300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.6, 0.4)
REACH = 1.2  # cm: closest points farther away are not believed
INNER_REACH, INNER_WEIGHT = 0.35, 0.2  # the same on the inner side of the lips, whose shape is less certain


def register(skin: Skin, source: MakeHuman, ict: Ict) -> Array:
    """Positions (V, 3) of the skin on the ICT mean, with lips that touch."""
    start = np.asarray(skin.carry @ source.vertices)
    triangles, _ = triangulate(start, skin.polygons)
    curves = Curves.find(ict)
    rims, rim_targets = rim_constraints(skin, start, curves)

    ids = np.array([*LANDMARKS.values(), *EAR_SPOTS])
    here = _both_sides(source.vertices[ids])
    there = _both_sides(np.concatenate([ict.landmarks[list(LANDMARKS)], np.array(list(EAR_SPOTS.values()))]))
    scale, rotation, shift = similarity(here, there)
    align = scale * start @ rotation.T + shift
    knots = np.concatenate([scale * here @ rotation.T + shift, align[rims][::3]])
    spline = RBFInterpolator(knots, np.concatenate([there, rim_targets[::3]]) - knots, smoothing=0.02)
    base = _symmetric(align + spline(align) * _fade(align, knots)[:, None], skin.mirror)

    outer = Surface(ict.neutral, visible_triangles(ict, curves.hidden))
    inner_lips = inner_lip_matches(skin, ict, curves)
    outside = np.setdiff1d(np.arange(len(base)), np.concatenate([skin.inside_mouth, *skin.inside_eyes]))
    smooth = laplacian(len(base), triangles)
    shape = base
    for stiffness in STIFFNESS:
        facing = normals(shape, triangles)
        weight, goal = np.zeros(len(base)), base.copy()
        for which, surface, reach in [(outside, outer, REACH), *inner_lips]:
            face, bary, distance = surface.closest(shape[which], facing[which])
            weight[which] = np.where(distance < reach, 1.0 if surface is outer else INNER_WEIGHT, 0.0)
            goal[which] = surface.at(face, bary)
        weight[rims], goal[rims] = 30.0, rim_targets
        shape = _symmetric(base + _solve(smooth, weight, goal - base, stiffness), skin.mirror)
    shape[rims] = rim_targets
    return _even_border(shape, border(triangles), outer)


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
    hold(skin.mouth.arc(MOUTH_RED, right, left), curves.red[0])
    hold(skin.mouth.arc(MOUTH_RED, left, right)[::-1], curves.red[1])
    upper, lower = skin.mouth.arc(MOUTH_RIM, right, left), skin.mouth.arc(MOUTH_RIM, left, right)[::-1]
    common = (fractions(shape[upper]) + fractions(shape[lower])) / 2  # vertex touches vertex
    for arc in (upper, lower):
        ids.append(arc)
        goals.append(resample(curves.lips, common))
    all_ids, first = np.unique(np.concatenate(ids), return_index=True)
    return all_ids, np.concatenate(goals)[first]


def visible_triangles(ict: Ict, hidden: Ids) -> Ids:
    """Triangles of the ICT skin without the insides of mouth and eye sockets and without other objects."""
    return _skin_triangles(ict, hidden, inside=False)


def inner_lip_matches(skin: Skin, ict: Ict, curves: Curves) -> list[tuple[Ids, Surface, float]]:
    """Vertices that line the upper and the lower lip, the scan's surface of each, how far to look for it."""
    left, right = skin.mouth_corners
    triangles = _skin_triangles(ict, curves.hidden, inside=True)
    matches = []
    for arc, lining in zip(((right, left), (left, right)), curves.inner_lips, strict=True):
        rows = [skin.mouth.arc(r, *arc)[3:-3] for r in range(MOUTH_RIM + 1, len(skin.mouth.ids))]
        surface = Surface(ict.neutral, triangles[np.isin(triangles, lining).all(1)])
        matches.append((np.concatenate(rows), surface, INNER_REACH))
    return matches


def _skin_triangles(ict: Ict, hidden: Ids, inside: bool) -> Ids:
    quads = ict.quads
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    triangles = triangles[(np.diff(np.sort(triangles, 1), axis=1) > 0).all(1)]
    keep = ict.objects() == 0
    is_hidden = np.zeros(len(ict.neutral), bool)
    is_hidden[hidden] = True
    keep &= is_hidden if inside else ~is_hidden
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


def _even_border(shape: Array, loop: Ids, surface: Surface, rounds: int = 40) -> Array:
    """Even out the open edge at the collar, along the scan's surface."""
    edge = shape[loop]
    for _ in range(rounds):
        edge = (edge + (np.roll(edge, 1, 0) + np.roll(edge, -1, 0)) / 2) / 2
        face, bary, _ = surface.closest(edge)
        edge = surface.at(face, bary)
    out = shape.copy()
    out[loop] = edge
    return out


def _fade(points: Array, knots: Array) -> Array:
    """1 near the knots, 0 beyond 12 cm: a spline must not be trusted far outside its knots."""
    distance, _ = cKDTree(knots).query(points)
    return np.asarray(np.clip((12 - distance) / 10, 0, 1))
