"""The acting net: a flow-matching transformer over face, head and mouth, and the same net made ready for use.

Lipman et al., "Flow matching for generative modeling" (ICLR 2023): noise x0 and motion x1 are joined by
x_t = (1 - t) x0 + t x1, the net learns the velocity x1 - x0, and a motion is made by following it from noise.
As in Xu et al., "VASA-1" (2024), it sees the speech, its own last frames, and what is known beforehand, each
left out at random in training, which allows guidance (Ho and Salimans, 2022) with a scale for each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from acting_data import Layout

BEND = 0.7  # of the times of the steps
WIDER, WIDER_HEAD = 1.25, 1.4  # noise that a motion begins with, and that of the head


@dataclass(frozen=True)
class Shape:
    """Size of the net: columns of features, frames before, to be made and heard ahead, and its layers."""

    features: int
    past: int = 12
    new: int = 2
    ahead: int = 4
    width: int = 192
    heads: int = 4
    listening: int = 3  # layers
    acting: int = 3
    dropout: float = 0.1

    @property
    def frames(self) -> int:
        """Frames the net looks at."""
        return self.past + self.new + self.ahead


class Attention(nn.Module):
    """Multi-head attention (Vaswani et al., 2017) of tokens (A, N, W) to others (B, M, W).

    A is a multiple of B where several draws share what they attend to.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ask = nn.Linear(width, width)
        self.offer = nn.Linear(width, 2 * width)
        self.leave = nn.Linear(width, width)

    def forward(self, x: Tensor, others: Tensor) -> Tensor:
        """Tokens of the shape of ``x``."""
        w = x.shape[-1]
        shape = (len(others), -1, self.heads, w // self.heads)
        query = self.ask(x).reshape(shape).transpose(1, 2)
        key, value = (part.reshape(shape).transpose(1, 2) for part in self.offer(others).chunk(2, -1))
        weight = (query @ key.transpose(-1, -2) / math.sqrt(w // self.heads)).softmax(-1)
        found = weight @ value
        return self.leave(found.transpose(1, 2).reshape(x.shape))


def perceptron(width: int) -> nn.Sequential:
    """Two layers, three times as wide between them."""
    return nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))


class ListenLayer(nn.Module):
    """A layer of what hears and remembers."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.attention, self.dropout = Attention(shape.width, shape.heads), nn.Dropout(shape.dropout)
        self.think = perceptron(shape.width)
        self.norms = nn.ModuleList(nn.LayerNorm(shape.width) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens of the shape of ``x``."""
        y = self.norms[0](x)
        x = x + self.attention(y, y)
        return x + self.dropout(self.think(self.norms[1](x)))


class ActLayer(nn.Module):
    """A layer of what moves: scaled, shifted and gated by the time of the flow (Peebles and Xie, 2023)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.among, self.toward = Attention(width, shape.heads), Attention(width, shape.heads)
        self.think = perceptron(width)
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(3))
        self.modulate = nn.Linear(width, 9 * width)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, x: Tensor, memory: Tensor, modulation: Tensor) -> Tensor:
        """Tokens of the shape of ``x``; the modulation (A, 9 W) is that of the flow's time."""
        scale, shift, gate = modulation[:, None].unflatten(-1, (3, 3, -1)).unbind(2)
        for k, work in enumerate((lambda y: self.among(y, y), lambda y: self.toward(y, memory), self.think)):
            y = self.norms[k](x) * (1 + scale[:, :, k]) + shift[:, :, k]
            x = x + gate[:, :, k] * work(y)
        return x


class ActingNet(nn.Module):
    """The net.

    What it makes of face, corners and head is the way from the last frame, ``step`` (new, D) its usual size:
    an error in a way is small where an error in a place would tremble. The mouth, which is quick, it makes
    anew.
    """

    def __init__(self, shape: Shape, mean: Tensor, std: Tensor, scale: Tensor, step: Tensor) -> None:
        super().__init__()
        self.shape = shape
        width, frames = shape.width, shape.frames
        self.mean, self.std = nn.Buffer(mean), nn.Buffer(std)
        self.scale, self.step = nn.Buffer(scale), nn.Buffer(step)
        self.carried = nn.Buffer((torch.arange(Layout.state) < Layout.mouth.start).float())
        self.known_scale = nn.Buffer(torch.tensor([3.0, 3.0, 3.0, 4.0, 4.0, 0.5]))
        self.hear = nn.Linear(2 * (shape.features + 1), width)
        self.recall = nn.Linear(2 * Layout.state + 2, width)
        self.expect = nn.Linear(Layout.known + 1, width)
        self.manner = nn.Linear(2 * len(Layout.style) + Layout.state, width)
        self.place = nn.Parameter(0.02 * torch.randn(frames, width))
        self.listening = nn.ModuleList(ListenLayer(shape) for _ in range(shape.listening))
        self.listened = nn.LayerNorm(width)
        self.enter = nn.Linear(Layout.state, width)
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.acting = nn.ModuleList(ActLayer(shape) for _ in range(shape.acting))
        self.leave = nn.Linear(width, Layout.state)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def listen(
        self,
        features: Tensor,
        past: Tensor,
        known: Tensor,
        exists: Tensor,
        style: Tensor,
        free: Tensor,
        keep: Tensor,
    ) -> Tensor:
        """What is heard, remembered and expected, as tokens (B, frames, W).

        Args:
            features: (B, 2 frames, F), nan where not heard yet.
            past: (B, past, D) states. known: (B, past + new, K). exists: (B, past + new).
            style: (B, S), nan where not known. free: (B, D) what is to be made.
            keep: (B, 4) whether speech, past, what is known (with the style), and the past mouth are told.
        """
        shape = self.shape
        there = features[..., :1].isfinite() & (keep[:, :1, None] > 0)
        rows = torch.where(there, ((features - self.mean) / self.std).clamp(-6, 6), 0.0)
        rows = torch.cat([rows, there.to(rows.dtype)], -1)
        tokens = self.hear(rows.reshape(len(rows), shape.frames, -1))
        there = exists[:, : shape.past, None] * keep[:, None, 1:2]
        mouth = there * keep[:, None, 3:4]
        seen = past * free[:, None] * torch.where(self.carried > 0, there, mouth)
        way = ((past - past[:, -1:]) / self.step[0]).clamp(-8, 8) * self.carried * free[:, None] * there
        tokens[:, : shape.past] += self.recall(torch.cat([seen / self.scale, way, there, mouth], -1))
        there = exists[:, :, None] * keep[:, None, 2:3]
        expected = torch.cat([known / self.known_scale * there, there], -1)
        tokens[:, : shape.past + shape.new] += self.expect(expected)
        told = style.isfinite() & (keep[:, 2:3] > 0)
        manner = torch.cat([torch.where(told, style, 0.0), told.to(style.dtype), free], -1)
        tokens = tokens + self.manner(manner)[:, None] + self.place
        for layer in self.listening:
            tokens = layer(tokens)
        return self.listened(tokens)

    def goal(self, last: Tensor, state: Tensor) -> Tensor:
        """What the flow is to end at, for states (B, new, D) that follow on the last one (B, D)."""
        return (state - last[:, None] * self.carried) / self.step

    def state(self, last: Tensor, goal: Tensor) -> Tensor:
        """The states that :meth:`goal` has been made of."""
        return goal * self.step + last[:, None] * self.carried

    def velocity(self, x: Tensor, time: Tensor, memory: Tensor) -> Tensor:
        """Velocity (B, new, D) of the flow at x (B, new, D) and its time (B,)."""
        return self.modulated(x, self.modulations(time), memory)

    def modulations(self, time: Tensor) -> list[Tensor]:
        """What times (B,) of the flow do to each layer, (B, 9 W)."""
        half = self.shape.width // 2
        waves = time[:, None] * 100 * torch.exp(-math.log(1e3) * torch.arange(half) / half)
        moment = F.silu(self.time(torch.cat([waves.sin(), waves.cos()], -1)))
        return [layer.modulate(moment) for layer in self.acting]

    def modulated(self, x: Tensor, modulations: list[Tensor], memory: Tensor) -> Tensor:
        """As :meth:`velocity`, of modulations made before."""
        first = self.shape.past
        y = self.enter(x) + self.place[first : first + self.shape.new]
        for layer, modulation in zip(self.acting, modulations, strict=True):
            y = layer(y, memory, modulation)
        return self.leave(y)


class Acting(nn.Module):
    """A trained net ready for use: one call makes the next ``new`` frames.

    Guidance: v = v(all) + g_speech (v(all) - v(no speech)) + g_known (v(all) - v(nothing known)).
    Euler steps from noise at t = 0 to motion at t = 1, at t = (k / steps) ** BEND; the noise is widened, as
    few steps make what comes out too narrow.
    """

    def __init__(self, net: ActingNet, steps: int, speech: float, known: float) -> None:
        super().__init__()
        self.net, self.steps = net, steps
        self.scales = (speech, known)
        # told: all; without speech; without what is known
        kept = [[1.0, 1, 1, 1]] + [[0.0, 1, 1, 1]] * (speech > 0) + [[1.0, 1, 0, 1]] * (known > 0)
        self.kept = nn.Buffer(torch.tensor(kept))
        weights = [1 + speech * (speech > 0) + known * (known > 0)] + [-s for s in self.scales if s > 0]
        self.weights = nn.Buffer(torch.tensor(weights))
        width = torch.full((Layout.state,), WIDER)
        width[Layout.head] = WIDER_HEAD
        self.width = nn.Buffer(width)
        self.times = [(k / steps) ** BEND for k in range(steps + 1)]
        with torch.no_grad():  # the times are always the same
            made = [torch.cat(net.modulations(torch.tensor([time]))) for time in self.times[:-1]]
        self.modulations = nn.Buffer(torch.stack(made))  # (steps, layers, 9 W)

    def forward(
        self, features: Tensor, past: Tensor, known: Tensor, exists: Tensor, style: Tensor, noise: Tensor
    ) -> Tensor:
        """States (B, new, D) from noise of that shape and the rest as :meth:`ActingNet.listen` takes it."""
        n, size = len(self.kept), len(noise)

        def each(values: Tensor) -> Tensor:
            return values.repeat(n, *[1] * (values.ndim - 1))

        kept = self.kept.repeat_interleave(size, 0)
        memory = self.net.listen(
            each(features),
            each(past),
            each(known),
            each(exists),
            each(style),
            torch.ones(n * size, Layout.state),
            kept,
        )
        x = noise * self.width
        for (now, then), modulations in zip(pairwise(self.times), self.modulations, strict=True):
            velocity = self.net.modulated(each(x), list(modulations[:, None]), memory).unflatten(0, (n, size))
            x = x + (then - now) * (velocity * self.weights[:, None, None, None]).sum(0)
        return self.net.state(past[:, -1], x)
