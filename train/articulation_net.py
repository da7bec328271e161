"""The articulation net, and the same net made ready for use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from lip_geometry import CHANNELS, LipGeometry, spread
from vasari.head.expressions import EXPRESSION_INDEX, EXPRESSIONS
from visemes import BITTEN, CLOSED, NAMES, TIP

Floats = NDArray[np.float32]
#: Gap in cm up to which lips are closed entirely when they are said to touch; from twice of it, not at all.
SMALL = 0.35
#: Probabilities of a sound between which what is seen of it comes on; f and v are rarer, so they stay lower.
BITE_SURE, TIP_SURE = (0.13, 0.3), (0.2, 0.45)
#: The lower lip at the upper teeth, for f and v: the tracker sees the gap, not the lip rolled in.
BITE = {
    "jawOpen": 0.06,
    "mouthLowerDown": 0.0,
    "mouthClose": 0.0,
    "mouthFunnel": 0.0,
    "mouthRollLower": 0.33,
    "mouthUpperUp": 0.23,
}
TONGUE = 0.2  # ``tongueOut`` of a tongue whose tip is surely behind the teeth
TIP_SEEN = (0.1, 0.35)  # gap in cm between which the tongue comes to be seen
CURVES = 56  # of the other face, see prepare_motion_data.py


@dataclass(frozen=True)
class Shape:
    """Size of the net.

    ``least`` and ``most`` count the feature frames (50 a second) after the moment of a motion frame that the
    net may see: it learns to make do with any number between. ``strange`` is how far, in standard deviations,
    all features of an example are moved in training.
    """

    features: int
    width: int = 128
    dilations: tuple[int, ...] = (1, 2, 4)
    least: int = 1
    most: int = 8
    dropout: float = 0.2
    strange: float = 0.15

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
        self.sounds = nn.Conv1d(shape.width, len(NAMES), 1)
        # used in training only: the curves of another face
        self.curves = nn.Conv1d(shape.width, CURVES, 1)

    def forward(self, features: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """Channels and logits of features."""
        return self.mouth(self.heard(features, ahead))

    def heard(self, features: Tensor, ahead: Tensor) -> Tensor:
        """Inner state (B, W, M)."""
        x = (features - self.mean) / self.std
        if self.training:  # other throats and rooms move the features of all sounds alike
            x = x + self.shape.strange * torch.randn_like(x[:, :1])
        x = F.dropout1d(x.transpose(1, 2), self.shape.dropout / 2, self.training)  # (B, D, N)
        x = F.gelu(self.enter(x))
        x = x[..., 1:-1:2] + F.gelu(self.halve(x))  # (B, W, N / 2)
        x = x + self.delay(ahead - self.shape.least)[..., None]
        for layer in self.layers:
            y = F.gelu(layer(F.dropout1d(x, self.shape.dropout, self.training)))
            edge = layer.dilation[0]
            x = x[..., edge:-edge] + y
        return F.dropout1d(x, self.shape.dropout, self.training)

    def touch(self, heard: Tensor) -> Tensor:
        """Logit of closed lips (B, M): their own, and that of p, b, m heard, which strangers share."""
        sounds = self.sounds(heard)
        others = torch.cat([sounds[:, :CLOSED], sounds[:, CLOSED + 1 :]], 1).logsumexp(1)
        return self.mouth(heard)[1] + sounds[:, CLOSED] - others

    def mouth(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """Channels (B, M, C) and the logit of closed lips (B, M)."""
        out = self.leave(heard).transpose(1, 2)
        return out[..., :-1], out[..., -1]


class Articulation(nn.Module):
    """A trained net ready for use: features (1, context, D), ahead (1,) -> expression (1, 52), closure (1,).

    Least squares shrinks what is uncertain, so each channel is stretched about its mean by ``gain``.
    Where the net says that lips touch (logit about ``touch`` or more) and leaves but a small gap,
    ``mouthClose`` takes it away; where lips would pass through each other by more than pressing does, it
    gives way. For f and v the lower lip goes to the upper teeth, and between open lips the tip of the tongue
    rises for l, n, d, t and th.
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
        tongue = torch.tensor(EXPRESSION_INDEX["tongueOut"])
        self.tongue = nn.Buffer(TONGUE * F.one_hot(tongue, len(EXPRESSIONS)))
        self.bites = nn.Buffer(torch.tensor([float(c in BITE) for c in CHANNELS]))
        self.bitten = nn.Buffer(torch.tensor([BITE.get(c, 0.0) for c in CHANNELS]))
        self.closing = nn.Buffer(F.one_hot(torch.tensor(close), len(CHANNELS)) / geometry.row[close])

    def forward(self, features: Tensor, ahead: Tensor) -> tuple[Tensor, Tensor]:
        """Expression and closure of one window."""
        heard = self.net.heard(features, ahead)
        (out, _), sounds = self.net.mouth(heard), self.net.sounds(heard).softmax(1)
        weights, closure = self.articulate(out[:, 0], self.net.touch(heard)[:, 0], sounds[..., 0])
        tongue = _rise(sounds[:, TIP, 0], TIP_SURE) * _rise(weights @ self.row, TIP_SEEN)
        return weights @ self.spread + tongue[:, None] * self.tongue, closure

    def articulate(self, out: Tensor, logit: Tensor, sounds: Tensor) -> tuple[Tensor, Tensor]:
        """Channels (B, C) and closure (B,) from what the net gives, probabilities (B, V) of visemes too."""
        bite = _rise(sounds[:, BITTEN], BITE_SURE)
        weights = (self.mean + self.gain * (out - self.mean)).clamp(0, 1)
        weights = weights + bite[:, None] * self.bites * (self.bitten - weights)
        gap = weights @ self.row
        small = (2 - gap / SMALL).clamp(0, 1)
        closure = ((logit - self.touch) / 1.5 + 0.5).clamp(0, 1) * small * (1 - bite)
        change = -closure * gap.clamp(min=0) + (-self.pressed - gap).clamp(min=0)
        return (weights + change[:, None] * self.closing).clamp(0, 1), closure


def _rise(x: Tensor, between: tuple[float, float]) -> Tensor:
    """0 below the first, 1 above the second, a line between."""
    low, high = between
    return ((x - low) / (high - low)).clamp(0, 1)
