"""One photo made animatable, once: everything a renderer needs, in one file."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vasari import defaults
from vasari.errors import UsageError
from vasari.head.camera import Camera, direction, yaw_pitch
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from vasari.head.face_rows import OVAL
from vasari.head.fit import HeadFit, fit_head
from vasari.head.landmarks import FaceLandmarker
from vasari.head.model import HeadModel
from vasari.portrait import sheet
from vasari.portrait.backdrop import cut_out
from vasari.portrait.border import within_border
from vasari.portrait.creases import crease_maps
from vasari.portrait.crop import MAX_SIDE, MAX_WHOLE_SIDE, Crop, crop_photo, fit_for_film
from vasari.portrait.eyeballs import Eyeball, eye_overlay, eye_texture
from vasari.portrait.eyelids import Lids, close_eyes
from vasari.portrait.glasses import Glasses, take_off_glasses
from vasari.portrait.lamp import FLAT
from vasari.portrait.moustache import moustache
from vasari.portrait.mouth import flatten_mouth, lips_alone, mouth_tints
from vasari.portrait.own_teeth import OwnTeeth, no_texture, see_teeth
from vasari.portrait.photo import choose_face, read_photo
from vasari.portrait.portrait_file import read_portrait, write_portrait
from vasari.portrait.residual import residual_field
from vasari.portrait.rig import ORAL, Rig, build_rig
from vasari.portrait.surface import Surface, describe_surface
from vasari.render import shade
from vasari.stages import stage

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Portrait:
    """A person from one photo, ready to move. Geometry is in camera space at the photo's pose, cm.

    N vertices: first the V of the head model, then the knots of the sheet behind the face.

    Attributes:
        picture: (P, P, 3) RGB, the view with a margin all round, without glasses. margin: its width, pixels.
        whole: (H, W, 3) the photo around it, even numbers of pixels; empty if it was not kept.
        place: (3,) column and row of the picture in the whole photo, and its side there, pixels.
        closed: (P, P, 3) the picture with the eyes shut.
        matte: (P, P) opacity of the person, 255 all over where they cannot be told from the background.
        backdrop: (P, P, 3) the picture without the person.
        glasses: (h, w, 4) taken off the picture, RGB weighted by opacity, which is the fourth; empty if none.
        glasses_at: (2,) column and row of the picture where they begin, and their ``folds`` (4, 2, 2) pixels,
            worn at (4, 2, 3) cm (:class:`vasari.portrait.glasses.Glasses`).
        overlay: (2, P, P, 3) over the eyeballs (:func:`vasari.portrait.eyeballs.eye_overlay`).
        creases: (K, P / 2, P / 2) folds that expressions raise (:mod:`vasari.portrait.creases`).
        lips: (h, w, 3) the lips without what shows between them; empty if they are shut.
        lips_place: (2,) column and row of these in the picture.
        moustache: (PLACES, 4) hair on the upper lip (:mod:`vasari.portrait.moustache`).
        teeth: (h, w, 4) the photo's own upper teeth (:mod:`vasari.portrait.own_teeth`), clear where unseen.
        eye_textures: (2, E, E, 3) left and right eyeball. eye_centers: (2, 3) cm.
        eye_angles: (2, 2) how the eyeballs were turned in their sockets, yaw and pitch in degrees.
        gaze: (2,) of the photo, relative to the camera, as :func:`vasari.head.fit.fit_head` judges it.
        focal, center: camera in the picture's pixels.
        rotation: (3, 3) and translation: (3,) of the head in the photo; pivot: (3,) it turns about.
        neutral: (N, 3); start, vertex, delta: the 52 expressions on them, sparse (CSR).
        rigidity: (N,) share in the head's turns. sway: (N,) share in its shifts up, down and aside.
        retreat: (K,) how much farther away the sheet's knots beside the hidden side of a turned head are when
            that side has turned to the camera, as a share of their distance.
        triangles: (F, 3) that are drawn; kinds: (F,) of surface (:mod:`vasari.render.shade`).
        attributes: (V, N_ATTRIBUTES) of the head's vertices (:mod:`vasari.render.shade`).
        normals: (V, 3) at rest; lamp: (4,) light: ambient and direction, as a share of the skin's brightness.
    """

    picture: Bytes
    margin: int
    whole: Bytes
    place: Ints
    closed: Bytes
    matte: Bytes
    backdrop: Bytes
    glasses: Bytes
    glasses_at: Ints
    folds: Floats
    worn: Floats
    overlay: Bytes
    creases: Bytes
    lips: Bytes
    lips_place: Ints
    moustache: Floats
    teeth: Bytes
    eye_textures: Bytes
    eye_centers: Floats
    eye_angles: Floats
    gaze: Floats
    focal: float
    center: Floats
    rotation: Floats
    translation: Floats
    pivot: Floats
    neutral: Floats
    start: Ints
    vertex: Ints
    delta: Floats
    rigidity: Floats
    sway: Floats
    retreat: Floats
    triangles: Ints
    kinds: Bytes
    attributes: Floats
    normals: Floats
    lamp: Floats

    @property
    def side(self) -> int:
        """Side of the square view, pixels."""
        return int(self.picture.shape[0]) - 2 * self.margin

    @property
    def distance(self) -> float:
        """Distance of the head to the camera in the photo, cm (for an assumed lens)."""
        return float(-self.translation[2])

    @property
    def yaw(self) -> float:
        """Turn of the head in the photo, degrees."""
        return float(yaw_pitch(self.rotation[:, 2])[0])

    @property
    def photo(self) -> Bytes:
        """(S, S, 3) the part of the photo that is shown."""
        m = self.margin
        picture = self.picture.copy()
        Glasses(self.glasses, self.glasses_at, self.folds).lay_over(picture)
        return picture[m : m + self.side, m : m + self.side]

    @property
    def surroundings(self) -> Bytes:
        """(H, W, 3) the whole photo.

        Raises:
            UsageError: the portrait was prepared without it.
        """
        if not self.whole.size:
            raise UsageError(
                "this portrait was prepared without the photo around it; prepare the photo again with "
                'frame="whole" (`vasari prepare --frame whole`)'
            )
        return self.whole

    @classmethod
    def create(
        cls,
        photo: str | Path | bytes | NDArray[np.generic],
        *,
        face: int | None = None,
        frame: str = defaults.FRAME,
        landmarker: FaceLandmarker | None = None,
    ) -> Portrait:
        """Prepare a photo.

        Args:
            photo: path or bytes of an image file, or an array (H, W[, 3 or 4]).
            face: which face, counted from the left, if there are several; by default the largest.
            frame: ``"whole"`` keeps the photo around the head, up to 3840 pixels a side; ``"crop"`` does not.
            landmarker: to reuse one that is loaded.

        Raises:
            UsageError: there is no such ``frame``.
            PhotoError: the photo cannot be read. NoFaceError: there is no (such) face in it.
        """
        whole = is_whole(frame)
        image = read_photo(photo)
        if whole:
            image = fit_for_film(image)
        with stage("loading networks"):
            landmarker = landmarker or FaceLandmarker()
        found = choose_face(image, landmarker, face)
        with stage("head model"):
            model = HeadModel.load()
        crop = crop_photo(image, found, MAX_WHOLE_SIDE if whole else MAX_SIDE)
        seen = crop.landmarks(found)
        side = crop.picture.shape[0]
        camera = Camera.default((crop.side, crop.side)).shifted(-crop.margin, -crop.margin)
        fit = fit_head(seen, (side, side), model, camera=camera)
        kept = image if whole else image[:0, :0]
        return _assemble(model, crop, kept, fit, seen.points[:, :2], seen.irises)

    def save(self, path: str | Path) -> None:
        """Write the portrait to one file (an ``.npz`` archive; no pickle), whole or not at all.

        Raises:
            OutputError: the file cannot be written there.
        """
        write_portrait(
            {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}, Path(path)
        )

    @classmethod
    def load(cls, path: str | Path) -> Portrait:
        """Read a portrait written by :meth:`save`.

        Raises:
            FormatError: not a portrait file, damaged, or of a version this program does not know.
        """
        return cls(**read_portrait(Path(path), {field.name for field in fields(cls)}))


def is_whole(frame: str) -> bool:
    """Whether a film shows the whole photo.

    Raises:
        UsageError: there is no such ``frame``.
    """
    if frame not in (defaults.CROP, defaults.WHOLE):
        raise UsageError(
            f"frame is {frame!r}; choose {defaults.CROP!r} (the head) or {defaults.WHOLE!r} (the photo)"
        )
    return frame == defaults.WHOLE


def _assemble(
    model: HeadModel, crop: Crop, whole: Bytes, fit: HeadFit, landmarks: Floats, irises: Floats
) -> Portrait:
    """Everything that follows from the fit."""
    camera = fit.camera
    turn, shift = np.asarray(fit.rotation, np.float32), np.asarray(fit.translation, np.float32)
    fitted = model.shape(fit.identity, fit.expression) @ turn.T + shift
    residual = residual_field(model, fitted, fit, landmarks, crop.side)
    rig = build_rig(model, fit, residual, landmarks)
    uv = camera.project(rig.photo).astype(np.float32)
    frame = sheet.FaceFrame.of(landmarks)
    matte, backdrop, free = cut_out(
        crop.picture,
        crop.seen,
        landmarks[list(OVAL)],
        uv[np.concatenate([model.groups[name] for name in ("ear_left", "ear_right", "scalp")])],
    )
    picture, glasses = take_off_glasses(crop.picture, landmarks)
    surface = describe_surface(model, rig, uv, picture, matte if free else None, landmarks, frame)
    lips, lips_place = lips_alone(model, picture, uv, landmarks)
    tints = mouth_tints(model, rig.photo, picture, uv, surface.skin_pixels)
    if surface.modelled < FLAT:
        flatten_mouth(model, tints)

    eyes = _eyeballs(model, rig.photo, uv, irises, camera)
    textures = [eye_texture(picture, eye, camera) for eye in eyes]
    closed_uv = camera.project(_shut(rig)).astype(np.float32)
    lids = [Lids.of(model, side, surface.visible, uv, closed_uv) for side in ("left", "right")]
    skin = np.median(surface.skin_pixels, 0).astype(np.float32)
    closed = close_eyes(picture, lids, skin, surface.modelled)
    attributes = surface.attributes(uv, closed_uv, tints)
    own = see_teeth(model, rig.neutral, crop.picture, camera, uv, skin)
    if own is not None:
        rig = _wearing(model, rig, attributes, own)
    for side, eye in zip(("left", "right"), eyes, strict=True):
        ball = model.groups[f"eye_{side}"]
        attributes[ball, 7:10] = rig.photo[ball] - eye.center

    knots = sheet.knots(picture.shape[0])
    neutral, (start, vertex, delta) = _with_sheet(model, rig, surface, uv, knots, frame, camera, landmarks)
    pivot = _pivot(model, rig.photo, turn)
    retreat = np.zeros(len(knots), np.float32)
    if surface.far.side:
        ears = np.concatenate([model.groups["ear_left"], model.groups["ear_right"]])
        skull = rig.photo[np.setdiff1d(surface.skin, ears)]
        retreat = sheet.retreat(neutral[model.n_vertices :], skull, pivot, camera, surface.far.side)
        retreat *= sheet.beyond_far_side(knots, landmarks[list(OVAL)], frame, surface.far.side)
    turns, shifts = np.ones((2, len(neutral)), np.float32)
    turns[surface.skin], shifts[surface.skin] = sheet.rigidity(uv[surface.skin], frame, free=free)
    loose = sheet.held(knots, frame, within_border(crop.picture, crop.seen), matte)
    turns[model.n_vertices :], shifts[model.n_vertices :] = (
        share * loose for share in sheet.rigidity(knots, frame, free=free)
    )
    return Portrait(
        picture=picture,
        margin=crop.margin,
        whole=whole,
        place=np.array([*crop.origin, crop.extent], np.int32),
        closed=closed,
        matte=matte,
        backdrop=backdrop,
        glasses=glasses.layer,
        glasses_at=glasses.corner.astype(np.int32),
        folds=glasses.folds,
        worn=glasses.worn(eyes, turn, camera),
        overlay=eye_overlay(picture, eyes, textures, camera, surface.modelled),
        creases=crease_maps(picture, landmarks, skin, surface.modelled),
        lips=lips,
        lips_place=lips_place,
        moustache=moustache(picture, landmarks, np.median(surface.skin_pixels, 0).astype(np.float32)),
        teeth=no_texture() if own is None else own.texture,
        eye_textures=np.stack(textures),
        eye_centers=np.stack([eye.center for eye in eyes]),
        eye_angles=np.stack([yaw_pitch(direction(eye.gaze) @ turn) for eye in eyes]).astype(np.float32),
        gaze=np.asarray(fit.gaze, np.float32),
        focal=float(camera.focal),
        center=np.asarray(camera.center, np.float32),
        rotation=turn,
        translation=shift,
        pivot=pivot,
        neutral=neutral,
        start=start,
        vertex=vertex,
        delta=delta,
        rigidity=turns,
        sway=shifts,
        retreat=retreat,
        triangles=surface.triangles,
        kinds=surface.kinds,
        attributes=attributes,
        normals=surface.normals,
        lamp=surface.lamp,
    )


def _wearing(model: HeadModel, rig: Rig, attributes: Floats, own: OwnTeeth) -> Rig:
    """The rig with the photo's own teeth, which ``attributes`` (V, N_ATTRIBUTES) are told of."""
    neutral = rig.neutral.copy()
    neutral[np.concatenate([model.groups[name] for name in ORAL])] += own.shift
    teeth = model.groups["teeth_upper"]
    neutral[teeth] = own.row
    attributes[teeth, shade.SHARE] = own.worn
    tints = attributes[teeth, shade.RED : shade.BLUE + 1]
    attributes[teeth, shade.RED : shade.BLUE + 1] = tints * (own.colour / np.maximum(tints.max(0), 1))
    attributes[teeth, shade.TWIN_U : shade.TWIN_V + 1] = own.place
    delta = rig.delta.copy()  # the tongue leaves the mouth where it would have
    out = slice(*rig.start[EXPRESSION_INDEX["tongueOut"] :][:2])
    far = np.linalg.norm(delta[out], axis=1, keepdims=True)
    delta[out] -= own.shift * far / max(float(far.max()), 1e-6)
    return replace(rig, neutral=neutral, delta=delta)


def _eyeballs(model: HeadModel, photo: Floats, uv: Floats, irises: Floats, camera: Camera) -> list[Eyeball]:
    eyes = []
    for side, iris in zip(("left", "right"), irises, strict=True):
        ball = photo[model.groups[f"eye_{side}"]]
        center = ball.mean(0)
        radius = float(np.median(np.linalg.norm(ball - center, axis=1)))
        upper, lower = uv[model.groups[f"lid_upper_{side}"]], uv[model.groups[f"lid_lower_{side}"]]
        opening = np.concatenate([upper, lower[::-1]])
        eyes.append(Eyeball.looking(center, radius, iris, opening, camera))
    return eyes


def _shut(rig: Rig) -> Floats:
    """Vertices with both eyes shut and all else as in the photo."""
    moved = rig.photo.copy()
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        j = EXPRESSIONS.index(name)
        a, b = rig.start[j : j + 2]
        moved[rig.vertex[a:b]] += rig.delta[a:b]
    return moved


@stage("sheet")
def _with_sheet(
    model: HeadModel,
    rig: Rig,
    surface: Surface,
    uv: Floats,
    knots: Floats,
    frame: sheet.FaceFrame,
    camera: Camera,
    landmarks: Floats,
) -> tuple[Floats, tuple[Ints, Ints, Floats]]:
    """Append the sheet's knots to the rig: neutral (N, 3) and sparse expressions."""
    outline = float(np.median(rig.photo[surface.outline, 2]))
    seen = surface.visible
    rim, rim_places = surface.far_rim
    points = sheet.knot_points(
        knots,
        np.concatenate([rig.photo[seen], rim]),
        np.concatenate([uv[seen], rim_places]),
        outline,
        camera,
    )
    face = np.flatnonzero(surface.alpha > 0.5)
    index, weight = sheet.tug(knots, uv[face], frame)
    difference = (rig.neutral - rig.photo)[face]  # the photo's own expression leaves the sheet too
    neutral = points + np.einsum("nk,nkc->nc", weight, difference[index])
    rows, starts = [], [0]
    deltas = []
    for a, b in zip(rig.start[:-1], rig.start[1:], strict=True):
        dense = np.zeros((model.n_vertices, 3), np.float32)
        dense[rig.vertex[a:b]] = rig.delta[a:b]
        pulled = np.einsum("nk,nkc->nc", weight, dense[face][index])
        moved = np.flatnonzero(np.abs(pulled).max(1) > 1e-3)
        rows.append(np.concatenate([rig.vertex[a:b], moved + model.n_vertices]))
        deltas.append(np.concatenate([rig.delta[a:b], pulled[moved]]))
        starts.append(starts[-1] + len(rows[-1]))
    return np.concatenate([rig.neutral, neutral]).astype(np.float32), (
        np.asarray(starts, np.int32),
        np.concatenate(rows).astype(np.int32),
        np.concatenate(deltas).astype(np.float32),
    )


def _pivot(model: HeadModel, photo: Floats, turn: Floats) -> Floats:
    """Top of the neck, where the head turns: under and behind the ears' middle."""
    ears = photo[np.concatenate([model.groups["ear_left"], model.groups["ear_right"]])].mean(0)
    return np.asarray(ears + turn @ np.array([0, -4.0, -1.0], np.float32), np.float32)
