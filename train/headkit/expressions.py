"""The 52 expressions on the skin: carried over from ICT, then made exact where surfaces meet.

What is enforced here: lips touch vertex to vertex in every shape but those that open the mouth, and so, the
model being linear, in their mixtures; jawOpen + mouthClose seals them; lids meet in a blink along the whole
rim and never cut the eyeball on their way; left and right are mirror images; the collar is still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from headkit.eyes import SEAT, behind_lid, outside
from headkit.field import Field
from headkit.mouth import Arch
from headkit.register import similarity
from headkit.sources import Array, Ict, Ids
from headkit.surface import Surface, normals
from headkit.topology import EYE_BACK, EYE_FRONT, MOUTH_RIM, Patch, Skin
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS

OPENING = {  # shapes that may part the lips
    "jawOpen", "mouthFunnel", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft",
    "mouthUpperUpRight",
}  # fmt: skip
ROLLING = {"mouthRollLower"}  # the lips' contact moves over the lower one: left as scanned
SLIDING = {"jawForward"}  # the lower lip slides along the upper: they meet in height only
LOWER_LEADS = {
    "mouthShrugLower": 0.7,
    "mouthShrugUpper": 0.4,
    "mouthRollUpper": 0.4,
}  # how far the closed lips follow the lower one (otherwise half-way)
NOSE_ONLY = (
    "noseSneerLeft",
    "noseSneerRight",
)  # the scanned shapes lift the lip as well, which is mouthUpperUp's task
STEPS = (0.25, 0.5, 0.75, 1.0)  # weights at which lids are kept outside the eyeball
LID_THICKNESS = {EYE_BACK: SEAT[0], EYE_BACK - 1: 0.05, EYE_FRONT: 0.09}  # cm off the eyeball, by loop
SKIN_THICKNESS = 0.10
LINING_DEPTH = (0.12, 0.45)  # cm, 0.4 and 1 cm from the lips' rim
STILL = 0.002  # cm: smaller movements are none


@dataclass(frozen=True)
class Jaw:
    """Rigid movement of the lower jaw in one expression: p -> rotation p + shift."""

    rotation: Array
    shift: Array

    def moves(self, points: Array) -> Array:
        """Displacements (n, 3) of points of the jaw."""
        return points @ self.rotation.T + self.shift - points


def ict_shapes(ict: Ict) -> Array:
    """The kit's expressions in ARKit's order (52, V, 3); tongueOut, which it lacks, is zero."""
    sided = {n for n in ict.expressions if n.endswith(("_L", "_R"))}

    def shape(name: str) -> Array:
        for long, short in (("Left", "_L"), ("Right", "_R")):
            if name.endswith(long) and name.removesuffix(long) + short in sided:
                return ict.expressions[name.removesuffix(long) + short]
        if name + "_L" in sided:
            return ict.expressions[name + "_L"] + ict.expressions[name + "_R"]
        return ict.expressions.get(name, np.zeros_like(ict.neutral))

    return np.stack([shape(name) for name in EXPRESSIONS])


def jaws(ict: Ict, shapes: Array, teeth: Ids) -> dict[str, Jaw]:
    """How the lower jaw moves, from the scan's lower teeth; only expressions that move it."""
    found = {}
    for name, moves in zip(EXPRESSIONS, shapes[:, teeth], strict=True):
        if np.abs(moves).max() > 0.2:
            _, rotation, _ = similarity(ict.neutral[teeth], ict.neutral[teeth] + moves)
            there = (ict.neutral[teeth] + moves).mean(0)
            found[name] = Jaw(rotation, there - rotation @ ict.neutral[teeth].mean(0))
    if "jawOpen" in found:  # opening is a turn in the middle plane
        found["jawOpen"] = _straight(found["jawOpen"])
    if "jawForward" in found:
        found["jawForward"] = _straight(found["jawForward"])
    return found


def _straight(jaw: Jaw) -> Jaw:
    angle = np.arctan2(jaw.rotation[2, 1], jaw.rotation[1, 1])
    c, s = np.cos(angle), np.sin(angle)
    return Jaw(np.array([[1, 0, 0], [0, c, -s], [0, s, c]]), jaw.shift * (0, 1, 1))


def swap_sides(name: str) -> str:
    """The name of the mirrored expression."""
    for a, b in (("Left", "Right"), ("Right", "Left")):
        if name.endswith(a):
            return name.removesuffix(a) + b
    return name


def mirror_shapes(shapes: Array, mirror: Ids) -> Array:
    """Average every expression with the mirror image of its partner."""
    partner = [EXPRESSION_INDEX[swap_sides(name)] for name in EXPRESSIONS]
    return np.asarray((shapes + shapes[partner][:, mirror] * (-1, 1, 1)) / 2)


def nose_only(shapes: Array, shape: Array) -> None:
    """Leave of noseSneer what is above the upper lip (in place)."""
    y = shape[:, 1]
    keep = 0.15 + 0.85 * _step(y, -2.6, -1.0)
    for name in NOSE_ONLY:
        shapes[EXPRESSION_INDEX[name]] *= keep[:, None]


@dataclass(frozen=True)
class Cover:
    """The skin over points of the mouth's lining: each point's nearest on its own side of the lips."""

    corners: Ids  # (n, 3) vertices of the triangle
    bary: Array  # (n, 3)
    depth: Array  # (n,) distance at rest
    triangles: Ids  # all triangles of the outer skin

    @classmethod
    def find(cls, skin: Skin, shape: Array, triangles: Ids, ids: Ids) -> Cover:
        """Cover of the lining's vertices ``ids``: skin above the lips' line for those above."""
        inside = np.zeros(len(shape), bool)
        inside[skin.inside_mouth] = True
        outer = triangles[~inside[triangles].any(1) & (shape[triangles, 2].min(1) > 2)]
        left, right = skin.mouth_corners
        line = shape[skin.mouth.arc(MOUTH_RIM, right, left)]
        above_points = shape[ids, 1] > np.interp(shape[ids, 0], line[:, 0], line[:, 1])
        middle = shape[outer].mean(1)
        above_skin = middle[:, 1] > np.interp(middle[:, 0], line[:, 0], line[:, 1])
        corners, bary, depth = np.zeros((len(ids), 3), np.int64), np.zeros((len(ids), 3)), np.zeros(len(ids))
        for points, faces in ((above_points, above_skin), (~above_points, ~above_skin)):
            surface = Surface(shape, outer[faces])
            face, bary[points], depth[points] = surface.closest(shape[ids[points]])
            corners[points] = surface.triangles[face]
        return cls(corners, bary, depth, outer)

    def at(self, values: Array) -> Array:
        """Vertex values (..., V, 3) at the covering points (..., n, 3)."""
        return np.asarray(np.einsum("nk,...nkd->...nd", self.bary, values[..., self.corners, :]))


def line_mouth(
    shapes: Array, skin: Skin, shape: Array, triangles: Ids, field: Field, jaw: dict[str, Jaw], known: Array
) -> Array:
    """Give the lining of the mouth its movement: near the skin with the skin, its floor with the jaw."""
    ids = skin.inside_mouth
    inside = np.zeros(len(shape), bool)
    inside[ids] = True
    cover = Cover.find(skin, shape, triangles, ids)
    cheek = _step(-cover.depth, -2.4, -1.2)[:, None]
    prior = cheek * cover.at(shapes)
    for name, bone in jaw.items():
        prior[EXPRESSION_INDEX[name]] += (
            (1 - cheek) * bone.moves(shape[ids]) * floor_share(shape[ids])[:, None]
        )
    values = shapes.copy()
    rim, _ = cKDTree(shape[skin.mouth.ids[MOUTH_RIM]]).query(shape)
    weight = np.where(inside, 0.05 * _step(rim, 0.3, 1.0) + 1e-4, 100.0)
    scanned = known[ids] > 0  # behind the lips the scan knows
    values[:, ids] = np.where(scanned[:, None], shapes[:, ids], prior)
    weight[ids[scanned]] = 1.0
    return field.fit(values, weight)


def floor_share(points: Array) -> Array:
    """The part of the jaw's movement that the lining takes: all below the bite in front, none above."""
    below = _step(-points[:, 1], 3.3, 4.3)
    return np.asarray(below * tongue_share(points))


def tongue_share(points: Array) -> Array:
    """The part of the jaw's movement that the tongue takes, falling to none at its root."""
    return _step(points[:, 2], 1.0, 7.0)


def smooth_loops(shapes: Array, patch: Patch, shape: Array, width: float) -> Array:
    """Smooth movements along a patch's loops (Gaussian of ``width`` cm): neighbours in a corner agree."""
    out = shapes.copy()
    for ring in patch.ids:
        step = np.linalg.norm(shape[np.roll(ring, -1)] - shape[ring], axis=1)
        place = np.cumsum(step)
        gap = np.abs(place[:, None] - place[None])
        gap = np.minimum(gap, place[-1] - gap)
        kernel = np.exp(-0.5 * (gap / width) ** 2) * (step + np.roll(step, 1))
        out[:, ring] = np.einsum("ab,nbd->nad", kernel / kernel.sum(1, keepdims=True), shapes[:, ring])
    return out


def seal_lips(shapes: Array, skin: Skin, field: Field) -> Array:
    """Make the lips' rims touch wherever they should, and part nowhere by passing through each other."""
    left, right = skin.mouth_corners
    upper = skin.mouth.arc(MOUTH_RIM, right, left)
    lower = skin.mouth.arc(MOUTH_RIM, left, right)[::-1]
    up, low = shapes[:, upper].copy(), shapes[:, lower].copy()
    for j, name in enumerate(EXPRESSIONS):
        if name in ROLLING or name == "mouthClose":
            continue
        share = LOWER_LEADS.get(name, 0.5)
        middle = (1 - share) * up[j] + share * low[j]
        parted = np.zeros((len(upper), 3))
        if name in OPENING:
            parted[:] = _step((up[j] - low[j])[:, 1], 0.0, 0.06)[:, None]
        if name in SLIDING:
            parted[:] = (1, 0, 1)
        up[j] = middle + parted * (up[j] - middle)
        low[j] = middle + parted * (low[j] - middle)
    j, k = EXPRESSION_INDEX["jawOpen"], EXPRESSION_INDEX["mouthClose"]
    meet = (up[j] + up[k] + low[j] + low[k]) / 2
    up[k], low[k] = meet - up[j], meet - low[j]
    ids = np.concatenate([upper, lower[1:-1]])
    wanted = np.concatenate([up, low[:, 1:-1]], 1)
    return np.asarray(shapes + field.spread(ids, wanted - shapes[:, ids], reach=1.0))


def clear_teeth(
    shapes: Array, skin: Skin, shape: Array, field: Field, arches: tuple[Arch, Arch], jaw: dict[str, Jaw]
) -> Array:
    """Push lips and lining out of teeth and gums: the upper ones rest, the lower go with the jaw."""
    thickness = np.full(len(shape), np.nan)
    thickness[skin.inside_mouth] = 0.02
    red = skin.mouth.ids[: MOUTH_RIM + 1]
    thickness[red] = np.linspace(0.25, 0.12, len(red))[:, None]
    beside = (np.abs(shape[:, 1] + 3.4) < 2.2) & (shape[:, 2] > 8.5) & np.isnan(thickness)
    thickness[beside] = 0.3
    ids = np.flatnonzero(~np.isnan(thickness))
    resting = np.minimum(*(arch.beyond(shape[ids])[0] for arch in arches))
    needed = np.minimum(thickness[ids], np.maximum(resting, 0.0))
    out = shapes.copy()
    for j, name in enumerate(EXPRESSIONS):
        if np.linalg.norm(shapes[j, ids], axis=1).max() < 0.1:
            continue
        push = np.zeros((len(ids), 3))
        for _ in range(3):
            for arch, bone in zip(arches, (None, jaw.get(name)), strict=True):
                here = shape[ids] + out[j, ids] + push
                if bone is not None:
                    here = (here - bone.shift) @ bone.rotation
                distance, way = arch.beyond(here)
                if bone is not None:
                    way = way @ bone.rotation.T
                push += np.maximum(needed - distance, 0)[:, None] * way
        if np.abs(push).max() > STILL:
            out[j] += _soft(field, ids, push)
    return out


def line_behind_skin(
    moves: Array, skin: Skin, shape: Array, triangles: Ids, field: Field, at_rest: bool = False
) -> Array:
    """Keep the lining of the mouth behind the skin of lips and cheeks in every one of ``moves`` (n, V, 3).

    Each point of the lining keeps ``LINING_DEPTH`` from the skin that lies over it at rest or, if not
    ``at_rest``, as much as it has there.
    """
    rim, _ = cKDTree(shape[skin.mouth.ids[MOUTH_RIM]]).query(shape)
    ids = skin.inside_mouth[(rim[skin.inside_mouth] > 0.4) & (shape[skin.inside_mouth, 2] > 7)]
    inside = np.zeros((len(shape), 1))
    inside[skin.inside_mouth] = 1
    cover = Cover.find(skin, shape, triangles, ids)
    depth = LINING_DEPTH[0] + (LINING_DEPTH[1] - LINING_DEPTH[0]) * _step(rim[ids], 0.4, 1.0)
    if not at_rest:
        lies = ((cover.at(shape) - shape[ids]) * cover.at(normals(shape, cover.triangles))).sum(1)
        depth = np.minimum(depth, np.maximum(lies, 0.05))
    out = moves.copy()
    for j in range(len(out)):
        for _ in range(2):
            now = shape + out[j]
            normal = cover.at(normals(now, cover.triangles))
            ahead = ((now[ids] - cover.at(now)) * normal).sum(1)
            back = -np.clip(ahead + depth, 0, 1.0)[:, None] * normal
            if np.abs(back).max() < STILL:
                break
            out[j] += _soft(field, ids, back) * inside
    return out


def _soft(field: Field, ids: Ids, push: Array) -> Array:
    """A smooth field (V, 3) that nearly makes the given pushes of vertices, and dies away from them."""
    values = np.zeros((len(field.shape), 3))
    values[ids] = push
    weight = np.full(len(field.shape), 0.05)
    weight[np.linalg.norm(values, axis=1) > STILL] = 4.0
    return field.fit(values, weight, stiffness=0.3)


def close_lids(shapes: Array, skin: Skin, shape: Array, field: Field, centre: Array, radius: float) -> Array:
    """Keep lids off the eyeballs in every expression, and let them meet in eyeBlink."""
    out = shapes.copy()
    for side, eye in enumerate(skin.eyes):
        at = centre * (1 - 2 * side, 1, 1)
        inner, outer = skin.eye_corners[side]
        clearance = _clearance(skin, shape, side, at, radius)
        near = np.flatnonzero(clearance > 0)
        bag = np.concatenate([skin.inside_eyes[side], eye.ids[-1]])
        out[:, bag] = 0

        def clear(moves: Array, ids: Ids, at: Array = at, clearance: Array = clearance) -> Array:
            return outside(shape[ids], moves, at, clearance[ids], STEPS)

        for j in range(len(out)):
            if np.abs(out[j, near]).max() > STILL:
                out[j, near] = clear(out[j, near], near)
        blink = out[EXPRESSION_INDEX["eyeBlinkLeft" if side == 0 else "eyeBlinkRight"]]
        ids, moves = [], []
        for row in LID_THICKNESS:
            up, low = eye.arc(row, inner, outer), eye.arc(row, outer, inner)[::-1]
            meet = 0.3 * (shape[up] + blink[up]) + 0.7 * (shape[low] + blink[low])
            for _ in range(8):  # lift the common line until both lids' paths to it are clear
                lifted = [clear(meet - shape[lid], lid) + shape[lid] for lid in (up, low)]
                meet = lifted[np.argmax([np.linalg.norm(p - at, axis=1).mean() for p in lifted])]
            ids += [up, low]
            moves += [meet - shape[up], meet - shape[low]]
        rim, first = np.unique(np.concatenate(ids), return_index=True)
        goal = np.concatenate(moves)[first]
        blink += field.spread(rim, goal - blink[rim], reach=0.9, held=bag)
        others = np.setdiff1d(near, rim)
        blink[others] = clear(blink[others], others)
        last = eye.ids[-1]
        for j in range(len(out)):  # the lids' inner side follows, and the front of the socket with it
            if np.abs(out[j, eye.ids[EYE_BACK]]).max() > STILL:
                moved = shape + out[j]
                behind_lid(eye, moved, at, radius)
                moves = field.spread(last, moved[last] - shape[last], reach=0.8)
                out[j, bag] = moves[bag]
    return out


def _clearance(skin: Skin, shape: Array, side: int, centre: Array, radius: float) -> Array:
    """Distance (V,) that lid vertices must keep from the eyeball's centre; 0 for all others."""
    eye = skin.eyes[side]
    reach = np.linalg.norm(shape - centre, axis=1)
    wanted = np.where((reach < radius + 1.2) & (shape[:, 2] > centre[2]), radius + SKIN_THICKNESS, 0)
    wanted[np.concatenate([skin.inside_eyes[side], eye.ids[-1], skin.inside_mouth])] = 0
    for row, thickness in LID_THICKNESS.items():
        wanted[eye.ids[row]] = radius + thickness
    return np.asarray(np.minimum(wanted, reach))


def lash_roots(lashes: Array, skin: Skin, shape: Array) -> Ids:
    """Per lash vertex (n, 4): nearest vertex of the lid's front edge, its neighbours, the one up the lid."""
    rows = []
    for eye, corners in zip(skin.eyes, skin.eye_corners, strict=True):
        edge, above = eye.ids[EYE_FRONT], eye.ids[EYE_FRONT - 2]
        table = np.stack([edge, np.roll(edge, -1), np.roll(edge, 1), above], 1)
        rows.append(
            np.delete(table, corners, 0)
        )  # in a closed corner the neighbours meet and give no direction
    table = np.concatenate(rows)
    return table[cKDTree(shape[table[:, 0]]).query(lashes)[1]]


def lash_moves(lashes: Array, skin: Skin, shape: Array, shapes: Array) -> Array:
    """Movement (52, n, 3) of lash vertices: fixed to the frame of the lid edge where they grow."""
    out = np.zeros((len(shapes), len(lashes), 3))
    roots = lash_roots(lashes, skin, shape)
    local = np.einsum("nij,nj->ni", _frames(shape, roots), lashes - shape[roots[:, 0]])
    for j, moves in enumerate(shapes):
        if np.abs(moves[roots]).max() > STILL:
            moved = shape + moves
            out[j] = moved[roots[:, 0]] + np.einsum("nji,nj->ni", _frames(moved, roots), local) - lashes
    return out


def _frames(shape: Array, roots: Ids) -> Array:
    """Orthonormal frames (n, 3, 3) at lid edges: along the edge, up the lid, outwards."""
    here, ahead, behind, up = (shape[roots[:, k]] for k in range(4))
    along = ahead - behind
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    rise = up - here
    rise -= (rise * along).sum(1, keepdims=True) * along
    rise /= np.linalg.norm(rise, axis=1, keepdims=True)
    return np.stack([along, rise, np.cross(along, rise)], 1)


def fade_collar(shapes: Array, shape: Array, collar: Ids) -> Array:
    """Nothing moves at the open edge, everything as it was 4 cm from it."""
    distance, _ = cKDTree(shape[collar]).query(shape)
    return np.asarray(shapes * _step(distance, 0.2, 4.0)[:, None])


def _step(x: Array, low: float, high: float) -> Array:
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))
