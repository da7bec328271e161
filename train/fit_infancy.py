"""Fit what tells babies from their proportions (:mod:`vasari.portrait.infancy`); prints its two constants.

python train/fit_infancy.py --portraits ../shared/data/portraits/sfhq
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vasari.head.landmarks import FaceLandmarker
from vasari.portrait.infancy import proportions
from vasari.portrait.photo import read_photo

MOST_YAW = 25.0
#: A baby counts this share of what would make babies and others weigh the same.
BABY_SHARE = 0.3
FOLDS = 5


def fit(ratios: NDArray[np.floating], baby: NDArray[np.bool_]) -> tuple[NDArray[np.floating], float]:
    """Ridge logistic regression by Newton's method: weights (K,) and bias."""
    mean, spread = ratios.mean(0), ratios.std(0)
    basis = np.concatenate([(ratios - mean) / spread, np.ones((len(ratios), 1))], 1)
    count = np.where(baby, BABY_SHARE * len(baby) / (2 * baby.sum()), 1.0)
    weights = np.zeros(basis.shape[1])
    ridge = np.append(np.ones(len(weights) - 1), 0)
    for _ in range(50):
        p = 1 / (1 + np.exp(-basis @ weights))
        gradient = basis.T @ (count * (p - baby)) + ridge * weights
        hessian = (basis * (count * p * (1 - p))[:, None]).T @ basis + np.diag(ridge + 1e-9)
        weights -= np.linalg.solve(hessian, gradient)
    slope = weights[:-1] / spread
    return slope, float(weights[-1] - slope @ mean)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--portraits", type=Path, default=Path("../shared/data/portraits/sfhq"))
    parser.add_argument("--held-out", type=Path, default=Path(__file__).parent / "splits/portraits_test.csv")
    arguments = parser.parse_args()
    held_out = {row["file"] for row in csv.DictReader(arguments.held_out.open())}
    landmarker = FaceLandmarker()
    ratios, baby = [], []
    for row in csv.DictReader((arguments.portraits / "index.csv").open()):
        words = f"{row['mosaic']} {row['caption']}".lower()
        if row["file"] in held_out or row["faces"] != "1" or abs(float(row["yaw_deg"])) > MOST_YAW:
            continue
        if any(word in words for word in ("child", "toddler")):  # of any age
            continue
        faces = landmarker.find(read_photo(arguments.portraits / row["file"]))
        if faces:
            ratios.append(proportions(faces[0].points))
            baby.append("10 month" in words)
    x, y = np.array(ratios), np.array(baby)
    fold = np.arange(len(y)) % FOLDS
    found = np.zeros(len(y))
    for k in range(FOLDS):
        weights, bias = fit(x[fold != k], y[fold != k])
        found[fold == k] = 1 / (1 + np.exp(-(x[fold == k] @ weights + bias)))
    babies, others = (found[y] > 0.7).sum(), (found[~y] > 0.7).sum()
    print(f"held out, at 0.7: {babies} of {y.sum()} babies, {others} of {(~y).sum()} others")
    weights, bias = fit(x, y)
    print("WEIGHTS =", weights.round(2).tolist(), "BIAS =", round(bias, 2))


if __name__ == "__main__":
    main()
