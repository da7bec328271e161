"""The square of a photo that is animated: head and shoulders, with room round the head."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.head.landmarks import FaceLandmarks
from vasari.portrait.pixels import unit_of
from vasari.stages import stage

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

#: Smallest and largest side of the square that is kept, pixels; smaller faces are enlarged.
MIN_SIDE, MAX_SIDE = 512, 1024
#: ... and largest where the square is shown within its whole photo.
MAX_WHOLE_SIDE = 1536
#: Longest side of a film, pixels.
MAX_FILM_SIDE = 3840
#: Side of the square over the height of the face (forehead landmark to chin), wanted and at the least.
WANTED_SIDE, LEAST_SIDE = 2.25, 1.2
#: Where the middle of the face stands in the square, from its top.
FACE_HEIGHT_IN_SQUARE = 0.48
#: Border kept around the square for movement at its edges, as a share of its side.
MARGIN = 0.125
#: What lies beyond the photo repeats no more than this much of its edge, pixels at 512.
FOLD_PX = 2.5
#: Distance from the photo, and blur of what is made up from there on, pixels at 512.
SOFTENING_PX = ((3, 2.0), (12, 6.0), (40, 16.0))

_FOREHEAD, _CHIN, _CHEEK_RIGHT, _CHEEK_LEFT = 10, 152, 234, 454


@dataclass(frozen=True)
class Crop:
    """A square view on a photo, with a margin.

    Attributes:
        picture: (P, P, 3) RGB; the view lies ``margin`` pixels inside it on all sides.
        margin: pixels. side: of the view, pixels; ``P = side + 2 margin``.
        scale: pixels of the crop per pixel of the photo.
        origin: (2,) place in the photo (x, y) of the picture's top-left corner; whole pixels.
        extent: side of the picture in the photo, pixels.
        seen: rows and columns of the picture that the photo shows; what lies beyond is made up.
    """

    picture: Bytes
    margin: int
    side: int
    scale: float
    origin: tuple[int, int]
    extent: int
    seen: tuple[slice, slice]

    def place(self, points: NDArray[np.floating]) -> Floats:
        """Pixels (..., 2) of the photo as pixels of the picture."""
        return np.asarray((points - np.asarray(self.origin)) * self.scale, np.float32)

    def landmarks(self, face: FaceLandmarks) -> FaceLandmarks:
        """The landmarks, moved from the photo to the picture."""
        points = np.concatenate([self.place(face.points[:, :2]), face.points[:, 2:] * self.scale], 1)
        return FaceLandmarks(points.astype(np.float32), self.place(face.irises), face.score)


@stage("crop")
def fit_for_film(photo: Bytes) -> Bytes:
    """The photo (H, W, 3) with even sides of at most ``MAX_FILM_SIDE`` pixels, as films need them."""
    shrink = MAX_FILM_SIDE / max(photo.shape[:2])
    if shrink < 1:
        size = (round(photo.shape[1] * shrink), round(photo.shape[0] * shrink))
        photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.ascontiguousarray(photo[: photo.shape[0] // 2 * 2, : photo.shape[1] // 2 * 2])


def crop_photo(photo: Bytes, face: FaceLandmarks, largest: int = MAX_SIDE) -> Crop:
    """Cut the square around a face; where the photo ends too soon, its edge goes on, blurred.

    Args:
        photo: (H, W, 3) RGB.
        face: landmarks in the photo's pixels.
        largest: side of the view, pixels, beyond which the photo is shrunk.
    """
    points = face.points[:, :2]
    middle = (points[_FOREHEAD] + points[_CHIN]) / 2
    height = max(
        float(np.linalg.norm(points[_FOREHEAD] - points[_CHIN])),
        1.15 * float(np.linalg.norm(points[_CHEEK_RIGHT] - points[_CHEEK_LEFT])),
    )
    available = min(photo.shape[:2])
    side = round(float(np.clip(available, LEAST_SIDE * height, WANTED_SIDE * height)))
    corner = middle - side * np.array([0.5, FACE_HEIGHT_IN_SQUARE])
    room = np.array([photo.shape[1], photo.shape[0]]) - side
    corner = np.clip(corner, np.minimum(room, 0), np.maximum(room, 0))  # as little beyond the photo as can be

    border = round(MARGIN * side)
    view = int(np.clip(round(side / 2) * 2, MIN_SIDE, largest))
    margin = round(border * view / side)
    extent, full = side + 2 * border, view + 2 * margin
    origin = np.round(corner).astype(int) - border
    scale = full / extent
    seen = _seen(photo, origin.astype(float), scale, full)
    return Crop(
        continue_outside(_cut(photo, origin.astype(float), scale, full), seen),
        margin,
        view,
        scale,
        (int(origin[0]), int(origin[1])),
        extent,
        seen,
    )


def _seen(photo: Bytes, origin: NDArray[np.float64], scale: float, side: int) -> tuple[slice, slice]:
    low = np.clip(np.ceil(-origin * scale), 0, side - 1).astype(int)
    high = np.clip(np.floor((np.array(photo.shape[1::-1]) - origin) * scale), 1, side).astype(int)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _cut(photo: Bytes, origin: NDArray[np.float64], scale: float, side: int) -> Bytes:
    if scale < 1:  # area-average first, so that nothing aliases
        size = (max(round(photo.shape[1] * scale), 1), max(round(photo.shape[0] * scale), 1))
        shrunk = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
        origin, photo, scale = origin * [size[0] / photo.shape[1], size[1] / photo.shape[0]], shrunk, 1.0
    # pixel centres at .5: crop = (photo - origin) * scale
    shift = (0.5 - np.asarray(origin)) * scale - 0.5
    affine = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    cut = cv2.warpAffine(photo, affine, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8)


def continue_outside(picture: Bytes, seen: tuple[slice, slice]) -> Bytes:
    """The picture (P, P, 3) with made-up surroundings of what is ``seen`` (rows, columns) of the photo.

    The outermost rows and columns are mirrored, ever slower, so that a face or a hairline never comes back;
    they are blurred, more so the farther out. What is seen stays as it is.
    """
    unit = unit_of(picture)
    down, y = _beyond(picture.shape[0], seen[0], FOLD_PX * unit)
    across, x = _beyond(picture.shape[1], seen[1], FOLD_PX * unit)
    distance = np.hypot(down[:, None], across[None]).astype(np.float32)
    if not distance.any():
        return picture
    folded = np.asarray(cv2.remap(picture, *np.meshgrid(x, y), cv2.INTER_LINEAR), np.uint8)
    rows, columns = down > 0, across > 0
    above = _softened(folded[rows], distance[rows] / unit, unit, 1)
    beside = _softened(folded[:, columns], distance[:, columns] / unit, unit, 0)
    share = (down[rows, None] / distance[rows][:, columns])[..., None] ** 2  # in the corners both meet
    above[:, columns] = beside[rows] + share * (above[:, columns] - beside[rows])
    result = picture.copy()
    result[:, columns] = np.clip(beside + 0.5, 0, 255)
    result[rows] = np.clip(above + 0.5, 0, 255)
    return result


def _softened(strip: Bytes, distance: Floats, unit: float, axis: int) -> Floats:
    """A strip beyond an edge (h, w, 3), blurred along it, as its ``distance`` (h, w) from the photo demands.

    Along the edge alone, or what lies inside would shine through.
    """
    result = strip.astype(np.float32)
    if strip.size:
        for reach, blur in SOFTENING_PX:
            blurred = _blurred(strip, blur * unit, axis)
            result += np.clip(distance / reach, 0, 1)[..., None] * (blurred - result)
    return result


def _blurred(picture: Bytes, blur: float, axis: int) -> Floats:
    """The picture blurred by so many pixels along one axis."""
    size = [picture.shape[1], picture.shape[0]]
    size[1 - axis] = max(round(size[1 - axis] / max(blur, 1)), 1)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(small, (7, 1) if axis else (1, 7), 1)
    whole = cv2.resize(smooth, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole, np.float32)


def _beyond(size: int, seen: slice, depth: float) -> tuple[Floats, Floats]:
    """How far each of ``size`` pixels lies outside of those ``seen``, and where its colour comes from.

    Mirrored at the edge, no deeper than ``depth``.
    """
    place = np.arange(size, dtype=np.float32)
    nearest = np.clip(place, seen.start, seen.stop - 1)
    out = place - nearest
    inward = depth * (1 - np.exp(-np.abs(out) / depth))
    source = np.clip(nearest - np.sign(out) * inward, seen.start, seen.stop - 1)
    return np.abs(out), source.astype(np.float32)
