"""Landmarks stay on the face whatever is done to the photo."""

from __future__ import annotations

from importlib import resources

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vasari.head.detector import FaceDetector, Square
from vasari.head.landmarks import FaceLandmarker, FaceLandmarks
from vasari.portrait.photo import read_photo

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]


@pytest.fixture(scope="module")
def photo() -> Picture:
    return read_photo((resources.files("vasari.assets") / "examples" / "astronaut.jpg").read_bytes())


@pytest.fixture(scope="module")
def landmarker() -> FaceLandmarker:
    return FaceLandmarker()


@pytest.fixture(scope="module")
def face(landmarker: FaceLandmarker, photo: Picture) -> FaceLandmarks:
    found = landmarker.find(photo)
    assert len(found) == 1
    return found[0]


def transformed(photo: Picture, matrix: NDArray[np.float64], size: tuple[int, int]) -> Picture:
    """The photo moved by a 2x3 matrix in the project's pixel convention (centres at halves)."""
    in_opencv = matrix.copy()
    in_opencv[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    area = np.linalg.det(matrix[:, :2])
    flags = cv2.INTER_AREA if area < 0.5 else cv2.INTER_CUBIC
    out = cv2.warpAffine(photo, in_opencv, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)


def rotation(degrees: float) -> NDArray[np.float64]:
    """About the middle of a 512 px photo."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    linear = np.array([[c, -s], [s, c]])
    return np.column_stack([linear, 256 - linear @ [256, 256]])


def error(found: FaceLandmarks, face: FaceLandmarks, matrix: NDArray[np.float64]) -> float:
    """Mean distance of the points from where the transform puts the original ones, in original pixels."""
    expected = face.points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
    return float(np.linalg.norm(found.points[:, :2] - expected, axis=1).mean() / scale)


def test_face_is_where_it_is(face: FaceLandmarks) -> None:
    assert face.points.shape == (468, 3)
    assert face.irises.shape == (2, 5, 2)
    assert face.points.dtype == face.irises.dtype == np.float32
    assert face.score > 0.9
    assert face.box == pytest.approx([180, 68, 271, 177], abs=6)
    left, right = face.irises[:, 0]
    assert left[0] > right[0]  # the subject's own left is on the viewer's right
    # Each iris centre lies between the corners of its eye.
    assert face.points[362, 0] < left[0] < face.points[263, 0]
    assert face.points[33, 0] < right[0] < face.points[133, 0]
    nose, ear = face.points[1], face.points[127]
    assert nose[2] < ear[2]  # nearer is smaller


@pytest.mark.parametrize("degrees", [-45, -20, 20, 45])
def test_turned_in_the_picture(
    degrees: float, photo: Picture, face: FaceLandmarks, landmarker: FaceLandmarker
) -> None:
    matrix = rotation(degrees)
    (found,) = landmarker.find(transformed(photo, matrix, (512, 512)))
    assert error(found, face, matrix) < 2


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_lying_and_upside_down(
    degrees: float, photo: Picture, face: FaceLandmarks, landmarker: FaceLandmarker
) -> None:
    matrix = rotation(degrees)
    (found,) = landmarker.find(transformed(photo, matrix, (512, 512)))
    assert error(found, face, matrix) < 3


def test_small_face_in_a_large_picture(
    photo: Picture, face: FaceLandmarks, landmarker: FaceLandmarker
) -> None:
    scale = 64 / (face.box[2] - face.box[0])
    matrix = np.array([[scale, 0, 1100], [0, scale, 400]])
    inside = transformed(photo, matrix, (1600, 1200))
    wide = np.full((1200, 1600, 3), 90, np.uint8)
    side = int(512 * scale)
    wide[400 : 400 + side, 1100 : 1100 + side] = inside[400 : 400 + side, 1100 : 1100 + side]
    (found,) = landmarker.find(wide)
    assert error(found, face, matrix) < 3


@pytest.mark.parametrize("factor", [1.0, 1.15, 1.4])
def test_face_that_fills_the_frame(
    factor: float, photo: Picture, face: FaceLandmarks, landmarker: FaceLandmarker
) -> None:
    left, top, right, bottom = face.box
    side = factor * (bottom - top)
    scale = 400 / side
    matrix = np.array(
        [[scale, 0, 200 - scale * (left + right) / 2], [0, scale, 200 - scale * (top + bottom) / 2]]
    )
    (found,) = landmarker.find(transformed(photo, matrix, (400, 400)))
    assert error(found, face, matrix) < 3


def test_large_photo(photo: Picture, face: FaceLandmarks, landmarker: FaceLandmarker) -> None:
    matrix = np.array([[6.0, 0, 0], [0, 6.0, 0]])
    (found,) = landmarker.find(transformed(photo, matrix, (3072, 3072)))
    assert error(found, face, matrix) < 1


def test_grey_dark_and_mirrored(photo: Picture, face: FaceLandmarks, landmarker: FaceLandmarker) -> None:
    identity = np.eye(2, 3)
    grey = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    (found,) = landmarker.find(np.asarray(grey, np.uint8))
    assert error(found, face, identity) < 1.5
    (found,) = landmarker.find((photo // 6).astype(np.uint8))
    assert error(found, face, identity) < 2.5
    (found,) = landmarker.find(np.ascontiguousarray(photo[:, ::-1]))
    assert 512 - found.irises[::-1, 0, 0] == pytest.approx(face.irises[:, 0, 0], abs=1.5)


def test_many_are_sorted_by_size(photo: Picture, landmarker: FaceLandmarker) -> None:
    crop = photo[0:300, 80:380]
    small = cv2.copyMakeBorder(cv2.resize(crop, (200, 200)), 50, 50, 0, 0, cv2.BORDER_REPLICATE)
    found = landmarker.find(np.concatenate([np.asarray(small, np.uint8), crop], 1), many=True)
    assert len(found) == 2
    assert found[0].region.side > found[1].region.side
    assert found[0].region.x > found[1].region.x


def test_no_face(landmarker: FaceLandmarker) -> None:
    rng = np.random.default_rng(1)
    assert landmarker.find(rng.integers(0, 256, (400, 300, 3), np.uint8)) == []
    assert landmarker.find(np.full((200, 200, 3), 128, np.uint8), many=True) == []


def test_follow_a_moving_face(photo: Picture, face: FaceLandmarks, landmarker: FaceLandmarker) -> None:
    previous = None
    for step in range(8):
        matrix = rotation(4.0 * step)
        previous = landmarker.follow(transformed(photo, matrix, (512, 512)), previous)
        assert previous is not None
        assert error(previous, face, matrix) < 2


def test_follow_finds_a_face_that_jumped(photo: Picture, landmarker: FaceLandmarker) -> None:
    previous = landmarker.follow(photo, None)
    jumped = np.roll(photo, 230, 1)
    found = landmarker.follow(jumped, previous)
    assert found is not None
    assert previous is not None
    assert found.region.x == pytest.approx(previous.region.x + 230, abs=3)


def test_follow_reports_a_lost_face(face: FaceLandmarks, landmarker: FaceLandmarker) -> None:
    assert landmarker.follow(np.full((512, 512, 3), 60, np.uint8), face) is None


@pytest.mark.parametrize("image", [np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3), np.float32)])
def test_other_arrays_are_refused(image: NDArray[np.generic], landmarker: FaceLandmarker) -> None:
    with pytest.raises(ValueError, match="uint8 RGB"):
        landmarker.find(image)  # type: ignore[arg-type]


def test_detector_sees_the_key_points(photo: Picture, face: FaceLandmarks) -> None:
    (found,) = FaceDetector().detect(photo)
    right, left = found.square.to_picture(found.keypoints[:2])
    assert np.linalg.norm(right - face.irises[1, 0]) < 6
    assert np.linalg.norm(left - face.irises[0, 0]) < 6


def test_a_square_is_cut_where_it_says() -> None:
    y, x = np.mgrid[:200, :300]
    ramp = np.stack([x * 0.8, y * 1.2, 0 * x], -1).astype(np.uint8)
    for side, angle in ((40, 0.0), (100, 0.3), (150, -0.7), (110, np.pi)):
        square = Square(150, 100, side, angle)
        cut = square.cut(ramp, 20).astype(np.float64)
        centre = square.to_picture(np.array([4.5 / 20, 12.5 / 20], np.float32))
        assert cut[12, 4, 0] == pytest.approx((centre[0] - 0.5) * 0.8, abs=1.2)
        assert cut[12, 4, 1] == pytest.approx((centre[1] - 0.5) * 1.2, abs=1.2)
