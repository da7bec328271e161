"""What mouth channels do to a face: landmark displacements and the gap between the lips."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from vasari.head.expressions import EXPRESSIONS
from vasari.head.face_rows import LIP_PAIRS
from vasari.head.model import HeadModel

Floats = NDArray[np.float32]

#: Gap in cm at which lips pass as closed.
CLOSED = 0.08

#: Mouth channels: expressions with their sides taken together, as articulation is (nearly) symmetric.
CHANNELS: tuple[str, ...] = (
    "cheekPuff",
    "cheekSquint",
    "jawForward",
    "jawOpen",
    "mouthClose",
    "mouthDimple",
    "mouthFrown",
    "mouthFunnel",
    "mouthLowerDown",
    "mouthPress",
    "mouthPucker",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmile",
    "mouthStretch",
    "mouthUpperUp",
    "noseSneer",
)

# MediaPipe landmarks whose motion articulation makes: lips (outer, inner ring), chin and jaw, cheeks.
_OUTER = [61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146]
_INNER = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95]
_CHIN = [152, 148, 377, 176, 400, 199, 200, 18]
_CHEEK = [205, 425, 50, 280, 206, 426, 214, 434]
LANDMARKS: list[int] = _OUTER + _INNER + _CHIN + _CHEEK
CORNERS = (61, 291)  # of the mouth, image left and right
# Pairs (upper, lower) across the middle of the mouth, the same as the tracker's.
GAP_PAIRS = LIP_PAIRS[:3]


def spread(channels: tuple[str, ...] = CHANNELS) -> Floats:
    """(C, 52): which expressions each channel stands for."""
    table = np.zeros((len(channels), len(EXPRESSIONS)), np.float32)
    for i, channel in enumerate(channels):
        for j, name in enumerate(EXPRESSIONS):
            table[i, j] = name in (channel, f"{channel}Left", f"{channel}Right")
    return table


def symmetric(expression: Floats) -> Floats:
    """Channels (T, C) of expression weights (T, 52): the mean of both sides."""
    table = spread()
    channels: Floats = expression @ (table / table.sum(1, keepdims=True)).T
    return channels


class LipGeometry:
    """Linear maps from channels to what is seen, on the mean head.

    Attributes:
        basis: (C, 3 L) displacement in cm of each of the L landmarks by each channel at weight 1.
        row: (C,) change of the gap between the lips in cm.
        width_row: (C,) change of the distance between the corners of the mouth in cm.
        eye_distance: between the middles of the eyes, cm.
        closed: gap in cm at which the lips may pass as closed.
        pressed: overlap in cm that stands for lips pressed together.
        seen: ``basis`` as a tensor, scaled so that a squared norm is a mean over landmarks.
        gap_row: ``row`` as a tensor.
    """

    def __init__(self, head: HeadModel) -> None:
        neutral = head.landmarks(head.neutral)
        moved = np.stack([head.landmarks(head.neutral + delta) for delta in head.expression_dense]) - neutral
        moved = np.tensordot(spread(), moved, 1)  # (C, 468, 3)
        self.basis: Floats = moved[:, LANDMARKS].reshape(len(CHANNELS), -1).astype(np.float32)
        upper, lower = np.array(GAP_PAIRS).T
        self.row: Floats = (moved[:, upper, 1] - moved[:, lower, 1]).mean(1).astype(np.float32)
        self.width_row: Floats = (moved[:, CORNERS[1], 0] - moved[:, CORNERS[0], 0]).astype(np.float32)
        eyes = neutral[[33, 133, 263, 362]].reshape(2, 2, 3).mean(1)
        self.eye_distance = float(np.linalg.norm(eyes[0] - eyes[1]))
        self.closed = CLOSED
        self.pressed = 0.1
        weight = np.ones(len(LANDMARKS), np.float32)
        weight[len(_OUTER) + len(_INNER) :] = 0.5  # chin and cheeks
        scale = np.repeat(weight, 3) / np.sqrt(len(LANDMARKS))
        self.seen = torch.tensor((self.basis * scale).astype(np.float32))
        self.gap_row = torch.tensor(self.row)

    def agreed(self, channels: Floats, lip_gap: Floats) -> Floats:
        """Channels (T, C) changed so that the gap is the one that was seen.

        A head whose mouth differs from that of the tracker would not close where the speaker did.

        Args:
            channels: (T, C) as tracked.
            lip_gap: (T,) seen between the inner lips, in distances between the middles of the eyes.
        """
        seen = np.maximum(lip_gap * self.eye_distance, 0)
        surplus = channels @ self.row - seen
        surplus[(seen < CLOSED / 2) & (surplus < 0)] = 0  # pressed lips stay pressed
        jaw, close = CHANNELS.index("jawOpen"), CHANNELS.index("mouthClose")
        channels = channels.copy()
        wanted = channels[:, close] - surplus / self.row[close]
        channels[:, close] = np.clip(wanted, 0, 1)
        lack = np.minimum(wanted, 0) * self.row[close]  # what mouthClose cannot open is left to the jaw
        channels[:, jaw] = np.clip(channels[:, jaw] + lack / self.row[jaw], 0, 1)
        return channels

    def gap(self, channels: Floats) -> Floats:
        """Gap (T,) in cm beyond the neutral face's, 0 where lips touch or press."""
        gap: Floats = np.maximum(channels @ self.row, 0)
        return gap
