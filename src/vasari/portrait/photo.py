"""Read a photo whatever its form, and choose the face in it."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vasari.errors import NoFaceError, PhotoError
from vasari.head.landmarks import FaceLandmarker, FaceLandmarks
from vasari.stages import stage

Picture = NDArray[np.uint8]
Source = str | Path | bytes | NDArray[np.generic]

#: Smallest width and height of a photo, pixels.
LEAST_SIDE = 64
#: Grey behind transparent parts, 0 to 1.
BACKDROP = 0.75
FORMATS = "JPEG, PNG, WebP, BMP or TIFF"


class SeveralFacesWarning(UserWarning):
    """A photo shows several faces and none was asked for; the largest was taken."""


@stage("photo")
def read_photo(source: Source) -> Picture:
    """A photo as RGB (H, W, 3), upright.

    Args:
        source: a path, the bytes of an image file, or an array: (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4)
            RGBA; ``uint8``, ``uint16`` over its whole range, or floats in [0, 1].

    EXIF orientation is applied, and transparent parts get a neutral grey backdrop.

    Raises:
        PhotoError: there is no such file, it is no image, it is damaged, or it is smaller than 64 pixels.
    """
    if isinstance(source, np.ndarray):
        photo, name = _to_rgb(source), "the array"
    elif isinstance(source, bytes | bytearray | memoryview):
        photo, name = _decode(bytes(source), "the photo"), "the photo"
    elif isinstance(source, str | Path):
        photo, name = _decode(_read(Path(source)), str(source)), str(source)
    else:
        raise PhotoError(f"a photo is a path, bytes or a NumPy array, not {type(source).__name__}.")
    height, width = photo.shape[:2]
    if min(height, width) < LEAST_SIDE:
        raise PhotoError(
            f"{name} is {width}x{height} pixels; a photo needs at least {LEAST_SIDE}x{LEAST_SIDE}, "
            "better 512x512 or more."
        )
    return photo


@stage("landmarks")
def choose_face(image: Picture, landmarker: FaceLandmarker, index: int | None = None) -> FaceLandmarks:
    """The face of a photo (H, W, 3): the largest, or the one of an index, counted from 0, left to right.

    Raises:
        NoFaceError: there is no face, or none of that index.

    Warns:
        SeveralFacesWarning: there are several and ``index`` is None.
    """
    faces = landmarker.find(image, many=True)
    if not faces:
        raise NoFaceError(
            "no face found in the photo. It works with one person looking roughly into the camera, both eyes "
            "and the mouth visible, the face evenly lit and at least 64 pixels wide."
        )
    largest = faces[0]
    faces = sorted(faces, key=lambda face: float(face.region.x))
    if index is None:
        if len(faces) > 1:
            warnings.warn(
                f"the photo shows {len(faces)} faces; taking the largest, face {faces.index(largest)}. "
                f"Choose another by its number: {_listed(faces)}.",
                SeveralFacesWarning,
                stacklevel=2,
            )
        return largest
    if not 0 <= index < len(faces):
        raise NoFaceError(f"no face {index} in the photo. Its faces, left to right: {_listed(faces)}.")
    return faces[index]


def _listed(faces: list[FaceLandmarks]) -> str:
    def described(face: FaceLandmarks) -> str:
        left, top, right, bottom = face.box
        return f"{right - left:.0f} px wide at ({(left + right) / 2:.0f}, {(top + bottom) / 2:.0f})"

    return ", ".join(f"{i} is {described(face)}" for i, face in enumerate(faces))


def _read(path: Path) -> bytes:
    if path.is_dir():
        raise PhotoError(f"{path} is a directory; give the path of a photo ({FORMATS}).")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise PhotoError(f"there is no file {path}; give the path of a photo ({FORMATS}).") from None
    except OSError as error:
        raise PhotoError(f"{path} cannot be read: {error.strerror or error}.") from error


def _decode(data: bytes, name: str) -> Picture:
    """RGB of an encoded image."""
    if not data:
        raise PhotoError(f"{name} is empty; give a photo ({FORMATS}).")
    if _is_cut_short(data):
        raise PhotoError(
            f"{name} is incomplete: the file ends before its image does. Copy or fetch it again."
        )
    encoded = np.frombuffer(data, np.uint8)
    try:
        image = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
        if image is not None and (image.ndim == 2 or image.shape[2] != 4):
            # Of the two modes that keep 16 bits, only this one turns the image as its EXIF says.
            image = cv2.imdecode(encoded, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error as error:
        raise PhotoError(f"{name} cannot be decoded: {error.err}. Give a photo as {FORMATS}.") from error
    if image is None:
        raise PhotoError(f"{name} is no image that can be read, or it is damaged; give a photo as {FORMATS}.")
    order = [2, 1, 0, 3] if image.shape[2] == 4 else [2, 1, 0]
    if image.dtype.kind == "f":
        image = np.clip(np.nan_to_num(image), 0, 1)
    return _to_rgb(image[..., order])


def _is_cut_short(data: bytes) -> bool:
    """Whether a JPEG, PNG or WebP file lacks its end; decoders fill the rest with grey and say nothing."""
    if data.startswith(b"\xff\xd8"):
        return not _has_jpeg_end(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND" not in data
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return len(data) < 8 + int(struct.unpack("<I", data[4:8])[0])
    return False


def _has_jpeg_end(data: bytes) -> bool:
    """Whether an end-of-image marker follows the header, whose thumbnail may have its own."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:  # start of scan
        if data[at + 1] == 0xFF:  # fill byte
            at += 1
        else:
            at += 2 + int(struct.unpack(">H", data[at + 2 : at + 4])[0])
    return data.find(b"\xff\xd9", at) >= 0


def _to_rgb(array: NDArray[np.generic]) -> Picture:
    """RGB of an array (H, W[, 1 | 3 | 4]) of bytes, 16-bit numbers or floats in [0, 1]."""
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise PhotoError(f"an image array has the shape (H, W), (H, W, 3) or (H, W, 4), not {array.shape}.")
    values = _to_unit(array)
    if array.shape[2] == 4:
        alpha = values[..., 3:]
        values = values[..., :3] * alpha + BACKDROP * (1 - alpha)
    values = np.rint(values * 255).astype(np.uint8)
    rgb: Picture = np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:2], 3)))
    return rgb


def _to_unit(array: NDArray[np.generic]) -> NDArray[np.float32]:
    """Values as floats in [0, 1]."""
    if array.dtype in (np.uint8, np.uint16):
        return array.astype(np.float32) / np.iinfo(array.dtype).max  # type: ignore[type-var,no-any-return]
    if array.dtype.kind != "f":
        raise PhotoError(f"an image array holds uint8, uint16 or floats in [0, 1], not {array.dtype}.")
    values: NDArray[np.float32] = array.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if not (low >= -1e-3 and high <= 1 + 1e-3):  # also when one is not a number
        raise PhotoError(
            f"an image array of floats holds values in [0, 1]; this one spans [{low:g}, {high:g}]. "
            "Divide by its largest possible value, or convert it to uint8."
        )
    return np.clip(values, 0, 1)
