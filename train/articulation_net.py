"""The articulation net, and the same net made ready for use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from lip_geometry import CHANNELS, LipGeometry, spread
from visemes import NAMES

Floats = NDArray[np.float32]
#: Gap in cm up to which lips are closed entirely when they are said to touch; from twice of it, not at all.
SMALL = 0.35
CURVES = 56  # of the other face, see prepare_motion_data.py


@dataclass(frozen=True)
class Shape:
    """Size of the net.

    ``least`` and ``most`` count the feature frames (50 a second) after the moment of a motion frame that the
    net may see: it learns to make do with any number between.
    """

    features: int
    width: int = 128
    dilations: tuple[int, ...] = (1, 2, 4)
    least: int = 1
    most: int = 8
    dropout: float = 0.2

    @property
    def context(self) -> int:
        """Feature frames that one motion frame depends on."""
        return 3 + 4 * sum(self.dilations)


class ArticulationNet(nn.Module):
    """Dilated convolutions with short-cuts: van den Oord et al., "WaveNet" (2016), without its gates.

    Features (B, context + 2 (M - 1), D) at 50 Hz and how many of them come after the moments (B,) ->
    channels (B, M, C) at 25 Hz and the logit of closed lips (B, M).
    """

    def __init__(self, shape: Shape, mean: Floats, std: Floats) -> None:
        super().__init__()
        self.shape = shape
        self.mean = nn.Buffer(torch.tensor(mean))
        self.std = nn.Buffer(torch.tensor(std))
        self.enter = nn.Conv1d(shape.features, shape.width, 1)
        self.halve = nn.Conv1d(shape.width, shape.width, 3, stride=2)
        self.delay = nn.Embedding(shape.most - shape.least + 1, shape.width)
        nn.init.zeros_(self.delay.weight)
        self.layers = nn.ModuleList(
            nn.Conv1d(shape.width, shape.width, 3, dilation=d) for d in shape.dilations
        )
        self.leave = nn.Conv1d(shape.width, len(CHANNELS) + 1, 1)
        # used in training only: visemes, and the curves of another face
        self.sounds = nn.Conv1d(shape.width, len(NAMES), 1)
        self.curves = nn.Conv1d(shape.width, CURVES, 1)

    def forward(self, features: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """Channels and logits of features."""
        return self.mouth(self.heard(features, ahead))

    def heard(self, features: Tensor, ahead: Tensor) -> Tensor:
        """Inner state (B, W, M)."""
        x = (features - self.mean) / self.std
        x = F.dropout1d(x.transpose(1, 2), self.shape.dropout / 2, self.training)  # (B, D, N)
        x = F.gelu(self.enter(x))
        x = x[..., 1:-1:2] + F.gelu(self.halve(x))  # (B, W, N / 2)
        x = x + self.delay(ahead - self.shape.least)[..., None]
        for layer in self.layers:
            y = F.gelu(layer(F.dropout1d(x, self.shape.dropout, self.training)))
            edge = layer.dilation[0]
            x = x[..., edge:-edge] + y
        return F.dropout1d(x, self.shape.dropout, self.training)

    def mouth(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Channels (B, M, C) and the logit of closed lips (B, M)."""
        out = self.leave(heard).transpose(1, 2)
        return out[..., :-1], out[..., -1]


class Articulation(nn.Module):
    """A trained net ready for use: features (1, context, D), ahead (1,) -> expression (1, 52), closure (1,).

    Least squares shrinks what is uncertain, so each channel is stretched about its mean by ``gain``.
    Where the net says that lips touch (logit about ``touch`` or more) and leaves but a small gap,
    ``mouthClose`` takes it away; where lips would pass through each other by more than pressing does, it
    gives way.
    """

    def __init__(
        self, net: ArticulationNet, geometry: LipGeometry, mean: Floats, gain: Floats, touch: float
    ) -> None:
        super().__init__()
        self.net = net
        self.mean, self.gain = nn.Buffer(torch.tensor(mean)), nn.Buffer(torch.tensor(gain))
        self.touch = nn.Buffer(torch.tensor(touch))
        self.row = nn.Buffer(torch.tensor(geometry.row))
        self.spread = nn.Buffer(torch.tensor(spread()))
        self.pressed = geometry.pressed
        close = CHANNELS.index("mouthClose")
        self.closing = nn.Buffer(F.one_hot(torch.tensor(close), len(CHANNELS)) / geometry.row[close])

    def forward(self, features: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """Expression and closure of one window."""
        out, logit = self.net(features, ahead)
        weights, closure = self.articulate(out[:, 0], logit[:, 0])
        return weights @ self.spread, closure

    def articulate(self, out: Tensor, logit: Tensor) -> tuple[Tensor, Tensor]:
        """Channels (B, C) and closure (B,) from what the net gives."""
        weights = (self.mean + self.gain * (out - self.mean)).clamp(0, 1)
        gap = weights @ self.row
        small = (2 - gap / SMALL).clamp(0, 1)
        closure = ((logit - self.touch) / 1.5 + 0.5).clamp(0, 1) * small
        change = -closure * gap.clamp(min=0) + (-self.pressed - gap).clamp(min=0)
        return (weights + change[:, None] * self.closing).clamp(0, 1), closure
