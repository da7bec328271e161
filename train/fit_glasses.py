"""Fit what tells glasses from faces without (:mod:`vasari.portrait.rims`); prints its two constants.

python train/fit_glasses.py --portraits ../shared/data/portraits/sfhq

The captions name a third of the glasses; ``splits/portraits_glasses.csv`` lists all, and what is unclear.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

from fit_infancy import FOLDS, fit
from vasari.head.landmarks import FaceLandmarker
from vasari.portrait.photo import read_photo
from vasari.portrait.rims import BAND, LEAST_SURE, band_map, find_bridge, find_rims, signs, warped

SPLITS = Path(__file__).parent / "splits"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path, default=Path("../shared/data/portraits/sfhq"))
    parser.add_argument("--held-out", type=Path, default=SPLITS / "portraits_test.csv")
    parser.add_argument("--glasses", type=Path, default=SPLITS / "portraits_glasses.csv")
    arguments = parser.parse_args()
    held_out = {row["file"] for row in csv.DictReader(arguments.held_out.open())}
    glasses = {row["file"]: row["glasses"] for row in csv.DictReader(arguments.glasses.open())}
    landmarker = FaceLandmarker()
    seen, worn = [], []
    for row in csv.DictReader((arguments.portraits / "index.csv").open()):
        if row["file"] in held_out or glasses.get(row["file"]) == "unclear":
            continue
        photo = read_photo(arguments.portraits / row["file"])
        faces = landmarker.find(photo)
        if faces:
            landmarks = faces[0].points[:, :2].astype(np.float32)
            to_band = band_map(landmarks)
            band = np.asarray(warped(photo, to_band, BAND), np.uint8)
            rims = find_rims(band, cv2.transform(landmarks[None], to_band)[0])
            seen.append(signs(band, rims, find_bridge(band, rims)[1]))
            worn.append(row["file"] in glasses)
    x, y = np.array(seen), np.array(worn)
    fold = np.arange(len(y)) % FOLDS
    sure = np.zeros(len(y))
    for k in range(FOLDS):
        weights, bias = fit(x[fold != k], y[fold != k])
        sure[fold == k] = x[fold == k] @ weights + bias
    found, wrong = (sure[y] > LEAST_SURE).sum(), (sure[~y] > LEAST_SURE).sum()
    print(f"held out: {found} of {y.sum()} with glasses, {wrong} of {(~y).sum()} without")
    weights, bias = fit(x, y)
    print("WEIGHTS =", weights.round(3).tolist(), "BIAS =", round(bias, 3))


if __name__ == "__main__":
    main()
