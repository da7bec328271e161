"""The sync net: two towers that put speech and what lips do into one space.

In the spirit of Chung and Zisserman, "Out of time" (2016), with motion of the face in place of its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from lip_geometry import LipGeometry, spread
from vasari.voice.features import FEATURE_DIM, LEVEL, LOUDNESS, MEL

Floats = NDArray[np.float32]
#: Lip shapes that the motion tower sees: principal components of landmark displacement, and the gap.
SHAPES = 9
#: cm under which movement passes as none.
STILL = 0.03
#: Motion frames over which a face's rest and liveliness are taken.
AROUND = 51


@dataclass(frozen=True)
class Shape:
    """Size of the net."""

    width: int = 96
    size: int = 48  # of the common space
    dilations: tuple[int, ...] = (1, 2, 4)
    dropout: float = 0.3


def lip_shapes(geometry: LipGeometry, channels: Floats) -> Floats:
    """(52, SHAPES): expression weights to principal lip shapes in cm, the gap last; from channels (T, C)."""
    seen = geometry.seen.numpy()
    moved = (channels - channels.mean(0)) @ seen
    axes = np.linalg.svd(moved, full_matrices=False)[2][: SHAPES - 1]  # orthonormal
    sides = spread().T / spread().sum(1)  # both sides of the face to their mean
    table: Floats = (sides @ np.column_stack([seen @ axes.T, geometry.row])).astype(np.float32)
    return table


class Tower(nn.Module):
    """Dilated convolutions with short-cuts, the same length out as in: (B, D, T) -> (B, E, T)."""

    def __init__(self, inputs: int, outputs: int, shape: Shape) -> None:
        super().__init__()
        self.enter = nn.Conv1d(inputs, shape.width, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Conv1d(shape.width, shape.width, 3, padding=d, dilation=d) for d in shape.dilations
        )
        self.leave = nn.Conv1d(shape.width, outputs, 1)
        self.dropout = shape.dropout

    def forward(self, x: Tensor) -> Tensor:
        """What the tower makes of x."""
        x = F.gelu(self.enter(x))
        for layer in self.layers:
            x = x + F.gelu(layer(F.dropout1d(x, self.dropout, self.training)))
        leave: Tensor = self.leave(F.dropout1d(x, self.dropout, self.training))
        return leave


class SyncNet(nn.Module):
    """Both towers, at 25 Hz."""

    def __init__(self, shape: Shape, mean: Floats, std: Floats, shapes: Floats) -> None:
        super().__init__()
        self.shape = shape
        kept = np.ones(FEATURE_DIM, np.float32)
        kept[[LOUDNESS, LEVEL]] = 0  # how near the microphone is says nothing
        self.mean = nn.Buffer(torch.tensor(mean))
        self.scale = nn.Buffer(torch.tensor(kept / std))
        self.shapes = nn.Buffer(torch.tensor(shapes))
        self.hear = nn.Conv1d(FEATURE_DIM, shape.width, 1)
        self.halve = nn.Conv1d(shape.width, shape.width, 3, stride=2, padding=1)
        self.speech = Tower(shape.width, shape.size + 1, shape)
        self.motion = Tower(2 * SHAPES, shape.size, shape)
        self.sharpness = nn.Parameter(torch.tensor(2.5))

    def forward(self, features: Tensor, expression: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, 2 T, D), expression (B, U, 52) -> heard (B, T, E), weight (B, T), seen (B, U, E)."""
        heard, weight = self.heard(features)
        return heard, weight, self.seen(expression)

    def heard(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Unit vectors (B, T, E) and how much lips have to say then (B, T), 0..1, of (B, 2 T, D) at 50 Hz."""
        x = ((features - self.mean) * self.scale).transpose(1, 2).clamp(-5, 5)
        x = F.dropout1d(x, self.shape.dropout, self.training)
        out = self.speech(F.gelu(self.halve(F.gelu(self.hear(x))))).transpose(1, 2)
        return F.normalize(out[..., :-1], dim=-1), torch.sigmoid(out[..., -1])

    def seen(self, expression: Tensor) -> Tensor:
        """Unit vectors (B, T, E) of expression (B, T, 52) at 25 Hz."""
        return self.moved(expression @ self.shapes)

    def moved(self, shapes: Tensor) -> Tensor:
        """Unit vectors (B, T, E) of lip shapes (B, T, S): about their rest, in units of their liveliness."""
        x = shapes.transpose(1, 2)  # (B, S, T)
        x = torch.cat([x[:, :-1], F.relu(x[:, -1:])], 1)
        x = x - around(x)
        x = x / (around((x**2).sum(1, keepdim=True)) + STILL**2).sqrt()
        speed = F.pad(x[..., 1:] - x[..., :-1], (1, 0))
        return F.normalize(self.motion(torch.cat([x, 3 * speed], 1)).transpose(1, 2), dim=-1)


def around(x: Tensor) -> Tensor:
    """Mean of (B, D, T) over the AROUND frames about each."""
    return F.avg_pool1d(x, AROUND, 1, AROUND // 2, count_include_pad=False)


def agreement(heard: Tensor, weight: Tensor, seen: Tensor, lag: int = 0) -> Tensor:
    """Weighted mean cosine (B,) of speech with motion ``lag`` frames later, both (B, T, ...)."""
    length = heard.shape[1] - abs(lag)
    first, then = max(-lag, 0), max(lag, 0)
    w = weight[:, first : first + length]
    cosine = (heard[:, first : first + length] * seen[:, then : then + length]).sum(-1)
    return (w * cosine).sum(1) / (w.sum(1) + 1e-3)


def coloured(features: Tensor) -> Tensor:
    """Features (B, N, D) as another microphone would give: bands raised or lowered."""
    knots = 0.25 * torch.randn(len(features), 1, 5)
    features = features.clone()
    features[..., MEL] += F.interpolate(knots, MEL.stop - MEL.start, mode="linear", align_corners=True)
    return features
