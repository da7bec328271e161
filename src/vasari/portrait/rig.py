"""One person's blendshapes: the photo's face made neutral, lips that seal, lids that meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSIONS
from vasari.head.fit import HeadFit
from vasari.head.model import HeadModel
from vasari.portrait.infancy import infancy
from vasari.portrait.surface_distance import edges_of, surface_distance
from vasari.portrait.teeth_row import CROWN_VERTICES
from vasari.stages import stage

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

#: Lips count as closed below this gap, in distances between the eyes' outer corners.
CLOSED_GAP = 0.012
#: What stays in the neutral face of an expression seen in a photo with parted lips (others stay whole).
KEPT_WHEN_PARTED = {"mouthSmile": 0.45, "mouthDimple": 0.45, "cheekSquint": 0.7, "mouthFrown": 0.5}
#: How far a correction of lips or lids spreads along the surface, cm.
LIP_REACH, LID_REACH = 1.0, 0.45
#: What sits in the mouth as one piece, and how far its size may follow the width of the lips.
ORAL = ("teeth_upper", "teeth_lower", "gums_upper", "gums_lower", "tongue")
TEETH_SIZE = (0.85, 1.05)
#: How much lower teeth sit than in the head model: speech shows the edges of the upper ones first, cm.
TEETH_DROP = 0.25
#: ... and the lower row (with the tongue) still lower and further back than the upper.
UPPER, LOWER = ("teeth_upper", "gums_upper"), ("teeth_lower", "gums_lower", "tongue")
LOWER_ROW = np.array([0.0, 0.12, 0.2], np.float32)
#: Crowns are this much wider than the head model's, to meet their neighbours.
CROWN_WIDTH = 1.07
#: How much less of a baby's teeth stands out of its gums, cm.
UNGROWN = 0.75
#: The tongue follows the jaw only so far, (x, y, z): speech keeps it up and in front while the jaw drops.
TONGUE_SHARE = np.array([1.0, 0.88, 0.75], np.float32)
#: Rounded lips stand off the teeth, which part behind them: shift of the upper and the lower row, cm.
ROUNDING = ("mouthFunnel", "mouthPucker")
ROUND_UPPER, ROUND_LOWER = np.array([0, 0.12, -0.1], np.float32), np.array([0, -0.34, -0.25], np.float32)
#: Smallest displacement that is stored, cm.
LEAST_DELTA = 2e-4

_INNER_LIPS = (13, 14)
_OUTER_EYE_CORNERS = (33, 263)


@dataclass(frozen=True)
class Rig:
    """Vertices of a portrait over expression, in camera space at the photo's pose, cm.

    Attributes:
        photo: (V, 3) as in the photo. neutral: (V, 3) at zero weights.
        start, vertex, delta: the 52 expressions, sparse (CSR) as in :class:`~vasari.head.model.HeadModel`.
    """

    photo: Floats
    neutral: Floats
    start: Ints
    vertex: Ints
    delta: Floats


@stage("rig")
def build_rig(model: HeadModel, fit: HeadFit, residual: Floats, landmarks: Floats) -> Rig:
    """Blendshapes of the person in the photo.

    Args:
        model: the head model. fit: its fit to the photo.
        residual: (V, 3) exact displacements in camera space (:mod:`vasari.portrait.residual`).
        landmarks: (468, 2) pixels; they tell whether the lips are parted.
    """
    kept = kept_expression(fit.expression, landmarks)
    turn = np.asarray(fit.rotation, np.float32)
    deltas = model.expression_dense @ turn.T  # (52, V, 3)
    photo = (
        model.shape(fit.identity, fit.expression) @ turn.T
        + np.asarray(fit.translation, np.float32)
        + residual
    )
    edges = edges_of(model.part_triangles("skin", "mouth"))
    neutral = photo + np.tensordot(kept - fit.expression, deltas, 1).astype(np.float32)
    for _ in range(2):  # the second pass follows the rims' own curves as the first has left them
        neutral = neutral + _meet(
            model, edges, neutral, "lip_upper_rim", "lip_lower_rim", LIP_REACH, share=0.5
        )
    neutral = _seat_teeth(model, neutral.astype(np.float32), turn, infancy(landmarks))
    # a weight of 1 reaches the full shape from where the photo's face already is
    deltas = deltas * (1 - kept)[:, None, None]
    _move_inside(model, deltas, turn)
    for side in ("Left", "Right"):
        j = EXPRESSIONS.index(f"eyeBlink{side}")
        rims = f"lid_upper_{side.lower()}", f"lid_lower_{side.lower()}"
        for _ in range(2):
            deltas[j] += _meet(model, edges, neutral + deltas[j], *rims, LID_REACH, share=0.8)
    return Rig(photo.astype(np.float32), neutral.astype(np.float32), *_sparse(deltas))


def lips_parted(landmarks: Floats) -> bool:
    """Whether landmarks (468, 2) show an open mouth."""
    eyes = np.linalg.norm(np.subtract(*landmarks[list(_OUTER_EYE_CORNERS)]))
    return bool(np.linalg.norm(np.subtract(*landmarks[list(_INNER_LIPS)])) > CLOSED_GAP * eyes)


def kept_expression(expression: Floats, landmarks: Floats) -> Floats:
    """The part (52,) of the photo's expression that belongs to the person's neutral face here.

    With closed lips all of it: the photo itself is then the face at rest. With parted lips
    whatever opens the mouth goes, and a smile fades to its trace.
    """
    kept = np.asarray(expression, np.float32).copy()
    if lips_parted(landmarks):
        for j, name in enumerate(EXPRESSIONS):
            if name.startswith(("mouth", "jaw", "cheek")):
                kept[j] *= next((k for start, k in KEPT_WHEN_PARTED.items() if name.startswith(start)), 0.0)
    return kept


def _seat_teeth(model: HeadModel, neutral: Floats, turn: Floats, infancy: float) -> Floats:
    """Set teeth, gums and tongue as a rigid whole behind the closed lips, as wide as the mouth allows.

    They hang on the skull, whose size the landmarks of the lips cannot tell: identity must not bend
    them. A baby's (``infancy`` of 1) are still in the gums.
    """
    rim = model.groups["lip_upper_rim"]
    middle = rim[len(rim) // 2]
    width = np.linalg.norm(np.subtract(*neutral[rim[[0, -1]]])) / np.linalg.norm(
        np.subtract(*model.neutral[rim[[0, -1]]])
    )
    inside = np.concatenate([model.groups[name] for name in ORAL])
    size = np.clip(width, *TEETH_SIZE)
    seated = neutral.copy()
    place = model.neutral[inside] - model.neutral[middle] - [0, (1 - infancy) * TEETH_DROP, 0]
    for row, up in (("teeth_upper", 1), ("teeth_lower", -1)):
        own = np.isin(inside, model.groups[row])
        crowns = place[own].reshape(-1, CROWN_VERTICES, 3)
        crowns = crowns + (CROWN_WIDTH - 1) * (crowns - crowns.mean(1, keepdims=True)) * [1, 0, 1]
        place[own] = crowns.reshape(-1, 3)
        place[own, 1] += up * infancy * UNGROWN
    place[np.isin(inside, np.concatenate([model.groups[name] for name in LOWER]))] -= LOWER_ROW
    seated[inside] = neutral[middle] + size * place @ turn.T
    return seated


def _move_inside(model: HeadModel, deltas: Floats, turn: Floats) -> None:
    """Let tongue and teeth move with jaw and lips as in speech; changes ``deltas`` (52, V, 3) in place."""
    tongue = model.groups["tongue"]
    jaw = EXPRESSIONS.index("jawOpen")
    deltas[jaw, tongue] = ((deltas[jaw, tongue] @ turn) * TONGUE_SHARE) @ turn.T
    for name in ROUNDING:
        j = EXPRESSIONS.index(name)
        deltas[j, np.concatenate([model.groups[part] for part in LOWER])] += turn @ ROUND_LOWER
        deltas[j, np.concatenate([model.groups[part] for part in UPPER])] += turn @ ROUND_UPPER


def _meet(
    model: HeadModel,
    edges: NDArray[np.int64],
    vertices: Floats,
    upper: str,
    lower: str,
    reach: float,
    share: float,
) -> Floats:
    """Displacements (V, 3) that bring two rims together, dying out along the surface.

    Args:
        edges: (m, 2) of the skin. share: how much of the way the upper rim goes, 0..1.
    """
    rims = model.groups[upper], model.groups[lower]
    curves = [vertices[ids] for ids in rims]
    along = [_arc(curve) for curve in curves]
    corrections = []
    for own, other, part in ((0, 1, share), (1, 0, 1 - share)):
        facing = np.stack([np.interp(along[own], along[other], curves[other][:, c]) for c in range(3)], 1)
        corrections.append(part * (facing - curves[own]))
    return _spread(edges, vertices, rims, corrections, reach)


def _arc(curve: Floats) -> NDArray[np.float64]:
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    length = np.concatenate([[0], np.cumsum(steps)])
    return np.asarray(length / length[-1])


def _spread(
    edges: NDArray[np.int64],
    vertices: Floats,
    rims: tuple[Ints, Ints],
    corrections: list[NDArray[np.float64]],
    reach: float,
) -> Floats:
    """Each vertex near a rim takes the correction of the rim that is nearest along the surface."""
    distance = surface_distance(vertices, edges, np.concatenate(rims), 3 * reach)
    near = np.flatnonzero(np.isfinite(distance).any(0))
    distance = distance[:, near].astype(np.float32)  # infinite where out of reach: no weight
    nearest = distance.min(0)
    weight = np.exp(-((nearest / reach) ** 2) * 2)
    blend = np.exp(-(((distance - nearest) / (0.25 * reach)) ** 2))
    field = np.zeros((len(vertices), 3))
    field[near] = (blend.T @ np.concatenate(corrections)) / blend.sum(0)[:, None] * weight[:, None]
    field[rims[0]], field[rims[1]] = corrections
    # shared corners belong to both rims and stay
    return np.asarray(field, np.float32)


def _sparse(deltas: Floats) -> tuple[Ints, Ints, Floats]:
    rows = [np.flatnonzero(np.abs(d).max(1) > LEAST_DELTA) for d in deltas]
    start = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int32)
    delta = np.concatenate([d[r] for d, r in zip(deltas, rows, strict=True)]).astype(np.float32)
    return start, np.concatenate(rows).astype(np.int32), delta
