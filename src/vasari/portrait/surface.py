"""The drawn surface of a portrait: which triangles, of what kind, how opaque, how lit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSIONS
from vasari.head.face_rows import OVAL
from vasari.head.model import PART_INDEX, HeadModel
from vasari.portrait.far_side import TURNED_FROM, FarSide, borrow_far_side
from vasari.portrait.lamp import FLAT, cheek_patches, fit_lamp, lamplight, modelled
from vasari.portrait.nearness import distance_to, neighbours, smoothstep
from vasari.portrait.pixels import disc, look_up
from vasari.portrait.rig import Rig
from vasari.portrait.sheet import FaceFrame
from vasari.portrait.surface_distance import edges_of, surface_distance
from vasari.render import shade
from vasari.render.geometry import vertex_normals
from vasari.stages import stage

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

#: The drawn face ends this far outside the landmarks along the skin, cm: full up to, gone at.
PATCH_FULL, PATCH_GONE = 0.3, 1.6
#: Skin that turned away from the camera this far (z of its normal) is left to the sheet: gone at, full from.
EDGE_GONE, EDGE_FULL = 0.1, 0.5
#: ... but only this near the outline of the face, along the skin: nose and lips have their own edges, cm.
OUTLINE_REACH = 3.0
#: Cheek and jaw of the far side are drawn farther out once they have turned to the camera, cm: fully up to
#: the first height over the eye, gone at the second (heights of the face). Temple and brow are the sheet's.
FAR_FULL, FAR_GONE = 0.8, 1.9
CHEEK_FULL, CHEEK_GONE = -0.12, 0.14
#: Where it is looked whether hair hangs beside the outline of the face, heights of the face.
BESIDE_FACE = (0.05, 0.09, 0.13)
#: Glasses reach so far below and above the eye, heights of the face, and stand so far in front of it, cm.
GLASSES_HEIGHT, GLASSES_FORWARD = (-0.14, 0.1), 1.2
#: Nearer than this to the person's outline nothing is lent, heights of the face; and what has less than this
#: share of the person's own skin on the far side, lent or not, fades.
INSIDE, OWN_SKIN = 0.02, 0.8
#: Less than this share of the far side is not worth a second look.
LEAST_BORROWED = 0.15
#: Movement of the lids at which a vertex is all lid, cm.
LID_MOVE = 0.30
#: ... and so is what lies so near to the rims of the eye, where lashes may lie: full up to, gone at, cm.
LID_FULL, LID_GONE = 0.4, 0.8
#: ... in flat drawings, whose eyes are as large as they please.
DRAWN_LID = 1.2, 1.9


@dataclass(frozen=True)
class Surface:
    """Description of the head's surface in the photo.

    Attributes:
        triangles: (F, 3) drawn. kinds: (F,) see :mod:`vasari.render.shade`.
        skin: ids of skin vertices. visible: of the face, seen by the camera. outline: on its oval.
        alpha: (V,) opacity. lid: (V,) share of the shut eye's picture.
        left: (V,) whether a vertex is on the subject's left.
        far: what a hidden side borrows. turned: (V,) its opacity when turned to the camera.
        far_rim: points (n, 3) and places (n, 2) where glasses would stand out beyond the far eye.
        normals: (V, 3).
        lamp: (4,) ambient, then direction, of the photo's light on skin.
        skin_pixels: (n, 3) colours of the cheeks.
        modelled: 0 for flat drawings to 1 for pictures with shading and texture.
    """

    triangles: Ints
    kinds: Bytes
    skin: Ints
    visible: Ints
    outline: Ints
    alpha: Floats
    lid: Floats
    left: NDArray[np.bool_]
    far: FarSide
    turned: Floats
    far_rim: tuple[Floats, Floats]
    normals: Floats
    lamp: Floats
    skin_pixels: Bytes
    modelled: float

    def attributes(self, uv: Floats, closed_uv: Floats, tints: Floats) -> Floats:
        """Vertex attributes (V, N_ATTRIBUTES) in the shader's columns."""
        table = np.ones((len(uv), shade.N_ATTRIBUTES), np.float32)
        table[:, shade.U : shade.V + 1] = uv
        table[:, shade.CLOSED_U : shade.CLOSED_V + 1] = closed_uv
        table[:, shade.LID] = self.lid
        table[:, shade.ALPHA] = self.alpha
        table[:, shade.RED : shade.BLUE + 1] = tints
        table[:, shade.TURNED] = self.turned
        twin = self.far.twin
        table[:, shade.SHARE] = self.far.share
        # places of neighbours must lie near each other: all have a twin, whether they borrow from it or not
        table[:, shade.TWIN_U : shade.TWIN_V + 1] = uv[twin]
        inside = np.unique(self.triangles[self.kinds == shade.TINTED])
        table[inside, shade.SHARE] = 0
        gained = np.setdiff1d(self.skin, inside)
        table[gained, shade.RED : shade.BLUE + 1] = self.far.gain[gained]
        for side in (self.left, ~self.left):
            lids = side & (self.lid > 0.5)
            if lids.any() and self.far.share[lids].mean() > 0.5:  # the eye is hidden: its twin shuts for it
                table[side, shade.CLOSED_U : shade.CLOSED_V + 1] = closed_uv[twin[side]]
        return table


@stage("surface")
def describe_surface(
    model: HeadModel,
    rig: Rig,
    uv: Floats,
    picture: Bytes,
    matte: Bytes | None,
    landmarks: Floats,
    frame: FaceFrame,
) -> Surface:
    """Describe the head as it stands in the photo.

    Args:
        model, rig: head and person. uv: (V, 2) places of the vertices in the picture, pixels.
        picture: (P, P, 3). matte: (P, P) opacity of the person, if they can be told from the background.
        landmarks: (468, 2) pixels. frame: of the face in the picture.
    """
    normals = np.empty_like(rig.photo)
    skin_order = np.flatnonzero(model.part == PART_INDEX["skin"]).astype(np.int32)
    vertex_normals(rig.photo, model.triangles, skin_order, normals)
    skin = np.unique(model.triangles[skin_order]).astype(np.int32)
    yaw = _yaw(model, rig.photo)
    edges = edges_of(model.part_triangles("skin"))
    reach = _reach(model, rig.photo, edges, FAR_GONE if abs(yaw) > TURNED_FROM else PATCH_GONE)
    patch = _faded(reach, PATCH_FULL, PATCH_GONE)
    visible = skin[(normals[skin, 2] > 0.1) & (patch[skin] > 0.3)]
    alpha = patch * _edge_fade(model, rig.photo, edges, normals)
    shaded = modelled(picture, landmarks, frame)
    lid = _lid_share(rig, model, LID_FULL, LID_GONE) if shaded > FLAT else _lid_share(rig, model, *DRAWN_LID)
    lamp = fit_lamp(picture, uv, normals, visible, landmarks, frame, shaded)
    light = lamplight(lamp, normals)
    far = borrow_far_side(model, rig.photo, normals, light, uv, picture, frame.height, yaw)
    more = np.maximum(_faded(reach, FAR_FULL, FAR_GONE) - alpha, 0) * (far.share > 0)
    if matte is not None and far.side:  # places beside the person have nothing to show, nor to lend
        inside = np.asarray(cv2.erode(matte, disc(INSIDE * frame.height)), np.uint8)
        own = look_up(inside, uv[None])[0].astype(np.float32) / 255
        far = replace(far, share=far.share * own[far.twin])
        more *= smoothstep((own + far.share * (1 - own)) / OWN_SKIN)
    rim = np.zeros((0, 3), np.float32), np.zeros((0, 2), np.float32)
    if far.share.max() > LEAST_BORROWED:
        side = float(np.sign(far.side))
        heights = frame.along(uv)[:, 1]
        eye = model.groups["lid_upper_left" if side > 0 else "lid_upper_right"][-1]
        more *= 1 - smoothstep((heights - heights[eye] - CHEEK_FULL) / (CHEEK_GONE - CHEEK_FULL))
        if matte is not None:
            edge = _outline(landmarks[list(OVAL)], frame, side)
            # hair that falls beside the face stays in front of it
            more *= _bare(matte, frame, side, edge, heights)
            rim = _far_rim(frame, side, edge, float(heights[eye]), rig.photo[eye])
    turned = alpha + more
    triangles, kinds = _drawn(model, np.maximum(alpha, turned), lid, far.share)
    skin_pixels = np.concatenate(cheek_patches(picture, landmarks, frame))
    outline = neighbours(uv[visible], landmarks[list(OVAL)], 1)[1][:, 0]
    return Surface(
        triangles,
        kinds,
        skin,
        visible,
        visible[outline].astype(np.int32),
        alpha,
        lid,
        model.neutral[:, 0] > 0,
        far,
        np.asarray(turned, np.float32),
        rim,
        normals,
        lamp,
        skin_pixels,
        shaded,
    )


def _outline(oval: Floats, frame: FaceFrame, side: float) -> Floats:
    """(n, 2) the outline of the face on one side (the sign of x), in face coordinates, from below upward."""
    outline = frame.along(oval)
    outline = outline[side * outline[:, 0] > 0]
    return np.asarray(outline[np.argsort(outline[:, 1])], np.float32)


def _bare(matte: Bytes, frame: FaceFrame, side: float, outline: Floats, heights: Floats) -> Floats:
    """(n,) how far the outline borders on background, not hair, at heights (n,) in face coordinates."""
    edge = np.interp(heights, outline[:, 1], outline[:, 0])
    beside = edge[:, None] + side * np.array(BESIDE_FACE)
    probes = np.stack([beside, np.broadcast_to(heights[:, None], beside.shape)], -1)
    hair = look_up(matte, frame.place(probes.astype(np.float32))).astype(np.float32).mean(1) / 255
    return np.asarray(1 - smoothstep((hair - 0.3) / 0.4), np.float32)


def _far_rim(
    frame: FaceFrame, side: float, outline: Floats, eye_height: float, eye: Floats
) -> tuple[Floats, Floats]:
    """Where glasses stand out beyond the outline: points (n, 3) in camera space and places (n, 2).

    The rim of glasses is nearer to the camera than the cheek behind it, and disappears behind the cheek
    when the face turns.
    """
    heights = eye_height + np.linspace(*GLASSES_HEIGHT, 8)
    edge = np.interp(heights, outline[:, 1], outline[:, 0])
    beside = edge[:, None] + side * np.array(BESIDE_FACE)
    places = frame.place(
        np.stack([beside, np.broadcast_to(heights[:, None], beside.shape)], -1).astype(np.float32)
    ).reshape(-1, 2)
    points = np.tile(eye + np.array([0, 0, GLASSES_FORWARD], np.float32), (len(places), 1))
    return points.astype(np.float32), places


def _yaw(model: HeadModel, photo: Floats) -> float:
    """Turn of the head against the view, degrees: the line between the ears against the picture plane."""
    left, right = (photo[model.groups[name]].mean(0) for name in ("ear_left", "ear_right"))
    middle = (left + right) / 2
    across, view = left - right, -middle / np.linalg.norm(middle)
    return float(np.degrees(np.arcsin(across @ view / np.linalg.norm(across))))


def _reach(model: HeadModel, photo: Floats, edges: NDArray[np.int64], most: float) -> NDArray[np.float64]:
    """(V,) distance from the landmarks' part of the face along the skin, up to ``most`` cm; 0 off skin."""
    skin = model.part_triangles("skin")
    sources = np.unique(model.triangles[model.landmark_triangle])
    reach = np.zeros(model.n_vertices)
    ids = np.unique(skin)
    reach[ids] = surface_distance(photo, edges, sources, most, nearest=True)[ids]
    return reach


def _faded(reach: NDArray[np.float64], full: float, gone: float) -> Floats:
    return np.asarray(1 - np.clip((reach - full) / (gone - full), 0, 1), np.float32)


def _edge_fade(model: HeadModel, photo: Floats, edges: NDArray[np.int64], normals: Floats) -> Floats:
    """(V,) opacity that leaves skin seen edge-on, near the outline of the face, to the sheet."""
    skin = model.part_triangles("skin")
    ids = np.unique(skin)
    rim = np.unique(model.triangles[model.landmark_triangle[list(OVAL)]])
    from_rim = surface_distance(photo, edges, rim, OUTLINE_REACH, nearest=True)[ids]
    edge = np.clip((normals[ids, 2] - EDGE_GONE) / (EDGE_FULL - EDGE_GONE), 0, 1)
    near_rim = np.clip(2 * (1 - from_rim / OUTLINE_REACH), 0, 1)
    fade = np.ones(model.n_vertices, np.float32)
    fade[ids] = 1 - near_rim * (1 - edge)
    return fade


def _lid_share(rig: Rig, model: HeadModel, full: float, gone: float) -> Floats:
    """(V,) how much a vertex belongs to the lids: by how far a blink moves it, and how near it is to rims.

    Args:
        full, gone: distance from the rims up to which it is all lid, and from which on not for this, cm.
    """
    share = np.zeros(len(rig.photo), np.float32)
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        j = EXPRESSIONS.index(name)
        a, b = rig.start[j : j + 2]
        moved = np.linalg.norm(rig.delta[a:b], axis=1)
        share[rig.vertex[a:b]] = np.maximum(share[rig.vertex[a:b]], np.clip(moved / LID_MOVE - 0.15, 0, 1))
    rims = np.concatenate(
        [model.groups[f"lid_{part}_{side}"] for part in ("upper", "lower") for side in ("left", "right")]
    )
    away = distance_to(rig.photo[rims], rig.photo)
    return np.maximum(share, 1 - smoothstep((away - full) / (gone - full))).astype(np.float32)


def _drawn(model: HeadModel, alpha: Floats, lid: Floats, borrowed: Floats) -> tuple[Ints, Bytes]:
    part_kind = {
        "mouth": shade.TINTED,
        "gums": shade.TINTED,
        "teeth_upper": shade.TINTED,
        "teeth_lower": shade.TINTED,
        "tongue": shade.TINTED,
        "eye_left": shade.EYE_LEFT,
        "eye_right": shade.EYE_RIGHT,
        "socket": shade.SOCKET,  # shows the photo's own corner of the eye
        "skin": shade.SKIN,
    }
    hidden = np.concatenate([model.groups[g] for g in ("scalp", "ear_left", "ear_right")])
    triangles, kinds = [], []
    for name, kind in part_kind.items():
        own = model.part_triangles(name)
        if name == "skin":  # what is left to the sheet still hides the inside of the mouth behind it
            own = own[(alpha[own].max(1) > 0) | ~np.isin(own, hidden).all(1)]
        of_kind = np.full(len(own), kind, np.uint8)
        if name == "skin":
            lids = lid[own].max(1) > 0
            left = model.neutral[own, 0].mean(1) > 0
            of_kind[lids & left], of_kind[lids & ~left] = shade.LID_LEFT, shade.LID_RIGHT
            tinted = model.part_triangles("mouth", "gums", "tongue", "teeth_upper", "teeth_lower")
            far = (borrowed[own].max(1) > LEAST_BORROWED) & ~np.isin(own, tinted).any(1)
            of_kind[far & left], of_kind[far & ~left] = shade.FAR_LEFT, shade.FAR_RIGHT
        triangles.append(own)
        kinds.append(of_kind)
    return np.concatenate(triangles).astype(np.int32), np.concatenate(kinds)
