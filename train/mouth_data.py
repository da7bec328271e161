"""Pairs to learn the inside of a mouth from: a photo with parted lips, and the same mouth as drawn.

The head is fitted to each photo and drawn exactly as it stands there, so that the lips coincide and only what
is between them differs: drawn coarsely in one, real in the other.

    python train/mouth_data.py --portraits ../shared/data/portraits/sfhq --out mouth_pairs.npz
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
from pathlib import Path

import cv2
import numpy as np

from vasari.errors import VasariError
from vasari.head.camera import Camera
from vasari.head.expressions import EXPRESSIONS
from vasari.head.fit import fit_head
from vasari.head.landmarks import FaceLandmarker
from vasari.head.model import HeadModel
from vasari.motion.motion import MotionFrame
from vasari.portrait.crop import crop_photo
from vasari.portrait.photo import choose_face, read_photo
from vasari.portrait.portrait import Portrait
from vasari.portrait.residual import residual_field
from vasari.portrait.rig import ORAL, build_rig
from vasari.render import mouth_view
from vasari.render.renderer import Renderer

#: Lips at least this far apart (in distances between the eyes' outer corners), heads turned at most so far.
LEAST_GAP, MOST_YAW = 0.02, 28.0
#: A pair shows at least this much of the inside, pixels of the view.
LEAST_INSIDE = 25


def as_in_photo(photo: np.ndarray, landmarker: FaceLandmarker) -> Portrait:
    """A portrait whose rest is the photo's own expression, its teeth where the model has them then."""
    portrait = Portrait.create(photo, landmarker=landmarker)
    face = choose_face(photo, landmarker)
    model = HeadModel.load()
    crop = crop_photo(photo, face)
    seen = crop.landmarks(face)
    camera = Camera.default((crop.side, crop.side)).shifted(-crop.margin, -crop.margin)
    fit = fit_head(seen, (crop.picture.shape[0],) * 2, model, camera=camera)
    turn, shift = np.asarray(fit.rotation, np.float32), np.asarray(fit.translation, np.float32)
    fitted = model.shape(fit.identity, fit.expression) @ turn.T + shift
    residual = residual_field(model, fitted, fit, seen.points[:, :2], crop.side)
    rig = build_rig(model, fit, residual, seen.points[:, :2])
    inside = np.concatenate([model.groups[name] for name in ORAL])
    here = rig.photo.copy()
    here[inside] = rig.neutral[inside]
    for j in np.flatnonzero(fit.expression):
        a, b = rig.start[j : j + 2]
        within = np.isin(rig.vertex[a:b], inside)
        here[rig.vertex[a:b][within]] += fit.expression[j] * rig.delta[a:b][within]
    neutral = portrait.neutral.copy()
    neutral[: model.n_vertices] = here
    return dataclasses.replace(portrait, neutral=neutral)


def pair(photo: np.ndarray, landmarker: FaceLandmarker) -> tuple[np.ndarray, np.ndarray] | None:
    """Layers (N_LAYERS, H, W) of the drawn mouth, colours (3, H, W) of the real one; None if it is shut."""
    portrait = as_in_photo(photo, landmarker)
    renderer = Renderer(portrait, 512)
    rest = np.asarray(_gaze(portrait), np.float32)
    frame = MotionFrame(np.zeros(len(EXPRESSIONS), np.float32), np.zeros(3, np.float32), gaze=rest)
    drawn = renderer.look_into_mouth(frame).copy()
    shares = drawn[mouth_view.TEETH_UPPER : mouth_view.FLESH + 1].sum(0)
    if shares.sum() < LEAST_INSIDE:
        return None
    side = portrait.photo.shape[0]
    original = (
        portrait.photo
        if side == 512
        else cv2.resize(portrait.photo, (512, 512), interpolation=cv2.INTER_AREA)
    )
    real = renderer.look_into_mouth(frame, np.ascontiguousarray(original))[:3].copy()
    return drawn, real


def _gaze(portrait: Portrait) -> tuple[float, float]:
    """Where the eyes of the photo look, roughly: the gaze does not matter here."""
    return tuple(portrait.eye_angles.mean(0))


def main() -> None:
    """Command line: a folder of portraits in, one archive of pairs out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path, default=Path("../shared/data/portraits/sfhq"))
    parser.add_argument("--held-out", type=Path, default=Path(__file__).parent / "splits/portraits_test.csv")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    held_out = {row["file"] for row in csv.DictReader(arguments.held_out.open())}
    landmarker = FaceLandmarker()
    names, drawn, real = [], [], []
    for row in csv.DictReader((arguments.portraits / "index.csv").open()):
        if row["faces"] != "1" or row["file"] in held_out:
            continue
        if float(row["mouth_gap"]) < LEAST_GAP or abs(float(row["yaw_deg"])) > MOST_YAW:
            continue
        try:
            found = pair(read_photo(arguments.portraits / row["file"]), landmarker)
        except VasariError as error:
            print(row["file"], error)
            continue
        if found is not None:
            names.append(row["file"])
            drawn.append(
                (found[0] * 255 / np.where(np.arange(8) == 7, 1.5, 1)[:, None, None]).astype(np.uint8)
            )
            real.append((found[1] * 255 + 0.5).astype(np.uint8))
            if len(names) % 20 == 0:
                print(len(names), flush=True)
    np.savez_compressed(arguments.out, names=names, drawn=drawn, real=real)
    print(f"{len(names)} pairs")


if __name__ == "__main__":
    main()
