"""The light on the skin in a photo: where it comes from, and how it changes as the skin turns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vasari.portrait.nearness import distance_to, smoothstep
from vasari.portrait.sheet import FaceFrame

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Bytes = NDArray[np.uint8]

#: Side light may change the skin's brightness this much at most.
LAMP_MOST = 0.3
#: Nothing is darker than this share of the skin's usual brightness.
DARKEST = 0.2
#: Skin with less variation within a patch than this is painted flat, grey levels.
FLAT_GRAIN = 0.8
#: What is modelled less than this counts as a drawing in flat colours.
FLAT = 0.5

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_CHEEKS = (50, 280, 205, 425, 101, 330, 118, 347, 187, 411)


def lamplight(lamp: Floats, normals: Floats) -> Floats:
    """Brightness (n,) of skin with these normals (n, 3) under a lamp (4,): ambient, then direction."""
    return np.asarray(np.maximum(lamp[0] + normals @ lamp[1:], DARKEST), np.float32)


def cheek_patches(picture: Bytes, landmarks: Floats, frame: FaceFrame) -> list[Bytes]:
    """Colours (n, 3) of small patches of skin on the cheeks."""
    reach = max(int(0.02 * frame.height), 1)
    patches = []
    for x, y in landmarks[list(_CHEEKS)].astype(int):
        patch = picture[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        patches.append(patch.reshape(-1, 3))
    return patches


def modelled(picture: Bytes, landmarks: Floats, frame: FaceFrame) -> float:
    """0 for skin that is painted in flat colours, which no lamp lights, to 1 for skin that has a texture."""
    grain = [float((patch @ _LUMA).std()) for patch in cheek_patches(picture, landmarks, frame)]
    return float(smoothstep(np.array((np.median(grain) - FLAT_GRAIN) / FLAT_GRAIN)))


def fit_lamp(
    picture: Bytes,
    uv: Floats,
    normals: Floats,
    visible: Ints,
    landmarks: Floats,
    frame: FaceFrame,
    modelled: float,
) -> Floats:
    """Light on the skin: first-order spherical harmonics (Basri and Jacobs, PAMI 2003), robustly fitted.

    What is painted flat (``modelled`` less than ``FLAT``) has none, what is hardly modelled little.
    """
    inside = distance_to(landmarks, uv[visible]) < 0.04 * frame.height
    ids = visible[inside]
    x, y = np.clip(uv[ids].astype(int), 0, picture.shape[0] - 1).T
    brightness = picture[y, x] @ _LUMA / 255
    basis = np.concatenate([np.ones((len(ids), 1), np.float32), normals[ids]], 1)
    weight = np.ones(len(ids), np.float32)
    light = np.zeros(4, np.float32)
    for _ in range(6):  # iteratively reweighted: brows, lips and shadows are outliers
        scaled = basis * weight[:, None]
        light = np.linalg.solve(scaled.T @ basis + 1e-2 * np.eye(4), scaled.T @ brightness)
        error = brightness - basis @ light
        weight = 1 / (1 + (error / 0.08) ** 2)
    light /= max(float(np.median(basis @ light)), 0.05)
    strength = float(np.linalg.norm(light[1:]))
    light[1:] *= (modelled if modelled >= FLAT else 0.0) * min(1.0, LAMP_MOST / max(strength, 1e-6))
    light[0] = max(light[0], 0.5)
    return light.astype(np.float32)
