"""Photos of every form are read alike, and those that cannot be are refused with a reason."""

from __future__ import annotations

import struct
import warnings
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.errors import NoFaceError, PhotoError
from vasari.head.landmarks import FaceLandmarker
from vasari.portrait.photo import BACKDROP, SeveralFacesWarning, choose_face, read_photo

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    return (resources.files("vasari.assets") / "examples" / "astronaut.jpg").read_bytes()


@pytest.fixture(scope="module")
def photo(jpeg: bytes) -> Picture:
    return read_photo(jpeg)


@pytest.fixture(scope="module")
def landmarker() -> FaceLandmarker:
    return FaceLandmarker()


def encode(suffix: str, rgb: NDArray[np.integer], *options: int) -> bytes:
    bgr = rgb[..., [2, 1, 0, 3][: rgb.shape[2]]] if rgb.ndim == 3 else rgb
    done, data = cv2.imencode(suffix, bgr, options)
    assert done
    return data.tobytes()


def with_orientation(jpeg: bytes, value: int) -> bytes:
    """A JPEG with an EXIF segment that holds one entry: orientation."""
    tiff = b"MM\x00*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)
    body = b"Exif\x00\x00" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def test_path_bytes_and_array_agree(tmp_path: Path, jpeg: bytes, photo: Picture) -> None:
    path = tmp_path / "föto.jpg"
    path.write_bytes(jpeg)
    assert photo.shape == (512, 512, 3)
    for source in (path, str(path), jpeg, photo):
        np.testing.assert_array_equal(read_photo(source), photo)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp"])
def test_lossless_files(suffix: str, photo: Picture) -> None:
    options = (cv2.IMWRITE_WEBP_QUALITY, 101) if suffix == ".webp" else ()
    np.testing.assert_array_equal(read_photo(encode(suffix, photo, *options)), photo)


def test_grey(photo: Picture) -> None:
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.uint8)
    expected = np.repeat(grey[..., None], 3, 2)
    for source in (encode(".png", grey), grey, grey[..., None]):
        np.testing.assert_array_equal(read_photo(source), expected)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits(suffix: str, photo: Picture) -> None:
    wide = photo.astype(np.uint16) * 257
    np.testing.assert_array_equal(read_photo(wide), photo)
    np.testing.assert_array_equal(read_photo(encode(suffix, wide)), photo)


def test_floats(photo: Picture) -> None:
    np.testing.assert_array_equal(read_photo(photo / 255), photo)
    np.testing.assert_array_equal(read_photo((photo / 255).astype(np.float32)), photo)


def test_transparent_parts_become_grey(photo: Picture) -> None:
    alpha = np.zeros((512, 512, 1), np.uint8)
    alpha[:, 256:] = 255
    rgba = np.concatenate([photo, alpha], 2)
    for source in (rgba, encode(".png", rgba), rgba / 255, rgba.astype(np.uint16) * 257):
        read = read_photo(source)
        np.testing.assert_array_equal(read[:, 256:], photo[:, 256:])
        assert (read[:, :256] == round(BACKDROP * 255)).all()


@pytest.mark.parametrize(("value", "turns"), [(1, 0), (3, 2), (6, 1), (8, 3)])
def test_exif_orientation(value: int, turns: int, photo: Picture) -> None:
    tall = np.ascontiguousarray(photo[:, 100:400])
    stored = np.ascontiguousarray(np.rot90(tall, turns))  # as the sensor saw it
    read = read_photo(with_orientation(encode(".jpg", stored, cv2.IMWRITE_JPEG_QUALITY, 98), value))
    assert read.shape == tall.shape
    assert np.abs(read.astype(int) - tall).mean() < 2


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.9, 0.999])
def test_truncated_jpeg(jpeg: bytes, keep: float) -> None:
    with pytest.raises(PhotoError, match="incomplete"):
        read_photo(jpeg[: int(keep * len(jpeg))])


def test_truncated_jpeg_with_a_thumbnail(jpeg: bytes) -> None:
    body = b"Exif\x00\x00" + jpeg[:300] + b"\xff\xd9"
    whole = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + jpeg[2:]
    assert read_photo(whole).shape == (512, 512, 3)
    with pytest.raises(PhotoError, match="incomplete"):
        read_photo(whole[: len(whole) // 2])


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".bmp"])
@pytest.mark.parametrize("keep", [0.02, 0.5, 0.98])
def test_other_truncated_files(suffix: str, keep: float, photo: Picture) -> None:
    whole = encode(suffix, photo)
    with pytest.raises(PhotoError):
        read_photo(whole[: int(keep * len(whole))])


def test_trailing_bytes_are_allowed(jpeg: bytes, photo: Picture) -> None:
    np.testing.assert_array_equal(read_photo(jpeg + b"maker's trailer"), photo)


@pytest.mark.parametrize(
    "data", [b"", b"Once upon a time there was no image.\n", b"\xff\xd8", b"GIF89a", bytes(1000)]
)
def test_no_image(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_bytes(data)
    with pytest.raises(PhotoError, match=r"story\.txt"):
        read_photo(path)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="directory"):
        read_photo(tmp_path)
    with pytest.raises(PhotoError, match="there is no file"):
        read_photo(tmp_path / "missing.jpg")


@pytest.mark.parametrize("shape", [(63, 500, 3), (500, 63, 3), (1, 1, 3)])
def test_too_small(shape: tuple[int, int, int]) -> None:
    with pytest.raises(PhotoError, match="at least 64x64"):
        read_photo(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((100, 100, 5), np.uint8),
        np.zeros((100,), np.uint8),
        np.zeros((0, 100, 3), np.uint8),
        np.zeros((100, 100, 3), np.int64),
        np.full((100, 100, 3), 128.0),
        np.full((100, 100, 3), np.nan),
    ],
)
def test_arrays_that_are_no_pictures(array: NDArray[np.generic]) -> None:
    with pytest.raises(PhotoError, match="array"):
        read_photo(array)


def test_one_face_is_chosen_in_silence(photo: Picture, landmarker: FaceLandmarker) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        face = choose_face(photo, landmarker)
        assert choose_face(photo, landmarker, 0).score == face.score
    assert 80 < face.box[2] - face.box[0] < 120


def test_two_faces(photo: Picture, landmarker: FaceLandmarker) -> None:
    face = photo[0:300, 80:380]
    small = np.full((300, 220, 3), 128, np.uint8)
    small[40:260] = cv2.resize(face, (220, 220))
    both = np.concatenate([small, face], 1)
    with pytest.warns(SeveralFacesWarning, match="2 faces; taking the largest, face 1"):
        largest = choose_face(both, landmarker)
    assert largest.region.x > 220
    assert choose_face(both, landmarker, 0).region.x < 220
    with pytest.raises(NoFaceError, match="no face 2"):
        choose_face(both, landmarker, 2)


def test_no_face(landmarker: FaceLandmarker) -> None:
    ramp = np.linspace(0, 1, 300 * 400 * 3).reshape(300, 400, 3)
    with pytest.raises(NoFaceError, match="looking roughly into the camera"):
        choose_face(read_photo(ramp), landmarker)
