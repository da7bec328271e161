"""What the fit measures: the 468 landmarks and the gaps between them, as a linear function of the face.

Landmark numbers are those of the MediaPipe face mesh (Kartynnik et al., "Real-time Facial Surface
Geometry from Monocular Video on Mobile GPUs", 2019).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSIONS
from vasari.head.model import HeadModel

Reals = NDArray[np.float64]
Pairs = tuple[tuple[int, int], ...]

# fmt: off
#: Silhouette of the face, from the top of the forehead round by the subject's left.
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)
#: The part of the oval that the jaw moves.
CHIN = (152, 148, 176, 149, 150, 377, 400, 378, 379)
#: (upper, lower) points across the lips' opening, middle first, then outwards on both sides.
LIP_PAIRS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318),
             (191, 95), (415, 324))
#: (right, left) points across the mouth: outer and inner corners.
MOUTH_WIDTH_PAIRS = ((61, 291), (78, 308))
#: (upper, lower) points across the opening of the subject's left and right eye, middle first.
LID_PAIRS_LEFT = ((386, 374), (387, 373), (385, 380), (388, 390), (384, 381))
LID_PAIRS_RIGHT = ((159, 145), (160, 144), (158, 153), (161, 163), (157, 154))
#: (inner, outer) corners of the subject's left and right eye.
EYE_CORNERS_LEFT, EYE_CORNERS_RIGHT = (362, 263), (133, 33)
#: Edges of the lids of the subject's right and left eye.
LID_POINTS = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
    263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466,
)
#: Everything round the mouth; the rest belongs to the eyes, brows, nose and forehead.
MOUTH_POINTS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409,
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415,
    76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408,
    62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407,
)
# fmt: on

#: Part of the skin's way that landmarks of the chin go when the jaw opens (by optical flow of filmed faces).
_FOLLOWED = {200: 0.87, 201: 0.87, 421: 0.87, 199: 0.76, 208: 0.76, 428: 0.76} | dict.fromkeys(
    (175, 171, 396, 152, 148, 377), 0.7
)
#: (base of the nose, chin): how far the jaw is open.
JAW_PAIRS = ((2, 200), (2, 199), (2, 175))

_OVAL_WEIGHT = 0.25  # the oval slides over the skin as the head turns
_CHIN_WEIGHT = 0.5
_LIP_WEIGHT = 2.0
_LIP_GAP_WEIGHT = 40.0
_LID_GAP_WEIGHT = 8.0
_MOUTH_WIDTH_WEIGHT = 12.0
_JAW_WEIGHT = 20.0
#: Landmarks of shut lids stay this far apart, in widths of the eye (closed eyes of portraits and blinks).
_SHUT = 0.06

#: Expressions the fit can use: gaze moves the eyeballs, and no landmark lies on the tongue.
FITTED: tuple[int, ...] = tuple(
    i for i, name in enumerate(EXPRESSIONS) if not name.startswith("eyeLook") and name != "tongueOut"
)


@dataclass(frozen=True, eq=False)
class FaceRows:
    """Landmarks of a face = neutral + identity @ a + expression @ w, and the rows made of them.

    Attributes:
        neutral: (468, 3) cm in head space.
        normals: (468, 3) unit, outwards.
        identity: (468, 3, K) per standard deviation.
        expression: (468, 3, E) per unit weight of the :data:`FITTED` expressions.
        weight: (468 + P,) of each landmark and pair in the sum of squares.
        pairs: (P, 2) landmarks whose difference is a row of its own.
    """

    neutral: Reals
    normals: Reals
    identity: Reals
    expression: Reals
    weight: Reals
    pairs: NDArray[np.intp]

    @classmethod
    def of(cls, model: HeadModel) -> FaceRows:
        """The rows of a head model."""
        triangles = model.triangles[model.landmark_triangle]
        a, b, c = (model.neutral[triangles[:, k]].astype(np.float64) for k in range(3))
        normals = np.cross(b - a, c - a)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        pairs, pair_weight = _pairs()
        neutral = sealed(model.landmarks(model.neutral).astype(np.float64))
        expression = _on_landmarks((model.expression_dense[j] for j in FITTED), model, triangles)
        for landmark, part in _FOLLOWED.items():
            expression[landmark] *= part
        for side, lids, corners in (
            ("Left", LID_PAIRS_LEFT, EYE_CORNERS_LEFT),
            ("Right", LID_PAIRS_RIGHT, EYE_CORNERS_RIGHT),
        ):
            _shut_at_one(neutral, expression[..., fitted_index(f"eyeBlink{side}")], lids, corners)
        return cls(
            neutral=neutral,
            normals=normals,
            identity=sealed(_on_landmarks(model.identity, model, triangles)),
            expression=expression,
            weight=np.concatenate([_landmark_weight(), pair_weight]),
            pairs=pairs,
        )

    def with_rows(self, values: Reals) -> Reals:
        """Landmark values (468, ...) followed by the differences of the pairs: (468 + P, ...)."""
        return np.concatenate([values, values[self.pairs[:, 0]] - values[self.pairs[:, 1]]])

    def shape(self, identity: Reals, expression: Reals) -> Reals:
        """Landmarks (468, 3) in head space for coefficients (K,) and weights (E,)."""
        moved = self.expression.reshape(-1, len(expression)) @ expression
        if len(identity):
            moved += self.identity.reshape(-1, len(identity)) @ identity
        return self.neutral + moved.reshape(-1, 3)

    def person(self, identity: Reals) -> FaceRows:
        """The rows of one person: identity (K,) becomes part of the neutral face, and none is left to fit."""
        return replace(
            self, neutral=self.neutral + self.identity @ identity, identity=np.zeros((*self.neutral.shape, 0))
        )


def fitted_index(name: str) -> int:
    """Position of an expression among the :data:`FITTED` ones."""
    return FITTED.index(EXPRESSIONS.index(name))


def full_expression(fitted: Reals) -> NDArray[np.float32]:
    """All 52 weights (..., 52) from those of the :data:`FITTED` ones (..., E)."""
    full = np.zeros((*fitted.shape[:-1], len(EXPRESSIONS)), np.float32)
    full[..., list(FITTED)] = fitted
    return full


def _on_landmarks(
    directions: Iterable[NDArray[np.float32]], model: HeadModel, triangles: NDArray[np.int32]
) -> Reals:
    bary = model.landmark_bary.astype(np.float64)
    columns = [np.einsum("lc,lcd->ld", bary, d[triangles]) for d in directions]
    return np.ascontiguousarray(np.stack(columns, -1))


def sealed(values: Reals) -> Reals:
    """Landmarks (468, 3, ...) of a neutral face with its lips together: inner lip points meet half way."""
    upper, lower = np.array(LIP_PAIRS).T
    gap = values[upper] - values[lower]
    values[upper] -= gap / 2
    values[lower] += gap / 2
    return values


def _shut_at_one(neutral: Reals, blink: Reals, lids: Pairs, corners: tuple[int, int]) -> None:
    """Scale a blink's landmarks (468, 3), in place, so that weight 1 is how shut lids are seen."""
    upper, lower = np.array(lids[:3]).T
    opening = neutral[upper, 1] - neutral[lower, 1]
    closing = blink[lower, 1] - blink[upper, 1]
    width = np.linalg.norm(np.subtract(*neutral[list(corners)]))
    blink *= (opening.sum() - len(upper) * _SHUT * width) / closing.sum()


def _landmark_weight() -> Reals:
    weight = np.ones(468)
    weight[list(MOUTH_POINTS)] = _LIP_WEIGHT
    weight[list(OVAL)] = _OVAL_WEIGHT
    weight[list(CHIN)] = _CHIN_WEIGHT
    return weight


def _pairs() -> tuple[NDArray[np.intp], Reals]:
    groups = (
        (LIP_PAIRS, _LIP_GAP_WEIGHT),
        (LID_PAIRS_LEFT + LID_PAIRS_RIGHT, _LID_GAP_WEIGHT),
        (MOUTH_WIDTH_PAIRS, _MOUTH_WIDTH_WEIGHT),
        (JAW_PAIRS, _JAW_WEIGHT),
    )
    pairs = np.array([pair for members, _ in groups for pair in members])
    weight = np.array([w for members, w in groups for _ in members])
    return pairs, weight
