"""The pinhole camera, rotations and looks, with the axes and signs of docs/conventions.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Reals = NDArray[np.float64]

#: Focal length of an unknown camera, in sides of the square crop (1400 px at 512).
DEFAULT_FOCAL = 2.734


@dataclass(frozen=True)
class Camera:
    """A pinhole at the origin of camera space, looking along ``-z``.

    Attributes:
        focal: focal length, pixels.
        center: principal point (x, y), pixels.
    """

    focal: float
    center: tuple[float, float]

    @classmethod
    def default(cls, size: Sequence[int]) -> Camera:
        """The camera assumed for a picture of ``size`` (width, height), from about 1 m away."""
        width, height = size
        return cls(DEFAULT_FOCAL * min(width, height), (width / 2, height / 2))

    def project(self, points: ArrayLike) -> Reals:
        """Pixels (..., 2) of camera-space points (..., 3) in cm, all with ``z < 0``."""
        points = np.asarray(points, np.float64)
        scale = self.focal / points[..., 2]
        u = self.center[0] - points[..., 0] * scale
        v = self.center[1] + points[..., 1] * scale
        return np.stack([u, v], -1)

    def ray(self, pixels: ArrayLike) -> Reals:
        """Unit directions (..., 3) in camera space of what is seen at pixels (..., 2)."""
        pixels = np.asarray(pixels, np.float64)
        x = (pixels[..., 0] - self.center[0]) / self.focal
        y = (self.center[1] - pixels[..., 1]) / self.focal
        return _unit(np.stack([x, y, np.full_like(x, -1)], -1))

    def scaled(self, factor: float) -> Camera:
        """The same camera for the picture resized by ``factor``."""
        return Camera(self.focal * factor, (self.center[0] * factor, self.center[1] * factor))

    def shifted(self, left: float, top: float) -> Camera:
        """The same camera for a crop whose top-left corner lies at (left, top) pixels."""
        return Camera(self.focal, (self.center[0] - left, self.center[1] - top))


def rotation_matrix(yaw: ArrayLike, pitch: ArrayLike = 0.0, roll: ArrayLike = 0.0) -> Reals:
    """Rotations (..., 3, 3) ``Ry(yaw) Rx(-pitch) Rz(roll)`` of angles in degrees."""
    turns = [np.radians(np.asarray(a, np.float64)) for a in (yaw, pitch, roll)]
    (sy, cy), (sp, cp), (sr, cr) = ((np.sin(a), np.cos(a)) for a in turns)
    rows = (
        (cy * cr - sy * sp * sr, -cy * sr - sy * sp * cr, sy * cp),
        (cp * sr, cp * cr, sp),
        (-sy * cr - cy * sp * sr, sy * sr - cy * sp * cr, cy * cp),
    )
    matrix = np.empty((*np.broadcast(*turns).shape, 3, 3))
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            matrix[..., i, j] = entry
    return matrix


def angles(rotation: ArrayLike) -> Reals:
    """Yaw, pitch, roll (..., 3) in degrees of rotations (..., 3, 3); the inverse of :func:`rotation_matrix`.

    Yaw and roll lie in [-180, 180], pitch in [-90, 90].
    """
    r = np.asarray(rotation, np.float64)
    yaw = np.arctan2(r[..., 0, 2], r[..., 2, 2])
    pitch = np.arcsin(np.clip(r[..., 1, 2], -1, 1))
    roll = np.arctan2(r[..., 1, 0], r[..., 1, 1])
    degrees: Reals = np.degrees(np.stack([yaw, pitch, roll], -1))
    return degrees


def direction(yaw_pitch: ArrayLike) -> Reals:
    """Unit vectors (..., 3) that point at (yaw, pitch) (..., 2) degrees; (0, 0) is ``+z``."""
    radians = np.radians(np.asarray(yaw_pitch, np.float64))
    yaw, pitch = radians[..., 0], radians[..., 1]
    return np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], -1)


def yaw_pitch(vector: ArrayLike) -> Reals:
    """(Yaw, pitch) (..., 2) in degrees of vectors (..., 3); the inverse of :func:`direction`."""
    vector = np.asarray(vector, np.float64)
    x, y, z = vector[..., 0], vector[..., 1], vector[..., 2]
    degrees: Reals = np.degrees(np.stack([np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))], -1))
    return degrees


def look(gaze: ArrayLike, eye: ArrayLike) -> Reals:
    """Camera-space unit direction (..., 3) in which an eye at ``eye`` (..., 3) looks.

    Gaze (..., 2), degrees, counts from the line between the eye and the lens.
    """
    return direction(yaw_pitch(-np.asarray(eye, np.float64)) + np.asarray(gaze, np.float64))


def gaze_of(look: ArrayLike, eye: ArrayLike) -> Reals:
    """Gaze (..., 2) in degrees of an eye at ``eye`` looking along ``look``; the inverse of :func:`look`."""
    return yaw_pitch(look) - yaw_pitch(-np.asarray(eye, np.float64))


def eye_angles(gaze: ArrayLike, eye: ArrayLike, head_rotation: ArrayLike) -> Reals:
    """(Yaw, pitch) (..., 2) of the eyeball in its socket, degrees, zero where the eye looks along the face.

    Args:
        gaze: (..., 2) relative to the camera, degrees.
        eye: (..., 3) centre of the eyeball in camera space.
        head_rotation: (..., 3, 3) head to camera.
    """
    turn = np.asarray(head_rotation, np.float64)
    return yaw_pitch(np.einsum("...ji,...j->...i", turn, look(gaze, eye)))


def eye_rotation(gaze: ArrayLike, eye: ArrayLike, head_rotation: ArrayLike) -> Reals:
    """Rotation (..., 3, 3) in head space of an eyeball about its centre; arguments as :func:`eye_angles`."""
    yaw, pitch = np.moveaxis(eye_angles(gaze, eye, head_rotation), -1, 0)
    return rotation_matrix(yaw, pitch)


def _unit(vectors: Reals) -> Reals:
    unit: Reals = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
