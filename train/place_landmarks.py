"""Move the head's 468 landmarks along the skin to where the landmarker sees them on portraits.

    python train/place_landmarks.py [--head FILE] [--portraits ../shared/data/portraits/sfhq] [--out FILE]

Run after ``build_head.py``, whose landmarks come from a hand-made correspondence. Fits the head to a few
hundred portraits with closed lips; what the fit leaves over at a landmark in most of them is a landmark that
sits wrong. Lips and lids stay: they have their places by meaning. The head file is rewritten with new
``landmark_triangle`` and ``landmark_bary``. Portraits: SFHQ-T2I (MIT), read for their landmarks only.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from vasari.head.camera import Camera
from vasari.head.face_rows import LID_POINTS, MOUTH_POINTS, OVAL, FaceRows
from vasari.head.fitter import FaceFitter, Prior
from vasari.head.landmarks import FaceLandmarker
from vasari.head.model import HeadModel
from vasari.portrait.photo import read_photo

Reals = NDArray[np.float64]

ROUNDS = 4
#: Weight of "the landmark is where it was" against one portrait, in equal units.
STAY = 0.15
OUTLIER = 0.4  # cm
PRIOR = Prior(identity=10.0, expression=100.0, sparse=100.0, symmetry=60.0)
EXCLUDED = ("glasses", "closed", "tongue", "hand", "people")


def read_landmarks(folder: Path, count: int) -> tuple[list[Reals], tuple[int, int]]:
    """Landmarks (468, 3) of ``count`` near-frontal portraits with closed lips, and the pictures' size."""
    with (folder / "index.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["faces"] == "1"]
    suited = [
        row["file"]
        for row in rows
        if abs(float(row["yaw_deg"])) < 30
        and float(row["mouth_gap"]) < 0.03
        and float(row["face_width_px"]) > 150
        and not any(word in row["file"] for word in EXCLUDED)
    ]
    np.random.default_rng(0).shuffle(suited)
    landmarker = FaceLandmarker()
    points, size = [], (0, 0)
    for name in suited[:count]:
        picture = read_photo(folder / name)
        faces = landmarker.find(picture)
        if faces:
            points.append(faces[0].points.astype(np.float64))
            size = (picture.shape[1], picture.shape[0])
    return points, size


def common_offset(rows: FaceRows, camera: Camera, pictures: list[Reals]) -> tuple[Reals, float]:
    """Offset (468, 3) in head space that most pictures ask for, and the median rms without it; cm."""
    fitter = FaceFitter(rows, camera, PRIOR)
    left, right = np.zeros((468, 3, 3)), np.zeros((468, 3))
    rms = []
    for picture in pictures:
        start = fitter.first_state(picture)
        (state,), identity = fitter.solve(
            [picture], [start], np.zeros(rows.identity.shape[-1]), tolerance=1e-3
        )
        point = rows.shape(identity, state.expression) @ state.rotation.T + state.translation
        per_cm = camera.focal / -state.translation[2]
        gradient = np.stack(fitter.picture_gradient(point), 1) @ state.rotation / per_cm  # (468, 2, 3)
        residual = fitter.residual(picture, state, identity) / per_cm
        normal = rows.normals @ state.rotation.T
        facing = -(normal * point).sum(1) / np.linalg.norm(point, axis=1)
        weight = np.clip(facing / 0.5, 0, 1) / (1 + (residual**2).sum(1) / OUTLIER**2)
        left += np.einsum("l,lij,lik->ljk", weight, gradient, gradient)
        right += np.einsum("l,lij,li->lj", weight, gradient, residual)
        rms.append(np.sqrt((np.delete(residual, OVAL, 0) ** 2).sum(1).mean()))
    offset = -np.linalg.solve(left + STAY * len(pictures) * np.eye(3), right[..., None])[..., 0]
    return offset, float(np.median(rms))


def symmetric(offset: Reals, neutral: Reals) -> Reals:
    """Mean of an offset (468, 3) and its mirror image."""
    mirror = np.array([-1.0, 1.0, 1.0])
    _, twin = cKDTree(neutral).query(neutral * mirror)
    return (offset + offset[twin] * mirror) / 2


def on_skin(model: HeadModel, points: Reals) -> tuple[NDArray[np.intp], Reals]:
    """Place on the face's skin nearest to points (n, 3): triangle (n,), barycentric weights (n, 3)."""
    inside = np.zeros(model.n_vertices, bool)
    inside[model.groups["face"]] = True
    ids = np.flatnonzero((model.part == 0) & inside[model.triangles].all(1))
    corners = model.neutral[model.triangles[ids]].astype(np.float64)  # (n, 3 corners, 3)
    _, near = cKDTree(corners.mean(1)).query(points, k=24)
    best_triangle, best_bary = np.empty(len(points), np.intp), np.empty((len(points), 3))
    for i, point in enumerate(points):
        bary = np.stack([_closest(point, corners[t]) for t in near[i]])
        place = np.einsum("kc,kcd->kd", bary, corners[near[i]])
        k = np.linalg.norm(place - point, axis=1).argmin()
        best_triangle[i], best_bary[i] = ids[near[i][k]], bary[k]
    return best_triangle, best_bary


def _closest(point: Reals, corners: Reals) -> Reals:
    """Barycentric weights (3,) of the point of a triangle (3, 3) that is nearest to a point (3,)."""
    edges = np.stack([corners[1] - corners[0], corners[2] - corners[0]], 1)
    b, c = np.linalg.lstsq(edges, point - corners[0], rcond=None)[0]
    inner = np.array([1 - b - c, b, c])
    if inner.min() >= 0:
        return inner
    candidates = []
    for i, j in ((0, 1), (1, 2), (2, 0)):
        along = corners[j] - corners[i]
        t = np.clip((point - corners[i]) @ along / (along @ along), 0, 1)
        weights = np.zeros(3)
        weights[i], weights[j] = 1 - t, t
        candidates.append(weights)
    return min(candidates, key=lambda w: float(np.linalg.norm(w @ corners - point)))


def place(model: HeadModel, pictures: list[Reals], size: tuple[int, int]) -> HeadModel:
    """The model with its landmarks where the pictures have them."""
    camera = Camera.default(size)
    free = np.setdiff1d(np.arange(468), [*MOUTH_POINTS, *LID_POINTS])
    for number in range(ROUNDS):
        rows = FaceRows.of(model)
        offset, rms = common_offset(rows, camera, pictures)
        offset = symmetric(offset, rows.neutral)
        moved = np.linalg.norm(offset[free], axis=1).mean()
        print(f"round {number}: rms {10 * rms:.2f} mm, offset {10 * moved:.2f} mm")
        triangle, bary = model.landmark_triangle.copy(), model.landmark_bary.copy()
        triangle[free], bary[free] = on_skin(model, (rows.neutral + offset)[free])
        model = replace(model, landmark_triangle=triangle, landmark_bary=bary)
    return model


def main() -> None:
    """Read the head and the portraits, write the head."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--head", type=Path, default=Path("src/vasari/assets/head.npz"))
    parser.add_argument("--portraits", type=Path, default=Path("../shared/data/portraits/sfhq"))
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--out", type=Path, help="by default the head file itself")
    args = parser.parse_args()
    pictures, size = read_landmarks(args.portraits, args.count)
    print(f"{len(pictures)} portraits")
    model = place(HeadModel.load(args.head), pictures, size)
    with np.load(args.head) as data:
        card = json.loads(bytes(data["header"]))["card"]
    card["landmarks"] = f"placed by {len(pictures)} portraits of SFHQ-T2I (David Beniaguev, 2024, MIT)"
    model.save(args.out or args.head, card)


if __name__ == "__main__":
    main()
