"""Portrait + one moment of motion -> picture."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.camera import Camera, direction, eye_angles, gaze_of, rotation_matrix
from vasari.head.expressions import EXPRESSION_INDEX
from vasari.head.model import HeadModel
from vasari.motion.motion import MotionFrame
from vasari.portrait.creases import COARSENESS, DEPTH, EVEN, crease_weights
from vasari.portrait.lamp import lamplight
from vasari.portrait.portrait import Portrait
from vasari.portrait.sheet import RETREAT_TURN
from vasari.render import fringe, geometry, shade
from vasari.render.eyelids import MadeLids, lid_cover, with_lids
from vasari.render.glasses import GlassesPainter
from vasari.render.mouth_light import MouthLight
from vasari.render.raster import SUPERSAMPLING, WIDTH, rasterise
from vasari.render.sheet import SheetPainter
from vasari.render.texture import packed, texels_of, texture, unpacked
from vasari.render.tongue import TongueTip
from vasari.stages import stage

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Packed = NDArray[np.uint32]

#: Depth taken from parts behind lids and lips so that these always cover them, cm.
RECESS = {shade.SOCKET: 0.8, shade.EYE_LEFT: 0.35, shade.EYE_RIGHT: 0.35, shade.TINTED: 0.15}
#: ... and more from the tongue, so that the inner sides of the lips cover it, cm.
TONGUE_RECESS = 0.2
#: ... and more from what is beside and under it: seen from the side their coarse surfaces cross, cm.
BESIDE_TONGUE = {"teeth_lower": 0.5, "gums_lower": 0.8}
#: ... and from the lining of the mouth, as far behind the lips as this, cm.
LINING_RECESS, LINING_DEPTH = 1.0, 1.0
#: Over lips nearer than this no moustache hangs, cm.
SHUT = 0.06
#: A hidden side is its twin's when it has turned by this much towards the camera (cosine), solid at this one.
FAR_TURN, FAR_EDGE = 0.2, 0.15
#: The eyeballs of a photo are off by at most this much, degrees.
MOST_OFFSET = 20.0
#: Blur of the eyeballs' textures, pixels of the picture.
EYE_BLUR_PX = 0.4
#: The eye turns down under its lid as it shuts, degrees.
BLINK_DIP = 12.0
#: An eyeball turned by less than the first from where it stood in the photo is seen as there, by more than
#: the second as modelled, degrees: so few that what they mix lies 1.5 pixels of a 512 picture apart.
AS_PHOTOGRAPHED = 1.5, 5.0
#: Folds weaker than this are not drawn.
LEAST_CREASE = 0.03
#: The inside of the mouth is looked for as far around the opening between the lips, pixels.
LIP_MARGIN_PX = 3.0
#: The face is drawn in a box at least so wide and high, pixels.
LEAST_BOX = WIDTH // SUPERSAMPLING
#: Skin may get this much darker or brighter as it turns in the light.
LIGHT_RANGE = (0.8, 1.2)


class _Scratch:
    """Memory for one picture in the making; drawings that overlap in time take one each."""

    def __init__(self, portrait: Portrait, attributes: Floats, size: int) -> None:
        head = len(attributes)
        self.points = np.empty((len(portrait.neutral), 3), np.float32)
        self.places = np.empty((len(portrait.neutral), 2), np.float32)
        self.normals = np.empty((head, 3), np.float32)
        self.plane = np.zeros((len(portrait.triangles), 6), np.float32)
        self.skin = np.zeros((len(portrait.triangles), 3, 4), np.float32)
        self.drawn = np.zeros(len(portrait.triangles), np.int32)
        self.attributes = attributes.copy()
        self._samples = (SUPERSAMPLING * size) ** 2
        self._depth = np.empty(self._samples, np.float32)
        self._owner = np.empty(self._samples, np.int32)
        self.box = np.zeros(4, np.int32)
        self.gap = 0.0  # between the lips, cm
        self.creases = np.zeros(portrait.creases.shape[1:], np.float32)
        self.folded = np.zeros(4, np.float32)

    def samples(self, width: int, height: int) -> tuple[Floats, Ints]:
        """Depth and owner of a box of pixels, each (2 height, 2 width)."""
        shape = (SUPERSAMPLING * height, SUPERSAMPLING * width)
        n = shape[0] * shape[1]
        return self._depth[:n].reshape(shape), self._owner[:n].reshape(shape)


class Renderer:
    """Draws one portrait at one size; may be called from several threads at once.

    Args:
        portrait: whom to draw.
        size: side of the pictures, pixels, even, 256 to 1024.
        steady: whether the torso stays where it is when the head comes nearer.

    A triangle rasteriser draws the face, eyes and the inside of the mouth, anti-aliased, over an
    elastic sheet with hair and torso, over a background that stays. A picture depends on its frame alone.
    """

    def __init__(self, portrait: Portrait, size: int = 512, *, steady: bool = False) -> None:
        self.size = size
        scale = size / portrait.side
        portrait = _by_kind(portrait)
        self._p = portrait
        self._focal = portrait.focal * scale
        self._center = ((portrait.center - portrait.margin) * scale).astype(np.float32)
        self._picture = packed(texture(_with_lips(portrait), scale))
        self._closed = packed(texture(portrait.closed, scale))
        self._overlay = np.stack([packed(texture(part, scale)) for part in portrait.overlay])
        self._head = len(portrait.attributes)
        self._attributes = portrait.attributes.copy()
        fine = texels_of(scale * portrait.picture.shape[0])
        for column in (shade.U, shade.CLOSED_U, shade.TWIN_U):
            self._attributes[:, column : column + 2] *= scale * fine
        self._tinted = np.unique(portrait.triangles[portrait.kinds == shade.TINTED])
        model = HeadModel.load()
        groups = model.groups
        upper = groups["teeth_upper"]
        own = portrait.attributes[self._tinted, shade.SHARE] > 0
        worn = self._tinted[own]
        self._attributes[worn, shade.TWIN_U : shade.TWIN_V + 1] = portrait.attributes[
            worn, shade.TWIN_U : shade.TWIN_V + 1
        ]
        tints = portrait.attributes[self._tinted, shade.RED : shade.BLUE + 1]
        flat = not portrait.lamp[1:].any()  # no light falls on flat colours
        self._mouth_light = MouthLight(model, self._tinted.astype(np.int32), tints, own, flat=flat)
        self._rims = groups["lip_upper_rim"], groups["lip_lower_rim"]
        self._creases = [_boxed(fold) for fold in portrait.creases]
        self._crease_scale = 1 / (scale * fine * COARSENESS)
        self._eye_textures = _band_limited(portrait, self._focal)
        self._gaze_offset = _gaze_offset(portrait)
        self._strands = fringe.strands() if portrait.moustache[:, 0].any() else None
        self._tongue = TongueTip(model, _front_tooth(portrait.neutral, upper), portrait.rotation)
        self._skin_order = np.flatnonzero(portrait.kinds <= shade.FAR_RIGHT).astype(np.int32)
        self._tinted_order = np.flatnonzero(portrait.kinds == shade.TINTED).astype(np.int32)
        self._plain = int(np.searchsorted(portrait.kinds, shade.SKIN, "right"))
        self._plain_or_lid = int(np.searchsorted(portrait.kinds, shade.LID_RIGHT, "right"))
        self._through_lips = (portrait.kinds == shade.TINTED).astype(np.uint8)
        self._order = np.arange(len(portrait.triangles), dtype=np.int32)
        self._skin = np.setdiff1d(np.unique(portrait.triangles[self._skin_order]), self._tinted)
        opacity = portrait.attributes[self._skin][:, [shade.ALPHA, shade.TURNED]].max(1)
        self._opaque = self._skin[opacity > 0]
        self._far = np.unique(portrait.triangles[np.isin(portrait.kinds, (shade.FAR_LEFT, shade.FAR_RIGHT))])
        self._lids = [MadeLids.of(portrait, side) for side in ("Left", "Right")]
        self._rest_light = lamplight(portrait.lamp, portrait.normals[self._skin])
        across = portrait.rotation[:, 0]  # through the head's middle plane, where twins are mirrored
        opposite = portrait.normals[self._far] @ (np.eye(3, dtype=np.float32) - 2 * np.outer(across, across))
        self._far_light = lamplight(portrait.lamp, portrait.normals[self._far])
        self._forward_turn = float(np.copysign(RETREAT_TURN, -portrait.yaw))
        self._twin_light = lamplight(portrait.lamp, opposite)
        self._recess = _recess(portrait, model)
        self._recess[portrait.triangles[self._skin_order]] = 0
        self._sheet = SheetPainter(portrait, size)
        camera = Camera(self._focal, (float(self._center[0]), float(self._center[1])))
        self._glasses = GlassesPainter(portrait, scale, camera) if portrait.glasses.size else None
        # it is the camera that moves, unless something stands still around the person
        self._nearing = portrait.rigidity if steady else np.ones_like(portrait.rigidity)
        self._scratches: deque[_Scratch] = deque()

    def render(self, frame: MotionFrame) -> Bytes:
        """The picture (size, size, 3), RGB, of one moment."""
        scratch = self._scratch()
        turn = np.asarray(rotation_matrix(*frame.rotation), np.float32)
        looks = self._looks(frame, turn)
        weights = with_lids(frame, looks)
        forward = float(np.clip(frame.rotation[0] / self._forward_turn, 0, 1))
        self._move(scratch, weights, turn, np.asarray(frame.translation, np.float32), forward)
        self._light(scratch)
        with stage("sheet"):
            drawing = self._sheet.draw(scratch.places[self._head :])
        self._draw_head(scratch, drawing, frame, turn, looks, weights)
        picture = unpacked(drawing)
        self._hang_moustache(scratch, picture)
        if self._glasses is not None:
            self._glasses.draw(turn, frame.translation, picture)
        self._scratches.append(scratch)
        return picture

    def _scratch(self) -> _Scratch:
        try:
            return self._scratches.pop()
        except IndexError:
            return _Scratch(self._p, self._attributes, self.size)

    # -- geometry ------------------------------------------------------------------------------

    @stage("geometry")
    def _move(
        self, scratch: _Scratch, weights: Floats, turn: Floats, translation: Floats, forward: float
    ) -> None:
        """Where everything is, with a hidden side ``forward`` to the camera, 0..1."""
        p = self._p
        geometry.express(p.neutral, p.start, p.vertex, p.delta, weights, scratch.points)
        if forward:
            scratch.points[self._head :] *= 1 + forward * p.retreat[:, None]
        geometry.pose(scratch.points, p.rigidity, p.sway, self._nearing, turn, p.pivot, translation)
        self._tongue.rise(scratch.points, turn, float(weights[EXPRESSION_INDEX["tongueOut"]]))
        geometry.project(scratch.points, self._focal, self._center, scratch.places)

    def _looks(self, frame: MotionFrame, turn: Floats) -> Floats:
        """(2, 2) yaw, pitch of each eyeball in its socket, degrees from where it looked in the photo."""
        angles = eye_angles(
            frame.gaze + self._gaze_offset, self._eye_centers(frame, turn), turn @ self._p.rotation
        )
        return np.asarray(angles - self._p.eye_angles, np.float32)

    def _eye_centers(self, frame: MotionFrame, turn: Floats) -> Floats:
        p = self._p
        return np.asarray((p.eye_centers - p.pivot) @ turn.T + p.pivot + frame.translation, np.float32)

    @stage("light")
    def _light(self, scratch: _Scratch) -> None:
        """Brightness of skin relative to the photo, and of the inside of the mouth absolutely."""
        p = self._p
        geometry.vertex_normals(scratch.points[: self._head], p.triangles, self._skin_order, scratch.normals)
        light = scratch.attributes[:, shade.LIGHT]
        ratio = lamplight(p.lamp, scratch.normals[self._skin]) / self._rest_light
        light[self._skin] = np.clip(ratio, *LIGHT_RANGE)
        if len(self._far):
            self._turn_far_side(scratch)
        geometry.vertex_normals(
            scratch.points[: self._head], p.triangles, self._tinted_order, scratch.normals
        )
        brightness, colours, scratch.gap = self._mouth_light(scratch.points, scratch.normals)
        light[self._tinted] = brightness
        scratch.attributes[self._tinted, shade.RED : shade.BLUE + 1] = colours

    def _turn_far_side(self, scratch: _Scratch) -> None:
        """What the photo hid takes its twin's texture as it turns towards the camera."""
        facing = scratch.normals[self._far, 2]
        turned = np.clip((facing - self._p.normals[self._far, 2]) / FAR_TURN, 0, 1)
        rest = self._attributes[self._far]
        now = scratch.attributes
        share = turned * rest[:, shade.SHARE]
        now[self._far, shade.SHARE] = share
        before = self._far_light + share * (self._twin_light - self._far_light)
        light = lamplight(self._p.lamp, scratch.normals[self._far]) / before
        now[self._far, shade.LIGHT] = np.clip(light, *LIGHT_RANGE)
        shown = turned * np.clip(facing / FAR_EDGE, 0, 1)
        opacity = rest[:, shade.ALPHA]
        now[self._far, shade.ALPHA] = opacity + shown * (rest[:, shade.TURNED] - opacity)

    # -- drawing -------------------------------------------------------------------------------

    def _draw_head(
        self,
        scratch: _Scratch,
        picture: Packed,
        frame: MotionFrame,
        turn: Floats,
        looks: Floats,
        weights: Floats,
    ) -> None:
        p = self._p
        places = scratch.places[: self._head]
        box = self._box(places)
        scratch.box = box
        depth, owner = scratch.samples(box[2] - box[0], box[3] - box[1])
        nearness = scratch.points[: self._head, 2] - self._recess
        with stage("visibility"):
            n = rasterise(
                places,
                nearness,
                p.triangles,
                self._order,
                self._through_lips,
                self._windows(places),
                box,
                depth,
                owner,
                scratch.plane,
                scratch.drawn,
            )
        attributes = scratch.attributes
        closing = np.clip(
            weights[[EXPRESSION_INDEX["eyeBlinkLeft"], EXPRESSION_INDEX["eyeBlinkRight"]]], 0, 1
        )
        covering = lid_cover(weights)
        for lids, covered in zip(self._lids, covering, strict=True):
            lids.take_over(float(covered), attributes)
        with stage("shading"):
            drawn = scratch.drawn[:n]
            shade.skin_planes(drawn, scratch.plane, p.triangles, p.kinds, attributes, scratch.skin)
            shade.shade(
                owner,
                scratch.plane,
                scratch.skin,
                p.triangles,
                p.kinds,
                attributes,
                self._picture,
                self._closed,
                self._overlay,
                self._p.teeth,
                self._eye_textures,
                self._eye_turns(frame, turn, closing),
                closing,
                _photographed(looks, closing),
                scratch.creases,
                self._gather_creases(scratch, weights),
                scratch.folded,
                shade.LID_SHADOW_PX * self.size / 512,
                box,
                len(self._skin_order),
                self._plain if covering.any() else self._plain_or_lid,
                picture,
            )

    @stage("creases")
    def _gather_creases(self, scratch: _Scratch, weights: Floats) -> float:
        """Sum the folds of an expression; returns the map's pixels per texel, 0 if there are none."""
        shown = crease_weights(weights)
        scratch.folded[:] = 0
        if shown.max() < LEAST_CREASE:
            return 0.0
        for rows, columns, _ in self._creases:
            scratch.creases[rows, columns] = 0
        boxes = []
        for weight, (rows, columns, fold) in zip(shown, self._creases, strict=True):
            if weight >= LEAST_CREASE:
                scratch.creases[rows, columns] += weight * fold
                boxes.append((columns.start - 1, rows.start - 1, -columns.stop - 1, -rows.stop - 1))
        left, top, right, bottom = (min(edges) for edges in zip(*boxes, strict=True))
        scratch.folded[:] = left, top, -right, -bottom
        scratch.folded /= self._crease_scale
        return self._crease_scale

    @stage("moustache")
    def _hang_moustache(self, scratch: _Scratch, picture: Bytes) -> None:
        """Hair of the upper lip over what is seen between the lips."""
        if self._strands is None or scratch.gap < SHUT:
            return
        box, lip = scratch.box, self._rims[0]
        _, owner = scratch.samples(box[2] - box[0], box[3] - box[1])
        ends = scratch.places[lip[[0, -1]], 0]
        longest = fringe.LENGTH * self._focal / float(-scratch.points[lip[0], 2])
        hang_from = self._p.moustache, self._strands, float(ends[0]), float(ends[1]), longest
        fringe.hang_fringe(*hang_from, owner, box, self._through_lips, picture)

    def _eye_turns(self, frame: MotionFrame, turn: Floats, closing: Floats) -> Floats:
        """(2, 3, 3) photo's camera directions to eye directions."""
        yaw, pitch = np.moveaxis(
            eye_angles(frame.gaze + self._gaze_offset, self._eye_centers(frame, turn), turn), -1, 0
        )
        pitch = pitch - BLINK_DIP * closing
        return np.asarray(np.swapaxes(rotation_matrix(yaw, pitch), 1, 2), np.float32)

    def _windows(self, places: Floats) -> Floats:
        """(2, 4) where anything can be seen, and where the inside of the mouth can: between the lips."""
        rims = places[np.concatenate(self._rims)]
        lips = np.concatenate([rims.min(0) - LIP_MARGIN_PX, rims.max(0) + LIP_MARGIN_PX])
        return np.array([[0, 0, self.size, self.size], lips], np.float32)

    def _box(self, places: Floats) -> Ints:
        low, high = geometry.extent(places, self._opaque)
        low = np.clip(np.floor(low).astype(int), 0, self.size - LEAST_BOX)
        high = np.clip(np.ceil(high).astype(int), low + LEAST_BOX, self.size)
        return np.array([*low, *high], np.int32)


def _by_kind(portrait: Portrait) -> Portrait:
    """The same portrait with the triangles of each kind of surface in one row, skin first."""
    order = np.argsort(portrait.kinds, kind="stable")
    return replace(portrait, triangles=portrait.triangles[order], kinds=portrait.kinds[order])


def _recess(portrait: Portrait, model: HeadModel) -> Floats:
    """(V,) depth taken from what lies behind lids and lips, cm."""
    recess, groups = np.zeros(len(portrait.attributes), np.float32), model.groups
    for kind, depth in RECESS.items():
        recess[portrait.triangles[portrait.kinds == kind]] = depth
    recess[groups["tongue"]] += TONGUE_RECESS
    for name, depth in BESIDE_TONGUE.items():
        recess[groups[name]] += depth
    lining = np.setdiff1d(np.unique(model.part_triangles("mouth")), groups["lips"])
    behind = model.neutral[groups["lip_upper_rim"], 2].min() - model.neutral[lining, 2]
    recess[lining] += LINING_RECESS * np.clip(behind / LINING_DEPTH, 0, 1)
    return recess


def _photographed(looks: Floats, closing: Floats) -> Floats:
    """How far each eye (2,) is seen as the photo has it: whole until it has turned a little."""
    turned = np.hypot(looks[:, 0], looks[:, 1]) + BLINK_DIP * closing
    t = np.clip((AS_PHOTOGRAPHED[1] - turned) / (AS_PHOTOGRAPHED[1] - AS_PHOTOGRAPHED[0]), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _band_limited(portrait: Portrait, focal: float) -> Bytes:
    """The eyeballs' textures without detail finer than the picture's pixels: the iris' edge would flicker."""
    result = portrait.eye_textures.copy()
    for k, kind in enumerate((shade.EYE_LEFT, shade.EYE_RIGHT)):
        ball = np.unique(portrait.triangles[portrait.kinds == kind])
        radius = float(
            np.median(np.linalg.norm(portrait.attributes[ball, shade.RED : shade.BLUE + 1], axis=1))
        )
        pixels = radius * focal / float(-portrait.eye_centers[k, 2])
        texels = result.shape[1] / 2 / np.sqrt(2) / pixels  # per pixel, at the pupil
        result[k] = cv2.GaussianBlur(result[k], (0, 0), max(EYE_BLUR_PX * texels, 0.3))
    return result


def _with_lips(portrait: Portrait) -> Bytes:
    """The portrait's picture with nothing between its lips."""
    picture = portrait.picture.copy()
    (column, row), (height, width) = portrait.lips_place, portrait.lips.shape[:2]
    picture[row : row + height, column : column + width] = portrait.lips
    return picture


def _gaze_offset(portrait: Portrait) -> Floats:
    """(2, 2) degrees by which each drawn eyeball differs from the photo's gaze as judged.

    The centre of an eyeball is only so exact, the judgement is calibrated: asked for the gaze of the photo,
    the eyes stand as they do there.
    """
    sight = direction(portrait.eye_angles) @ portrait.rotation.T
    drawn = gaze_of(sight, portrait.eye_centers)
    return np.asarray(np.clip(drawn - portrait.gaze, -MOST_OFFSET, MOST_OFFSET), np.float32)


def _boxed(fold: Bytes) -> tuple[slice, slice, Floats]:
    """Rows, columns and brightness change of the part of a map of folds that is not even."""
    rows, columns = (np.flatnonzero((fold != EVEN).any(axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0, 0), slice(0, 0), np.zeros((0, 0), np.float32)
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return *box, (fold[box].astype(np.float32) - EVEN) * np.float32(DEPTH / 127)


def _front_tooth(neutral: Floats, teeth: Ints) -> int:
    """The vertex of the upper row that is lowest in front."""
    rows = neutral[teeth]
    middle = np.abs(rows[:, 0] - rows[:, 0].mean()) < 0.25 * np.ptp(rows[:, 0])
    return int(teeth[np.flatnonzero(middle)[rows[middle, 1].argmin()]])
